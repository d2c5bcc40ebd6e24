//! Value matchers: whether a value matches ([`Matcher::evaluate`]), how far it is from matching ([`Matcher::distance`]),
//! and both in words.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use super::abbreviate::abbreviate;
use super::criterion::NOTHING;
use super::json::{self, ArrayOrder, Comparison, ExtraElements};
use super::json_path::{JsonPath, Selection};
use super::redacted;
use super::xml::{self, ExpectedXml, XPath, XPathResult, XmlComparison};
use crate::contract::schema::CompiledSchema;
use crate::support::redaction::REDACTED;

/// How many characters of two texts are compared for their similarity.
const SIMILARITY_CHARS_MAX: usize = 100;

/// How many results a description lists.
const LISTED_MAX: usize = 5;

/// The value that a matcher is applied to.
#[derive(Clone, Debug)]
pub(super) enum Actual<'a> {
    /// The field has no value.
    Missing,
    Text(&'a str),
    /// A whole body: its text, and its values if it is a form or XML.
    Body(&'a str, Option<&'a Value>),
    /// The beginning of a truncated body, and its original length.
    Truncated(&'a str, usize),
}

/// The result of applying a matcher or a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchResult {
    /// It matches.
    Matches,
    /// It does not match.
    Differs,
    /// The recorded part of the value is not enough to decide: the body is truncated, or a secret was replaced.
    Undecided,
}

impl MatchResult {
    /// The result when both must match.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Differs, _) | (_, Self::Differs) => Self::Differs,
            (Self::Undecided, _) | (_, Self::Undecided) => Self::Undecided,
            _ => Self::Matches,
        }
    }

    /// The result when one match is enough.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Matches, _) | (_, Self::Matches) => Self::Matches,
            (Self::Undecided, _) | (_, Self::Undecided) => Self::Undecided,
            _ => Self::Differs,
        }
    }
}

impl From<bool> for MatchResult {
    fn from(matches: bool) -> Self {
        if matches { Self::Matches } else { Self::Differs }
    }
}

/// Whether letter case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

#[derive(Debug)]
pub(super) enum Matcher {
    EqualTo(String, Case),
    Contains(String),
    /// A regular expression for the whole value, compiled and as it was written.
    Matches(Regex, String),
    Absent,
    EqualToJson {
        expected: Value,
        order: ArrayOrder,
        extra: ExtraElements,
    },
    JsonPath {
        path: Box<JsonPath>,
        text: String,
        inner: Option<Box<Matcher>>,
    },
    XPath {
        path: Box<XPath>,
        inner: Option<Box<Matcher>>,
    },
    EqualToXml(Box<ExpectedXml>),
    JsonSchema(Box<CompiledSchema>),
    Not(Box<Matcher>),
    And(Vec<Matcher>),
    Or(Vec<Matcher>),
}

impl Matcher {
    /// Applies the matcher to a value.
    pub(super) fn evaluate(&self, actual: &Actual<'_>) -> MatchResult {
        match self {
            Self::Not(inner) => match inner.evaluate(actual) {
                MatchResult::Matches => MatchResult::Differs,
                MatchResult::Differs => MatchResult::Matches,
                MatchResult::Undecided => MatchResult::Undecided,
            },
            Self::And(all) => all.iter().map(|one| one.evaluate(actual)).fold(MatchResult::Matches, MatchResult::and),
            Self::Or(any) => any.iter().map(|one| one.evaluate(actual)).fold(MatchResult::Differs, MatchResult::or),
            Self::Absent => matches!(actual, Actual::Missing).into(),
            Self::Contains(part) if matches!(actual, Actual::Truncated(beginning, _) if beginning.contains(part)) => {
                MatchResult::Matches
            }
            _ => match actual {
                Actual::Missing => MatchResult::Differs,
                Actual::Truncated(..) => MatchResult::Undecided,
                Actual::Text(text) => self.evaluate_text(text, None, text.contains(REDACTED)),
                // Of a whole body only the redacted parts are unknown, which the parser of patterns takes care of.
                Actual::Body(text, value) => self.evaluate_text(text, *value, false),
            },
        }
    }

