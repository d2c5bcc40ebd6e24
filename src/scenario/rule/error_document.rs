//! The body of an error response for which a rule gives a status only: LeadConduit's own error document.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::definition::{Step, status_code};
use crate::contract::{Backend, Contract, Operation};
use crate::http::message::{JSON_CONTENT_TYPE, Response};
use crate::support::document::serialise;

const TEXT_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain");

/// The response with a status alone. For an error it has the body that LeadConduit sends: the example of the contract, or
/// `{"error": ...}`. It has none for a success, or if the step sets the content type itself.
pub(super) fn response(contract: &Contract, operation: Option<&Operation>, status: u16, step: &Step) -> Response {
    let code = status_code(status);
    let sets_type = step.headers.iter().any(|(name, _)| *name == CONTENT_TYPE);
    if status < 400 || sets_type {
        return Response::new(code, "");
    }
    let (body, content_type) = operation
        .and_then(|operation| documented(contract, operation, status))
        .unwrap_or_else(|| (serialise(&json!({"error": message(code)})), JSON_CONTENT_TYPE));
    Response::new(code, body).with_header(CONTENT_TYPE, content_type)
}

/// The first example of the contract for the status.
fn documented(contract: &Contract, operation: &Operation, status: u16) -> Option<(Bytes, HeaderValue)> {
    let definition = operation.responses.get(&status)?;
    if let Some(example) = contract.examples(operation).into_iter().find(|example| example.status == status) {
        return Some(definition.body(example.value));
    }
    let is_text =
        operation.backend == Backend::LeadHandler && definition.media_types.iter().all(|name| name == "text/plain");
    is_text.then(|| (Bytes::from(message(status_code(status))), TEXT_CONTENT_TYPE))
}

/// The reason of a status in lower case, as in LeadConduit's errors: `service unavailable`.
fn message(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("error").to_ascii_lowercase()
}
