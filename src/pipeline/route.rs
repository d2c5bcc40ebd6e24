//! Routing: the operation of a request, and the responses for CORS preflight, OPTIONS, 404 and 405.

use http::{Method, StatusCode};

use super::context::EarlyExit;
use super::{Pipeline, cors};
use crate::contract::lead_body::{self, LeadCall};
use crate::contract::problem::{self, Problem};
use crate::contract::route::PathParameters;
use crate::contract::{Backend, Operation, Route};
use crate::http::message::{Body, Request, Response};
use crate::leadconduit::api_error::ApiError;

impl Pipeline {
    /// Finds the operation of a request.
    pub(super) fn route(&self, request: &Request, path: &str) -> Result<(&Operation, PathParameters), EarlyExit> {
        if request.is_preflight() {
            return Err(EarlyExit::Response(cors::preflight(&self.policy.cors, &self.policy.access, request)));
        }
        if request.method == Method::OPTIONS && path == "*" {
            // The request is for the server as a whole (RFC 9110, section 9.3.7).
            return Err(EarlyExit::Response(Response::new(StatusCode::NO_CONTENT, "")));
        }
        if request.method == Method::CONNECT {
            return Err(Problem::no_tunnel().into());
        }
        match self.state.contract.route(&request.method, path) {
            // The lead handler, unlike the management API, does not allow HEAD.
            Route::Found(operation, _)
                if request.method == Method::HEAD && operation.backend == Backend::LeadHandler =>
            {
                Err(method_not_allowed(&request.method, operation).into())
            }
            Route::Found(operation, values) => Ok((operation, values)),
            Route::MethodNotAllowed(operations) if request.method == Method::OPTIONS => {
                Err(EarlyExit::Response(problem::options_response(&operations)))
            }
            Route::MethodNotAllowed(operations) => {
                Err(match operations.iter().find(|operation| operation.backend == Backend::LeadHandler) {
                    Some(operation) => method_not_allowed(&request.method, operation).into(),
                    None => Problem::method_not_allowed(&request.method, path, &operations).into(),
                })
            }
            Route::NotFound(nearest) => Err(Problem::unknown_path(&request.method, path, nearest).into()),
        }
    }
}

/// Rejects a request whose body did not arrive completely.
pub(super) fn require_complete_body(request: &Request) -> Result<(), Problem> {
    match &request.body {
        Body::Complete(_) | Body::TooLarge { .. } => Ok(()),
        Body::TimedOut => Err(Problem::incomplete(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
        Body::Malformed(reason) => Err(Problem::incomplete(StatusCode::BAD_REQUEST, reason)),
    }
}

/// The lead handler's error for a method that it does not allow.
fn method_not_allowed(method: &Method, operation: &Operation) -> ApiError {
    let error = lead_body::method_not_allowed(method, LeadCall::of(&operation.path));
    let mut error = ApiError::from(&error);
    error.allow = Some(lead_body::ALLOWED_METHODS);
    error
}
