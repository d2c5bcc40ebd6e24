//! Content negotiation, and validation of the request against its operation.

use std::borrow::Cow;

use http::StatusCode;
use http::header::ACCEPT;

use super::Pipeline;
use crate::config::settings::RequestMode;
use crate::contract::route::PathParameters;
use crate::contract::validate::{OperationInput, RequestValidation, validate_request};
use crate::contract::{Backend, Operation, Violation, negotiate};
use crate::http::message::Request;
use crate::leadconduit::api_error::ApiError;
use crate::recording::journal::ContractCheck;

/// How many violations an error message lists.
const LISTED_MAX: usize = 5;

impl Pipeline {
    /// Whether requests that get to [`Pipeline::validate`] are compared with the contract.
    pub(super) fn contract_check(&self) -> ContractCheck {
        if self.policy.requests == RequestMode::Off { ContractCheck::Disabled } else { ContractCheck::Done }
    }

    /// Decodes and validates the request. `input` and `violations` are also set when the request is rejected.
    pub(super) fn validate(
        &self,
        operation: &Operation,
        path: PathParameters,
        request: &Request,
        input: &mut OperationInput,
        violations: &mut Vec<Violation>,
    ) -> Result<(), ApiError> {
        let media_type = negotiate(operation, request).map_err(|violation| {
            let status = violation.rejected_with.unwrap_or_default();
            violations.push(violation);
            ApiError::new(status, "misconfigured csrf: check Accept header is set properly")
        })?;
        let is_off = self.policy.requests == RequestMode::Off;
        let validation = if is_off { RequestValidation::Off } else { RequestValidation::On };
        (*input, *violations) = validate_request(operation, path, request, validation);
        input.response_media_type = input.response_media_type.take().or(media_type);
        match operation.backend {
            Backend::Management => self.reject_violations(violations),
            // The lead handler responds to invalid requests itself.
            Backend::LeadHandler => Ok(()),
        }
    }

    /// Rejects a request that breaks the contract, in strict mode. A body that is too large is rejected in every mode.
    fn reject_violations(&self, violations: &[Violation]) -> Result<(), ApiError> {
        let is_strict = self.policy.requests == RequestMode::Strict;
        let is_rejected = |violation: &&Violation| match violation.rejected_with {
            Some(413) => true,
            Some(_) => is_strict,
            None => false,
        };
        let Some(first) = violations.iter().find(is_rejected) else { return Ok(()) };
        let status = first.rejected_with.unwrap_or(400);
        // Several messages, so that a developer can fix them at once.
        let same_status = violations.iter().filter(|violation| violation.rejected_with == Some(status));
        let messages: Vec<&str> = same_status.take(LISTED_MAX).map(|violation| violation.message.as_str()).collect();
        Err(ApiError::new(status, Cow::Owned(messages.join("; "))))
    }
}

/// Selects the media type of the response; `None` for JSON. LeadConduit takes a request whose `Accept` excludes the
/// media types of the operation for one that a browser was tricked into, and rejects it.
fn negotiate(operation: &Operation, request: &Request) -> Result<Option<String>, Violation> {
    if operation.backend == Backend::LeadHandler {
        // The lead handler negotiates by rules of its own.
        return Ok(None);
    }
    let mut accepts = request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if accepts.peek().is_none() {
        return Ok(None);
    }
    let media_types = operation.media_types();
    if media_types.iter().all(|name| name == negotiate::JSON) {
        return if accepts.any(negotiate::accepts_json) { Ok(None) } else { Err(not_acceptable(media_types)) };
    }
    let accept: Vec<&str> = accepts.collect();
    let accept = accept.join(", ");
    match negotiate::best(&accept, media_types) {
        Some(best) => Ok(Some(best.to_owned()).filter(|best| best != negotiate::JSON)),
        None if negotiate::accepts_json(&accept) => Ok(None),
        None => Err(not_acceptable(media_types)),
    }
}

fn not_acceptable(media_types: &[String]) -> Violation {
    let accepted = if media_types.is_empty() { negotiate::JSON.to_owned() } else { media_types.join(" or ") };
    let message = format!("Accept must include {accepted}");
    Violation::rejected(StatusCode::FORBIDDEN.as_u16(), "/headers/accept", "accept", message)
}
