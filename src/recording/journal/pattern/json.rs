//! Comparison of two JSON values as `WireMock`'s `equalToJson` does it, with a message for each difference.

use serde_json::{Map, Value};

use super::abbreviate::abbreviate;
use super::redacted;
use crate::support::redaction::REDACTED;
use contract_files::pointer::escape;

/// How many differences are described.
const MESSAGES_MAX: usize = 5;

/// The longest array that is compared in any order; the work grows with the square of its length.
pub(super) const UNORDERED_MAX: usize = 500;

/// A placeholder in the expected JSON, and the values that it accepts.
type Placeholder = (&'static str, fn(&Value) -> bool);

/// The supported placeholders.
const PLACEHOLDERS: [Placeholder; 5] = [
    ("${json-unit.ignore}", |_| true),
    ("${json-unit.ignore-element}", |_| true),
    ("${json-unit.any-string}", Value::is_string),
    ("${json-unit.any-number}", Value::is_number),
    ("${json-unit.any-boolean}", Value::is_boolean),
];

/// Whether the order of arrays matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayOrder {
    Strict,
    Any,
}

/// Whether the found JSON may contain properties and items that are not expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExtraElements {
    Rejected,
    Ignored,
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// The number of compared scalars.
    pub(super) compared: usize,
    /// How many of them differ.
    pub(super) differing: usize,
    /// How many are redacted, so that they may have been equal.
    pub(super) undecided: usize,
    /// The first differences.
    pub(super) messages: Vec<String>,
}

impl Comparison {
    /// The distance of the two values, from 0 to 1.
    pub(super) fn distance(&self) -> f64 {
        if self.differing == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of values in one body are far below 2^52")]
        let distance = self.differing as f64 / self.compared.max(self.differing) as f64;
        distance
    }

    fn add_difference(&mut self, pointer: &str, scalars: usize, describe: impl FnOnce() -> String) {
        self.differing += scalars;
        if self.messages.len() < MESSAGES_MAX {
            let subject = if pointer.is_empty() { "the value" } else { pointer };
            self.messages.push(format!("{subject} {}", describe()));
        }
    }
}

/// Compares an expected value with a found one.
pub(super) fn compare(expected: &Value, found: &Value, order: ArrayOrder, extra: ExtraElements) -> Comparison {
    let mut comparison = Comparison::default();
    Comparer { order, extra }.values("", expected, found, &mut comparison);
    comparison
}

/// The first unsupported placeholder in a value.
pub(super) fn unknown_placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.starts_with("${json-unit.") => {
            PLACEHOLDERS.iter().all(|(name, _)| name != text).then_some(text)
        }
        Value::Array(items) => items.iter().find_map(unknown_placeholder),
        Value::Object(object) => object.values().find_map(unknown_placeholder),
        _ => None,
    }
}

/// The supported placeholders.
pub(super) fn placeholders() -> Vec<&'static str> {
    PLACEHOLDERS.iter().map(|(name, _)| *name).collect()
}

/// The length of the longest array in a value.
pub(super) fn longest_array(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest_array).max().unwrap_or(0).max(items.len()),
        Value::Object(object) => object.values().map(longest_array).max().unwrap_or(0),
        _ => 0,
    }
}

/// A value as abbreviated JSON.
pub(super) fn quote(value: &Value) -> String {
    abbreviate(&value.to_string())
}

struct Comparer {
    order: ArrayOrder,
    extra: ExtraElements,
}

impl Comparer {
    fn values(&self, at: &str, expected: &Value, found: &Value, comparison: &mut Comparison) {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => self.objects(at, expected, found, comparison),
            (Value::Array(expected), Value::Array(found)) => match self.order {
                ArrayOrder::Strict => self.lists(at, expected, found, comparison),
                ArrayOrder::Any => self.unordered(at, expected, found, comparison),
            },
            _ => {
                comparison.compared += count(expected);
                if scalars_match(expected, found) {
                    return;
                }
                if may_have_been(found, expected) {
                    comparison.undecided += 1;
                } else {
                    comparison.add_difference(at, count(expected), || {
                        format!("is {}, not {}", quote(found), quote(expected))
                    });
                }
            }
        }
    }

    fn objects(
        &self,
        at: &str,
        expected: &Map<String, Value>,
        found: &Map<String, Value>,
        comparison: &mut Comparison,
    ) {
        comparison.compared += usize::from(expected.is_empty());
        for (name, expected) in expected {
            let pointer = format!("{at}/{}", escape(name));
            match found.get(name) {
                Some(found) => self.values(&pointer, expected, found, comparison),
                None if expected == "${json-unit.ignore-element}" => {}
                None => {
                    comparison.compared += count(expected);
                    comparison.add_difference(&pointer, count(expected), || "is missing".to_owned());
                }
            }
        }
        if self.extra == ExtraElements::Rejected {
            for (name, value) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                comparison.compared += 1;
                comparison.add_difference(&format!("{at}/{}", escape(name)), 1, || {
                    format!("is {}, but must be absent", quote(value))
                });
            }
        }
    }

    fn lists(&self, at: &str, expected: &[Value], found: &[Value], comparison: &mut Comparison) {
        comparison.compared += usize::from(expected.is_empty());
        for (index, expected) in expected.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            match found.get(index) {
                Some(found) => self.values(&pointer, expected, found, comparison),
                None => {
                    comparison.compared += count(expected);
                    comparison.add_difference(&pointer, count(expected), || "is missing".to_owned());
                }
            }
        }
        self.surplus(at, expected.len(), found.len(), comparison);
    }

    fn surplus(&self, at: &str, expected: usize, found: usize, comparison: &mut Comparison) {
        if found > expected && self.extra == ExtraElements::Rejected {
            comparison.compared += found - expected;
            comparison.add_difference(at, found - expected, || format!("has {found} items, not {expected}"));
        }
    }

    /// Matches each expected item with a different found one: a maximum bipartite matching.
    fn unordered(&self, at: &str, expected: &[Value], found: &[Value], comparison: &mut Comparison) {
        comparison.compared += usize::from(expected.is_empty());
        let mut undecided = 0;
        let mut is_equal = |expected: &Value, found: &Value| {
            let mut comparison = Comparison { messages: vec![String::new(); MESSAGES_MAX], ..Comparison::default() };
            self.values("", expected, found, &mut comparison);
            undecided += comparison.undecided;
            comparison.differing == 0
        };
        let candidates: Vec<Vec<usize>> = expected
            .iter()
            .map(|expected| (0..found.len().min(UNORDERED_MAX)).filter(|at| is_equal(expected, &found[*at])).collect())
            .collect();
        comparison.undecided += undecided;
        let mut assigned: Vec<Option<usize>> = vec![None; found.len()];
        for (index, item) in expected.iter().enumerate() {
            comparison.compared += count(item);
            if !assign(index, &candidates, &mut assigned, &mut vec![false; found.len()]) {
                comparison.add_difference(&format!("{at}/{index}"), count(item), || {
                    format!("({}) is not among the items", quote(item))
                });
            }
        }
        self.surplus(at, expected.len(), found.len(), comparison);
    }
}

