//! One exchange as the journal records it: copied out of the server's buffers, compact, and redacted.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Version};
use serde_json::Value;

use crate::contract::lead_body::{BodyFormat, read_body_value};
use crate::contract::{Contract, Operation, Violation};
use crate::http::message::{Body, Request, Response};
use crate::http::wire_fault::WireFault;
use crate::leadconduit::lead_report::LeadReport;
use crate::leadconduit::state::Caller;
use crate::scenario::Scenario;
use crate::scenario::rule::respond::AppliedRule;
use crate::support::clock::Timestamp;
use crate::support::redaction::{Completeness, Redactor};

/// A request with its response and its assessment. Secrets have been replaced.
#[derive(Debug)]
pub struct Exchange {
    /// The number of the request in its sandbox, from 1: the header `X-Mock-Request-Id`.
    pub number: u64,
    /// The time of the request on the sandbox's clock.
    pub at: Timestamp,
    /// The processing time in microseconds.
    pub duration_us: u64,
    /// The added delay of the response in milliseconds.
    pub delay_ms: u64,
    /// The scenario of the sandbox; `None` when the request selects no valid sandbox.
    pub scenario: Option<Arc<Scenario>>,
    /// The index of the operation in the contract.
    operation: Option<usize>,
    /// What produced the response.
    pub response_source: ResponseSource,
    /// The account id and the user id of the caller, when the API key is known.
    pub caller: Option<(Arc<str>, Arc<str>)>,
    /// The form of the credentials that were sent.
    pub credentials: CredentialKind,
    /// The method.
    pub method: Method,
    /// The HTTP version.
    pub version: Version,
    /// The status of the response.
    pub status: u16,
    /// The fault with which the connection was broken.
    pub wire_fault: Option<WireFault>,
    /// The violations of the contract in the request, and findings that break no contract.
    pub violations: Vec<Violation>,
    /// What the lead handler decided about a submission or ping.
    pub lead: Option<Box<LeadReport>>,
    /// Whether violations were looked for.
    pub contract_check: ContractCheck,
    /// The rules that were applied.
    pub applied_rules: Vec<AppliedRule>,
    /// The body of the request.
    pub request_body: RecordedBody,
    /// The body of the response, before any fault.
    pub response_body: RecordedBody,
    /// Path and query, the request headers, and the response headers, in one allocation.
    text: Box<str>,
    url_end: usize,
    request_end: usize,
}

/// What produced the response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseSource {
    /// An operation of the contract, or a rule that replaced its response.
    Operation,
    /// A rule, before the request was routed to an operation.
    Rule,
    /// The mock itself: a CORS preflight or `OPTIONS`.
    Mock,
    /// An error response: no operation has the method and path, or the request could not be read.
    Unmatched,
}

/// The form of the credentials of a request. The key itself is not recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialKind {
    /// No `Authorization` header.
    #[default]
    Missing,
    /// HTTP Basic with a password.
    Password,
    /// HTTP Basic with an API key as the user name, and another password or none.
    KeyAsUser,
    /// HTTP Basic without a password.
    EmptyPassword,
    /// A bearer token that is an API key.
    KeyAsBearer,
    /// Another bearer token.
    Bearer,
    /// HTTP Basic that cannot be decoded, or another scheme.
    Other,
}

/// Whether a request was compared with the contract. Without that, it has no violations, whatever it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContractCheck {
    /// It was.
    Done,
    /// An earlier step ended the request: it has no valid key, or a gate responded.
    #[default]
    NotReached,
    /// The server does not validate requests.
    Disabled,
}

/// The recorded body of a request or a response.
#[derive(Clone, Debug, Default)]
pub struct RecordedBody {
    /// The redacted body, or its beginning.
    pub bytes: Bytes,
    /// The original length in bytes.
    pub length: usize,
    completeness: Completeness,
}

impl RecordedBody {
    fn new(bytes: &Bytes, bytes_max: usize, redactor: &Redactor) -> Self {
        let (recorded, completeness) = redactor.body(bytes, bytes_max);
        Self { bytes: recorded, length: bytes.len(), completeness }
    }

    /// True when only the beginning was recorded. A body that redaction made shorter is complete.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.completeness == Completeness::Truncated
    }

    /// The body as JSON; `null` when it is not JSON or truncated.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// The parts of an [`Exchange`] before redaction.
