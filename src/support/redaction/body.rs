//! Redaction of bodies: JSON, URL-encoded forms, XML, and anything else.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::decode::{decode, is_encoded};
use super::names::{
    assigns_secret, hides_value, is_mapped_header, is_only_secret_name, is_secret_header, is_secret_name,
    is_suspicious, names_secret_of_pair,
};
use super::xml::redact_xml;
use super::{REDACTED, Redactor, values};
use crate::support::json_syntax::OutsideStrings;
use crate::support::json_text;

/// Members that stay readable beside the name of a secret: they say what kind of thing it is.
const DESCRIBING_MEMBERS: [&str; 9] =
    ["id", "type", "name", "key", "label", "description", "op", "created_at", "updated_at"];

/// The member of a call that has its headers, as in the transactions of events.
const HEADERS: &str = "headers";

/// How much of a body is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// The whole body, with secrets replaced.
    #[default]
    Complete,
    /// Only the beginning.
    Truncated,
}

impl Redactor {
    /// Redacts a body and truncates it to `bytes_max`. A body without secrets is not copied.
    #[must_use]
    pub fn body(&self, bytes: &Bytes, bytes_max: usize) -> (Bytes, Completeness) {
        // All of it is searched: the name of a secret can follow its value, and truncation could cut a text in two.
        let redacted = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => Some(REDACTED.to_owned()),
            Ok(text) if !self.is_clean(text) => self.redact_text_body(text),
            Ok(_) => None,
            // In another character set or compressed, so that nothing can be found in it.
            Err(_) => Some(REDACTED.to_owned()),
        };
        let whole = redacted.map_or_else(|| bytes.clone(), Bytes::from);
        if whole.len() > bytes_max {
            (whole.slice(..bytes_max), Completeness::Truncated)
        } else {
            (whole, Completeness::Complete)
        }
    }

    /// The redacted text; `None` when it contains no secret.
    fn redact_text_body(&self, text: &str) -> Option<String> {
        if let Ok(mut value) = json_text::parse(text.as_bytes()) {
            let is_changed = self.value(&mut value);
            // Of two members with the same name, only the last one was parsed.
            return (is_changed || count_colons(text) != count_members(&value)).then(|| value.to_string());
        }
        let redacted = redact_nested(self, text);
        (redacted != text).then_some(redacted)
    }

    /// Replaces the secrets in a JSON value. True when there were any.
    pub fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(items) => {
                // A pair as a list: `["password", "..."]`.
                let is_pair =
                    items.len() == 2 && items.first().and_then(Value::as_str).is_some_and(is_only_secret_name);
                if is_pair && let Some(value) = items.get_mut(1) {
                    return self.replace(value);
                }
                items.iter_mut().fold(false, |is_changed, item| self.value(item) | is_changed)
            }
            Value::String(text) => {
                let redacted = self.text(text);
                let is_changed = *redacted != **text;
                if is_changed {
                    *text = redacted.into_owned();
                }
                is_changed
            }
            Value::Number(number) => {
                let text = number.to_string();
                let is_changed = *self.text(&text) != *text;
                if is_changed {
                    *value = REDACTED.into();
                }
                is_changed
            }
            Value::Null | Value::Bool(_) => false,
        }
    }

    fn object(&self, object: &mut Map<String, Value>) -> bool {
        let names_secret =
            object.iter().any(|(name, value)| value.as_str().is_some_and(|text| names_secret_of_pair(name, text)));
        let maps_header = self.is_strict() && object.values().any(|value| value.as_str().is_some_and(is_mapped_header));
        let mut is_changed = false;
        for (name, value) in object.iter_mut() {
            is_changed |= match value {
                Value::Object(headers) if name == HEADERS && self.is_strict() => self.headers_of_value(headers),
                Value::String(text) if maps_header => replace_text(text, values::redact_bearer),
                _ => false,
            };
            let is_secret = is_secret_name(name) || names_secret && !DESCRIBING_MEMBERS.contains(&&**name);
            is_changed |= if is_secret { self.replace(value) } else { self.value(value) };
        }
        if object.keys().any(|name| *self.name(name) != **name) {
            let members = std::mem::take(object).into_iter();
            *object = members.map(|(name, value)| (self.name(&name).into_owned(), value)).collect();
            is_changed = true;
        }
        is_changed
    }

    /// Redacts the headers of a recorded call. Names of secrets are left to [`Self::object`].
    fn headers_of_value(&self, headers: &mut Map<String, Value>) -> bool {
        let mut is_changed = false;
        for (name, value) in headers.iter_mut().filter(|(name, _)| !is_secret_name(name)) {
            let name = name.to_ascii_lowercase();
            is_changed |= match value {
                Value::String(text) => replace_text(text, |text| self.header(&name, text).into()),
                value if is_secret_header(&name) => self.replace(value),
                _ => false,
            };
        }
        is_changed
    }

    /// Replaces a value that is secret by its name. Flags are not.
    fn replace(&self, value: &mut Value) -> bool {
        self.remember_all(value);
        let is_changed = !matches!(value, Value::Null | Value::Bool(_)) && *value != REDACTED;
        if is_changed {
            *value = REDACTED.into();
        }
        is_changed
    }

    fn remember_all(&self, value: &Value) {
        match value {
            Value::Object(object) => object.values().for_each(|value| self.remember_all(value)),
            Value::Array(items) => items.iter().for_each(|item| self.remember_all(item)),
            Value::String(text) => self.remember(text),
            Value::Number(number) => self.remember(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Replaces a text with what is made of it. True when they differ.
fn replace_text(text: &mut String, redact: impl FnOnce(&str) -> Cow<'_, str>) -> bool {
    let redacted = redact(text);
    let is_changed = *redacted != **text;
    if is_changed {
        *text = redacted.into_owned();
    }
    is_changed
}

/// Redacts a text by its structure: JSON, XML or a form. Without a structure all of it is replaced when it names a secret.
pub(super) fn redact_nested(redactor: &Redactor, text: &str) -> String {
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '['])
        && let Ok(mut value) = json_text::parse(text.as_bytes())
    {
        redactor.value(&mut value);
        return value.to_string();
    }
    if trimmed.starts_with('<')
        && let Some(redacted) = redact_xml(redactor, text)
    {
        return redacted;
    }
    if is_form(text) {
        return redact_form(redactor, text);
    }
    // What a secret's name is in, and where its value ends, is not known.
    if names_secret(text) {
        return REDACTED.to_owned();
    }
    let redacted = redactor.replace_values(text);
    let decoded = decode(&redacted);
    let is_hidden = *decoded != *redacted && *redactor.replace_values(&decoded) != *decoded;
    if is_hidden { REDACTED.to_owned() } else { redacted.into_owned() }
}

/// Whether the text contains the name of a secret anywhere.
fn names_secret(text: &str) -> bool {
    if !is_suspicious(text.as_bytes()) {
        return false;
    }
    let decoded = decode(text);
    is_secret_name(&decoded) || is_secret_name(text)
}

/// Whether a text has values that can be looked at one by one.
pub(super) fn has_structure(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '<']) || is_form(text)
}

