//! Secrets are replaced before anything is kept: what stands under the names that secrets have, and the key of the
//! request itself wherever it stands.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "***";

/// Words that names of secrets have in them. Case does not matter, nor do `-` and `_`.
const WORDS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "readkey",
    "writekey",
    "connectionstring",
    "authorization",
    "cookie",
    "signature",
];

/// Finds the words, with anything between their parts that a name may have there.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"passw(or)?d|passphrase|pwd|secret|token|(api|private|access|read|write)[_-]?key|connection[_-]?string|authorization|cookie|signature";
    RegexBuilder::new(words).case_insensitive(true).unicode(false).build().ok()
});

/// Shorter keys could be any word.
const KEY_CHARS_MIN: usize = 6;

/// Whether a request's key is looked for everywhere.
#[must_use]
pub fn is_worth_hiding(key: &str) -> bool {
    key.len() >= KEY_CHARS_MIN
}

/// Whether what has this name is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| plain.contains(word))
}

fn names_secret(text: &[u8]) -> bool {
    // A pattern that could not be built would hide nothing: then everything is taken for a secret.
    SECRET.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// A text with the key replaced, in both of the forms that it can have in a URL.
pub(crate) fn without_key<'t>(text: &'t str, key: Option<&str>) -> Cow<'t, str> {
    match key {
        Some(key) if text.contains(key) => Cow::Owned(text.replace(key, REDACTED)),
        _ => Cow::Borrowed(text),
    }
}

/// Replaces the key in names, which are counted as they were sent.
pub fn hide_in_names(query: &mut [(String, String)], body: &mut Value, key: &str) {
    for (name, _) in query {
        if name.contains(key) {
            *name = name.replace(key, REDACTED);
        }
    }
    hide_in_names_of(body, key);
}

fn hide_in_names_of(value: &mut Value, key: &str) {
    match value {
        Value::Object(object) => {
            if object.keys().any(|name| name.contains(key)) {
                *object = std::mem::take(object)
                    .into_iter()
                    .map(|(name, value)| (name.replace(key, REDACTED), value))
                    .collect();
            }
            object.values_mut().for_each(|value| hide_in_names_of(value, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_in_names_of(item, key)),
        _ => {}
    }
}

/// Adds path and query.
pub(crate) fn push_url(to: &mut String, path: &str, query: Option<&str>, key: Option<&str>) {
    to.push_str(&without_key(path, key));
    let Some(query) = query else { return };
    to.push('?');
    push_pairs(to, query, key);
}

/// A query or a form without its secrets.
#[must_use]
pub fn form(pairs: &str) -> String {
    let mut clean = String::with_capacity(pairs.len());
    push_pairs(&mut clean, pairs, None);
    clean
}

fn push_pairs(to: &mut String, query: &str, key: Option<&str>) {
    if !names_secret(query.as_bytes()) {
        to.push_str(&without_key(query, key));
        return;
    }
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            to.push('&');
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        if is_secret(&decoded) && !value.is_empty() {
            to.push_str(name);
            to.push('=');
            to.push_str(REDACTED);
        } else {
            to.push_str(&without_key(pair, key));
        }
    }
}

/// Adds a header's value. Of credentials the scheme stays.
pub(crate) fn push_header(to: &mut String, name: &HeaderName, value: &HeaderValue, key: Option<&str>) {
    let text = String::from_utf8_lossy(value.as_bytes());
    if names_secret(name.as_str().as_bytes()) {
        let scheme = text.split_once(' ').map(|(scheme, _)| scheme);
        let scheme = scheme.filter(|scheme| ["basic", "bearer"].contains(&scheme.to_ascii_lowercase().as_str()));
        if let Some(scheme) = scheme {
            to.push_str(scheme);
            to.push(' ');
        }
        to.push_str(REDACTED);
    } else {
        to.push_str(&without_key(&text, key));
    }
}

/// A body without its secrets, at most `bytes_max` of it, and whether that is all. One that names no secret is not
/// copied.
#[must_use]
pub fn body(bytes: &Bytes, bytes_max: usize, key: Option<&str>) -> (Bytes, Kept) {
    let kept = bytes.slice(..bytes.len().min(bytes_max));
    // A key that is cut in two is half of a secret still.
    let holds_key = key.is_some_and(|key| holds(&bytes[..bytes.len().min(bytes_max.saturating_add(key.len()))], key));
    if !names_secret(&kept) && !holds_key && !may_hide_names(&kept) {
        let how = if kept.len() < bytes.len() { Kept::Beginning } else { Kept::All };
        return (kept, how);
    }
    // The key of a value that is kept stands before it, so the whole body is looked at only now.
    let clean = match serde_json::from_slice::<Value>(bytes) {
        Ok(mut value) => {
            hide(&mut value, key);
            Bytes::from(value.to_string())
        }
        Err(_) => Bytes::from(plain_text(&String::from_utf8_lossy(bytes), key)),
    };
    if clean.len() > bytes_max { (clean.slice(..bytes_max), Kept::Beginning) } else { (clean, Kept::All) }
}

/// How much of a body is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// All of it, secrets apart.
    #[default]
    All,
    /// Only its beginning.
    Beginning,
}

fn holds(bytes: &[u8], key: &str) -> bool {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).contains(key), |text| text.contains(key))
}

/// In JSON every letter of a name can be written as an escape.
fn may_hide_names(bytes: &[u8]) -> bool {
    bytes.contains(&b'\\') && bytes.windows(2).any(|two| two == b"\\u")
}

/// Replaces secrets in a value.
pub fn hide(value: &mut Value, key: Option<&str>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if is_secret(name) && !value.is_null() && !value.is_boolean() {
                    *value = REDACTED.into();
                } else {
                    hide(value, key);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, key)),
        Value::String(text) => {
            if let Cow::Owned(clean) = without_key(text, key) {
                *text = clean;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is no JSON cannot be taken apart with certainty: from the first name of a secret on nothing is kept.
fn plain_text(text: &str, key: Option<&str>) -> String {
    let found =
        SECRET.as_ref().and_then(|pattern| pattern.find(text.as_bytes())).map_or(text.len(), |found| found.end());
    let mut clean = without_key(text.get(..found).unwrap_or_default(), key).into_owned();
    if found < text.len() {
        clean.push_str(REDACTED);
    }
    clean
}
