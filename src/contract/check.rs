//! A request against its operation: parameters and body become values, and what is wrong becomes violations.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::Value;

use super::negotiate;
use super::operation::{Handler, Kind, Operation, Parameter, Place};
use super::route::PathValues;
use super::violation::Violation;
use crate::contract::lead_body;
use crate::contract::lead_body::{Inbound, LeadCall, Refused};
use crate::http::message::{Body, Request};
use contract_files::pointer::escape;

/// What an operation works with.
#[derive(Debug, Default)]
pub struct Input {
    /// The path's parameters.
    pub path: PathValues,
    /// The query's pairs, in order.
    pub query: Vec<(String, String)>,
    /// The body, `null` when there is none.
    pub body: Value,
    /// The media type of the answer that the caller wants, where an operation has several; `None` for JSON.
    pub wanted: Option<String>,
    /// What a request to the lead handler says besides parameters, which are the body then; or why it is not read.
    pub inbound: Option<Result<Inbound, Refused>>,
}

impl Input {
    /// A parameter of the path.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of a query parameter that may be repeated.
    pub fn queries<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text property of the body.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// How much of the contract is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Everything.
    On,
    /// Nothing: what can be read is read.
    Off,
}

/// Reads the request and lists how it breaks the contract, the gravest first.
#[must_use]
pub fn check(operation: &Operation, path: PathValues, request: &Request, checks: Checks) -> (Input, Vec<Violation>) {
    let mut violations = Vec::new();
    let query = request.query().map(parse_query).unwrap_or_default();
    let mut input = Input { path, query, ..Input::default() };
    match operation.handler {
        Handler::Api => input.body = read_body(operation, request, checks, &mut violations).unwrap_or_default(),
        Handler::Lead => read_inbound(operation, request, &mut input, &mut violations),
    }
    if checks == Checks::Off {
        // Without its body a request cannot be served at all, whatever is checked.
        violations.retain(|violation| violation.refused_with == Some(413));
        return (input, violations);
    }
    check_parameters(operation, &input, &mut violations);
    (input, violations)
}

/// The lead handler reads requests in its own way. What it refuses is answered in its own words, after the gate.
fn read_inbound(operation: &Operation, request: &Request, input: &mut Input, violations: &mut Vec<Violation>) {
    let mut read = lead_body::read(request, LeadCall::of(&operation.path));
    match &mut read {
        Ok(inbound) => {
            input.body = Value::Object(std::mem::take(&mut inbound.parameters));
            input.wanted = Some(inbound.media.name().to_owned());
        }
        Err(refused) => {
            violations.push(Violation::refused(refused.status, refused.at, "unreadable", refused.message.clone()));
        }
    }
    input.inbound = Some(read);
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn check_parameters(operation: &Operation, input: &Input, violations: &mut Vec<Violation>) {
    // Where any name may stand, there is nothing to check but what the reader has checked.
    let is_open = operation.parameters.iter().any(|parameter| parameter.kind == Kind::Rest);
    for parameter in operation.parameters.iter().filter(|parameter| !is_open || parameter.place == Place::Path) {
        match parameter.place {
            Place::Path => {
                let text = input.path(&parameter.name);
                check_value(parameter, "/path", &Value::String(text.to_owned()), violations);
            }
            Place::Query => check_query(parameter, input, violations),
        }
    }
    for (name, _) in input.query.iter().filter(|_| !is_open) {
        // Names that begin with two underscores speak to the mock, not to LeadConduit.
        if !name.starts_with("__") && !operation.parameters.iter().any(|p| p.place == Place::Query && p.name == *name) {
            let known = operation.parameters.iter().filter(|p| p.place == Place::Query).map(|p| p.name.as_str());
            let hint = contract_files::yaml::nearest(name, known)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let message = format!("{name} is not documented for {} and has no effect{hint}", operation.id);
            violations.push(Violation::reported(&location("/query", name), "unknown", message));
        }
    }
}

fn check_query(parameter: &Parameter, input: &Input, violations: &mut Vec<Violation>) {
    let name = &parameter.name;
    let values: Vec<&str> =
        input.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
    let Some(first) = values.first() else {
        if parameter.required {
            violations.push(Violation::refused(
                400,
                &location("/query", name),
                "required",
                format!("{name} is missing"),
            ));
        }
        return;
    };
    let value = match parameter.kind {
        Kind::List => values.iter().map(|value| Value::from(*value)).collect(),
        _ if values.len() > 1 => {
            let message = format!("{name} may be given once, not {} times", values.len());
            violations.push(Violation::refused(400, &location("/query", name), "repeated", message));
            return;
        }
        Kind::Text | Kind::Rest => Value::from(*first),
        Kind::Boolean => first.parse::<bool>().map_or_else(|_| Value::from(*first), Value::from),
        Kind::Integer => first.parse::<i64>().map_or_else(|_| Value::from(*first), Value::from),
        Kind::Number => first.parse::<f64>().map_or_else(|_| Value::from(*first), Value::from),
    };
    check_value(parameter, "/query", &value, violations);
}

fn check_value(parameter: &Parameter, root: &str, value: &Value, violations: &mut Vec<Violation>) {
    if !parameter.check.accepts(value) {
        violations.extend(parameter.check.explain(&location(root, &parameter.name), value));
    }
}

fn location(root: &str, name: &str) -> String {
    format!("{root}/{}", escape(name))
}

/// The body as a value; `None` when there is none that could be read.
fn read_body(
    operation: &Operation,
    request: &Request,
    checks: Checks,
    violations: &mut Vec<Violation>,
) -> Option<Value> {
    let rule = operation.body.as_ref()?;
    let bytes = match &request.body {
        Body::Whole(bytes) => bytes,
        Body::TooLarge { limit } => {
            let message = format!("the body is larger than {limit} bytes");
            violations.push(Violation::refused(413, "/body", "size", message));
            return None;
        }
        // The pipeline has answered these before anything is checked.
        Body::Stalled | Body::Broken(_) => return None,
    };
    let content_type = request.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("(not text)"));
    match content_type {
        Some(given) if !negotiate::is_json(given) => {
            let given: String = given.chars().take(100).collect();
            let message = format!("Content-Type must be application/json, not {given}");
            violations.push(Violation::refused(415, "/headers/content-type", "content-type", message));
        }
        None if !bytes.is_empty() => {
            let message = "Content-Type is missing; send application/json";
            violations.push(Violation::refused(415, "/headers/content-type", "content-type", message));
        }
        _ => {}
    }
    if let Some(encoding) =
        request.header(&CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    {
        let encoding: String = encoding.chars().take(100).collect();
        let message = format!("Content-Encoding {encoding} is not read; send the body as it is");
        violations.push(Violation::refused(415, "/headers/content-encoding", "content-encoding", message));
        return None;
    }
    if bytes.is_empty() {
        if rule.required {
            violations.push(Violation::refused(400, "/body", "required", "the body is missing"));
        }
        return None;
    }
    let body: Value = match serde_json::from_slice(bytes) {
        Ok(body) => body,
        Err(error) => {
            violations.push(Violation::refused(400, "/body", "json", format!("the body is not JSON: {error}")));
            return None;
        }
    };
    if checks == Checks::On && !rule.check.accepts(&body) {
        violations.extend(rule.check.explain("/body", &body));
    }
    Some(body)
}
