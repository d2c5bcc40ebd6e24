//! What GitHub Actions shows: annotations of the run, and a summary of the job.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use super::expectations::FileVerification;
use super::outcome::Outcome;
use crate::cli::error::print_error;
use crate::config::limits::{GITHUB_ANNOTATIONS_MAX, GITHUB_SUMMARY_ROWS_MAX};
use crate::recording::report::Report;

/// Writes annotations to standard error and the summary to the file that the runner names. Does nothing elsewhere.
pub(super) fn annotate(report: &Report, outcome: &Outcome<'_>) {
    if std::env::var("GITHUB_ACTIONS").as_deref() != Ok("true") {
        return;
    }
    let _ = std::io::stderr().lock().write_all(annotations(report, outcome).as_bytes());
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else { return };
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(&file);
    if let Err(error) = opened.and_then(|mut file| file.write_all(summary(report, outcome).as_bytes())) {
        let reason = contract_files::yaml::io_reason(&error);
        print_error(&format!("{}: the job summary cannot be written: {reason}", file.to_string_lossy()));
    }
}

/// Workflow commands, a line each. GitHub shows ten errors of a step.
fn annotations(report: &Report, outcome: &Outcome<'_>) -> String {
    let mut lines = Vec::new();
    if outcome.exit_code() != 0 && outcome.has_report() {
        if let Some(verification) = &outcome.verification {
            lines.extend(expectation_errors(verification));
        }
        lines.extend(report.violations.iter().map(|one| {
            let operation = one.operation.as_deref().unwrap_or("no operation");
            let count = if one.count == 1 { String::new() } else { format!(" ({} times)", one.count) };
            error("", &format!("{operation}, {}: {}{count}", one.location, one.message))
        }));
        lines.extend(
            report
                .unmatched
                .iter()
                .map(|one| error("", &format!("{} {} is not a LeadConduit operation", one.method, one.path))),
        );
    }
    // The reasons are first, because they decide.
    let mut all: Vec<String> = outcome.reasons().iter().map(|reason| error("", reason)).collect();
    all.extend(lines);
    let further = all.len().saturating_sub(GITHUB_ANNOTATIONS_MAX);
    if further > 0 {
        all.truncate(GITHUB_ANNOTATIONS_MAX - 1);
        all.push(error("", &format!("{} more: see the output and the summary of this job", further + 1)));
    }
    all.concat()
}

/// An error at the line of each expectation that is not met.
fn expectation_errors(verification: &FileVerification) -> Vec<String> {
    let expectations = verification.result.expectations.iter().zip(&verification.lines);
    let failed = expectations.filter(|(one, _)| !one.passed);
    failed
        .map(|(one, line)| {
            let file = escape_property(&verification.path.to_string_lossy()).into_owned();
            let line = line.map(|line| format!(",line={line}")).unwrap_or_default();
            let text =
                format!("{} {}: expected {}, found {}", one.name, one.outcome.as_predicate(), one.expected, one.found);
            error(&format!(",file={file}{line}"), &text)
        })
        .collect()
}

fn error(properties: &str, text: &str) -> String {
    format!("::error title=leadconduit-mock{properties}::{}\n", escape(text))
}

/// The text of a workflow command, in one line.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '\r', '\n']) {
        return text.into();
    }
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A").into()
}

/// The value of a property of a workflow command.
fn escape_property(text: &str) -> Cow<'_, str> {
    escape(text).replace(':', "%3A").replace(',', "%2C").into()
}

/// The summary of the job, as Markdown.
fn summary(report: &Report, outcome: &Outcome<'_>) -> String {
    let word = if outcome.exit_code() == 0 { "passed" } else { "failed" };
    // Writing to a string does not fail.
    let mut out = format!("### leadconduit-mock: {word}\n\n");
    for reason in outcome.reasons() {
        let _ = writeln!(out, "- {}", markdown(&reason));
    }
    if !outcome.has_report() {
        return out;
    }
    let total = &report.summary;
    let _ = write!(
        out,
        "\n| requests | violations | unmatched | operations | coverage |\n|---|---|---|---|---|\n\
         | {} | {} | {} | {} of {} | {:.1} % |\n",
        report.exchanges,
        total.violations,
        total.unmatched,
        total.operations.covered,
        total.operations.total,
        total.percent
    );
    if let Some(verification) = &outcome.verification {
        let rows = verification.result.expectations.iter().map(|one| {
            vec![one.name.clone(), one.outcome.as_predicate().to_owned(), one.expected.clone(), one.found.clone()]
        });
        table(&mut out, "Expectations", &["expectation", "outcome", "expected", "found"], rows);
    }
    let rows = report.violations.iter().map(|one| {
        let operation = one.operation.clone().unwrap_or_default();
        vec![one.count.to_string(), operation, one.location.clone(), one.message.clone()]
    });
    table(&mut out, "Violations", &["count", "operation", "location", "violation"], rows);
    let rows = report.unmatched.iter().map(|one| vec![one.count.to_string(), format!("{} {}", one.method, one.path)]);
    table(&mut out, "Unmatched requests", &["count", "request"], rows);
    out
}

/// A table below its heading; nothing without rows.
fn table(out: &mut String, heading: &str, columns: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) {
    if rows.len() == 0 {
        return;
    }
    let further = rows.len().saturating_sub(GITHUB_SUMMARY_ROWS_MAX);
    let _ = write!(out, "\n#### {heading}\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    for row in rows.take(GITHUB_SUMMARY_ROWS_MAX) {
        let cells: Vec<String> = row.iter().map(|cell| markdown(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if further > 0 {
        let _ = writeln!(out, "\n{further} more are in the output of the step.");
    }
}

/// Text that Markdown shows as it is, in one line. Paths and fields of requests are part of it.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_one_line() {
        assert_eq!(error("", "50 %\nof ::x"), "::error title=leadconduit-mock::50 %25%0Aof ::x\n");
        assert_eq!(escape_property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn markdown_shows_text_as_it_is() {
        assert_eq!(markdown("`a|b` <b>\n#1"), "\\`a\\|b\\` &lt;b> \\#1");
    }
}
