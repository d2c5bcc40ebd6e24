//! A report as `JUnit` XML: a suite per operation, with a case per status and per kind of violation.
//!
//! Operations that were not called have no suite, unless the report is limited to them: a report on six calls is not a
//! list of five hundred skipped cases. Targets that were not exercised are skipped cases. A case fails only when the pass criteria say so, so that CI shows the
//! same failures as the verdict.

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::criteria::{FailOn, ReportVerdict, no_requests, pluralize};
use super::model::{ExpectationReport, OperationReport, Report, ViolationReport};
use super::selection::OperationSelection;
use crate::recording::coverage::targets::is_client_reachable;
use crate::recording::verify::result::ExpectationOutcome;
use crate::support::xml::replace_non_xml;

/// Why a report cannot be written as `JUnit` XML.
pub type JunitError = quick_junit::SerializeError;

/// Writes the report as `JUnit` XML.
///
/// # Errors
///
/// The error of the serialiser.
pub fn junit(report: &Report, verdict: &ReportVerdict) -> Result<String, JunitError> {
    let mut junit = JunitReport::new("leadconduit-mock");
    junit.add_test_suite(overall(report, verdict));
    if !report.expectations.is_empty() {
        let mut suite = TestSuite::new("expectations");
        suite.add_test_cases(report.expectations.iter().map(expectation));
        junit.add_test_suite(suite);
    }
    let is_selected = matches!(report.selection, Some(OperationSelection::Named(_)));
    for operation in report.operations.iter().filter(|one| is_selected || one.calls > 0) {
        let mut suite = TestSuite::new(operation.operation.as_str());
        suite.add_property(("request", format!("{} {}", operation.method, operation.path).as_str()));
        suite.add_property(("evidence", operation.evidence.as_str()));
        suite.add_test_cases(statuses(operation));
        suite.add_test_cases(lead_outcomes(operation));
        let own = report.violations.iter().filter(|one| one.operation.as_deref() == Some(&operation.operation));
        suite.add_test_cases(own.map(|one| violation(one, &operation.operation, verdict)));
        suite.add_test_cases(undocumented(operation, verdict));
        junit.add_test_suite(suite);
    }
    let text = junit.to_string()?;
    let text: String = text.chars().map(replace_non_xml).collect();
    // Jenkins' xUnit plugin validates strictly; its schema has this attribute for suites only.
    Ok(text.replacen(&format!(" skipped=\"{}\"", junit.skipped), "", 1))
}

/// The suite without an operation: the coverage, and unmatched requests.
fn overall(report: &Report, verdict: &ReportVerdict) -> TestSuite {
    let mut suite = TestSuite::new("report");
    let summary = &report.summary;
    let percent = format!("{:.1} %: {} of {} units", summary.percent, summary.units.covered, summary.units.total);
    let status = match verdict.failures.iter().find(|one| one.ends_with("(--fail-under)")) {
        Some(failure) => failed("coverage", failure),
        None => TestCaseStatus::success(),
    };
    let mut coverage = case("coverage", "report", status);
    coverage.set_system_out(percent);
    suite.add_test_case(coverage);
    if let Some(message) = no_requests(report) {
        let status = case_status("nothing", message, verdict.is_failure(FailOn::Nothing));
        suite.add_test_case(case("requests", "report", status));
    }
    let is_failure = verdict.is_failure(FailOn::Unmatched);
    for one in &report.unmatched {
        let name = format!("{} {}", one.method, one.path);
        let message = format!("{name} matches no operation: {}", pluralize(one.count, "request"));
        let status = case_status("unmatched", &message, is_failure);
        suite.add_test_case(with_output(case(&name, "report", status), &message));
    }
    let has_suite =
        |one: &&ViolationReport| report.operations.iter().any(|other| one.operation.as_ref() == Some(&other.operation));
    let others = report.violations.iter().filter(|one| !has_suite(one));
    suite.add_test_cases(others.map(|one| violation(one, "report", verdict)));
    suite
}

