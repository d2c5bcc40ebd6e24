//! Requests and responses as plain values: no sockets, no streams. Delays and faults are values too
//! ([`SendOptions`]); the server carries them out.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

use crate::http::etag::ETag;
use crate::http::wire_fault::WireFault;
use crate::support::change_signal::ChangeWatch;
use crate::support::event_bus::EventBus;

/// A request with its body.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The HTTP version.
    pub version: Version,
    /// Whether the request arrived over TLS.
    pub is_secure: bool,
    /// The request headers.
    pub headers: HeaderMap,
    /// The body, or why it could not be read.
    pub body: Body,
}

/// The body of a request, or why it could not be read.
#[derive(Clone, Debug)]
pub enum Body {
    /// The whole body.
    Complete(Bytes),
    /// The body exceeds the limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    TimedOut,
    /// The request is not valid HTTP; holds the reason.
    Malformed(String),
}

impl Request {
    /// An HTTP/1.1 request without headers and body.
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Self {
        let (version, headers) = (Version::HTTP_11, HeaderMap::new());
        Self { method, uri, version, is_secure: false, headers, body: Body::Complete(Bytes::new()) }
    }

    /// The scheme of the URL: `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// The path of the URI.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query string, without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// Whether this is a CORS preflight request.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        self.method == Method::OPTIONS
            && self.headers.contains_key(ORIGIN)
            && self.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The value of a header, if it is visible ASCII.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A response with its body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// The `Content-Type` of a response that has no other headers yet: most responses get all headers at once. See
    /// [`Response::begin_headers`].
    pub content_type: Option<HeaderValue>,
    /// The whole body.
    pub body: Bytes,
    /// How to send the response, unless at once and unchanged.
    pub send_options: Option<Box<SendOptions>>,
    /// The `ETag` of the body, if it is known already.
    pub etag: Option<ETag>,
    /// Until when the response can be replaced by a better one, instead of being sent.
    pub recheck: Option<Box<Recheck>>,
}

/// A response that may become outdated soon: the server handles the request again after each change, until a response
/// comes without this value, or the time is over. Then it sends the last response.
#[derive(Clone, Debug)]
pub struct Recheck {
    /// The changes since before the request was handled.
    pub changes: ChangeWatch,
    /// The time since the request was handled for the first time.
    pub within_ms: u64,
}

/// How the server sends a response: delay, throttling, fault or event stream. By default it is sent at once and unchanged.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Delay before the first byte, or before the fault.
    pub delay_ms: u64,
    /// Throttling of status line and headers. The connection is closed after the response.
    pub slow_headers: Option<Drip>,
    /// Throttling of the body.
    pub drip: Option<Drip>,
    /// A connection fault, in place of the response or during it.
    pub wire_fault: Option<WireFault>,
    /// The bytes that a fault sends as garbage, generated from the seed.
    pub garbage: Bytes,
    /// Source of an event stream, which replaces the body and ends when the client disconnects.
    pub events: Option<Arc<EventBus>>,
}

/// Throttling: bytes are sent in chunks, at even intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drip {
    /// The number of chunks; at least one.
    pub chunks: u32,
    /// The time from the first chunk to the last.
    pub over_ms: u64,
}

/// `Content-Type` of JSON bodies.
pub const JSON_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

impl Response {
    /// LeadConduit's error body: `{"error": message}`.
    #[must_use]
    pub fn error_body(message: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(message.len() + 16);
        body.extend_from_slice(br#"{"error":"#);
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut body, message);
        body.push(b'}');
        body
    }

    /// A response with LeadConduit's error body.
    #[must_use]
    pub fn error(status: StatusCode, message: &str) -> Self {
        Self::json(status, Self::error_body(message))
    }

    /// A response with a JSON body.
    #[must_use]
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, body).with_header(CONTENT_TYPE, JSON_CONTENT_TYPE)
    }

    /// A response without headers.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            content_type: None,
            body: body.into(),
            send_options: None,
            etag: None,
            recheck: None,
        }
    }

    /// Makes the content type the first of the headers, and room for the others.
    pub fn begin_headers(&mut self) {
        // Enough for LeadConduit's headers, CORS and `X-Mock-*` without reallocation.
        self.headers.reserve(20);
        if let Some(content_type) = self.content_type.take() {
            self.headers.insert(CONTENT_TYPE, content_type);
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
