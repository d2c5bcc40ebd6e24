//! The head of a request: its limits, and the form that the handler expects.

use http::header::{COOKIE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Uri};

use super::{Body, Request};
use crate::config::limits::{HEAD_BYTES_MIN, HEADERS_MAX, Limits, TARGET_BYTES_MAX};
use crate::http::rejected::{RejectReason, RejectedRequest};
use bytes::Bytes;

/// Why a head is rejected; `None` if it is within the limits.
pub(super) fn check(head: &Parts, limits: Limits) -> Option<RejectedRequest> {
    let limit = limits.head_bytes_max.max(HEAD_BYTES_MIN);
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    // As many bytes as the head would have with HTTP/1.1: a colon, a space and a line break for each header.
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let (reason, detail) = if target > TARGET_BYTES_MAX || target > limit {
        let limit = limit.min(TARGET_BYTES_MAX);
        (RejectReason::TargetTooLong, format!("the URL is longer than {limit} bytes; send a shorter one"))
    } else if head.headers.len() > HEADERS_MAX {
        let detail = format!("the request has more than {HEADERS_MAX} headers; send fewer");
        (RejectReason::HeadTooLarge, detail)
    } else if target + headers > limit {
        let detail = format!(
            "the request head is larger than {limit} bytes; send fewer or shorter headers, or start the mock with a larger \
             --head-bytes-max"
        );
        (RejectReason::HeadTooLarge, detail)
    } else {
        return None;
    };
    Some(RejectedRequest { reason, detail, origin: head.headers.get(ORIGIN).cloned() })
}

/// A request in the form of HTTP/1.1: `:authority` is `Host`, and the target is a path with its query. The body is empty,
/// or says why the head is not valid.
pub(super) fn into_request(head: Parts, is_secure: bool) -> Request {
    let mut request = Request {
        method: head.method,
        uri: head.uri,
        version: head.version,
        is_secure,
        headers: head.headers,
        body: Body::Complete(Bytes::new()),
    };
    if let Some(authority) = request.uri.authority() {
        match request.headers.get(HOST) {
            None => {
                // Every authority is a valid value.
                request.headers.extend(HeaderValue::try_from(authority.as_str()).map(|value| (HOST, value)));
            }
            // RFC 9113, section 8.3.1.
            Some(host) if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
                let reason = ":authority and Host name different hosts; send :authority only";
                request.body = Body::Malformed(reason.to_owned());
            }
            Some(_) => {}
        }
    }
    if request.method != Method::CONNECT
        && let Some(target) = request.uri.path_and_query().cloned()
    {
        request.uri = Uri::from(target);
    }
    join_cookies(&mut request);
    request
}

/// Joins the cookies of several fields in one, as it is with HTTP/1.1 (RFC 9113, section 8.2.3).
fn join_cookies(request: &mut Request) {
    let fields: Vec<&[u8]> = request.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if fields.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..]))
    {
        request.headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        build(http::Request::builder().version(http::Version::HTTP_2)).body(()).unwrap().into_parts().0
    }

    #[test]
    fn authority_is_host_and_cookies_are_joined() {
        let request = into_request(
            head(|request| {
                request.uri("https://app.leadconduit.com/user?a=1").header(COOKIE, "a=1").header(COOKIE, "b=2")
            }),
            true,
        );
        assert_eq!((request.uri.to_string().as_str(), request.scheme()), ("/user?a=1", "https"));
        assert_eq!(request.headers[HOST], "app.leadconduit.com");
        assert_eq!(request.headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
        assert!(matches!(request.body, Body::Complete(_)));
        let equal = into_request(head(|request| request.uri("http://A.example/").header(HOST, "a.example")), false);
        assert!(matches!(equal.body, Body::Complete(_)));
        let other = into_request(head(|request| request.uri("http://a.example/").header(HOST, "b.example")), false);
        assert!(matches!(other.body, Body::Malformed(_)));
    }

    #[test]
    fn heads_beyond_a_limit_are_rejected() {
        let limits = Limits { head_bytes_max: HEAD_BYTES_MIN, ..Limits::default() };
        let long = "x".repeat(HEAD_BYTES_MIN);
        let many = |count: usize| {
            head(|request| {
                (0..count).fold(request.uri("/"), |request, index| request.header(format!("x-{index}"), "1"))
            })
        };
        let reason = |head: &Parts| check(head, limits).map(|rejected| rejected.reason);
        assert_eq!(reason(&many(HEADERS_MAX)), None);
        assert_eq!(reason(&many(HEADERS_MAX + 1)), Some(RejectReason::HeadTooLarge));
        let large = head(|request| request.uri("/").header("x", &long));
        assert_eq!(reason(&large), Some(RejectReason::HeadTooLarge));
        assert_eq!(reason(&head(|request| request.uri(format!("/{long}")))), Some(RejectReason::TargetTooLong));
    }
}
