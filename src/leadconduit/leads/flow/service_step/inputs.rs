//! The mapped variables of a module.

use std::borrow::Cow;

use serde_json::Value;

use super::super::fields;
use super::ServiceStep;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::types;
use crate::leadconduit::values::{self, find};

/// The variables of a lead with those that the mappings of the step set.
pub(super) struct Inputs {
    vars: Value,
    /// The same with masked values; `None` when nothing is masked.
    masked: Option<Value>,
}

impl Inputs {
    pub(super) fn new(context: &WriteContext<'_>, step: &ServiceStep<'_>) -> Self {
        let is_masked = !std::ptr::eq(step.vars, step.stored_vars);
        let vars = module_variables(context, step, step.vars);
        let masked = is_masked.then(|| types::mask_all(&module_variables(context, step, step.stored_vars)));
        Self { vars, masked }
    }

    /// The variables of a lead without mappings; `None` when `required` is missing or blank.
    pub(super) fn unmapped(vars: &Value, required: &str) -> Option<Self> {
        find(vars, required).filter(|value| !values::is_blank(value))?;
        Some(Self { vars: vars.clone(), masked: None })
    }

    /// The value of a variable; `None` when it is missing or blank.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        find(&self.vars, name).filter(|value| !values::is_blank(value))
    }

    /// The value of a variable as it is shown, with masked parts.
    pub(super) fn shown(&self, name: &str) -> Option<&Value> {
        find(self.masked.as_ref().unwrap_or(&self.vars), name).filter(|value| !values::is_blank(value))
    }

    /// The text of a variable; `None` when it is missing or blank.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(values::text).map(Cow::into_owned)
    }

    /// The text of a variable as it was submitted.
    pub(super) fn raw(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        value.get("raw").and_then(Value::as_str).map(str::to_owned).or_else(|| self.text(name))
    }

    /// Whether a variable is true.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| types::parse_boolean(&text) == Some(true))
    }

    /// The texts of a list, or of properties that end in numbers. A single text is a list of one.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let text = |value: &Value| values::text(value).map(Cow::into_owned).filter(|text| !text.trim().is_empty());
        match self.value(name) {
            Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
            Some(Value::Object(numbered)) if !numbered.contains_key("raw") => {
                numbered.values().filter_map(text).collect()
            }
            value => value.and_then(text).into_iter().collect(),
        }
    }
}

/// The variables of the lead with those of the mappings. Later mappings see the values of earlier ones.
fn module_variables(context: &WriteContext<'_>, step: &ServiceStep<'_>, vars: &Value) -> Value {
    let mut vars = vars.clone();
    for mapping in &step.recipient.mappings {
        let Some(value) = mapping.value(&vars) else { continue };
        let value = match mapping.property.strip_prefix("lead.") {
            Some(field) => fields::typed_field(context, step.target, field, &value),
            None => value,
        };
        if let Some(object) = vars.as_object_mut() {
            fields::insert_nested(object, &mapping.property, value);
        }
    }
    vars
}
