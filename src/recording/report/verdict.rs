//! Whether a run is good enough, and why not.

use std::fmt;
use std::str::FromStr;

use super::Document;

/// What makes a report fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum FailOn {
    /// A request that broke the contract.
    Violations,
    /// A request that no operation answers.
    Unmatched,
    /// A query parameter or field that is in no documentation.
    Undocumented,
    /// No request at all: a test suite that never called.
    Nothing,
}

impl FailOn {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Violations, Self::Unmatched, Self::Undocumented, Self::Nothing];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violations => "violations",
            Self::Unmatched => "unmatched",
            Self::Undocumented => "undocumented",
            Self::Nothing => "nothing",
        }
    }

    /// How often it happened, and in words.
    fn found(self, document: &Document) -> (u64, String) {
        match self {
            Self::Violations => {
                let count = document.summary.violations;
                (count, format!("{} of the contract", counted(count, "violation")))
            }
            Self::Unmatched => {
                let count = document.summary.unmatched;
                (count, format!("{} that no operation answers", counted(count, "request")))
            }
            Self::Undocumented => {
                let of = |one: &super::Operation| one.undocumented.parameters.len() + one.undocumented.fields.len();
                let count = u64::try_from(document.operations.iter().map(of).sum::<usize>()).unwrap_or(u64::MAX);
                (count, format!("{} in no documentation", counted(count, "parameter or field")))
            }
            Self::Nothing => (u64::from(document.exchanges == 0), "no request came".to_owned()),
        }
    }
}

/// `1 request`, `2 requests`; `2 parameters or fields`.
pub(super) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {}s", what.replace(" or ", "s or ")) }
}

/// A share that is asked for, in tenths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || format!("`{text}` is no percentage: write a number from 0 to 100, such as 80 or 79.5");
        let number = text.trim().trim_end_matches('%').trim_end();
        let (whole, digit) = number.split_once('.').unwrap_or((number, "0"));
        let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if !is_plain(whole) || !is_plain(digit) || digit.len() > 1 {
            return Err(fail());
        }
        let (whole, digit): (u64, u64) = whole.parse().ok().zip(digit.parse().ok()).ok_or_else(fail)?;
        let permille = whole.saturating_mul(10).saturating_add(digit);
        if permille > 1000 { Err(fail()) } else { Ok(Self(permille)) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{} %", self.0 / 10),
            digit => write!(f, "{}.{digit} %", self.0 / 10),
        }
    }
}

/// What is asked of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What must not happen.
    pub fail_on: Vec<FailOn>,
    /// How much must be covered.
    pub fail_under: Option<Percent>,
}

/// What became of the terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The terms.
    pub terms: Terms,
    /// Why the run is not good enough; empty when it is.
    pub failures: Vec<String>,
}

impl Verdict {
    /// Holds a document against the terms.
    #[must_use]
    pub fn of(document: &Document, terms: &Terms) -> Self {
        let mut failures = Vec::new();
        for kind in FailOn::ALL.into_iter().filter(|kind| terms.fail_on.contains(kind)) {
            let (count, words) = kind.found(document);
            if count > 0 {
                failures.push(format!("{words} (--fail-on {})", kind.as_str()));
            }
        }
        if let Some(least) = terms.fail_under
            && document.summary.units.permille() < least.0
        {
            let percent = document.summary.percent;
            failures.push(format!("{percent:.1} % is covered, less than {least} (--fail-under)"));
        }
        Self { terms: terms.clone(), failures }
    }

    /// Whether the run is good enough.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether anything was asked of the run.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.terms.fail_on.is_empty() || self.terms.fail_under.is_some()
    }

    /// Whether something of this kind is a failure.
    #[must_use]
    pub fn minds(&self, kind: FailOn) -> bool {
        self.terms.fail_on.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_as_people_write_them() {
        for (text, shown) in [("80", "80 %"), ("79.5", "79.5 %"), (" 100% ", "100 %"), ("0", "0 %")] {
            assert_eq!(text.parse::<Percent>().unwrap().to_string(), shown);
        }
        for text in ["", "eighty", "-1", "100.1", "101", "1.25", ".5", "5.", "1e1", "99999999999999999999"] {
            assert!(text.parse::<Percent>().unwrap_err().contains("from 0 to 100"), "{text}");
        }
    }
}
