//! Values of leads and events: what a value counts as, and its text. Shared by rules, templates and types.

mod measure;
mod variables;

use std::borrow::Cow;

use serde_json::{Number, Value};

pub(crate) use measure::{Extent, extent, instant, number, numeral};
pub use variables::{Variables, find};

/// What a value counts as: of a value with a type its normal form, or what was sent when it has none.
#[must_use]
pub fn plain(value: &Value) -> &Value {
    let part = |name: &str| value.get(name).filter(|part| !part.is_null());
    match value {
        Value::Object(_) => part("normal").or_else(|| part("raw")).unwrap_or(value),
        value => value,
    }
}

/// The text of a single value, numbers as JavaScript prints them.
#[must_use]
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match plain(value) {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(printed(number))),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number has no point.
fn printed(number: &Number) -> String {
    let text = number.to_string();
    match text.strip_suffix(".0") {
        Some(whole) if !text.contains('e') => whole.to_owned(),
        _ => text,
    }
}

/// Missing, or nothing in it.
pub(crate) fn is_blank(value: &Value) -> bool {
    match plain(value) {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An error in a rule or a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// Where it stands in what was read, as RFC 6901 has it.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    /// The same mistake in a document that holds what was read at a pointer.
    #[must_use]
    pub(crate) fn below(mut self, at: &str) -> Self {
        self.pointer.insert_str(0, at);
        self
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}
