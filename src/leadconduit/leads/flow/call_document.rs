//! Recorded calls as events show them: the submission and its response, the request to a recipient and its response.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::fields::HiddenTexts;
use crate::contract::lead_body::{LeadRequest, MediaType};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::{OutboundRequest, escape_url, is_sent_header};
use crate::leadconduit::flow_model::Flow;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::values;
use crate::support::document::object;
use crate::support::redaction::{REDACTED, Redactor, is_secret_header, is_secret_name};

/// How many bytes of a body are recorded.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How many bytes of headers are recorded.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// The submission of a lead and the response to it, from which the recorded calls are rendered when an event is shown: few
/// events are.
#[derive(Debug)]
pub(super) struct SubmissionRecord {
    path: String,
    accept: &'static str,
    /// The media type of the body; `None` when the parameters are in the query.
    media: Option<MediaType>,
    /// The parsed parameters as text, JSON or a form, so that secrets can be redacted.
    parameters: String,
    /// Whether secrets in the parameters were replaced. Long ones are redacted and truncated at once, to save memory.
    is_redacted: bool,
    at_ms: i64,
    status: u16,
    response_media: HeaderValue,
    response_body: Bytes,
    responded_at_ms: i64,
}

impl SubmissionRecord {
    /// `hidden` are texts that must not be stored, beside those with the name of a secret.
    pub(super) fn new(
        context: &WriteContext<'_>,
        flow: &Flow,
        request: &LeadRequest,
        hidden: &HiddenTexts,
        response: &OperationResponse,
        responded_at_ms: i64,
    ) -> Self {
        let submitted = &context.input.body;
        // Most leads contain nothing to redact.
        let is_plain = hidden.is_empty() && !has_secret_name(submitted, flow);
        let parameters = if is_plain { Cow::Borrowed(submitted) } else { redact("", submitted, hidden) };
        let input = context.input;
        let is_json = request.body_type == Some(MediaType::Json);
        let parameters = if is_json { parameters.to_string() } else { to_form(&parameters) };
        let is_long = parameters.len() > BODY_BYTES_MAX;
        Self {
            path: ["/flows/", input.path("flow_id"), "/sources/", input.path("source_id"), "/submit"].concat(),
            accept: request.response_type.name(),
            media: request.body_type,
            parameters: if is_long { redact_parameters(request.body_type, &parameters) } else { parameters },
            is_redacted: is_long,
            at_ms: context.now.as_millisecond(),
            status: response.status,
            response_media: response.media_type.clone(),
            response_body: response.body.clone(),
            responded_at_ms,
        }
    }

    /// The request of the source.
    pub(super) fn request(&self) -> Value {
        let uri = format!("https://app.leadconduit.com{}", self.path);
        let mut headers = Map::new();
        headers.insert("Accept".to_owned(), self.accept.into());
        let parameters = if self.is_redacted {
            Cow::Borrowed(&*self.parameters)
        } else {
            Cow::Owned(redact_parameters(self.media, &self.parameters))
        };
        let (method, uri, body) = match self.media {
            None => ("GET", format!("{uri}?{parameters}"), String::new()),
            Some(media) => {
                headers.insert("Content-Type".to_owned(), media.name().into());
                ("POST", uri, parameters.into_owned())
            }
        };
        json!({
            "method": method,
            "uri": truncate(uri),
            "version": "1.1",
            "headers": headers,
            "body": truncate(body),
            "timestamp": self.at_ms,
        })
    }

    /// The response to the source.
    pub(super) fn response(&self) -> Value {
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        json!({
            "status": self.status,
            "status_text": status.canonical_reason().unwrap_or_default(),
            "version": "1.1",
            "headers": {"Content-Type": self.response_media.to_str().unwrap_or_default()},
            "body": String::from_utf8_lossy(&self.response_body),
            "timestamp": self.responded_at_ms,
        })
    }

    /// The memory of its texts in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.path.len() + self.parameters.len() + self.response_body.len()
    }
}

/// The parameters of a submission without secrets, truncated.
fn redact_parameters(media: Option<MediaType>, parameters: &str) -> String {
    match media {
        None => truncate(Redactor::of_stored_call().form(parameters)),
        Some(_) => body_text(&Bytes::copy_from_slice(parameters.as_bytes())),
    }
}

/// A call to a recipient that began at this time and took this long, both in milliseconds.
pub(super) fn transaction(request: &OutboundRequest, response: Value, began: i64, ms: i64) -> Value {
    object([("request", recipient_request(request, began)), ("response", response), ("ms", ms.into())])
}

