//! Redaction: secrets are replaced before anything is shown, logged, exported or written. Every output goes through the
//! [`Redactor`].
//!
//! These are secrets: values whose name is that of a secret ([`names`] has the one list), texts that are known to be
//! secret (the credentials of the request, the token of the control API), and texts that have the form
//! of a secret: numbers of payment cards and social security, passwords in URLs, tokens. All are found after decoding:
//! percent-encoding, JSON escapes, XML entities, UTF-7 and base64 do not hide them.
//!
//! Where the structure of a text is not known, or it is damaged, all of it is replaced as soon as it names a secret.
//!
//! | module | holds |
//! |---|---|
//! | `body` | bodies: JSON, forms, XML, anything else |
//! | `xml` | XML documents |
//! | `sentence` | sentences, of which only the secret is replaced |
//! | `path` | paths, and the values after names in them |
//! | [`names`] | the names of secrets |
//! | `texts` | texts that are known to be secret |
//! | `numbers` | card and social security numbers |
//! | `values` | credentials in URLs, after `Basic` and `Bearer`, JSON Web Tokens |
//! | `decode` | removes encodings |
//! | `base64` | decodes base64 |
//!
//! Each module uses only modules below it in this table, and [`Redactor`].

mod base64;
mod body;
mod decode;
pub mod names;
mod numbers;
mod path;
mod sentence;
#[cfg(test)]
mod tests;
mod texts;
mod values;
mod xml;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use http::Method;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use serde_json::Value;

pub use base64::decode as decode_base64;
pub use body::Completeness;
use names::{assigns_secret, hides_value, is_suspicious};
pub use names::{is_secret_header, is_secret_name, is_secret_property};
pub use numbers::is_bare_social_security_number;
pub use texts::SecretTexts;

/// The replacement for a secret.
pub const REDACTED: &str = "***";

/// Shorter values that are secret by their name could be any word, so that they are not replaced elsewhere.
const FOUND_BYTES_MIN: usize = 10;

/// The longest value that is searched for in the rest of an exchange, in bytes.
const FOUND_BYTES_MAX: usize = 4 * 1024;

/// How many values are searched for: those of the mappings of large flows, and more. Each is searched for in every text.
const FOUND_MAX: usize = 500;

/// The length of all values that are searched for, in bytes. The journal keeps them with the exchange.
const FOUND_TOTAL_BYTES_MAX: usize = 64 * 1024;

/// How many layers of base64 are decoded.
const BASE64_LAYERS_MAX: usize = 4;

/// Who reads a redacted text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Audience {
    /// The user of the mock: the journal, the log, reports.
    #[default]
    Developer,
    /// A client of the simulated API, whose events show the calls to recipients.
    Client,
}

/// Replaces secrets. Holds the texts that are secret wherever they occur.
#[derive(Debug, Default)]
pub struct Redactor {
    audience: Audience,
    texts: SecretTexts,
    /// Values that were replaced because of their names: a response can repeat them under another name.
    found: RefCell<FoundValues>,
}

#[derive(Debug, Default)]
struct FoundValues {
    values: BTreeSet<String>,
    /// Their length in bytes.
    bytes: usize,
}

impl Redactor {
    /// A redactor that also replaces these texts wherever they occur.
    #[must_use]
    pub fn new(texts: SecretTexts) -> Self {
        Self { texts, ..Self::default() }
    }

    /// A redactor of the calls in events, as clients of the simulated API get them. It keeps what can be something else than
    /// a secret: words after `Bearer`, and segments of paths inside of a text.
    #[must_use]
    pub fn of_stored_call() -> Self {
        Self { audience: Audience::Client, ..Self::default() }
    }

    fn is_strict(&self) -> bool {
        self.audience == Audience::Developer
    }

    /// The texts that are replaced wherever they occur.
    #[must_use]
    pub fn texts(&self) -> &SecretTexts {
        &self.texts
    }

