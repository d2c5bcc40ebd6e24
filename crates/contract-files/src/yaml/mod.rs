//! Reads YAML and JSON text, with the position of every error. The only user of the YAML parser.
//!
//! | module | holds |
//! |---|---|
//! | `bounds` | limits on nesting, values and aliases, checked before a text is parsed |
//! | `expand` | values from the environment (`${NAME}`) and merge keys (`<<`) |
//! | `diagnostic` | [`Diagnostic`]: an error with file, line, column, excerpt and hint |
//! | `locate` | the line and column of an RFC 6901 pointer |
//! | `message` | the parser's messages in terms of YAML; hints |
//! | `syntax` | messages for the frequent mistakes in YAML syntax |

mod bounds;
mod diagnostic;
mod expand;
mod locate;
mod message;
mod syntax;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde_json::Value;

pub use self::diagnostic::{Diagnostic, paragraphs, titles, wrap};
pub use self::expand::Environment;
use self::expand::{Expander, Expanding, Substitutions};
use self::locate::locate;
pub use self::message::{explain, nearest, valid_words_hint};
use self::message::{in_yaml_terms, without_position};
use crate::pointer::unescape;

/// The largest file that is read, in bytes.
pub const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The bytes that are parsed again to find the lines of problems.
const LOCATE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The problems that are reported for a text of any length.
const DIAGNOSTICS_MIN: usize = 3;

/// The most problems that are reported for a text.
const DIAGNOSTICS_MAX: usize = 50;

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Suffix of a pointer that refers to the key instead of its value. No RFC 6901 pointer ends like this.
pub const KEY: &str = "~#";

/// What stands at a path that is no regular file.
fn kind_of(kind: std::fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a named pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a folder" } else { "a special file" }
}

/// The name and text of a file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name in diagnostics: the path as the user wrote it.
    pub name: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
    /// The values that were taken from the environment.
    substitutions: Substitutions,
}

impl Source {
    /// Creates a source from text in memory.
    #[must_use]
    pub fn new(name: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        // Editors on Windows write a byte order mark, which is not part of the text.
        let text = text.strip_prefix(BYTE_ORDER_MARK).map_or_else(|| Arc::clone(&text), Arc::from);
        Self { name: name.into(), text, substitutions: Substitutions::default() }
    }

