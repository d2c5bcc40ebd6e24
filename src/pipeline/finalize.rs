//! The headers of every response: those of LeadConduit, those for browsers, and those of the mock.

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH, ORIGIN, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};

use super::context::RequestContext;
use super::head_templates::{self, HeadKey};
use super::preferences::PREFERENCE_APPLIED;
use super::{Pipeline, cors};
use crate::config::settings::MockHeaders;
use crate::contract::problem;
use crate::contract::violation::violations_header;
use crate::http::etag::ETag;
use crate::http::headers;
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{HeadTemplate, HeadValues, RecordedHead};
use crate::support::clock::{Timestamp, http_date};

pub(super) const VARY_DEFAULT: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin");
const VARY_WITH_PREFER: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin, Prefer");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Without a session, no template has the header of the sandbox.
const NO_SANDBOX: HeaderValue = HeaderValue::from_static("");
const INFERRED: HeaderValue = HeaderValue::from_static("inferred");

impl Pipeline {
    /// Adds headers, delays and faults to a response. Responds with 304 when the client has the body already. Returns what
    /// the journal records of the headers, if they come from a template.
    pub(super) fn finalize(
        &self,
        response: &mut Response,
        request: &Request,
        context: &mut RequestContext<'_>,
        now: Timestamp,
    ) -> Option<RecordedHead> {
        let Some(key) = self.head_key(response, request, context) else {
            self.add_headers(response, request, context, now);
            return None;
        };
        let from_template = head_templates::with_template(&key, |template| {
            let session = context.session.as_ref();
            let values = HeadValues {
                at: now,
                etag: etag(response),
                number: session.map_or(0, |session| session.number),
                sandbox: session.map_or(NO_SANDBOX, |session| session.sandbox.name_header.clone()),
                violations: self.violations_value(context),
            };
            (template.headers(&values, date(now)), template.record(values))
        });
        let new_key = from_template.is_none().then(|| key.into_owned());
        if let Some((headers, recorded)) = from_template {
            response.headers = headers;
            response.content_type = None;
            add_send_options(response, context);
            return Some(recorded);
        }
        self.add_headers(response, request, context, now);
        if let Some(key) = new_key {
            head_templates::remember(key, HeadTemplate::new(&response.headers));
        }
        None
    }

    /// The key of the template of the response's headers; `None` when they depend on anything else.
    fn head_key<'h>(
        &self,
        response: &'h Response,
        request: &Request,
        context: &'h RequestContext<'_>,
    ) -> Option<HeadKey<'h>> {
        let (session, operation) = (context.session.as_ref()?, context.operation?);
        let content_type = response.content_type.as_ref().filter(|_| response.headers.is_empty())?;
        let effects = &context.effects;
        let is_plain = effects.headers.is_empty()
            && effects.applied_rules.is_empty()
            && context.preferences.is_empty()
            && context.evidence.is_none()
            && !response.body.is_empty()
            && response.status != StatusCode::UNAUTHORIZED
            && matches!(request.body, Body::Complete(_))
            && !request.headers.contains_key(ORIGIN)
            && !request.headers.contains_key(IF_NONE_MATCH);
        is_plain.then(|| HeadKey {
            pipeline: self.number,
            operation: operation.index,
            status: response.status.as_u16(),
            content_type: Cow::Borrowed(content_type),
            scenario: Cow::Borrowed(&session.scenario.name_header),
        })
    }

    /// Adds headers, delays and faults to a response whose headers come from no template.
    fn add_headers(
        &self,
        response: &mut Response,
        request: &Request,
        context: &mut RequestContext<'_>,
        now: Timestamp,
    ) {
        response.begin_headers();
        if !context.effects.headers.is_empty() {
            response.headers.extend(std::mem::take(&mut context.effects.headers));
        }
        // A rule can set other values deliberately.
        response.headers.entry(VARY).or_insert(VARY_DEFAULT);
        response.headers.entry(DATE).or_insert_with(|| date(now));
        if has_transient_headers(response, context) {
            // A cache keeps the headers of a stored response through every later 304.
            response.headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
        } else if !response.body.is_empty() {
            if !response.headers.contains_key(ETAG) {
                response.headers.insert(ETAG, etag(response).value());
            }
            apply_if_none_match(response, request);
        }
        if let Some(applied) = context.preferences.applied() {
            response.headers.insert(VARY, VARY_WITH_PREFER);
            // A problem means that the preference was rejected.
            if response.headers.get(CONTENT_TYPE) != Some(&problem::MEDIA_TYPE) {
                response.headers.insert(PREFERENCE_APPLIED, applied);
            }
        }
        context.effects.add_delay(context.preferences.delay_ms.unwrap_or(0));
        add_send_options(response, context);
        if response.status == StatusCode::UNAUTHORIZED && is_keep_alive(request) {
            // As in the documented sample. HTTP/1.1 does not need it.
            response.headers.insert(CONNECTION, KEEP_ALIVE);
        }
        if !matches!(request.body, Body::Complete(_)) {
            // The rest of the body is not read, so the connection cannot be used again.
            response.headers.insert(CONNECTION, CLOSE);
        }
        cors::add_headers(&self.policy.cors, &self.policy.access, request, &mut response.headers);
        if self.policy.mock_headers == MockHeaders::Shown {
            self.add_mock_headers(response, context);
        }
    }

    fn add_mock_headers(&self, response: &mut Response, context: &RequestContext<'_>) {
        let headers = &mut response.headers;
        if let Some(session) = &context.session {
            headers.insert(headers::REQUEST_ID, HeaderValue::from(session.number));
            headers.insert(headers::SANDBOX, session.sandbox.name_header.clone());
            headers.insert(headers::SCENARIO, session.scenario.name_header.clone());
        }
        let applied_rules = &context.effects.applied_rules;
        if !applied_rules.is_empty() {
            let applied: Vec<String> = applied_rules.iter().map(ToString::to_string).collect();
            if let Ok(value) = HeaderValue::try_from(applied.join(", ")) {
                headers.insert(headers::FAULT, value);
            }
        }
        if let Some(operation) = context.operation {
            let status = if response.status == StatusCode::NOT_MODIFIED { 200 } else { response.status.as_u16() };
            let definition = operation.responses.get(&status);
            headers.insert(headers::OPERATION, operation.id_header.clone());
            // A status that is not in the contract comes from a rule or from the mock itself.
            let evidence = match (context.evidence, definition) {
                (Some(evidence), _) => HeaderValue::from_static(evidence.as_str()),
                (None, Some(definition)) => definition.evidence_header.clone(),
                (None, None) => INFERRED,
            };
            headers.insert(headers::EVIDENCE, evidence);
        }
        if let Some(value) = self.violations_value(context) {
            headers.insert(headers::VIOLATIONS, value);
        }
    }

    /// The value of `X-Mock-Violations`; `None` without violations.
    fn violations_value(&self, context: &RequestContext<'_>) -> Option<HeaderValue> {
        if context.violations.is_empty() || self.policy.mock_headers != MockHeaders::Shown {
            return None;
        }
        let text = violations_header(&context.violations, self.policy.limits.violations_bytes_max);
        HeaderValue::try_from(text).ok()
    }
}

