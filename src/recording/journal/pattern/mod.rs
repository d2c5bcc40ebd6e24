//! Request patterns: `WireMock`'s, with additional keys, matched against recorded exchanges.
//!
//! A pattern is a list of criteria. Each criterion selects a field of the exchange, and matches it, measures the distance
//! and describes the difference. What the journal does not record (secrets, cookies) cannot be matched: such a pattern
//! is rejected with a diagnostic, because it would never match. Where the record does not decide, because a body is
//! truncated or a value was redacted, the result is [`MatchResult::Undecided`].
//!
//! | module | holds |
//! |---|---|
//! | `parse_pattern` | the keys of a pattern; a new key is a row in its table |
//! | `parse_matcher` | the keys of a value matcher; a new matcher is a row in its table |
//! | `criterion` | fields and conditions |
//! | `matcher` | value matchers |
//! | `json` | comparison of JSON values |
//! | `json_path` | `JSONPath` |
//! | `xml` | `XPath`, and comparison of XML documents |
//! | `redacted` | comparisons with redacted values |

mod abbreviate;
mod criterion;
mod json;
mod json_path;
mod matcher;
mod parse_matcher;
mod parse_pattern;
mod parser;
mod redacted;
mod xml;

use serde_json::Value;

use self::criterion::Criterion;
pub use self::criterion::Difference;
pub(super) use self::criterion::difference_text;
pub(crate) use self::matcher::MatchResult;
pub use self::parser::ValueDiagnostic;
use super::exchange::Exchange;
use crate::contract::{Contract, Route};
use crate::support::computation;

/// Selects exchanges. The empty pattern matches every exchange.
///
/// ```
/// use leadconduit_mock::MockServer;
/// use serde_json::json;
///
/// let server = MockServer::builder().start()?;
/// let repairs = server.pattern(&json!({"method": "POST", "urlPath": "/connections"})).unwrap();
/// assert!(repairs.describe().contains("path `/connections`"), "{}", repairs.describe());
/// assert_eq!(server.count(&repairs), Some(0));
///
/// let errors = server.pattern(&json!({"methd": "POST"})).unwrap_err();
/// assert!(errors[0].0.starts_with("/methd") && errors[0].1.contains("method"), "{errors:?}");
/// # Ok::<(), leadconduit_mock::StartError>(())
/// ```
#[derive(Debug, Default)]
pub struct RequestPattern {
    criteria: Vec<Criterion>,
}

impl RequestPattern {
    /// Parses a pattern in `WireMock`'s format.
    ///
    /// # Errors
    ///
    /// The first problems of the pattern, each with its pointer and what to write instead.
    pub(crate) fn parse(value: &Value, contract: &Contract) -> Result<Self, Vec<ValueDiagnostic>> {
        parse_pattern::parse(value, contract).map(|criteria| Self { criteria })
    }

    /// The pattern that matches what both patterns match.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.criteria.extend(other.criteria);
        self
    }

    /// Whether all criteria match the exchange.
    pub(crate) fn evaluate(&self, exchange: &Exchange, contract: &Contract) -> MatchResult {
        computation::spend(16);
        let mut result = MatchResult::Matches;
        for criterion in &self.criteria {
            result = result.and(criterion.evaluate(exchange, contract));
            if result == MatchResult::Differs {
                break;
            }
        }
        result
    }

    /// True when all criteria match the exchange.
    pub(crate) fn matches(&self, exchange: &Exchange, contract: &Contract) -> bool {
        self.evaluate(exchange, contract) == MatchResult::Matches
    }

    /// A note about the first path of the pattern that is not a path of the contract: it may be misspelt.
    pub(crate) fn unknown_path(&self, contract: &Contract) -> Option<String> {
        let path = self.criteria.iter().find_map(Criterion::literal_path)?;
        match contract.route(&http::Method::GET, path) {
            Route::NotFound(Some(near)) => {
                Some(format!("no operation has the path {path}; did you mean {}?", near.operation.path))
            }
            Route::NotFound(None) => Some(format!("no operation has the path {path}")),
            Route::Found(..) | Route::MethodNotAllowed(_) => None,
        }
    }

    /// Says that the operation of the pattern does not document its status: such a pattern is met by no request, unless a
    /// rule or a fault responds with the status.
    pub(crate) fn undocumented_status(&self, contract: &Contract) -> Option<String> {
        let operation = self.criteria.iter().find_map(Criterion::literal_operation)?;
        let status = self.criteria.iter().find_map(Criterion::literal_status)?;
        let operation = contract.operations.iter().find(|one| one.id == operation)?;
        let documented: Vec<String> = operation.responses.keys().map(u16::to_string).collect();
        (!documented.iter().any(|one| one == status)).then(|| {
            let id = &operation.id;
            format!("{id} does not document the status {status}; it documents {}", documented.join(", "))
        })
    }

    /// The criteria that do not match the exchange; empty when the pattern matches.
    pub(crate) fn differences(&self, exchange: &Exchange, contract: &Contract) -> Vec<Difference> {
        self.criteria.iter().filter_map(|one| one.difference(exchange, contract)).collect()
    }

    /// The weighted distance of the exchange: 0 when the pattern matches, at most 1.
    pub(crate) fn distance(&self, exchange: &Exchange, contract: &Contract) -> f64 {
        let total_weight: f64 = self.criteria.iter().map(|one| one.weight).sum();
        let weighted =
            |one: &Criterion| one.difference(exchange, contract).map_or(0.0, |found| found.distance * one.weight);
        if total_weight > 0.0 { self.criteria.iter().map(weighted).sum::<f64>() / total_weight } else { 0.0 }
    }

    /// Describes the matching exchanges, to follow a count: `at least 1 of ...`.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.criteria.is_empty() {
            return "any request".to_owned();
        }
        self.criteria.iter().map(Criterion::describe).collect::<Vec<_>>().join(", ")
    }

    /// The same as a part of a sentence that says how many: "the requests with no `Authorization` header".
    #[must_use]
    pub fn describe_requests(&self) -> String {
        let text = self.describe();
        if text.starts_with("no ") { format!("the requests with {text}") } else { text }
    }
}

#[cfg(test)]
mod tests;