    /// Reads a file of at most [`BYTES_MAX`] bytes.
    ///
    /// # Errors
    ///
    /// The file is no regular file, cannot be read, is too large or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let fail = |message: String| Diagnostic::of_file(path, message);
        let unreadable = |error: std::io::Error| fail(format!("cannot be read: {}", io_reason(&error)));
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        // To open a pipe waits for its writer, and a device may have no end.
        if !metadata.is_file() {
            let message = format!("is {}, not a file", kind_of(metadata.file_type()));
            return Err(fail(message).with_hint("write the YAML into a regular file"));
        }
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        // Bounded while it is read, because the file can grow.
        let length = file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
        if length as u64 > BYTES_MAX {
            let length = metadata.len().max(length as u64);
            return Err(fail(format!("has {length} bytes, more than the limit of {BYTES_MAX}")));
        }
        Ok(Self::new(path, text))
    }

    /// Parses the text as YAML.
    ///
    /// # Errors
    ///
    /// The text is not valid YAML or not a valid `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        self.check_bounds()?;
        serde_yaml::from_str(&self.text).map_err(|error| self.diagnose(&error))
    }

    /// Parses the text as YAML, with values from an environment in place of `${NAME}` and `${NAME:-DEFAULT}`, and with
    /// merge keys. `$${` stands for `${`. Messages about this source show the variables instead of their values.
    ///
    /// # Errors
    ///
    /// The text is not valid YAML or not a valid `T`, or a variable is not set.
    pub fn parse_expanded<T: DeserializeOwned>(&self, environment: &Environment<'_>) -> Result<T, Diagnostic> {
        if !expand::needs_expansion(&self.text) {
            return self.parse();
        }
        self.check_bounds()?;
        let expander = Expander::new(Some(environment), &self.substitutions);
        let inner = serde_yaml::Deserializer::from_str(&self.text);
        T::deserialize(Expanding { inner, expander: &expander }).map_err(|error| {
            let mut diagnostic = self.diagnose(&error);
            if let Some(hint) = expand::hint_for(&diagnostic.message) {
                diagnostic.hint = Some(hint);
            }
            diagnostic.message = self.mask(diagnostic.message);
            diagnostic.hint = diagnostic.hint.map(|hint| self.mask(hint));
            diagnostic
        })
    }

    /// The values that were taken from the environment, by the name of the variable.
    #[must_use]
    pub fn substitutions(&self) -> Vec<(String, String)> {
        self.substitutions.list()
    }

    /// A text in which values from the environment are replaced by their variables, because they can be secrets.
    #[must_use]
    pub fn mask(&self, text: String) -> String {
        self.substitutions.mask(text)
    }

    /// Parses the text as YAML with merge keys.
    fn parse_merged<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        if !expand::may_merge(&self.text) {
            return self.parse();
        }
        self.check_bounds()?;
        let expander = Expander::new(None, &self.substitutions);
        let inner = serde_yaml::Deserializer::from_str(&self.text);
        T::deserialize(Expanding { inner, expander: &expander }).map_err(|error| self.diagnose(&error))
    }

    /// Parses the text as JSON or YAML. JSON is parsed by its own parser, so that numbers and escapes have their JSON
    /// meaning; the positions of errors come from the YAML parser.
    ///
    /// # Errors
    ///
    /// The text is neither valid JSON nor valid YAML, or not a valid `T`.
    pub fn parse_json_or_yaml<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        self.check_values()?;
        let error = match serde_json::from_str(&self.text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let value = self.parse_merged()?;
        if serde_json::from_str::<IgnoredAny>(&self.text).is_err() {
            return Ok(value);
        }
        // The YAML parser accepts a number where a string is expected; JSON requires a string.
        let (message, hint) = explain(&in_yaml_terms(
            &error.to_string().replace(&format!(" at line {} column {}", error.line(), error.column()), ""),
        ));
        let position = Some((error.line(), error.column()));
        Err(Diagnostic { file: self.name.clone(), position, message, hint, text: Some(Arc::clone(&self.text)) })
    }

    /// The diagnostic for the first key that occurs twice in a map of a JSON text. `parse_json_or_yaml` takes the last
    /// of them; YAML texts with such a key are rejected while they are parsed.
    #[must_use]
    pub fn duplicate_json_key(&self) -> Option<Diagnostic> {
        let error = serde_json::from_str::<UniqueKeys>(&self.text).err().filter(serde_json::Error::is_data)?;
        let message = error.to_string().replace(&format!(" at line {} column {}", error.line(), error.column()), "");
        let position = Some((error.line(), error.column()));
        Some(Diagnostic { file: self.name.clone(), position, message, hint: None, text: Some(Arc::clone(&self.text)) })
    }

    /// Parses the text as a JSON value.
    ///
    /// # Errors
    ///
    /// The text is not valid YAML, a key is duplicate or not a scalar, or a value has no JSON equivalent.
    pub fn parse_json(&self) -> Result<Value, Diagnostic> {
        let yaml: serde_yaml::Value = self.parse()?;
        to_json(yaml).map_err(|error| self.at_pointer("", error.to_string()))
    }

    /// Creates a diagnostic at an RFC 6901 pointer into this file, or at its key if [`KEY`] follows. If the pointer
    /// does not resolve, the diagnostic is at the nearest parent.
    #[must_use]
    pub fn at_pointer(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let (pointer, mut is_key) = pointer.strip_suffix(KEY).map_or((pointer, false), |pointer| (pointer, true));
        let mut tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        let position = loop {
            if let Some(position) = locate(&self.text, &tokens, is_key) {
                break Some(position);
            }
            is_key = false;
            if tokens.pop().is_none() {
                break None;
            }
        };
        Diagnostic {
            file: self.name.clone(),
            position,
            message: self.mask(message.into()),
            hint: None,
            text: Some(Arc::clone(&self.text)),
        }
    }

    /// True if an RFC 6901 pointer resolves in this file.
    #[must_use]
    pub fn contains(&self, pointer: &str) -> bool {
        let tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        locate(&self.text, &tokens, false).is_some()
    }

    /// How many problems of this text are reported. Finding the line of each takes as long as parsing the text.
    #[must_use]
    pub fn diagnostics_max(&self) -> usize {
        (LOCATE_BYTES_MAX / self.text.len().max(1)).clamp(DIAGNOSTICS_MIN, DIAGNOSTICS_MAX)
    }

    /// The diagnostic that ends a list of as many problems as are reported.
    #[must_use]
    pub fn further_problems(&self) -> Diagnostic {
        Diagnostic::of_file(&self.name, "has further problems, which are not listed").with_hint("fix those above first")
    }

    /// Rejects a text whose parsed form would be too large.
    fn check_values(&self) -> Result<(), Diagnostic> {
        bounds::check_values(&self.text).map_err(|error| self.exceeds(&error))
    }

    /// Rejects a text that would take the YAML parser too long or become too large.
    fn check_bounds(&self) -> Result<(), Diagnostic> {
        self.check_values()?;
        bounds::check_structure(&self.text).map_err(|error| self.exceeds(&error))
    }

    fn exceeds(&self, error: &bounds::BoundsError) -> Diagnostic {
        let diagnostic = Diagnostic::of_file(&self.name, error.to_string()).with_hint(error.hint());
        Diagnostic { position: error.position(&self.text), ..diagnostic }
    }

    /// Returns the position of the second occurrence of a key in the map that begins at a line and column.
    fn second_occurrence(&self, key: &str, (line, column): (usize, usize)) -> Option<(usize, usize)> {
        let is_key = |text: &str| {
            let own = text.get(column - 1..).unwrap_or_default();
            own.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        let lines = self.text.lines().enumerate().skip(line.saturating_sub(1));
        let (at, _) = lines.filter(|(_, text)| is_key(text)).nth(1)?;
        Some((at + 1, column))
    }

    /// Converts an error of the parser.
    fn diagnose(&self, error: &serde_yaml::Error) -> Diagnostic {
        let mut position = error.location().map(|at| (at.line(), at.column()));
        let message = in_yaml_terms(&without_position(&error.to_string()));
        if let Some(found) = syntax::diagnose(&self.text, &error.to_string(), position) {
            return Diagnostic {
                file: self.name.clone(),
                position: Some(found.position),
                message: found.message,
                hint: Some(found.hint),
                text: Some(Arc::clone(&self.text)),
            };
        }
        let (message, hint) = explain(&message);
        if let Some(second) = message.split("duplicate field `").nth(1).and_then(|rest| rest.split('`').next()) {
            // The parser reports the position of the map; the second of the two keys is more helpful.
            position = position.and_then(|map| self.second_occurrence(second, map)).or(position);
        }
        Diagnostic { file: self.name.clone(), position, message, hint, text: Some(Arc::clone(&self.text)) }
    }
}