/// The request to a recipient, without the values that have the name of a secret, and without headers that are not sent.
fn recipient_request(request: &OutboundRequest, timestamp: i64) -> Value {
    let uri = escape_url(&Redactor::of_stored_call().absolute_url(&request.url));
    let sent: Vec<(String, String)> =
        request.headers.iter().filter(|(name, _)| is_sent_header(name)).cloned().collect();
    json!({
        "method": request.method.as_str(),
        "uri": truncate(uri),
        "version": "1.1",
        "headers": to_headers(&sent),
        "body": body_text(&request.body),
        "timestamp": timestamp,
    })
}

/// The response of a recipient, without the values that have the name of a secret.
pub(super) fn recipient_response(status: u16, headers: &[(String, String)], body: &Bytes, timestamp: i64) -> Value {
    json!({
        "status": status,
        "status_text": StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default(),
        "version": "1.1",
        "headers": to_headers(headers),
        "body": body_text(body),
        "timestamp": timestamp,
    })
}

/// A response that did not come. The schema requires one: it has no status and no body (inferred).
pub(super) fn missing_response(timestamp: i64) -> Value {
    json!({"version": "1.1", "headers": {}, "body": "", "timestamp": timestamp})
}

/// A redacted body as text.
fn body_text(body: &Bytes) -> String {
    let (body, _) = Redactor::of_stored_call().body(body, usize::MAX);
    truncate(String::from_utf8_lossy(&body).into_owned())
}

/// Headers by name; values of the same name are joined with commas.
fn to_headers(headers: &[(String, String)]) -> Map<String, Value> {
    let mut joined = Map::new();
    let mut bytes_left = HEADER_BYTES_MAX;
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        let value =
            if is_secret_header(name) { REDACTED.into() } else { Redactor::of_stored_call().text(value).into_owned() };
        let Some(left) = bytes_left.checked_sub(name.len() + value.len()) else { break };
        bytes_left = left;
        let value = match joined.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value,
        };
        joined.insert(name.clone(), value.into());
    }
    joined
}

/// Whether a parameter has the name of a secret.
fn has_secret_name(value: &Value, flow: &Flow) -> bool {
    let is_secret = |name: &String| match flow.fields.iter().find(|field| field.id == *name) {
        Some(field) => field.has_secret_name(),
        None => is_secret_name(name),
    };
    match value {
        Value::Object(object) => object.iter().any(|(name, value)| is_secret(name) || has_secret_name(value, flow)),
        Value::Array(items) => items.iter().any(|item| has_secret_name(item, flow)),
        _ => false,
    }
}

/// Parameters with the values redacted that are secret by their name, or that contributed to one of the secrets.
fn redact<'v>(name: &str, value: &'v Value, hidden: &HiddenTexts) -> Cow<'v, Value> {
    let text = match value {
        Value::Object(object) => {
            let redacted = object.iter().map(|(name, value)| (name.clone(), redact(name, value, hidden).into_owned()));
            return Cow::Owned(Value::Object(redacted.collect()));
        }
        Value::Array(items) => {
            return Cow::Owned(items.iter().map(|item| redact(name, item, hidden).into_owned()).collect());
        }
        value => values::text(value).unwrap_or_default(),
    };
    // A mapping may have joined several parameters to one secret.
    let text = text.trim();
    let overlaps = |secret: &String| !text.is_empty() && (secret.contains(text) || text.contains(secret.trim()));
    let is_private = hidden.private.iter().any(|private| private.trim() == text);
    if is_secret_name(name) || is_private || hidden.secrets.iter().any(overlaps) {
        Cow::Owned(REDACTED.into())
    } else {
        Cow::Borrowed(value)
    }
}

/// Parameters as a form; the names of nested values are joined with dots.
fn to_form(parameters: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    append_pairs(&mut form, parameters, "");
    form.finish()
}

fn append_pairs(form: &mut form_urlencoded::Serializer<'_, String>, value: &Value, name: &str) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if name.is_empty() {
                    append_pairs(form, value, key);
                } else {
                    append_pairs(form, value, &format!("{name}.{key}"));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| append_pairs(form, item, name)),
        value => drop(form.append_pair(name, &values::text(value).unwrap_or_default())),
    }
}

/// The first [`BODY_BYTES_MAX`] bytes of a text, cut at the end of a character.
fn truncate(mut text: String) -> String {
    if text.len() > BODY_BYTES_MAX {
        let end = (0..=BODY_BYTES_MAX).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
