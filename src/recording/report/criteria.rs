//! Pass criteria for a report, and the verdict.

use std::fmt;
use std::str::FromStr;

use super::model::{OperationReport, Report};
use super::selection::OperationSelection;
use crate::recording::verify::result::ExpectationOutcome;

/// Why a report is based on nothing; `None` when it is not.
pub(super) fn no_requests(report: &Report) -> Option<&'static str> {
    let is_limited_to = matches!(report.selection, Some(OperationSelection::Named(_)));
    if report.exchanges == 0 {
        Some("no requests were recorded")
    } else if report.exchanges <= report.handled_by_mock {
        Some("no requests were recorded but CORS preflights and what browsers request on their own")
    } else if is_limited_to && report.operations.iter().all(|one| one.calls == 0) {
        Some("none of the selected operations was called")
    } else {
        None
    }
}

/// A condition that fails a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailOn {
    /// A request broke the contract.
    Violations,
    /// A request matched no operation.
    Unmatched,
    /// A query parameter or body field is undocumented, or a lead's parameter is not collected by its flow.
    Undocumented,
    /// No requests were made: the test suite never called the mock.
    Nothing,
}

impl FailOn {
    /// Every condition, in the order of failure messages.
    pub const ALL: [Self; 4] = [Self::Violations, Self::Unmatched, Self::Undocumented, Self::Nothing];

    /// The value on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violations => "violations",
            Self::Unmatched => "unmatched",
            Self::Undocumented => "undocumented",
            Self::Nothing => "nothing",
        }
    }

    /// The number of occurrences, and the failure message.
    fn evaluate(self, report: &Report) -> (u64, String) {
        match self {
            Self::Violations if report.compared == Some(0) && no_requests(report).is_none() => {
                let message =
                    "no request was compared with the contract: none had a valid key, or rules responded to all";
                (1, message.to_owned())
            }
            Self::Violations => {
                let count = report.summary.violations;
                (count, format!("{} of the contract", pluralize(count, "violation")))
            }
            Self::Unmatched => {
                let count = report.summary.unmatched;
                (count, pluralize(count, "unmatched request"))
            }
            Self::Undocumented => {
                let len = |one: &OperationReport| {
                    let all = &one.undocumented;
                    all.parameters.len() + all.fields.len() + all.not_collected.len()
                };
                let count = u64::try_from(report.operations.iter().map(len).sum::<usize>()).unwrap_or(u64::MAX);
                (count, pluralize(count, "undocumented parameter or field"))
            }
            Self::Nothing => {
                let message = no_requests(report);
                (u64::from(message.is_some()), message.unwrap_or_default().to_owned())
            }
        }
    }
}

/// `1 request`, `2 requests`; `2 parameters or fields`.
pub(super) fn pluralize(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {}s", what.replace(" or ", "s or ")) }
}

/// A required share, in tenths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u64);

/// A text that is not a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a percentage; write a number from 0 to 100, such as 80 or 79.5")]
pub struct InvalidPercentage(String);

impl FromStr for Percentage {
    type Err = InvalidPercentage;

    fn from_str(text: &str) -> Result<Self, InvalidPercentage> {
        let error = || InvalidPercentage(text.to_owned());
        let number = text.trim().trim_end_matches('%').trim_end();
        let (whole, digit) = number.split_once('.').unwrap_or((number, "0"));
        let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if !is_plain(whole) || !is_plain(digit) || digit.len() > 1 {
            return Err(error());
        }
        let (whole, digit): (u64, u64) = whole.parse().ok().zip(digit.parse().ok()).ok_or_else(error)?;
        let permille = whole.saturating_mul(10).saturating_add(digit);
        if permille > 1000 { Err(error()) } else { Ok(Self(permille)) }
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{} %", self.0 / 10),
            digit => write!(f, "{}.{digit} %", self.0 / 10),
        }
    }
}

/// What a report must satisfy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassCriteria {
    /// The conditions that must not occur.
    pub fail_on: Vec<FailOn>,
    /// The least coverage.
    pub fail_under: Option<Percentage>,
}

/// The result of judging a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportVerdict {
    /// The criteria that were applied.
    pub criteria: PassCriteria,
    /// The failure messages; empty when all criteria are met.
    pub failures: Vec<String>,
    /// Whether expectations are among the criteria.
    pub has_expectations: bool,
}

impl ReportVerdict {
    /// Judges a report by the criteria, and by the expectations in it.
    #[must_use]
    pub fn new(report: &Report, criteria: &PassCriteria) -> Self {
        let mut failures = Vec::new();
        for kind in FailOn::ALL.into_iter().filter(|kind| criteria.fail_on.contains(kind)) {
            let (count, message) = kind.evaluate(report);
            if count > 0 {
                failures.push(format!("{message} (--fail-on {})", kind.as_str()));
            }
        }
        if let Some(minimum) = criteria.fail_under
            && report.summary.units.permille() < minimum.0
        {
            let percent = report.summary.percent;
            failures.push(format!("{percent:.1} % is covered, less than {minimum} (--fail-under)"));
        }
        let unmet = report.expectations.iter().filter(|one| one.outcome != ExpectationOutcome::Passed);
        failures.extend(unmet.map(|one| format!("expectation `{}` {}", one.name, one.outcome.as_predicate())));
        Self { criteria: criteria.clone(), failures, has_expectations: !report.expectations.is_empty() }
    }

    /// Whether all criteria are met.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether there are any criteria.
    #[must_use]
    pub fn has_criteria(&self) -> bool {
        !self.criteria.fail_on.is_empty() || self.criteria.fail_under.is_some() || self.has_expectations
    }

    /// Whether this condition is a failure.
    #[must_use]
    pub fn is_failure(&self, kind: FailOn) -> bool {
        self.criteria.fail_on.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_with_at_most_one_decimal_are_parsed() {
        for (text, expected) in [("80", "80 %"), ("79.5", "79.5 %"), (" 100% ", "100 %"), ("0", "0 %")] {
            assert_eq!(text.parse::<Percentage>().unwrap().to_string(), expected);
        }
        for text in ["", "eighty", "-1", "100.1", "101", "1.25", ".5", "5.", "1e1", "99999999999999999999"] {
            assert!(text.parse::<Percentage>().unwrap_err().to_string().contains("from 0 to 100"), "{text}");
        }
    }
}