/// The message of an error of the operating system, without its number.
#[must_use]
pub fn io_reason(error: &std::io::Error) -> String {
    let message = error.to_string();
    message.split(" (os error ").next().unwrap_or(&message).to_owned()
}

/// Any JSON value without duplicate keys.
struct UniqueKeys;

impl<'de> serde::Deserialize<'de> for UniqueKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UniqueKeysVisitor;
        impl<'de> serde::de::Visitor<'de> for UniqueKeysVisitor {
            type Value = UniqueKeys;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
                Ok(UniqueKeys)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<UniqueKeys, A::Error> {
                while items.next_element::<UniqueKeys>()?.is_some() {}
                Ok(UniqueKeys)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<UniqueKeys, A::Error> {
                let mut names = std::collections::HashSet::new();
                while let Some(name) = members.next_key::<String>()? {
                    if names.contains(&name) {
                        return Err(serde::de::Error::custom(format!("the key `{name}` is given twice")));
                    }
                    names.insert(name);
                    members.next_value::<UniqueKeys>()?;
                }
                Ok(UniqueKeys)
            }
        }
        deserializer.deserialize_any(UniqueKeysVisitor)
    }
}

/// Converts a JSON value to YAML text.
///
/// # Errors
///
/// The value cannot be represented in YAML.
pub fn to_yaml(value: &Value) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(value)
}

/// A YAML value without a JSON equivalent.
#[derive(Debug, thiserror::Error)]
enum NotJson {
    #[error("infinity and NaN are not supported: write a finite number")]
    NotFinite,
    #[error("a key must be text, not {0:?}")]
    Key(serde_yaml::Value),
    #[error("the YAML tag {0} is not supported: remove it")]
    Tag(serde_yaml::value::Tag),
}

/// Converts a YAML value to JSON.
fn to_json(yaml: serde_yaml::Value) -> Result<Value, NotJson> {
    Ok(match yaml {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(b) => Value::Bool(b),
        serde_yaml::Value::Number(n) => {
            if let Some(n) = n.as_i64() {
                n.into()
            } else if let Some(n) = n.as_u64() {
                n.into()
            } else {
                let float = n.as_f64().unwrap_or(f64::NAN);
                serde_json::Number::from_f64(float).map(Value::Number).ok_or(NotJson::NotFinite)?
            }
        }
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        serde_yaml::Value::Mapping(map) => {
            let mut object = serde_json::Map::with_capacity(map.len());
            for (key, value) in map {
                let key = match key {
                    serde_yaml::Value::String(text) => text,
                    serde_yaml::Value::Number(n) => n.to_string(),
                    serde_yaml::Value::Bool(b) => b.to_string(),
                    other => return Err(NotJson::Key(other)),
                };
                object.insert(key, to_json(value)?);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => return Err(NotJson::Tag(tagged.tag)),
    })
}

/// Deserializes a JSON value inside a YAML file so that duplicate keys are rejected and strings stay strings.
///
/// # Errors
///
/// A key is duplicate or not a scalar, or a value has no JSON equivalent.
pub fn json_value<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let yaml = <serde_yaml::Value as serde::Deserialize>::deserialize(deserializer)?;
    to_json(yaml).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests;
