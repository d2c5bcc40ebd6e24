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

/// Why a recipient with a URL is never called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be parsed.
    #[error("the URL is not valid; write http://HOST:PORT/PATH")]
    Url,
    /// Its scheme is https.
    #[error("https is not supported; write an http URL of the recipient")]
    Https,
    /// It has another scheme, or none.
    #[error("only http is supported; write http://HOST:PORT/PATH")]
    Scheme,
    /// It has no host.
    #[error("the host is missing; write http://HOST:PORT/PATH")]
    NoHost,
    /// It contains a user name.
    #[error("user names in URLs are not supported; remove the part before @")]
    UserName,
    /// Its host is neither a name nor an address.
    #[error("the host name is not valid")]
    HostName,
    /// Its port is not in the range.
    #[error("the port is not valid; write a number from 1 to 65535")]
    Port,
    /// Its host is neither this machine nor allowed.
    #[error("host {0} is not allowed; see --deliver-allow")]
    Host(String),
    /// Its host is allowed on other ports.
    #[error("port {port} of host {host} is not allowed; see --deliver-allow")]
    HostPort {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The same, of a host that is not shown.
    #[error("the host is not allowed; see --deliver-allow")]
    HiddenHost,
    /// The lead has led to many calls.
    #[error("{0} calls were made for this lead, which is the maximum")]
    Calls(usize),
}

impl Refusal {
    /// The same without the host.
    #[must_use]
    pub fn without_host(self) -> Self {
        if matches!(self, Self::Host(_) | Self::HostPort { .. }) { Self::HiddenHost } else { self }
    }
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
    /// The recipient received nothing: its name has no address, or the connection could not be established.
    #[error("{0}")]
    Unreached(String),
    /// The connection broke.
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
        matches!(self, Self::Unreached(_) | Self::Connection(_) | Self::Timeout(_))
    }

    /// Whether the recipient may have received the request.
    #[must_use]
    pub fn may_have_reached(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Timeout(_) | Self::TooLarge(_))
    }

    /// The error of a call, one of whose attempts may have reached the recipient.
    pub(super) fn after_contact(self) -> Self {
        match self {
            Self::Unreached(text) => Self::Connection(text),
            other => other,
        }
    }
}
