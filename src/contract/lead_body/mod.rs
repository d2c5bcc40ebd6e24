//! Requests to the lead handler (submissions, pings, feedback), decoded like the vendor's standard module does.
//!
//! The order of the checks is the module's: method, `Accept`, `redir_url`; then, for a POST with a body, whether it has
//! a `Content-Type`, whether that is one of the four supported ones, and whether the body parses. The module's
//! peculiarities are kept: media types are case-sensitive, and conflicting dotted names are dropped or rejected
//! depending on their depth. To support another media type, add a variant to [`MediaType`] and a parser here.

mod json;
mod media;
mod nest;
mod render;
mod value;
mod xml;

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use self::json::JsonError;
use crate::http::content_coding;
use crate::http::headers::QUERY_PREFERENCES;
use crate::http::message::{Body, Request};
use crate::support::document::merge;
pub use media::MediaType;
pub use render::render;
pub use value::{BodyFormat, read_body_value};
pub(crate) use xml::{XmlError, read as read_xml};

/// The number of pairs that are read from a query or form, as on the vendor's platform. More are ignored.
const PAIRS_MAX: usize = 1000;

/// JSON pointer to the `Content-Type` of the request.
const CONTENT_TYPE_POINTER: &str = "/headers/content-type";

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The part of a broken JSON body that the error shows.
const SHOWN_BODY_BYTES_MAX: usize = 1000;

/// The maximum nesting depth of parameters.
const DEPTH_MAX: usize = 100;

/// A call to the lead handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadCall {
    /// Submits a lead.
    Submit,
    /// Asks for the price of a lead.
    Ping,
    /// Sends feedback on a delivered lead.
    Feedback,
}

impl LeadCall {
    /// The call of a path, by its last segment.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if path.ends_with("/ping") {
            Self::Ping
        } else if path.ends_with("/submit") {
            Self::Submit
        } else {
            Self::Feedback
        }
    }
}

/// A decoded request to the lead handler.
#[derive(Clone, Debug, Default)]
pub struct LeadRequest {
    /// The parameters of the query and the body, merged.
    pub parameters: Map<String, Value>,
    /// The negotiated media type of the response.
    pub response_type: MediaType,
    /// The target of `redir_url`, to which the response redirects.
    pub redirect: Option<HeaderValue>,
    /// The media type of the body; `None` without a body.
    pub body_type: Option<MediaType>,
    /// The first address in `X-Forwarded-For`.
    pub client_ip: Option<IpAddr>,
}

/// Why a request is rejected. The response is `message` as plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRequestError {
    /// The HTTP status.
    pub status: u16,
    /// RFC 6901 pointer to the invalid part of the request.
    pub pointer: &'static str,
    /// The body of the response.
    pub message: Cow<'static, str>,
}

impl LeadRequestError {
    fn new(status: u16, pointer: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, pointer, message: message.into() }
    }
}

/// The value of `Allow` for the lead handler.
pub const ALLOWED_METHODS: &str = "GET, POST";

/// The error for other methods: 405 for submissions and pings, 415 for feedback. `TRACE` does not get as far as the
/// module, so that it is always 405 (inferred).
#[must_use]
pub fn method_not_allowed(method: &Method, call: LeadCall) -> LeadRequestError {
    let status = if call == LeadCall::Feedback && method != Method::TRACE { 415 } else { 405 };
    LeadRequestError::new(
        status,
        "/method",
        format!("The {} method is not allowed", method.as_str().to_ascii_uppercase()),
    )
}

/// Decodes a request.
///
/// # Errors
///
/// The first check that fails, with the status and message of the vendor's module.
pub fn read(request: &Request, call: LeadCall) -> Result<LeadRequest, LeadRequestError> {
    if request.method != Method::GET && request.method != Method::POST {
        return Err(method_not_allowed(&request.method, call));
    }
    let response_type = MediaType::negotiate(&joined(&request.headers, &ACCEPT)).ok_or(LeadRequestError::new(
        406,
        "/headers/accept",
        "Not capable of generating content according to the Accept header",
    ))?;
    // The module does not catch this error. Rejecting it like an error in the body is inferred.
    let mut query = pairs(request.query().unwrap_or_default().as_bytes());
    // What the request asks the mock for is not part of the lead.
    query.retain(|name, _| !QUERY_PREFERENCES.contains(&name.as_str()));
    let query = nest::nest(query)
        .map_err(|error| LeadRequestError::new(400, "/query", format!("Unable to parse query -- {error}.")))?;
    let redirect = if call == LeadCall::Feedback { None } else { redirect(&query)? };
    let mut parameters = normalize_certificate(query, call);
    let mut body_type = None;
    if request.method == Method::POST && has_body(request) {
        body_type = MediaType::negotiate(&joined(&request.headers, &CONTENT_TYPE));
        let query = std::mem::take(&mut parameters);
        let mut merged = Value::Object(read_body(request, call)?);
        merge(&mut merged, &Value::Object(query));
        if let Value::Object(merged) = merged {
            parameters = normalize_certificate(merged, call);
        }
    }
    let client_ip = request.header(&X_FORWARDED_FOR).and_then(|chain| chain.split(',').next()?.trim().parse().ok());
    Ok(LeadRequest { parameters, response_type, redirect, body_type, client_ip })
}

/// All lines of a header, joined by commas.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    lines.join(", ")
}

