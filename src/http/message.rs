//! Requests and replies as plain values: no sockets, no streams. How a reply goes out is a value too; the waiting and
//! breaking is the server's.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

use crate::support::event_bus::EventBus;

/// A request, read whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The version of HTTP.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// It was larger than what is read.
    TooLarge {
        /// How many bytes are read at most.
        limit: usize,
    },
    /// It did not arrive in time.
    Stalled,
    /// The request is not as HTTP wants it; says why.
    Broken(String),
}

impl Request {
    /// A request without headers and body, for tests and examples.
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, version: Version::HTTP_11, headers: HeaderMap::new(), body: Body::Whole(Bytes::new()) }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// True for a CORS preflight: what a browser sends before a call from another origin.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        self.method == Method::OPTIONS
            && self.headers.contains_key(ORIGIN)
            && self.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// A header's value, when it is text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A reply, whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How it goes out, when not simply at once.
    pub delivery: Option<Box<Delivery>>,
}

/// How a reply goes out. What is not set happens at once and whole.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// How long nothing happens before the first byte, or before the fault.
    pub delay_ms: u64,
    /// How status line and headers are spread over time. The connection is closed after such a reply.
    pub slow_headers: Option<Drip>,
    /// How the body is spread over time.
    pub drip: Option<Drip>,
    /// How the connection breaks, in place of the reply or during it.
    pub fault: Option<WireFault>,
    /// What is sent where a fault sends garbage; drawn from the seed.
    pub garbage: Bytes,
    /// Events that follow the head, in place of a body, for as long as the client listens.
    pub events: Option<Arc<EventBus>>,
}

/// Bytes spread over time: so many pieces, the last of which leaves when the time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drip {
    /// How many pieces; at least one.
    pub chunks: u32,
    /// From the first piece to the last.
    pub over_ms: u64,
}

/// A connection that breaks. The names are `WireMock`'s where it has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum WireFault {
    /// It is closed without a byte.
    EmptyResponse,
    /// A good head that announces chunks, then garbage that is none, then it is closed.
    MalformedResponseChunk,
    /// Garbage, then it is closed.
    RandomDataThenClose,
    /// It is reset (RST) without a byte.
    ConnectionResetByPeer,
    /// The head with the right `Content-Length`, half of the body, then it is closed.
    TruncatedBody,
    /// Nothing, until the client gives up or a limit ends it.
    Hang,
}

impl WireFault {
    /// Every fault with its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("EMPTY_RESPONSE", Self::EmptyResponse),
        ("MALFORMED_RESPONSE_CHUNK", Self::MalformedResponseChunk),
        ("RANDOM_DATA_THEN_CLOSE", Self::RandomDataThenClose),
        ("CONNECTION_RESET_BY_PEER", Self::ConnectionResetByPeer),
        ("TRUNCATED_BODY", Self::TruncatedBody),
        ("HANG", Self::Hang),
    ];

    /// Its name in scenarios, control calls and `X-Mock-Fault`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

/// The content type of every JSON body.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

impl Response {
    /// LeadConduit's error document.
    #[must_use]
    pub fn error(status: StatusCode, message: &str) -> Self {
        Self::json(status, serde_json::json!({"error": message}).to_string())
    }

    /// A reply with a body of JSON.
    #[must_use]
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, body).with(CONTENT_TYPE, JSON)
    }

    /// A reply without headers.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        // Room for LeadConduit's headers, those for browsers and our own, without growing.
        Self { status, headers: HeaderMap::with_capacity(20), body: body.into(), delivery: None }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
