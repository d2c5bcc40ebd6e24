//! Validates a request against its operation: reads parameters and body as values, and lists violations.
//!
//! To check something new, push a [`Violation`] in [`validate_request`]: `rejected` when a strict server must reject the
//! request, `reported` otherwise.

use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::negotiate;
use super::operation::{Backend, Operation, Parameter, ParameterLocation, ParameterType};
use super::route::PathParameters;
use super::violation::Violation;
use crate::contract::lead_body::{self, LeadCall, LeadRequest, LeadRequestError};
use crate::http::content_coding;
use crate::http::headers::QUERY_PREFERENCES;
use crate::http::message::{Body, Request};
use crate::support::json_text::{self, JsonTextError};
use contract_files::pointer::escape;

/// A request, decoded for its operation.
#[derive(Debug, Default)]
pub struct OperationInput {
    /// The path's parameters.
    pub path: PathParameters,
    /// The pairs of the query string, in order.
    pub query: Vec<(String, String)>,
    /// The body, `null` when there is none.
    pub body: Value,
    /// The media type that the caller accepts, where an operation has several; `None` for JSON.
    pub response_media_type: Option<String>,
    /// For the lead handler: the decoded request without its parameters, which are in `body`; or why it is rejected.
    pub lead_request: Option<Result<LeadRequest, LeadRequestError>>,
}

impl OperationInput {
    /// A path parameter; empty when there is none of that name.
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

/// Whether requests are validated against the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestValidation {
    /// Parameters and body are validated.
    On,
    /// Requests are only decoded.
    Off,
}

/// Decodes the request and lists how it breaks the contract: the body first, then path and query.
#[must_use]
pub fn validate_request(
    operation: &Operation,
    path: PathParameters,
    request: &Request,
    validation: RequestValidation,
) -> (OperationInput, Vec<Violation>) {
    let mut violations = Vec::new();
    let query = request.query().map(parse_query).unwrap_or_default();
    let mut input = OperationInput { path, query, ..OperationInput::default() };
    match operation.backend {
        Backend::Management => {
            input.body = read_body(operation, request, validation, &mut violations).unwrap_or_default();
        }
        Backend::LeadHandler => read_lead_request(operation, request, &mut input, &mut violations),
    }
    if validation == RequestValidation::Off {
        // A request without its body cannot be served, validated or not.
        violations.retain(|violation| violation.rejected_with == Some(413));
        return (input, violations);
    }
    validate_parameters(operation, &input, &mut violations);
    (input, violations)
}

