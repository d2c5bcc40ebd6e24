//! A record of one exchange and its text form, for the log of `serve` and for `tail`.

use std::fmt::{self, Display, Write};

use serde::{Deserialize, Serialize};

use super::style::{ColorMode, DIM, ERROR, FAULT, INFO, NAME, SUCCESS, WARNING, styled};
use crate::config::limits::{
    LOG_METHOD_COLUMNS, LOG_OPERATION_COLUMNS, LOG_OUTCOME_CHARS_MAX, LOG_PATH_CHARS_MAX, LOG_SANDBOX_CHARS_MAX,
    LOG_TEXT_CHARS_MAX, LOG_VIOLATIONS_MAX,
};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::contract::Violation;
use crate::contract::violation::breaks_contract;
use crate::pipeline::publish::LoggedExchange;
use crate::support::clock::Timestamp;

/// The indentation of lines about the exchange above.
const INDENT: &str = "               ";

/// A record of one exchange, with the field names of the event `exchange`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LogRecord {
    pub(super) sandbox: String,
    /// The number of the request in its sandbox.
    pub(super) id: u64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) status: u16,
    pub(super) scenario: Option<String>,
    /// The processing time, without delays.
    #[serde(rename = "took_us")]
    pub(super) duration_us: u64,
    /// The configured delay of the response.
    pub(super) delay_ms: u64,
    /// The outcome of a submission or ping.
    pub(super) lead: Option<LeadRecord>,
    /// Contract violations of the request.
    pub(super) violations: Vec<ViolationRecord>,
    /// Rules and faults that were applied.
    pub(super) applied_rules: Vec<AppliedRuleRecord>,
}

/// A rule or fault that was applied to a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct AppliedRuleRecord {
    rule: String,
    effects: Vec<String>,
}

impl Display for AppliedRuleRecord {
    /// The format of `X-Mock-Fault`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; rule=\"{}\"", self.effects.join(", "), self.rule)
    }
}

/// The outcome of a submission or ping.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LeadRecord {
    outcome: String,
    reason: String,
}

/// A contract violation of a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ViolationRecord {
    location: String,
    code: String,
    message: String,
}

impl From<&Violation> for ViolationRecord {
    fn from(violation: &Violation) -> Self {
        Self { location: violation.location.clone(), code: violation.code.clone(), message: violation.message.clone() }
    }
}

/// Replaces a text without a new allocation.
fn overwrite(target: &mut String, text: &str) {
    target.clear();
    target.push_str(text);
}

fn overwrite_optional(target: &mut Option<String>, text: Option<&str>) {
    match text {
        Some(text) => overwrite(target.get_or_insert_default(), text),
        None => *target = None,
    }
}

/// A text of at most so many characters for a line on a terminal: control characters become `?`, and a width pads it
/// with spaces.
#[derive(Debug)]
pub(super) struct Sanitized<'t>(pub(super) &'t str, pub(super) usize);

impl Display for Sanitized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, chars_max) = *self;
        // Most texts need no change.
        if text.len() <= chars_max && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return write!(f, "{text:<width$}", width = f.width().unwrap_or(0));
        }
        let mut chars = 0;
        for c in text.chars() {
            if chars == chars_max {
                return f.write_str("...");
            }
            f.write_char(if c.is_control() { '?' } else { c })?;
            chars += 1;
        }
        (chars..f.width().unwrap_or(0)).try_for_each(|_| f.write_char(' '))
    }
}

/// A text that fills a column of so many characters, so that the next column begins at the same place on every line. A
/// longer text is cut.
#[derive(Debug)]
struct Column<'t>(&'t str, usize);

impl Display for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, columns) = *self;
        if text.chars().count() > columns {
            return write!(f, "{}", Sanitized(text, columns.saturating_sub(3)));
        }
        write!(f, "{:<columns$}", Sanitized(text, columns))
    }
}

/// The time of day in UTC, to the millisecond.
#[derive(Debug)]
pub(super) struct TimeOfDay(pub(super) Timestamp);

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millisecond().rem_euclid(86_400_000);
        let (s, ms) = (ms / 1000, ms % 1000);
        write!(f, "{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60)
    }
}

impl LogRecord {
    /// Becomes the record of an exchange.
    pub(super) fn set(&mut self, exchange: &LoggedExchange) {
        let (path, query) =
            exchange.url.split_once('?').map_or((&*exchange.url, None), |(path, query)| (path, Some(query)));
        let operation = exchange.operation.as_ref().and_then(|(contract, index)| contract.operations.get(*index));
        overwrite(&mut self.sandbox, &exchange.sandbox);
        self.id = exchange.number;
        overwrite(&mut self.method, exchange.method.as_str());
        overwrite(&mut self.path, path);
        overwrite_optional(&mut self.query, query);
        overwrite_optional(&mut self.operation, operation.map(|operation| &*operation.id));
        self.status = exchange.status;
        overwrite_optional(&mut self.scenario, exchange.scenario.as_ref().map(|scenario| &*scenario.name));
        self.duration_us = exchange.duration_us;
        self.delay_ms = exchange.delay_ms;
        let lead = exchange.lead.as_ref();
        self.lead = lead.map(|(outcome, reason)| LeadRecord { outcome: (*outcome).to_owned(), reason: reason.clone() });
        self.violations = exchange.violations.iter().map(ViolationRecord::from).collect();
        let rules = exchange.applied_rules.iter();
        self.applied_rules = rules
            .map(|applied| AppliedRuleRecord { rule: applied.rule.name.clone(), effects: applied.effects.clone() })
            .collect();
    }

