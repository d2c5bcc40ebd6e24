//! One exchange as the journal records it: compact, and redacted wherever it is shown.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Version};
use serde_json::Value;

use super::clean_texts::is_clean;
use super::recorded_body::RecordedBody;
use super::recorded_response::RecordedResponse;
use super::request_head::{KnownSecrets, RequestHead, flatten, header_pairs, redact_headers};
use super::response_head::RecordedHead;
use crate::contract::lead_body::{BodyFormat, read_body_value};
use crate::contract::{Contract, Evidence, Operation, Violation};
use crate::http::message::{Body, Request, Response};
use crate::http::wire_fault::WireFault;
use crate::leadconduit::lead_report::LeadReport;
use crate::scenario::Scenario;
use crate::scenario::rule::respond::AppliedRule;
use crate::support::clock::Timestamp;
use crate::support::redaction::Redactor;

/// A request with its response and its assessment.
///
/// The request is redacted when it is recorded, because log and coverage need it; most requests need no more than a
/// search. The response is redacted when it is first shown.
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
    /// The scheme of the URL: `http` or `https`.
    pub scheme: &'static str,
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
    /// The evidence for the response, where it is another than that of its status.
    pub evidence: Option<Evidence>,
    /// The rules that were applied.
    pub applied_rules: Vec<AppliedRule>,
    /// The body of the request.
    pub request_body: RecordedBody,
    /// Path and query.
    url: Arc<str>,
    /// The request headers, which exchanges share; see [`header_pairs`].
    request_headers: Arc<str>,
    response: RecordedResponse,
    /// Whether redaction may have changed the request.
    is_request_redacted: bool,
    bytes: usize,
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
    /// A simulated service beside LeadConduit, such as SuppressionList.
    Service,
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

/// The parts of an [`Exchange`] before redaction.
#[derive(Debug)]
pub struct ExchangeParts<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its path without the `/__sandbox/<name>` prefix.
    pub path: &'a str,
    /// The response.
    pub response: &'a Response,
    /// Its headers, if they come from a template.
    pub response_head: Option<RecordedHead>,
    /// Texts that are replaced wherever they occur.
    pub secrets: KnownSecrets<'a>,
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
    /// The account id and the user id of the caller.
    pub caller: Option<(Arc<str>, Arc<str>)>,
    /// The violations of the contract in the request, and findings that break no contract.
    pub violations: Vec<Violation>,
    /// What the lead handler decided about a submission or ping.
    pub lead: Option<Box<LeadReport>>,
    /// The form of the credentials that were sent.
    pub credentials: CredentialKind,
    /// Whether violations were looked for.
    pub contract_check: ContractCheck,
    /// The evidence for the response, where it is another than that of its status.
    pub evidence: Option<Evidence>,
    /// The rules that were applied.
    pub applied_rules: Vec<AppliedRule>,
    /// The limit of a recorded body in bytes.
    pub body_bytes_max: usize,
}

impl ExchangeParts<'_> {
    /// Redacts the request, and makes an exchange of the parts.
    #[must_use]
    pub fn into_exchange(mut self) -> Exchange {
        let head = RequestHead::of(self.request, &self.secrets, self.scenario.as_ref());
        let others = std::mem::take(&mut self.secrets.others);
        let texts = if others.is_empty() { head.texts.clone() } else { head.texts.with(others) };
        let redactor = self.with_secrets_of_lead(Redactor::new(texts));
        if head.is_clean && self.is_request_clean(&redactor) {
            let url = match self.request.query() {
                Some(query) => [self.path, "?", query].concat().into(),
                None => self.path.into(),
            };
            let body = RecordedBody::clean(self.body(), self.body_bytes_max);
            let request = RedactedRequest { url, headers: Arc::clone(&head.headers), body };
            return self.finish(request, &redactor, false);
        }
        let request = self.redact_request(&redactor);
        // Values that are secret by their name can be repeated elsewhere, so that everything is redacted once more.
        match redactor.with_found_values() {
            Some(redactor) => {
                let request = self.redact_request(&redactor);
                self.finish(request, &redactor, true)
            }
            None => self.finish(request, &redactor, true),
        }
    }

    /// Recipients can repeat in their reasons what mappings send.
    fn with_secrets_of_lead(&self, redactor: Redactor) -> Redactor {
        let secrets = self.lead.as_ref().map_or(&[][..], |lead| &lead.secrets[..]);
        for secret in secrets {
            redactor.remember(secret);
        }
        redactor.with_found_values().unwrap_or(redactor)
    }

    fn body(&self) -> &Bytes {
        static EMPTY: Bytes = Bytes::new();
        match &self.request.body {
            Body::Complete(bytes) => bytes,
            Body::TooLarge { .. } | Body::TimedOut | Body::Malformed(_) => &EMPTY,
        }
    }

    /// True when path, query and body certainly contain no secret. Then neither does what was derived from them, because an
    /// encoded text is not clean. A body that is not text can hide one.
    fn is_request_clean(&self, redactor: &Redactor) -> bool {
        let is_constant = self.operation.is_some_and(|operation| operation.path == self.path);
        let is_path_clean = if is_constant { !redactor.has_text(self.path) } else { is_clean(self.path, redactor) };
        let body = self.body();
        let is_body_clean =
            || std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0') && is_clean(text, redactor));
        is_path_clean
            && self.request.query().is_none_or(|query| is_clean(query, redactor))
            && (body.is_empty() || is_body_clean())
    }

    fn redact_request(&self, redactor: &Redactor) -> RedactedRequest {
        let headers = redact_headers(&flatten(&self.request.headers), redactor);
        RedactedRequest {
            url: redactor.url(self.path, self.request.query()).into(),
            headers: headers.into(),
            body: RecordedBody::redacted(self.body(), self.body_bytes_max, redactor),
        }
    }

    fn finish(self, request: RedactedRequest, redactor: &Redactor, is_request_redacted: bool) -> Exchange {
        let RedactedRequest { url, headers, body } = request;
        let (request, response) = (self.request, self.response);
        let send_options = response.send_options.as_ref();
        let violations =
            if is_request_redacted { redact_violations(self.violations, redactor) } else { self.violations };
        let mut exchange = Exchange {
            number: self.number,
            at: self.at,
            duration_us: self.duration_us,
            delay_ms: send_options.map_or(0, |send_options| send_options.delay_ms),
            scenario: self.scenario,
            operation: self.operation.map(|operation| operation.index),
            response_source: self.response_source,
            caller: self.caller,
            method: redactor.method(&request.method),
            version: request.version,
            scheme: request.scheme(),
            status: response.status.as_u16(),
            wire_fault: send_options.and_then(|send_options| send_options.wire_fault),
            credentials: self.credentials,
            violations,
            lead: self.lead.map(|lead| redact_lead(lead, redactor)),
            contract_check: self.contract_check,
            evidence: self.evidence,
            applied_rules: self.applied_rules,
            request_body: body,
            url,
            request_headers: headers,
            response: RecordedResponse::new(response, self.response_head, self.body_bytes_max, redactor),
            is_request_redacted,
            bytes: 0,
        };
        exchange.bytes = exchange.measure();
        exchange
    }
}

