//! YAML in, with the place of every mistake. The only user of the YAML parser; the build script shares it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::pointer::unescape;

/// The largest YAML file that is read.
pub const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// After a pointer: the key is meant, not its value. No RFC 6901 pointer ends like this.
pub const KEY: &str = "~#";

/// One file's name and text.
#[derive(Clone, Debug)]
pub struct Source {
    /// How the file is named to people.
    pub name: PathBuf,
    /// All of its text.
    pub text: Arc<str>,
}

/// A mistake in a file: where it is, what is wrong, what to write instead.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1, when the place is known.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    text: Option<Arc<str>>,
}

impl Source {
    /// A source from text that is at hand.
    #[must_use]
    pub fn new(name: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Reads a file, up to [`BYTES_MAX`].
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let fail = |message: String| Diagnostic::of_file(path, message);
        let length = std::fs::metadata(path).map_err(|e| fail(format!("cannot be read: {e}")))?.len();
        if length > BYTES_MAX {
            return Err(fail(format!("has {length} bytes; at most {BYTES_MAX} are read")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
        Ok(Self::new(path, text))
    }

    /// Reads the text as a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        serde_yaml::from_str(&self.text).map_err(|error| self.diagnose(&error))
    }

    /// Reads the text as a `T`, whether it is JSON or YAML. JSON is read by its own parser, so that every number and
    /// escape means what it means there; the places of mistakes come from this one.
    pub fn parse_json_or_yaml<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        let error = match serde_json::from_str(&self.text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let value = self.parse()?;
        if serde_json::from_str::<IgnoredAny>(&self.text).is_err() {
            return Ok(value);
        }
        // YAML takes a number for a text; JSON does not.
        let message = in_our_words(
            &error.to_string().replace(&format!(" at line {} column {}", error.line(), error.column()), ""),
        );
        let place = Some((error.line(), error.column()));
        Err(Diagnostic { file: self.name.clone(), place, message, hint: None, text: Some(Arc::clone(&self.text)) })
    }

    /// Reads the text as a JSON value. Duplicate keys and keys that are not text are mistakes.
    pub fn parse_json(&self) -> Result<Value, Diagnostic> {
        let yaml: serde_yaml::Value = self.parse()?;
        to_json(yaml).map_err(|message| self.at_pointer("", message))
    }

    /// A mistake at an RFC 6901 pointer into this file (at its key when [`KEY`] follows); at the nearest parent when
    /// the pointer leads nowhere.
    #[must_use]
    pub fn at_pointer(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let (pointer, mut key) = pointer.strip_suffix(KEY).map_or((pointer, false), |pointer| (pointer, true));
        let mut tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        let place = loop {
            if let Some(place) = self.locate(&tokens, key) {
                break Some(place);
            }
            key = false;
            if tokens.pop().is_none() {
                break None;
            }
        };
        Diagnostic {
            file: self.name.clone(),
            place,
            message: message.into(),
            hint: None,
            text: Some(Arc::clone(&self.text)),
        }
    }

    /// Whether an RFC 6901 pointer leads somewhere in this file.
    #[must_use]
    pub fn has(&self, pointer: &str) -> bool {
        let tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        self.locate(&tokens, false).is_some()
    }

    /// Line and column of the value that the tokens lead to, or of its key.
    fn locate(&self, tokens: &[String], key: bool) -> Option<(usize, usize)> {
        // The parser tells where an error was raised: a reader that follows the tokens and then raises one
        // finds the place, with no second parser that could disagree with the first.
        let deserializer = serde_yaml::Deserializer::from_str(&self.text);
        let error = Find { tokens, key }.deserialize(deserializer).err()?;
        if !error.to_string().contains(FOUND) {
            return None;
        }
        error.location().map(|at| (at.line(), at.column()))
    }

    /// Where a key stands for the second time in the map that begins at a line and column.
    fn second_line_of(&self, key: &str, (line, column): (usize, usize)) -> Option<(usize, usize)> {
        let is_key = |text: &str| {
            let own = text.get(column - 1..).unwrap_or_default();
            own.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        let lines = self.text.lines().enumerate().skip(line.saturating_sub(1));
        let (at, _) = lines.filter(|(_, text)| is_key(text)).nth(1)?;
        Some((at + 1, column))
    }

    fn diagnose(&self, error: &serde_yaml::Error) -> Diagnostic {
        let mut place = error.location().map(|at| (at.line(), at.column()));
        let message = in_our_words(&without_place(&error.to_string()));
        let hint = hint_for(&message);
        if let Some(second) = message.split("duplicate field `").nth(1).and_then(|rest| rest.split('`').next()) {
            // The parser names the whole map; the second of the two lines is where to look.
            place = place.and_then(|map| self.second_line_of(second, map)).or(place);
        }
        Diagnostic { file: self.name.clone(), place, message, hint, text: Some(Arc::clone(&self.text)) }
    }
}

impl Diagnostic {
    /// A mistake of a whole file.
    #[must_use]
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), place: None, message: message.into(), hint: None, text: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Place and message in one line, without the lines of the file.
    #[must_use]
    pub fn title(&self) -> String {
        let at = self.place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        format!("{}{at}: {}", self.file.display(), self.message)
    }

    fn excerpt(&self) -> Option<String> {
        let text = self.text.as_deref()?;
        let (line, column) = self.place?;
        let start = offset(text, line, column)?;
        let word = text[start..].find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'));
        let mut end = word.map_or(text.len(), |length| start + length);
        if text[start..end].ends_with(':') {
            end -= 1;
        }
        let quoted = text[start..].chars().next().filter(|c| matches!(c, '\'' | '"'));
        let closed = quoted.and_then(|quote| text[start + 1..].find(quote).map(|length| start + length + 2));
        // A text in quotes may have blanks in it.
        let end = closed.filter(|end| !text[start..*end].contains('\n')).unwrap_or(end).max(start);
        // Only the lines around the mistake are given to the renderer; a long file costs nothing.
        let first_line = line.saturating_sub(2).max(1);
        let window_start = offset(text, first_line, 1)?;
        let window_end = text[end..].find('\n').map_or(text.len(), |n| end + n);
        let mut annotation = AnnotationKind::Primary.span(start - window_start..end - window_start);
        if let Some(hint) = &self.hint {
            annotation = annotation.label(hint.as_str());
        }
        let window = &text[window_start..window_end];
        let snippet = Snippet::source(window).line_start(first_line).fold(false).annotation(annotation);
        let report = [Level::ERROR.no_name().primary_title("").element(snippet)];
        let drawn = Renderer::plain().render(&report);
        Some(drawn.lines().filter(|l| !l.trim().is_empty() && !l.starts_with(": ")).collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())?;
        match (self.excerpt(), &self.hint) {
            (Some(excerpt), _) => write!(f, "\n{excerpt}"),
            (None, Some(hint)) => write!(f, "\n  {hint}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Several mistakes as one text, a paragraph each.
#[must_use]
pub fn paragraphs(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Several mistakes as one text, a line each, without the lines of the files.
#[must_use]
pub fn titles(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::title).collect::<Vec<_>>().join("\n")
}

/// A JSON value as YAML.
pub fn print(value: &Value) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|error| error.to_string())
}

/// The candidate that a mistyped word is most likely to mean.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// A JSON value from a YAML one.
fn to_json(yaml: serde_yaml::Value) -> Result<Value, String> {
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
                serde_json::Number::from_f64(float).map(Value::Number).ok_or("JSON has no infinity and no NaN")?
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
                    other => return Err(format!("a key must be text, not {other:?}")),
                };
                object.insert(key, to_json(value)?);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => return Err(format!("the tag {} means nothing here", tagged.tag)),
    })
}

/// A JSON value inside a YAML file, read so that duplicate keys are found and text stays text.
pub fn json_value<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let yaml = <serde_yaml::Value as serde::Deserialize>::deserialize(deserializer)?;
    to_json(yaml).map_err(D::Error::custom)
}

