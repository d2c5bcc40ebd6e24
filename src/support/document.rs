//! A stored JSON document, kept as the bytes that are sent, so that serving it copies nothing; and helpers for JSON
//! values.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::json_members::{self, JsonMembers, MemberRange};
use super::memory::{Charge, Gauge};

/// The largest buffer that a thread keeps for the next document, in bytes.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// An immutable document of the world. A write replaces it with a new one.
#[derive(Debug)]
pub struct Document {
    bytes: Bytes,
    /// Parsed on first access: most documents are only written and listed, and a `Value` takes several times the
    /// memory of its text.
    value: OnceLock<Value>,
    /// The typed form, built on first access.
    typed: OnceLock<Box<dyn Any + Send + Sync>>,
    /// Where its members are, once a list has needed them.
    members: OnceLock<Box<[MemberRange]>>,
    /// Counts the document while it exists.
    charge: OnceLock<Charge>,
}

/// A typed form of a document, such as a flow with its compiled rules. It is built once and kept with the document, so
/// that every copy of a world shares it. The document stays the source: properties that the type does not read survive.
pub trait TypedDocument: Any + Send + Sync {
    /// Builds the typed form. What cannot be parsed has a form too: the documents of scenarios can be malformed.
    fn from_value(value: &Value) -> Self;

    /// Builds the typed form from the document: from its text, where the parsed value would only be kept for it.
    #[must_use]
    fn from_document(document: &Document) -> Self
    where
        Self: Sized,
    {
        Self::from_value(document.value())
    }
}

impl Document {
    /// Serialises a value.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        Self {
            bytes: serialise(value),
            value: OnceLock::new(),
            typed: OnceLock::new(),
            members: OnceLock::new(),
            charge: OnceLock::new(),
        }
    }

    /// A document from compact JSON, with its typed form.
    #[must_use]
    pub fn with_typed<T: TypedDocument>(json: Bytes, typed: T) -> Self {
        let typed: Box<dyn Any + Send + Sync> = Box::new(typed);
        Self {
            bytes: json,
            value: OnceLock::new(),
            typed: typed.into(),
            members: OnceLock::new(),
            charge: OnceLock::new(),
        }
    }

    /// Sets the typed form, which then need not be built from the parsed value. Only the first form counts.
    pub fn set_typed<T: TypedDocument>(&self, typed: T) {
        let _ = self.typed.set(Box::new(typed));
    }

    /// Counts the serialised size of the document while it exists. Only the first call has an effect.
    pub fn charge_to(&self, gauge: &Arc<Gauge>) {
        self.charge.get_or_init(|| gauge.charge(self.len()));
    }

    /// The parsed value, cached after the first call.
    #[must_use]
    pub fn value(&self) -> &Value {
        // The bytes were serialised from a value, so that parsing cannot fail.
        self.value.get_or_init(|| serde_json::from_slice(&self.bytes).unwrap_or_default())
    }

    /// Whether the parsed value is cached.
    #[cfg(test)]
    pub(crate) fn is_parsed(&self) -> bool {
        self.value.get().is_some()
    }

    /// The typed form, cached after the first call.
    ///
    /// # Panics
    ///
    /// When the document has a typed form of another type already. Each collection has one type, so that is a bug.
    #[must_use]
    pub fn typed<T: TypedDocument>(&self) -> &T {
        let typed = self.typed.get_or_init(|| Box::new(T::from_document(self)));
        match typed.downcast_ref() {
            Some(typed) => typed,
            None => unreachable!("a document has one typed form"),
        }
    }

    /// The parsed value without caching it: for numerous documents that are rarely read.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self.value.get() {
            Some(value) => value.clone(),
            None => serde_json::from_slice(&self.bytes).unwrap_or_default(),
        }
    }

    /// The serialised JSON.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// A member that is a string, read from the text.
    pub(crate) fn member_text(&self, name: &str) -> Option<Cow<'_, str>> {
        json_members::text_of(self.json(), name)
    }

    fn json(&self) -> &str {
        // Serialised JSON is UTF-8.
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    /// The members as parts of the text: for reads of many documents, whose parsed values would stay in memory. Only where
    /// the members are is kept, about 200 bytes.
    pub(crate) fn members(&self) -> JsonMembers<'_> {
        let json = self.json();
        let ranges = self.members.get_or_init(|| json_members::ranges(json).into());
        JsonMembers::new(json, ranges)
    }

    /// The length of the serialised JSON in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A string property; `None` when it is absent or not a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value().get(name).and_then(Value::as_str)
    }

    /// A boolean property; `false` when it is absent or not a boolean.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.value().get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// Serialises a value as compact JSON.
#[must_use]
pub fn serialise(value: &Value) -> Bytes {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        // Serialising a `Value` cannot fail.
        let _ = serde_json::to_writer(&mut *buffer, value);
        // Documents are long-lived: an exact copy, because releasing the rest of a larger buffer leaves gaps in the heap.
        let bytes = Bytes::copy_from_slice(buffer);
        buffer.shrink_to(BUFFER_BYTES_MAX);
        bytes
    })
}

/// A JSON object.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut object = serde_json::Map::with_capacity(N);
    for (name, value) in members {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

/// A JSON number as JavaScript prints it: `12.5`, and `0` rather than `0.0`.
#[must_use]
pub fn number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "only a whole number that fits is cast")]
    if number.fract() == 0.0 && number.abs() < 1e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// Merges `patch` into `target`: objects are merged recursively, every other value is replaced.
pub fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// True for an object id: 24 hexadecimal characters, in either case.
#[must_use]
pub fn is_object_id(text: &str) -> bool {
    // Without a branch for each byte: ids are looked at several times for each request.
    text.len() == 24 && text.bytes().fold(true, |is_id, b| is_id & b.is_ascii_hexdigit())
}

/// The form of an id that collections use as key: object ids are case-insensitive and become lower case.
pub(crate) fn canonical_id(id: &str) -> Cow<'_, str> {
    // Looked at first, because hardly any id has one.
    let has_upper_case = id.len() == 24 && id.bytes().fold(false, |found, b| found | b.is_ascii_uppercase());
    if has_upper_case && is_object_id(id) { Cow::Owned(id.to_ascii_lowercase()) } else { Cow::Borrowed(id) }
}

/// True when two ids identify the same document.
pub(crate) fn is_same_id(a: &str, b: &str) -> bool {
    canonical_id(a) == canonical_id(b)
}

/// The items of an array property; empty when the property is absent or not an array.
#[must_use]
pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A string property; empty when it is absent or not a string.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_return_the_value_they_were_created_from() {
        let value = serde_json::json!({"b": 1, "a": {"price": 1.5, "zero": 0}, "text": "ü", "none": null, "yes": true});
        let document = Document::new(&value);
        assert_eq!(document.bytes(), value.to_string());
        assert_eq!(*document.value(), value);
        assert_eq!((document.text("text"), document.flag("yes"), document.flag("b")), (Some("ü"), true, false));
    }

    #[test]
    fn the_typed_form_is_built_once() {
        struct Price(f64);
        impl TypedDocument for Price {
            fn from_value(value: &Value) -> Self {
                Self(value["price"].as_f64().unwrap_or_default())
            }
        }
        let document = Document::new(&serde_json::json!({"price": 1.5}));
        let first: &Price = document.typed();
        assert!((first.0 - 1.5).abs() < f64::EPSILON);
        assert!(std::ptr::eq(first, document.typed()));
    }
}
