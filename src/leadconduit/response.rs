//! What a call came to: an answer, or a refusal.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::contract::lead_body::Refused;
use crate::http::message::JSON;
use crate::leadconduit::state::Collection;
use crate::support::clock::Timestamp;
use crate::support::document;

/// What an operation answers when it does its work.
#[derive(Clone, Debug)]
pub struct OperationResponse {
    /// The status.
    pub status: u16,
    /// The body, serialised.
    pub body: Bytes,
    /// What the body is.
    pub media_type: HeaderValue,
    /// Headers of the operation's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Until when the answer stays true while the world does not change; `None` when time does not matter.
    pub fresh_until: Option<Timestamp>,
}

impl OperationResponse {
    /// 200 with a value.
    #[must_use]
    pub fn ok(value: &Value) -> Self {
        Self::of(200, document::serialise(value))
    }

    /// 201 with a value.
    #[must_use]
    pub fn created(value: &Value) -> Self {
        Self::of(201, document::serialise(value))
    }

    /// Any status with bytes that are JSON already.
    #[must_use]
    pub fn of(status: u16, body: Bytes) -> Self {
        Self { status, body, media_type: JSON, headers: Vec::new(), fresh_until: None }
    }

    /// The same as something else than JSON.
    #[must_use]
    pub fn as_media_type(mut self, media_type: HeaderValue) -> Self {
        self.media_type = media_type;
        self
    }
}

/// How a refusal is worded. LeadConduit has three ways, by the part of it that refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// `{"error": ...}`: the management API.
    #[default]
    Error,
    /// `{"message": ...}`: the gates before the lead handler.
    Message,
    /// Plain text: the lead handler.
    Text,
}

/// Why an operation does not do its work: a status and LeadConduit's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: u16,
    /// The text.
    pub message: Cow<'static, str>,
    /// How it is worded.
    pub style: Style,
    /// The methods that are allowed, where the method was not.
    pub allow: Option<&'static str>,
}

impl ApiError {
    /// A refusal with a status and a text.
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), style: Style::Error, allow: None }
    }

    /// The same, worded in another way.
    #[must_use]
    pub fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// 401: nobody that is known is calling.
    #[must_use]
    pub fn not_authenticated() -> Self {
        Self::new(401, "authentication failed")
    }

    /// 422: the body names something that does not exist. `at` is its RFC 6901 pointer.
    #[must_use]
    pub fn dangling(at: &str, what: &str, id: &str) -> Self {
        Self::new(422, format!("{at}: {what} {id} not found"))
    }

    /// 404: there is no such thing for this caller.
    #[must_use]
    pub fn not_found(collection: Collection) -> Self {
        Self::new(404, format!("{} not found", collection.singular()))
    }

    /// 401: the caller is known and may not do this. LeadConduit uses 401 here, not 403.
    #[must_use]
    pub fn not_authorized() -> Self {
        Self::new(401, "not authorized")
    }

    /// 503: LeadConduit could not reach the single-sign-on service.
    #[must_use]
    pub fn sso_unreachable() -> Self {
        Self::new(503, "single sign-on service is unreachable")
    }

    /// 500: a bug of ours; the text says which.
    #[must_use]
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(500, message)
    }
}

impl From<&Refused> for ApiError {
    /// What the lead handler could not read, in its own words.
    fn from(refused: &Refused) -> Self {
        Self::new(refused.status, refused.message.clone()).styled(Style::Text)
    }
}

/// What an operation came to.
pub type Outcome = Result<OperationResponse, ApiError>;
