//! What is nearest to a request that met nothing: the operations that it may have meant, with what differs.

use http::Method;
use serde_json::{Value, json};

use super::pattern::Difference;
use crate::contract::{Contract, Operation};
use crate::support::redact;

/// How many near misses are told of one request, or of one pattern; as many as `WireMock` tells.
pub const NEAR_MAX: usize = 3;

/// How much of a path is compared; a path may be as long as a request line.
const PATH_CHARS_MAX: usize = 200;

/// How much of the distance is the path's, and how much the method's; as in `WireMock`.
const PATH_WEIGHT: f64 = 10.0;
const METHOD_WEIGHT: f64 = 3.0;

/// How different a word is from an id that stands in its place. It fits, but is hardly what was meant.
const WORD_FOR_ID: f64 = 0.25;

/// An operation that a request may have meant.
#[derive(Clone, Debug)]
pub struct NearMiss<'c> {
    /// The operation.
    pub operation: &'c Operation,
    /// How far away it is: 0 when nothing differs, 1 when nothing is alike.
    pub distance: f64,
    /// What differs: the path from left to right, then the method.
    pub rows: Vec<Row>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is: `path` or `method`.
    pub what: String,
    /// What the operation has there, if anything.
    pub wanted: Option<String>,
    /// What the request has there, if anything.
    pub found: Option<String>,
    /// The same in plain words.
    pub words: String,
}

/// The operations that are nearest to a method (any, when it is not known) and a path; the nearest first.
#[must_use]
pub fn nearest<'c>(contract: &'c Contract, method: Option<&Method>, path: &str) -> Vec<NearMiss<'c>> {
    let path: String = path.chars().take(PATH_CHARS_MAX).collect();
    let given = segments(&path);
    let mut all: Vec<NearMiss<'c>> = contract.operations.iter().map(|one| compare(one, method, &given)).collect();
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.operation.index.cmp(&b.operation.index)));
    all.truncate(NEAR_MAX);
    all
}

fn compare<'c>(operation: &'c Operation, method: Option<&Method>, given: &[&str]) -> NearMiss<'c> {
    let (path_distance, mut rows) = align(given, &segments(&operation.path));
    // HEAD is answered as GET is.
    let sent = method.map(|method| if method == Method::HEAD { &Method::GET } else { method });
    let other_method = sent.filter(|sent| **sent != operation.method);
    if let Some(sent) = other_method {
        rows.push(Row {
            what: "method".to_owned(),
            wanted: Some(operation.method.to_string()),
            found: Some(sent.to_string()),
            words: format!("the method is {sent}, but the operation takes {}", operation.method),
        });
    }
    let method_distance = if other_method.is_some() { 1.0 } else { 0.0 };
    let distance = (PATH_WEIGHT * path_distance + METHOD_WEIGHT * method_distance) / (PATH_WEIGHT + METHOD_WEIGHT);
    NearMiss { operation, distance, rows }
}

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

/// How different two segments are.
fn distance(given: &str, wanted: &str) -> f64 {
    match (given.is_empty(), wanted.starts_with('{')) {
        (true, true) => 1.0,
        (false, true) => 0.0,
        (_, false) => 1.0 - strsim::normalized_damerau_levenshtein(given, wanted),
    }
}

/// Whether a segment reads like the name of a collection: what stands for one document has digits or signs in it.
fn is_word(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// How a path turns into a pattern with the fewest changes, so that one segment too many at the beginning does not
/// move all others; the distance, and what changes.
fn align(given: &[&str], wanted: &[&str]) -> (f64, Vec<Row>) {
    // What varies takes any segment, but a segment that is the same is meant more than one that may be anything.
    let step = |row: usize, column: usize| {
        let varies = wanted[column - 1].starts_with('{');
        distance(given[row - 1], wanted[column - 1]) + if varies { 0.01 } else { 0.0 }
    };
    let mut costs = vec![vec![0.0; wanted.len() + 1]; given.len() + 1];
    for row in 0..=given.len() {
        for column in 0..=wanted.len() {
            costs[row][column] = match (row, column) {
                (0, 0) => 0.0,
                (0, _) => costs[0][column - 1] + 1.0,
                (_, 0) => costs[row - 1][0] + 1.0,
                _ => (costs[row - 1][column - 1] + step(row, column))
                    .min(costs[row - 1][column] + 1.0)
                    .min(costs[row][column - 1] + 1.0),
            };
        }
    }
    let (mut sum, mut changes) = (0.0, Vec::new());
    let (mut row, mut column) = (given.len(), wanted.len());
    while row > 0 || column > 0 {
        let cost = costs[row][column];
        if row > 0 && column > 0 && cost >= costs[row - 1][column - 1] + step(row, column) {
            let differs = distance(given[row - 1], wanted[column - 1]);
            if differs > 0.0 {
                sum += differs;
                changes.push(change(row, Some(given[row - 1]), Some(wanted[column - 1])));
            } else if wanted[column - 1].starts_with('{') && is_word(given[row - 1]) {
                sum += WORD_FOR_ID;
            }
            (row, column) = (row - 1, column - 1);
        } else if row > 0 && (column == 0 || cost >= costs[row - 1][column] + 1.0) {
            sum += 1.0;
            changes.push(change(row, Some(given[row - 1]), None));
            row -= 1;
        } else {
            sum += 1.0;
            changes.push(change(row, None, Some(wanted[column - 1])));
            column -= 1;
        }
    }
    changes.reverse();
    #[expect(clippy::cast_precision_loss, reason = "a handful of segments")]
    let longest = given.len().max(wanted.len()).max(1) as f64;
    (sum / longest, changes)
}

/// What differs at a segment of the request's path, counted from 1; with none of its own, after that one.
fn change(at: usize, given: Option<&str>, wanted: Option<&str>) -> Row {
    let words = match (given, wanted) {
        (Some(""), Some(wanted)) => {
            format!("segment {at} of the path is empty, but the operation has `{wanted}` there")
        }
        (Some(given), Some(wanted)) => {
            format!("segment {at} of the path is `{given}`, but the operation has `{wanted}` there")
        }
        (Some(""), None) => format!("segment {at} of the path is empty; the operation has no slash too many"),
        (Some(given), None) => format!("segment {at} of the path, `{given}`, is one that the operation does not have"),
        (None, wanted) => {
            let wanted = wanted.unwrap_or_default();
            match at {
                0 => format!("the path does not begin with `{wanted}`, as the operation's does"),
                _ => format!("the path lacks `{wanted}` after segment {at}"),
            }
        }
    };
    Row { what: "path".to_owned(), wanted: wanted.map(str::to_owned), found: given.map(str::to_owned), words }
}

impl NearMiss<'_> {
    /// It as `WireMock` shows a near miss, the operation being what a stub is there.
    #[must_use]
    pub fn shown(&self, request: &Value) -> Value {
        let operation = self.operation;
        let id = format!("00000000-0000-4000-9000-{:012x}", operation.index);
        let rows: Vec<Value> =
            self.rows.iter().map(|row| json!({"what": row.what, "wanted": row.wanted, "found": row.found})).collect();
        json!({
            "request": request,
            "stubMapping": {
                "id": id,
                "uuid": id,
                "name": operation.id,
                "request": {"method": operation.method.as_str(), "urlPathTemplate": operation.path},
                "response": {"status": operation.success()},
            },
            "matchResult": {"distance": self.distance},
            "operation": operation.id,
            "difference": self.rows.first().map(|row| &row.words),
            "differences": rows,
        })
    }
}

