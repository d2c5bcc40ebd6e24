//! Request patterns: `WireMock`'s, held against recorded exchanges, with keys of our own.
//!
//! A pattern is a list of rows. One row says what it looks at and what must be there; the same row matches, weighs how
//! far an exchange is from it, and gives the words. What the journal does not keep cannot be asked for: that is a
//! mistake of the pattern, never a silent no.

mod json;
mod matcher;
mod read;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use self::matcher::{Judgement, Matcher, Seen};
use super::{Exchange, Message};
use crate::contract::Contract;

/// How much of a value is shown in words.
const SHOWN_CHARS_MAX: usize = 200;

/// A mistake in a pattern: the pointer into it (with [`contract_files::yaml::KEY`] behind it when the key is meant, as
/// [`contract_files::yaml::Source::at_pointer`] takes it), and words with a hint.
pub type Mistake = (String, String);

/// Which exchanges are meant. The empty pattern means all of them.
#[derive(Debug, Default)]
pub struct Pattern {
    rows: Vec<Row>,
}

/// One way in which an exchange is not what a pattern asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The part of the exchange: `method`, `header accept`, `body`.
    pub what: String,
    /// What it should be.
    pub wanted: String,
    /// What it is.
    pub found: String,
    /// How far the two are apart: 0 would fit, 1 has nothing in common.
    pub distance: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wanted {}, found {}", self.what, self.wanted, self.found)
    }
}

/// A row: what it looks at, what must be there, and how much that counts.
#[derive(Debug)]
struct Row {
    part: Part,
    test: Test,
    weight: f64,
}

/// What a row looks at.
#[derive(Debug)]
enum Part {
    Method,
    Url,
    Path,
    /// A name in a template, and the expression that finds it.
    PathParameter(String, Arc<Regex>),
    Query(String),
    Header(String),
    Cookie(String),
    Body,
    Operation,
    Status,
    Violations,
    Account,
    User,
}

/// What must be there.
#[derive(Debug)]
enum Test {
    /// One of the values fits.
    One(Matcher),
    /// Each matcher has a value that fits.
    Includes(Vec<Matcher>),
    /// The same, and there are no more values.
    Exactly(Vec<Matcher>),
}

/// The values of a part.
enum Found<'a> {
    Values(Vec<Cow<'a, str>>),
    /// The beginning of a body, and how long it was.
    Cut(Cow<'a, str>, usize),
}

/// A text in few enough letters.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

impl Pattern {
    /// Reads a pattern. Every mistake comes with its place and with what to write instead.
    pub fn new(value: &Value, contract: &Contract) -> Result<Self, Vec<Mistake>> {
        read::rows(value, contract).map(|rows| Self { rows })
    }

    /// What both patterns ask for.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self
    }

    /// Whether an exchange is one of those that are meant.
    #[must_use]
    pub fn fits(&self, exchange: &Exchange, contract: &Contract) -> bool {
        self.rows.iter().all(|row| row.fits(&row.part.of(exchange, contract)))
    }

    /// What of an exchange is not as it should be; empty when it fits.
    #[must_use]
    pub fn compare(&self, exchange: &Exchange, contract: &Contract) -> Vec<Difference> {
        self.rows.iter().filter_map(|row| row.difference(&row.part.of(exchange, contract))).collect()
    }

    /// How far an exchange is from what is meant: 0 when it fits, 1 at most.
    #[must_use]
    pub fn distance(&self, exchange: &Exchange, contract: &Contract) -> f64 {
        let all: f64 = self.rows.iter().map(|row| row.weight).sum();
        let of =
            |row: &Row| row.difference(&row.part.of(exchange, contract)).map_or(0.0, |one| one.distance * row.weight);
        if all > 0.0 { self.rows.iter().map(of).sum::<f64>() / all } else { 0.0 }
    }

    /// What is meant, in words.
    #[must_use]
    pub fn words(&self) -> String {
        if self.rows.is_empty() {
            return "any request".to_owned();
        }
        let rows = self.rows.iter().map(|row| format!("{} {}", row.part.name(), row.test.words()));
        rows.collect::<Vec<_>>().join(", ")
    }
}

