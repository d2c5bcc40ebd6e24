//! Preferences: what a single request asks the mock for, such as a status, an example or a delay.
//!
//! A preference is in `Prefer` (RFC 7240), in an `X-Mock-Response-*` header, or in the query string; the first one that
//! is present applies. An invalid preference is an error, never a guess. A new preference is a name in `NAMES` and
//! [`QUERY_PREFERENCES`] and a field of [`Preferences`].
//!
//! | module | holds |
//! |---|---|
//! | `prefer_header` | the header `Prefer` |
//! | `apply` | the effects on the session of the request |
//! | [`contract_response`] | responses that are built from the contract |

mod apply;
mod contract_response;
mod prefer_header;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

use crate::contract::problem::Problem;
use crate::contract::violation::{UNKNOWN_PREFERENCE, Violation};
use crate::http::headers::{self, QUERY_PREFERENCES};
use crate::http::message::Request;
use crate::support::clock::parse_ms;
use crate::support::delay::DELAY_MS_MAX;
use contract_files::yaml::nearest;

pub use contract_response::contract_response;

/// `Preference-Applied` of RFC 7240: the preferences of the request in the order of [`NAMES`].
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The names of preferences, in the order of `Preference-Applied`.
const NAMES: [&str; 6] = ["code", "example", "scenario", "delay", "dynamic", "seed"];

/// Headers with the same meaning, which are known from other mock servers.
static HEADER_NAMES: [(&str, HeaderName); 3] =
    [("code", headers::RESPONSE_CODE), ("example", headers::RESPONSE_NAME), ("delay", headers::RESPONSE_DELAY)];

/// The maximum length of a value that an error message quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// The parsed preferences of one request; `None` where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The status of a response of the contract.
    pub code: Option<u16>,
    /// The name of an example of the contract.
    pub example: Option<String>,
    /// The scenario for this request.
    pub scenario: Option<String>,
    /// A delay of the response, in milliseconds.
    pub delay_ms: Option<u64>,
    /// Whether the response is generated from its schema.
    pub dynamic: Option<bool>,
    /// The seed for generated values.
    pub seed: Option<u64>,
    /// Whether rules and faults apply.
    pub faults: Faults,
    /// The first preference that is probably misspelt, and has no effect.
    pub misspelt: Option<MisspeltPreference>,
}

/// A preference in `Prefer` with an unknown name that is similar to a known one. RFC 7240 demands that unknown preferences
/// are ignored, so that it is a finding and no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisspeltPreference {
    name: String,
    nearest: &'static str,
}

impl MisspeltPreference {
    /// `None` when the name is similar to no known one.
    fn of(name: &str) -> Option<Self> {
        let nearest = nearest(name, NAMES)?;
        // Short names resemble many words, such as the preferences of other servers.
        let edits_max = if nearest.len() < 6 { 1 } else { 2 };
        let edits = strsim::damerau_levenshtein(&name.to_ascii_lowercase(), nearest);
        (edits <= edits_max).then(|| Self { name: truncated(name), nearest })
    }

    /// The finding in the list of violations.
    #[must_use]
    pub fn finding(&self) -> Violation {
        let Self { name, nearest } = self;
        let message = format!("the preference `{name}` is not known and has no effect; did you mean `{nearest}`?");
        Violation::reported("/headers/prefer", UNKNOWN_PREFERENCE, message)
    }
}

/// Whether rules and faults apply to a request (`X-Mock-Faults`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faults {
    /// They apply.
    #[default]
    On,
    /// They do not apply.
    Off,
}

impl Preferences {
    /// Reads the preferences of a request. Without preferences, only header names and the query string are inspected. On
    /// paths where `takes_any_name` is true, other names that begin with two underscores are no mistakes: a lead can have
    /// any parameters.
    ///
    /// # Errors
    ///
    /// A preference is invalid, or contradicts another one.
    pub fn read(request: &Request, takes_any_name: impl Fn() -> bool) -> Result<Self, Problem> {
        if !has_preferences(request) {
            return Ok(Self::default());
        }
        let raw = RawPreferences::read(request, &takes_any_name)?;
        let preferences = Self {
            code: raw.get("code").map(RawPreference::code).transpose()?,
            example: raw.get("example").map(|one| one.name("an example", "documented")).transpose()?,
            scenario: raw.get("scenario").map(|one| one.name("a scenario", "sso-outage")).transpose()?,
            delay_ms: raw.get("delay").map(RawPreference::delay).transpose()?,
            dynamic: raw.get("dynamic").map(RawPreference::dynamic).transpose()?,
            seed: raw.get("seed").map(RawPreference::seed).transpose()?,
            faults: read_faults(request)?,
            misspelt: raw.misspelt,
        };
        preferences.validate()?;
        Ok(preferences)
    }

    /// Whether the response comes from the contract instead of the operation.
    #[must_use]
    pub fn requests_contract_response(&self) -> bool {
        self.code.is_some() || self.example.is_some() || self.is_dynamic()
    }

