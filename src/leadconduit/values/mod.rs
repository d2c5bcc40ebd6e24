//! Values of leads and events, as rules, templates and types read them.
//!
//! A value of a field type is an object `{raw, normal, valid, ...}`; [`plain`] returns the scalar that it stands for,
//! and `measure` converts values to numbers, ranges and timestamps.

mod measure;
#[cfg(test)]
pub(crate) mod parse_count;
mod variables;

use std::borrow::Cow;

use serde_json::{Number, Value};

pub(crate) use measure::{Range, number, parse_number, range, timestamp};
pub(crate) use variables::find_variable;
pub use variables::{Variables, find};

/// The longest excerpt of a text in a message, in characters.
const EXCERPT_CHARS_MAX: usize = 60;

/// Returns the plain form of a value: of a typed value its `normal`, or its `raw` if it has no normal form; any other
/// value unchanged.
#[must_use]
pub fn plain(value: &Value) -> &Value {
    let part = |name: &str| value.get(name).filter(|part| !part.is_null());
    match value {
        Value::Object(_) => part("normal").or_else(|| part("raw")).unwrap_or(value),
        value => value,
    }
}

/// Returns the text of a scalar, with numbers formatted as in JavaScript; `None` for null, lists and objects.
#[must_use]
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match plain(value) {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(format_number(number))),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Formats a number; whole numbers have no fraction.
fn format_number(number: &Number) -> String {
    let text = number.to_string();
    match text.strip_suffix(".0") {
        Some(whole) if !text.contains('e') => whole.to_owned(),
        _ => text,
    }
}

/// True if the value is null, empty, or text of whitespace only.
pub(crate) fn is_blank(value: &Value) -> bool {
    match plain(value) {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the beginning of a text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS_MAX).collect()
}

/// An error in a rule or a template, at an RFC 6901 pointer into the parsed value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseError {
    /// RFC 6901 pointer to the invalid part.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

impl ParseError {
    /// Prefixes the pointer: for an error in a value that is at `prefix` in a document.
    #[must_use]
    pub(crate) fn at(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}
