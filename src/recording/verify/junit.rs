//! A verdict as `JUnit` XML: a case per expectation. An inconclusive outcome is an error, so that it is not mistaken for
//! a failure of the client.

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::result::{ExpectationOutcome, ExpectationResult, VerificationResult};
use crate::support::xml_text::valid_xml_text;

/// Why a verdict cannot be written as `JUnit` XML.
pub type JunitError = quick_junit::SerializeError;

/// Writes the verdict as `JUnit` XML.
///
/// # Errors
///
/// The error of the serialiser.
pub fn junit(verdict: &VerificationResult) -> Result<String, JunitError> {
    let mut suite = TestSuite::new("verify");
    suite.add_property(("exchanges", verdict.exchanges.to_string().as_str()));
    suite.add_property(("dropped", verdict.dropped.to_string().as_str()));
    suite.add_test_cases(verdict.expectations.iter().map(|one| case(one, verdict)));
    let mut junit = JunitReport::new("leadconduit-mock");
    junit.add_test_suite(suite);
    let text = junit.to_string()?;
    // Jenkins' xUnit plugin validates strictly; its schema has this attribute for suites only.
    Ok(text.replacen(&format!(" skipped=\"{}\"", junit.skipped), "", 1))
}

fn case(one: &ExpectationResult, verdict: &VerificationResult) -> TestCase {
    let status = match one.outcome {
        ExpectationOutcome::Passed => TestCaseStatus::success(),
        ExpectationOutcome::Failed => non_success(
            NonSuccessKind::Failure,
            "failed",
            &format!("expected {}, found {}", one.expected, one.found),
            one,
        ),
        ExpectationOutcome::Inconclusive => {
            let reason = verdict.reason.as_deref().unwrap_or("the recorded exchanges do not decide it");
            non_success(NonSuccessKind::Error, "inconclusive", reason, one)
        }
    };
    let mut case = TestCase::new(valid_xml_text(&one.name).as_ref(), status);
    case.set_classname("leadconduit-mock.verify");
    case.set_system_out(format!("found {} in {} exchanges", valid_xml_text(&one.found), one.exchanges));
    case
}

fn non_success(kind: NonSuccessKind, name: &str, message: &str, one: &ExpectationResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name);
    status.set_message(valid_xml_text(message).as_ref());
    status.set_description(valid_xml_text(&one.to_string()).as_ref());
    status
}