/// Decodes a request to the lead handler. The operation itself responds to an invalid request, in plain text.
fn read_lead_request(
    operation: &Operation,
    request: &Request,
    input: &mut OperationInput,
    violations: &mut Vec<Violation>,
) {
    let mut decoded = lead_body::read(request, LeadCall::of(&operation.path));
    match &mut decoded {
        Ok(lead_request) => {
            input.body = Value::Object(std::mem::take(&mut lead_request.parameters));
            input.response_media_type = Some(lead_request.response_type.name().to_owned());
        }
        Err(error) => {
            violations.push(Violation::rejected(error.status, error.pointer, "unreadable", error.message.clone()));
        }
    }
    input.lead_request = Some(decoded);
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn validate_parameters(operation: &Operation, input: &OperationInput, violations: &mut Vec<Violation>) {
    // An operation that takes any name in its query has no schema for single ones.
    let takes_any = operation.parameters.iter().any(|parameter| parameter.value_type == ParameterType::Rest);
    let is_validated = |parameter: &&Parameter| !takes_any || parameter.location == ParameterLocation::Path;
    for parameter in operation.parameters.iter().filter(is_validated) {
        match parameter.location {
            ParameterLocation::Path => {
                let text = input.path(&parameter.name);
                validate_value(parameter, "/path", &Value::String(text.to_owned()), violations);
            }
            ParameterLocation::Query => validate_query_parameter(parameter, input, violations),
        }
    }
    let in_query = || {
        let parameters = operation.parameters.iter();
        parameters.filter(|one| one.location == ParameterLocation::Query).map(|one| one.name.as_str())
    };
    for (name, _) in input.query.iter().filter(|_| !takes_any) {
        if !QUERY_PREFERENCES.contains(&name.as_str()) && !in_query().any(|known| known == name) {
            let hint = contract_files::yaml::nearest(name, in_query())
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let message = format!("{name} is not documented for {} and has no effect{hint}", operation.id);
            violations.push(Violation::reported(&pointer("/query", name), "unknown", message));
        }
    }
}

fn validate_query_parameter(parameter: &Parameter, input: &OperationInput, violations: &mut Vec<Violation>) {
    let name = &parameter.name;
    let values: Vec<&str> =
        input.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
    let Some(first) = values.first() else {
        if parameter.is_required {
            violations.push(Violation::rejected(
                400,
                &pointer("/query", name),
                "required",
                format!("{name} is missing"),
            ));
        }
        return;
    };
    let value = match parameter.value_type {
        ParameterType::List => values.iter().map(|value| Value::from(*value)).collect(),
        _ if values.len() > 1 => {
            let message = format!("{name} may be given once, not {} times", values.len());
            violations.push(Violation::rejected(400, &pointer("/query", name), "repeated", message));
            return;
        }
        ParameterType::Text | ParameterType::Rest => Value::from(*first),
        ParameterType::Boolean => first.parse::<bool>().map_or_else(|_| Value::from(*first), Value::from),
        ParameterType::Integer => first.parse::<i64>().map_or_else(|_| Value::from(*first), Value::from),
        ParameterType::Number => first.parse::<f64>().map_or_else(|_| Value::from(*first), Value::from),
    };
    validate_value(parameter, "/query", &value, violations);
}

fn validate_value(parameter: &Parameter, root: &str, value: &Value, violations: &mut Vec<Violation>) {
    if !parameter.schema.accepts(value) {
        violations.extend(parameter.schema.violations(&pointer(root, &parameter.name), value));
    }
}

fn pointer(root: &str, name: &str) -> String {
    format!("{root}/{}", escape(name))
}

/// The JSON body; `None` when it is missing or could not be parsed.
fn read_body(
    operation: &Operation,
    request: &Request,
    validation: RequestValidation,
    violations: &mut Vec<Violation>,
) -> Option<Value> {
    let documented = operation.body.as_ref()?;
    let bytes = match &request.body {
        Body::Complete(bytes) => bytes,
        Body::TooLarge { limit } => {
            let message = format!("the body is larger than {limit} bytes");
            violations.push(Violation::rejected(413, "/body", "size", message));
            return None;
        }
        // The pipeline rejects these before validation.
        Body::TimedOut | Body::Malformed(_) => return None,
    };
    let content_type = request.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("(not text)"));
    match content_type {
        Some(given) if !negotiate::is_json(given) => {
            let given: String = given.chars().take(100).collect();
            let message = format!("Content-Type must be application/json, not {given}");
            violations.push(Violation::rejected(415, "/headers/content-type", "content-type", message));
        }
        None if !bytes.is_empty() => {
            let message = "Content-Type is missing; send application/json";
            violations.push(Violation::rejected(415, "/headers/content-type", "content-type", message));
        }
        _ => {}
    }
    if let Some(encoding) = content_coding::unsupported_coding(&request.headers) {
        let message = format!("Content-Encoding {encoding} is not supported; {}", content_coding::SUPPORTED);
        violations.push(Violation::rejected(415, "/headers/content-encoding", "content-encoding", message));
        return None;
    }
    if bytes.is_empty() {
        if documented.is_required {
            violations.push(Violation::rejected(400, "/body", "required", "the body is missing"));
        }
        return None;
    }
    let body = match json_text::parse(bytes) {
        Ok(body) => body,
        Err(error @ JsonTextError::Values) => {
            violations.push(Violation::rejected(413, "/body", "json", format!("the body is too large: {error}")));
            return None;
        }
        Err(error) => {
            violations.push(Violation::rejected(400, "/body", "json", format!("the body is not JSON: {error}")));
            return None;
        }
    };
    if validation == RequestValidation::On && !documented.schema.accepts(&body) {
        violations.extend(documented.schema.violations("/body", &body));
    }
    Some(body)
}
