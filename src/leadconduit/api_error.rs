//! Errors of the simulated API: their statuses, messages and body formats.

use std::borrow::Cow;

use crate::contract::Evidence;
use crate::contract::lead_body::LeadRequestError;
use crate::leadconduit::state::Collection;

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
    /// The evidence for this error, where it is another than that of the status of the operation.
    pub evidence: Option<Evidence>,
}

impl ApiError {
    /// An error in the format of the management API.
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ApiErrorKind::Response,
            status,
            message: message.into(),
            format: ErrorFormat::Error,
            allow: None,
            evidence: None,
        }
    }

    /// Marks an error that no source shows, although the operation documents its status for another case.
    #[must_use]
    pub fn inferred(mut self) -> Self {
        self.evidence = Some(Evidence::Inferred);
        self
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
    fn from(error: &LeadRequestError) -> Self {
        Self::new(error.status, error.message.clone()).with_format(ErrorFormat::Text)
    }
}
