//! The last steps: LeadConduit's headers, those for browsers, and our own.

use std::cell::RefCell;
use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use serde_json::json;

use super::preferences::PREFERENCE_APPLIED;
use super::{Notes, Pipeline, cors, speak};
use crate::behaviour::{Answer, Refusal};
use crate::contract::violation::header_json;
use crate::exchange::{Body, Reply, Request};
use crate::problem;
use crate::settings::MockHeaders;
use crate::world::clock::{self, Clock, Timestamp};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const VARY_ON: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-mock-request-id");
const SANDBOX: HeaderName = HeaderName::from_static("x-mock-sandbox");
const SCENARIO: HeaderName = HeaderName::from_static("x-mock-scenario");
const OPERATION: HeaderName = HeaderName::from_static("x-mock-operation");
const EVIDENCE: HeaderName = HeaderName::from_static("x-mock-evidence");
const FAULT: HeaderName = HeaderName::from_static("x-mock-fault");
const VARY_ON_WISHES: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin, Prefer");
const INFERRED: HeaderValue = HeaderValue::from_static("inferred");
const VIOLATIONS: HeaderName = HeaderName::from_static("x-mock-violations");

/// LeadConduit's error document.
pub(super) fn refusal(refusal: &Refusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::new(status, json!({"error": refusal.message}).to_string()).with(CONTENT_TYPE, JSON)
}

/// An operation's answer as a reply.
pub(super) fn answer(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::new(status, answer.body);
    if !reply.body.is_empty() {
        reply.headers.insert(CONTENT_TYPE, JSON);
    }
    for (name, value) in answer.headers {
        reply.headers.insert(name, value);
    }
    reply
}

impl Pipeline {
    /// Adds what every reply carries, and answers 304 where the client has the body already.
    pub(super) fn finish(&self, mut reply: Reply, request: &Request, mut notes: Notes<'_>) -> Reply {
        let now = notes.frame.as_ref().map_or_else(|| Clock::Real.now(), |frame| frame.now);
        reply.headers.extend(std::mem::take(&mut notes.headers));
        // A rule may have set them otherwise, on purpose.
        reply.headers.entry(VARY).or_insert(VARY_ON);
        reply.headers.entry(DATE).or_insert_with(|| date(now));
        if !reply.body.is_empty() {
            reply.headers.entry(ETAG).or_insert_with(|| etag(&reply.body));
            not_modified(&mut reply, request);
        }
        if let Some(applied) = notes.wishes.applied() {
            reply.headers.insert(VARY, VARY_ON_WISHES);
            // A wish that was refused was not applied.
            if reply.headers.get(CONTENT_TYPE) != Some(&problem::MEDIA_TYPE) {
                reply.headers.insert(PREFERENCE_APPLIED, applied);
            }
        }
        speak::wait(&mut notes.delivery, notes.wishes.delay_ms.unwrap_or(0));
        if reply.delivery.is_none() {
            reply.delivery = notes.delivery.take();
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
            self.mock_headers(&mut reply, &notes);
        }
        tell(&reply, request, &notes);
        reply
    }

    fn mock_headers(&self, reply: &mut Reply, notes: &Notes<'_>) {
        let headers = &mut reply.headers;
        if let Some(frame) = &notes.frame {
            headers.insert(REQUEST_ID, HeaderValue::from(frame.number));
            headers.insert(SANDBOX, frame.sandbox.name_header.clone());
            headers.insert(SCENARIO, frame.scenario.name_header.clone());
        }
        if !notes.faults.is_empty()
            && let Ok(value) = HeaderValue::try_from(notes.faults.join(", "))
        {
            headers.insert(FAULT, value);
        }
        if let Some(operation) = notes.operation {
            let status = if reply.status == StatusCode::NOT_MODIFIED { 200 } else { reply.status.as_u16() };
            let rule = operation.replies.get(&status);
            headers.insert(OPERATION, operation.id_header.clone());
            // A status that no page names for the operation is a rule's, or the mock's own.
            headers.insert(EVIDENCE, rule.map_or(INFERRED, |rule| rule.evidence_header.clone()));
        }
        if !notes.violations.is_empty() {
            let text = header_json(&notes.violations, self.policy.limits.violations_bytes_max);
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(VIOLATIONS, value);
            }
        }
    }
}

/// Tells whoever listens to the sandbox. Neither query nor headers are told: they may hold secrets.
fn tell(reply: &Reply, request: &Request, notes: &Notes<'_>) {
    let Some(frame) = &notes.frame else { return };
    frame.sandbox.tell("exchange", || {
        json!({
            "id": frame.number,
            "at": clock::stamp(frame.now),
            "method": request.method.as_str(),
            "path": request.path(),
            "operation": notes.operation.map(|operation| &operation.id),
            "status": reply.status.as_u16(),
            "scenario": frame.scenario.name,
            "violations": notes.violations,
            "faults": notes.faults,
        })
    });
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
