//! A request of which a control call tells, in the shape of `WireMock`'s logged request. It was never made.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::{Call, body};
use crate::config::settings::Limits;
use crate::contract::problem::Problem;
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{AnsweredBy, Draft, Exchange};
use crate::sandbox::selector;
use contract_files::yaml::Diagnostic;

/// A request that somebody describes.
pub(super) struct Described {
    /// It as the journal would have it, so that secrets are replaced as they are there.
    pub(super) exchange: Exchange,
    /// The method, when one was named.
    pub(super) method: Option<Method>,
}

/// Reads the body of a call. Names that it does not know are passed over: whole entries of the journal may be sent.
pub(super) fn read(call: &Call<'_>) -> Result<Described, Problem> {
    let source = body::source(call)?;
    let value: Value = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let mut reader = Reader { value: &value, mistakes: Vec::new() };
    let (uri, method) = (reader.uri(), reader.method());
    let (headers, bytes) = (reader.headers(), reader.body());
    if !reader.mistakes.is_empty() {
        let all: Vec<Diagnostic> =
            reader.mistakes.iter().map(|(pointer, message)| source.at_pointer(pointer, message)).collect();
        return Err(body::mistakes(&all));
    }
    let mut request = Request::new(method.clone().unwrap_or(Method::GET), uri);
    request.headers = headers;
    request.body = Body::Whole(bytes.into());
    let (_, path) = selector::split_path(request.path());
    let key = selector::choose(&request).ok().and_then(|choice| choice.key);
    let draft = Draft {
        request: &request,
        path,
        reply: &Response::new(http::StatusCode::OK, ""),
        key: key.as_deref(),
        number: 0,
        at: call.sandbox.clock().now(),
        took_us: 0,
        scenario: None::<Arc<_>>,
        operation: None,
        met: AnsweredBy::Nothing,
        caller: None,
        violations: Vec::new(),
        spoken: Vec::new(),
        body_bytes_max: Limits::default().journal_body_bytes_max,
    };
    Ok(Described { exchange: draft.finish(), method })
}

struct Reader<'v> {
    value: &'v Value,
    mistakes: Vec<(&'static str, String)>,
}

impl Reader<'_> {
    fn mistake(&mut self, pointer: &'static str, message: impl Into<String>) {
        self.mistakes.push((pointer, message.into()));
    }

    /// A text; `null` counts as absent.
    fn text(&mut self, pointer: &'static str) -> Option<String> {
        match self.value.pointer(pointer)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            _ => {
                self.mistake(pointer, format!("`{}` must be a text", &pointer[1..]));
                None
            }
        }
    }

    fn uri(&mut self) -> Uri {
        if !self.value.is_object() {
            self.mistake("", "describe a request: {\"method\": \"GET\", \"url\": \"/connections\"}");
            return Uri::default();
        }
        let before = self.mistakes.len();
        for pointer in ["/url", "/absoluteUrl"] {
            let Some(text) = self.text(pointer) else { continue };
            if let Ok(uri) = text.parse::<Uri>()
                && uri.path().starts_with('/')
                && (pointer != "/url" || uri.authority().is_none())
            {
                return uri;
            }
            let wanted = if pointer == "/url" { "/connections?limit=5" } else { "http://localhost/connections" };
            self.mistake(pointer, format!("`{}` is not understood: write one such as {wanted}", &pointer[1..]));
        }
        if self.mistakes.len() == before {
            self.mistake("", "`url` is missing: write the path of the request, such as /connections");
        }
        Uri::default()
    }

    fn method(&mut self) -> Option<Method> {
        let text = self.text("/method")?;
        let method = text.parse().ok();
        if method.is_none() {
            self.mistake("/method", "`method` is no method: write one such as GET");
        }
        // WireMock's word for any.
        method.filter(|method: &Method| method != "ANY")
    }

    fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(shown) = self.value.get("headers").filter(|headers| !headers.is_null()) else { return headers };
        let Some(object) = shown.as_object() else {
            self.mistake("/headers", "`headers` must be names with their values");
            return headers;
        };
        for (name, value) in object {
            let values = match value {
                Value::Array(values) => values.iter().collect(),
                one => vec![one],
            };
            for value in values {
                let name = name.parse::<HeaderName>().ok();
                let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
                match name.zip(value) {
                    Some((name, value)) if headers.len() < 200 => drop(headers.append(name, value)),
                    Some(_) => return headers,
                    None => {
                        self.mistake("/headers", "each of `headers` must be a text, or a list of texts");
                        return headers;
                    }
                }
            }
        }
        headers
    }

    fn body(&mut self) -> Vec<u8> {
        if let Some(text) = self.text("/body") {
            return text.into_bytes();
        }
        let Some(text) = self.text("/bodyAsBase64") else { return Vec::new() };
        STANDARD.decode(text).unwrap_or_else(|_| {
            self.mistake("/bodyAsBase64", "`bodyAsBase64` is not Base64; write `body` for plain text");
            Vec::new()
        })
    }
}
