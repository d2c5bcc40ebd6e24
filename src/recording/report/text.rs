//! A report as text, at most 100 columns wide where words allow.

use std::fmt::Write as _;

use super::criteria::{ReportVerdict, pluralize};
use super::model::{CoverageRatio, OperationReport, Report};
use super::selection::OperationSelection;
use crate::recording::coverage::targets::is_client_reachable;
use crate::recording::verify::result::ExpectationOutcome;

/// The width of wrapped lines, in columns.
const WIDTH: usize = 100;

/// Whether text has ANSI colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorMode {
    /// ANSI colours, for a terminal.
    Ansi,
    /// No colours, for a file or another program.
    Plain,
}

/// The meaning of a colour.
#[derive(Clone, Copy)]
enum Tone {
    Heading,
    Good,
    Bad,
    Faint,
}

impl ColorMode {
    fn style(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Heading => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Faint => "2",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Writes the report as text.
#[must_use]
pub fn text(report: &Report, verdict: &ReportVerdict, color_mode: ColorMode) -> String {
    let mut out = String::new();
    summary(&mut out, report, verdict, color_mode);
    expectations(&mut out, report, color_mode);
    violations(&mut out, report, color_mode);
    unmatched(&mut out, report, color_mode);
    operations(&mut out, report, color_mode);
    undocumented(&mut out, report, color_mode);
    not_exercised(&mut out, report, color_mode);
    scenarios_and_effects(&mut out, report, color_mode);
    out
}

/// Writes the totals, what broke the contract, and the operations that were called: what is read after a run. What was
/// not exercised is in the other formats.
#[must_use]
pub fn brief_text(report: &Report, verdict: &ReportVerdict, color_mode: ColorMode) -> String {
    let mut out = String::new();
    summary(&mut out, report, verdict, color_mode);
    violations(&mut out, report, color_mode);
    unmatched(&mut out, report, color_mode);
    if report.operations.iter().any(|one| one.calls > 0) {
        heading(&mut out, "Operations", color_mode);
        called_operations(&mut out, report, color_mode);
    }
    undocumented(&mut out, report, color_mode);
    out
}

fn summary(out: &mut String, report: &Report, verdict: &ReportVerdict, color_mode: ColorMode) {
    let summary = &report.summary;
    let scope =
        if report.sandbox == "*" { "all sandboxes".to_owned() } else { format!("sandbox {}", plain(&report.sandbox)) };
    line(
        out,
        &color_mode.style(Tone::Heading, &format!("leadconduit-mock {}: report of {scope}", plain(&report.mock))),
    );
    line(out, "");
    let row = |out: &mut String, name: &str, text: &str| line(out, &format!("  {name:<11}{text}"));
    row(out, "coverage", &format!("{:.1} %: {}", summary.percent, ratio(summary.units, "units")));
    row(
        out,
        "",
        &format!(
            "{}, {}, {}",
            ratio(summary.statuses, "statuses"),
            ratio(summary.parameters, "parameters"),
            ratio(summary.fields, "fields")
        ),
    );
    row(
        out,
        "",
        &format!(
            "{}, {}, {}",
            ratio(summary.documented, "documented"),
            ratio(summary.observed, "observed"),
            ratio(summary.inferred, "inferred")
        ),
    );
    let selection = match &report.selection {
        Some(OperationSelection::Called) => " (limited to those that were called)",
        Some(OperationSelection::Named(_)) => " (limited to the selected ones)",
        None => "",
    };
    row(out, "operations", &format!("{}{selection}", ratio(summary.operations, "called")));
    let mut requests = pluralize(report.exchanges, "request");
    if report.violating > 0 {
        let _ = write!(requests, ", {} with {}", report.violating, pluralize(summary.violations, "violation"));
    }
    if summary.unmatched > 0 {
        let _ = write!(requests, ", {} unmatched", summary.unmatched);
    }
    row(out, "requests", &requests);
    if report.overflow > 0 {
        let text =
            format!("{} violations, paths or parameters exceeded the limits and were not recorded", report.overflow);
        row(out, "", &text);
    }
    if verdict.has_criteria() {
        let word = if verdict.passed() {
            color_mode.style(Tone::Good, "passed")
        } else {
            color_mode.style(Tone::Bad, "failed")
        };
        row(out, "verdict", &word);
        for failure in &verdict.failures {
            row(out, "", failure);
        }
    }
}

/// `3 of 12 units`.
fn ratio(covered: CoverageRatio, what: &str) -> String {
    format!("{} of {} {what}", covered.covered, covered.total)
}

fn expectations(out: &mut String, report: &Report, color_mode: ColorMode) {
    if report.expectations.is_empty() {
        return;
    }
    heading(out, "Expectations", color_mode);
    for one in &report.expectations {
        if one.outcome == ExpectationOutcome::Passed {
            line(out, &format!("  {}  {}", color_mode.style(Tone::Good, "ok"), plain(&one.name)));
        }
        for text in one.details.lines() {
            line(out, &format!("  {}", plain(text)));
        }
    }
}

fn violations(out: &mut String, report: &Report, color_mode: ColorMode) {
    if report.violations.is_empty() {
        return;
    }
    heading(out, "Violations", color_mode);
    for one in &report.violations {
        let operation = plain(one.operation.as_deref().unwrap_or("(no operation)"));
        let what = format!("{:>6}  {operation}  {}  {}", one.count, plain(&one.location), plain(&one.code));
        line(out, &color_mode.style(Tone::Bad, &what));
        wrap(out, 8, plain(&one.message).split(' '), " ");
        let outcome = if one.rejected { "rejected" } else { "served" };
        let first = format!("{outcome}; first: sandbox {}, request {}", plain(&one.first.sandbox), one.first.request);
        line(out, &color_mode.style(Tone::Faint, &format!("        {first}")));
    }
}

fn unmatched(out: &mut String, report: &Report, color_mode: ColorMode) {
    if report.unmatched.is_empty() {
        return;
    }
    heading(out, "Unmatched requests", color_mode);
    for one in &report.unmatched {
        line(out, &format!("{:>6}  {} {}", one.count, plain(&one.method), plain(&one.path)));
    }
}

fn operations(out: &mut String, report: &Report, color_mode: ColorMode) {
    heading(out, "Operations", color_mode);
    called_operations(out, report, color_mode);
    let not_called = report.operations.iter().filter(|one| one.calls == 0);
    let names: Vec<String> = not_called.map(|one| plain(&one.operation)).collect();
    if !names.is_empty() {
        line(out, "  not called");
        wrap(out, 8, names.iter().map(String::as_str), "  ");
    }
    line(out, "");
    let note = "  200:3 was returned three times, 401 never; (503) needs a scenario and does not count";
    line(out, &color_mode.style(Tone::Faint, note));
}

/// A table of the operations that were called.
fn called_operations(out: &mut String, report: &Report, color_mode: ColorMode) {
    let called: Vec<&OperationReport> = report.operations.iter().filter(|one| one.calls > 0).collect();
    let width = called.iter().map(|one| one.operation.chars().count()).max().unwrap_or(0).clamp(9, 40);
    let title = format!(
        "  {:<width$}  {:<10}  {:>6}  {:>6}  {:>6}  statuses",
        "operation", "evidence", "calls", "params", "fields"
    );
    line(out, &color_mode.style(Tone::Faint, &title));
    for one in called {
        let text = format!(
            "  {:<width$}  {:<10}  {:>6}  {:>6}  {:>6}  {}",
            plain(&one.operation),
            one.evidence.as_str(),
            one.calls,
            fraction(one.parameters.iter().map(|one| one.count)),
            fraction(one.fields.iter().map(|one| one.count)),
            statuses(one, color_mode),
        );
        line(out, text.trim_end());
        if !one.lead_outcomes.is_empty() {
            let outcomes = one.lead_outcomes.iter().map(|one| format!("{}:{}", plain(&one.outcome), one.count));
            line(out, &format!("        leads {}", outcomes.collect::<Vec<_>>().join(" ")));
        }
    }
}

/// `2/7`; empty without units.
fn fraction(counts: impl Iterator<Item = u64>) -> String {
    let mut covered = CoverageRatio::default();
    counts.for_each(|count| covered.add(count));
    if covered.total == 0 { String::new() } else { format!("{}/{}", covered.covered, covered.total) }
}

fn statuses(operation: &OperationReport, color_mode: ColorMode) -> String {
    let shown = operation.statuses.iter().map(|one| match (one.count, is_client_reachable(one.status)) {
        (0, true) => color_mode.style(Tone::Faint, &one.status.to_string()),
        (0, false) => color_mode.style(Tone::Faint, &format!("({})", one.status)),
        (count, _) => color_mode.style(Tone::Good, &format!("{}:{count}", one.status)),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn undocumented(out: &mut String, report: &Report, color_mode: ColorMode) {
    let list: Vec<(&str, Vec<String>)> = report
        .operations
        .iter()
        .map(|one| {
            let all = &one.undocumented;
            let statuses = all.statuses.iter().map(|one| format!("status {}:{}", one.status, one.count));
            let parameters = all.parameters.iter().map(|one| format!("?{}:{}", plain(&one.name), one.count));
            let fields = all.fields.iter().map(|one| format!("{}:{}", plain(&one.pointer), one.count));
            let not_collected =
                all.not_collected.iter().map(|one| format!("{}:{} (not collected)", plain(&one.location), one.count));
            let all: Vec<String> = statuses.chain(parameters).chain(fields).chain(not_collected).collect();
            (one.operation.as_str(), all)
        })
        .filter(|(_, all)| !all.is_empty())
        .collect();
    if list.is_empty() {
        return;
    }
    heading(out, "Undocumented", color_mode);
    for (operation, all) in list {
        line(out, &format!("  {}", plain(operation)));
        wrap(out, 8, all.iter().map(String::as_str), "  ");
    }
}

/// The uncovered targets of operations that were called; operations that were not called are listed by name only.
fn not_exercised(out: &mut String, report: &Report, color_mode: ColorMode) {
    let is_called = |name: &str| report.operations.iter().any(|one| one.calls > 0 && one.operation == name);
    let uncovered: Vec<_> = report.uncovered.iter().filter(|one| is_called(&one.operation)).collect();
    if uncovered.is_empty() {
        return;
    }
    heading(out, "Not exercised", color_mode);
    for one in uncovered {
        line(out, &format!("  {}", plain(&one.operation)));
        let statuses = one.statuses.iter().map(u16::to_string);
        let parameters = one.parameters.iter().map(|name| format!("?{}", plain(name)));
        let fields = one.fields.iter().map(|pointer| plain(pointer));
        let all: Vec<String> = statuses.chain(parameters).chain(fields).collect();
        wrap(out, 8, all.iter().map(String::as_str), "  ");
    }
}

fn scenarios_and_effects(out: &mut String, report: &Report, color_mode: ColorMode) {
    heading(out, "Scenarios", color_mode);
    let (exercised, others): (Vec<_>, Vec<_>) = report.scenarios.iter().partition(|one| one.count > 0);
    let exercised: Vec<String> =
        exercised.iter().map(|one| format!("{}:{}", plain(&one.scenario), one.count)).collect();
    let others: Vec<String> = others.iter().map(|one| plain(&one.scenario)).collect();
    for (title, names) in [("  exercised", exercised), ("  not exercised", others)] {
        if !names.is_empty() {
            line(out, title);
            wrap(out, 8, names.iter().map(String::as_str), "  ");
        }
    }
    if !report.effects.is_empty() {
        line(out, "  effects of rules and faults");
        let effects: Vec<String> =
            report.effects.iter().map(|one| format!("{}:{}", plain(&one.effect), one.count)).collect();
        wrap(out, 8, effects.iter().map(String::as_str), "  ");
    }
}

fn heading(out: &mut String, text: &str, color_mode: ColorMode) {
    line(out, "");
    line(out, &color_mode.style(Tone::Heading, text));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Writes words in wrapped lines that begin with `indent` spaces.
fn wrap<'w>(out: &mut String, indent: usize, words: impl Iterator<Item = &'w str>, between: &str) {
    let mut current = " ".repeat(indent);
    let mut is_empty = true;
    for word in words {
        let longer = current.chars().count() + between.len() + word.chars().count();
        if !is_empty && longer > WIDTH {
            line(out, &current);
            current = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            current.push_str(between);
        }
        current.push_str(word);
        is_empty = false;
    }
    if !is_empty {
        line(out, &current);
    }
}

/// Text without terminal control characters.
fn plain(text: &str) -> String {
    text.chars().map(replace_control).collect()
}

/// U+FFFD in place of control and bidirectional formatting characters.
pub(super) fn replace_control(c: char) -> char {
    let is_bidirectional = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || is_bidirectional { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let mut out = String::new();
        let words = ["x".repeat(60), "y".repeat(60), "z".repeat(120), "end".to_owned()];
        wrap(&mut out, 2, words.iter().map(String::as_str), "  ");
        let lines: Vec<usize> = out.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines, [62, 62, 122, 5]);
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c\u{9b}é"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}é");
    }
}
