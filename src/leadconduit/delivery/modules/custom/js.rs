//! Texts and truth of values as in JavaScript.

use serde_json::{Number, Value};

pub(super) use crate::leadconduit::types::js::trim;

/// Whole numbers from here on are written with an exponent.
const EXPONENT_MIN: f64 = 1e21;

/// Whether a value counts as true.
pub(super) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The text of a number: whole ones have no fraction.
pub(super) fn number_text(number: &Number) -> String {
    match whole(number) {
        Some(whole) => format!("{whole:.0}"),
        None => number.to_string(),
    }
}

/// A number that is written without a fraction although it is a floating point number.
fn whole(number: &Number) -> Option<f64> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() < EXPONENT_MIN).then_some(float + 0.0)
}

/// A number as JSON writes it.
pub(super) fn json_number(number: &Number) -> Number {
    whole(number).and_then(|_| number_text(number).parse().ok()).unwrap_or_else(|| number.clone())
}

/// `String(value)`, with lists joined by commas.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| if item.is_null() { String::new() } else { text(item) };
            items.iter().map(item).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// The name of a property as an object has it, and the index if it is one: `007` is 7, and no name at all is 0.
pub(super) fn key(part: &str) -> (String, Option<u64>) {
    let digits = trim(part);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return (part.to_owned(), None);
    }
    match if digits.is_empty() { Some(0) } else { digits.parse().ok() } {
        Some(index) => (index.to_string(), Some(index)),
        None => (part.to_owned(), None),
    }
}

/// Entries in the order of an object: indices first, in their order, then names in the order of their insertion.
pub(super) fn in_order<T>(mut entries: Vec<(String, T)>) -> Vec<(String, T)> {
    let index = |name: &str| name.parse::<u32>().ok().filter(|index| index.to_string() == *name);
    entries.sort_by_key(|(name, _)| index(name).map_or((1, 0), |index| (0, index)));
    entries
}
