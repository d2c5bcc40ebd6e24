//! One exchange as the journal keeps it: copied out of the server's buffers, small, and without secrets.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Version};
use serde_json::Value;

use crate::contract::{Contract, Operation, Violation};
use crate::http::message::{Body, Request, Response, WireFault};
use crate::leadconduit::state::Caller;
use crate::scenario::Scenario;
use crate::scenario::rule::respond::AppliedRule;
use crate::support::clock::Timestamp;
use crate::support::redact::{self, Kept};

/// One request with its reply and what we thought of it. Secrets have been replaced.
#[derive(Debug)]
pub struct Exchange {
    /// The number of the request in its sandbox, from 1; `X-Mock-Request-Id`.
    pub number: u64,
    /// When it was, on the sandbox's clock.
    pub at: Timestamp,
    /// How long the mock worked on it, in microseconds.
    pub took_us: u64,
    /// How long the reply was held back, in milliseconds.
    pub delay_ms: u64,
    /// The scenario that was played; `None` when no sandbox could be told from the request.
    pub scenario: Option<Arc<Scenario>>,
    /// The place of its operation in the contract.
    operation: Option<usize>,
    /// What answered it.
    pub met: AnsweredBy,
    /// The account and the user of the caller, when the key was known.
    pub caller: Option<(Arc<str>, Arc<str>)>,
    /// The method.
    pub method: Method,
    /// The version of HTTP.
    pub version: Version,
    /// The status of the reply.
    pub status: u16,
    /// How the connection broke, if it did.
    pub fault: Option<WireFault>,
    /// How the request broke the contract.
    pub violations: Vec<Violation>,
    /// What rules did.
    pub spoken: Vec<AppliedRule>,
    /// The request's body.
    pub request_body: Message,
    /// The reply's body, before any fault.
    pub reply_body: Message,
    /// Path and query, then the request's headers, then the reply's, in one piece of memory.
    text: Box<str>,
    url_end: usize,
    request_end: usize,
}

/// What answered a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// An operation of the contract, or a rule in its place.
    Operation,
    /// A rule, before the request could become an operation's.
    Rule,
    /// The mock itself: what browsers ask before a call, or `OPTIONS`.
    Mock,
    /// Nothing: there is no such operation, or the request could not be read.
    Nothing,
}

/// The body of a request or a reply.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// What is kept of it.
    pub kept: Bytes,
    /// How long it was.
    pub length: usize,
    /// Whether that is all.
    how: Kept,
}

impl Message {
    /// What is kept of a body.
    fn of(bytes: &Bytes, bytes_max: usize, key: Option<&str>) -> Self {
        let (kept, how) = redact::body(bytes, bytes_max, key);
        Self { kept, length: bytes.len(), how }
    }

    /// Whether only its beginning is kept. One whose secrets were replaced is whole, though shorter than it was.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.how == Kept::Beginning
    }

    /// It as JSON; `null` when it is none, or not kept whole.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.kept).unwrap_or_default()
    }
}

/// What an exchange is made of.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its path without what chooses a sandbox.
    pub path: &'a str,
    /// The reply.
    pub reply: &'a Response,
    /// The key that the request brought, which is replaced wherever it stands.
    pub key: Option<&'a str>,
    /// The number of the request in its sandbox.
    pub number: u64,
    /// When it was.
    pub at: Timestamp,
    /// How long the mock worked on it.
    pub took_us: u64,
    /// The scenario.
    pub scenario: Option<Arc<Scenario>>,
    /// The operation.
    pub operation: Option<&'a Operation>,
    /// What answered.
    pub met: AnsweredBy,
    /// Who called.
    pub caller: Option<&'a Caller>,
    /// How the request broke the contract.
    pub violations: Vec<Violation>,
    /// What rules did.
    pub spoken: Vec<AppliedRule>,
    /// How many bytes of a body are kept.
    pub body_bytes_max: usize,
}

