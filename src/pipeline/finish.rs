//! The last steps: LeadConduit's headers, those for browsers, and our own.

use std::cell::RefCell;
use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use serde_json::json;

use super::{Notes, Pipeline, cors};
use crate::behaviour::{Answer, Refusal};
use crate::contract::violation::header_json;
use crate::exchange::{Body, Reply, Request};
use crate::settings::MockHeaders;
use crate::world::clock::{Clock, Timestamp};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const VARY_ON: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-mock-request-id");
const SANDBOX: HeaderName = HeaderName::from_static("x-mock-sandbox");
const SCENARIO: HeaderName = HeaderName::from_static("x-mock-scenario");
const OPERATION: HeaderName = HeaderName::from_static("x-mock-operation");
const EVIDENCE: HeaderName = HeaderName::from_static("x-mock-evidence");
const VIOLATIONS: HeaderName = HeaderName::from_static("x-mock-violations");

/// Header values that are the same for every reply, made once.
#[derive(Debug)]
pub(super) struct Constants {
    scenario: HeaderValue,
}

impl Constants {
    pub(super) fn new(scenario: &str) -> Self {
        Self { scenario: HeaderValue::from_str(scenario).unwrap_or(HeaderValue::from_static("?")) }
    }
}

/// LeadConduit's error document.
pub(super) fn refusal(refusal: &Refusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::new(status, json!({"error": refusal.message}).to_string()).with(CONTENT_TYPE, JSON)
}

/// An operation's answer as a reply.
pub(super) fn answer(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::new(status, answer.body).with(CONTENT_TYPE, JSON);
    for (name, value) in answer.headers {
        reply.headers.insert(name, value);
    }
    reply
}

impl Pipeline {
    /// Adds what every reply carries, and answers 304 where the client has the body already.
    pub(super) fn finish(&self, mut reply: Reply, request: &Request, notes: &Notes<'_>) -> Reply {
        let now = notes.frame.as_ref().map_or_else(|| Clock::Real.now(), |frame| frame.now);
        reply.headers.insert(VARY, VARY_ON);
        reply.headers.insert(DATE, date(now));
        if !reply.body.is_empty() {
            reply.headers.insert(ETAG, etag(&reply.body));
            not_modified(&mut reply, request);
        }
        if reply.status == StatusCode::UNAUTHORIZED && keeps_alive(request) {
            // As in the documented sample. HTTP/1.1 keeps connections open without it.
            reply.headers.insert(CONNECTION, KEEP_ALIVE);
        }
        if !matches!(request.body, Body::Whole(_)) {
            // What is left of the body will not be read, so nothing can follow it on this connection.
            reply.headers.insert(CONNECTION, CLOSE);
        }
        cors::add(&self.policy.cors, request, &mut reply.headers);
        if self.policy.mock_headers == MockHeaders::Shown {
            self.mock_headers(&mut reply, notes);
        }
        reply
    }

    fn mock_headers(&self, reply: &mut Reply, notes: &Notes<'_>) {
        let headers = &mut reply.headers;
        if let Some(frame) = &notes.frame {
            headers.insert(REQUEST_ID, HeaderValue::from(frame.number));
            headers.insert(SANDBOX, frame.sandbox.name_header.clone());
        }
        headers.insert(SCENARIO, self.constants.scenario.clone());
        if let Some(operation) = notes.operation {
            let status = if reply.status == StatusCode::NOT_MODIFIED { 200 } else { reply.status.as_u16() };
            let rule = operation.replies.get(&status);
            headers.insert(OPERATION, operation.id_header.clone());
            headers.insert(EVIDENCE, rule.map_or(&operation.evidence_header, |rule| &rule.evidence_header).clone());
        }
        if !notes.violations.is_empty() {
            let text = header_json(&notes.violations, self.policy.limits.violations_bytes_max);
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(VIOLATIONS, value);
            }
        }
    }
}

/// LeadConduit's weak tag: the body's length and its CRC-32, both in hexadecimal.
fn etag(body: &[u8]) -> HeaderValue {
    let mut tag = String::with_capacity(28);
    let _ = write!(tag, "W/\"{:x}-{:x}\"", body.len(), crc32fast::hash(body));
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static(""))
}

/// Turns a good answer to GET or HEAD into 304 when the client names its tag. Tags are compared weakly.
fn not_modified(reply: &mut Reply, request: &Request) {
    let safe = request.method == Method::GET || request.method == Method::HEAD;
    if !safe || reply.status != StatusCode::OK {
        return;
    }
    let Some(tag) = reply.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(opaque) else { return };
    if names_tag(&request.headers, tag) {
        reply.status = StatusCode::NOT_MODIFIED;
        reply.body = Bytes::new();
        reply.headers.remove(CONTENT_TYPE);
    }
}

fn names_tag(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|other| other == "*" || opaque(other) == tag)
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn keeps_alive(request: &Request) -> bool {
    if request.version < Version::HTTP_11 {
        return false;
    }
    let close = |value: &HeaderValue| value.to_str().is_ok_and(|v| v.to_ascii_lowercase().contains("close"));
    !request.headers.get_all(CONNECTION).iter().any(close)
}

/// The `Date` header at a moment of the sandbox's clock. Formatting is remembered for a second.
fn date(now: Timestamp) -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(i64, HeaderValue)> = const { RefCell::new((i64::MIN, HeaderValue::from_static(""))) };
    }
    let second = now.as_second();
    LAST.with_borrow_mut(|(last, value)| {
        if *last != second {
            let text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            *value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
            *last = second;
        }
        value.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_leadconduits() {
        let rows = [
            (r#"{"error":"authentication failed"}"#, r#"W/"21-48c58abe""#),
            (r#"{"error":"misconfigured csrf: check Accept header is set properly"}"#, r#"W/"43-4f285622""#),
            ("[]", r#"W/"2-d4cbb29""#),
        ];
        for (body, tag) in rows {
            assert_eq!(etag(body.as_bytes()), tag);
        }
    }

    #[test]
    fn dates_are_http_dates() {
        assert_eq!(date("2015-07-28T10:05:03.9Z".parse().unwrap()), "Tue, 28 Jul 2015 10:05:03 GMT");
    }
}
