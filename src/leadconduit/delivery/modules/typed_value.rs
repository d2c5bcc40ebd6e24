//! Typed values as modules send them.

use serde_json::{Map, Value};

/// The time in the normal form of a date.
const MIDNIGHT: &str = "T00:00:00.000Z";

/// Whether an object is a typed value, which has the submitted text as `raw`, or a normal form.
pub(super) fn is_typed(object: &Map<String, Value>) -> bool {
    let is_single = |name: &str| object.get(name).is_some_and(|part| !part.is_object() && !part.is_array());
    is_single("raw") || (is_single("normal") && object.contains_key("valid"))
}

/// The text of a date, which is sent without a time. A time that was submitted without a time of day is noon, so that
/// midnight is a date, unless the submitted text says so itself.
pub(super) fn date(value: &Value) -> Option<&str> {
    let has_time = value.get("raw").and_then(Value::as_str).is_none_or(|raw| raw.contains(':'));
    value.get("normal")?.as_str()?.strip_suffix(MIDNIGHT).filter(|_| !has_time)
}