    /// A redactor that also replaces the values that this one has found so far; `None` when it has found none.
    #[must_use]
    pub fn with_found_values(&self) -> Option<Self> {
        let found = &self.found.borrow().values;
        let texts = || self.texts.with(found.iter().cloned());
        (!found.is_empty()).then(|| Self { audience: self.audience, ..Self::new(texts()) })
    }

    /// The values that were replaced because of their names or their forms.
    pub fn into_found_values(self) -> impl Iterator<Item = String> {
        self.found.into_inner().values.into_iter()
    }

    /// Remembers a value that is secret by its name or its form, for [`Self::with_found_values`].
    pub fn remember(&self, value: &str) {
        let value = value.trim();
        let is_word = value.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_. ".contains(&byte));
        let has_length = (FOUND_BYTES_MIN..=FOUND_BYTES_MAX).contains(&value.len());
        if !has_length || is_word && value.len() < 2 * FOUND_BYTES_MIN {
            return;
        }
        let FoundValues { values, bytes } = &mut *self.found.borrow_mut();
        let has_room = values.len() < FOUND_MAX && *bytes + value.len() <= FOUND_TOTAL_BYTES_MAX;
        if has_room && !values.contains(value) && !self.texts.iter().any(|known| known == value) {
            *bytes += value.len();
            values.insert(value.to_owned());
        }
    }

    /// True when a text contains one of the known texts, or was truncated within one.
    #[must_use]
    pub fn has_text(&self, text: &str) -> bool {
        self.texts.found_in(text).next().is_some() || self.is_truncated_within_text(text)
    }

    /// True when a long text ends with the beginning of one of the known texts.
    #[must_use]
    pub fn is_truncated_within_text(&self, text: &str) -> bool {
        self.texts.truncated_in(text).is_some()
    }

    /// True when a text certainly contains no secret, so that it does not have to be redacted.
    #[must_use]
    pub fn is_clean(&self, text: &str) -> bool {
        !self.has_text(text) && (!is_suspicious(text.as_bytes()) || self.is_clean_when_decoded(text))
    }

    /// True when a text is suspicious for its encodings alone: `email=a%40b.org`.
    fn is_clean_when_decoded(&self, text: &str) -> bool {
        let Cow::Owned(decoded) = decode::decode(text) else { return false };
        if decode::is_encoded(&decoded) || self.has_text(&decoded) || is_suspicious(decoded.as_bytes()) {
            return false;
        }
        // In a form, a plus sign is a space, which can separate the words of a name or the digits of a card.
        !text.contains('+') || {
            let spaced = decode::decode(&text.replace('+', " ")).into_owned();
            !self.has_text(&spaced) && !is_suspicious(spaced.as_bytes())
        }
    }