impl Draft<'_> {
    /// The exchange as it is kept.
    #[must_use]
    pub fn finish(self) -> Exchange {
        let (request, reply) = (self.request, self.reply);
        let key = self.key.filter(|key| redact::is_worth_hiding(key));
        let mut text = String::with_capacity(1024);
        redact::push_url(&mut text, self.path, request.query(), key);
        let url_end = text.len();
        push_headers(&mut text, &request.headers, key);
        let request_end = text.len();
        push_headers(&mut text, &reply.headers, key);
        let mut request_body = match &request.body {
            Body::Whole(bytes) => Message::of(bytes, self.body_bytes_max, key),
            Body::TooLarge { .. } | Body::Stalled | Body::Broken(_) => Message::default(),
        };
        // Copied: the server's buffer that it is a part of is larger.
        request_body.kept = Bytes::copy_from_slice(&request_body.kept);
        let reply_body = Message::of(&reply.body, self.body_bytes_max, key);
        let delivery = reply.delivery.as_ref();
        Exchange {
            number: self.number,
            at: self.at,
            took_us: self.took_us,
            delay_ms: delivery.map_or(0, |delivery| delivery.delay_ms),
            scenario: self.scenario,
            operation: self.operation.map(|operation| operation.index),
            met: self.met,
            caller: self.caller.map(|caller| (Arc::clone(&caller.account), Arc::clone(&caller.user))),
            method: request.method.clone(),
            version: request.version,
            status: reply.status.as_u16(),
            fault: delivery.and_then(|delivery| delivery.fault),
            violations: redacted(self.violations, key),
            spoken: self.spoken,
            request_body,
            reply_body,
            text: text.into_boxed_str(),
            url_end,
            request_end,
        }
    }
}

fn push_headers(text: &mut String, headers: &HeaderMap, key: Option<&str>) {
    for (name, value) in headers {
        text.push_str(name.as_str());
        text.push('\n');
        redact::push_header(text, name, value, key);
        text.push('\n');
    }
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

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.url().split_once('?').map(|(_, query)| query)
    }

    /// The request's headers, in their order; names in lower case.
    pub fn request_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.text[self.url_end..self.request_end])
    }

    /// The reply's headers, in their order; names in lower case.
    pub fn reply_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.text[self.request_end..])
    }

    /// The values of one of the request's headers.
    pub fn request_header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.request_headers().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The server as the client called it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.request_header(HOST.as_str()).next().unwrap_or_default()
    }

    /// Its operation.
    #[must_use]
    pub fn operation<'c>(&self, contract: &'c Contract) -> Option<&'c Operation> {
        contract.operations.get(self.operation?)
    }

    /// The place of its operation in the contract.
    #[must_use]
    pub fn operation_index(&self) -> Option<usize> {
        self.operation
    }

    /// Its id, in the form of a UUID, as `WireMock`'s clients expect one. It is the number of the request.
    #[must_use]
    pub fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.number)
    }

    /// The number behind an id, or behind the number itself.
    #[must_use]
    pub fn number_of(id: &str) -> Option<u64> {
        match id.strip_prefix("00000000-0000-4000-8000-") {
            Some(digits) if digits.len() == 12 => u64::from_str_radix(digits, 16).ok(),
            Some(_) => None,
            None => id.parse().ok(),
        }
    }

    /// Roughly how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let violations: usize =
            self.violations.iter().map(|one| one.location.len() + one.code.len() + one.message.len() + 96).sum();
        size_of::<Self>()
            + self.text.len()
            + self.request_body.kept.len()
            + self.reply_body.kept.len()
            + violations
            + self.spoken.len() * 128
    }
}

/// Names and values, each in a line of its own.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.split('\n');
    std::iter::from_fn(move || {
        let name = lines.next().filter(|name| !name.is_empty())?;
        Some((name, lines.next()?))
    })
}

/// Violations quote what was sent.
fn redacted(mut violations: Vec<Violation>, key: Option<&str>) -> Vec<Violation> {
    for violation in &mut violations {
        for text in [&mut violation.location, &mut violation.message] {
            if let Cow::Owned(clean) = redact::without_key(text, key) {
                *text = clean;
            }
        }
    }
    violations
}
