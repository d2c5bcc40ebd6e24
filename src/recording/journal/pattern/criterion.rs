//! One criterion of a request pattern: a field of the exchange, the condition on its values, and its weight.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use super::abbreviate::abbreviate;
use super::matcher::{Actual, MatchResult, Matcher};
use crate::contract::Contract;
use crate::contract::lead_body::BodyFormat;
use crate::recording::journal::RecordedBody;
use crate::recording::journal::exchange::{ContractCheck, Exchange};
use crate::support::redaction::REDACTED;

/// How many values, or violations, a description lists.
const LISTED_MAX: usize = 5;

/// One criterion that an exchange does not meet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The field of the exchange: `method`, `header accept`, `body`.
    pub what: String,
    /// The expected value.
    pub expected: String,
    /// The recorded value.
    pub found: String,
    /// The distance of the two, from 0 (equal) to 1 (nothing in common).
    pub distance: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&difference_text(&self.what, &self.expected, &self.found))
    }
}

#[derive(Debug)]
pub(super) struct Criterion {
    pub(super) field: Field,
    pub(super) condition: Condition,
    /// How much the criterion counts in a distance.
    pub(super) weight: f64,
}

/// The field of an exchange that a criterion is about.
#[derive(Debug)]
pub(super) enum Field {
    Method,
    Url,
    Path,
    /// A parameter of a path template, and the expression that captures it.
    PathParameter(String, Arc<Regex>),
    Query(String),
    Header(String),
    /// A parameter of a form in the body.
    Form(String),
    Cookie(String),
    Body,
    Operation,
    Status,
    Violations,
    Account,
    User,
}

/// The condition on the values of a field.
#[derive(Debug)]
pub(super) enum Condition {
    /// A value matches.
    One(Matcher),
    /// For each matcher, a value matches.
    Includes(Vec<Matcher>),
    /// As `Includes`, and there are as many values as matchers.
    Exactly(Vec<Matcher>),
}

