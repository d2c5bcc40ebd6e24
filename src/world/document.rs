//! A document, kept with its serialised bytes, so that serving it copies nothing.

use bytes::Bytes;
use serde_json::Value;

/// One document of the world. It never changes: a write puts another in its place.
#[derive(Debug)]
pub struct Document {
    value: Value,
    bytes: Bytes,
}

impl Document {
    /// A document from its value.
    #[must_use]
    pub fn new(value: Value) -> Self {
        let bytes = serialise(&value);
        Self { value, bytes }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value as it goes over the wire.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// A text property.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// A flag, `false` when absent.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// JSON as it goes over the wire.
#[must_use]
pub fn serialise(value: &Value) -> Bytes {
    // A `Value` has text keys only and no other way to fail.
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}
