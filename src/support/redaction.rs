//! Redaction: secrets are replaced before anything is recorded.
//!
//! Two things are replaced: values whose name contains one of `SECRET_WORDS`, and the API key of the request wherever
//! it occurs. A new kind of secret is a new entry in that list; every function here and every caller uses it.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use regex::bytes::{Match, Regex, RegexBuilder};
use serde_json::Value;

/// The replacement for a secret.
pub const REDACTED: &str = "***";

/// Words that mark a name as the name of a secret. Case is ignored; at a space, any number of `-` and `_` may stand.
const SECRET_WORDS: [&str; 15] = [
    "pass word",
    "pass wd",
    "pass phrase",
    "pwd",
    "secret",
    "token",
    "api key",
    "private key",
    "access key",
    "read key",
    "write key",
    "connection string",
    "authorization",
    "cookie",
    "signature",
];

static SECRET_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = SECRET_WORDS.join("|").replace(' ', "[-_]*");
    RegexBuilder::new(&words).case_insensitive(true).unicode(false).build().ok()
});

/// Shorter keys could be any word, so that replacing them everywhere would damage the record.
const KEY_BYTES_MIN: usize = 6;

/// True when a request's API key is long enough to be replaced wherever it occurs.
#[must_use]
pub fn is_redactable_key(key: &str) -> bool {
    key.len() >= KEY_BYTES_MIN
}

/// True when a value of this name is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    contains_secret_word(name.as_bytes())
}

fn contains_secret_word(text: &[u8]) -> bool {
    // Without a pattern nothing would be redacted, so that everything counts as secret then.
    SECRET_PATTERN.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// Replaces the API key in a text.
pub(crate) fn redact_key<'t>(text: &'t str, key: Option<&str>) -> Cow<'t, str> {
    match key {
        Some(key) if text.contains(key) => Cow::Owned(text.replace(key, REDACTED)),
        _ => Cow::Borrowed(text),
    }
}

/// Replaces the API key in the names of query parameters and body properties, which coverage counts as they were sent.
pub fn redact_key_in_names(query: &mut [(String, String)], body: &mut Value, key: &str) {
    for (name, _) in query {
        if name.contains(key) {
            *name = name.replace(key, REDACTED);
        }
    }
    redact_key_in_property_names(body, key);
}