/// The tag of the body.
fn etag(response: &Response) -> ETag {
    debug_assert!(response.etag.is_none_or(|etag| etag == ETag::of(&response.body)), "the body has changed");
    response.etag.unwrap_or_else(|| ETag::of(&response.body))
}

/// Adds the delays and faults of rules to a response that has none of its own.
fn add_send_options(response: &mut Response, context: &mut RequestContext<'_>) {
    if response.send_options.is_none() {
        response.send_options = context.effects.send_options.take();
    }
}

/// Whether the response has headers that the next one with the same body may not have: those of a degraded list, of a
/// rule, or of a preference. An `ETag` is made of the body alone, so that it would not tell the two apart. A rule that
/// sets its own `ETag` decides itself.
fn has_transient_headers(response: &Response, context: &RequestContext<'_>) -> bool {
    if response.headers.contains_key(ETAG) {
        return false;
    }
    let is_set_by_rule = || context.effects.applied_rules.iter().any(|applied| applied.sets_headers);
    response.headers.contains_key(headers::CONNECTIONS_DEGRADED)
        || response.status == StatusCode::OK && (is_set_by_rule() || context.preferences.applied().is_some())
}

/// Turns 200 on GET or HEAD into 304 when `If-None-Match` has the `ETag`. They are compared weakly.
fn apply_if_none_match(response: &mut Response, request: &Request) {
    let is_read = request.method == Method::GET || request.method == Method::HEAD;
    if !is_read || response.status != StatusCode::OK {
        return;
    }
    let Some(tag) = response.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(strip_weak) else { return };
    if matches_etag(&request.headers, tag) {
        response.status = StatusCode::NOT_MODIFIED;
        response.body = Bytes::new();
        response.headers.remove(CONTENT_TYPE);
    }
}

fn matches_etag(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|other| other == "*" || strip_weak(other) == tag)
}

fn strip_weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn is_keep_alive(request: &Request) -> bool {
    if request.version < Version::HTTP_11 {
        return false;
    }
    let close = |value: &HeaderValue| value.to_str().is_ok_and(|v| v.to_ascii_lowercase().contains("close"));
    !request.headers.get_all(CONNECTION).iter().any(close)
}

/// The `Date` header by the sandbox's clock. The formatted value is cached for a second.
pub(super) fn date(now: Timestamp) -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(i64, HeaderValue)> = const { RefCell::new((i64::MIN, HeaderValue::from_static(""))) };
    }
    let second = now.as_second();
    LAST.with_borrow_mut(|(last, value)| {
        if *last != second {
            *value = HeaderValue::try_from(http_date(now)).unwrap_or(HeaderValue::from_static(""));
            *last = second;
        }
        value.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_http_format() {
        assert_eq!(date("2015-07-28T10:05:03.9Z".parse().unwrap()), "Tue, 28 Jul 2015 10:05:03 GMT");
    }
}
