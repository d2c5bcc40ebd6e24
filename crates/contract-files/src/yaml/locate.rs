//! Finds the line and column of an RFC 6901 pointer.
//!
//! The YAML parser reports the position at which an error was raised. A deserializer that follows the tokens of a
//! pointer and raises an error at the end therefore finds the position, without a second parser that could disagree
//! with the first.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Returns the line and column of the value that the tokens refer to, or of its key; `None` if there is no such value.
pub(super) fn locate(text: &str, tokens: &[String], is_key: bool) -> Option<(usize, usize)> {
    let deserializer = serde_yaml::Deserializer::from_str(text);
    let error = ValueLocator { tokens, is_key }.deserialize(deserializer).err()?;
    if !error.to_string().contains(REACHED) {
        return None;
    }
    error.location().map(|at| (at.line(), at.column()))
}

/// The message of the error that marks the position.
const REACHED: &str = "\u{1}reached";

/// Follows tokens through a document and raises [`REACHED`] at the value they refer to, or at its key.
struct ValueLocator<'a> {
    tokens: &'a [String],
    is_key: bool,
}

/// Reads a key of a map and raises [`REACHED`] if it is the expected one.
struct KeyLocator<'a>(Option<&'a str>);

impl<'de> DeserializeSeed<'de> for KeyLocator<'_> {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyLocator<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if self.0 == Some(key) { Err(E::custom(REACHED)) } else { Ok(key.to_owned()) }
    }
}

impl<'de> DeserializeSeed<'de> for ValueLocator<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ValueLocator<'_> {
    fn scalar<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.tokens.is_empty() { Err(E::custom(REACHED)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for ValueLocator<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else { return Err(A::Error::custom(REACHED)) };
        let mut index = 0usize;
        loop {
            if *first == index.to_string() {
                if items.next_element_seed(ValueLocator { tokens: rest, is_key: self.is_key })?.is_none() {
                    return Ok(());
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else { return Err(A::Error::custom(REACHED)) };
        let expected = (self.is_key && rest.is_empty()).then_some(first.as_str());
        while let Some(key) = entries.next_key_seed(KeyLocator(expected))? {
            if key == *first {
                entries.next_value_seed(ValueLocator { tokens: rest, is_key: self.is_key })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
