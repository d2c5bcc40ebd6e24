//! What comes to the lead handler, read and answered as the vendor's standard module does: submissions, pings, feedback.
//!
//! The module's order of checks: method, `Accept`, `redir_url`; then, of a POST with a body, whether it has a type,
//! whether the type is one of four, and whether the body is what the type says. What the module is particular about
//! (case counts in media types, names that clash two levels deep are dropped and deeper ones refused) is kept.

mod json;
mod media;
mod nest;
mod render;
mod xml;

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use crate::http::message::{Body, Request};
use crate::support::document::merge;
pub use media::Media;
pub use render::render;
pub(crate) use xml::read as read_xml;

/// How many names a query or a form may have: what the vendor's platform reads, too.
const PAIRS_MAX: usize = 1000;

/// Where the type of the body stands.
const TYPE: &str = "/headers/content-type";

/// Where proxies tell who called them.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How deep parameters may lie in each other.
const DEPTH_MAX: usize = 100;

/// What somebody wants of the lead handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadCall {
    /// To submit a lead.
    Submit,
    /// To know what a lead would be bought for.
    Ping,
    /// To tell about a lead that was received.
    Feedback,
}

impl LeadCall {
    /// What is wanted at a path: its ending alone tells.
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

/// A request to the lead handler, read.
#[derive(Clone, Debug, Default)]
pub struct Inbound {
    /// The parameters of query and body together.
    pub parameters: Map<String, Value>,
    /// What the answer is written as.
    pub media: Media,
    /// Where the caller is sent afterwards.
    pub redirect: Option<HeaderValue>,
    /// What the body was; `None` when there was none.
    pub sent_as: Option<Media>,
    /// From where it came, as a proxy tells.
    pub address: Option<IpAddr>,
}

/// Why a request is not read: a status and a sentence in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// What of the request is wrong, as an RFC 6901 pointer.
    pub at: &'static str,
    /// The sentence.
    pub message: Cow<'static, str>,
}

impl Refused {
    fn new(status: u16, at: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, at, message: message.into() }
    }
}

/// The methods that the lead handler knows, as `Allow` tells them.
pub const METHODS: &str = "GET, POST";

/// What another method is told. A submission's status is 405; feedback says 415.
#[must_use]
pub fn wrong_method(method: &Method, wish: LeadCall) -> Refused {
    let status = if wish == LeadCall::Feedback { 415 } else { 405 };
    Refused::new(status, "/method", format!("The {} method is not allowed", method.as_str().to_ascii_uppercase()))
}

/// Reads a request.
pub fn read(request: &Request, wish: LeadCall) -> Result<Inbound, Refused> {
    if request.method != Method::GET && request.method != Method::POST {
        return Err(wrong_method(&request.method, wish));
    }
    let media = Media::choose(&joined(&request.headers, &ACCEPT)).ok_or(Refused::new(
        406,
        "/headers/accept",
        "Not capable of generating content according to the Accept header",
    ))?;
    // The module does not catch this one; that it is refused like a body's names is our reading.
    let query = nest::nest(pairs(request.query().unwrap_or_default().as_bytes()))
        .map_err(|error| Refused::new(400, "/query", format!("Unable to parse query -- {error}.")))?;
    let redirect = if wish == LeadCall::Feedback { None } else { redirect(&query)? };
    let mut parameters = normalized(query, wish);
    let mut sent_as = None;
    if request.method == Method::POST && has_body(request) {
        sent_as = Media::choose(&joined(&request.headers, &CONTENT_TYPE));
        let query = std::mem::take(&mut parameters);
        let mut read = Value::Object(body(request, wish)?);
        merge(&mut read, &Value::Object(query));
        if let Value::Object(read) = read {
            parameters = normalized(read, wish);
        }
    }
    let address = request.header(&FORWARDED).and_then(|chain| chain.split(',').next()?.trim().parse().ok());
    Ok(Inbound { parameters, media, redirect, sent_as, address })
}

/// A header that may stand on several lines.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    lines.join(", ")
}

/// Names and values of a form or a query. A name that is repeated has a list.
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

