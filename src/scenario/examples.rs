//! Runs the examples of a scenario: each in a new world, its steps in order.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::build::Scenario;
use super::language::{ExampleRequest, ExpectedBody, ExpectedRange, ExpectedResponse, ScenarioExample};
use crate::contract::negotiate::is_json;
use crate::http::basic_auth;
use crate::http::message::{Body, Request, Response};
use crate::support::redaction::Redactor;
use contract_files::yaml::Diagnostic;

/// Runs every example and returns a diagnostic for each difference. `new_handler` creates a world and returns the
/// function that handles requests in it.
pub fn run<H: FnMut(Request) -> Response>(scenario: &Scenario, mut new_handler: impl FnMut() -> H) -> Vec<Diagnostic> {
    let mut failures = Vec::new();
    for (index, example) in scenario.examples.iter().enumerate() {
        let mut handle = new_handler();
        for (step, (request, expected, pointer)) in steps(example).enumerate() {
            let response = handle(build_request(request, scenario.default_key()));
            for difference in compare(expected, &response) {
                if failures.len() >= scenario.source.diagnostics_max() {
                    failures.push(scenario.source.further_problems());
                    return failures;
                }
                let step = if example.steps.is_empty() { String::new() } else { format!(", step {}", step + 1) };
                let message = format!("example `{}`{step}: {difference}", example.name);
                failures.push(scenario.source.at_pointer(&format!("/examples/{index}{pointer}"), message));
            }
        }
    }
    failures
}

fn steps(example: &ScenarioExample) -> impl Iterator<Item = (&ExampleRequest, &ExpectedResponse, String)> {
    let single = example.request.as_ref().zip(example.reply.as_ref());
    let single = single.map(|(request, response)| (request, response, "/reply".to_owned()));
    let several = example.steps.iter().enumerate();
    single.into_iter().chain(several.map(|(index, step)| (&step.request, &step.reply, format!("/steps/{index}/reply"))))
}

/// Builds the request of an example. Without a key of its own it is sent with `default_key`; an empty key sends none.
#[must_use]
pub fn build_request(spec: &ExampleRequest, default_key: Option<&str>) -> Request {
    let mut request = Request::new(spec.method.clone(), spec.path.clone());
    let key = spec.key.as_deref().or(default_key).unwrap_or_default();
    if !key.is_empty()
        && let Ok(value) = HeaderValue::from_str(&basic_auth::encode("API", key))
    {
        request.headers.insert(AUTHORIZATION, value);
    }
    if spec.body.is_some() {
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    // The control API is served to requests for the local machine only, and examples may use it.
    request.headers.insert(HOST, HeaderValue::from_static("localhost"));
    for (name, value) in &spec.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            request.headers.insert(name, value);
        }
    }
    if let Some(body) = &spec.body {
        let content_type = request.header(&CONTENT_TYPE).unwrap_or_default();
        request.body = Body::Complete(match &body.0 {
            // A form or an XML document is sent as it is written.
            Value::String(text) if !is_json(content_type) => text.clone().into(),
            body => crate::support::document::serialise(body),
        });
    }
    request
}

/// The differences between a response and what is expected of it, as messages.
fn compare(expected: &ExpectedResponse, response: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    if response.status.as_u16() != expected.status {
        let (redacted, _) = Redactor::default().body(&response.body, usize::MAX);
        let body: String = String::from_utf8_lossy(&redacted).chars().take(200).collect();
        differences.push(format!(
            "expected status {}, got {} with the body {body}",
            expected.status,
            response.status.as_u16(),
        ));
    }
    for (name, value) in &expected.headers {
        let found =
            response.headers.get(name.as_str()).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match (value, found) {
            (Some(value), Some(found)) if *value != found => {
                differences.push(format!("expected the header {name}: {value}, got `{found}`"));
            }
            (Some(value), None) => differences.push(format!("expected the header {name}: {value}, but it is missing")),
            (None, Some(found)) => differences.push(format!("expected no header {name}, got `{found}`")),
            _ => {}
        }
    }
    differences.extend(compare_body(&expected.body, response));
    differences.extend(compare_delivery(expected, response));
    differences
}

/// Compares the delay and the fault of a response.
fn compare_delivery(expected: &ExpectedResponse, response: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    let found = response.send_options.as_ref().and_then(|send_options| send_options.wire_fault);
    if let Some(fault) = expected.fault
        && found != Some(fault)
    {
        let found = found.map_or("none", |fault| fault.name());
        differences.push(format!("expected the fault {}, got {found}", fault.name()));
    }
    if let Some(ExpectedRange { min, max }) = expected.delay_ms {
        let found = response.send_options.as_ref().map_or(0, |send_options| send_options.delay_ms);
        if min.is_some_and(|min| found < min) || max.is_some_and(|max| found > max) {
            let (min, max) = (min.unwrap_or(0), max.map_or_else(|| "any".to_owned(), |max| max.to_string()));
            differences.push(format!("expected a delay of {min} to {max} ms, got {found} ms"));
        }
    }
    differences
}

fn compare_body(expected: &ExpectedBody, response: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    if let Some(expected) = expected.length {
        let length = match &body {
            Value::Array(items) => Some(items.len()),
            Value::Object(object) => Some(object.len()),
            _ => None,
        };
        if length != Some(expected) {
            let found =
                length.map_or("a body that is neither a list nor an object".to_owned(), |length| length.to_string());
            differences.push(format!("expected a body of length {expected}, got {found}"));
        }
    }
    if let Some(expected) = &expected.equals
        && body != expected.0
    {
        let (expected, found) = (truncate(&expected.0), truncate(&redacted(&body)));
        differences.push(format!("expected the body {expected}, got {found}"));
    }
    if let Some(expected) = &expected.includes
        && let Some(pointer) = first_missing(&expected.0, &body, String::new())
    {
        differences.push(format!(
            "the body does not include what is expected at `{pointer}`; it is {}",
            truncate(&redacted(&body))
        ));
    }
    for (pointer, expected) in &expected.at {
        match body.pointer(pointer) {
            Some(found) if *found == expected.0 => {}
            Some(found) => differences.push(format!(
                "expected `{pointer}` to be {}, got {}",
                truncate(&expected.0),
                truncate(found)
            )),
            None => {
                differences.push(format!("expected `{pointer}` to be {}, but it is missing", truncate(&expected.0)));
            }
        }
    }
    differences
}

/// A pointer to the first value of `expected` that `found` does not include.
fn first_missing(expected: &Value, found: &Value, pointer: String) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected.iter().find_map(|(name, expected)| {
            let pointer = format!("{pointer}/{name}");
            match found.get(name) {
                Some(found) => first_missing(expected, found, pointer),
                None => Some(pointer),
            }
        }),
        (Value::Array(expected), Value::Array(found)) => expected.iter().enumerate().find_map(|(index, expected)| {
            let is_included = found.iter().any(|found| first_missing(expected, found, String::new()).is_none());
            (!is_included).then(|| format!("{pointer}/{index}"))
        }),
        _ => (expected != found).then_some(pointer),
    }
}

/// A body for a message. It is shown whole, so that it could contain API keys and passwords that the example does not name.
fn redacted(body: &Value) -> Value {
    let mut shown = body.clone();
    Redactor::default().value(&mut shown);
    shown
}

fn truncate(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 200 { text } else { format!("{}...", text.chars().take(200).collect::<String>()) }
}
