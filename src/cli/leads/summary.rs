//! Counts outcomes of submissions and formats the summary.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::cli::style::{ColorMode, DIM, styled};
use crate::config::limits::{LEADS_REASONS_MAX, LEADS_REASONS_SHOWN};

/// The result of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SubmissionResult {
    /// Status 201 with an outcome.
    Handled {
        /// `success`, `failure` or `error`.
        outcome: String,
        /// The reason of a failure or error.
        reason: Option<String>,
    },
    /// Another status, with the message of the response.
    Rejected(String),
    /// No response, with the reason.
    NoResponse(String),
}

/// Why the run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// All leads were submitted.
    #[default]
    Completed,
    /// SIGINT or SIGTERM.
    Interrupted,
    /// Too many consecutive submissions had no response.
    ServerGone,
}

/// The number of submissions with one outcome, and their reasons.
#[derive(Clone, Debug, Default)]
struct OutcomeCount {
    total: u64,
    reasons: HashMap<String, u64>,
}

impl OutcomeCount {
    fn add(&mut self, reason: Option<String>) {
        self.total += 1;
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else { return };
        let is_counted = self.reasons.len() < LEADS_REASONS_MAX || self.reasons.contains_key(&reason);
        *self.reasons.entry(if is_counted { reason } else { "other reasons".to_owned() }).or_default() += 1;
    }

    fn write(&self, name: &str, width: usize, color_mode: ColorMode, text: &mut String) -> fmt::Result {
        writeln!(text, "  {name:<9} {:>width$}", grouped(self.total))?;
        let mut reasons: Vec<(&String, u64)> = self.reasons.iter().map(|(reason, count)| (reason, *count)).collect();
        // By frequency, then by name, so that the summary is deterministic.
        reasons.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
        let mut write_line = |count: u64, reason: &str| {
            let line = format!("{:>width$}  {reason}", grouped(count), width = width + 12);
            writeln!(text, "{}", styled(color_mode, DIM, line))
        };
        for (reason, count) in reasons.iter().take(LEADS_REASONS_SHOWN) {
            write_line(*count, reason)?;
        }
        let rest: u64 = reasons.iter().skip(LEADS_REASONS_SHOWN).map(|(_, count)| count).sum();
        if rest > 0 {
            write_line(rest, &format!("for {} other reasons", reasons.len() - LEADS_REASONS_SHOWN))
        } else {
            Ok(())
        }
    }
}

/// The results of all submissions.
#[derive(Clone, Debug, Default)]
pub(super) struct SubmissionSummary {
    success: OutcomeCount,
    failure: OutcomeCount,
    error: OutcomeCount,
    unhandled: OutcomeCount,
    /// The requested number of leads.
    pub(super) requested: u64,
    pub(super) duration: Duration,
    pub(super) end: RunEnd,
}

impl SubmissionSummary {
    pub(super) fn add(&mut self, result: SubmissionResult) {
        match result {
            SubmissionResult::Handled { outcome, reason } => match outcome.as_str() {
                "success" => self.success.add(reason),
                "failure" => self.failure.add(reason),
                "error" => self.error.add(reason),
                other => self.unhandled.add(Some(format!("201 with the unknown outcome {other}"))),
            },
            SubmissionResult::Rejected(why) | SubmissionResult::NoResponse(why) => self.unhandled.add(Some(why)),
        }
    }

    /// Whether every submission was handled, and the server responded until the end.
    pub(super) fn is_success(&self) -> bool {
        self.unhandled.total == 0 && self.end != RunEnd::ServerGone
    }

    /// The counts on one line, for the progress bar.
    pub(super) fn counts_line(&self) -> String {
        let parts = [
            (self.success.total, "success"),
            (self.failure.total, "failure"),
            (self.error.total, "error"),
            (self.unhandled.total, "unhandled"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        parts.map(|(count, name)| format!("{} {name}", grouped(*count))).collect::<Vec<_>>().join(", ")
    }

    fn total(&self) -> u64 {
        self.success.total + self.failure.total + self.error.total + self.unhandled.total
    }

    /// The summary as text.
    pub(super) fn text(&self, flow: &str, source: &str, color_mode: ColorMode) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        self.write(flow, source, color_mode, &mut text).unwrap_or_default();
        text
    }

    fn write(&self, flow: &str, source: &str, color_mode: ColorMode, text: &mut String) -> fmt::Result {
        let total = self.total();
        let leads = if total == 1 { "lead" } else { "leads" };
        let ms = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = total.saturating_mul(1000) / ms;
        write!(text, "{} {leads} submitted to {} by {}", grouped(total), printable(flow), printable(source))?;
        writeln!(text, " in {}.{} s, {} a second", ms / 1000, ms % 1000 / 100, grouped(rate))?;
        let requested = grouped(self.requested);
        match self.end {
            RunEnd::Completed => {}
            RunEnd::Interrupted => writeln!(text, "interrupted before all {requested} were submitted")?,
            RunEnd::ServerGone => {
                writeln!(text, "gave up before all {requested} were submitted: the server no longer responds")?;
            }
        }
        writeln!(text)?;
        let width = grouped(total).len();
        self.success.write("success", width, color_mode, text)?;
        self.failure.write("failure", width, color_mode, text)?;
        self.error.write("error", width, color_mode, text)?;
        self.unhandled.write("unhandled", width, color_mode, text)
    }
}

/// A name, limited in length and without control characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A count with commas between groups of three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
