//! CORS: the headers that let a page in a browser read responses, with credentials. Every response has them, errors
//! included.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::config::settings::CorsPolicy;
use crate::control::{self, Access};
use crate::http::headers;
use crate::http::message::{Request, Response};
use crate::sandbox::selector;

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const EXPOSED: HeaderValue = HeaderValue::from_static(headers::EXPOSED);
const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
const ALLOWED_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Accept, Prefer, X-Mock-Sandbox");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// How much of a path, an origin or the allowed origins the log shows.
const LOGGED_CHARS_MAX: usize = 200;
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The response to a preflight request. It is the same for every path, so that a page can also read a 404.
#[must_use]
pub fn preflight(policy: &CorsPolicy, access: &Access, request: &Request) -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT, "");
    if allowed_origin(policy, access, request).is_some() {
        let requested = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        response.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
        // `*` does not cover `Authorization`, so the requested names are repeated.
        response.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.unwrap_or(ALLOWED_HEADERS));
        response.headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if request.headers.contains_key(REQUEST_PRIVATE_NETWORK) {
            response.headers.insert(ALLOW_PRIVATE_NETWORK, TRUE);
        }
    }
    response
}

/// Adds the headers that let a page read the response.
pub fn add_headers(policy: &CorsPolicy, access: &Access, request: &Request, headers: &mut HeaderMap) {
    match allowed_origin(policy, access, request) {
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        None if *policy == CorsPolicy::Any => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
        }
        None => {}
    }
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Logs that the browser will not let a page read the response, which a page cannot tell from a network failure.
pub(super) fn log_refusal(policy: &CorsPolicy, access: &Access, request: &Request) {
    let CorsPolicy::Only(origins) = policy else { return };
    let Some(origin) = request.headers.get(ORIGIN) else { return };
    if allowed_origin(policy, access, request).is_some() {
        return;
    }
    let redactor = access.redactor(request);
    let truncated = |text: &str| text.chars().take(LOGGED_CHARS_MAX).collect::<String>();
    let preflight = if request.is_preflight() { "the preflight of " } else { "" };
    tracing::warn!(
        "CORS refused {preflight}{} {}: pages of {} may not read responses, --cors-origin allows {}",
        redactor.method(&request.method),
        truncated(&redactor.url(request.path(), None)),
        truncated(&redactor.text(&String::from_utf8_lossy(origin.as_bytes()))),
        truncated(&origins.join(", ")),
    );
}

/// The origin of the request, if it is allowed. With credentials the origin must be named; browsers do not accept `*`.
///
/// A page that may use the control API may also read its responses. What a page may call is decided by [`Access`].
fn allowed_origin(policy: &CorsPolicy, access: &Access, request: &Request) -> Option<HeaderValue> {
    let origin = request.headers.get(ORIGIN)?;
    let is_allowed = match policy {
        CorsPolicy::Any => true,
        CorsPolicy::Only(origins) => origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()),
    };
    let (_, path) = selector::split_sandbox_path(request.path());
    let is_allowed = is_allowed || control::is_control_path(path) && access.allows_origin(origin);
    is_allowed.then(|| origin.clone())
}
