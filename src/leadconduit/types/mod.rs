//! Field types: parses submitted text into typed values.
//!
//! A typed value is an object: `raw` as submitted, the `normal` form, `valid`, then the components of the type, null if
//! a component has no value. Text that cannot be parsed becomes `{raw, normal, valid: false}`. Values of `string`,
//! `city`, `last_name` and `first_name` stay text.
//!
//! The documentation names the types, their components and some formats; LeadConduit's public type library shows the
//! rest (observed). Details:
//! - `raw` is the submitted text (documented). The library removes the hint of a phone number (`m` for mobile) from it.
//! - `boolean` and `number` are objects too (documented), although `/types` lists no components for them. An invalid
//!   boolean has `normal: false`, an invalid number `normal: null` (observed).
//! - `ssn` and `credential` are never stored (documented). Their values are masked with one star per character, as the
//!   library does it; only `valid` remains.
//! - A certificate is valid for 90 days (observed), but its id is encrypted, so its age is unknown here. It is valid if
//!   its format is.
//!
//! Parsing `raw` again gives the same value, except for the age of `dob`, which depends on the clock.
//!
//! A new type needs a row in `COMPONENTS`, an arm in `parse`, and a parser in the file of a related type.

mod dates;
mod email;
mod numbers;
mod phone;
mod postal_code;
mod secrets;
mod state;
mod web;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::support::clock::Timestamp;
use crate::support::document;

/// The longest text that is parsed. Longer text is invalid, except for types that stay text.
const LENGTH_BYTES_MAX: usize = 4096;

/// The components of each type after `raw`, in the order of `/types`.
const COMPONENTS: [(&str, &[&str]); 15] = [
    ("date", &[]),
    ("dob", &["age", "year"]),
    ("email", &["user", "domain", "host", "tld", "is_free", "is_disposable"]),
    ("first_name", &[]),
    ("gender", &["abbr"]),
    ("ip", &["isIpv4", "mapToIpv6"]),
    ("phone", &["area", "exchange", "line", "number", "extension", "country_code", "type", "is_tollfree"]),
    ("postal_code", &["country_code", "zip", "four", "fsa", "ldu", "outcode", "incode"]),
    ("range", &["mid", "max", "min", "avg"]),
    ("ssn", &["first_three", "middle_two", "last_four"]),
    ("state", &["name"]),
    ("street", &["number", "name"]),
    ("time", &[]),
    ("trustedform_url", &["type", "cert_id", "is_masked", "is_web", "is_mobile", "is_facebook", "host", "path"]),
    ("url", &["protocol", "host", "port", "path", "query", "hash"]),
];

/// A successfully parsed text.
struct Parsed {
    normal: Value,
    components: Vec<(&'static str, Value)>,
}

impl Parsed {
    fn new(normal: impl Into<Value>) -> Self {
        Self { normal: normal.into(), components: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.components.push((name, value.into()));
        self
    }
}

/// Converts a submitted value to the typed value of a field. Lists are converted item by item. Objects, which are typed
/// already, and null are unchanged. An unknown type is treated as `string`.
#[must_use]
pub fn parse_value(field_type: &str, raw: &Value, now: Timestamp) -> Value {
    let text = match raw {
        Value::Null | Value::Object(_) => return raw.clone(),
        Value::Array(items) => return items.iter().map(|item| parse_value(field_type, item, now)).collect(),
        raw => crate::leadconduit::values::text(raw).unwrap_or_default(),
    };
    match field_type {
        "boolean" => match words::parse_boolean(&text) {
            Some(flag) => typed_object(field_type, raw.clone(), Parsed::new(flag)),
            None => invalid(raw, &Value::Bool(false)),
        },
        "number" => match raw.as_f64().or_else(|| numbers::parse_number(&text)) {
            Some(number) => typed_object(field_type, raw.clone(), Parsed::new(document::number(number))),
            None => invalid(raw, &Value::Null),
        },
        "ssn" | "credential" => {
            let masked = Value::from(if field_type == "ssn" { secrets::mask_ssn(&text) } else { secrets::mask(&text) });
            match parse(field_type, &text, now) {
                Some(parsed) => typed_object(field_type, masked, parsed),
                None => invalid(&masked, &masked),
            }
        }
        // A first name that was not submitted as text is invalid (observed).
        "first_name" if !raw.is_string() => invalid(raw, &text.into()),
        field_type if is_typed(field_type) => match parse(field_type, &text, now) {
            Some(parsed) => typed_object(field_type, text.into(), parsed),
            None => {
                let text = Value::from(text);
                invalid(&text, &text)
            }
        },
        _ => text.into(),
    }
}

/// True if a text is a valid value of a type. Every text is a valid `string`, `city` or name.
#[must_use]
pub fn is_valid(field_type: &str, text: &str) -> bool {
    match field_type {
        "boolean" => words::parse_boolean(text).is_some(),
        "number" => numbers::parse_number(text).is_some(),
        // The time affects only the age, not whether a date is valid.
        field_type if is_typed(field_type) => parse(field_type, text, Timestamp::UNIX_EPOCH).is_some(),
        _ => true,
    }
}

/// Parses a text as `boolean`.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    words::parse_boolean(text)
}

/// Parses a text as a date or time.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    dates::parse_timestamp(text)
}

/// True if values of the type are objects.
fn is_typed(field_type: &str) -> bool {
    field_type == "credential" || (field_type != "first_name" && COMPONENTS.iter().any(|(name, _)| *name == field_type))
}

/// Parses a text by its type; `None` if it is invalid.
fn parse(field_type: &str, text: &str, now: Timestamp) -> Option<Parsed> {
    if field_type == "credential" {
        return Some(Parsed::new(secrets::mask(text)));
    }
    if text.len() > LENGTH_BYTES_MAX {
        // Any text is a valid state.
        return (field_type == "state").then(|| Parsed::new(text).with("name", text));
    }
    match field_type {
        "date" => dates::parse_date(text),
        "dob" => dates::parse_dob(text, now),
        "email" => email::parse(text),
        "gender" => words::parse_gender(text),
        "ip" => web::parse_ip(text),
        "phone" => phone::parse(text),
        "postal_code" => postal_code::parse(text),
        "range" => numbers::parse_range(text),
        "ssn" => secrets::parse_ssn(text),
        "state" => Some(state::parse(text)),
        "street" => words::parse_street(text),
        "time" => dates::parse_time(text, now),
        "trustedform_url" => web::parse_trustedform_url(text),
        "url" => web::parse_url(text),
        _ => None,
    }
}

/// Creates a valid value with all components of its type.
fn typed_object(field_type: &str, raw: Value, parsed: Parsed) -> Value {
    let names = COMPONENTS.iter().find(|(name, _)| *name == field_type).map_or(&[][..], |(_, names)| names);
    let mut object = Map::with_capacity(3 + names.len());
    object.insert("raw".to_owned(), raw);
    object.insert("normal".to_owned(), parsed.normal);
    object.insert("valid".to_owned(), Value::Bool(true));
    for name in names {
        object.insert((*name).to_owned(), Value::Null);
    }
    for (name, value) in parsed.components {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

/// Creates an invalid value.
fn invalid(raw: &Value, normal: &Value) -> Value {
    serde_json::json!({"raw": raw, "normal": normal, "valid": false})
}
