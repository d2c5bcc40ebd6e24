//! `time`: the first date or time in a text. It follows the rules of chrono, the reader of natural language that the
//! vendor's library uses: several patterns are looked for, overlapping findings are reduced to the longest, a date and
//! a time beside each other are joined, and time zones behind them are read. A date without a time is at noon, a time
//! without a date is today, and the default time zone is UTC.
//!
//! Phrases with units, such as `in two weeks` or `end of the month`, are not read.

mod clock_times;
mod components;
mod patterns;
mod refine;
mod words;
mod zones;

use super::Parsed;
use crate::support::clock::{Timestamp, format_timestamp};
use components::{Components, Finding};

/// The longest text that is parsed.
const LENGTH_BYTES_MAX: usize = 200;

/// Parses a time.
pub(super) fn parse(text: &str, now: Timestamp) -> Parsed {
    let found = if text.len() <= LENGTH_BYTES_MAX { first_time(text, now) } else { None };
    match found {
        Some(time) => Parsed::new(format_timestamp(time)),
        None => Parsed::invalid(text),
    }
}

fn first_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let context = Context { text, now };
    let mut findings = patterns::find_all(&context);
    findings.extend(clock_times::find_all(&context));
    findings.extend(words::find_all(&context));
    // A stable order: of two findings at one position, that of the earlier pattern comes first.
    findings.sort_by_key(|(order, finding)| (finding.start, *order));
    let findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
    refine::refine(&context, findings).first()?.at.timestamp()
}

/// The text and the current time.
struct Context<'t> {
    text: &'t str,
    now: Timestamp,
}

impl Context<'_> {
    fn components(&self) -> Components {
        Components::of_noon(self.now)
    }
}
