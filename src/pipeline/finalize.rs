//! The last steps: LeadConduit's headers, those for browsers, and our own.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use super::preferences::PREFERENCE_APPLIED;
use super::{Pipeline, RecordedExchange, RequestContext, apply_rules, cors};
use crate::config::settings::MockHeaders;
use crate::contract::problem;
use crate::contract::violation::header_json;
use crate::http::message::{Body, Request, Response};
use crate::leadconduit::response::{ApiError, OperationResponse, Style};
use crate::recording::journal::{AnsweredBy, Draft};
use crate::sandbox::{DEFAULT, selector};
use crate::support::clock::{Clock, Timestamp, uptime};
use crate::support::redact;

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

const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

/// A refusal in the words of the part of LeadConduit that refuses.
pub(super) fn refusal(refusal: &ApiError) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = match refusal.style {
        Style::Error => Response::error(status, &refusal.message),
        Style::Message => Response::json(status, serde_json::json!({"message": refusal.message}).to_string()),
        Style::Text => Response::new(status, refusal.message.clone().into_owned()).with(CONTENT_TYPE, TEXT),
    };
    if let Some(methods) = refusal.allow {
        reply.headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    reply
}

/// An operation's answer as a reply.
pub(super) fn answer(answer: OperationResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Response::new(status, answer.body);
    if !reply.body.is_empty() {
        reply.headers.insert(CONTENT_TYPE, answer.media_type);
    }
    for (name, value) in answer.headers {
        reply.headers.insert(name, value);
    }
    reply
}

impl Pipeline {
    /// Adds what every reply carries, and answers 304 where the client has the body already.
    pub(super) fn finalize(
        &self,
        mut reply: Response,
        request: &Request,
        mut notes: RequestContext<'_>,
        began: Duration,
    ) -> (Response, Option<RecordedExchange>) {
        let now = notes.session.as_ref().map_or_else(|| Clock::Real.now(), |session| session.now);
        if !notes.headers.is_empty() {
            reply.headers.extend(std::mem::take(&mut notes.headers));
        }
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
        apply_rules::wait(&mut notes.delivery, notes.wishes.delay_ms.unwrap_or(0));
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
        let exchange = self.write_down(&reply, request, notes, now, began);
        (reply, exchange)
    }

    /// Writes the exchange into its sandbox's journal, before the reply leaves: who asks next finds it. Control calls
    /// are no exchanges with LeadConduit.
    fn write_down(
        &self,
        reply: &Response,
        request: &Request,
        mut notes: RequestContext<'_>,
        now: Timestamp,
        began: Duration,
    ) -> Option<RecordedExchange> {
        let session = notes.session.as_ref();
        let (_, path) = selector::split_path(request.path());
        if notes.is_control {
            return None;
        }
        let met = match notes.operation {
            Some(_) => AnsweredBy::Operation,
            None if !notes.spoken.is_empty() => AnsweredBy::Rule,
            None if notes.unknown || session.is_none() => AnsweredBy::Nothing,
            None if matches!(request.body, Body::Whole(_)) => AnsweredBy::Mock,
            None => AnsweredBy::Nothing,
        };
        if let Some(key) = session.and_then(|session| session.key.as_deref()).filter(|key| redact::is_worth_hiding(key))
        {
            let input = &mut notes.input;
            redact::hide_in_names(&mut input.query, &mut input.body, key);
        }
        let took = uptime().saturating_sub(began);
        let draft = Draft {
            request,
            path,
            reply,
            key: session.and_then(|session| session.key.as_deref()),
            number: session.map_or(0, |session| session.number),
            at: now,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            scenario: session.map(|session| Arc::clone(&session.scenario)),
            operation: notes.operation,
            met,
            caller: session.and_then(|session| session.caller.as_ref()),
            violations: notes.violations,
            spoken: notes.spoken,
            body_bytes_max: self.policy.limits.journal_body_bytes_max,
        };
        let default;
        let sandbox = match session {
            Some(session) => &session.sandbox,
            None => {
                default = self.stage.sandboxes.get(DEFAULT);
                &default
            }
        };
        let exchange = sandbox.record(draft.finish(), &notes.input.query, &notes.input.body);
        Some(RecordedExchange { sandbox: Arc::clone(sandbox), exchange })
    }

    fn mock_headers(&self, reply: &mut Response, notes: &RequestContext<'_>) {
        let headers = &mut reply.headers;
        if let Some(session) = &notes.session {
            headers.insert(REQUEST_ID, HeaderValue::from(session.number));
            headers.insert(SANDBOX, session.sandbox.name_header.clone());
            headers.insert(SCENARIO, session.scenario.name_header.clone());
        }
        if !notes.spoken.is_empty() {
            let spoken: Vec<String> = notes.spoken.iter().map(ToString::to_string).collect();
            if let Ok(value) = HeaderValue::try_from(spoken.join(", ")) {
                headers.insert(FAULT, value);
            }
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

/// LeadConduit's weak tag: the body's length and its CRC-32, both in hexadecimal.
fn etag(body: &[u8]) -> HeaderValue {
    let mut tag = String::with_capacity(28);
    let _ = write!(tag, "W/\"{:x}-{:x}\"", body.len(), crc32fast::hash(body));
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static(""))
}

/// Turns a good answer to GET or HEAD into 304 when the client names its tag. Tags are compared weakly.
fn not_modified(reply: &mut Response, request: &Request) {
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