/// Forms escape what other formats are made of.
fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || "\"<>{}".contains(c))
}

pub(super) fn redact_form(redactor: &Redactor, form: &str) -> String {
    // No form, but the entities of another format, whose `&` separates nothing.
    if form.contains("&#") {
        let decoded = decode(form);
        let is_secret = names_secret(form) || *redactor.replace_values(&decoded) != *decoded;
        return if is_secret { REDACTED } else { form }.to_owned();
    }
    let pairs: Vec<(&str, Option<&str>)> = form
        .split('&')
        .map(|pair| pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value))))
        .collect();
    // A pair of parameters: `name=password&value=...`.
    let names_secret = pairs.iter().any(|(name, value)| value.is_some_and(|value| names_secret_of_pair(name, value)));
    let mut redacted = String::with_capacity(form.len());
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            redacted.push('&');
        }
        redacted.push_str(&redact_parameter_name(redactor, name));
        let Some(value) = value else { continue };
        redacted.push('=');
        let spaced = name.replace('+', " ");
        // The secret can look like a name of one; only the parameter that names it stays.
        let is_pair = names_secret && !names_secret_of_pair(name, value) && !DESCRIBING_MEMBERS.contains(&name);
        if value.is_empty() {
            continue;
        }
        // In UTF-7, `+` is no space.
        let is_secret = is_secret_name(&spaced) || name.contains("+A") && is_secret_name(name);
        if is_secret || is_pair {
            redactor.remember(&decode(value));
            redacted.push_str(REDACTED);
            continue;
        }
        redacted.push_str(&redact_parameter(redactor, value));
    }
    redacted
}

fn redact_parameter_name<'n>(redactor: &Redactor, name: &'n str) -> Cow<'n, str> {
    let spaced = name.replace('+', " ");
    if hides_value(&spaced) { Cow::Borrowed(REDACTED) } else { redactor.name(name) }
}

/// The value of a form's parameter, which is left as it is when it contains no secret.
fn redact_parameter<'v>(redactor: &Redactor, value: &'v str) -> Cow<'v, str> {
    let spaced = value.replace('+', " ");
    let decoded = decode(&spaced);
    if is_encoded(&decoded) {
        return Cow::Borrowed(REDACTED);
    }
    if *redactor.replace_values(&decoded) != *decoded || assigns_secret(&spaced) {
        let in_place = redactor.replace_values(value);
        // Where the text is not encoded, only the text is replaced.
        let is_enough = *in_place != *value && !assigns_secret(&spaced) && *redactor.text(&in_place) == *in_place;
        return if is_enough { in_place } else { Cow::Borrowed(REDACTED) };
    }
    Cow::Borrowed(value)
}

/// The colons of a JSON text outside of strings: one for each member.
fn count_colons(text: &str) -> usize {
    OutsideStrings::new(text.as_bytes()).filter(|byte| *byte == b':').count()
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(count_members).sum::<usize>(),
        Value::Array(items) => items.iter().map(count_members).sum(),
        _ => 0,
    }
}
