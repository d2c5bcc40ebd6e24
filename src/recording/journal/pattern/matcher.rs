//! Value matchers: whether a value matches ([`Matcher::evaluate`]), how far it is from matching ([`Matcher::distance`]),
//! and both in words.

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::abbreviate::abbreviate;
use super::criterion::NOTHING;
use super::json::{self, ArrayOrder, Comparison, ExtraElements};
use crate::contract::schema::CompiledSchema;

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
    /// The beginning of a truncated body, and its original length.
    Truncated(&'a str, usize),
}

/// The result of applying a matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchResult {
    Matches,
    Differs,
    /// The recorded part of the value is not enough to decide.
    Unknown,
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
                MatchResult::Unknown => MatchResult::Unknown,
            },
            Self::And(all) => all.iter().map(|one| one.evaluate(actual)).fold(MatchResult::Matches, both),
            Self::Or(any) => any.iter().map(|one| one.evaluate(actual)).fold(MatchResult::Differs, either),
            Self::Absent => matches!(actual, Actual::Missing).into(),
            Self::Contains(part) if matches!(actual, Actual::Truncated(beginning, _) if beginning.contains(part)) => {
                MatchResult::Matches
            }
            _ => match actual {
                Actual::Missing => MatchResult::Differs,
                Actual::Truncated(..) => MatchResult::Unknown,
                Actual::Text(text) => self.matches_text(text).into(),
            },
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        match self {
            Self::EqualTo(expected, Case::Sensitive) => expected == text,
            Self::EqualTo(expected, Case::Insensitive) => expected.to_lowercase() == text.to_lowercase(),
            Self::Contains(part) => text.contains(part),
            Self::Matches(regex, _) => regex.is_match(text),
            Self::EqualToJson { .. } => self.compare_json(text).is_some_and(|comparison| comparison.differing == 0),
            Self::JsonSchema(schema) => serde_json::from_str(text).is_ok_and(|value| schema.accepts(&value)),
            Self::JsonPath { path, inner, .. } => {
                serde_json::from_str(text).is_ok_and(|value| path_matches(path, inner.as_deref(), &value))
            }
            // Handled by `evaluate`.
            Self::Absent | Self::Not(_) | Self::And(_) | Self::Or(_) => {
                self.evaluate(&Actual::Text(text)) == MatchResult::Matches
            }
        }
    }

    /// True when the matcher parses JSON, so that it takes an array as one value.
    fn parses_json(&self) -> bool {
        match self {
            Self::EqualToJson { .. } | Self::JsonPath { .. } | Self::JsonSchema(_) => true,
            Self::Not(inner) => inner.parses_json(),
            Self::And(list) | Self::Or(list) => list.iter().any(Self::parses_json),
            Self::EqualTo(..) | Self::Contains(_) | Self::Matches(..) | Self::Absent => false,
        }
    }

    fn compare_json(&self, text: &str) -> Option<Comparison> {
        let Self::EqualToJson { expected, order, extra } = self else { return None };
        Some(json::compare(expected, &serde_json::from_str(text).ok()?, *order, *extra))
    }

    /// The distance of a value, from 0 (it matches) to 1 (nothing in common).
    pub(super) fn distance(&self, actual: &Actual<'_>) -> f64 {
        if self.evaluate(actual) == MatchResult::Matches {
            return 0.0;
        }
        let (Actual::Text(text) | Actual::Truncated(text, _)) = actual else { return 1.0 };
        match self {
            Self::EqualTo(expected, _) => 1.0 - similarity(expected, text),
            Self::EqualToJson { .. } => self.compare_json(text).map_or(1.0, |comparison| comparison.distance()),
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
            Self::Not(inner) if matches!(**inner, Self::Absent) => "any value".to_owned(),
            Self::Not(inner) => format!("not {}", inner.describe()),
            Self::And(all) => join(all, " and "),
            Self::Or(any) => join(any, " or "),
        }
    }

    /// Describes a value that does not match, to follow the word "found".
    pub(super) fn describe_actual(&self, actual: &Actual<'_>) -> String {
        let text = match actual {
            Actual::Missing => return "nothing".to_owned(),
            Actual::Truncated(beginning, length) => {
                let recorded = beginning.len();
                return format!("a body of {length} bytes, which cannot be compared: the journal recorded {recorded}");
            }
            Actual::Text(text) => text,
        };
        let json = serde_json::from_str::<Value>(text);
        match (self, json) {
            (Self::EqualToJson { .. } | Self::JsonPath { .. } | Self::JsonSchema(_), Err(_)) => {
                format!("`{}`, which is not JSON", abbreviate(text))
            }
            (Self::EqualToJson { .. }, Ok(value)) => {
                let comparison = self.compare_json(text).unwrap_or_default();
                format!("{}: {}", json::quote(&value), comparison.messages.join("; "))
            }
            (Self::JsonSchema(schema), Ok(value)) => {
                let violations = schema.violations("", &value);
                let messages: Vec<&str> = violations.iter().take(LISTED_MAX).map(|one| one.message.as_str()).collect();
                format!("{}: {}", json::quote(&value), messages.join("; "))
            }
            (Self::JsonPath { path, text, .. }, Ok(value)) => {
                let nodes: Vec<String> =
                    path.query(&value).all().into_iter().take(LISTED_MAX).map(json::quote).collect();
                match nodes.as_slice() {
                    [] => format!("nothing at {}, in {}", abbreviate(text), json::quote(&value)),
                    nodes => format!("{} at {}", nodes.join(", "), abbreviate(text)),
                }
            }
            (Self::And(all), _) => {
                let differing = all.iter().find(|one| one.evaluate(actual) != MatchResult::Matches);
                differing.map_or_else(|| format!("`{}`", abbreviate(text)), |one| one.describe_actual(actual))
            }
            _ => format!("`{}`", abbreviate(text)),
        }
    }
}

