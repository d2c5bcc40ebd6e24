//! A document, kept as the bytes that go over the wire, so that serving it copies nothing.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

/// How long a document usually is, or less: room that need not be looked for while it is written.
const USUAL_BYTES: usize = 1024;

/// One document of the world. It never changes: a write puts another in its place.
#[derive(Debug)]
pub struct Document {
    bytes: Bytes,
    /// Read from the bytes when something first asks: most documents are written, listed and never looked into,
    /// and a tree of values takes several times the memory of its text.
    value: OnceLock<Value>,
}

impl Document {
    /// A document from its value.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        Self { bytes: serialise(value), value: OnceLock::new() }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        // The bytes were written from a value, so they are always read again.
        self.value.get_or_init(|| serde_json::from_slice(&self.bytes).unwrap_or_default())
    }

    /// The value, read anew and not kept: for documents that are many, and looked into rarely.
    #[must_use]
    pub fn read(&self) -> Value {
        match self.value.get() {
            Some(value) => value.clone(),
            None => serde_json::from_slice(&self.bytes).unwrap_or_default(),
        }
    }

    /// The value as it goes over the wire.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// How many bytes go over the wire.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no document is empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A text property.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value().get(name).and_then(Value::as_str)
    }

    /// A flag, `false` when absent.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.value().get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// JSON as it goes over the wire.
#[must_use]
pub fn serialise(value: &Value) -> Bytes {
    // A `Value` has text keys only and no other way to fail. Documents live long: no room is kept behind them.
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, value).map(|()| Bytes::from(bytes.into_boxed_slice())).unwrap_or_default()
}

/// A number as JavaScript prints it: `12.5`, and `0` rather than `0.0`.
#[must_use]
pub fn number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "only a whole number that fits is cast")]
    if number.fract() == 0.0 && number.abs() < 1e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// Puts one value over another: objects are merged, so that what is not named stays; everything else is replaced.
pub fn merge(target: &mut Value, with: &Value) {
    match (target, with) {
        (Value::Object(target), Value::Object(with)) => {
            for (name, value) in with {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, with) => *target = with.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_was_put_in() {
        let value = serde_json::json!({"b": 1, "a": {"price": 1.5, "zero": 0}, "text": "ü", "none": null, "yes": true});
        let document = Document::new(&value);
        assert_eq!(document.bytes(), value.to_string());
        assert_eq!(*document.value(), value);
        assert_eq!((document.text("text"), document.flag("yes"), document.flag("b")), (Some("ü"), true, false));
    }
}

/// Whether a text is an object id: 24 hexadecimal characters, in either case.
#[must_use]
pub fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// An id as collections keep it: object ids may be sent in either case and mean the same.
pub(crate) fn key_of(id: &str) -> Cow<'_, str> {
    if is_object_id(id) && id.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(id.to_ascii_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

/// Whether two ids mean the same thing.
pub(crate) fn is_same_id(a: &str, b: &str) -> bool {
    key_of(a) == key_of(b)
}

/// The things of a list inside a value, none when it has no such list.
#[must_use]
pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The text of a property inside a value, empty when absent.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
