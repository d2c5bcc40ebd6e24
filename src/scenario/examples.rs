//! Playing a scenario's examples: each on a fresh world, its steps in order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::Scenario;
use super::language::{BodyPart, ExamplePart, RangePart, RequestPart, ResponsePart};
use crate::http::message::{Body, Request, Response};
use contract_files::yaml::Diagnostic;

/// Plays every example. `fresh` starts a world anew and returns what answers requests on it.
pub fn play<A: FnMut(Request) -> Response>(scenario: &Scenario, mut fresh: impl FnMut() -> A) -> Vec<Diagnostic> {
    let mut failures = Vec::new();
    for (at, example) in scenario.examples.iter().enumerate() {
        let mut answer = fresh();
        for (step, (request, expected, pointer)) in steps(example).enumerate() {
            let reply = answer(compose(request, scenario.first_key()));
            for difference in compare(expected, &reply) {
                let of = if example.steps.is_empty() { String::new() } else { format!(", step {}", step + 1) };
                let message = format!("example `{}`{of}: {difference}", example.name);
                failures.push(scenario.source.at_pointer(&format!("/examples/{at}{pointer}"), message));
            }
        }
    }
    failures
}

fn steps(example: &ExamplePart) -> impl Iterator<Item = (&RequestPart, &ResponsePart, String)> {
    let single = example.request.as_ref().zip(example.reply.as_ref());
    let single = single.map(|(request, reply)| (request, reply, "/reply".to_owned()));
    let several = example.steps.iter().enumerate();
    single.into_iter().chain(several.map(|(at, step)| (&step.request, &step.reply, format!("/steps/{at}/reply"))))
}

/// The request that a part describes, with a key unless it says which.
#[must_use]
pub fn compose(part: &RequestPart, first_key: Option<&str>) -> Request {
    let mut request = Request::new(part.method.clone(), part.path.clone());
    let key = part.key.as_deref().or(first_key).unwrap_or_default();
    if !key.is_empty()
        && let Ok(value) = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("API:{key}"))))
    {
        request.headers.insert(AUTHORIZATION, value);
    }
    if let Some(body) = &part.body {
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Body::Whole(crate::support::document::serialise(&body.0));
    }
    // Examples are played on the machine itself, so that they may use the control API.
    request.headers.insert(HOST, HeaderValue::from_static("localhost"));
    for (name, value) in &part.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            request.headers.insert(name, value);
        }
    }
    request
}

/// How the reply differs from what was expected, in words.
fn compare(expected: &ResponsePart, reply: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    if reply.status.as_u16() != expected.status {
        let body: String = String::from_utf8_lossy(&reply.body).chars().take(200).collect();
        differences.push(format!(
            "the status is {}, not {}; the body is {body}",
            reply.status.as_u16(),
            expected.status
        ));
    }
    for (name, value) in &expected.headers {
        let found =
            reply.headers.get(name.as_str()).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match (value, found) {
            (Some(value), Some(found)) if *value != found => {
                differences.push(format!("the header {name} is `{found}`, not `{value}`"));
            }
            (Some(value), None) => differences.push(format!("the header {name} is missing; expected `{value}`")),
            (None, Some(found)) => differences.push(format!("the header {name} is `{found}`, but should be absent")),
            _ => {}
        }
    }
    differences.extend(compare_body(&expected.body, reply));
    differences.extend(compare_delivery(expected, reply));
    differences
}

/// Whether the reply goes out as it should: how late, and how broken.
fn compare_delivery(expected: &ResponsePart, reply: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    let found = reply.delivery.as_ref().and_then(|delivery| delivery.fault);
    if let Some(wanted) = expected.fault
        && found != Some(wanted)
    {
        let found = found.map_or("does not break", |fault| fault.name());
        differences.push(format!("the connection should break by {}, but: {found}", wanted.name()));
    }
    if let Some(RangePart { min, max }) = expected.delay_ms {
        let found = reply.delivery.as_ref().map_or(0, |delivery| delivery.delay_ms);
        if min.is_some_and(|min| found < min) || max.is_some_and(|max| found > max) {
            let (min, max) = (min.unwrap_or(0), max.map_or_else(|| "any".to_owned(), |max| max.to_string()));
            differences.push(format!("the delay is {found} ms, not {min} to {max} ms"));
        }
    }
    differences
}

fn compare_body(expected: &BodyPart, reply: &Response) -> Vec<String> {
    let mut differences = Vec::new();
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    if let Some(wanted) = expected.length {
        let length = match &body {
            Value::Array(items) => Some(items.len()),
            Value::Object(object) => Some(object.len()),
            _ => None,
        };
        if length != Some(wanted) {
            let found = length.map_or("no list and no object".to_owned(), |length| length.to_string());
            differences.push(format!("the body's length is {found}, not {wanted}"));
        }
    }
    if let Some(wanted) = &expected.equals
        && body != wanted.0
    {
        differences.push(format!("the body is {}, not {}", short(&body), short(&wanted.0)));
    }
    if let Some(wanted) = &expected.includes
        && let Some(at) = missing(&wanted.0, &body, String::new())
    {
        differences.push(format!("the body lacks what is expected at `{at}`; it is {}", short(&body)));
    }
    for (pointer, wanted) in &expected.at {
        match body.pointer(pointer) {
            Some(found) if *found == wanted.0 => {}
            Some(found) => differences.push(format!("`{pointer}` is {}, not {}", short(found), short(&wanted.0))),
            None => differences.push(format!("`{pointer}` leads nowhere; expected {}", short(&wanted.0))),
        }
    }
    differences
}

/// Where `found` first lacks something of `wanted`.
fn missing(wanted: &Value, found: &Value, at: String) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().find_map(|(name, wanted)| {
            let at = format!("{at}/{name}");
            match found.get(name) {
                Some(found) => missing(wanted, found, at),
                None => Some(at),
            }
        }),
        (Value::Array(wanted), Value::Array(found)) => wanted.iter().enumerate().find_map(|(index, wanted)| {
            let there = found.iter().any(|found| missing(wanted, found, String::new()).is_none());
            (!there).then(|| format!("{at}/{index}"))
        }),
        _ => (wanted != found).then_some(at),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 200 { text } else { format!("{}...", text.chars().take(200).collect::<String>()) }
}
