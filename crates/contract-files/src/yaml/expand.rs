//! Values from the environment (`${NAME}`) and merge keys (`<<`) in YAML, while it is parsed.
//!
//! The deserializer of the parser is wrapped, so that a value from the environment is always one scalar, whatever
//! characters it has, and errors keep their positions. In keys nothing is replaced.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// Looks a variable up: its value, if it is set.
pub type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// The key that merges another map.
const MERGE_KEY: &str = "<<";

/// Shorter values are not masked: they could be part of any word.
const MASKED_BYTES_MIN: usize = 4;

/// Whether a text can contain something to expand.
pub(super) fn needs_expansion(text: &str) -> bool {
    text.contains("${") || text.contains(MERGE_KEY)
}

/// Whether a text can contain a merge key.
pub(super) fn may_merge(text: &str) -> bool {
    text.contains(MERGE_KEY)
}

/// The values that were taken from the environment, by the name of the variable. They can be secrets, so that messages
/// show the variable instead.
#[derive(Clone, Default)]
pub(super) struct Substitutions(Arc<Mutex<BTreeMap<String, String>>>);

impl fmt::Debug for Substitutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().iter().map(|(name, _)| name)).finish()
    }
}

impl Substitutions {
    fn add(&self, name: &str, value: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// The names of the variables with their values.
    pub(super) fn list(&self) -> Vec<(String, String)> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// A text in which every value is replaced by its variable.
    pub(super) fn mask(&self, text: String) -> String {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let long = values.iter().filter(|(_, value)| value.len() >= MASKED_BYTES_MIN);
        long.fold(text, |text, (name, value)| text.replace(value.as_str(), &format!("${{{name}}}")))
    }
}

/// Why a text cannot be expanded. The part after the semicolon becomes the hint.
#[derive(Debug, thiserror::Error)]
enum ExpandError {
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    #[error("`${{{0}` does not name an environment variable")]
    Name(String),
    #[error("`${{{0}` is not closed")]
    Open(String),
    #[error("the environment variable `{name}` is not {expected}")]
    Type { name: String, expected: &'static str },
}

/// What to write instead, for a message of this module.
pub(super) fn hint_for(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once("the environment variable `") {
        let (name, rest) = rest.split_once('`')?;
        return rest.starts_with(" is not set").then(|| format!("set it, or write a default: ${{{name}:-VALUE}}"));
    }
    let is_about_name =
        message.contains("does not name an environment variable") || message.contains("` is not closed");
    (is_about_name && message.contains("`${"))
        .then(|| "write ${NAME} or ${NAME:-DEFAULT}, or $${ for the characters themselves".to_owned())
}

/// Expands texts from an environment, and remembers what was replaced.
pub(super) struct Expander<'e> {
    /// `None` leaves texts as they are.
    environment: Option<&'e Environment<'e>>,
    used: &'e Substitutions,
    /// The variable that was replaced last, for messages.
    last: RefCell<String>,
}

impl<'e> Expander<'e> {
    pub(super) fn new(environment: Option<&'e Environment<'e>>, used: &'e Substitutions) -> Self {
        Self { environment, used, last: RefCell::default() }
    }

    /// The expanded text; `None` if there is nothing to replace.
    fn expand(&self, text: &str) -> Result<Option<String>, ExpandError> {
        let Some(environment) = self.environment.filter(|_| text.contains("${")) else { return Ok(None) };
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let before = &rest[..at];
            let inside = &rest[at + 2..];
            if let Some(literal) = before.strip_suffix('$') {
                expanded.push_str(literal);
                expanded.push_str("${");
                rest = inside;
                continue;
            }
            expanded.push_str(before);
            let start: String = inside.chars().take(30).collect();
            let Some((reference, after)) = inside.split_once('}') else { return Err(ExpandError::Open(start)) };
            let (name, default) =
                reference.split_once(":-").map_or((reference, None), |(name, value)| (name, Some(value)));
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
            if !is_name {
                return Err(ExpandError::Name(start));
            }
            // As in a shell, `:-` applies to an empty variable too.
            let value = environment(name).filter(|value| default.is_none() || !value.is_empty());
            match (value, default) {
                (Some(value), _) => {
                    self.used.add(name, &value);
                    expanded.push_str(&value);
                }
                (None, Some(default)) => expanded.push_str(default),
                (None, None) => return Err(ExpandError::NotSet(name.to_owned())),
            }
            name.clone_into(&mut self.last.borrow_mut());
            rest = after;
        }
        expanded.push_str(rest);
        Ok(Some(expanded))
    }
}

