//! Near misses: the operations nearest to an unmatched request, and the requests nearest to a request pattern, each
//! with its differences.

use http::Method;
use serde_json::{Value, json};

use super::pattern::{Difference, difference_text};
use crate::contract::{Contract, Operation};
use crate::support::redaction::{self, Redactor};

/// How many near misses are returned for one request or one pattern; as many as `WireMock` returns.
pub const NEAR_MISSES_MAX: usize = 3;

/// How many characters of a path are compared; a path can be as long as a request line.
const PATH_CHARS_MAX: usize = 200;

/// The weights of path and method in a distance, as in `WireMock`.
const PATH_WEIGHT: f64 = 10.0;
const METHOD_WEIGHT: f64 = 3.0;

/// The distance of a word from a path parameter. The parameter accepts it, but an id is more likely there.
const WORD_FOR_ID_DISTANCE: f64 = 0.25;

/// An operation that an unmatched request may have been meant for.
#[derive(Clone, Debug)]
pub struct NearMiss<'c> {
    /// The operation.
    pub operation: &'c Operation,
    /// The distance, from 0 (nothing differs) to 1 (nothing in common).
    pub distance: f64,
    /// The differences: in the path from left to right, then in the method.
    pub differences: Vec<NearMissDifference>,
}

/// One difference between a request and an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMissDifference {
    /// The compared part: `path` or `method`.
    pub what: String,
    /// The operation's value, if it has one there.
    pub expected: Option<String>,
    /// The request's value, if it has one there.
    pub found: Option<String>,
    /// The difference as a sentence.
    pub message: String,
}

/// The operations nearest to a method (`None` for any) and a path, nearest first.
#[must_use]
pub fn nearest_operations<'c>(contract: &'c Contract, method: Option<&Method>, path: &str) -> Vec<NearMiss<'c>> {
    let path: String = path.chars().take(PATH_CHARS_MAX).collect();
    let given = segments(&path);
    let mut all: Vec<NearMiss<'c>> = contract.operations.iter().map(|one| compare(one, method, &given)).collect();
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.operation.index.cmp(&b.operation.index)));
    all.truncate(NEAR_MISSES_MAX);
    all
}

fn compare<'c>(operation: &'c Operation, method: Option<&Method>, given: &[&str]) -> NearMiss<'c> {
    let (path_distance, mut differences) = align_segments(given, &segments(&operation.path));
    // A GET operation handles HEAD too.
    let sent = method.map(|method| if method == Method::HEAD { &Method::GET } else { method });
    let other_method = sent.filter(|sent| **sent != operation.method);
    if let Some(sent) = other_method {
        differences.push(NearMissDifference {
            what: "method".to_owned(),
            expected: Some(operation.method.to_string()),
            found: Some(sent.to_string()),
            message: format!("the method is {sent}, but the operation expects {}", operation.method),
        });
    }
    let method_distance = if other_method.is_some() { 1.0 } else { 0.0 };
    let distance = (PATH_WEIGHT * path_distance + METHOD_WEIGHT * method_distance) / (PATH_WEIGHT + METHOD_WEIGHT);
    NearMiss { operation, distance, differences }
}

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

/// The distance of two path segments, from 0 to 1.
fn segment_distance(given: &str, expected: &str) -> f64 {
    match (given.is_empty(), expected.starts_with('{')) {
        (true, true) => 1.0,
        (false, true) => 0.0,
        (_, false) => 1.0 - strsim::normalized_damerau_levenshtein(given, expected),
    }
}