#[derive(Debug)]
pub struct ExchangeParts<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its path without the `/__sandbox/<name>` prefix.
    pub path: &'a str,
    /// The response.
    pub response: &'a Response,
    /// Texts that are replaced wherever they occur: the credentials of the request, and the token of the control API.
    pub secrets: Vec<String>,
    /// The number of the request in its sandbox.
    pub number: u64,
    /// The time of the request on the sandbox's clock.
    pub at: Timestamp,
    /// The processing time in microseconds.
    pub duration_us: u64,
    /// The scenario of the sandbox.
    pub scenario: Option<Arc<Scenario>>,
    /// The operation.
    pub operation: Option<&'a Operation>,
    /// What produced the response.
    pub response_source: ResponseSource,
    /// The caller.
    pub caller: Option<&'a Caller>,
    /// The violations of the contract in the request, and findings that break no contract.
    pub violations: Vec<Violation>,
    /// What the lead handler decided about a submission or ping.
    pub lead: Option<Box<LeadReport>>,
    /// The form of the credentials that were sent.
    pub credentials: CredentialKind,
    /// Whether violations were looked for.
    pub contract_check: ContractCheck,
    /// The rules that were applied.
    pub applied_rules: Vec<AppliedRule>,
    /// The limit of a recorded body in bytes.
    pub body_bytes_max: usize,
}

impl ExchangeParts<'_> {
    /// Redacts the parts and copies them into an exchange.
    #[must_use]
    pub fn into_exchange(mut self) -> Exchange {
        let redactor = Redactor::new(std::mem::take(&mut self.secrets));
        let redacted = self.redact_request(&redactor);
        // Values that are secret by their name can be repeated elsewhere, so that everything is redacted once more.
        match redactor.with_found_values() {
            Some(redactor) => {
                let redacted = self.redact_request(&redactor);
                self.redact_response(redacted, &redactor)
            }
            None => self.redact_response(redacted, &redactor),
        }
    }

    fn redact_request(&self, redactor: &Redactor) -> RedactedRequest {
        let request = self.request;
        let mut text = String::with_capacity(1024);
        text.push_str(&redactor.url(self.path, request.query()));
        let url_end = text.len();
        push_headers(&mut text, &request.headers, redactor);
        let body = match &request.body {
            Body::Complete(bytes) => RecordedBody::new(bytes, self.body_bytes_max, redactor),
            Body::TooLarge { .. } | Body::TimedOut | Body::Malformed(_) => RecordedBody::default(),
        };
        RedactedRequest { text, url_end, body }
    }

    fn redact_response(self, redacted: RedactedRequest, redactor: &Redactor) -> Exchange {
        let (request, response) = (self.request, self.response);
        let RedactedRequest { mut text, url_end, body: mut request_body } = redacted;
        let request_end = text.len();
        push_headers(&mut text, &response.headers, redactor);
        // A copy, because a slice would keep the whole read buffer of the connection alive.
        request_body.bytes = Bytes::copy_from_slice(&request_body.bytes);
        let response_body = RecordedBody::new(&response.body, self.body_bytes_max, redactor);
        let send_options = response.send_options.as_ref();
        Exchange {
            number: self.number,
            at: self.at,
            duration_us: self.duration_us,
            delay_ms: send_options.map_or(0, |send_options| send_options.delay_ms),
            scenario: self.scenario,
            operation: self.operation.map(|operation| operation.index),
            response_source: self.response_source,
            caller: self.caller.map(|caller| (Arc::clone(&caller.account), Arc::clone(&caller.user))),
            method: redactor.method(&request.method),
            version: request.version,
            status: response.status.as_u16(),
            wire_fault: send_options.and_then(|send_options| send_options.wire_fault),
            credentials: self.credentials,
            violations: redact_violations(self.violations, redactor),
            lead: self.lead.map(|lead| redact_lead(lead, redactor)),
            contract_check: self.contract_check,
            applied_rules: self.applied_rules,
            request_body,
            response_body,
            text: text.into_boxed_str(),
            url_end,
            request_end,
        }
    }
}

/// A request after redaction.
struct RedactedRequest {
    /// Path and query, then the headers.
    text: String,
    url_end: usize,
    body: RecordedBody,
}