/// A request after redaction.
struct RedactedRequest {
    url: Arc<str>,
    headers: Arc<str>,
    body: RecordedBody,
}

impl Exchange {
    /// Path and query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Path and query, to be kept without a copy.
    #[must_use]
    pub fn shared_url(&self) -> &Arc<str> {
        &self.url
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
        header_pairs(&self.request_headers)
    }

    /// The response headers in their order; names in lower case.
    pub fn response_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        header_pairs(&self.response.redacted(self.scenario.as_deref()).headers)
    }

    /// The body of the response, before any fault.
    #[must_use]
    pub fn response_body(&self) -> &RecordedBody {
        &self.response.redacted(self.scenario.as_deref()).body
    }

    /// Redacts the names in a request as the contract validated it; a request without secrets needs that not.
    pub fn redact_names(&self, query: &mut [(String, String)], body: &mut Value) {
        if self.is_request_redacted {
            self.response.redactor().names_of_parameters(query, body);
        }
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

    /// The approximate memory in bytes, as it was when the exchange was recorded. Redaction of the response replaces it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A copy without headers and bodies, with other texts.
    #[must_use]
    pub fn without_content(&self, url: Arc<str>, violations: Vec<Violation>, lead: Option<Box<LeadReport>>) -> Self {
        let mut copy = Self {
            number: self.number,
            at: self.at,
            duration_us: self.duration_us,
            delay_ms: self.delay_ms,
            scenario: self.scenario.clone(),
            operation: self.operation,
            response_source: self.response_source,
            caller: self.caller.clone(),
            credentials: self.credentials,
            method: self.method.clone(),
            version: self.version,
            scheme: self.scheme,
            status: self.status,
            wire_fault: self.wire_fault,
            violations,
            lead,
            contract_check: self.contract_check,
            evidence: self.evidence,
            applied_rules: self.applied_rules.clone(),
            request_body: RecordedBody::default(),
            url,
            request_headers: Arc::default(),
            response: RecordedResponse::default(),
            is_request_redacted: self.is_request_redacted,
            bytes: 0,
        };
        copy.bytes = copy.measure();
        copy
    }

    fn measure(&self) -> usize {
        let violations: usize =
            self.violations.iter().map(|one| one.location.len() + one.code.len() + one.message.len() + 96).sum();
        size_of::<Self>()
            + self.url.len()
            + self.request_headers.len()
            + self.request_body.bytes.len()
            + self.response.bytes()
            + violations
            + self.lead.as_ref().map_or(0, |lead| lead.bytes())
            + self.applied_rules.len() * 128
    }
}

/// Redacts what the lead handler decided: reasons can quote values of the lead.
fn redact_lead(mut lead: Box<LeadReport>, redactor: &Redactor) -> Box<LeadReport> {
    let LeadReport { reason, decision, steps, secrets, .. } = &mut *lead;
    *secrets = Vec::new();
    let mut all = String::new();
    let mut is_truncated = false;
    for text in steps.iter().chain([&*reason, &decision.description]) {
        is_truncated |= redactor.is_truncated_within_text(text);
        all.push_str(text);
        all.push('\n');
    }
    if !is_truncated && is_clean(&all, redactor) {
        return lead;
    }
    for text in steps.iter_mut().chain([reason, &mut decision.description]) {
        let redacted = redactor.sentence(text);
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
            let redacted = redactor.sentence(text);
            if *redacted != **text {
                *text = redacted.into_owned();
            }
        }
    }
    violations
}
