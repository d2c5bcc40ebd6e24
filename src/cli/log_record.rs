//! A record of one exchange and its text form, for the log of `serve` and for `tail`.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use anstyle::Style;
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
use crate::recording::journal::exchange_json;
use crate::support::clock::Timestamp;

/// The indentation of lines about the exchange above.
const INDENT: &str = "               ";

/// The length of the largest number.
const NUMBER_BYTES_MAX: usize = 20;

/// The spaces behind the text of a column: as many as the widest column has.
const SPACES: &str = match std::str::from_utf8(&[b' '; LOG_OPERATION_COLUMNS]) {
    Ok(spaces) => spaces,
    Err(_) => "",
};

/// A record of one exchange, with the field names of the event `exchange`. The log borrows its texts.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LogRecord<'t> {
    pub(super) sandbox: Cow<'t, str>,
    /// The number of the request in its sandbox.
    pub(super) id: u64,
    pub(super) method: Cow<'t, str>,
    pub(super) path: Cow<'t, str>,
    pub(super) query: Option<Cow<'t, str>>,
    pub(super) operation: Option<Cow<'t, str>>,
    pub(super) status: u16,
    pub(super) scenario: Option<Cow<'t, str>>,
    /// The processing time, without delays.
    #[serde(rename = "took_us")]
    pub(super) duration_us: u64,
    /// The configured delay of the response.
    pub(super) delay_ms: u64,
    /// The outcome of a submission or ping.
    pub(super) lead: Option<LeadRecord<'t>>,
    /// Contract violations of the request.
    pub(super) violations: Vec<ViolationRecord<'t>>,
    /// The detail of the mock's own error.
    pub(super) problem: Option<Cow<'t, str>>,
    /// Rules and faults that were applied.
    pub(super) applied_rules: Vec<AppliedRuleRecord<'t>>,
}

/// A rule or fault that was applied to a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct AppliedRuleRecord<'t> {
    rule: Cow<'t, str>,
    effects: Cow<'t, [String]>,
}

impl Display for AppliedRuleRecord<'_> {
    /// The format of `X-Mock-Fault`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; rule=\"{}\"", self.effects.join(", "), self.rule)
    }
}

/// The outcome of a submission or ping.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LeadRecord<'t> {
    outcome: Cow<'t, str>,
    reason: Cow<'t, str>,
}

/// A contract violation of a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ViolationRecord<'t> {
    location: Cow<'t, str>,
    code: Cow<'t, str>,
    message: Cow<'t, str>,
}