    /// Whether the response is generated even if the contract has an example.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.dynamic == Some(true)
    }

    /// The value of `Preference-Applied`; `None` without preferences.
    #[must_use]
    pub fn applied(&self) -> Option<HeaderValue> {
        if self.is_empty() {
            return None;
        }
        let values: [Option<Cow<'_, str>>; NAMES.len()] = [
            self.code.map(|code| code.to_string().into()),
            self.example.as_deref().map(prefer_header::quoted),
            self.scenario.as_deref().map(prefer_header::quoted),
            self.delay_ms.map(|delay| delay.to_string().into()),
            self.dynamic.map(|dynamic| dynamic.to_string().into()),
            self.seed.map(|seed| seed.to_string().into()),
        ];
        let given = NAMES.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?)));
        let list: Vec<String> = given.map(|(name, value)| format!("{name}={value}")).collect();
        // Names with control characters were rejected, so this is always a valid header value.
        HeaderValue::from_maybe_shared(list.join(", ")).ok()
    }

    /// Whether the request has no preferences that a response can apply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.code.is_none()
            && self.example.is_none()
            && self.scenario.is_none()
            && self.delay_ms.is_none()
            && self.dynamic.is_none()
            && self.seed.is_none()
    }

    /// Rejects preferences that exclude each other.
    fn validate(&self) -> Result<(), Problem> {
        if let Some(name) = self.example.as_deref().filter(|_| self.is_dynamic()) {
            return Err(Problem::invalid_preference(format!(
                "`example={}` and `dynamic=true` exclude each other: an example is not generated; remove one of them",
                prefer_header::quoted(&truncated(name))
            )));
        }
        if let Some(seed) = self.seed.filter(|_| !self.is_dynamic() && (self.code.is_none() || self.example.is_some()))
        {
            return Err(Problem::invalid_preference(format!(
                "`seed={seed}` has no effect without a generated response; add `dynamic=true`"
            )));
        }
        Ok(())
    }
}

/// Whether the request may have preferences; a cheap check.
fn has_preferences(request: &Request) -> bool {
    let is_mock_header = |name: &HeaderName| *name == PREFER || name.as_str().starts_with(headers::PREFIX);
    // The underscore may be percent-encoded.
    let is_mock_pair = |pair: &str| pair.starts_with('_') || pair.starts_with("%5");
    request.headers.keys().any(is_mock_header)
        || request.query().is_some_and(|query| query.split('&').any(is_mock_pair))
}

fn read_faults(request: &Request) -> Result<Faults, Problem> {
    let Some(value) = request.headers.get(headers::FAULTS) else { return Ok(Faults::On) };
    let value = String::from_utf8_lossy(value.as_bytes());
    match value.trim() {
        word if word.eq_ignore_ascii_case("off") => Ok(Faults::Off),
        word if word.eq_ignore_ascii_case("on") => Ok(Faults::On),
        other => Err(Problem::invalid_preference(format!(
            "`X-Mock-Faults: {}` is neither on nor off; write `X-Mock-Faults: off` to disable rules and faults",
            truncated(other)
        ))),
    }
}

/// The part of the request that contains a preference.
#[derive(Clone, Copy, Debug)]
enum PreferenceSource {
    Prefer,
    Header(&'static HeaderName),
    Query,
}

/// A preference before its value is parsed.
#[derive(Debug)]
struct RawPreference<'r> {
    source: PreferenceSource,
    name: &'static str,
    value: Cow<'r, str>,
}

/// The preferences of a request before their values are parsed.
#[derive(Debug, Default)]
struct RawPreferences<'r> {
    /// Those that apply, by index in [`NAMES`].
    list: [Option<RawPreference<'r>>; NAMES.len()],
    /// The first one in `Prefer` whose name is probably misspelt.
    misspelt: Option<MisspeltPreference>,
}

impl<'r> RawPreferences<'r> {
    fn read(request: &'r Request, takes_any_name: &dyn Fn() -> bool) -> Result<Self, Problem> {
        let mut raw = Self::default();
        raw.read_prefer(request)?;
        raw.read_headers(request);
        raw.read_query(request, takes_any_name)?;
        Ok(raw)
    }