/// The recorded values of a field.
enum FieldValues<'a> {
    Complete(Vec<Cow<'a, str>>),
    /// A whole body: its text, and its values if it is a form or XML.
    Body(Cow<'a, str>, Option<Value>),
    /// The beginning of a body, and its original length.
    Truncated(Cow<'a, str>, usize),
}

impl Criterion {
    pub(super) fn evaluate(&self, exchange: &Exchange, contract: &Contract) -> MatchResult {
        if matches!(self.field, Field::Violations) && exchange.contract_check == ContractCheck::Disabled {
            return MatchResult::Undecided;
        }
        self.condition.evaluate(&self.field.values(exchange, contract))
    }

    /// The difference; `None` when the criterion matches.
    pub(super) fn difference(&self, exchange: &Exchange, contract: &Contract) -> Option<Difference> {
        let values = self.field.values(exchange, contract);
        if self.evaluate(exchange, contract) == MatchResult::Matches {
            return None;
        }
        let (distance, found) = self.condition.compare(&values);
        let expected = match (&self.field, &self.condition) {
            (Field::Violations, Condition::One(Matcher::Not(_))) => "some".to_owned(),
            (Field::Violations, _) => "none".to_owned(),
            _ => self.condition.describe(),
        };
        Some(Difference { what: self.field.name().into_owned(), expected, found, distance })
    }

    /// The path that the exchange must have, if the criterion gives one.
    pub(super) fn literal_path(&self) -> Option<&str> {
        match (&self.field, &self.condition) {
            (Field::Path | Field::Url, Condition::One(Matcher::EqualTo(text, _))) => text.split('?').next(),
            _ => None,
        }
    }

    /// The operation that the exchange must have, if the criterion gives one.
    pub(super) fn literal_operation(&self) -> Option<&str> {
        match (&self.field, &self.condition) {
            (Field::Operation, Condition::One(Matcher::EqualTo(text, _))) => Some(text),
            _ => None,
        }
    }

    /// The status that the exchange must have, if the criterion gives one.
    pub(super) fn literal_status(&self) -> Option<&str> {
        match (&self.field, &self.condition) {
            (Field::Status, Condition::One(Matcher::EqualTo(text, _))) => Some(text),
            _ => None,
        }
    }

    pub(super) fn describe(&self) -> String {
        if let Condition::One(Matcher::Absent) = &self.condition {
            return match &self.field {
                Field::Header(name) => format!("no `{}` header", abbreviate(&capitalized(name))),
                field => format!("no {}", field.name()),
            };
        }
        format!("{} {}", self.field.name(), self.condition.describe())
    }
}

impl Field {
    fn name(&self) -> Cow<'_, str> {
        let name = match self {
            Self::Method => "method",
            Self::Url => "url",
            Self::Path => "path",
            Self::PathParameter(name, _) => return format!("path parameter {}", abbreviate(name)).into(),
            Self::Query(name) => return format!("query parameter {}", abbreviate(name)).into(),
            Self::Form(name) => return format!("form parameter {}", abbreviate(name)).into(),
            Self::Header(name) => return format!("header {}", abbreviate(&name.to_lowercase())).into(),
            Self::Cookie(name) => return format!("cookie {}", abbreviate(name)).into(),
            Self::Body => "body",
            Self::Operation => "operation",
            Self::Status => "status",
            Self::Violations => "violations",
            Self::Account => "caller's account",
            Self::User => "caller's user",
        };
        name.into()
    }

    /// The values of the field in an exchange.
    fn values<'e>(&self, exchange: &'e Exchange, contract: &'e Contract) -> FieldValues<'e> {
        let values: Vec<Cow<'e, str>> = match self {
            Self::Method => vec![exchange.method.as_str().to_owned().into()],
            Self::Url => vec![exchange.url().into()],
            Self::Path => vec![exchange.path().into()],
            Self::PathParameter(name, regex) => {
                let captures = regex.captures(exchange.path());
                let captured = captures.and_then(|captures| captures.name(name).map(|capture| capture.as_str()));
                captured.map(|text| percent_decode_str(text).decode_utf8_lossy()).into_iter().collect()
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
                headers.map(|_| "a cookie, which the journal does not record".into()).take(1).collect()
            }
            Self::Form(name) => return form_values(exchange, name),
            Self::Body => return body_values(exchange),
            Self::Operation => {
                exchange.operation(contract).map(|operation| operation.id.as_str().into()).into_iter().collect()
            }
            Self::Status => vec![exchange.status.to_string().into()],
            Self::Violations if !exchange.breaks_contract() => Vec::new(),
            Self::Violations => {
                let violations = exchange.contract_violations().take(LISTED_MAX);
                vec![violations.map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ").into()]
            }
            Self::Account => exchange.caller.iter().map(|(account, _)| (&**account).into()).collect(),
            Self::User => exchange.caller.iter().map(|(_, user)| (&**user).into()).collect(),
        };
        FieldValues::Complete(values)
    }
}

/// What is known of a body that is recorded in part only, or was replaced as a whole; `None` for every other body.
fn unknown_body(body: &RecordedBody) -> Option<FieldValues<'_>> {
    if *body.bytes == *REDACTED.as_bytes() {
        return Some(FieldValues::Truncated(Cow::Borrowed(""), body.length));
    }
    body.is_truncated().then(|| FieldValues::Truncated(String::from_utf8_lossy(&body.bytes), body.length))
}

/// The values of a parameter of a form; none when the body is not a form.
fn form_values<'e>(exchange: &'e Exchange, name: &str) -> FieldValues<'e> {
    let body = &exchange.request_body;
    if exchange.body_format() != BodyFormat::Form {
        return FieldValues::Complete(Vec::new());
    }
    if let Some(unknown) = unknown_body(body) {
        return unknown;
    }
    let pairs = form_urlencoded::parse(&body.bytes);
    FieldValues::Complete(pairs.filter(|(key, _)| key == name).map(|(_, value)| value).collect())
}

