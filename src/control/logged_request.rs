//! A request that is described in the body of a control call, in the shape of `WireMock`'s logged request. It was never
//! sent.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::body;
use super::call::ControlCall;
use crate::config::limits::Limits;
use crate::contract::problem::Problem;
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{ContractCheck, CredentialKind, Exchange, ExchangeParts, KnownSecrets, ResponseSource};
use crate::sandbox::selector;
use contract_files::yaml::Diagnostic;

/// A described request.
pub(super) struct LoggedRequest {
    /// The request as the journal would record it, so that secrets are redacted in the same way.
    pub(super) exchange: Exchange,
    /// The method; `None` when it is absent or `ANY`.
    pub(super) method: Option<Method>,
}

/// Parses the body of a call. Unknown names are ignored, so that a client can send a journal entry as it is.
pub(super) fn parse(call: &ControlCall<'_>) -> Result<LoggedRequest, Problem> {
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    let mut parser = Parser { value: &value, errors: Vec::new() };
    let (uri, method) = (parser.uri(), parser.method());
    let (headers, bytes) = (parser.headers(), parser.body());
    if !parser.errors.is_empty() {
        let diagnostics: Vec<Diagnostic> =
            parser.errors.iter().map(|(pointer, message)| source.at_pointer(pointer, message)).collect();
        return Err(body::invalid(&diagnostics));
    }
    let mut request = Request::new(method.clone().unwrap_or(Method::GET), uri);
    request.headers = headers;
    request.body = Body::Complete(bytes.into());
    let (_, path) = selector::split_sandbox_path(request.path());
    let parts = ExchangeParts {
        request: &request,
        path,
        response: &Response::new(http::StatusCode::OK, ""),
        response_head: None,
        secrets: KnownSecrets { credentials: selector::credential_texts, ..KnownSecrets::default() },
        number: 0,
        at: call.sandbox.clock().now(),
        duration_us: 0,
        scenario: None::<Arc<_>>,
        operation: None,
        response_source: ResponseSource::Unmatched,
        caller: None,
        violations: Vec::new(),
        lead: None,
        credentials: CredentialKind::default(),
        contract_check: ContractCheck::NotReached,
        evidence: None,
        applied_rules: Vec::new(),
        body_bytes_max: Limits::default().journal_body_bytes_max,
    };
    Ok(LoggedRequest { exchange: parts.into_exchange(), method })
}

struct Parser<'v> {
    value: &'v Value,
    /// Pointers with messages.
    errors: Vec<(&'static str, String)>,
}

impl Parser<'_> {
    fn error(&mut self, pointer: &'static str, message: impl Into<String>) {
        self.errors.push((pointer, message.into()));
    }

    /// The string at a pointer; `null` counts as absent.
    fn text(&mut self, pointer: &'static str) -> Option<String> {
        match self.value.pointer(pointer)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            _ => {
                self.error(pointer, format!("`{}` must be a string", &pointer[1..]));
                None
            }
        }
    }

    fn uri(&mut self) -> Uri {
        if !self.value.is_object() {
            self.error("", "describe a request: {\"method\": \"GET\", \"url\": \"/connections\"}");
            return Uri::default();
        }
        let before = self.errors.len();
        for pointer in ["/url", "/absoluteUrl"] {
            let Some(text) = self.text(pointer) else { continue };
            if let Ok(uri) = text.parse::<Uri>()
                && uri.path().starts_with('/')
                && (pointer != "/url" || uri.authority().is_none())
            {
                return uri;
            }
            let example = if pointer == "/url" { "/connections?limit=5" } else { "http://localhost/connections" };
            self.error(pointer, format!("`{}` is not valid; write one such as {example}", &pointer[1..]));
        }
        if self.errors.len() == before {
            self.error("", "`url` is missing; write the path of the request, such as /connections");
        }
        Uri::default()
    }

    fn method(&mut self) -> Option<Method> {
        let text = self.text("/method")?;
        let method = text.parse().ok();
        if method.is_none() {
            self.error("/method", "`method` is not an HTTP method; write one such as GET");
        }
        // `ANY` is WireMock's wildcard.
        method.filter(|method: &Method| method != "ANY")
    }

    fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(value) = self.value.get("headers").filter(|headers| !headers.is_null()) else { return headers };
        let Some(object) = value.as_object() else {
            self.error("/headers", "`headers` must be an object of names and values");
            return headers;
        };
        for (name, value) in object {
            let values = match value {
                Value::Array(values) => values.iter().collect(),
                single => vec![single],
            };
            for value in values {
                let name = name.parse::<HeaderName>().ok();
                let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
                match name.zip(value) {
                    Some((name, value)) if headers.len() < 200 => drop(headers.append(name, value)),
                    Some(_) => return headers,
                    None => {
                        self.error("/headers", "each value in `headers` must be a string, or an array of strings");
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
            self.error("/bodyAsBase64", "`bodyAsBase64` is not Base64; write `body` for plain text");
            Vec::new()
        })
    }
}
