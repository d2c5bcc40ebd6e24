//! One side of a rule.

use std::borrow::Cow;

use serde_json::Value;

use super::error::TemplateError;
use super::template::Template;
use crate::leadconduit::values::Variables;

/// One side of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// A constant.
    Constant(Value),
    /// A variable, with its type.
    Variable(String),
    /// A template.
    Template(Template),
    /// A list with at least one template.
    List(Vec<Operand>),
}

impl Operand {
    /// Parses a left side: the name of a variable, or a template.
    pub(crate) fn parse_left(text: &str) -> Result<Self, TemplateError> {
        if text.contains("{{") { Self::parse_template(text) } else { Ok(Self::Variable(text.trim().to_owned())) }
    }

    /// Parses a right side: a value, a template, or a list of them.
    pub(crate) fn parse_right(value: &Value) -> Result<Self, TemplateError> {
        match value {
            Value::String(text) if text.contains("{{") => Self::parse_template(text),
            Value::Array(items) => {
                let items = items.iter().map(Self::parse_right).collect::<Result<Vec<_>, _>>()?;
                let is_constant = items.iter().all(|item| matches!(item, Self::Constant(_)));
                Ok(if is_constant { Self::Constant(value.clone()) } else { Self::List(items) })
            }
            value => Ok(Self::Constant(value.clone())),
        }
    }

    fn parse_template(text: &str) -> Result<Self, TemplateError> {
        Template::parse_segments(text).map(Self::Template)
    }

    /// Returns the name of the variable if the side is a single variable.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::Template(template) => template.single_variable(),
            Self::Constant(_) | Self::List(_) => None,
        }
    }

    /// Evaluates the side; `None` if the variable is missing.
    pub(crate) fn evaluate<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Variable(name) => variables.get(name),
            Self::Template(template) => template.evaluate(variables),
            Self::List(items) => {
                let values = items.iter().map(|item| item.evaluate(variables).map_or(Value::Null, Cow::into_owned));
                Some(Cow::Owned(values.collect()))
            }
        }
    }

    /// Appends the names of all variables.
    pub(crate) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Constant(_) => {}
            Self::Variable(name) => found.push(name),
            Self::Template(template) => found.extend(template.variables()),
            Self::List(items) => items.iter().for_each(|item| item.variables(found)),
        }
    }
}
