//! What a single request wishes for: a status, an example, a delay. No wish outlives its request.
//!
//! A wish stands in `Prefer` (RFC 7240), in an `x-mock-response-*` header, or in the query; the first of them counts.
//! What cannot be read is told, never guessed. `prefer` reads the header, `reply` makes replies from the contract.

mod prefer;
mod reply;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

use crate::contract::problem::Problem;
use crate::http::message::Request;
use crate::support::delay::DELAY_MS_MAX;
use contract_files::yaml::nearest;

pub use reply::contract_reply;

/// The header that lists what was applied.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

const PREFER: HeaderName = HeaderName::from_static("prefer");
const FAULTS: HeaderName = HeaderName::from_static("x-mock-faults");

/// Every preference, in the order in which they are listed as applied.
const NAMES: [&str; 6] = ["code", "example", "scenario", "delay", "dynamic", "seed"];

/// The same in the query.
const QUERY_NAMES: [&str; 6] = ["__code", "__example", "__scenario", "__delay", "__dynamic", "__seed"];

/// Headers of other mocks that mean the same.
const ALIASES: [(&str, &str); 3] =
    [("code", "x-mock-response-code"), ("example", "x-mock-response-name"), ("delay", "x-mock-response-delay")];

/// How much of a value is repeated in a problem.
const SHOWN_CHARS_MAX: usize = 80;

/// What a request wishes for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The status of a reply of the contract.
    pub code: Option<u16>,
    /// The name of an example of the contract.
    pub example: Option<String>,
    /// The scenario to answer from.
    pub scenario: Option<String>,
    /// How long the reply is held back.
    pub delay_ms: Option<u64>,
    /// Whether the reply is made up from its schema.
    pub dynamic: Option<bool>,
    /// The seed of what is made up.
    pub seed: Option<u64>,
    /// Whether faults may strike.
    pub faults: Faults,
}

/// Whether faults may strike a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faults {
    /// They may.
    #[default]
    On,
    /// The request is spared.
    Off,
}

impl Preferences {
    /// What the request wishes for. A request without wishes costs a look at its header names and its query.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        if !speaks_to_the_mock(request) {
            return Ok(Self::default());
        }
        let wishes = RawPreferences::read(request)?;
        let preferences = Self {
            code: wishes.get("code").map(RawPreference::code).transpose()?,
            example: wishes.get("example").map(|wish| wish.name("example", "documented")).transpose()?,
            scenario: wishes.get("scenario").map(|wish| wish.name("scenario", "sso-outage")).transpose()?,
            delay_ms: wishes.get("delay").map(RawPreference::delay).transpose()?,
            dynamic: wishes.get("dynamic").map(RawPreference::dynamic).transpose()?,
            seed: wishes.get("seed").map(RawPreference::seed).transpose()?,
            faults: faults(request)?,
        };
        preferences.possible()?;
        Ok(preferences)
    }

    /// Whether the reply comes from the contract and not from the world.
    #[must_use]
    pub fn asks_for_contract_reply(&self) -> bool {
        self.code.is_some() || self.example.is_some() || self.is_dynamic()
    }

    /// Whether the reply is made up whatever examples there are.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.dynamic == Some(true)
    }

    /// The value of `Preference-Applied`; `None` when there was no preference.
    #[must_use]
    pub fn applied(&self) -> Option<HeaderValue> {
        let values: [Option<Cow<'_, str>>; NAMES.len()] = [
            self.code.map(|code| code.to_string().into()),
            self.example.as_deref().map(prefer::quoted),
            self.scenario.as_deref().map(prefer::quoted),
            self.delay_ms.map(|delay| delay.to_string().into()),
            self.dynamic.map(|dynamic| dynamic.to_string().into()),
            self.seed.map(|seed| seed.to_string().into()),
        ];
        let given = NAMES.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?)));
        let list: Vec<String> = given.map(|(name, value)| format!("{name}={value}")).collect();
        // Names with control characters were refused, so it always is a header's value.
        if list.is_empty() { None } else { HeaderValue::from_maybe_shared(list.join(", ")).ok() }
    }

    /// Refuses wishes that exclude each other.
    fn possible(&self) -> Result<(), Problem> {
        if let Some(name) = self.example.as_deref().filter(|_| self.is_dynamic()) {
            return Err(Problem::preference(format!(
                "`example={}` and `dynamic=true` exclude each other: an example is not made up; leave one of them out",
                prefer::quoted(&shown(name))
            )));
        }
        if let Some(seed) = self.seed.filter(|_| !self.is_dynamic() && (self.code.is_none() || self.example.is_some()))
        {
            return Err(Problem::preference(format!(
                "`seed={seed}` has no effect where nothing is made up; write `dynamic=true` with it"
            )));
        }
        Ok(())
    }
}

/// Whether there can be a wish at all.
fn speaks_to_the_mock(request: &Request) -> bool {
    let header = |name: &HeaderName| name.as_str() == "prefer" || name.as_str().starts_with("x-mock-");
    // An underscore may be escaped.
    let pair = |pair: &str| pair.starts_with('_') || pair.starts_with("%5");
    request.headers.keys().any(header) || request.query().is_some_and(|query| query.split('&').any(pair))
}

fn faults(request: &Request) -> Result<Faults, Problem> {
    let Some(value) = request.headers.get(FAULTS) else { return Ok(Faults::On) };
    let value = String::from_utf8_lossy(value.as_bytes());
    match value.trim() {
        word if word.eq_ignore_ascii_case("off") => Ok(Faults::Off),
        word if word.eq_ignore_ascii_case("on") => Ok(Faults::On),
        other => Err(Problem::preference(format!(
            "`X-Mock-Faults: {}` is neither on nor off; write `X-Mock-Faults: off` to spare this request",
            shown(other)
        ))),
    }
}

