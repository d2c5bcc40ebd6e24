//! Whether a value has the form of its type.

use serde_json::Value;

use super::value::any_text;
use crate::leadconduit::types;

/// Whether a value that is not blank is valid: its own `valid` says so, or the form of its text.
pub(crate) fn is_valid(value: &Value, kind: &str) -> bool {
    match value {
        Value::Object(object) => object.get("valid").and_then(Value::as_bool).unwrap_or(true),
        Value::Array(items) => items.iter().all(|item| is_valid(item, kind)),
        value => any_text(value, &|text| types::is_valid(kind, text)),
    }
}

/// The type of a field, by its name: as the standard fields have them.
pub(super) fn type_by_name(name: &str) -> &'static str {
    let last = name.rsplit('.').next().unwrap_or_default();
    match last {
        "email" => "email",
        "postal_code" => "postal_code",
        "dob" | "date" => "date",
        "gender" => "gender",
        "ssn" => "ssn",
        "age" => "range",
        "price" | "amount" => "number",
        "website" | "url" => "url",
        "trustedform_cert_url" => "trustedform_url",
        phone if phone.starts_with("phone") => "phone",
        _ => "string",
    }
}
