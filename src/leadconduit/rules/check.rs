//! Validates the rules, templates and time zones of a whole document.

use serde_json::Value;

use super::super::templates::Template;
use super::super::timeframe::{find_time_zone, nearest_time_zone};
use super::super::values::ParseError;
use super::Condition;

/// Properties whose texts are for people and are never rendered, so that `{{` in them stays as it is.
const PLAIN_TEXTS: [&str; 2] = ["name", "description"];

/// The property with the name of a time zone.
const TIME_ZONE: &str = "time_zone";

/// Checks the rule sets, templates and time zones anywhere in a document.
///
/// # Errors
///
/// Returns the first error, at a pointer into the document.
pub fn check(document: &Value) -> Result<(), ParseError> {
    check_at("", document)
}

/// Checks the time zone of an account, in which hours of operation, caps and reports are evaluated.
///
/// # Errors
///
/// It is unknown. The error names the nearest one.
pub fn check_time_zone_of(account: &Value) -> Result<(), ParseError> {
    match account.get(TIME_ZONE).and_then(Value::as_str) {
        Some(name) => check_time_zone(name).map_err(|error| error.at(&format!("/{TIME_ZONE}"))),
        None => Ok(()),
    }
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
            match value {
                // A reference; what it has besides the id is ignored.
                Value::Object(_) if key == "entity" => Ok(()),
                Value::String(_) if PLAIN_TEXTS.contains(&&**key) => Ok(()),
                Value::String(name) if key == TIME_ZONE => check_time_zone(name).map_err(|error| error.at(&pointer)),
                _ => check_at(&pointer, value),
            }
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

/// An unknown time zone would be taken for UTC, so that caps and hours begin at another time than they seem to.
fn check_time_zone(name: &str) -> Result<(), ParseError> {
    if find_time_zone(name).is_some() {
        return Ok(());
    }
    let shown: String = name.chars().take(100).collect();
    let hint = nearest_time_zone(name)
        .map_or_else(|| "write one such as America/New_York".to_owned(), |near| format!("did you mean {near}?"));
    let message = format!("`{shown}` is not a time zone of the tz database; {hint}");
    Err(ParseError { pointer: String::new(), message })
}