    /// Applies the matcher to a text. `values` are those of a form or an XML document; `hides_text` is true when any
    /// part of the text may be unknown.
    fn evaluate_text(&self, text: &str, values: Option<&Value>, hides_text: bool) -> MatchResult {
        let decided = |matches: bool, is_undecided: bool| match (matches, is_undecided) {
            (true, _) => MatchResult::Matches,
            (false, true) => MatchResult::Undecided,
            (false, false) => MatchResult::Differs,
        };
        match self {
            Self::EqualTo(expected, Case::Sensitive) => {
                decided(expected == text, redacted::may_have_been(text, expected))
            }
            Self::EqualTo(expected, Case::Insensitive) => {
                let (expected, text) = (expected.to_lowercase(), text.to_lowercase());
                decided(expected == text, redacted::may_have_been(&text, &expected))
            }
            Self::Contains(part) => decided(text.contains(part), hides_text),
            Self::Matches(regex, _) => decided(regex.is_match(text), hides_text),
            Self::EqualToJson { .. } => match self.compare_json(text, values) {
                Some(comparison) if comparison.differing > 0 => MatchResult::Differs,
                Some(comparison) => decided(comparison.undecided == 0, true),
                None => MatchResult::Differs,
            },
            Self::JsonSchema(schema) => match parse_values(text, values) {
                Some(value) if schema.accepts(&value) => MatchResult::Matches,
                Some(value) => decided(false, is_hidden_by_redaction(schema, &value)),
                None => MatchResult::Differs,
            },
            Self::JsonPath { path, inner, .. } => match parse_values(text, values) {
                Some(value) => match_selection(path, &path.select(&value), inner.as_deref()),
                None => MatchResult::Differs,
            },
            Self::XPath { path, inner } => match_xpath(path, text, inner.as_deref()),
            Self::EqualToXml(expected) => match expected.compare(text) {
                XmlComparison::Equal => MatchResult::Matches,
                XmlComparison::Undecided => MatchResult::Undecided,
                XmlComparison::Different(_) | XmlComparison::NotXml => MatchResult::Differs,
            },
            // Handled by `evaluate`.
            Self::Absent | Self::Not(_) | Self::And(_) | Self::Or(_) => self.evaluate(&Actual::Body(text, values)),
        }
    }

    /// True when the matcher parses JSON or XML, so that it takes an array or an element as one value.
    fn parses(&self) -> bool {
        match self {
            Self::EqualToJson { .. }
            | Self::JsonPath { .. }
            | Self::JsonSchema(_)
            | Self::XPath { .. }
            | Self::EqualToXml(_) => true,
            Self::Not(inner) => inner.parses(),
            Self::And(list) | Self::Or(list) => list.iter().any(Self::parses),
            Self::EqualTo(..) | Self::Contains(_) | Self::Matches(..) | Self::Absent => false,
        }
    }

    fn compare_json(&self, text: &str, values: Option<&Value>) -> Option<Comparison> {
        let Self::EqualToJson { expected, order, extra } = self else { return None };
        Some(json::compare(expected, &*parse_values(text, values)?, *order, *extra))
    }

