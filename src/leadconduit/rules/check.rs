//! Validates the rules and templates of a whole document.

use serde_json::Value;

use super::super::templates::Template;
use super::super::values::ParseError;
use super::Condition;

/// Checks the rule sets and templates anywhere in a document.
///
/// # Errors
///
/// Returns the first error, at a pointer into the document.
pub fn check(document: &Value) -> Result<(), ParseError> {
    check_at("", document)
}

/// Checks the value at a pointer and everything below it. Nested rules are checked with the rule set that contains
/// them.
fn check_at(pointer: &str, value: &Value) -> Result<(), ParseError> {
    match value {
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let pointer = format!("{pointer}/{}", contract_files::pointer::escape(key));
            if key == "rule_set" && value.is_object() {
                return Condition::parse_set(value).map(drop).map_err(|error| error.at(&pointer));
            }
            check_at(&pointer, value)
        }),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, value)| check_at(&format!("{pointer}/{index}"), value))
        }
        Value::String(text) if text.contains("{{") => {
            Template::parse(text).map(drop).map_err(|error| error.at(pointer))
        }
        _ => Ok(()),
    }
}
