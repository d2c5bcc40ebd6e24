//! Outbound requests, responses and errors as plain values.

use bytes::Bytes;

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRequest {
    /// The method.
    pub method: http::Method,
    /// The URL, with its query.
    pub url: String,
    /// The headers. `Host` is set from the URL.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How many deliveries of a mock, this one included, lead to this request. It is sent in `X-Mock-Outbound`.
    pub depth: u8,
    /// How long to wait for the response, in milliseconds, if that is less than the limit of the settings.
    pub timeout_ms: Option<u64>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundResponse {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Start of the successful attempt, in milliseconds after the start of the call.
    pub began_ms: u64,
    /// Duration of that attempt, in milliseconds.
    pub ms: u64,
    /// The number of attempts.
    pub attempts: u32,
}

/// Why a call has no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL or a header is not valid.
    #[error("{0}")]
    Invalid(String),
    /// The host is neither this machine nor allowed.
    #[error("{0}")]
    Forbidden(String),
    /// The limit of simultaneous calls was reached for too long.
    #[error("{calls} calls are running, and none ended within {ms} ms")]
    Busy {
        /// The limit.
        calls: usize,
        /// How long the call waited, in milliseconds.
        ms: u64,
    },
    /// The queue of deliveries is full.
    #[error("{calls} deliveries are running and {waiting} are waiting, which is the maximum")]
    QueueFull {
        /// How many run at the same time.
        calls: usize,
        /// How many can wait.
        waiting: usize,
    },
    /// The host name has no address, the connection was refused, or it broke.
    #[error("{0}")]
    Connection(String),
    /// The response was not complete in time.
    #[error("no response within {0} ms")]
    Timeout(u64),
    /// The body of the response is too large.
    #[error("the response is larger than {0} bytes")]
    TooLarge(usize),
}

impl OutboundError {
    /// Whether another attempt may succeed.
    pub(super) fn is_retryable(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Timeout(_))
    }
}