/// The first `redir_url`, if it is an address of the web.
fn redirect(query: &Map<String, Value>) -> Result<Option<HeaderValue>, Refused> {
    let first = match query.get("redir_url") {
        None => return Ok(None),
        Some(Value::Array(several)) => several.first(),
        Some(one) => Some(one),
    };
    let invalid = || Refused::new(400, "/query/redir_url", "Invalid redir_url");
    let address = first.and_then(Value::as_str).map(str::trim).ok_or_else(invalid)?;
    let beginning: String = address.chars().take(8).collect::<String>().to_ascii_lowercase().replace('\\', "/");
    if !beginning.starts_with("http://") && !beginning.starts_with("https://") {
        return Err(invalid());
    }
    // A header holds visible ASCII only.
    let escaped: String = address
        .bytes()
        .map(|byte| if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    HeaderValue::try_from(escaped).map(Some).map_err(|_| invalid())
}

/// The parameters with the address of a certificate, or of a ping, under the name that fields know.
fn normalized(parameters: Map<String, Value>, wish: LeadCall) -> Map<String, Value> {
    if wish == LeadCall::Feedback {
        return parameters;
    }
    let (mut kept, mut certificate, mut ping) = (Map::new(), None, None);
    for (name, value) in parameters {
        match name.to_ascii_lowercase().as_str() {
            "xxtrustedformcerturl" => certificate = Some(value),
            "xxtrustedformpingurl" | "trustedform_ping_url" if wish == LeadCall::Ping => ping = Some(value),
            _ => drop(kept.insert(name, value)),
        }
    }
    if let Some(value) = ping.or(certificate) {
        kept.insert("trustedform_cert_url".to_owned(), value);
    }
    kept
}

/// Whether a body was announced; an empty one counts.
fn has_body(request: &Request) -> bool {
    let is_chunked = || request.header(&TRANSFER_ENCODING).is_some_and(|how| how.eq_ignore_ascii_case("chunked"));
    let is_there = || !matches!(&request.body, Body::Whole(bytes) if bytes.is_empty());
    request.headers.contains_key(CONTENT_LENGTH) || is_chunked() || is_there()
}

/// The parameters of a body.
fn body(request: &Request, wish: LeadCall) -> Result<Map<String, Value>, Refused> {
    let given = joined(&request.headers, &CONTENT_TYPE);
    if given.is_empty() {
        return Err(Refused::new(415, TYPE, "Content-Type header is required"));
    }
    let media = Media::choose(&given).ok_or_else(|| {
        let known: Vec<&str> = Media::ALL.iter().map(|media| media.name()).collect();
        let known = known.join(", ");
        Refused::new(406, TYPE, format!("MIME type in Content-Type header is not supported. Use only {known}."))
    })?;
    let bytes = match &request.body {
        Body::Whole(bytes) => bytes,
        Body::TooLarge { limit } => {
            return Err(Refused::new(413, "/body", format!("the body is larger than {limit} bytes")));
        }
        // The pipeline has answered these.
        Body::Stalled | Body::Broken(_) => return Err(Refused::new(400, "/body", "the body did not arrive")),
    };
    if let Some(encoding) = request.header(&CONTENT_ENCODING).filter(|name| !name.eq_ignore_ascii_case("identity")) {
        let encoding: String = encoding.chars().take(100).collect();
        return Err(Refused::new(
            415,
            "/headers/content-encoding",
            format!("Content-Encoding {encoding} is not read; send the body as it is"),
        ));
    }
    let text = media::decode(bytes, &given);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Ok(Map::new());
    }
    match media {
        Media::Form => nest::nest(pairs(text.as_bytes()))
            .map_err(|error| Refused::new(400, "/body", format!("Unable to parse body -- {error}."))),
        // The module for submissions lets this error through, that for feedback says so.
        Media::Json if wish == LeadCall::Feedback => json::read(text).map_err(|error| {
            Refused::new(400, "/body", format!("Body is not parsable as application/json -- {error}"))
        }),
        Media::Json => json::read(text)
            .map_err(|error| Refused::new(400, "/body", format!("Unable to parse body -- SyntaxError: {error}."))),
        Media::ApplicationXml | Media::TextXml => xml::read(text).map_err(|error| {
            Refused::new(400, "/body", format!("Body does not contain XML or XML is unparseable -- Error: {error}."))
        }),
    }
}

#[cfg(test)]
mod tests;
