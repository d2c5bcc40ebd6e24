//! Makes relative times (`now - 3d`) of a document absolute.

use serde_json::Value;

use crate::support::clock::{self, Timestamp};

/// A copy of a document in which relative times are absolute. Properties whose name ends in `_at`, and `timestamp`,
/// become RFC 3339 text; those that end in `_timestamp` become milliseconds.
pub(super) fn resolve_times(value: &Value, now: Timestamp) -> Value {
    let mut value = value.clone();
    resolve_in_place(&mut value, "", now);
    value
}

fn resolve_in_place(value: &mut Value, name: &str, now: Timestamp) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                resolve_in_place(value, name, now);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_in_place(item, name, now)),
        Value::String(text) if name.ends_with("_at") || name == "timestamp" => {
            if let Some(time) = clock::parse_relative_time(text, now) {
                *text = clock::format_timestamp(time);
            }
        }
        Value::String(text) if name.ends_with("_timestamp") => {
            if let Some(time) = clock::parse_relative_time(text, now) {
                *value = time.as_millisecond().into();
            }
        }
        _ => {}
    }
}
