//! A report for a terminal, at most 100 columns wide.

use std::fmt::Write as _;

use super::verdict::counted;
use super::{Covered, Document, Operation, Verdict};
use crate::recording::coverage::map::is_in_reach;

/// The widest line, where words allow.
const WIDTH: usize = 100;

/// Whether text may have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// It is for a terminal.
    Colours,
    /// It is for a file or another program.
    Plain,
}

/// What a colour says.
#[derive(Clone, Copy)]
enum Tone {
    Heading,
    Good,
    Bad,
    Faint,
}

impl Paint {
    fn on(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Heading => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Faint => "2",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colours => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The report as text.
#[must_use]
pub fn text(document: &Document, verdict: &Verdict, paint: Paint) -> String {
    let mut out = String::new();
    head(&mut out, document, verdict, paint);
    violations(&mut out, document, paint);
    unmatched(&mut out, document, paint);
    operations(&mut out, document, paint);
    undocumented(&mut out, document, paint);
    left(&mut out, document, paint);
    around(&mut out, document, paint);
    out
}

fn head(out: &mut String, document: &Document, verdict: &Verdict, paint: Paint) {
    let summary = &document.summary;
    let whose = if document.sandbox == "*" {
        "all sandboxes".to_owned()
    } else {
        format!("sandbox {}", plain(&document.sandbox))
    };
    line(out, &paint.on(Tone::Heading, &format!("leadconduit-mock {}: report of {whose}", plain(&document.mock))));
    line(out, "");
    let row = |out: &mut String, name: &str, text: &str| line(out, &format!("  {name:<11}{text}"));
    row(out, "coverage", &format!("{:.1} %: {}", summary.percent, share(summary.units, "units")));
    row(
        out,
        "",
        &format!(
            "{}, {}, {}",
            share(summary.statuses, "statuses"),
            share(summary.parameters, "parameters"),
            share(summary.fields, "fields")
        ),
    );
    row(
        out,
        "",
        &format!(
            "{}, {}, {}",
            share(summary.documented, "documented"),
            share(summary.observed, "observed"),
            share(summary.inferred, "inferred")
        ),
    );
    row(out, "operations", &share(summary.operations, "called"));
    let mut requests = counted(document.exchanges, "request");
    if document.violating > 0 {
        let _ = write!(requests, ", {} with {}", document.violating, counted(summary.violations, "violation"));
    }
    if summary.unmatched > 0 {
        let _ = write!(requests, ", {} that no operation answers", summary.unmatched);
    }
    row(out, "sent", &requests);
    if document.untold > 0 {
        row(
            out,
            "",
            &format!("{} of violations, paths or parameters did not find room", counted(document.untold, "kind")),
        );
    }
    if verdict.is_asked() {
        let word = if verdict.is_good() { paint.on(Tone::Good, "passed") } else { paint.on(Tone::Bad, "failed") };
        row(out, "verdict", &word);
        for failure in &verdict.failures {
            row(out, "", failure);
        }
    }
}

/// `3 of 12 units`.
fn share(covered: Covered, what: &str) -> String {
    format!("{} of {} {what}", covered.covered, covered.total)
}

fn violations(out: &mut String, document: &Document, paint: Paint) {
    if document.violations.is_empty() {
        return;
    }
    heading(out, "Violations", paint);
    for one in &document.violations {
        let operation = plain(one.operation.as_deref().unwrap_or("(no operation)"));
        let what = format!("{:>6}  {operation}  {}  {}", one.count, plain(&one.location), plain(&one.code));
        line(out, &paint.on(Tone::Bad, &what));
        wrap(out, 8, plain(&one.message).split(' '), " ");
        let refused = if one.refused { "refused" } else { "served" };
        let first = format!("{refused}; first: sandbox {}, request {}", plain(&one.first.sandbox), one.first.request);
        line(out, &paint.on(Tone::Faint, &format!("        {first}")));
    }
}

fn unmatched(out: &mut String, document: &Document, paint: Paint) {
    if document.unmatched.is_empty() {
        return;
    }
    heading(out, "Requests that no operation answers", paint);
    for one in &document.unmatched {
        line(out, &format!("{:>6}  {} {}", one.count, plain(&one.method), plain(&one.path)));
    }
}

fn operations(out: &mut String, document: &Document, paint: Paint) {
    heading(out, "Operations", paint);
    let called = document.operations.iter().filter(|one| one.calls > 0);
    let width = called.map(|one| one.operation.chars().count()).max().unwrap_or(0).clamp(9, 40);
    let title = format!(
        "  {:<width$}  {:<10}  {:>6}  {:>6}  {:>6}  statuses",
        "operation", "evidence", "calls", "params", "fields"
    );
    line(out, &paint.on(Tone::Faint, &title));
    let (called, not): (Vec<_>, Vec<_>) = document.operations.iter().partition(|one| one.calls > 0);
    for one in called {
        let text = format!(
            "  {:<width$}  {:<10}  {:>6}  {:>6}  {:>6}  {}",
            plain(&one.operation),
            one.evidence.as_str(),
            one.calls,
            part(one.parameters.iter().map(|one| one.count)),
            part(one.fields.iter().map(|one| one.count)),
            statuses(one, paint),
        );
        line(out, text.trim_end());
    }
    if !not.is_empty() {
        let not: Vec<String> = not.iter().map(|one| plain(&one.operation)).collect();
        line(out, "  not called");
        wrap(out, 8, not.iter().map(String::as_str), "  ");
    }
    line(out, "");
    let note = "  200:3 was answered three times, 401 not yet; (503) takes a scenario and does not count";
    line(out, &paint.on(Tone::Faint, note));
}

/// `2/7`, or nothing when there is nothing to cover.
fn part(counts: impl Iterator<Item = u64>) -> String {
    let mut covered = Covered::default();
    counts.for_each(|count| covered.add(count));
    if covered.total == 0 { String::new() } else { format!("{}/{}", covered.covered, covered.total) }
}

fn statuses(operation: &Operation, paint: Paint) -> String {
    let shown = operation.statuses.iter().map(|one| match (one.count, is_in_reach(one.status)) {
        (0, true) => paint.on(Tone::Faint, &one.status.to_string()),
        (0, false) => paint.on(Tone::Faint, &format!("({})", one.status)),
        (count, _) => paint.on(Tone::Good, &format!("{}:{count}", one.status)),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn undocumented(out: &mut String, document: &Document, paint: Paint) {
    let list: Vec<(&str, Vec<String>)> = document
        .operations
        .iter()
        .map(|one| {
            let all = &one.undocumented;
            let statuses = all.statuses.iter().map(|one| format!("status {}:{}", one.status, one.count));
            let parameters = all.parameters.iter().map(|one| format!("?{}:{}", plain(&one.name), one.count));
            let fields = all.fields.iter().map(|one| format!("{}:{}", plain(&one.pointer), one.count));
            (one.operation.as_str(), statuses.chain(parameters).chain(fields).collect::<Vec<_>>())
        })
        .filter(|(_, all)| !all.is_empty())
        .collect();
    if list.is_empty() {
        return;
    }
    heading(out, "In no documentation", paint);
    for (operation, all) in list {
        line(out, &format!("  {}", plain(operation)));
        wrap(out, 8, all.iter().map(String::as_str), "  ");
    }
}

/// What is left of the operations that were called; the others have everything left.
fn left(out: &mut String, document: &Document, paint: Paint) {
    let is_called = |name: &str| document.operations.iter().any(|one| one.calls > 0 && one.operation == name);
    let left: Vec<_> = document.left.iter().filter(|one| is_called(&one.operation)).collect();
    if left.is_empty() {
        return;
    }
    heading(out, "Left to exercise", paint);
    for one in left {
        line(out, &format!("  {}", plain(&one.operation)));
        let statuses = one.statuses.iter().map(u16::to_string);
        let parameters = one.parameters.iter().map(|name| format!("?{}", plain(name)));
        let fields = one.fields.iter().map(|pointer| plain(pointer));
        let all: Vec<String> = statuses.chain(parameters).chain(fields).collect();
        wrap(out, 8, all.iter().map(String::as_str), "  ");
    }
}

/// What was played, and what rules did.
fn around(out: &mut String, document: &Document, paint: Paint) {
    heading(out, "Scenarios", paint);
    let (met, not): (Vec<_>, Vec<_>) = document.scenarios.iter().partition(|one| one.count > 0);
    let met: Vec<String> = met.iter().map(|one| format!("{}:{}", plain(&one.scenario), one.count)).collect();
    let not: Vec<String> = not.iter().map(|one| plain(&one.scenario)).collect();
    for (title, names) in [("  exercised", met), ("  not exercised", not)] {
        if !names.is_empty() {
            line(out, title);
            wrap(out, 8, names.iter().map(String::as_str), "  ");
        }
    }
    if !document.deeds.is_empty() {
        line(out, "  what rules and faults did");
        let deeds: Vec<String> =
            document.deeds.iter().map(|one| format!("{}:{}", plain(&one.deed), one.count)).collect();
        wrap(out, 8, deeds.iter().map(String::as_str), "  ");
    }
}

fn heading(out: &mut String, text: &str, paint: Paint) {
    line(out, "");
    line(out, &paint.on(Tone::Heading, text));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Words in lines that begin with `indent` spaces.
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

/// A text without what would upset a terminal.
fn plain(text: &str) -> String {
    text.chars().map(readable).collect()
}

/// A character; or what stands for one that steers whoever shows it.
pub(super) fn readable(c: char) -> char {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let mut out = String::new();
        let words = ["x".repeat(60), "y".repeat(60), "z".repeat(120), "end".to_owned()];
        wrap(&mut out, 2, words.iter().map(String::as_str), "  ");
        let lines: Vec<usize> = out.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines, [62, 62, 122, 5]);
    }

    #[test]
    fn nothing_reaches_the_terminal_that_would_upset_it() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c\u{9b}é"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}é");
    }
}