    /// Writes a line for the exchange, and one for each applied rule and violation below it.
    pub(super) fn write(&self, at: Timestamp, color_mode: ColorMode, out: &mut dyn Write) -> fmt::Result {
        let status = match self.status {
            ..300 => SUCCESS,
            300..400 => INFO,
            400..500 => WARNING,
            _ => ERROR,
        };
        write!(out, "{}  ", styled(color_mode, DIM, TimeOfDay(at)))?;
        write!(out, "{}  {}  ", styled(color_mode, status, self.status), Column(&self.method, LOG_METHOD_COLUMNS))?;
        let (style, operation) = self.operation.as_deref().map_or((DIM, "-"), |name| (NAME, name));
        write!(out, "{}  ", styled(color_mode, style, Column(operation, LOG_OPERATION_COLUMNS)))?;
        let (ms, hundredths) = (self.duration_us / 1000, self.duration_us % 1000 / 10);
        write!(out, "{}  ", styled(color_mode, DIM, format_args!("{ms:>5}.{hundredths:02} ms")))?;
        // The path can be long, so that it follows the columns.
        self.write_path(out)?;
        if let Some(lead) = &self.lead {
            let style = match lead.outcome.as_str() {
                "success" => SUCCESS,
                "failure" => WARNING,
                _ => ERROR,
            };
            write!(out, "  {}", styled(color_mode, style, Sanitized(&lead.outcome, LOG_OUTCOME_CHARS_MAX)))?;
            if !lead.reason.is_empty() {
                write!(out, ": {}", Sanitized(&lead.reason, LOG_PATH_CHARS_MAX))?;
            }
        }
        if self.delay_ms > 0 {
            write!(out, "  {}", styled(color_mode, FAULT, format_args!("+ {} ms", self.delay_ms)))?;
        }
        if self.sandbox != DEFAULT_SANDBOX {
            write!(
                out,
                "  {}",
                styled(color_mode, INFO, format_args!("[{}]", Sanitized(&self.sandbox, LOG_SANDBOX_CHARS_MAX)))
            )?;
        }
        out.write_char('\n')?;
        for applied in &self.applied_rules {
            writeln!(
                out,
                "{INDENT}{}  {}",
                styled(color_mode, FAULT, "rule     "),
                Sanitized(&applied.to_string(), LOG_TEXT_CHARS_MAX)
            )?;
        }
        for violation in self.violations.iter().take(LOG_VIOLATIONS_MAX) {
            let label = if breaks_contract(&violation.code) { "violation" } else { "finding  " };
            write!(out, "{INDENT}{}  ", styled(color_mode, WARNING, label))?;
            if !violation.location.is_empty() {
                write!(out, "{}  ", styled(color_mode, WARNING, Sanitized(&violation.location, LOG_TEXT_CHARS_MAX)))?;
            }
            writeln!(out, "{}", Sanitized(&violation.message, LOG_TEXT_CHARS_MAX))?;
        }
        if self.violations.len() > LOG_VIOLATIONS_MAX {
            let more = self.violations.len() - LOG_VIOLATIONS_MAX;
            writeln!(out, "{INDENT}{}", styled(color_mode, WARNING, format_args!("{more} more")))?;
        }
        Ok(())
    }

    fn write_path(&self, out: &mut dyn Write) -> fmt::Result {
        let path = self.path.chars().count();
        write!(out, "{}", Sanitized(&self.path, LOG_PATH_CHARS_MAX))?;
        if let Some(query) = self.query.as_deref().filter(|_| path < LOG_PATH_CHARS_MAX) {
            write!(out, "?{}", Sanitized(query, LOG_PATH_CHARS_MAX - path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::journal::property_names;

    #[test]
    fn a_record_has_the_field_names_of_the_event() {
        let record = serde_json::to_value(LogRecord::default()).unwrap();
        let mut names: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = [
            property_names::SANDBOX,
            property_names::ID,
            property_names::METHOD,
            property_names::PATH,
            property_names::QUERY,
            property_names::OPERATION,
            property_names::STATUS,
            property_names::SCENARIO,
            property_names::TOOK_US,
            property_names::DELAY_MS,
            property_names::LEAD,
            property_names::VIOLATIONS,
            property_names::APPLIED_RULES,
        ];
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
