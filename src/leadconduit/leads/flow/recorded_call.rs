//! Calls, as events keep them: the submission with its answer, and what a recipient was sent.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::execution::FlowExecution;
use crate::contract::lead_body::Media;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::{Call, address};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::rules;
use crate::support::redact::{self, REDACTED, is_secret};

/// How much of a body is kept.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How much of a call's headers is kept.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// What the source sent, written anew from what was read of it: without what is never stored.
pub(super) fn request(call: &WriteContext<'_>, run: &FlowExecution<'_>) -> Value {
    let sent = &call.input.body;
    // Most leads bring nothing that has to be made out.
    let is_plain = run.secrets.is_empty() && !names_secret(sent);
    let parameters = if is_plain { Cow::Borrowed(sent) } else { conceal("", sent, &run.secrets) };
    let input = call.input;
    let way = format!("/flows/{}/sources/{}/submit", input.path("flow_id"), input.path("source_id"));
    let uri = format!("https://app.leadconduit.com{way}");
    let mut headers = Map::new();
    headers.insert("Accept".to_owned(), run.inbound.media.name().into());
    let (method, uri, body) = match run.inbound.sent_as {
        None => ("GET", format!("{uri}?{}", form(&parameters)), String::new()),
        Some(media) => {
            headers.insert("Content-Type".to_owned(), media.name().into());
            let body = if media == Media::Json { parameters.to_string() } else { form(&parameters) };
            ("POST", uri, body)
        }
    };
    json!({
        "method": method,
        "uri": short(uri),
        "version": "1.1",
        "headers": headers,
        "body": short(body),
        "timestamp": call.now.as_millisecond(),
    })
}

/// What the source was answered.
pub(super) fn response(answer: &OperationResponse, timestamp: i64) -> Value {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    json!({
        "status": answer.status,
        "status_text": status.canonical_reason().unwrap_or_default(),
        "version": "1.1",
        "headers": {"Content-Type": answer.media_type.to_str().unwrap_or_default()},
        "body": String::from_utf8_lossy(&answer.body),
        "timestamp": timestamp,
    })
}

/// What a recipient was sent, without what has the name of a secret.
pub(super) fn sent(call: &Call, timestamp: i64) -> Value {
    let (place, query) = call.url.split_once('?').unwrap_or((&call.url, ""));
    let mark = if query.is_empty() { "" } else { "?" };
    let uri = address(&format!("{place}{mark}{}", redact::form(query)));
    json!({
        "method": call.method.as_str(),
        "uri": short(uri),
        "version": "1.1",
        "headers": headers(&call.headers),
        "body": short(redact::form(&String::from_utf8_lossy(&call.body))),
        "timestamp": timestamp,
    })
}

/// What a recipient answered, without what has the name of a secret.
pub(super) fn received(status: u16, sent: &[(String, String)], body: &Bytes, timestamp: i64) -> Value {
    let (body, _) = redact::body(body, BODY_BYTES_MAX, None);
    json!({
        "status": status,
        "status_text": StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default(),
        "version": "1.1",
        "headers": headers(sent),
        "body": String::from_utf8_lossy(&body),
        "timestamp": timestamp,
    })
}

/// Headers by their names; those of one name become one.
fn headers(of: &[(String, String)]) -> Map<String, Value> {
    let mut headers = Map::new();
    let mut left = HEADER_BYTES_MAX;
    for (name, value) in of.iter().filter(|(_, value)| !value.is_empty()) {
        let value = if is_secret(name) { REDACTED } else { value };
        let Some(room) = left.checked_sub(name.len() + value.len()) else { break };
        left = room;
        let whole = match headers.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.to_owned(),
        };
        headers.insert(name.clone(), whole.into());
    }
    headers
}

/// Whether something in the parameters has the name of a secret.
fn names_secret(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(name, value)| is_secret(name) || names_secret(value)),
        Value::Array(items) => items.iter().any(names_secret),
        _ => false,
    }
}

/// Parameters with what is secret by its name, or by the field that it went into, made out.
fn conceal<'v>(name: &str, value: &'v Value, secrets: &[String]) -> Cow<'v, Value> {
    let text = match value {
        Value::Object(object) => {
            let concealed =
                object.iter().map(|(name, value)| (name.clone(), conceal(name, value, secrets).into_owned()));
            return Cow::Owned(Value::Object(concealed.collect()));
        }
        Value::Array(items) => {
            return Cow::Owned(items.iter().map(|item| conceal(name, item, secrets).into_owned()).collect());
        }
        value => rules::text(value).unwrap_or_default(),
    };
    // A mapping may have put a secret together of several parameters.
    let text = text.trim();
    let is_part = |secret: &String| !text.is_empty() && (secret.contains(text) || text.contains(secret.trim()));
    if is_secret(name) || secrets.iter().any(is_part) { Cow::Owned(REDACTED.into()) } else { Cow::Borrowed(value) }
}

/// Parameters as a form: names of levels with dots between them.
fn form(parameters: &Value) -> String {
    let mut pairs = Vec::new();
    flatten(parameters, String::new(), &mut pairs);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn flatten(value: &Value, name: String, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(value, name, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(item, name.clone(), into)),
        value => into.push((name, rules::text(value).unwrap_or_default().into_owned())),
    }
}

fn short(mut text: String) -> String {
    if text.len() > BODY_BYTES_MAX {
        let end = (0..=BODY_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
