//! The response of a selected rule, and how it is sent: delay, chunks, fault.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use minijinja::value::Value as TemplateValue;
use rand::RngExt;
use serde_json::{Value, json};

use super::definition::{ResponseSpec, Rule, Step, status_code};
use super::error_document;
use super::matcher::RuleContext;
use super::schedule::RuleMatch;
use super::template::{self, TemplateError, WorldObject};
use super::template_functions::RequestRng;
use crate::contract::{Contract, Operation};
use crate::http::message::{JSON_CONTENT_TYPE, Response, SendOptions};
use crate::http::wire_fault::WireFault;
use crate::leadconduit::state::World;
use crate::support::document::serialise;

/// The variables of templates. They are created when the first template is rendered.
#[derive(Debug)]
pub struct TemplateContext<'a> {
    request: &'a RuleContext<'a>,
    scenario: &'a str,
    call: u64,
    retry_after: u64,
    selected: &'a RuleMatch,
    world: &'a dyn WorldSource,
    variables: OnceCell<TemplateValue>,
}

/// Provides the world of templates, which is only copied if a template is rendered.
pub trait WorldSource: std::fmt::Debug {
    /// A copy of the world.
    fn world(&self) -> World;
}

impl<'a> TemplateContext<'a> {
    /// The context of the templates of a selected rule.
    #[must_use]
    pub fn new(
        request: &'a RuleContext<'a>,
        scenario: &'a str,
        selected: &'a RuleMatch,
        world: &'a dyn WorldSource,
    ) -> Self {
        let (call, retry_after) = (selected.call, selected.retry_after);
        Self { request, scenario, call, retry_after, selected, world, variables: OnceCell::new() }
    }

    fn variables(&self) -> &TemplateValue {
        self.variables.get_or_init(|| {
            let context = self.request;
            let headers: serde_json::Map<String, Value> = context
                .request
                .headers
                .iter()
                // A response that quotes headers must not contain credentials.
                .filter(|(name, _)| !["authorization", "cookie"].contains(&name.as_str()))
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
                .collect();
            let query: serde_json::Map<String, Value> =
                form_urlencoded::parse(context.request.query().unwrap_or_default().as_bytes())
                    .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                    .collect();
            let (account, user) = (context.caller.map(|c| c.account.clone()), context.caller.map(|c| c.user.clone()));
            let caller = json!({"account": account.as_deref(), "user": user.as_deref()});
            let request = json!({
                "method": context.request.method.as_str(),
                "path": context.path,
                "operation": context.operation.map(|operation| &operation.id),
                "query": query,
                "headers": headers,
                "body": context.body(),
            });
            let world = TemplateValue::from_object(WorldObject { world: self.world.world(), account, user });
            let (call, retry_after) = (self.call, self.retry_after);
            let (sandbox, scenario) = (context.sandbox, self.scenario);
            let now = crate::support::clock::format_timestamp(context.now);
            let __rng = TemplateValue::from_object(RequestRng::new(self.selected.template_rng()));
            minijinja::context! { request, caller, world, call, retry_after, now, sandbox, scenario, __rng }
        })
    }
}

/// A rule that was applied to a request, with its effects.
#[derive(Clone, Debug)]
pub struct AppliedRule {
    /// The effects, such as `status=503`, `delay=250` or the name of a fault.
    pub effects: Vec<String>,
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it sets headers of the response.
    pub sets_headers: bool,
}

impl fmt::Display for AppliedRule {
    /// The format of `X-Mock-Fault`: the effects, then the name of the rule. Characters of the name that a header or a
    /// quoted string cannot contain become `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replace = |c: char| if c.is_ascii_graphic() && c != '"' || c == ' ' { c } else { '?' };
        let name: String = self.rule.name.chars().map(replace).collect();
        write!(f, "{}; rule=\"{name}\"", self.effects.join(", "))
    }
}

/// Why a rule that applies has no response.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// A template cannot be rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The operation of the request has no such example.
    #[error("the contract has no example `{0}` for this request")]
    NoExample(String),
    /// The rendered value of a header contains characters that a header cannot have.
    #[error("the template of {0} gives a value that a header cannot have")]
    HeaderValue(HeaderName),
}

