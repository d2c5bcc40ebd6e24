//! Bodies of JSON. Line breaks and tabs within texts, which JSON forbids and senders forget to escape, are left out.

use serde_json::{Map, Value};

use crate::support::document::number;

/// Reads an object. An error is told as JavaScript tells it.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, String> {
    let parsed = parse(text).or_else(|error| {
        if !text.contains(['\t', '\r', '\n']) {
            return Err(error);
        }
        parse(&text.replace(['\t', '\r', '\n'], "")).map_err(|_| error)
    });
    match parsed? {
        Value::Object(object) => Ok(object),
        // The module would take it and find no parameters. Nobody means that, so it is refused.
        _ => Err("the JSON is no object".to_owned()),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return "Unexpected end of JSON input".to_owned();
        }
        let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let position = before + error.column().saturating_sub(1);
        match text.get(position..).and_then(|rest| rest.chars().next()) {
            Some(token) => format!("Unexpected token {token} in JSON at position {position}"),
            None => "Unexpected end of JSON input".to_owned(),
        }
    })?;
    plain_numbers(&mut value);
    Ok(value)
}

/// JavaScript knows one kind of number: 1.0 is 1.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(found) => {
            if let Some(float) = found.as_f64().filter(|_| found.is_f64()) {
                *value = number(float);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(object) => object.values_mut().for_each(plain_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