fn redact_key_in_property_names(value: &mut Value, key: &str) {
    match value {
        Value::Object(object) => {
            if object.keys().any(|name| name.contains(key)) {
                *object = std::mem::take(object)
                    .into_iter()
                    .map(|(name, value)| (name.replace(key, REDACTED), value))
                    .collect();
            }
            object.values_mut().for_each(|value| redact_key_in_property_names(value, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_key_in_property_names(item, key)),
        _ => {}
    }
}

/// Appends path and query to `target`, redacted.
pub(crate) fn push_url(target: &mut String, path: &str, query: Option<&str>, key: Option<&str>) {
    target.push_str(&redact_key(path, key));
    let Some(query) = query else { return };
    target.push('?');
    push_form(target, query, key);
}

/// Replaces the secrets in a query string or an URL-encoded form.
#[must_use]
pub fn redact_form(form: &str) -> String {
    let mut redacted = String::with_capacity(form.len());
    push_form(&mut redacted, form, None);
    redacted
}

fn push_form(target: &mut String, form: &str, key: Option<&str>) {
    if !contains_secret_word(form.as_bytes()) {
        target.push_str(&redact_key(form, key));
        return;
    }
    for (index, pair) in form.split('&').enumerate() {
        if index > 0 {
            target.push('&');
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        if is_secret_name(&decoded) && !value.is_empty() {
            target.push_str(name);
            target.push('=');
            target.push_str(REDACTED);
        } else {
            target.push_str(&redact_key(pair, key));
        }
    }
}

/// Appends a header value to `target`, redacted. The scheme of Basic and Bearer credentials stays.
pub(crate) fn push_header(target: &mut String, name: &HeaderName, value: &HeaderValue, key: Option<&str>) {
    let text = String::from_utf8_lossy(value.as_bytes());
    if is_secret_name(name.as_str()) {
        let scheme = text.split_once(' ').map(|(scheme, _)| scheme);
        let scheme = scheme.filter(|scheme| ["basic", "bearer"].contains(&scheme.to_ascii_lowercase().as_str()));
        if let Some(scheme) = scheme {
            target.push_str(scheme);
            target.push(' ');
        }
        target.push_str(REDACTED);
    } else {
        target.push_str(&redact_key(&text, key));
    }
}

/// Redacts a body and truncates it to `bytes_max`. A body without secrets is not copied.
#[must_use]
pub fn redact_body(bytes: &Bytes, bytes_max: usize, key: Option<&str>) -> (Bytes, Completeness) {
    let beginning = bytes.slice(..bytes.len().min(bytes_max));
    // The search goes beyond the limit, so that no part of a key remains when truncation would cut it in two.
    let has_key = key.is_some_and(|key| contains(&bytes[..bytes.len().min(bytes_max.saturating_add(key.len()))], key));
    if !contains_secret_word(&beginning) && !has_key && !has_unicode_escapes(&beginning) {
        let is_truncated = beginning.len() < bytes.len();
        return (beginning, if is_truncated { Completeness::Truncated } else { Completeness::Complete });
    }
    // Names precede their values, so that looking at the beginning was enough to decide; only now all is parsed.
    let redacted = match serde_json::from_slice::<Value>(bytes) {
        Ok(mut value) => {
            redact_value(&mut value, key);
            Bytes::from(value.to_string())
        }
        Err(_) => Bytes::from(redact_text(&String::from_utf8_lossy(bytes), key)),
    };
    if redacted.len() > bytes_max {
        (redacted.slice(..bytes_max), Completeness::Truncated)
    } else {
        (redacted, Completeness::Complete)
    }
}

/// How much of a body is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// The whole body, with secrets replaced.
    #[default]
    Complete,
    /// Only the beginning.
    Truncated,
}

fn contains(bytes: &[u8], key: &str) -> bool {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).contains(key), |text| text.contains(key))
}

/// JSON can spell a name with `\u` escapes, which the search for secret words does not see.
fn has_unicode_escapes(bytes: &[u8]) -> bool {
    bytes.contains(&b'\\') && bytes.windows(2).any(|two| two == b"\\u")
}

/// Replaces the secrets in a JSON value.
pub fn redact_value(value: &mut Value, key: Option<&str>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if is_secret_name(name) && !value.is_null() && !value.is_boolean() {
                    *value = REDACTED.into();
                } else {
                    redact_value(value, key);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, key)),
        Value::String(text) => {
            if let Cow::Owned(redacted) = redact_key(text, key) {
                *text = redacted;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Redacts text that is not JSON. Its structure is unknown, so that everything after the first secret word is removed.
fn redact_text(text: &str, key: Option<&str>) -> String {
    let first_match = SECRET_PATTERN.as_ref().and_then(|pattern| pattern.find(text.as_bytes()));
    let end = first_match.as_ref().map_or(text.len(), Match::end);
    let mut redacted = redact_key(text.get(..end).unwrap_or_default(), key).into_owned();
    if end < text.len() {
        redacted.push_str(REDACTED);
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_secret_word_are_secret() {
        for name in ["password", "API_KEY", "x-api-key", "apiKey", "client_secret", "pass-phrase", "connection__string"]
        {
            assert!(is_secret_name(name), "{name}");
            let body = Bytes::from(format!("{{\"{name}\":\"hush\"}}"));
            assert_eq!(redact_body(&body, 1000, None).0, format!("{{\"{name}\":\"***\"}}"), "{name}");
            assert_eq!(redact_form(&format!("a=b&{name}=hush")), format!("a=b&{name}=***"));
        }
        for name in ["name", "key", "monkey", "path", "access"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
