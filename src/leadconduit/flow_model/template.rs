//! Texts and values that may be templates.

use std::borrow::Cow;

use serde_json::Value;

use crate::leadconduit::templates::{Operand, Template};
use crate::leadconduit::values::Variables;

/// A text that may be a template.
#[derive(Clone, Debug)]
pub(crate) enum TextTemplate {
    /// A compiled template.
    Template(Template),
    /// A text that cannot be parsed as a template; it is used as it is.
    Literal(String),
}

impl TextTemplate {
    pub(super) fn new(text: &str) -> Self {
        Template::parse(text).map_or_else(|_| Self::Literal(text.to_owned()), Self::Template)
    }

    /// The text for a lead with these variables.
    pub(crate) fn fill(&self, vars: &dyn Variables) -> String {
        match self {
            Self::Template(template) => template.render(vars),
            Self::Literal(text) => text.clone(),
        }
    }
}

/// A value; texts in it may be templates.
#[derive(Clone, Debug)]
pub(super) struct ValueTemplate(Operand);

impl ValueTemplate {
    pub(super) fn new(value: &Value) -> Self {
        Self(Operand::parse_right(value).unwrap_or_else(|_| Operand::Constant(value.clone())))
    }

    /// Appends the names of its variables.
    pub(super) fn variables<'t>(&'t self, found: &mut Vec<&'t str>) {
        self.0.variables(found);
    }

    /// The value for a lead with these variables; `None` when it is a variable that the lead does not have.
    pub(super) fn fill(&self, vars: &dyn Variables) -> Option<Value> {
        self.0.evaluate(vars).map(Cow::into_owned)
    }
}