/// The pairs of a form or query. The values of a repeated name become an array.
fn pairs(text: &[u8]) -> Map<String, Value> {
    let mut pairs = Map::new();
    for (name, value) in form_urlencoded::parse(text).take(PAIRS_MAX) {
        let value = Value::from(value.into_owned());
        match pairs.get_mut(&*name) {
            None => drop(pairs.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    pairs
}

/// The first `redir_url`. It must be an `http` or `https` URL.
fn redirect(query: &Map<String, Value>) -> Result<Option<HeaderValue>, LeadRequestError> {
    let first = match query.get("redir_url") {
        None => return Ok(None),
        Some(Value::Array(values)) => values.first(),
        Some(value) => Some(value),
    };
    let invalid = || LeadRequestError::new(400, "/query/redir_url", "Invalid redir_url");
    let url = first.and_then(Value::as_str).map(str::trim).ok_or_else(invalid)?;
    let scheme: String = url.chars().take(8).collect::<String>().to_ascii_lowercase().replace('\\', "/");
    if !scheme.starts_with("http://") && !scheme.starts_with("https://") {
        return Err(invalid());
    }
    // A header value can contain visible ASCII only.
    let escaped: String = url
        .bytes()
        .map(|byte| if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    HeaderValue::try_from(escaped).map(Some).map_err(|_| invalid())
}

/// Moves the URL of a certificate, or of a certificate ping, to `trustedform_cert_url`, the field's name.
fn normalize_certificate(parameters: Map<String, Value>, call: LeadCall) -> Map<String, Value> {
    let is_certificate = |name: &String| {
        let names = ["xxtrustedformcerturl", "xxtrustedformpingurl", "trustedform_ping_url"];
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    if call == LeadCall::Feedback || !parameters.keys().any(is_certificate) {
        return parameters;
    }
    let (mut normalized, mut certificate, mut ping) = (Map::new(), None, None);
    for (name, value) in parameters {
        match name.to_ascii_lowercase().as_str() {
            "xxtrustedformcerturl" => certificate = Some(value),
            "xxtrustedformpingurl" | "trustedform_ping_url" if call == LeadCall::Ping => ping = Some(value),
            _ => drop(normalized.insert(name, value)),
        }
    }
    if let Some(value) = ping.or(certificate) {
        normalized.insert("trustedform_cert_url".to_owned(), value);
    }
    normalized
}

/// Whether the request has a body. An empty body with a `Content-Length` counts, as in the module.
fn has_body(request: &Request) -> bool {
    let is_chunked = || request.header(&TRANSFER_ENCODING).is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let is_not_empty = || !matches!(&request.body, Body::Complete(bytes) if bytes.is_empty());
    request.headers.contains_key(CONTENT_LENGTH) || is_chunked() || is_not_empty()
}

/// Parses the body into parameters.
fn read_body(request: &Request, call: LeadCall) -> Result<Map<String, Value>, LeadRequestError> {
    let content_type = joined(&request.headers, &CONTENT_TYPE);
    if content_type.is_empty() {
        return Err(LeadRequestError::new(415, CONTENT_TYPE_POINTER, "Content-Type header is required"));
    }
    let media = MediaType::negotiate(&content_type).ok_or_else(|| {
        let supported: Vec<&str> = MediaType::ALL.iter().map(|media| media.name()).collect();
        let supported = supported.join(", ");
        LeadRequestError::new(
            406,
            CONTENT_TYPE_POINTER,
            format!("MIME type in Content-Type header is not supported. Use only {supported}."),
        )
    })?;
    let bytes = match &request.body {
        Body::Complete(bytes) => bytes,
        Body::TooLarge { limit } => {
            return Err(LeadRequestError::new(413, "/body", format!("the body is larger than {limit} bytes")));
        }
        // The pipeline rejects these before decoding.
        Body::TimedOut | Body::Malformed(_) => {
            return Err(LeadRequestError::new(400, "/body", "the body did not arrive"));
        }
    };
    if let Some(encoding) = content_coding::unsupported_coding(&request.headers) {
        return Err(LeadRequestError::new(
            415,
            "/headers/content-encoding",
            format!("Content-Encoding {encoding} is not supported; {}", content_coding::SUPPORTED),
        ));
    }
    let text = media::decode(bytes, &content_type);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Ok(Map::new());
    }
    match media {
        MediaType::Form => nest::nest(pairs(text.as_bytes()))
            .map_err(|error| LeadRequestError::new(400, "/body", format!("Unable to parse body -- {error}."))),
        // The submission module shows the body; the feedback module shows the parser's error.
        MediaType::Json if call == LeadCall::Feedback => json::read(text).map_err(|error| {
            LeadRequestError::new(400, "/body", format!("Body is not parsable as application/json -- {error}"))
        }),
        MediaType::Json => json::read(text).map_err(|error| {
            let message = match error {
                JsonError::End | JsonError::Token { .. } => {
                    let shown = &text[..text.floor_char_boundary(SHOWN_BODY_BYTES_MAX)];
                    format!("Unable to parse JSON -- SyntaxError: Error: \"{shown}\" is not valid JSON.")
                }
                JsonError::NotAnObject | JsonError::Values => format!("Unable to parse JSON -- {error}."),
            };
            LeadRequestError::new(400, "/body", message)
        }),
        MediaType::ApplicationXml | MediaType::TextXml => xml::read(text).map_err(|error| {
            LeadRequestError::new(
                400,
                "/body",
                format!("Body does not contain XML or XML is unparseable -- Error: {error}."),
            )
        }),
    }
}

#[cfg(test)]
mod tests;