    fn get(&self, name: &str) -> Option<&RawPreference<'r>> {
        self.list.iter().flatten().find(|one| one.name == name)
    }

    /// Sets the preference with an index in [`NAMES`], unless it is set already.
    fn add(&mut self, index: usize, source: PreferenceSource, value: Cow<'r, str>) {
        if let (Some(slot @ None), Some(name)) = (self.list.get_mut(index), NAMES.get(index)) {
            *slot = Some(RawPreference { source, name, value });
        }
    }

    fn read_prefer(&mut self, request: &'r Request) -> Result<(), Problem> {
        for header in request.headers.get_all(PREFER) {
            let Ok(header) = std::str::from_utf8(header.as_bytes()) else {
                return Err(Problem::invalid_preference("the `Prefer` header is not UTF-8; write plain text"));
            };
            let Some(preferences) = prefer_header::parse(header) else {
                let header = truncated(header);
                return Err(Problem::invalid_preference(format!(
                    "`Prefer: {header}` has an unclosed quote; add the closing `\"`"
                )));
            };
            for preference in preferences {
                // Unknown preferences are ignored (RFC 7240, section 2).
                let Some(index) = NAMES.iter().position(|name| preference.name.eq_ignore_ascii_case(name)) else {
                    self.misspelt = self.misspelt.take().or_else(|| MisspeltPreference::of(preference.name));
                    continue;
                };
                if self.list.get(index).is_some_and(Option::is_some) {
                    continue;
                }
                let Some(value) = preference.value else {
                    return Err(Problem::invalid_preference(format!(
                        "the value in `Prefer: {}={}` is not one word; separate preferences by commas, and quote a \
                         value that has spaces",
                        preference.name,
                        truncated(preference.raw_value)
                    )));
                };
                self.add(index, PreferenceSource::Prefer, value);
            }
        }
        Ok(())
    }

    fn read_headers(&mut self, request: &'r Request) {
        for (preference, header) in &HEADER_NAMES {
            let index = NAMES.iter().position(|name| name == preference);
            let (Some(index), Some(value)) = (index, request.headers.get(header)) else { continue };
            let value = match String::from_utf8_lossy(value.as_bytes()) {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
            self.add(index, PreferenceSource::Header(header), value);
        }
    }

    fn read_query(&mut self, request: &'r Request, takes_any_name: &dyn Fn() -> bool) -> Result<(), Problem> {
        let Some(query) = request.query() else { return Ok(()) };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !name.starts_with("__") {
                continue;
            }
            let Some(index) = QUERY_PREFERENCES.iter().position(|known| *known == name) else {
                if takes_any_name() {
                    continue;
                }
                return Err(Problem::invalid_preference(match nearest(&name, QUERY_PREFERENCES) {
                    Some(near) => format!("`?{}` is not a preference; did you mean `{near}`?", truncated(&name)),
                    None => {
                        format!(
                            "`?{}` is not a preference; write one of {}",
                            truncated(&name),
                            QUERY_PREFERENCES.join(", ")
                        )
                    }
                }));
            };
            self.add(index, PreferenceSource::Query, value);
        }
        Ok(())
    }
}

impl RawPreference<'_> {
    fn code(&self) -> Result<u16, Problem> {
        let code = number(&self.value).and_then(|code| u16::try_from(code).ok());
        // Statuses below 200 are interim responses.
        code.filter(|code| (200..600).contains(code))
            .ok_or_else(|| self.invalid("is not a status; write a number from 200 to 599", "422"))
    }

    fn delay(&self) -> Result<u64, Problem> {
        let reason =
            || format!("is not a delay; write milliseconds from 0 to {DELAY_MS_MAX}, or a duration like 2s or 1m30s");
        let ms = parse_ms(&self.value).ok().filter(|delay| *delay <= DELAY_MS_MAX);
        ms.ok_or_else(|| self.invalid(&reason(), "250"))
    }

    fn seed(&self) -> Result<u64, Problem> {
        number(&self.value)
            .ok_or_else(|| self.invalid(&format!("is not a seed; write a whole number from 0 to {}", u64::MAX), "7"))
    }

    fn dynamic(&self) -> Result<bool, Problem> {
        match &*self.value {
            // An empty value equals no value (RFC 7240, section 2).
            "" => Ok(true),
            word if word.eq_ignore_ascii_case("true") => Ok(true),
            word if word.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.invalid("is neither true nor false; write one of them", "true")),
        }
    }

    /// `noun` is "an example" or "a scenario".
    fn name(&self, noun: &str, example: &str) -> Result<String, Problem> {
        if self.value.is_empty() {
            return Err(self.invalid(&format!("does not name {noun}; write its name"), example));
        }
        if self.value.contains(char::is_control) {
            let reason = format!("does not name {noun}: it has control characters; write its name");
            return Err(self.invalid(&reason, example));
        }
        Ok(self.value.clone().into_owned())
    }

    /// The problem: the preference as it was sent, what is wrong with it, and a valid one.
    fn invalid(&self, reason: &str, example: &str) -> Problem {
        let (sent, valid) = (self.with_value(&truncated(&self.value)), self.with_value(example));
        Problem::invalid_preference(format!("`{sent}` {reason}, such as `{valid}`"))
    }

    /// The preference with another value, as it is written in its source.
    fn with_value(&self, value: &str) -> String {
        let name = self.name;
        match self.source {
            PreferenceSource::Prefer => format!("Prefer: {name}={value}"),
            PreferenceSource::Header(header) => format!("{header}: {value}"),
            PreferenceSource::Query => format!("?__{name}={value}"),
        }
    }
}

/// Parses a number that consists of digits only, without a sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn truncated(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}
