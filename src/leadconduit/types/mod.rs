//! Field types: parses submitted text into typed values.
//!
//! A typed value is an object: `raw` as submitted, the `normal` form, `valid`, then the components of the type. It has
//! the parts, the normal form and the validity that LeadConduit's public type library gives it (observed); a component
//! without a value is null or absent, as there. Values of `string`, `city`, `last_name` and `first_name` stay text.
//!
//! Differences from that library, which `tests/outside/field-types` checks:
//! - Text above 4,096 bytes, of dates and times above 200, is invalid.
//! - Lists are parsed item by item. The library joins most of them with commas.
//! - `is_free` and `is_disposable` know the best known providers only.
//! - `time` knows dates and times, not phrases such as `in two weeks`.
//!
//! `dob`, `ssn` and `credential` are masked when they are stored: see [`mask`].
//!
//! A new type needs an arm in `parse`, and a parser in the file of a related type.

mod dates;
mod email;
pub(crate) mod js;
mod numbers;
mod phone;
mod postal_code;
mod secrets;
mod state;
mod time;
mod web;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::support::clock::Timestamp;

/// The longest text that is parsed. Longer text is invalid, except for types that stay text.
const LENGTH_BYTES_MAX: usize = 4096;

/// About how many components a type has that has some.
const COMPONENTS: usize = 10;

/// The types whose values are objects also for text.
const TYPED: [&str; 17] = [
    "boolean",
    "credential",
    "date",
    "dob",
    "email",
    "gender",
    "ip",
    "number",
    "phone",
    "postal_code",
    "range",
    "ssn",
    "state",
    "street",
    "time",
    "trustedform_url",
    "url",
];

/// The result of parsing a text.
struct Parsed {
    /// What came in, if a parser shortens it.
    raw: Option<String>,
    normal: Value,
    is_valid: bool,
    components: Vec<(&'static str, Value)>,
}

impl Parsed {
    fn new(normal: impl Into<Value>) -> Self {
        Self { raw: None, normal: normal.into(), is_valid: true, components: Vec::new() }
    }

    fn invalid(normal: impl Into<Value>) -> Self {
        Self { is_valid: false, ..Self::new(normal) }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        if self.components.is_empty() {
            self.components.reserve(COMPONENTS);
        }
        self.components.push((name, value.into()));
        self
    }
}

/// Converts a submitted value to the typed value of a field. Lists are converted item by item. Objects, which are typed
/// already, and null are unchanged. An unknown type is treated as `string`, but values of `array` are unchanged.
#[must_use]
pub fn parse_value(field_type: &str, raw: &Value, now: Timestamp) -> Value {
    let text = match raw {
        Value::Null | Value::Object(_) => return raw.clone(),
        raw if field_type == "array" => return raw.clone(),
        Value::Array(items) => return items.iter().map(|item| parse_value(field_type, item, now)).collect(),
        raw => crate::leadconduit::values::text(raw).unwrap_or_default(),
    };
    match field_type {
        "number" if raw.is_number() => {
            let number = raw.as_f64().unwrap_or_default();
            typed_object(Some(raw.clone()), Parsed::new(numbers::number_value(number)))
        }
        "number" if raw.is_boolean() => typed_object(Some(raw.clone()), Parsed::invalid(Value::Null)),
        // These types keep what is not text as it came.
        "boolean" | "number" | "gender" | "date" | "dob" => {
            typed_object(Some(raw.clone()), parse(field_type, &text, now))
        }
        // Names and cities that were not submitted as text are invalid.
        "first_name" | "last_name" | "city" if !raw.is_string() => {
            typed_object(Some(raw.clone()), Parsed::invalid(&*text))
        }
        "trustedform_url" if text.is_empty() => text.into(),
        "credential" => typed_object(None, parse(field_type, &text, now)),
        field_type if TYPED.contains(&field_type) => {
            let mut parsed = parse(field_type, &text, now);
            let raw = parsed.raw.take().unwrap_or_else(|| text.into_owned());
            typed_object(Some(raw.into()), parsed)
        }
        _ => text.into(),
    }
}

/// Masks a typed value of `dob`, `ssn` or `credential`, or a list of them; values of other types are unchanged.
#[must_use]
pub fn mask(value: &Value) -> Value {
    secrets::mask(value)
}

/// Masks the typed values of `dob`, `ssn` and `credential` anywhere in a value.
#[must_use]
pub fn mask_all(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(mask_all).collect(),
        Value::Object(object) if object.contains_key("masked") => secrets::mask(value),
        Value::Object(object) => object.iter().map(|(name, part)| (name.clone(), mask_all(part))).collect(),
        _ => value.clone(),
    }
}

/// True if values of the type are masked when they are stored.
#[must_use]
pub fn is_maskable(field_type: &str) -> bool {
    matches!(field_type, "dob" | "ssn" | "credential")
}

/// True if a text is a valid value of a type. Every text is a valid `string`, `city` or name.
#[must_use]
pub fn is_valid(field_type: &str, text: &str) -> bool {
    // The time affects which date a text stands for, but rarely whether it is one.
    !TYPED.contains(&field_type) || parse(field_type, text, Timestamp::UNIX_EPOCH).is_valid
}

/// Parses a text as `boolean`.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    words::parse_boolean(text)
}

/// Parses a text as a date or time.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    dates::parse_timestamp(text)
}

/// Parses a text by its type, which is one of [`TYPED`].
fn parse(field_type: &str, text: &str, now: Timestamp) -> Parsed {
    if text.len() > LENGTH_BYTES_MAX && !matches!(field_type, "credential" | "boolean") {
        // Any text is a valid state.
        let parsed = Parsed { is_valid: field_type == "state", ..Parsed::new(text) };
        return match field_type {
            "state" => parsed.with("name", text),
            "number" => Parsed::invalid(Value::Null),
            "dob" | "ssn" => parsed.with("masked", false),
            _ => parsed,
        };
    }
    match field_type {
        "boolean" => words::parse_boolean(text).map_or_else(|| Parsed::invalid(false), Parsed::new),
        "credential" => Parsed::new(text).with("masked", false),
        "date" => dates::parse_date(text, now),
        "dob" => dates::parse_dob(text, now),
        "email" => email::parse(text),
        "gender" => words::parse_gender(text),
        "ip" => web::parse_ip(text),
        "number" => numbers::parse_number(text)
            .map_or_else(|| Parsed::invalid(Value::Null), |number| Parsed::new(numbers::number_value(number))),
        "phone" => phone::parse(text),
        "postal_code" => postal_code::parse(text),
        "range" => numbers::parse_range(text),
        "ssn" => secrets::parse_ssn(text),
        "state" => state::parse(text),
        "street" => words::parse_street(text),
        "time" => time::parse(text, now),
        "trustedform_url" => web::parse_trustedform_url(text),
        "url" => web::parse_url(text),
        _ => Parsed::new(text),
    }
}

fn typed_object(raw: Option<Value>, parsed: Parsed) -> Value {
    let mut object = Map::with_capacity(3 + parsed.components.len());
    if let Some(raw) = raw {
        object.insert("raw".to_owned(), raw);
    }
    object.insert("normal".to_owned(), parsed.normal);
    object.insert("valid".to_owned(), Value::Bool(parsed.is_valid));
    for (name, value) in parsed.components {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}