/// What a wrapped visitor expects in the place of a scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Any,
    Number,
    Boolean,
}

/// A deserializer that expands texts and merge keys.
pub(super) struct Expanding<'e, D> {
    pub(super) inner: D,
    pub(super) expander: &'e Expander<'e>,
}

struct ExpandingVisitor<'e, V> {
    visitor: V,
    scalar: Scalar,
    expander: &'e Expander<'e>,
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) => $inner:ident, $scalar:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = ExpandingVisitor { visitor, scalar: Scalar::$scalar, expander: self.expander };
            forward!(@call self.inner, $method, $inner, [$($argument),*], visitor)
        })*
    };
    (@call $target:expr, $method:ident, same, [$($argument:ident),*], $visitor:ident) => {
        $target.$method($($argument,)* $visitor)
    };
    // A number from the environment is a text for the parser.
    (@call $target:expr, $method:ident, any, [], $visitor:ident) => {
        $target.deserialize_any($visitor)
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Expanding<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any() => same, Any;
        deserialize_bool() => any, Boolean;
        deserialize_i8() => any, Number;
        deserialize_i16() => any, Number;
        deserialize_i32() => any, Number;
        deserialize_i64() => any, Number;
        deserialize_i128() => any, Number;
        deserialize_u8() => any, Number;
        deserialize_u16() => any, Number;
        deserialize_u32() => any, Number;
        deserialize_u64() => any, Number;
        deserialize_u128() => any, Number;
        deserialize_f32() => any, Number;
        deserialize_f64() => any, Number;
        deserialize_char() => same, Any;
        deserialize_str() => same, Any;
        deserialize_string() => same, Any;
        deserialize_bytes() => same, Any;
        deserialize_byte_buf() => same, Any;
        deserialize_option() => same, Any;
        deserialize_unit() => same, Any;
        deserialize_unit_struct(name: &'static str) => same, Any;
        deserialize_newtype_struct(name: &'static str) => same, Any;
        deserialize_seq() => same, Any;
        deserialize_tuple(length: usize) => same, Any;
        deserialize_tuple_struct(name: &'static str, length: usize) => same, Any;
        deserialize_map() => same, Any;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) => same, Any;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => same, Any;
        deserialize_identifier() => same, Any;
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
}

impl<'de, V: Visitor<'de>> ExpandingVisitor<'_, V> {
    fn scalar<E: Error>(self, text: &str, expanded: String) -> Result<V::Value, E> {
        let fail = |expected| {
            let name = self.expander.last.borrow().clone();
            E::custom(ExpandError::Type { name, expected })
        };
        match self.scalar {
            Scalar::Any => self.visitor.visit_string(expanded),
            _ if text.is_empty() => Err(E::invalid_type(Unexpected::Str(text), &self.visitor)),
            Scalar::Boolean => match expanded.trim() {
                "true" => self.visitor.visit_bool(true),
                "false" => self.visitor.visit_bool(false),
                _ => Err(fail("true or false")),
            },
            Scalar::Number => {
                let number = expanded.trim();
                if let Ok(number) = number.parse() {
                    return self.visitor.visit_u64(number);
                }
                if let Ok(number) = number.parse() {
                    return self.visitor.visit_i64(number);
                }
                match number.parse::<f64>() {
                    Ok(number) if number.is_finite() => self.visitor.visit_f64(number),
                    _ => Err(fail("a number")),
                }
            }
        }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for ExpandingVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.visitor.visit_bool(value)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.visitor.visit_i64(value)
    }
    fn visit_i128<E: Error>(self, value: i128) -> Result<V::Value, E> {
        self.visitor.visit_i128(value)
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.visitor.visit_u64(value)
    }
    fn visit_u128<E: Error>(self, value: u128) -> Result<V::Value, E> {
        self.visitor.visit_u128(value)
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.visitor.visit_f64(value)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        match self.expander.expand(text).map_err(E::custom)? {
            None => self.visitor.visit_str(text),
            Some(expanded) => self.scalar(text, expanded),
        }
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        match self.expander.expand(text).map_err(E::custom)? {
            None => self.visitor.visit_borrowed_str(text),
            Some(expanded) => self.scalar(text, expanded),
        }
    }
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Expanding { inner, expander: self.expander })
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Expanding { inner, expander: self.expander })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(ExpandingSeq { items, expander: self.expander })
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(ExpandingMap {
            entries: Some(entries),
            expander: self.expander,
            seen: Vec::new(),
            merged: VecDeque::new(),
            value: None,
        })
    }
    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(variant)
    }
}