const FOUND: &str = "\u{1}found";

/// Follows tokens through a document and raises [`FOUND`] at their end, or at the last key.
struct Find<'a> {
    tokens: &'a [String],
    key: bool,
}

/// A key of a map; raises [`FOUND`] when it is this one.
struct FindKey<'a>(Option<&'a str>);

impl<'de> DeserializeSeed<'de> for FindKey<'_> {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FindKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if self.0 == Some(key) { Err(E::custom(FOUND)) } else { Ok(key.to_owned()) }
    }
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Find<'_> {
    fn scalar<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.tokens.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Find<'_> {
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
        let Some((first, rest)) = self.tokens.split_first() else { return Err(A::Error::custom(FOUND)) };
        let mut index = 0usize;
        loop {
            if *first == index.to_string() {
                if items.next_element_seed(Find { tokens: rest, key: self.key })?.is_none() {
                    return Ok(());
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else { return Err(A::Error::custom(FOUND)) };
        let wanted = (self.key && rest.is_empty()).then_some(first.as_str());
        while let Some(key) = entries.next_key_seed(FindKey(wanted))? {
            if key == *first {
                entries.next_value_seed(Find { tokens: rest, key: self.key })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The byte offset of a line and column, both from 1; columns count characters.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].find('\n')? + 1;
    }
    let rest = &text[start..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    Some(start + within)
}

/// The parser's message without the place, which is shown beside it.
fn without_place(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) if message[at..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') => message[..at].to_owned(),
        _ => message.to_owned(),
    }
}

/// The parser speaks of Rust's types; a file has none.
fn in_our_words(message: &str) -> String {
    let mut message = message.replace("invalid type: ", "wrong type: ").replace("missing field", "missing key");
    for (theirs, ours) in [
        ("expected u64", "expected a whole number from 0"),
        ("expected u32", "expected a whole number from 0"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected usize", "expected a whole number from 0"),
        ("wrong type: map,", "wrong type: a map,"),
        ("unknown variant `", "unknown word `"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        ("expected a string", "expected text"),
        ("wrong type: unit value", "wrong type: nothing"),
        ("wrong type: string ", "wrong type: text "),
        ("invalid value: ", "wrong value: "),
        ("expected a sequence", "expected a list"),
        ("sequence, expected", "a list, expected"),
        ("expected any YAML value", "expected a smaller number, or text in quotes"),
        (" as u128", ""),
    ] {
        message = message.replace(theirs, ours);
    }
    if let Some((before, after)) = message.split_once("expected struct ") {
        let rest = after.find(|c: char| !c.is_alphanumeric()).map_or("", |end| &after[end..]);
        message = format!("{before}expected a map{rest}");
    }
    message
}

/// "did you mean": serde names the wrong word and the valid ones; the nearest of them is the hint.
#[must_use]
pub fn hint_for(message: &str) -> Option<String> {
    if message.contains("tab character") {
        return Some("indent with blanks".to_owned());
    }
    if message.contains("duplicate") {
        return Some("remove one of them".to_owned());
    }
    let kinds = ["unknown field `", "unknown word `"];
    let (_, rest) = kinds.into_iter().find_map(|kind| message.split_once(kind))?;
    let (word, rest) = rest.split_once('`')?;
    let valid: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    Some(match nearest(word, valid.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("write one of: {}", valid.join(", ")),
    })
}

#[cfg(test)]
#[path = "yaml/tests.rs"]
mod tests;
