//! What browsers need to let a page read a reply, credentials included. It stands on every reply, errors included.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::config::settings::CorsPolicy;
use crate::http::message::{Request, Response};

const ANY: HeaderValue = HeaderValue::from_static("*");
const YES: HeaderValue = HeaderValue::from_static("true");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Mock-Request-Id, X-Mock-Sandbox, X-Mock-Scenario, X-Mock-Operation, X-Mock-Evidence, X-Mock-Fault, \
     X-Mock-Violations, X-Connections-Degraded, ETag, Retry-After, Preference-Applied, Allow, Date",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
const HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, Accept, Prefer, X-Mock-Sandbox");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The answer to that question. It is the same for every path, so that a page can read our 404 too.
#[must_use]
pub fn preflight(policy: &CorsPolicy, request: &Request) -> Response {
    let mut reply = Response::new(StatusCode::NO_CONTENT, "");
    if allowed(policy, request).is_some() {
        let asked = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        reply.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        // `*` does not cover Authorization, so the names that were asked for are given back.
        reply.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HEADERS));
        reply.headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if request.headers.contains_key(REQUEST_PRIVATE_NETWORK) {
            reply.headers.insert(ALLOW_PRIVATE_NETWORK, YES);
        }
    }
    reply
}

/// The headers that let a page read the reply.
pub fn add(policy: &CorsPolicy, request: &Request, headers: &mut HeaderMap) {
    match allowed(policy, request) {
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
        }
        None if *policy == CorsPolicy::Any => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        }
        None => {}
    }
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// The request's origin, when its pages may read replies. With credentials it must be named: `*` does not do.
fn allowed(policy: &CorsPolicy, request: &Request) -> Option<HeaderValue> {
    let origin = request.headers.get(ORIGIN)?;
    let fits = match policy {
        CorsPolicy::Any => true,
        CorsPolicy::Only(origins) => origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()),
    };
    fits.then(|| origin.clone())
}