/// Finds an augmenting path: a found item for an expected one, reassigning other expected items where needed.
fn assign(item: usize, candidates: &[Vec<usize>], assigned: &mut [Option<usize>], visited: &mut [bool]) -> bool {
    for &at in &candidates[item] {
        if std::mem::replace(&mut visited[at], true) {
            continue;
        }
        if assigned[at].is_none_or(|other| assign(other, candidates, assigned, visited)) {
            assigned[at] = Some(item);
            return true;
        }
    }
    false
}

/// True when a value that was recorded as `found` may have been `expected` before it was redacted.
fn may_have_been(found: &Value, expected: &Value) -> bool {
    let Value::String(found) = found else { return false };
    match expected {
        Value::String(expected) => redacted::may_have_been(found, expected),
        Value::Array(_) | Value::Object(_) => found == REDACTED,
        other => redacted::may_have_been(found, &other.to_string()),
    }
}

fn scalars_match(expected: &Value, found: &Value) -> bool {
    if let Some((_, accepts)) = expected.as_str().and_then(|text| PLACEHOLDERS.iter().find(|(name, _)| *name == text)) {
        return accepts(found);
    }
    match (expected, found) {
        // 1 and 1.0 are one number.
        (Value::Number(expected), Value::Number(found)) => expected == found || expected.as_f64() == found.as_f64(),
        _ => expected == found,
    }
}

/// The number of scalars in a value, at least 1.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>().max(1),
        Value::Object(object) => object.values().map(count).sum::<usize>().max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_described_with_their_pointer() {
        use {ArrayOrder::*, ExtraElements::*};
        let rows: &[(Value, Value, ArrayOrder, ExtraElements, &str)] = &[
            (json!({"a": 1}), json!({"a": 1.0}), Strict, Rejected, ""),
            (json!({"a": 1, "b": [1, 2]}), json!({"b": [1, 2], "a": 1}), Strict, Rejected, ""),
            (json!({"a": 1}), json!({"a": 2}), Strict, Rejected, "/a is 2, not 1"),
            (json!({"a": 1}), json!({}), Strict, Ignored, "/a is missing"),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), Strict, Rejected, "/b is 2, but must be absent"),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), Strict, Ignored, ""),
            (json!([1, 2]), json!([2, 1]), Strict, Rejected, "/0 is 2, not 1; /1 is 1, not 2"),
            (json!([1, 2]), json!([2, 1]), Any, Rejected, ""),
            (json!([1]), json!([2, 1]), Any, Rejected, "the value has 2 items, not 1"),
            (json!([1]), json!([2, 1]), Any, Ignored, ""),
            (json!([1]), json!([1, 2]), Strict, Ignored, ""),
            (json!([1, 1]), json!([1, 2]), Any, Rejected, "/1 (1) is not among the items"),
            // The first expected item matches both found ones, the second only the one that the first would take.
            (json!([{}, {"a": 1}]), json!([{"a": 1}, {"b": 1}]), Any, Ignored, ""),
            (json!({"a": "${json-unit.any-string}"}), json!({"a": "x"}), Strict, Rejected, ""),
            (
                json!({"a": "${json-unit.any-number}"}),
                json!({"a": "x"}),
                Strict,
                Rejected,
                "/a is \"x\", not \"${json-unit.any-number}\"",
            ),
            (json!("x"), Value::Null, Strict, Rejected, "the value is null, not \"x\""),
            (json!({"a": "x", "b": 1}), json!({"a": "***", "b": 2}), Strict, Rejected, "/b is 2, not 1"),
        ];
        for (expected, found, order, extra, message) in rows {
            let comparison = compare(expected, found, *order, *extra);
            assert_eq!(comparison.messages.join("; "), *message, "{expected} {found}");
            assert_eq!(comparison.differing == 0, message.is_empty());
            assert!((0.0..=1.0).contains(&comparison.distance()));
        }
        let half = compare(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3}), Strict, Rejected);
        assert!((half.distance() - 0.5).abs() < f64::EPSILON);
    }
}
