//! What became of the leads that were submitted.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::super::line::{DIM, Paint};

/// How many reasons are told of each kind.
const REASONS_TOLD: usize = 5;

/// How many reasons are kept of each kind; a server may make up a new one for every lead.
const REASONS_MAX: usize = 1_000;

/// What came back for one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// 201 and an outcome.
    Handled {
        /// `success`, `failure` or `error`.
        outcome: String,
        /// Why it is no success.
        reason: Option<String>,
    },
    /// Another status, with what was said about it.
    Refused(String),
    /// No answer.
    Unanswered(String),
}

/// Why there are no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// All are through.
    #[default]
    All,
    /// The user did not want more.
    Stopped,
    /// Nothing was heard of the server for too long.
    ServerGone,
}

/// How often something happened, and why.
#[derive(Clone, Debug, Default)]
struct Count {
    total: u64,
    reasons: HashMap<String, u64>,
}

impl Count {
    fn add(&mut self, reason: Option<String>) {
        self.total += 1;
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else { return };
        let known = self.reasons.len() < REASONS_MAX || self.reasons.contains_key(&reason);
        *self.reasons.entry(if known { reason } else { "other reasons".to_owned() }).or_default() += 1;
    }

    fn tell(&self, name: &str, width: usize, paint: Paint, text: &mut String) -> fmt::Result {
        writeln!(text, "  {name:<9} {:>width$}", grouped(self.total))?;
        let mut reasons: Vec<(&String, u64)> = self.reasons.iter().map(|(reason, count)| (reason, *count)).collect();
        // The most frequent first, and equals by name: the same run is told in the same words.
        reasons.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
        let mut tell = |count: u64, what: &str| {
            let line = format!("{:>width$}  {what}", grouped(count), width = width + 12);
            writeln!(text, "{}", paint.dye(DIM, line))
        };
        for (reason, count) in reasons.iter().take(REASONS_TOLD) {
            tell(*count, reason)?;
        }
        let rest: u64 = reasons.iter().skip(REASONS_TOLD).map(|(_, count)| count).sum();
        if rest > 0 { tell(rest, &format!("for {} other reasons", reasons.len() - REASONS_TOLD)) } else { Ok(()) }
    }
}

/// What came back for all leads.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    success: Count,
    failure: Count,
    error: Count,
    unhandled: Count,
    /// How many leads there should have been.
    pub(super) wanted: u64,
    /// How long it took.
    pub(super) took: Duration,
    /// Why there are no more.
    pub(super) ending: Ending,
}

impl Tally {
    pub(super) fn add(&mut self, sent: Sent) {
        match sent {
            Sent::Handled { outcome, reason } => match outcome.as_str() {
                "success" => self.success.add(reason),
                "failure" => self.failure.add(reason),
                "error" => self.error.add(reason),
                other => self.unhandled.add(Some(format!("201 with the unknown outcome {other}"))),
            },
            Sent::Refused(why) | Sent::Unanswered(why) => self.unhandled.add(Some(why)),
        }
    }

    /// Whether every request was handled, and the server was there to the end.
    pub(super) fn is_good(&self) -> bool {
        self.unhandled.total == 0 && self.ending != Ending::ServerGone
    }

    /// The counts on one line, beside the bar.
    pub(super) fn in_short(&self) -> String {
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

    /// The end of a run, for a person.
    pub(super) fn told(&self, flow: &str, source: &str, paint: Paint) -> String {
        let mut text = String::new();
        // What is written to memory does not fail.
        self.tell(flow, source, paint, &mut text).unwrap_or_default();
        text
    }

    fn tell(&self, flow: &str, source: &str, paint: Paint, text: &mut String) -> fmt::Result {
        let total = self.total();
        let leads = if total == 1 { "lead" } else { "leads" };
        let ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        let each = total.saturating_mul(1000) / ms;
        write!(text, "{} {leads} submitted to {} by {}", grouped(total), calm(flow), calm(source))?;
        writeln!(text, " in {}.{} s, {} a second", ms / 1000, ms % 1000 / 100, grouped(each))?;
        let of = grouped(self.wanted);
        match self.ending {
            Ending::All => {}
            Ending::Stopped => writeln!(text, "stopped before all of {of} were through")?,
            Ending::ServerGone => writeln!(text, "given up before all of {of}: the server does not answer any more")?,
        }
        writeln!(text)?;
        let width = grouped(total).len();
        self.success.tell("success", width, paint, text)?;
        self.failure.tell("failure", width, paint, text)?;
        self.error.tell("error", width, paint, text)?;
        self.unhandled.tell("unhandled", width, paint, text)
    }
}

/// A name without what would upset a terminal.
fn calm(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A count with commas between groups of three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
