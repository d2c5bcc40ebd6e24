//! JSON bodies. Line breaks and tabs inside strings, which JSON forbids and senders forget to escape, are removed.

use serde_json::{Map, Value};

use crate::config::limits::LEAD_VALUES_MAX;
use crate::support::document::number;
use crate::support::json_text;

/// The largest whole number up to which JavaScript represents each one exactly.
const INTEGER_MAX: u64 = 1 << 53;

/// Why a text is not a JSON object, in the words of JavaScript's `JSON.parse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonError {
    #[error("Unexpected end of JSON input")]
    End,
    #[error("Unexpected token {token} in JSON at position {position}")]
    Token { token: char, position: usize },
    #[error("the JSON is not an object")]
    NotAnObject,
    #[error("the JSON has more than {LEAD_VALUES_MAX} values")]
    Values,
}

/// Parses an object. Error messages are those of JavaScript's `JSON.parse`.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, JsonError> {
    if json_text::count_values(text.as_bytes()) > LEAD_VALUES_MAX {
        return Err(JsonError::Values);
    }
    let parsed = parse(text).or_else(|error| {
        if !text.contains(['\t', '\r', '\n']) {
            return Err(error);
        }
        parse(&text.replace(['\t', '\r', '\n'], "")).map_err(|_| error)
    });
    match parsed? {
        Value::Object(object) => Ok(object),
        // The module would accept it and find no parameters. That is never intended, so it is rejected.
        _ => Err(JsonError::NotAnObject),
    }
}

fn parse(text: &str) -> Result<Value, JsonError> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return JsonError::End;
        }
        let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let position = before + error.column().saturating_sub(1);
        match text.get(position..).and_then(|rest| rest.chars().next()) {
            Some(token) => JsonError::Token { token, position },
            None => JsonError::End,
        }
    })?;
    normalize_numbers(&mut value);
    Ok(value)
}

/// JavaScript has one type of number, with double precision: 1.0 is serialised as 1, and 120210000000000123 as
/// 120210000000000130.
fn normalize_numbers(value: &mut Value) {
    match value {
        Value::Number(number_value) => {
            let is_rounded =
                number_value.is_f64() || number_value.as_i64().is_none_or(|whole| whole.unsigned_abs() > INTEGER_MAX);
            if let Some(float) = number_value.as_f64().filter(|_| is_rounded) {
                // The shortest digits that stand for the same double, as JavaScript prints them.
                let digits = float.to_string();
                *value = digits.parse::<i64>().map_or_else(|_| number(float), Value::from);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize_numbers),
        Value::Object(object) => object.values_mut().for_each(normalize_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
