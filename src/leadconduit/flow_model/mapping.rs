//! Mappings: the values that a source or a recipient sets.

use serde_json::Value;

use super::rule_set::RuleSet;
use super::template::ValueTemplate;
use crate::leadconduit::values::Variables;
use crate::support::document::{items, text};
use crate::support::redaction::{Redactor, is_secret_property};

/// A mapping: a property and the value that it is set to.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) property: String,
    /// Whether the property has the name of a secret.
    pub(crate) is_secret: bool,
    /// Whether the value can have a secret in it: a URL with a password, a path with a token.
    pub(crate) may_contain_secret: bool,
    rules: RuleSet,
    value: MappedValue,
}

#[derive(Debug)]
enum MappedValue {
    /// No value is written.
    Missing,
    /// The value is written as an empty text.
    Empty,
    Template(ValueTemplate),
}

impl Mapping {
    /// The mappings of an integration.
    pub(super) fn all(integration: &Value) -> Vec<Self> {
        items(integration, "mappings").iter().map(Self::new).collect()
    }

    fn new(mapping: &Value) -> Self {
        let value = match mapping.get("value") {
            None | Some(Value::Null) => MappedValue::Missing,
            Some(Value::String(text)) if text.is_empty() => MappedValue::Empty,
            Some(value) => MappedValue::Template(ValueTemplate::new(value)),
        };
        let property = text(mapping, "property").to_owned();
        let is_secret = is_secret_property(&property);
        let may_contain_secret = !is_secret && !Redactor::default().is_clean(text(mapping, "value"));
        Self { is_secret, may_contain_secret, property, rules: RuleSet::of(mapping), value }
    }

    /// The names of the variables in its rules and its value.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let mut names = self.rules.variables();
        if let MappedValue::Template(template) = &self.value {
            template.variables(&mut names);
        }
        names
    }

    /// The value that the mapping sets; `None` when its rules do not match, or when its template yields a blank text. A
    /// mapping whose value is written as an empty text sets an empty text.
    pub(crate) fn value(&self, vars: &dyn Variables) -> Option<Value> {
        if !self.rules.matches(vars) {
            return None;
        }
        let value = match &self.value {
            MappedValue::Missing => return None,
            MappedValue::Empty => return Some(Value::String(String::new())),
            MappedValue::Template(template) => template.fill(vars)?,
        };
        let is_blank = match &value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        (!is_blank).then_some(value)
    }
}