impl<'t> From<&'t Violation> for ViolationRecord<'t> {
    fn from(violation: &'t Violation) -> Self {
        let Violation { location, code, message, .. } = violation;
        Self { location: location.into(), code: code.into(), message: message.into() }
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
        if is_plain(text, chars_max) {
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

/// Whether a text has at most so many characters, all of them printable ASCII.
fn is_plain(text: &str, chars_max: usize) -> bool {
    text.len() <= chars_max && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
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
        let mut text = String::with_capacity(13);
        push_time(&mut text, self.0);
        f.write_str(&text)
    }
}

impl<'t> LogRecord<'t> {
    /// The record of an exchange.
    pub(super) fn of(logged: &'t LoggedExchange) -> Self {
        let exchange = &*logged.exchange;
        let operation = exchange.operation(&logged.contract);
        let rules = exchange.applied_rules.iter();
        Self {
            sandbox: logged.sandbox.as_deref().unwrap_or(DEFAULT_SANDBOX).into(),
            id: exchange.number,
            method: exchange.method.as_str().into(),
            path: exchange.path().into(),
            query: exchange.query().map(Cow::Borrowed),
            operation: operation.map(|operation| operation.id.as_str().into()),
            status: exchange.status,
            scenario: exchange.scenario.as_ref().map(|scenario| scenario.name.as_str().into()),
            duration_us: exchange.duration_us,
            delay_ms: exchange.delay_ms,
            lead: exchange
                .lead
                .as_ref()
                .map(|lead| LeadRecord { outcome: Cow::Borrowed(lead.outcome), reason: Cow::Borrowed(&lead.reason) }),
            violations: exchange.violations.iter().map(ViolationRecord::from).collect(),
            problem: exchange_json::problem(exchange).map(Cow::Owned),
            applied_rules: rules
                .map(|applied| AppliedRuleRecord {
                    rule: Cow::Borrowed(&applied.rule.name),
                    effects: Cow::Borrowed(&applied.effects),
                })
                .collect(),
        }
    }

    /// Writes a line for the exchange, and one for each applied rule, problem and violation below it.
    pub(super) fn write(&self, at: Timestamp, color_mode: ColorMode, out: &mut String) -> fmt::Result {
        let status = match self.status {
            ..300 => SUCCESS,
            300..400 => INFO,
            400..500 => WARNING,
            _ => ERROR,
        };
        // Every request has these columns, so that they are written without the machinery of formats.
        let column = |out: &mut String, style, push: &dyn Fn(&mut String)| {
            push_styled(out, color_mode, style, push);
            out.push_str("  ");
        };
        column(out, DIM, &|out| push_time(out, at));
        column(out, status, &|out| push_number(out, self.status.into(), 0, b' '));
        push_column(out, &self.method, LOG_METHOD_COLUMNS);
        out.push_str("  ");
        let (style, operation) = self.operation.as_deref().map_or((DIM, "-"), |name| (NAME, name));
        column(out, style, &|out| push_column(out, operation, LOG_OPERATION_COLUMNS));
        column(out, DIM, &|out| {
            push_number(out, self.duration_us / 1000, 5, b' ');
            out.push('.');
            push_number(out, self.duration_us % 1000 / 10, 2, b'0');
            out.push_str(" ms");
        });
        // The path can be long, so that it follows the columns.
        self.write_path(out)?;
        if let Some(lead) = &self.lead {
            let style = match &*lead.outcome {
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
        if let Some(problem) = &self.problem {
            let label = styled(color_mode, status, "problem  ");
            writeln!(out, "{INDENT}{label}  {}", Sanitized(problem, LOG_TEXT_CHARS_MAX))?;
        }
        for violation in self.violations.iter().take(LOG_VIOLATIONS_MAX) {
            let label = if breaks_contract(&violation.code) { "violation" } else { "finding  " };
            out.push_str(INDENT);
            column(out, WARNING, &|out| out.push_str(label));
            if !violation.location.is_empty() {
                column(out, WARNING, &|out| push_sanitized(out, &violation.location, LOG_TEXT_CHARS_MAX));
            }
            push_sanitized(out, &violation.message, LOG_TEXT_CHARS_MAX);
            out.push('\n');
        }
        if self.violations.len() > LOG_VIOLATIONS_MAX {
            let more = self.violations.len() - LOG_VIOLATIONS_MAX;
            writeln!(out, "{INDENT}{}", styled(color_mode, WARNING, format_args!("{more} more")))?;
        }
        Ok(())
    }

    fn write_path(&self, out: &mut String) -> fmt::Result {
        if self.query.is_none() && is_plain(&self.path, LOG_PATH_CHARS_MAX) {
            out.push_str(&self.path);
            return Ok(());
        }
        let path = self.path.chars().count();
        write!(out, "{}", Sanitized(&self.path, LOG_PATH_CHARS_MAX))?;
        if let Some(query) = self.query.as_deref().filter(|_| path < LOG_PATH_CHARS_MAX) {
            write!(out, "?{}", Sanitized(query, LOG_PATH_CHARS_MAX - path))?;
        }
        Ok(())
    }
}

/// A time as [`TimeOfDay`].
fn push_time(out: &mut String, at: Timestamp) {
    let ms = u64::try_from(at.as_millisecond().rem_euclid(86_400_000)).unwrap_or_default();
    let s = ms / 1000;
    for (number, width, end) in [(s / 3600, 2, ':'), (s / 60 % 60, 2, ':'), (s % 60, 2, '.'), (ms % 1000, 3, 'Z')] {
        push_number(out, number, width, b'0');
        out.push(end);
    }
}

/// A number of at least `width` characters, filled up from the left.
fn push_number(out: &mut String, mut number: u64, width: usize, fill: u8) {
    let mut digits = [fill; NUMBER_BYTES_MAX];
    let mut start = NUMBER_BYTES_MAX;
    loop {
        start -= 1;
        // Less than ten.
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    start = start.min(NUMBER_BYTES_MAX - width.min(NUMBER_BYTES_MAX));
    out.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

/// A text as [`Sanitized`].
fn push_sanitized(out: &mut String, text: &str, chars_max: usize) {
    if is_plain(text, chars_max) {
        out.push_str(text);
    } else {
        // Writing to a string does not fail.
        let _ = write!(out, "{}", Sanitized(text, chars_max));
    }
}

/// A text as [`Column`].
fn push_column(out: &mut String, text: &str, columns: usize) {
    if is_plain(text, columns) {
        out.push_str(text);
        out.push_str(SPACES.get(..columns - text.len()).unwrap_or(SPACES));
    } else {
        // Writing to a string does not fail.
        let _ = write!(out, "{}", Column(text, columns));
    }
}

/// A text as [`styled`](fn@styled).
fn push_styled(out: &mut String, color_mode: ColorMode, style: Style, push: &dyn Fn(&mut String)) {
    if color_mode == ColorMode::Plain {
        return push(out);
    }
    let mut text = String::new();
    push(&mut text);
    // Writing to a string does not fail.
    let _ = write!(out, "{}", styled(color_mode, style, text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::journal::property_names;

    #[test]
    fn columns_and_numbers_are_written_as_their_formats_say() {
        for (number, width) in [(0, 0), (0, 2), (7, 2), (42, 2), (200, 2), (u64::MAX, 5), (9, 5)] {
            let mut text = String::new();
            push_number(&mut text, number, width, b'0');
            push_number(&mut text, number, width, b' ');
            assert_eq!(text, format!("{number:0width$}{number:>width$}"));
        }
        for text in ["GET", "", "PATCHED", "PROPPATCH", "größer", "a\tb", "a very long name of something"] {
            let mut pushed = String::new();
            push_column(&mut pushed, text, 7);
            assert_eq!(pushed, Column(text, 7).to_string());
            assert_eq!(pushed.chars().count(), 7);
        }
        assert_eq!(TimeOfDay("2026-01-02T03:04:05.006Z".parse().unwrap()).to_string(), "03:04:05.006Z");
        assert_eq!(TimeOfDay("1969-12-31T23:59:59.999Z".parse().unwrap()).to_string(), "23:59:59.999Z");
    }

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
            property_names::PROBLEM,
            property_names::APPLIED_RULES,
        ];
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
