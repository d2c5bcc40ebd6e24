//! The verdict: what was expected, what was found, and for what is missing the nearest that there was.

use std::fmt;

use serde::Serialize;

use crate::contract::Contract;
use crate::recording::journal::{Difference, Exchange};

/// The verdict on all expectations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether each expectation is met beyond doubt.
    pub passed: bool,
    /// Each expectation, in its order.
    pub expectations: Vec<Judged>,
    /// How many exchanges were looked at.
    pub exchanges: usize,
    /// How many the journal had to drop, so that they could not be looked at.
    pub dropped: u64,
    /// Why something cannot be told for certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Whether it is met beyond doubt.
    pub passed: bool,
    /// Whether it is met.
    pub outcome: Outcome,
    /// What was expected.
    pub wanted: String,
    /// What was found.
    pub found: String,
    /// The numbers of the exchanges that were meant, the oldest first; at most 100.
    pub matched: Vec<u64>,
    /// What is wrong.
    pub differences: Vec<String>,
    /// The exchanges that come nearest to one that is missing.
    pub nearest: Vec<Near>,
}

/// Whether an expectation is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is.
    StepResult,
    /// It is not.
    Failed,
    /// It cannot be told, because the journal does not hold everything.
    Unsure,
}

/// An exchange that is nearly what was expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Near {
    /// Its number.
    pub number: u64,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub url: String,
    /// Its operation.
    pub operation: Option<String>,
    /// The status of the reply.
    pub status: u16,
    /// How far it is from what was expected: 0 would fit, 1 has nothing in common.
    pub distance: f64,
    /// What is not as it should be.
    pub differences: Vec<Difference>,
}

impl Near {
    pub(super) fn new(exchange: &Exchange, contract: &Contract, distance: f64, differences: Vec<Difference>) -> Self {
        Self {
            number: exchange.number,
            method: exchange.method.to_string(),
            url: shown(exchange.url()),
            operation: exchange.operation(contract).map(|operation| operation.id.clone()),
            status: exchange.status,
            distance: (distance * 1000.0).round() / 1000.0,
            differences,
        }
    }
}

/// The longest path that is shown.
const URL_CHARS_MAX: usize = 200;

fn shown(url: &str) -> String {
    url.chars().take(URL_CHARS_MAX).collect()
}

/// An exchange in a line.
pub(super) fn line(exchange: &Exchange) -> String {
    let (number, method, status) = (exchange.number, &exchange.method, exchange.status);
    format!("request {number}, {method} {}, answered {status}", shown(exchange.url()))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.expectations.len();
        let met = self.expectations.iter().filter(|one| one.passed).count();
        let word = if self.passed { "passed" } else { "failed" };
        let exchanges =
            if self.exchanges == 1 { "1 exchange".to_owned() } else { format!("{} exchanges", self.exchanges) };
        writeln!(f, "{word}: {met} of {all} expectations met, in {exchanges}")?;
        if let Some(doubt) = &self.doubt {
            writeln!(f, "note: {doubt}")?;
        }
        self.expectations.iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            Outcome::StepResult => return writeln!(f, "ok      {}", self.name),
            Outcome::Failed => "FAILED",
            Outcome::Unsure => "UNSURE",
        };
        writeln!(f, "{word}  {}", self.name)?;
        if self.wanted != self.name {
            writeln!(f, "  wanted   {}", self.wanted)?;
        }
        writeln!(f, "  found    {}", self.found)?;
        self.differences.iter().try_for_each(|one| writeln!(f, "    {one}"))?;
        for near in &self.nearest {
            writeln!(f, "  nearest  request {}, {} {}, answered {}", near.number, near.method, near.url, near.status)?;
            near.differences.iter().try_for_each(|one| writeln!(f, "    {one}"))?;
        }
        Ok(())
    }
}