fn body_values(exchange: &Exchange) -> FieldValues<'_> {
    let body = &exchange.request_body;
    if let Some(unknown) = unknown_body(body) {
        return unknown;
    }
    let text = String::from_utf8_lossy(&body.bytes);
    if text.is_empty() {
        return FieldValues::Complete(Vec::new());
    }
    let values = match exchange.body_format() {
        BodyFormat::Json => None,
        BodyFormat::Form | BodyFormat::Xml => exchange.body_value(),
    };
    FieldValues::Body(text, values)
}

impl FieldValues<'_> {
    /// The values as matchers take them: at least one, which can be `Missing`.
    fn as_actual(&self) -> Vec<Actual<'_>> {
        match self {
            Self::Complete(values) if values.is_empty() => vec![Actual::Missing],
            Self::Complete(values) => values.iter().map(|value| Actual::Text(value)).collect(),
            Self::Body(text, values) => vec![Actual::Body(text, values.as_ref())],
            Self::Truncated(beginning, length) => vec![Actual::Truncated(beginning, *length)],
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Complete(values) => values.len(),
            Self::Body(..) | Self::Truncated(..) => 1,
        }
    }
}

impl Condition {
    fn evaluate(&self, values: &FieldValues<'_>) -> MatchResult {
        let actual = values.as_actual();
        let find = |matcher: &Matcher| {
            actual.iter().map(|one| matcher.evaluate(one)).fold(MatchResult::Differs, MatchResult::or)
        };
        let find_all = |matchers: &[Matcher]| matchers.iter().map(find).fold(MatchResult::Matches, MatchResult::and);
        match self {
            Self::One(matcher) => find(matcher),
            Self::Includes(matchers) => find_all(matchers),
            Self::Exactly(matchers) => {
                let has_count = MatchResult::from(values.count() == matchers.len());
                // How many values a truncated form has is not known.
                let has_count =
                    if matches!(values, FieldValues::Truncated(..)) { MatchResult::Undecided } else { has_count };
                find_all(matchers).and(has_count)
            }
        }
    }

    /// The distance of values that do not meet the condition, and their description.
    fn compare(&self, values: &FieldValues<'_>) -> (f64, String) {
        let actual = values.as_actual();
        let nearest = |matcher: &Matcher| {
            actual.iter().map(|one| (matcher.distance(one), one)).min_by(|a, b| a.0.total_cmp(&b.0))
        };
        match self {
            Self::One(matcher) => {
                let best = nearest(matcher);
                best.map_or((1.0, "nothing".to_owned()), |(distance, one)| (distance, matcher.describe_actual(one)))
            }
            Self::Includes(matchers) | Self::Exactly(matchers) => {
                let sum: f64 = matchers.iter().filter_map(&nearest).map(|(distance, _)| distance).sum();
                let mean = sum / f64::from(u32::try_from(matchers.len()).unwrap_or(u32::MAX).max(1));
                let listed: Vec<String> =
                    actual.iter().take(LISTED_MAX).map(|one| Matcher::Absent.describe_actual(one)).collect();
                // A surplus value alone gives no distance, but the condition is not met.
                (mean.max(0.01), listed.join(", "))
            }
        }
    }

    fn describe(&self) -> String {
        let join = |list: &[Matcher]| list.iter().map(Matcher::describe).collect::<Vec<_>>().join(" and ");
        match self {
            Self::One(matcher) => matcher.describe(),
            Self::Includes(matchers) => format!("{} among its values", join(matchers)),
            Self::Exactly(matchers) => format!("{} and no other value", join(matchers)),
        }
    }
}

/// The expectation that a header or parameter is absent, and a missing value.
pub(super) const NOTHING: &str = "nothing";

/// A difference as a sentence.
pub(in crate::recording::journal) fn difference_text(what: &str, expected: &str, found: &str) -> String {
    match (expected, what.strip_prefix("header ")) {
        (NOTHING, Some(header)) => format!("expected no `{}` header, found {found}", capitalized(header)),
        (NOTHING, None) => format!("expected no {what}, found {found}"),
        _ => format!("{what}: expected {expected}, found {found}"),
    }
}

/// The usual form of a header's name: `Content-Type`.
fn capitalized(header: &str) -> String {
    let part = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    header.to_lowercase().split('-').map(part).collect::<Vec<_>>().join("-")
}