/// A near miss of a pattern as `WireMock` shows one; `pattern` has been [`veiled`].
#[must_use]
pub fn shown_for_pattern(request: &Value, pattern: &Value, distance: f64, differences: &[Difference]) -> Value {
    let rows: Vec<Value> = differences
        .iter()
        .map(|one| {
            let wanted = veiled(&Value::from(&*one.wanted));
            let wanted = if redact::is_secret(&one.what) { redact::REDACTED.into() } else { wanted };
            json!({"what": one.what, "wanted": wanted, "found": one.found})
        })
        .collect();
    let words = rows.first().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        format!("{}: wanted {}, found {}", text("what"), text("wanted"), text("found"))
    });
    json!({
        "request": request,
        "requestPattern": pattern,
        "matchResult": {"distance": distance},
        "difference": words,
        "differences": rows,
    })
}

/// A pattern as it is shown again: with its shape, and without its secrets.
#[must_use]
pub fn veiled(pattern: &Value) -> Value {
    let mut shown = pattern.clone();
    veil(&mut shown, RedactionLevel::Secrets);
    shown
}

/// How much of a value is hidden.
#[derive(Clone, Copy)]
enum RedactionLevel {
    /// What stands under the names of secrets, or looks like it in a text.
    Secrets,
    /// Every text.
    All,
}

fn veil(value: &mut Value, how: RedactionLevel) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                veil(value, if redact::is_secret(name) { RedactionLevel::All } else { how });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| veil(item, how)),
        Value::String(text) => {
            *text = match how {
                RedactionLevel::All => redact::REDACTED.to_owned(),
                RedactionLevel::Secrets => {
                    let (clean, _) = redact::body(&std::mem::take(text).into(), usize::MAX, None);
                    String::from_utf8_lossy(&clean).into_owned()
                }
            };
        }
        Value::Number(_) if matches!(how, RedactionLevel::All) => *value = redact::REDACTED.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_differs_is_told() {
        let contract = Contract::built_in().unwrap();
        let rows = [
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
                "segment 1 of the path, `v1`, is one that the operation does not have",
            ),
            (
                "GET",
                "/connections/",
                "list_connections",
                "segment 2 of the path is empty; the operation has no slash too many",
            ),
            ("PATCH", "/account", "get_account", "the method is PATCH, but the operation takes GET"),
            ("PUT", "/user", "update_user", "the path lacks `{id}` after segment 1"),
        ];
        for (method, path, operation, words) in rows {
            let near = nearest(&contract, Some(&method.parse().unwrap()), path);
            assert_eq!(near.len(), NEAR_MAX);
            let found = near.iter().find(|miss| miss.operation.id == operation);
            let found = found.unwrap_or_else(|| panic!("{method} {path}: {near:?}"));
            assert_eq!(found.rows[0].words, words, "{method} {path}");
            assert!(found.distance > 0.0 && found.distance < 0.6, "{method} {path}: {}", found.distance);
            assert!(near.is_sorted_by(|a, b| a.distance <= b.distance));
        }
    }

    #[test]
    fn what_fits_is_at_no_distance() {
        let contract = Contract::built_in().unwrap();
        for method in [Some(Method::GET), Some(Method::HEAD), None] {
            let near = nearest(&contract, method.as_ref(), "/connections/5d9a4c421d011c553e000001");
            assert_eq!((near[0].operation.id.as_str(), near[0].rows.len()), ("get_connection", 0), "{method:?}");
            assert!(near[0].distance.abs() < f64::EPSILON);
        }
        let far = nearest(&contract, Some(&Method::GET), &"/x".repeat(30_000));
        assert!(far.len() == NEAR_MAX && far.iter().all(|miss| miss.distance > 0.5 && miss.distance <= 1.0));
    }

    #[test]
    fn a_pattern_keeps_its_shape_and_loses_its_secrets() {
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
            "basicAuth": {"username": "u", "password": "***"},
        });
        assert_eq!(veiled(&pattern), expected);
    }
}
