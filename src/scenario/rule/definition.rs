//! The types of compiled rules.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use serde_json::Value;

use super::matcher::RequestMatcher;
use crate::http::message::Drip;
use crate::http::wire_fault::WireFault;
use crate::leadconduit::state::sso::SsoStatus;
use crate::scenario::language::{CallRange, SsoSpec, TtlStart, WorldSpec};
use crate::support::clock::SignedDuration;
use crate::support::delay::Delay;
use crate::support::document::serialise;

/// The most rules of a scenario, and the most steps of a rule.
pub const RULES_MAX: usize = 1000;

/// Rules in the order of evaluation.
pub type RuleList = Vec<Arc<Rule>>;

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// The name in logs and in `X-Mock-Fault`.
    pub name: String,
    /// Whether the rule is evaluated before routing and authentication.
    pub gate: bool,
    pub(super) matcher: RequestMatcher,
    pub(super) call: Option<CallRange>,
    pub(super) rate: Option<RateLimit>,
    pub(super) activation: Activation,
    pub(super) steps: Vec<Step>,
    pub(super) repeat: bool,
}

/// Which of the matching requests a rule is applied to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Activation {
    pub(super) probability: f64,
    pub(super) times: Option<u64>,
    pub(super) after: u64,
    pub(super) succeed_first: u64,
    pub(super) ttl: Option<SignedDuration>,
    pub(super) ttl_from: TtlStart,
}

/// A limit on the number of requests in a window of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateLimit {
    pub(super) calls: u64,
    pub(super) within: SignedDuration,
    pub(super) per_key: bool,
}

/// What happens to one request.
#[derive(Debug)]
pub struct Step {
    /// The number of requests that the step is for; `None` for all.
    pub(super) times: Option<u64>,
    /// The time that the step is for, from its first request on; `None` for no end.
    pub(super) lasts: Option<SignedDuration>,
    pub(super) response: Option<ResponseSpec>,
    /// Added to the response of the rule or of the operation. Values can be templates.
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) delay: Option<Delay>,
    pub(super) slow_headers: Option<Drip>,
    pub(super) drip: Option<Drip>,
    pub(super) wire_fault: Option<WireFault>,
    /// Whether the operation is not executed although the step has no response of its own.
    pub(super) skips_operation: bool,
    /// A change of the world, made before the operation is executed.
    pub change: Option<Box<WorldChange>>,
    /// Whether the response may violate the contract.
    pub intentionally_invalid: bool,
}

/// A change of the world.
#[derive(Debug)]
pub struct WorldChange {
    /// Keys, accounts and their documents.
    pub world: WorldSpec,
    /// Entries of the single sign-on service.
    pub sso: SsoSpec,
    /// The new health of the single sign-on service, if it changes.
    pub health: Option<SsoStatus>,
    /// How long the new health lasts; `None` for no end.
    pub lasts: Option<SignedDuration>,
}

/// The response in place of an operation.
#[derive(Debug)]
pub(super) enum ResponseSpec {
    /// A body. Without a status, the response has the success status of the operation.
    Body { status: Option<u16>, body: Option<Value>, is_template: bool },
    /// An example of the contract.
    Example { status: Option<u16>, name: String },
}

impl Rule {
    /// An upper bound of what the compiled regular expressions of the rule take.
    #[must_use]
    pub fn regex_bytes(&self) -> usize {
        self.matcher.regex_bytes
    }

    /// The changes that steps make to the world, with the indexes of the steps.
    pub fn changes(&self) -> impl Iterator<Item = (usize, &WorldChange)> {
        self.steps.iter().enumerate().filter_map(|(index, step)| step.change.as_deref().map(|change| (index, change)))
    }
}

impl Step {
    /// Whether the step has no effect. Such a step lets a request pass, and counts it.
    pub(super) fn is_empty(&self) -> bool {
        self.response.is_none()
            && self.headers.is_empty()
            && self.delay.is_none()
            && self.slow_headers.is_none()
            && self.drip.is_none()
            && self.wire_fault.is_none()
            && self.change.is_none()
    }

    /// The bytes of a body. Text is sent as it is if the step sets a content type other than JSON.
    pub(super) fn body_bytes(&self, body: Option<&Value>) -> Bytes {
        let is_plain = self.headers.iter().any(|(name, value)| *name == CONTENT_TYPE && !value.contains("json"));
        match body {
            None => Bytes::new(),
            Some(Value::String(text)) if is_plain => Bytes::from(text.clone()),
            Some(other) => serialise(other),
        }
    }
}

/// A status from 200 to 599.
pub(super) fn status_code(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
