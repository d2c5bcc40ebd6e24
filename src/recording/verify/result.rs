//! The result of a verification: what was expected, what was found, and the nearest exchanges where one is missing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::recording::journal::{Difference, Exchange};

/// The result of all expectations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationResult {
    /// True when every expectation passed.
    pub passed: bool,
    /// `passed`; `inconclusive` when no exchange was evaluated, or when only inconclusive outcomes prevent a pass.
    pub outcome: ExpectationOutcome,
    /// The results of the expectations, in their order.
    pub expectations: Vec<ExpectationResult>,
    /// The number of exchanges that the verdict is based on: those in the ranges of its expectations.
    pub exchanges: usize,
    /// The number of exchanges that the journal dropped, so that they were not evaluated.
    pub dropped: u64,
    /// Why an outcome is inconclusive, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether further exchanges could turn the verdict into a pass.
    #[serde(skip)]
    pub can_still_pass: bool,
}

/// The result of one expectation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectationResult {
    /// The name of the expectation.
    pub name: String,
    /// True when the outcome is `passed`.
    pub passed: bool,
    /// The outcome.
    pub outcome: ExpectationOutcome,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// The number of exchanges that the outcome is based on: all in the range of the expectation.
    pub exchanges: usize,
    /// The numbers of the matching exchanges, oldest first; at most 100.
    pub matched: Vec<u64>,
    /// The differences between what was expected and what was found.
    pub differences: Vec<String>,
    /// The exchanges nearest to a missing one, nearest first.
    pub nearest: Vec<NearestExchange>,
    /// Whether further exchanges could turn the outcome into a pass.
    #[serde(skip)]
    pub can_still_pass: bool,
}

/// The outcome of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpectationOutcome {
    /// The expectation is met.
    Passed,
    /// The expectation is not met.
    Failed,
    /// The record does not decide: there are no exchanges, or those that the journal dropped or could not compare may
    /// decide the outcome.
    Inconclusive,
}

impl ExpectationOutcome {
    /// The end of a sentence about an expectation.
    #[must_use]
    pub fn as_predicate(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "is inconclusive",
        }
    }
}

/// An exchange that nearly matches a pattern.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearestExchange {
    /// The number of the request.
    pub number: u64,
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// The id of the operation.
    pub operation: Option<String>,
    /// The status of the response.
    pub status: u16,
    /// The distance from the pattern, from 0 (it matches) to 1 (nothing in common).
    pub distance: f64,
    /// The criteria of the pattern that do not match.
    pub differences: Vec<Difference>,
}

impl NearestExchange {
    pub(super) fn new(exchange: &Exchange, contract: &Contract, distance: f64, differences: Vec<Difference>) -> Self {
        Self {
            number: exchange.number,
            method: exchange.method.to_string(),
            url: truncate_url(exchange.url()),
            operation: exchange.operation(contract).map(|operation| operation.id.clone()),
            status: exchange.status,
            distance: (distance * 1000.0).round() / 1000.0,
            differences,
        }
    }
}

/// How many characters of a URL are included.
const URL_CHARS_MAX: usize = 200;

fn truncate_url(url: &str) -> String {
    url.chars().take(URL_CHARS_MAX).collect()
}

/// Describes an exchange in one line.
pub(super) fn describe_exchange(exchange: &Exchange) -> String {
    let (number, method, status) = (exchange.number, &exchange.method, exchange.status);
    format!("request {number}, {method} {}, response {status}", truncate_url(exchange.url()))
}

impl fmt::Display for VerificationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.expectations.len();
        let passed = self.expectations.iter().filter(|one| one.passed).count();
        let outcome = match self.outcome {
            ExpectationOutcome::Passed => "passed",
            ExpectationOutcome::Failed => "failed",
            ExpectationOutcome::Inconclusive => "inconclusive",
        };
        let exchanges =
            if self.exchanges == 1 { "1 exchange".to_owned() } else { format!("{} exchanges", self.exchanges) };
        writeln!(f, "{outcome}: {passed} of {all} expectations met, in {exchanges}")?;
        if let Some(reason) = &self.reason {
            writeln!(f, "note: {reason}")?;
        }
        self.expectations.iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}

impl fmt::Display for ExpectationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            ExpectationOutcome::Passed => {
                writeln!(f, "ok      {}", self.name)?;
                if !self.differences.is_empty() {
                    writeln!(f, "  found    {}", self.found)?;
                }
                return self.differences.iter().try_for_each(|one| writeln!(f, "    {one}"));
            }
            ExpectationOutcome::Failed => "FAILED",
            ExpectationOutcome::Inconclusive => "INCONCLUSIVE",
        };
        writeln!(f, "{outcome}  {}", self.name)?;
        if self.expected != self.name {
            writeln!(f, "  expected {}", self.expected)?;
        }
        writeln!(f, "  found    {}", self.found)?;
        self.differences.iter().try_for_each(|one| writeln!(f, "    {one}"))?;
        for near in &self.nearest {
            writeln!(f, "  nearest  request {}, {} {}, response {}", near.number, near.method, near.url, near.status)?;
            near.differences.iter().try_for_each(|one| writeln!(f, "    {one}"))?;
        }
        Ok(())
    }
}