/// An inconclusive outcome is an error, so that it is not mistaken for a failure of the client.
fn expectation(one: &ExpectationReport) -> TestCase {
    let (kind, name) = match one.outcome {
        ExpectationOutcome::Passed => (None, "passed"),
        ExpectationOutcome::Failed => (Some(NonSuccessKind::Failure), "failed"),
        ExpectationOutcome::Inconclusive => (Some(NonSuccessKind::Error), "inconclusive"),
    };
    let status = kind.map_or_else(TestCaseStatus::success, |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(name);
        status.set_message(format!("expected {}, found {}", one.expected, one.found));
        status.set_description(one.details.as_str());
        status
    });
    with_output(case(&one.name, "expectations", status), &format!("found {} in sandbox {}", one.found, one.sandbox))
}

fn statuses(operation: &OperationReport) -> impl Iterator<Item = TestCase> {
    operation.statuses.iter().map(|one| {
        let status = if one.count > 0 {
            TestCaseStatus::success()
        } else {
            let reason =
                if is_client_reachable(one.status) { "not exercised" } else { "not exercised; needs a scenario" };
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(reason);
            skipped
        };
        let evidence = one.evidence.map_or("undocumented", crate::contract::Evidence::as_str);
        let mut case = case(&format!("status {}", one.status), &operation.operation, status);
        case.set_system_out(match one.count {
            0 => evidence.to_owned(),
            1 => format!("{evidence}, 1 response"),
            count => format!("{evidence}, {count} responses"),
        });
        case
    })
}

fn lead_outcomes(operation: &OperationReport) -> impl Iterator<Item = TestCase> {
    operation.lead_outcomes.iter().map(|one| {
        let mut case = case(&format!("leads: {}", one.outcome), &operation.operation, TestCaseStatus::success());
        case.set_system_out(pluralize(one.count, "lead"));
        case
    })
}

fn violation(one: &ViolationReport, class: &str, verdict: &ReportVerdict) -> TestCase {
    let name = format!("{} {}", one.location, one.code);
    let outcome = if one.rejected { "rejected" } else { "served" };
    let description = format!(
        "{}\n{}, {outcome}; first: request {} of sandbox {}",
        one.message,
        pluralize(one.count, "time"),
        one.first.request,
        one.first.sandbox
    );
    let mut status = case_status("violation", &one.message, verdict.is_failure(FailOn::Violations));
    status.set_description(description.as_str());
    with_output(case(&name, class, status), &description)
}

fn undocumented(operation: &OperationReport, verdict: &ReportVerdict) -> impl Iterator<Item = TestCase> {
    let is_failure = verdict.is_failure(FailOn::Undocumented);
    let all = &operation.undocumented;
    let parameters = all.parameters.iter().map(|one| (format!("/query/{}", one.name), one.count));
    let fields = all.fields.iter().map(|one| (format!("/body{}", one.pointer), one.count));
    let undocumented = parameters.chain(fields).map(|(pointer, count)| {
        let message = format!("{pointer} is undocumented; sent {}", pluralize(count, "time"));
        (format!("{pointer} undocumented"), message)
    });
    let not_collected = all.not_collected.iter().map(|one| {
        let message = format!("{}; sent {}", one.message, pluralize(one.count, "time"));
        (format!("{} {}", one.location, one.code), message)
    });
    undocumented.chain(not_collected).map(move |(name, message)| {
        let status = case_status("undocumented", &message, is_failure);
        with_output(case(&name, &operation.operation, status), &message)
    })
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("leadconduit-mock.{class}"));
    case
}

/// Adds the message to a successful case, which has no failure message.
fn with_output(mut case: TestCase, message: &str) -> TestCase {
    if matches!(case.status, TestCaseStatus::Success { .. }) {
        case.set_system_out(message);
    }
    case
}

fn case_status(kind: &str, message: &str, is_failure: bool) -> TestCaseStatus {
    if is_failure { failed(kind, message) } else { TestCaseStatus::success() }
}

fn failed(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message);
    status
}
