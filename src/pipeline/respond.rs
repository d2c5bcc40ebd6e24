//! From the result of the steps to an HTTP response: of the operation, of an API error, or of the mock itself.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::Pipeline;
use super::context::{EarlyExit, RequestContext};
use crate::contract::problem::Problem;
use crate::http::message::{JSON_CONTENT_TYPE, Response};
use crate::leadconduit::api_error::{ApiError, ApiErrorKind, ErrorFormat};
use crate::leadconduit::response::OperationResponse;

const TEXT_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain");

impl Pipeline {
    /// The response for the result of the steps.
    pub(super) fn respond(
        &self,
        result: Result<OperationResponse, EarlyExit>,
        context: &RequestContext<'_>,
    ) -> Response {
        match result {
            Ok(response) => self.check_response(context, success_response(response)),
            Err(EarlyExit::ApiError(error)) if error.kind == ApiErrorKind::Response => {
                self.check_response(context, error_response(&error))
            }
            Err(EarlyExit::ApiError(error)) => {
                tracing::error!("internal error: {}", error.message);
                Problem::internal(&error.message).into_response()
            }
            Err(EarlyExit::Problem(problem)) => problem.into_response(),
            Err(EarlyExit::Response(response)) => response,
            // The caller has handled these.
            Err(EarlyExit::StaleEpoch | EarlyExit::PendingCall(_) | EarlyExit::LongComputation) => {
                Problem::internal("a suspended request has no response").into_response()
            }
        }
    }

    /// With `--check-replies`: replaces a response that breaks the contract by a problem with its violations.
    fn check_response(&self, context: &RequestContext<'_>, mut response: Response) -> Response {
        let Some(operation) = context.operation.filter(|_| self.policy.check_replies) else { return response };
        response.begin_headers();
        let (status, headers, body) = (response.status.as_u16(), &response.headers, &response.body);
        let violations = self.state.contract.check_response(operation, status, headers, body);
        if violations.is_empty() {
            return response;
        }
        tracing::error!("internal error: the response of {} breaks the contract: {violations:?}", operation.id);
        Problem::invalid_response(operation, &violations).into_response()
    }
}

fn success_response(operation_response: OperationResponse) -> Response {
    let status = StatusCode::from_u16(operation_response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(status, operation_response.body);
    response.etag = operation_response.etag;
    response.content_type = Some(operation_response.media_type).filter(|_| !response.body.is_empty());
    if !operation_response.headers.is_empty() {
        response.begin_headers();
    }
    for (name, value) in operation_response.headers {
        response.headers.insert(name, value);
    }
    response
}

fn error_response(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (body, content_type) = match error.format {
        ErrorFormat::Error => (Response::error_body(&error.message), JSON_CONTENT_TYPE),
        ErrorFormat::Message => (json!({"message": error.message}).to_string().into_bytes(), JSON_CONTENT_TYPE),
        ErrorFormat::Text => (error.message.clone().into_owned().into_bytes(), TEXT_CONTENT_TYPE),
    };
    let mut response = Response::new(status, body);
    response.content_type = Some(content_type);
    if let Some(methods) = error.allow {
        response.begin_headers();
        response.headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    response
}
