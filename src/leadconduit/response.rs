//! What an operation returns: a response or an API error.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::contract::lead_body::LeadRequestError;
use crate::http::message::JSON_CONTENT_TYPE;
use crate::leadconduit::state::Collection;
use crate::support::clock::Timestamp;
use crate::support::document;

/// The successful response of an operation.
#[derive(Clone, Debug)]
pub struct OperationResponse {
    /// The HTTP status.
    pub status: u16,
    /// The serialised body.
    pub body: Bytes,
    /// The value of `Content-Type`.
    pub media_type: HeaderValue,
    /// Additional headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Until when the response is valid if the world does not change; `None` when it does not depend on the time.
    pub fresh_until: Option<Timestamp>,
}

impl OperationResponse {
    /// 200 with a JSON body.
    #[must_use]
    pub fn ok(value: &Value) -> Self {
        Self::json(200, document::serialise(value))
    }

    /// 201 with a JSON body.
    #[must_use]
    pub fn created(value: &Value) -> Self {
        Self::json(201, document::serialise(value))
    }

    /// A status with a body that is serialised JSON.
    #[must_use]
    pub fn json(status: u16, body: Bytes) -> Self {
        Self { status, body, media_type: JSON_CONTENT_TYPE, headers: Vec::new(), fresh_until: None }
    }

    /// Sets the media type of a body that is not JSON.
    #[must_use]
    pub fn with_media_type(mut self, media_type: HeaderValue) -> Self {
        self.media_type = media_type;
        self
    }
}

/// The body format of an API error. Each part of LeadConduit has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"error": ...}`, sent by the management API.
    #[default]
    Error,
    /// `{"message": ...}`, sent by the checks before the lead handler.
    Message,
    /// Plain text, sent by the lead handler.
    Text,
}

/// What an [`ApiError`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// An error response of the simulated API.
    Response,
    /// A defect of the mock.
    Internal,
}

/// Why an operation has no successful response: an error response of the simulated API, or a defect of the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Whether this is a response or a defect.
    pub kind: ApiErrorKind,
    /// The HTTP status.
    pub status: u16,
    /// The message in the body.
    pub message: Cow<'static, str>,
    /// The body format.
    pub format: ErrorFormat,
    /// The value of `Allow`, for 405.
    pub allow: Option<&'static str>,
}

impl ApiError {
    /// An error in the format of the management API.
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: ApiErrorKind::Response, status, message: message.into(), format: ErrorFormat::Error, allow: None }
    }

    /// Sets the body format.
    #[must_use]
    pub fn with_format(mut self, format: ErrorFormat) -> Self {
        self.format = format;
        self
    }

    /// 401: the caller is unknown.
    #[must_use]
    pub fn not_authenticated() -> Self {
        Self::new(401, "authentication failed")
    }

    /// 422: the body refers to something that does not exist. `pointer` is the RFC 6901 pointer of the reference.
    #[must_use]
    pub fn reference_not_found(pointer: &str, noun: &str, id: &str) -> Self {
        Self::new(422, format!("{pointer}: {noun} {id} not found"))
    }

    /// 404: the caller's account has no such document.
    #[must_use]
    pub fn not_found(collection: Collection) -> Self {
        Self::new(404, format!("{} not found", collection.singular()))
    }

    /// 401: the caller lacks permission. LeadConduit sends 401 here, not 403.
    #[must_use]
    pub fn not_authorized() -> Self {
        Self::new(401, "not authorized")
    }

    /// 503: the single sign-on service is unreachable.
    #[must_use]
    pub fn sso_unreachable() -> Self {
        Self::new(503, "single sign-on service is unreachable")
    }

    /// 500: a defect of the mock, described by the message.
    #[must_use]
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: ApiErrorKind::Internal, ..Self::new(500, message) }
    }
}

impl From<&LeadRequestError> for ApiError {
    /// A body that the lead handler cannot read, with LeadConduit's message.
    fn from(refused: &LeadRequestError) -> Self {
        Self::new(refused.status, refused.message.clone()).with_format(ErrorFormat::Text)
    }
}

/// The result of an operation.
pub type OperationResult = Result<OperationResponse, ApiError>;