/// True when a segment looks like the name of a collection; ids contain digits or punctuation.
fn is_word(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Aligns a path with a path template with the fewest edits, so that one extra segment at the beginning does not shift
/// all others. Returns the distance and the edits.
fn align_segments(given: &[&str], expected: &[&str]) -> (f64, Vec<NearMissDifference>) {
    // A path parameter accepts any segment; the surcharge prefers operations with the same literal segment.
    let substitution_cost = |row: usize, column: usize| {
        let is_parameter = expected[column - 1].starts_with('{');
        segment_distance(given[row - 1], expected[column - 1]) + if is_parameter { 0.01 } else { 0.0 }
    };
    let mut costs = vec![vec![0.0; expected.len() + 1]; given.len() + 1];
    for row in 0..=given.len() {
        for column in 0..=expected.len() {
            costs[row][column] = match (row, column) {
                (0, 0) => 0.0,
                (0, _) => costs[0][column - 1] + 1.0,
                (_, 0) => costs[row - 1][0] + 1.0,
                _ => (costs[row - 1][column - 1] + substitution_cost(row, column))
                    .min(costs[row - 1][column] + 1.0)
                    .min(costs[row][column - 1] + 1.0),
            };
        }
    }
    let (mut sum, mut edits) = (0.0, Vec::new());
    let (mut row, mut column) = (given.len(), expected.len());
    while row > 0 || column > 0 {
        let cost = costs[row][column];
        if row > 0 && column > 0 && cost >= costs[row - 1][column - 1] + substitution_cost(row, column) {
            let distance = segment_distance(given[row - 1], expected[column - 1]);
            if distance > 0.0 {
                sum += distance;
                edits.push(describe_edit(row, Some(given[row - 1]), Some(expected[column - 1])));
            } else if expected[column - 1].starts_with('{') && is_word(given[row - 1]) {
                sum += WORD_FOR_ID_DISTANCE;
            }
            (row, column) = (row - 1, column - 1);
        } else if row > 0 && (column == 0 || cost >= costs[row - 1][column] + 1.0) {
            sum += 1.0;
            edits.push(describe_edit(row, Some(given[row - 1]), None));
            row -= 1;
        } else {
            sum += 1.0;
            edits.push(describe_edit(row, None, Some(expected[column - 1])));
            column -= 1;
        }
    }
    edits.reverse();
    #[expect(clippy::cast_precision_loss, reason = "a handful of segments")]
    let longest = given.len().max(expected.len()).max(1) as f64;
    (sum / longest, edits)
}

/// Describes the edit at a segment of the request's path, counted from 1; an insertion is after that segment.
fn describe_edit(at: usize, given: Option<&str>, expected: Option<&str>) -> NearMissDifference {
    let message = match (given, expected) {
        (Some(""), Some(expected)) => {
            format!("segment {at} of the path is empty, but the operation has `{expected}` there")
        }
        (Some(given), Some(expected)) => {
            format!("segment {at} of the path is `{given}`, but the operation has `{expected}` there")
        }
        (Some(""), None) => format!("segment {at} of the path is empty: remove the extra slash"),
        (Some(given), None) => format!("segment {at} of the path, `{given}`, is not in the path of the operation"),
        (None, expected) => {
            let expected = expected.unwrap_or_default();
            match at {
                0 => format!("`{expected}` is missing at the beginning of the path"),
                _ => format!("`{expected}` is missing after segment {at} of the path"),
            }
        }
    };
    NearMissDifference {
        what: "path".to_owned(),
        expected: expected.map(str::to_owned),
        found: given.map(str::to_owned),
        message,
    }
}

impl NearMiss<'_> {
    /// The near miss in `WireMock`'s format, with the operation in the role of a stub mapping.
    #[must_use]
    pub fn to_wiremock(&self, request: &Value) -> Value {
        let operation = self.operation;
        let id = format!("00000000-0000-4000-9000-{:012x}", operation.index);
        let differences: Vec<Value> = self
            .differences
            .iter()
            .map(|one| json!({"what": one.what, "expected": one.expected, "found": one.found}))
            .collect();
        json!({
            "request": request,
            "stubMapping": {
                "id": id,
                "uuid": id,
                "name": operation.id,
                "request": {"method": operation.method.as_str(), "urlPathTemplate": operation.path},
                "response": {"status": operation.success_status()},
            },
            "matchResult": {"distance": self.distance},
            "operation": operation.id,
            "difference": self.differences.first().map(|one| &one.message),
            "differences": differences,
        })
    }
}

/// A near miss of a pattern in `WireMock`'s format; `pattern` is the result of [`redacted_pattern`].
#[must_use]
pub fn pattern_near_miss(request: &Value, pattern: &Value, distance: f64, differences: &[Difference]) -> Value {
    let differences: Vec<Value> = differences
        .iter()
        .map(|one| {
            let expected = redacted_pattern(&Value::from(&*one.expected));
            let expected = if redaction::is_secret_name(&one.what) { redaction::REDACTED.into() } else { expected };
            json!({"what": one.what, "expected": expected, "found": one.found})
        })
        .collect();
    let message = differences.first().map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        difference_text(text("what"), text("expected"), text("found"))
    });
    json!({
        "request": request,
        "requestPattern": pattern,
        "matchResult": {"distance": distance},
        "difference": message,
        "differences": differences,
    })
}

