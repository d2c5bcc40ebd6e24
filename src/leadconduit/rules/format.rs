//! `format is valid` and `format is invalid`.

use serde_json::Value;

use super::value::any_text;
use crate::leadconduit::types;

/// True if a value that is not blank is valid: by its own `valid`, else by its text.
pub(crate) fn is_valid(value: &Value, field_type: &str) -> bool {
    match value {
        Value::Object(object) => object.get("valid").and_then(Value::as_bool).unwrap_or(true),
        Value::Array(items) => items.iter().all(|item| is_valid(item, field_type)),
        value => any_text(value, &|text| types::is_valid(field_type, text)),
    }
}

/// Returns the type of a field by its name, as LeadConduit's standard fields declare it.
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
