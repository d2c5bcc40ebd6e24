//! `ssn` and `credential`, and the masking of values that are not stored as they were sent.

use serde_json::{Value, json};

use super::{Parsed, js};

/// The digits of a social security number.
const SSN_DIGITS: usize = 9;

/// Parses a social security number: nine digits with anything between them.
pub(super) fn parse_ssn(text: &str) -> Parsed {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() != SSN_DIGITS {
        return Parsed::invalid(text).with("masked", false);
    }
    let parsed = Parsed::new(digits.as_str()).with("first_three", &digits[..3]).with("middle_two", &digits[3..5]);
    parsed.with("last_four", &digits[5..]).with("masked", false)
}

/// Replaces every character by a star, except those that end a line. The stars are as many as UTF-16 code units.
fn stars(text: &str) -> String {
    let star = |c: char| if js::is_line_end(c) { vec![c] } else { vec!['*'; c.len_utf16()] };
    text.chars().flat_map(star).collect()
}

/// Masks a typed value that says that it is not masked; other values are unchanged. `valid` keeps its value. Of a valid
/// date of birth the age and the year stay.
pub(super) fn mask(value: &Value) -> Value {
    let object = match value {
        Value::Array(items) => return items.iter().map(mask).collect(),
        Value::Object(object) if object.get("masked") == Some(&Value::Bool(false)) => object,
        _ => return value.clone(),
    };
    let mut masked = object.clone();
    let year = object.get("year").and_then(Value::as_i64).map(|year| json!(format!("**/**/{year}")));
    for (name, part) in &mut masked {
        *part = match (name.as_str(), &*part, &year) {
            ("masked", _, _) => Value::Bool(true),
            ("normal" | "raw", _, Some(hidden)) => hidden.clone(),
            ("valid", _, _) | (_, _, Some(_)) | (_, Value::Null, None) => continue,
            (_, part, None) => stars(&crate::leadconduit::values::text(part).unwrap_or_default()).into(),
        };
    }
    masked.into()
}