    /// Replaces what is secret by its value alone.
    fn replace_values<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace_values_below(text, BASE64_LAYERS_MAX)
    }

    fn replace_values_below<'t>(&self, text: &'t str, layers: usize) -> Cow<'t, str> {
        let mut redacted = Cow::Borrowed(text);
        for secret in self.texts.found_in(text) {
            redacted = Cow::Owned(redacted.replace(secret, REDACTED));
        }
        if let Some(at) = self.texts.truncated_in(&redacted) {
            redacted.to_mut().replace_range(at.., REDACTED);
        }
        if let Cow::Owned(changed) = numbers::redact_numbers(&redacted) {
            redacted = Cow::Owned(changed);
        }
        if let Cow::Owned(changed) = values::redact_credentials(&redacted, |secret| self.remember(secret)) {
            redacted = Cow::Owned(changed);
        }
        if self.is_strict() {
            redacted = self.replace_in_paths(redacted);
            if let Cow::Owned(changed) = values::redact_bearer_in_text(&redacted) {
                redacted = Cow::Owned(changed);
            }
        }
        let hidden = self.hidden_in_base64(&redacted, layers);
        for range in hidden.into_iter().rev() {
            redacted.to_mut().replace_range(range, REDACTED);
        }
        redacted
    }

    /// The base64 texts that contain a secret. Compressed data can contain one.
    fn hidden_in_base64(&self, text: &str, layers: usize) -> Vec<Range<usize>> {
        let Some(layers) = layers.checked_sub(1) else { return Vec::new() };
        let is_secret =
            |decoded: &str| assigns_secret(decoded) || *self.replace_values_below(decoded, layers) != *decoded;
        base64::runs(text)
            .filter(|(_, decoded)| decoded.as_deref().is_none_or(is_secret))
            .map(|(range, _)| range)
            .collect()
    }

    /// Redacts a text of any kind.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !is_suspicious(text.as_bytes()) {
            return if self.has_text(text) { self.replace_values(text) } else { Cow::Borrowed(text) };
        }
        let redacted = self.replace_values(text);
        let decoded = decode::decode(&redacted);
        let hides_value = *decoded != *redacted && *self.replace_values(&decoded) != *decoded;
        if hides_value || decode::is_encoded(&decoded) {
            return Cow::Borrowed(REDACTED);
        }
        let can_hide_token = || self.is_strict() && body::has_structure(&redacted) && values::has_bearer(&redacted);
        if !assigns_secret(&redacted) && !can_hide_token() {
            return redacted;
        }
        Cow::Owned(self.structured_text(&redacted))
    }

    /// Redacts a text that names a secret beside a value: a URL, or a body inside of a value.
    fn structured_text(&self, text: &str) -> String {
        if let Some((base, query)) = text.split_once('?')
            && !text.contains(|c: char| c.is_whitespace() || "\"'<>{}".contains(c))
            && !assigns_secret(base)
        {
            return format!("{base}?{}", self.form(query));
        }
        body::redact_nested(self, text)
    }

    /// Redacts a name, which can contain a known text or a value: `?password%3Dx`.
    #[must_use]
    pub fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if !is_suspicious(name.as_bytes()) && !self.has_text(name) {
            return Cow::Borrowed(name);
        }
        if hides_value(name) {
            return Cow::Borrowed(REDACTED);
        }
        let redacted = self.replace_values(name);
        let decoded = decode::decode(&redacted);
        if *decoded != *redacted && *self.replace_values(&decoded) != *decoded {
            return Cow::Borrowed(REDACTED);
        }
        redacted
    }

    /// Redacts the names of query parameters and body properties, which coverage counts as they were sent.
    pub fn names_of_parameters(&self, query: &mut [(String, String)], body: &mut Value) {
        for (name, _) in query {
            let redacted = self.name(name);
            if *redacted != **name {
                *name = redacted.into_owned();
            }
        }
        self.names_of_properties(body);
    }

    fn names_of_properties(&self, value: &mut Value) {
        match value {
            Value::Object(object) => {
                if object.keys().any(|name| *self.name(name) != **name) {
                    *object = std::mem::take(object)
                        .into_iter()
                        .map(|(name, value)| (self.name(&name).into_owned(), value))
                        .collect();
                }
                object.values_mut().for_each(|value| self.names_of_properties(value));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.names_of_properties(item)),
            _ => {}
        }
    }

    /// Path and query, redacted.
    #[must_use]
    pub fn url(&self, path: &str, query: Option<&str>) -> String {
        let mut url =
            if is_suspicious(path.as_bytes()) || self.has_text(path) { self.path(path) } else { path.to_owned() };
        if let Some(query) = query {
            url.push('?');
            url.push_str(&self.form(query));
        }
        url
    }

    /// Redacts a URL with scheme and host.
    #[must_use]
    pub fn absolute_url(&self, url: &str) -> String {
        let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
        let host_at = base.find("://").map_or(0, |at| at + 3);
        let path_at = base[host_at..].find('/').map_or(base.len(), |at| host_at + at);
        let (origin, path) = base.split_at(path_at);
        format!("{}{}", self.text(origin), self.url(path, query.filter(|query| !query.is_empty())))
    }

    /// Redacts a method, which can be any word.
    #[must_use]
    pub fn method(&self, method: &Method) -> Method {
        // The words of HTTP are suspicious only if they are known to be secret.
        let is_standard =
            matches!(*method, Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::PATCH | Method::HEAD);
        if is_standard && !self.has_text(method.as_str()) {
            return method.clone();
        }
        match self.text(method.as_str()) {
            Cow::Borrowed(text) if text == method.as_str() => method.clone(),
            _ => Method::from_bytes(REDACTED.as_bytes()).unwrap_or_default(),
        }
    }

    /// Redacts a query string or an URL-encoded form.
    #[must_use]
    pub fn form(&self, form: &str) -> String {
        if !is_suspicious(form.as_bytes()) && !self.has_text(form) {
            return form.to_owned();
        }
        body::redact_form(self, form)
    }

    /// Redacts headers, given as names and values, and calls `record` with each name and value, in their order.
    ///
    /// The values are searched together first: most exchanges have none that must be looked at closer, and a search has
    /// a fixed cost.
    pub fn headers<'h>(
        &self,
        headers: impl Iterator<Item = (&'h str, &'h str)> + Clone,
        mut record: impl FnMut(&str, &str),
    ) {
        let is_clean = self.has_clean_values(headers.clone());
        for (name, value) in headers {
            if is_clean && !is_secret_header(name) {
                record(&self.header_name(name), value);
            } else {
                record(&self.header_name(name), &self.header(name, value));
            }
        }
    }

    /// The name of a header, which a client can make of its credentials.
    fn header_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let is_in_name = |text: &str| text.len() <= name.len() && name.contains(&*text.to_ascii_lowercase());
        if self.texts.iter().any(is_in_name) { Cow::Borrowed(REDACTED) } else { Cow::Borrowed(name) }
    }

    /// True when headers certainly contain no secrets but credentials and cookies.
    pub fn are_headers_clean<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)> + Clone) -> bool {
        let has_other_secrets = headers.clone().any(|(name, _)| is_secret_header(name) && !is_credential(name));
        !has_other_secrets && self.has_clean_values(headers)
    }

    /// True when the values of headers whose names are not those of secrets certainly contain no secret.
    fn has_clean_values<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)>) -> bool {
        let mut values = String::new();
        for (_, value) in headers.filter(|(name, _)| !is_secret_header(name)) {
            values.push_str(value);
            values.push('\n');
        }
        self.is_clean(&values)
    }

    /// Redacts the value of a header. The scheme of Basic and Bearer credentials stays.
    fn header(&self, name: &str, text: &str) -> String {
        if !is_secret_header(name) {
            // A header can be a JSON document, as `X-Mock-Violations`.
            let is_json = text.starts_with(['{', '[']);
            let redacted = if is_json { body::redact_nested(self, text) } else { self.text(text).into_owned() };
            let decoded = decode::decode(&redacted);
            let is_hidden = *decoded != *redacted && *values::redact_bearer(&decoded) != *decoded;
            return if is_hidden { REDACTED.to_owned() } else { values::redact_bearer(&redacted).into_owned() };
        }
        // Credentials are known before, and cookies hold more than secrets.
        if !is_credential(name) {
            self.remember(text);
        }
        let scheme = text.split_once(' ').map(|(scheme, _)| scheme);
        match scheme.filter(|scheme| ["basic", "bearer"].contains(&scheme.to_ascii_lowercase().as_str())) {
            Some(scheme) => format!("{scheme} {REDACTED}"),
            None => REDACTED.to_owned(),
        }
    }
}

/// Headers with credentials, which are known by their texts, and cookies.
fn is_credential(name: &str) -> bool {
    [AUTHORIZATION, COOKIE, SET_COOKIE].iter().any(|credential| credential == name)
}
