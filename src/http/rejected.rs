//! Requests that are rejected before they are a [`Request`](super::message::Request): what arrived is not valid HTTP, is
//! too large, or is late. Plain values; the server detects them, and a handler writes the response.

use http::{HeaderValue, StatusCode};

/// Why bytes on a connection are not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// Not valid HTTP, or cut off.
    Malformed,
    /// The head did not arrive in time.
    HeadTimeout,
    /// The request line alone exceeds the limit of the head, or the target that of a URL.
    TargetTooLong,
    /// The head exceeds the limit, or has too many headers.
    HeadTooLarge,
    /// A version of HTTP that the server does not speak.
    Version,
}

impl RejectReason {
    /// Every reason; the index of a reason is its discriminant.
    pub const ALL: [Self; 5] =
        [Self::Malformed, Self::HeadTimeout, Self::TargetTooLong, Self::HeadTooLarge, Self::Version];

    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::HeadTimeout => "head_timeout",
            Self::TargetTooLong => "target_too_long",
            Self::HeadTooLarge => "head_too_large",
            Self::Version => "version",
        }
    }
}

/// What is known about a rejected request. It has no bytes of the request but `origin`: what cannot be parsed cannot be
/// redacted either.
#[derive(Clone, Debug)]
pub struct RejectedRequest {
    /// Why it was rejected.
    pub reason: RejectReason,
    /// What is wrong, and what to send instead.
    pub detail: String,
    /// The value of `Origin`, if it arrived: without it, a page cannot read the response.
    pub origin: Option<HeaderValue>,
}