impl RuleMatch {
    /// The response in place of the operation; `None` if the operation is executed.
    ///
    /// # Errors
    ///
    /// A template cannot be rendered, or the operation has no such example.
    pub fn response(
        &self,
        contract: &Contract,
        context: &TemplateContext<'_>,
    ) -> Result<Option<Response>, RespondError> {
        let step = self.step();
        let operation = context.request.operation;
        let mut response = match &step.response {
            None if step.skips_operation => Response::error(status_code(503), "service unavailable"),
            None => return Ok(None),
            Some(ResponseSpec::Example { status, name }) => {
                let examples = operation.map(|operation| contract.examples(operation)).unwrap_or_default();
                let example = examples.into_iter().find(|e| e.name == name && status.is_none_or(|s| s == e.status));
                let example = example.ok_or_else(|| RespondError::NoExample(name.clone()))?;
                json_response(example.status, serialise(example.value))
            }
            Some(ResponseSpec::Body { status: Some(status), body: None, .. }) => {
                error_document::response(contract, operation, *status, step)
            }
            Some(ResponseSpec::Body { status, body, is_template }) => {
                let status = status.or_else(|| operation.map(Operation::success_status)).unwrap_or(200);
                let rendered = match body {
                    Some(body) if *is_template => Some(template::render(body, context.variables())?),
                    other => other.clone(),
                };
                json_response(status, step.body_bytes(rendered.as_ref()))
            }
        };
        step.add_headers(&mut response, context)?;
        Ok(Some(response))
    }

    /// Adds the headers of the rule to the response of the operation.
    ///
    /// # Errors
    ///
    /// A template cannot be rendered, or gives a value that a header cannot have.
    pub fn add_headers(&self, response: &mut Response, context: &TemplateContext<'_>) -> Result<(), RespondError> {
        self.step().add_headers(response, context)
    }

    /// How the response is sent; `None` without delay, chunks and fault.
    pub fn send_options(&mut self) -> Option<SendOptions> {
        let (delay, wire_fault) = (self.step().delay, self.step().wire_fault);
        let (slow_headers, drip) = (self.step().slow_headers, self.step().drip);
        if delay.is_none() && wire_fault.is_none() && slow_headers.is_none() && drip.is_none() {
            return None;
        }
        let delay_ms = delay.map_or(0, |delay| delay.sample(self.rng()));
        let garbage = match wire_fault {
            Some(WireFault::MalformedResponseChunk | WireFault::RandomDataThenClose) => random_garbage(self),
            _ => Bytes::new(),
        };
        Some(SendOptions { delay_ms, slow_headers, drip, wire_fault, garbage, events: None })
    }

    /// The effects of the rule on a request, for headers, logs and the journal.
    #[must_use]
    pub fn applied_rule(&self, send_options: Option<&SendOptions>, status: Option<u16>) -> AppliedRule {
        let mut effects = Vec::new();
        effects.extend(status.map(|status| format!("status={status}")));
        if let Some(send_options) = send_options {
            if self.step().delay.is_some() {
                effects.push(format!("delay={}", send_options.delay_ms));
            }
            effects.extend(send_options.slow_headers.map(|_| "slow_headers".to_owned()));
            effects.extend(send_options.drip.map(|_| "drip".to_owned()));
            effects.extend(send_options.wire_fault.map(|fault| fault.name().to_owned()));
        }
        effects.extend(self.change().map(|_| "world".to_owned()));
        if effects.is_empty() && !self.step().headers.is_empty() {
            effects.push("headers".to_owned());
        }
        AppliedRule { effects, rule: Arc::clone(&self.rule), sets_headers: !self.step().headers.is_empty() }
    }

    /// Whether the step has an effect. Steps without one let a request pass.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        !self.step().is_empty()
    }
}

impl Step {
    fn add_headers(&self, response: &mut Response, context: &TemplateContext<'_>) -> Result<(), RespondError> {
        for (name, value) in &self.headers {
            let value =
                if value.contains('{') { template::render_text(value, context.variables())? } else { value.clone() };
            let value = HeaderValue::try_from(value).map_err(|_| RespondError::HeaderValue(name.clone()))?;
            response.headers.insert(HeaderName::clone(name), value);
        }
        Ok(())
    }
}

fn json_response(status: u16, body: Bytes) -> Response {
    let mut response = Response::new(status_code(status), body);
    if !response.body.is_empty() {
        response.headers.insert(CONTENT_TYPE, JSON_CONTENT_TYPE);
    }
    response
}

/// Random bytes that are neither an HTTP response nor a chunk: none of them is ASCII.
fn random_garbage(selected: &mut RuleMatch) -> Bytes {
    let rng = selected.rng().rng();
    let length = rng.random_range(32..=96);
    Bytes::from((0..length).map(|_| rng.random_range(0x80..=0xfeu8)).collect::<Vec<u8>>())
}