/// The similarity of two texts, from 0 to 1. It compares their beginnings, because the work grows with the square of
/// their length.
fn similarity(a: &str, b: &str) -> f64 {
    let beginning = |text: &str| text.chars().take(SIMILARITY_CHARS_MAX).collect::<String>();
    strsim::normalized_levenshtein(&beginning(a), &beginning(b))
}

/// True when a `JSONPath` selects a value that matches; one matching item of an array is enough.
fn path_matches(path: &JsonPath, inner: Option<&Matcher>, value: &Value) -> bool {
    let nodes = path.query(value).all();
    let Some(inner) = inner else {
        return nodes.into_iter().any(|node| match node {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(object) => !object.is_empty(),
            _ => true,
        });
    };
    if nodes.is_empty() {
        return inner.evaluate(&Actual::Missing) == MatchResult::Matches;
    }
    nodes.into_iter().any(|node| match node {
        Value::Array(items) if !inner.parses_json() && !items.is_empty() => {
            items.iter().any(|item| matches_value(inner, item))
        }
        _ => matches_value(inner, node),
    })
}

fn matches_value(matcher: &Matcher, value: &Value) -> bool {
    let text = match value {
        Value::Null if !matcher.parses_json() => return matcher.evaluate(&Actual::Missing) == MatchResult::Matches,
        Value::String(text) if !matcher.parses_json() => text.clone(),
        _ => value.to_string(),
    };
    matcher.evaluate(&Actual::Text(&text)) == MatchResult::Matches
}

fn both(a: MatchResult, b: MatchResult) -> MatchResult {
    match (a, b) {
        (MatchResult::Differs, _) | (_, MatchResult::Differs) => MatchResult::Differs,
        (MatchResult::Unknown, _) | (_, MatchResult::Unknown) => MatchResult::Unknown,
        _ => MatchResult::Matches,
    }
}

fn either(a: MatchResult, b: MatchResult) -> MatchResult {
    match (a, b) {
        (MatchResult::Matches, _) | (_, MatchResult::Matches) => MatchResult::Matches,
        (MatchResult::Unknown, _) | (_, MatchResult::Unknown) => MatchResult::Unknown,
        _ => MatchResult::Differs,
    }
}