/// Where a wish stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    Prefer,
    Header(&'static str),
    Query,
}

/// A wish as it was written.
#[derive(Debug)]
struct RawPreference<'r> {
    place: Place,
    name: &'static str,
    value: Cow<'r, str>,
}

/// The wishes that count, by their place in [`NAMES`].
#[derive(Debug, Default)]
struct RawPreferences<'r>([Option<RawPreference<'r>>; NAMES.len()]);

impl<'r> RawPreferences<'r> {
    fn read(request: &'r Request) -> Result<Self, Problem> {
        let mut wishes = Self::default();
        wishes.read_prefer(request)?;
        wishes.read_aliases(request);
        wishes.read_query(request)?;
        Ok(wishes)
    }

    fn get(&self, name: &str) -> Option<&RawPreference<'r>> {
        self.0.iter().flatten().find(|wish| wish.name == name)
    }

    /// The wish of that index, unless an earlier one counts.
    fn add(&mut self, index: usize, place: Place, value: Cow<'r, str>) {
        if let (Some(slot @ None), Some(name)) = (self.0.get_mut(index), NAMES.get(index)) {
            *slot = Some(RawPreference { place, name, value });
        }
    }

    fn read_prefer(&mut self, request: &'r Request) -> Result<(), Problem> {
        for header in request.headers.get_all(PREFER) {
            let Ok(header) = std::str::from_utf8(header.as_bytes()) else {
                return Err(Problem::preference("the `Prefer` header is not UTF-8; write plain text"));
            };
            let Some(preferences) = prefer::parse(header) else {
                let header = shown(header);
                return Err(Problem::preference(format!("`Prefer: {header}` has a quote that is not closed")));
            };
            for preference in preferences {
                // Others are not for us; who cannot fulfil a preference ignores it (RFC 7240, section 2).
                let Some(index) = NAMES.iter().position(|name| preference.name.eq_ignore_ascii_case(name)) else {
                    continue;
                };
                if self.0.get(index).is_some_and(Option::is_some) {
                    continue;
                }
                let Some(value) = preference.value else {
                    return Err(Problem::preference(format!(
                        "`Prefer: {}={}` is not one word; put commas between preferences, and quotes around a value \
                         with spaces",
                        preference.name,
                        shown(preference.written)
                    )));
                };
                self.add(index, Place::Prefer, value);
            }
        }
        Ok(())
    }

    fn read_aliases(&mut self, request: &'r Request) {
        for (meant, header) in ALIASES {
            let index = NAMES.iter().position(|name| *name == meant);
            let (Some(index), Some(value)) = (index, request.headers.get(header)) else { continue };
            let value = match String::from_utf8_lossy(value.as_bytes()) {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
            self.add(index, Place::Header(header), value);
        }
    }

    fn read_query(&mut self, request: &'r Request) -> Result<(), Problem> {
        let Some(query) = request.query() else { return Ok(()) };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !name.starts_with("__") {
                continue;
            }
            let Some(index) = QUERY_NAMES.iter().position(|known| *known == name) else {
                return Err(Problem::preference(match nearest(&name, QUERY_NAMES) {
                    Some(near) => format!("`?{}` is no preference; did you mean `{near}`?", shown(&name)),
                    None => format!("`?{}` is no preference; write one of {}", shown(&name), QUERY_NAMES.join(", ")),
                }));
            };
            self.add(index, Place::Query, value);
        }
        Ok(())
    }
}

impl RawPreference<'_> {
    fn code(&self) -> Result<u16, Problem> {
        let code = number(&self.value).and_then(|code| u16::try_from(code).ok());
        // Statuses below 200 are no replies yet.
        code.filter(|code| (200..600).contains(code))
            .ok_or_else(|| self.wrong("is no status; write a number from 200 to 599", "422"))
    }

    fn delay(&self) -> Result<u64, Problem> {
        number(&self.value)
            .filter(|delay| *delay <= DELAY_MS_MAX)
            .ok_or_else(|| self.wrong(&format!("is no delay; write milliseconds from 0 to {DELAY_MS_MAX}"), "250"))
    }

    fn seed(&self) -> Result<u64, Problem> {
        number(&self.value)
            .ok_or_else(|| self.wrong(&format!("is no seed; write a whole number from 0 to {}", u64::MAX), "7"))
    }

    fn dynamic(&self) -> Result<bool, Problem> {
        match &*self.value {
            // No value and an empty one are the same (RFC 7240, section 2).
            "" => Ok(true),
            word if word.eq_ignore_ascii_case("true") => Ok(true),
            word if word.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.wrong("is neither true nor false; write one of them", "true")),
        }
    }

    fn name(&self, kind: &str, such_as: &str) -> Result<String, Problem> {
        if self.value.is_empty() {
            return Err(self.wrong(&format!("names no {kind}; write its name"), such_as));
        }
        if self.value.contains(char::is_control) {
            return Err(
                self.wrong(&format!("is the name of no {kind}: it has control characters; write another"), such_as)
            );
        }
        Ok(self.value.clone().into_owned())
    }

    /// The problem that says what stands where, and what could stand there.
    fn wrong(&self, what: &str, such_as: &str) -> Problem {
        let (given, better) = (self.written(&shown(&self.value)), self.written(such_as));
        Problem::preference(format!("`{given}` {what}, such as `{better}`"))
    }

    fn written(&self, value: &str) -> String {
        let name = self.name;
        match self.place {
            Place::Prefer => format!("Prefer: {name}={value}"),
            Place::Header(header) => format!("{header}: {value}"),
            Place::Query => format!("?__{name}={value}"),
        }
    }
}

/// A number of digits only: signs and the like are nobody's intention.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}
