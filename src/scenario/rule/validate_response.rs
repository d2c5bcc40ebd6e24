//! Validates the responses of rules against the contract.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;

use super::definition::{ResponseSpec, Rule, Step, status_code};
use super::error::RuleError;
use super::error_document;
use crate::contract::{Contract, Example, Operation, Violation};
use crate::http::message::Response;

/// Statuses that a proxy in front of an operation may respond with, whether its documentation lists them or not. Their
/// body is LeadConduit's error document.
const GENERIC_STATUSES: [u16; 6] = [408, 429, 500, 502, 503, 504];

const HINT: &str = "fix it, or write `intentionally_invalid: true` if the response is meant to be invalid";

/// Validates the response of a step for every operation that the rule matches.
pub(super) fn validate_response(rule: &Rule, step: &Step, contract: &Contract, errors: &mut Vec<RuleError>) {
    let operations = rule.matcher.operations(contract);
    // A rule for every operation would have the same error for each of them.
    let errors_max = if rule.matcher.names_operations() { 5 } else { 1 };
    match &step.response {
        Some(ResponseSpec::Example { status, name }) => {
            if operations.is_empty() {
                let message = "an example belongs to an operation: name the operation under `when`";
                errors.push(RuleError::new("/example", message));
            }
            for operation in operations {
                let examples = contract.examples(operation);
                if examples.iter().any(|e| e.name == name && status.is_none_or(|s| s == e.status)) {
                    continue;
                }
                errors.push(unknown_example(operation, *status, name, &examples));
                if errors.len() >= errors_max {
                    break;
                }
            }
        }
        Some(ResponseSpec::Body { status, body, is_template }) if !step.intentionally_invalid => {
            if operations.is_empty() {
                // The path is not part of the contract, which only defines LeadConduit's error document for it.
                let status = status.unwrap_or(200);
                // Without a body, the response is LeadConduit's error document.
                if status >= 400 && !is_template && body.is_some() {
                    let violations = error_violations(contract, &step.body_bytes(body.as_ref()));
                    push_violations(errors, None, status, violations);
                }
            }
            for operation in operations {
                let status = status.unwrap_or(operation.success_status());
                let is_known = operation.responses.contains_key(&status);
                if !is_known && !GENERIC_STATUSES.contains(&status) {
                    let statuses: Vec<String> = operation.responses.keys().map(u16::to_string).collect();
                    let message = format!("{} has no response {status}; it has {}", operation.id, statuses.join(", "));
                    let hint = "write one of them, or `intentionally_invalid: true` if the response is meant to be \
                                invalid";
                    errors.push(RuleError::new("/status", message).with_hint(hint));
                } else if !is_template {
                    let violations = step_violations(contract, operation, status, step, body.as_ref());
                    push_violations(errors, Some(operation), status, violations);
                }
                if errors.len() >= errors_max {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// The error for an example that an operation, or its response with the status, does not have.
fn unknown_example(operation: &Operation, status: Option<u16>, name: &str, examples: &[Example<'_>]) -> RuleError {
    let of = status.map_or_else(String::new, |status| format!("the response {status} of "));
    let has_status = |example: &&Example<'_>| status.is_none_or(|status| status == example.status);
    let elsewhere = examples.iter().find(|example| example.name == name);
    let nearest = contract_files::yaml::nearest(name, examples.iter().filter(has_status).map(|example| example.name));
    let hint = match (elsewhere, nearest) {
        (Some(example), _) => format!("it belongs to the response {}", example.status),
        (None, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (None, None) => {
            let names: Vec<String> = examples.iter().map(|e| format!("{} ({})", e.name, e.status)).collect();
            format!("{} has {}", operation.id, names.join(", "))
        }
    };
    RuleError::new("/example", format!("{of}{} has no example `{name}`", operation.id)).with_hint(hint)
}

/// The violations of the contract in a response of a rule. For generic statuses that the operation does not document,
/// the body must be LeadConduit's error document.
#[must_use]
pub fn response_violations(contract: &Contract, operation: &Operation, response: &Response) -> Vec<Violation> {
    let status = response.status.as_u16();
    if !operation.responses.contains_key(&status) && GENERIC_STATUSES.contains(&status) {
        return error_violations(contract, &response.body);
    }
    contract.check_response(operation, status, &response.headers, &response.body)
}

fn step_violations(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    step: &Step,
    body: Option<&Value>,
) -> Vec<Violation> {
    let mut response = match body {
        None => error_document::response(contract, Some(operation), status, step),
        body => Response::new(status_code(status), step.body_bytes(body)),
    };
    for (name, value) in &step.headers {
        // Only the presence of a header is validated: its value can be a template.
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("?"));
        response.headers.insert(name, value);
    }
    response_violations(contract, operation, &response)
}

fn error_violations(contract: &Contract, bytes: &Bytes) -> Vec<Violation> {
    let Some(model) = contract.model("Error") else { return Vec::new() };
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if model.accepts(&value) { Vec::new() } else { model.violations("/body", &value) }
}

fn push_violations(
    errors: &mut Vec<RuleError>,
    operation: Option<&Operation>,
    status: u16,
    violations: Vec<Violation>,
) {
    let of = operation.map(|operation| format!(" of {}", operation.id)).unwrap_or_default();
    for violation in violations.into_iter().take(3) {
        let message = format!("the response {status}{of} violates the contract: {}", violation.message);
        errors.push(RuleError::new(violation.location, message).with_hint(HINT));
    }
}
