//! What an operation returns: a response, or an [`ApiError`].

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::contract::Violation;
use crate::http::etag::ETag;
use crate::http::message::JSON_CONTENT_TYPE;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::lead_report::LeadReport;
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
    /// The `ETag` of the body, if it is known already: that of a cached response is computed once.
    pub etag: Option<ETag>,
    /// Until when the response is valid if the world does not change; `None` when it does not depend on the time.
    pub fresh_until: Option<Timestamp>,
    /// What the lead handler decided; `None` for every other operation.
    pub lead: Option<Box<LeadReport>>,
    /// What is remarkable about the request, although it was served.
    pub findings: Vec<Violation>,
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
        Self {
            status,
            body,
            media_type: JSON_CONTENT_TYPE,
            headers: Vec::new(),
            etag: None,
            fresh_until: None,
            lead: None,
            findings: Vec::new(),
        }
    }

    /// Sets the media type of a body that is not JSON.
    #[must_use]
    pub fn with_media_type(mut self, media_type: HeaderValue) -> Self {
        self.media_type = media_type;
        self
    }
}

/// The result of an operation.
pub type OperationResult = Result<OperationResponse, ApiError>;
