//! Builds the request of an exchange again, so that it can be sent once more.

use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderName, HeaderValue, Uri};

use super::exchange::{CredentialKind, Exchange};
use crate::http::basic_auth;
use crate::http::message::{Body, Request};
use crate::support::redaction::REDACTED;

/// Headers of the connection, and those that are built from other parts of the exchange.
const OMITTED_HEADERS: [&str; 9] = [
    "authorization",
    // The journal has the decoded body.
    "content-encoding",
    "content-length",
    "connection",
    "cookie",
    "expect",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Stands in for a key that the journal does not contain and the world does not have. It is not a key either.
const UNKNOWN_KEY: &str = "unknown-key-of-the-first-request";

/// A request that was built from an exchange.
#[derive(Debug)]
pub struct RebuiltRequest {
    /// The request.
    pub request: Request,
    /// What differs from the first request, as sentences.
    pub notes: Vec<String>,
}

/// Why the request of an exchange cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReplayable {
    /// The journal has only the beginning of the body.
    #[error(
        "the journal has only the beginning of the request body, which had {0} bytes; start the server with a larger \
         --journal-body-bytes-max"
    )]
    TruncatedBody(usize),
    /// The request line is not one that a client can send.
    #[error("its request line has no valid URL")]
    InvalidUrl,
}

/// Builds the request of an exchange. `key` is an API key of its caller.
///
/// # Errors
///
/// When the journal does not have the whole request.
pub fn rebuild_request(exchange: &Exchange, key: Option<&str>) -> Result<RebuiltRequest, NotReplayable> {
    if exchange.request_body.is_truncated() {
        return Err(NotReplayable::TruncatedBody(exchange.request_body.length));
    }
    let uri: Uri = exchange.url().parse().map_err(|_| NotReplayable::InvalidUrl)?;
    let mut request = Request::new(exchange.method.clone(), uri);
    let mut notes = Vec::new();
    for (name, value) in exchange.request_headers() {
        if OMITTED_HEADERS.contains(&name) {
            continue;
        }
        if value.contains(REDACTED) {
            notes.push(format!("the header `{name}` has {REDACTED} in place of a secret"));
        }
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            request.headers.append(name, value);
        }
    }
    if exchange.request_header("cookie").next().is_some() {
        notes.push("the header `cookie` is missing: the journal does not record cookies".to_owned());
    }
    if let Some(value) = authorization(exchange.credentials, key) {
        request.headers.insert(AUTHORIZATION, value);
    }
    if exchange.credentials != CredentialKind::Missing && key.is_none() {
        notes.push("the first request had an unknown API key, and this one has another unknown key".to_owned());
    }
    let body = &exchange.request_body.bytes;
    if contains(exchange.url().as_bytes(), REDACTED.as_bytes()) {
        notes.push(format!("the URL has {REDACTED} in place of a secret"));
    }
    if contains(body, REDACTED.as_bytes()) {
        notes.push(format!("the body has {REDACTED} in place of a secret"));
    }
    if exchange.request_header(CONTENT_LENGTH.as_str()).next().is_some() {
        // Of the decoded body.
        request.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    request.body = Body::Complete(body.clone());
    Ok(RebuiltRequest { request, notes })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The `Authorization` header with the same form of credentials.
fn authorization(kind: CredentialKind, key: Option<&str>) -> Option<HeaderValue> {
    let key = key.unwrap_or(UNKNOWN_KEY);
    let text = match kind {
        CredentialKind::Missing => return None,
        CredentialKind::Password => basic_auth::encode("API", key),
        CredentialKind::KeyAsUser => basic_auth::encode(key, ""),
        CredentialKind::EmptyPassword => basic_auth::encode("API", ""),
        CredentialKind::KeyAsBearer | CredentialKind::Bearer => format!("Bearer {key}"),
        CredentialKind::Other => format!("Other {key}"),
    };
    HeaderValue::try_from(text).ok()
}
