//! Near misses: the operations nearest to an unmatched request, and the requests nearest to a request pattern, each
//! with its differences.

use http::Method;
use serde_json::{Value, json};

use super::pattern::{Difference, difference_text};
use crate::contract::Contract;
use crate::contract::nearest;
pub use crate::contract::nearest::NearMiss;
use crate::support::redaction::{self, Redactor};

/// How many near misses are returned for one request or one pattern; as many as `WireMock` returns.
pub const NEAR_MISSES_MAX: usize = 3;

/// The operations nearest to a method (`None` for any) and a path, nearest first.
#[must_use]
pub fn nearest_operations<'c>(contract: &'c Contract, method: Option<&Method>, path: &str) -> Vec<NearMiss<'c>> {
    nearest::nearest_operations(&contract.operations, method, path, NEAR_MISSES_MAX)
}

/// A near miss of a request in `WireMock`'s format, with the operation in the role of a stub mapping.
#[must_use]
pub fn request_near_miss(request: &Value, near: &NearMiss<'_>) -> Value {
    let operation = near.operation;
    let id = format!("00000000-0000-4000-9000-{:012x}", operation.index);
    let differences: Vec<Value> = near
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
        "matchResult": {"distance": near.distance},
        "operation": operation.id,
        "difference": near.differences.first().map(|one| &one.message),
        "differences": differences,
    })
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