struct ExpandingSeed<'e, S> {
    seed: S,
    expander: &'e Expander<'e>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ExpandingSeed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Expanding { inner, expander: self.expander })
    }
}

struct ExpandingSeq<'e, A> {
    items: A,
    expander: &'e Expander<'e>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ExpandingSeq<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.items.next_element_seed(ExpandingSeed { seed, expander: self.expander })
    }
}

struct ExpandingMap<'e, A> {
    /// `None` after the last own entry.
    entries: Option<A>,
    expander: &'e Expander<'e>,
    /// The keys so far; they take precedence over merged ones.
    seen: Vec<String>,
    merged: VecDeque<(String, serde_yaml::Value)>,
    /// The value of the merged entry whose key was read.
    value: Option<serde_yaml::Value>,
}

struct KeySeed<'k, S> {
    /// Taken for a key of the map, left for a merge key.
    seed: &'k mut Option<S>,
    seen: &'k mut Vec<String>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        // Errors about the key are raised inside the visitor, where the parser knows the position of the key.
        inner.deserialize_str(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for KeySeed<'_, S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        if key == MERGE_KEY {
            return Ok(None);
        }
        self.seen.push(key.to_owned());
        self.seed.take().map(|seed| seed.deserialize(key.into_deserializer())).transpose()
    }
}

impl<'de, A: MapAccess<'de>> ExpandingMap<'_, A> {
    /// Adds the entries of a map, or of a list of maps, of which the first takes precedence.
    fn merge(&mut self, value: serde_yaml::Value) -> Result<(), A::Error> {
        match value {
            serde_yaml::Value::Mapping(map) => {
                for (key, value) in map {
                    let serde_yaml::Value::String(key) = key else {
                        return Err(A::Error::custom("the keys of a map that is merged with `<<` must be text"));
                    };
                    if key == MERGE_KEY {
                        self.merge(value)?;
                    } else if !self.merged.iter().any(|(known, _)| *known == key) {
                        self.merged.push_back((key, value));
                    }
                }
                Ok(())
            }
            serde_yaml::Value::Sequence(maps) if maps.iter().all(serde_yaml::Value::is_mapping) => {
                maps.into_iter().try_for_each(|map| self.merge(map))
            }
            _ => Err(A::Error::custom("`<<` merges a map or a list of maps, such as <<: *anchor")),
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ExpandingMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let mut seed = Some(seed);
        while let Some(entries) = &mut self.entries {
            match entries.next_key_seed(KeySeed { seed: &mut seed, seen: &mut self.seen })? {
                Some(Some(key)) => return Ok(Some(key)),
                Some(None) => {
                    let value: serde_yaml::Value = entries.next_value()?;
                    self.merge(value)?;
                }
                None => self.entries = None,
            }
        }
        while let Some((key, value)) = self.merged.pop_front() {
            if self.seen.contains(&key) {
                continue;
            }
            self.value = Some(value);
            let deserialize = |seed: S| seed.deserialize(key.as_str().into_deserializer());
            return seed.take().map(deserialize).transpose();
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = ExpandingSeed { seed, expander: self.expander };
        match (self.value.take(), &mut self.entries) {
            (Some(value), _) => seed.deserialize(value).map_err(A::Error::custom),
            (None, Some(entries)) => entries.next_value_seed(seed),
            (None, None) => Err(A::Error::custom("a key has no value")),
        }
    }
}