fn push_headers(text: &mut String, headers: &HeaderMap, redactor: &Redactor) {
    redactor.headers(headers, |name, value| {
        for part in [name, "\n", value, "\n"] {
            text.push_str(part);
        }
    });
}

impl Exchange {
    /// Path and query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.text[..self.url_end]
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url().split('?').next().unwrap_or_default()
    }

    /// The query without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.url().split_once('?').map(|(_, query)| query)
    }

    /// The request headers in their order; names in lower case.
    pub fn request_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        header_pairs(&self.text[self.url_end..self.request_end])
    }

    /// The response headers in their order; names in lower case.
    pub fn response_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        header_pairs(&self.text[self.request_end..])
    }

    /// The values of one request header.
    pub fn request_header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.request_headers().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The `Host` header; empty when it is absent.
    #[must_use]
    pub fn host(&self) -> &str {
        self.request_header(HOST.as_str()).next().unwrap_or_default()
    }

    /// The format of the request body, by its `Content-Type`.
    #[must_use]
    pub fn body_format(&self) -> BodyFormat {
        BodyFormat::of(self.content_type())
    }

    /// The values of the request body: of JSON, a form, or XML; `None` when it has none, and for a truncated body.
    #[must_use]
    pub fn body_value(&self) -> Option<Value> {
        let body = &self.request_body;
        if body.is_truncated() { None } else { read_body_value(self.content_type(), &body.bytes) }
    }

    fn content_type(&self) -> &str {
        self.request_header(CONTENT_TYPE.as_str()).next().unwrap_or_default()
    }

    /// The operation that the request was routed to.
    #[must_use]
    pub fn operation<'c>(&self, contract: &'c Contract) -> Option<&'c Operation> {
        contract.operations.get(self.operation?)
    }

    /// True when no operation, no rule and no handler of the mock produced the response.
    #[must_use]
    pub fn is_unmatched(&self) -> bool {
        self.response_source == ResponseSource::Unmatched
    }

    /// The violations that break the contract, without other findings.
    pub fn contract_violations(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| violation.breaks_contract())
    }

    /// Whether the request breaks the contract.
    #[must_use]
    pub fn breaks_contract(&self) -> bool {
        self.contract_violations().next().is_some()
    }

    /// The index of the operation in the contract.
    #[must_use]
    pub fn operation_index(&self) -> Option<usize> {
        self.operation
    }

    /// The id: the number of the request in the form of a UUID, as `WireMock`'s clients expect.
    #[must_use]
    pub fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.number)
    }

    /// Parses an id, or a number, into the number of a request.
    #[must_use]
    pub fn parse_number(id: &str) -> Option<u64> {
        match id.strip_prefix("00000000-0000-4000-8000-") {
            Some(digits) if digits.len() == 12 => u64::from_str_radix(digits, 16).ok(),
            Some(_) => None,
            None => id.parse().ok(),
        }
    }

    /// The approximate memory in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let violations: usize =
            self.violations.iter().map(|one| one.location.len() + one.code.len() + one.message.len() + 96).sum();
        size_of::<Self>()
            + self.text.len()
            + self.request_body.bytes.len()
            + self.response_body.bytes.len()
            + violations
            + self.lead.as_ref().map_or(0, |lead| lead.bytes())
            + self.applied_rules.len() * 128
    }
}

/// Splits text in which each name and each value is a line.
fn header_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.split('\n');
    std::iter::from_fn(move || {
        let name = lines.next().filter(|name| !name.is_empty())?;
        Some((name, lines.next()?))
    })
}

/// Redacts what the lead handler decided: reasons can quote values of the lead.
fn redact_lead(mut lead: Box<LeadReport>, redactor: &Redactor) -> Box<LeadReport> {
    let LeadReport { reason, decision, steps, .. } = &mut *lead;
    for text in steps.iter_mut().chain([reason, &mut decision.description]) {
        let redacted = redactor.text(text);
        if *redacted != **text {
            *text = redacted.into_owned();
        }
    }
    lead
}

/// Redacts violations, whose messages quote names of the request.
fn redact_violations(mut violations: Vec<Violation>, redactor: &Redactor) -> Vec<Violation> {
    for violation in &mut violations {
        for text in [&mut violation.location, &mut violation.message] {
            let redacted = redactor.text(text);
            if *redacted != **text {
                *text = redacted.into_owned();
            }
        }
    }
    violations
}