    /// The distance of a value, from 0 (it matches) to 1 (nothing in common).
    pub(super) fn distance(&self, actual: &Actual<'_>) -> f64 {
        if self.evaluate(actual) == MatchResult::Matches {
            return 0.0;
        }
        let (text, values) = match actual {
            Actual::Missing => return 1.0,
            Actual::Text(text) | Actual::Truncated(text, _) => (text, None),
            Actual::Body(text, values) => (text, *values),
        };
        match self {
            Self::EqualTo(expected, _) => 1.0 - similarity(expected, text),
            Self::EqualToJson { .. } => self.compare_json(text, values).map_or(1.0, |comparison| comparison.distance()),
            Self::And(all) => {
                let sum: f64 = all.iter().map(|one| one.distance(actual)).sum();
                sum / f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX).max(1))
            }
            Self::Or(any) => any.iter().map(|one| one.distance(actual)).fold(1.0, f64::min),
            _ => 1.0,
        }
        // A value that does not match has a distance above 0, even if the compared beginning is equal.
        .clamp(0.01, 1.0)
    }

    /// Describes the matching values, to follow the word "expected".
    pub(super) fn describe(&self) -> String {
        let join = |list: &[Matcher], word: &str| list.iter().map(Self::describe).collect::<Vec<_>>().join(word);
        match self {
            Self::EqualTo(text, Case::Sensitive) => format!("`{}`", abbreviate(text)),
            Self::EqualTo(text, Case::Insensitive) => format!("`{}` in any case", abbreviate(text)),
            Self::Contains(part) => format!("text containing `{}`", abbreviate(part)),
            Self::Matches(_, pattern) => format!("text matching `{}`", abbreviate(pattern)),
            Self::Absent => NOTHING.to_owned(),
            Self::EqualToJson { expected, order, extra } => {
                let order = if *order == ArrayOrder::Any { ", in any array order" } else { "" };
                let extra = if *extra == ExtraElements::Ignored { ", extra elements allowed" } else { "" };
                format!("the JSON {}{order}{extra}", json::quote(expected))
            }
            Self::JsonPath { text, inner: None, .. } => format!("JSON with a value at {}", abbreviate(text)),
            Self::JsonPath { text, inner: Some(inner), .. } => {
                format!("JSON with {} at {}", inner.describe(), abbreviate(text))
            }
            Self::JsonSchema(_) => "JSON that is valid against the schema".to_owned(),
            Self::XPath { path, inner: None } => format!("XML with a value at {}", abbreviate(path.text())),
            Self::XPath { path, inner: Some(inner) } => {
                format!("XML with {} at {}", inner.describe(), abbreviate(path.text()))
            }
            Self::EqualToXml(expected) => format!("the XML {}", abbreviate(expected.text())),
            Self::Not(inner) if matches!(**inner, Self::Absent) => "any value".to_owned(),
            Self::Not(inner) => format!("not {}", inner.describe()),
            Self::And(all) => join(all, " and "),
            Self::Or(any) => join(any, " or "),
        }
    }

    /// Describes a value that does not match, to follow the word "found".
    pub(super) fn describe_actual(&self, actual: &Actual<'_>) -> String {
        let (text, values) = match actual {
            Actual::Missing => return "nothing".to_owned(),
            Actual::Truncated("", length) => {
                return format!(
                    "a body of {length} bytes, which cannot be compared: the journal does not record it, because it names a \
                     secret or is not UTF-8"
                );
            }
            Actual::Truncated(beginning, length) => {
                let recorded = beginning.len();
                return format!("a body of {length} bytes, which cannot be compared: the journal recorded {recorded}");
            }
            Actual::Text(text) => (text, None),
            Actual::Body(text, values) => (text, *values),
        };
        let quoted = || format!("`{}`", abbreviate(text));
        match self {
            Self::EqualToJson { .. } | Self::JsonPath { .. } | Self::JsonSchema(_) => {
                let Some(value) = parse_values(text, values) else {
                    return format!("{}, which is not JSON, a form or XML", quoted());
                };
                self.describe_json(&value)
            }
            Self::XPath { path, .. } => match path.evaluate(text) {
                XPathResult::NotXml => format!("{}, which is not XML", quoted()),
                XPathResult::TooMuchWork => format!("{}, for which the XPath needs too much work", quoted()),
                XPathResult::Boolean(_) => quoted(),
                XPathResult::Values(nodes) if nodes.is_empty() => {
                    format!("nothing at {}, in {}", abbreviate(path.text()), abbreviate(text))
                }
                XPathResult::Values(nodes) => {
                    let nodes: Vec<String> =
                        nodes.iter().take(LISTED_MAX).map(|node| format!("`{}`", abbreviate(&node.text))).collect();
                    format!("{} at {}", nodes.join(", "), abbreviate(path.text()))
                }
            },
            Self::EqualToXml(expected) => match expected.compare(text) {
                XmlComparison::NotXml => format!("{}, which is not XML", quoted()),
                XmlComparison::Different(difference) => format!("{}: {}", quoted(), abbreviate(&difference)),
                XmlComparison::Undecided | XmlComparison::Equal => quoted(),
            },
            Self::And(all) => {
                let differing = all.iter().find(|one| one.evaluate(actual) != MatchResult::Matches);
                differing.map_or_else(quoted, |one| one.describe_actual(actual))
            }
            _ => quoted(),
        }
    }

    fn describe_json(&self, value: &Value) -> String {
        match self {
            Self::EqualToJson { expected, order, extra } => {
                let comparison = json::compare(expected, value, *order, *extra);
                format!("{}: {}", json::quote(value), comparison.messages.join("; "))
            }
            Self::JsonSchema(schema) => {
                let violations = schema.violations("", value);
                let messages: Vec<&str> = violations.iter().take(LISTED_MAX).map(|one| one.message.as_str()).collect();
                format!("{}: {}", json::quote(value), messages.join("; "))
            }
            Self::JsonPath { path, text, .. } => {
                let selection = path.select(value);
                let nodes: Vec<String> =
                    selection.values.iter().take(LISTED_MAX).map(|node| json::quote(node)).collect();
                match nodes.as_slice() {
                    [] => format!("nothing at {}, in {}", abbreviate(text), json::quote(value)),
                    nodes => format!("{} at {}", nodes.join(", "), abbreviate(text)),
                }
            }
            _ => json::quote(value),
        }
    }
}