/// A copy of a pattern in which secrets are replaced.
#[must_use]
pub fn redacted_pattern(pattern: &Value) -> Value {
    let mut redacted = pattern.clone();
    redact(&mut redacted, RedactionLevel::Secrets);
    redacted
}

/// Which values are replaced.
#[derive(Clone, Copy)]
enum RedactionLevel {
    /// Values under the names of secrets, also inside text that contains JSON or a form.
    Secrets,
    /// Every string and number.
    All,
}

fn redact(value: &mut Value, level: RedactionLevel) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                redact(value, if redaction::is_secret_name(name) { RedactionLevel::All } else { level });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, level)),
        Value::String(text) => {
            *text = match level {
                RedactionLevel::All => redaction::REDACTED.to_owned(),
                RedactionLevel::Secrets => Redactor::default().text(text).into_owned(),
            };
        }
        Value::Number(_) if matches!(level, RedactionLevel::All) => *value = redaction::REDACTED.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_described() {
        let contract = Contract::built_in().unwrap();
        let differences = [
            (
                "GET",
                "/connection",
                "list_connections",
                "segment 1 of the path is `connection`, but the operation has `connections` there",
            ),
            (
                "GET",
                "/v1/connections",
                "list_connections",
                "segment 1 of the path, `v1`, is not in the path of the operation",
            ),
            ("GET", "/connections/", "list_connections", "segment 2 of the path is empty: remove the extra slash"),
            ("PATCH", "/account", "get_account", "the method is PATCH, but the operation expects GET"),
            ("PUT", "/user", "update_user", "`{id}` is missing after segment 1 of the path"),
        ];
        for (method, path, operation, message) in differences {
            let near = nearest_operations(&contract, Some(&method.parse().unwrap()), path);
            assert_eq!(near.len(), NEAR_MISSES_MAX);
            let found = near.iter().find(|miss| miss.operation.id == operation);
            let found = found.unwrap_or_else(|| panic!("{method} {path}: {near:?}"));
            assert_eq!(found.differences[0].message, message, "{method} {path}");
            assert!(found.distance > 0.0 && found.distance < 0.6, "{method} {path}: {}", found.distance);
            assert!(near.is_sorted_by(|a, b| a.distance <= b.distance));
        }
    }

    #[test]
    fn matching_requests_have_distance_zero() {
        let contract = Contract::built_in().unwrap();
        for method in [Some(Method::GET), Some(Method::HEAD), None] {
            let near = nearest_operations(&contract, method.as_ref(), "/connections/5d9a4c421d011c553e000001");
            assert_eq!((near[0].operation.id.as_str(), near[0].differences.len()), ("get_connection", 0), "{method:?}");
            assert!(near[0].distance.abs() < f64::EPSILON);
        }
        let far = nearest_operations(&contract, Some(&Method::GET), &"/x".repeat(30_000));
        assert!(far.len() == NEAR_MISSES_MAX && far.iter().all(|miss| miss.distance > 0.5 && miss.distance <= 1.0));
    }

    #[test]
    fn redacted_patterns_keep_their_structure() {
        let pattern = json!({
            "method": "POST",
            "headers": {"Authorization": {"equalTo": "Basic c2VjcmV0"}, "Accept": {"contains": "json"}},
            "bodyPatterns": [{"equalToJson": "{\"name\":\"n\",\"password\":\"hush\"}"}, {"matchesJsonPath": "$.password"}],
            "basicAuth": {"username": "u", "password": "hush"},
        });
        let expected = json!({
            "method": "POST",
            "headers": {"Authorization": {"equalTo": "***"}, "Accept": {"contains": "json"}},
            "bodyPatterns": [{"equalToJson": "{\"name\":\"n\",\"password\":\"***\"}"}, {"matchesJsonPath": "$.password"}],
            "basicAuth": {"username": "***", "password": "***"},
        });
        assert_eq!(redacted_pattern(&pattern), expected);
    }
}
