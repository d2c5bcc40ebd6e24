//! A report as `JUnit` XML: a suite for each operation, with a case for each of its statuses and for each kind of violation.
//!
//! What was not exercised is skipped. A violation fails only when the terms mind it, and the coverage has a case of its
//! own, so that CI shows as failed what the verdict calls failed.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::verdict::counted;
use super::{Document, FailOn, Operation, Verdict, Violation};
use crate::recording::coverage::map::is_in_reach;

/// The report as `JUnit` XML.
pub fn junit(document: &Document, verdict: &Verdict) -> Result<String, String> {
    let mut report = Report::new("leadconduit-mock");
    report.add_test_suite(whole(document, verdict));
    for operation in &document.operations {
        let mut suite = TestSuite::new(operation.operation.as_str());
        suite.add_property(("request", format!("{} {}", operation.method, operation.path).as_str()));
        suite.add_property(("evidence", operation.evidence.as_str()));
        suite.add_test_cases(statuses(operation));
        let own = document.violations.iter().filter(|one| one.operation.as_deref() == Some(&operation.operation));
        suite.add_test_cases(own.map(|one| violation(one, &operation.operation, verdict)));
        suite.add_test_cases(undocumented(operation, verdict));
        report.add_test_suite(suite);
    }
    let text = report.to_string().map_err(|error| error.to_string())?;
    // The schema of Jenkins' xUnit plugin, which refuses what it does not know, has this count for suites only.
    Ok(text.replacen(&format!(" skipped=\"{}\"", report.skipped), "", 1))
}

/// What is about no operation: the coverage, and requests that met none.
fn whole(document: &Document, verdict: &Verdict) -> TestSuite {
    let mut suite = TestSuite::new("report");
    let summary = &document.summary;
    let percent = format!("{:.1} %: {} of {} units", summary.percent, summary.units.covered, summary.units.total);
    let status = match verdict.failures.iter().find(|one| one.ends_with("(--fail-under)")) {
        Some(failure) => failed("coverage", failure),
        None => TestCaseStatus::success(),
    };
    let mut coverage = case("coverage", "report", status);
    coverage.set_system_out(percent);
    suite.add_test_case(coverage);
    if document.exchanges == 0 {
        let said = "no request came";
        suite.add_test_case(case("requests", "report", judged("nothing", said, verdict.minds(FailOn::Nothing))));
    }
    let fails = verdict.minds(FailOn::Unmatched);
    for one in &document.unmatched {
        let name = format!("{} {}", one.method, one.path);
        let said = format!("no operation answers {name}: {}", counted(one.count, "request"));
        suite.add_test_case(noted(case(&name, "report", judged("unmatched", &said, fails)), &said));
    }
    let known =
        |one: &&Violation| document.operations.iter().any(|other| one.operation.as_ref() == Some(&other.operation));
    let strays = document.violations.iter().filter(|one| !known(one));
    suite.add_test_cases(strays.map(|one| violation(one, "report", verdict)));
    suite
}

fn statuses(operation: &Operation) -> impl Iterator<Item = TestCase> {
    operation.statuses.iter().map(|one| {
        let status = if one.count > 0 {
            TestCaseStatus::success()
        } else {
            let why = if is_in_reach(one.status) { "not exercised" } else { "not exercised; it takes a scenario" };
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(why);
            skipped
        };
        let evidence = one.evidence.map_or("undocumented", crate::contract::Evidence::as_str);
        let mut case = case(&format!("status {}", one.status), &operation.operation, status);
        case.set_system_out(match one.count {
            0 => evidence.to_owned(),
            1 => format!("{evidence}, 1 reply"),
            count => format!("{evidence}, {count} replies"),
        });
        case
    })
}

fn violation(one: &Violation, class: &str, verdict: &Verdict) -> TestCase {
    let name = format!("{} {}", one.location, one.code);
    let refused = if one.refused { "refused" } else { "served" };
    let said = format!(
        "{}\n{}, {refused}; the first was request {} of sandbox {}",
        one.message,
        counted(one.count, "time"),
        one.first.request,
        one.first.sandbox
    );
    let mut status = judged("violation", &one.message, verdict.minds(FailOn::Violations));
    status.set_description(said.as_str());
    noted(case(&name, class, status), &said)
}

fn undocumented(operation: &Operation, verdict: &Verdict) -> impl Iterator<Item = TestCase> {
    let fails = verdict.minds(FailOn::Undocumented);
    let all = &operation.undocumented;
    let parameters = all.parameters.iter().map(|one| (format!("/query/{}", one.name), one.count));
    let fields = all.fields.iter().map(|one| (format!("/body{}", one.pointer), one.count));
    parameters.chain(fields).map(move |(place, count)| {
        let said = format!("{place} is in no documentation; it was sent {}", counted(count, "time"));
        noted(case(&format!("{place} undocumented"), &operation.operation, judged("undocumented", &said, fails)), &said)
    })
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("leadconduit-mock.{class}"));
    case
}

/// What is no failure is told all the same.
fn noted(mut case: TestCase, said: &str) -> TestCase {
    if matches!(case.status, TestCaseStatus::Success { .. }) {
        case.set_system_out(said);
    }
    case
}

fn judged(kind: &str, said: &str, fails: bool) -> TestCaseStatus {
    if fails { failed(kind, said) } else { TestCaseStatus::success() }
}

fn failed(kind: &str, said: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(said);
    status
}
