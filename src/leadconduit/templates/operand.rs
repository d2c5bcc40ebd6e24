//! The sides of a rule.

use std::borrow::Cow;

use serde_json::Value;

use super::{Template, Variables};

/// One side of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// What is written there.
    Fixed(Value),
    /// A variable as it is, whatever its type.
    Variable(String),
    /// What a template makes.
    Template(Template),
    /// A list of which at least one item has to be made.
    List(Vec<Operand>),
}

impl Operand {
    /// A left side: a name, or a template.
    pub(crate) fn left(text: &str) -> Result<Self, String> {
        if text.contains("{{") { Self::template(text) } else { Ok(Self::Variable(text.trim().to_owned())) }
    }

    /// A right side: a value, or a template, or a list of them.
    pub(crate) fn right(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) if text.contains("{{") => Self::template(text),
            Value::Array(items) => {
                let items = items.iter().map(Self::right).collect::<Result<Vec<_>, _>>()?;
                let fixed = items.iter().all(|item| matches!(item, Self::Fixed(_)));
                Ok(if fixed { Self::Fixed(value.clone()) } else { Self::List(items) })
            }
            value => Ok(Self::Fixed(value.clone())),
        }
    }

    fn template(text: &str) -> Result<Self, String> {
        Template::read(text).map(Self::Template).map_err(|mistake| mistake.message)
    }

    /// The variable's name, when the side is one variable.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::Template(template) => template.name(),
            Self::Fixed(_) | Self::List(_) => None,
        }
    }

    pub(crate) fn value<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self {
            Self::Fixed(value) => Some(Cow::Borrowed(value)),
            Self::Variable(name) => variables.get(name),
            Self::Template(template) => template.value(variables),
            Self::List(items) => {
                let values = items.iter().map(|item| item.value(variables).map_or(Value::Null, Cow::into_owned));
                Some(Cow::Owned(values.collect()))
            }
        }
    }

    pub(crate) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Fixed(_) => {}
            Self::Variable(name) => found.push(name),
            Self::Template(template) => found.extend(template.variables()),
            Self::List(items) => items.iter().for_each(|item| item.variables(found)),
        }
    }
}
