//! gzip for clients that ask for it.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};

use crate::config::limits::GZIP_BYTES_MIN;
use crate::http::content_coding::{GZIP, gzip, prefers_gzip};
use crate::http::message::{Request, Response};

const GZIP_VALUE: HeaderValue = HeaderValue::from_static(GZIP);

/// Media types that compress well, by their beginnings; `+json` and `+xml` are recognised by their ends.
const COMPRESSIBLE: [&str; 5] =
    ["text/", "application/json", "application/problem+json", "application/xml", "application/openmetrics-text"];

/// Compresses the body of a response if the client prefers that. The journal and `ETag` are about the body before: the
/// tag is weak, so it is the same for both.
pub(super) fn compress(request: &Request, response: &mut Response) {
    if response.body.len() < GZIP_BYTES_MIN
        || !prefers_gzip(&request.headers)
        || request.method == Method::HEAD
        || matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        // A fault is about the bytes that were chosen, and an event stream has no body.
        || response.send_options.as_ref().is_some_and(|options| options.wire_fault.is_some() || options.events.is_some())
        // A rule has set these for the body that it has set.
        || response.headers.contains_key(CONTENT_ENCODING)
        || response.headers.contains_key(CONTENT_LENGTH)
        || !is_compressible(response)
    {
        return;
    }
    let compressed = gzip(&response.body);
    if compressed.len() < response.body.len() {
        response.body = compressed;
        response.headers.insert(CONTENT_ENCODING, GZIP_VALUE);
    }
}

fn is_compressible(response: &Response) -> bool {
    let Some(media_type) = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    COMPRESSIBLE.iter().any(|start| essence.starts_with(start))
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}