/// The values of a text: JSON, else those of a form or an XML document.
fn parse_values<'v>(text: &str, values: Option<&'v Value>) -> Option<Cow<'v, Value>> {
    serde_json::from_str(text).ok().map(Cow::Owned).or(values.map(Cow::Borrowed))
}

/// True when redacted values alone break a schema, so that the sent values may have met it.
fn is_hidden_by_redaction(schema: &CompiledSchema, value: &Value) -> bool {
    let violations = schema.violations("", value);
    let is_redacted = |location: &str| value.pointer(location).is_some_and(redacted::has_redaction);
    !violations.is_empty() && violations.iter().all(|violation| is_redacted(&violation.location))
}

/// The similarity of two texts, from 0 to 1. It compares their beginnings, because the work grows with the square of
/// their length.
fn similarity(a: &str, b: &str) -> f64 {
    let beginning = |text: &str| text.chars().take(SIMILARITY_CHARS_MAX).collect::<String>();
    strsim::normalized_levenshtein(&beginning(a), &beginning(b))
}

/// Whether a `JSONPath` selects a value that matches; one matching item of an array is enough.
fn match_selection(path: &JsonPath, selection: &Selection<'_>, inner: Option<&Matcher>) -> MatchResult {
    if selection.is_undecided {
        return MatchResult::Undecided;
    }
    let nodes = &selection.values;
    let Some(inner) = inner else {
        // As in WireMock: the results of an indefinite path are a list, which only has to be there.
        return match nodes.first().map(Cow::as_ref) {
            None | Some(Value::Null) if path.is_definite() => false,
            Some(Value::Array(items)) if path.is_definite() => !items.is_empty(),
            Some(Value::Object(members)) if path.is_definite() => !members.is_empty(),
            first => first.is_some(),
        }
        .into();
    };
    if nodes.is_empty() {
        return inner.evaluate(&Actual::Missing);
    }
    nodes
        .iter()
        .map(|node| match node.as_ref() {
            Value::Array(items) if !inner.parses() && !items.is_empty() => {
                items.iter().map(|item| match_value(inner, item)).fold(MatchResult::Differs, MatchResult::or)
            }
            node => match_value(inner, node),
        })
        .fold(MatchResult::Differs, MatchResult::or)
}

fn match_value(matcher: &Matcher, value: &Value) -> MatchResult {
    let text = match value {
        Value::Null if !matcher.parses() => return matcher.evaluate(&Actual::Missing),
        Value::String(text) if !matcher.parses() => text.clone(),
        _ => value.to_string(),
    };
    matcher.evaluate(&Actual::Text(&text))
}

/// Whether an `XPath` selects a node that matches.
fn match_xpath(path: &XPath, text: &str, inner: Option<&Matcher>) -> MatchResult {
    let result = match (path.evaluate(text), inner) {
        (XPathResult::NotXml, _) => return MatchResult::Differs,
        (XPathResult::TooMuchWork, _) => return MatchResult::Undecided,
        (XPathResult::Boolean(value), None) => value.into(),
        (XPathResult::Boolean(value), Some(inner)) => inner.evaluate(&Actual::Text(&value.to_string())),
        (XPathResult::Values(nodes), None) => (!nodes.is_empty()).into(),
        (XPathResult::Values(nodes), Some(inner)) if nodes.is_empty() => inner.evaluate(&Actual::Missing),
        (XPathResult::Values(nodes), Some(inner)) => {
            let results = nodes.iter().map(|node| {
                let text = if inner.parses() { xml::as_xml(node) } else { &node.text };
                inner.evaluate(&Actual::Text(text))
            });
            results.fold(MatchResult::Differs, MatchResult::or)
        }
    };
    if result == MatchResult::Differs && path.is_undecided(text) { MatchResult::Undecided } else { result }
}
