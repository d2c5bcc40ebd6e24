//! Patterns that many schemas share, checked by functions.
//!
//! `jsonschema` compiles a regular expression for every occurrence of a pattern. Replacing a frequent pattern
//! by a format with a function makes a start faster. To add one, extend [`KNOWN_FORMATS`].

use serde_json::Value;

use crate::support::document::is_object_id;

/// A pattern, and the format that replaces it.
pub(super) struct KnownFormat {
    pub(super) pattern: &'static str,
    /// The name of the format. Contracts cannot use it: it is not among the formats that a contract may have.
    pub(super) format: &'static str,
    pub(super) is_valid: fn(&str) -> bool,
}

pub(super) const KNOWN_FORMATS: [KnownFormat; 2] = [
    KnownFormat { pattern: "^[0-9a-fA-F]{24}$", format: "object-id", is_valid: is_object_id },
    KnownFormat {
        pattern: "^[0-9a-zA-Z]{6}$",
        format: "short-id",
        is_valid: |text| text.len() == 6 && text.bytes().all(|b| b.is_ascii_alphanumeric()),
    },
];

/// The pattern that a format replaces.
pub(super) fn pattern_of(format: &str) -> Option<&'static str> {
    KNOWN_FORMATS.iter().find(|known| known.format == format).map(|known| known.pattern)
}

/// Replaces known patterns by their formats, where a schema has no format of its own.
pub(super) fn replace_patterns(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let pattern = object.get("pattern").and_then(Value::as_str);
            let known = pattern.and_then(|pattern| KNOWN_FORMATS.iter().find(|known| known.pattern == pattern));
            if let Some(known) = known.filter(|_| !object.contains_key("format")) {
                object.shift_remove("pattern");
                object.insert("format".to_owned(), known.format.into());
            }
            object.values_mut().for_each(replace_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(replace_patterns),
        _ => {}
    }
}
