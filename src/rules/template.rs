//! Sides of a rule: values, variables, and texts with `{{variables}}` in them.

use std::borrow::Cow;

use serde_json::Value;

use super::Variables;
use super::value;

/// One side of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// What is written there.
    Fixed(Value),
    /// A variable as it is, whatever its type.
    Variable(String),
    /// A text made of parts.
    Text(Vec<Part>),
    /// A list of which at least one item has to be made.
    List(Vec<Operand>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    Variable(String),
    /// A helper with its arguments. None is known here yet, and it writes nothing.
    Helper,
}

impl Operand {
    /// A left side: a name, or a template.
    pub(super) fn left(text: &str) -> Result<Self, String> {
        if text.contains("{{") { Self::template(text) } else { Ok(Self::Variable(text.trim().to_owned())) }
    }

    /// A right side: a value, or a template, or a list of them.
    pub(super) fn right(value: &Value) -> Result<Self, String> {
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

    /// A template that is nothing but one variable stands for its value, lists and numbers included.
    fn template(text: &str) -> Result<Self, String> {
        let mut parts = parts(text)?;
        match parts.pop() {
            Some(Part::Variable(name)) if parts.is_empty() => Ok(Self::Variable(name)),
            last => Ok(Self::Text(parts.into_iter().chain(last).collect())),
        }
    }

    /// The variable's name, when the side is one variable.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn value<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self {
            Self::Fixed(value) => Some(Cow::Borrowed(value)),
            Self::Variable(name) => variables.get(name),
            Self::Text(parts) => Some(Cow::Owned(Value::String(written(parts, variables)))),
            Self::List(items) => {
                let values = items.iter().map(|item| item.value(variables).map_or(Value::Null, Cow::into_owned));
                Some(Cow::Owned(values.collect()))
            }
        }
    }

    pub(super) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Fixed(_) => {}
            Self::Variable(name) => found.push(name),
            Self::Text(parts) => found.extend(parts.iter().filter_map(|part| match part {
                Part::Variable(name) => Some(name.as_str()),
                Part::Text(_) | Part::Helper => None,
            })),
            Self::List(items) => items.iter().for_each(|item| item.variables(found)),
        }
    }
}

/// The text of a template; what is missing leaves nothing.
fn written(parts: &[Part], variables: &dyn Variables) -> String {
    let mut written = String::new();
    for part in parts {
        match part {
            Part::Text(text) => written.push_str(text),
            Part::Variable(name) => {
                let value = variables.get(name);
                written.push_str(&value.as_deref().and_then(value::text).unwrap_or_default());
            }
            Part::Helper => {}
        }
    }
    written
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        if at > 0 {
            parts.push(Part::Text(rest[..at].to_owned()));
        }
        let triple = rest[at..].starts_with("{{{");
        let (open, close) = if triple { (3, "}}}") } else { (2, "}}") };
        let inside = &rest[at + open..];
        let Some(end) = inside.find(close) else { return Err("a `{{` is not closed".to_owned()) };
        parts.push(placeholder(inside[..end].trim())?);
        rest = &inside[end + close.len()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn placeholder(inside: &str) -> Result<Part, String> {
    if inside.is_empty() {
        return Err("there is nothing between `{{` and `}}`".to_owned());
    }
    let is_helper = inside.contains(char::is_whitespace) || inside.starts_with(['#', '/', '^', '!', '>', '&']);
    Ok(if is_helper { Part::Helper } else { Part::Variable(inside.to_owned()) })
}