impl Part {
    fn name(&self) -> Cow<'_, str> {
        let name = match self {
            Self::Method => "method",
            Self::Url => "url",
            Self::Path => "path",
            Self::PathParameter(name, _) => return format!("path parameter {}", shown(name)).into(),
            Self::Query(name) => return format!("query parameter {}", shown(name)).into(),
            Self::Header(name) => return format!("header {}", shown(&name.to_lowercase())).into(),
            Self::Cookie(name) => return format!("cookie {}", shown(name)).into(),
            Self::Body => "body",
            Self::Operation => "operation",
            Self::Status => "status",
            Self::Violations => "violations",
            Self::Account => "caller's account",
            Self::User => "caller's user",
        };
        name.into()
    }

    /// What an exchange has there.
    fn of<'e>(&self, exchange: &'e Exchange, contract: &'e Contract) -> Found<'e> {
        let values: Vec<Cow<'e, str>> = match self {
            Self::Method => vec![exchange.method.as_str().to_owned().into()],
            Self::Url => vec![exchange.url().into()],
            Self::Path => vec![exchange.path().into()],
            Self::PathParameter(name, regex) => {
                let found =
                    regex.captures(exchange.path()).and_then(|found| found.name(name).map(|found| found.as_str()));
                found.map(|text| percent_decode_str(text).decode_utf8_lossy()).into_iter().collect()
            }
            Self::Query(name) => {
                let pairs = form_urlencoded::parse(exchange.query().unwrap_or_default().as_bytes());
                pairs.filter(|(key, _)| key == name).map(|(_, value)| value).collect()
            }
            Self::Header(name) => {
                let headers = exchange.request_headers().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                headers.map(|(_, value)| value.into()).collect()
            }
            Self::Cookie(_) => {
                let headers = exchange.request_headers().filter(|(name, _)| *name == "cookie");
                headers.map(|_| "some cookie, which the journal does not keep".into()).take(1).collect()
            }
            Self::Body => return body_of(&exchange.request_body),
            Self::Operation => {
                exchange.operation(contract).map(|operation| operation.id.as_str().into()).into_iter().collect()
            }
            Self::Status => vec![exchange.status.to_string().into()],
            Self::Violations if exchange.violations.is_empty() => Vec::new(),
            Self::Violations => {
                let told: Vec<&str> = exchange.violations.iter().take(5).map(|one| one.message.as_str()).collect();
                vec![told.join("; ").into()]
            }
            Self::Account => exchange.caller.iter().map(|(account, _)| (&**account).into()).collect(),
            Self::User => exchange.caller.iter().map(|(_, user)| (&**user).into()).collect(),
        };
        Found::Values(values)
    }
}

/// Of a body that is not kept whole, only some things can be told.
fn body_of(message: &Message) -> Found<'_> {
    let text = String::from_utf8_lossy(&message.kept);
    if message.is_cut() {
        return Found::Cut(text, message.length);
    }
    Found::Values(if text.is_empty() { Vec::new() } else { vec![text] })
}

impl Found<'_> {
    fn each(&self) -> Vec<Seen<'_>> {
        match self {
            Self::Values(values) if values.is_empty() => vec![Seen::Nothing],
            Self::Values(values) => values.iter().map(|value| Seen::Text(value)).collect(),
            Self::Cut(kept, length) => vec![Seen::Cut(kept, *length)],
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Cut(..) => 1,
        }
    }
}

impl Row {
    fn fits(&self, found: &Found<'_>) -> bool {
        let seen = found.each();
        let fits = |matcher: &Matcher| seen.iter().any(|one| matcher.judge(one) == Judgement::Fits);
        match &self.test {
            Test::One(matcher) => fits(matcher),
            Test::Includes(list) => list.iter().all(fits),
            Test::Exactly(list) => found.count() == list.len() && list.iter().all(fits),
        }
    }

    fn difference(&self, found: &Found<'_>) -> Option<Difference> {
        if self.fits(found) {
            return None;
        }
        let seen = found.each();
        let nearest =
            |matcher: &Matcher| seen.iter().map(|one| (matcher.distance(one), one)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (distance, words) = match &self.test {
            Test::One(matcher) => {
                let best = nearest(matcher);
                best.map_or((1.0, "nothing".to_owned()), |(distance, one)| (distance, matcher.found(one)))
            }
            Test::Includes(list) | Test::Exactly(list) => {
                let sum: f64 = list.iter().filter_map(&nearest).map(|(distance, _)| distance).sum();
                let share = sum / f64::from(u32::try_from(list.len()).unwrap_or(u32::MAX).max(1));
                let all: Vec<String> = seen.iter().take(5).map(|one| Matcher::Absent.found(one)).collect();
                (share.max(0.01), all.join(", "))
            }
        };
        let wanted = match (&self.part, &self.test) {
            (Part::Violations, Test::One(Matcher::Not(_))) => "some".to_owned(),
            (Part::Violations, _) => "none".to_owned(),
            _ => self.test.words(),
        };
        Some(Difference { what: self.part.name().into_owned(), wanted, found: words, distance })
    }
}

impl Test {
    fn words(&self) -> String {
        let join = |list: &[Matcher]| list.iter().map(Matcher::words).collect::<Vec<_>>().join(" and ");
        match self {
            Self::One(matcher) => matcher.words(),
            Self::Includes(list) => format!("{} among its values", join(list)),
            Self::Exactly(list) => format!("{} and no other value", join(list)),
        }
    }
}

#[cfg(test)]
mod tests;
