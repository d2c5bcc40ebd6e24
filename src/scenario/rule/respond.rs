//! What a rule says in the place of an operation, and how its words are held against the contract.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use minijinja::value::Value as Seen;
use rand::RngExt;
use serde_json::{Value, json};

use super::matcher::{Asked, Mistake};
use super::schedule::RuleMatch;
use super::template::{self, WorldSeen};
use super::{Rule, Step, status_of};
use crate::contract::{Contract, Example, Operation, Violation};
use crate::http::message::{Delivery, JSON, Response, WireFault};
use crate::leadconduit::state::World;
use crate::scenario::language::ThenPart;
use crate::support::document::serialise;

/// Statuses that anything in front of an operation may answer with, whatever its documentation says. Their body is
/// LeadConduit's error document.
pub const GENERAL: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// Headers that the server alone sets: a reply with others of them would not be a reply of HTTP at all.
pub(super) const OURS: [&str; 4] = ["connection", "content-length", "transfer-encoding", "upgrade"];

/// What is said in the place of an operation.
#[derive(Debug)]
pub(super) enum ResponseSpec {
    /// A body of the rule's own; without a status it is the operation's success.
    Body { status: Option<u16>, body: Option<Value>, template: bool },
    /// An example of the contract.
    Example { status: Option<u16>, name: String },
}

impl ResponseSpec {
    pub(super) fn new(then: &ThenPart, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let body = then.body.as_ref().map(|body| body.0.clone());
        if let Some(name) = &then.example {
            if body.is_some() {
                let message = "a reply has a `body` or an `example`, not both".to_owned();
                mistakes.push(("/example".to_owned(), message, None));
            }
            return Some(Self::Example { status: then.status, name: name.clone() });
        }
        if then.status.is_none() && body.is_none() {
            return None;
        }
        let template = body.as_ref().is_some_and(template::has_templates);
        Some(Self::Body { status: then.status, body, template })
    }
}

/// What templates may refer to, put together when the first one asks.
#[derive(Debug)]
pub struct TemplateContext<'a> {
    /// The request.
    pub asked: &'a Asked<'a>,
    /// The scenario.
    pub scenario: &'a str,
    /// The number of the request among those that matched the rule.
    pub call: u64,
    /// In how many seconds a limit allows the next request.
    pub retry_after: u64,
    world: &'a dyn WorldSource,
    made: OnceCell<Seen>,
}

/// Where a template's world comes from; it is copied only when a template asks.
pub trait WorldSource: std::fmt::Debug {
    /// A copy of the world.
    fn world(&self) -> World;
}

impl<'a> TemplateContext<'a> {
    /// What the templates of one turn may refer to.
    #[must_use]
    pub fn new(asked: &'a Asked<'a>, scenario: &'a str, turn: &RuleMatch, world: &'a dyn WorldSource) -> Self {
        Self { asked, scenario, call: turn.call, retry_after: turn.retry_after, world, made: OnceCell::new() }
    }

    fn seen(&self) -> &Seen {
        self.made.get_or_init(|| {
            let asked = self.asked;
            let headers: serde_json::Map<String, Value> = asked
                .request
                .headers
                .iter()
                // Whoever quotes a request must not quote its key.
                .filter(|(name, _)| !["authorization", "cookie"].contains(&name.as_str()))
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
                .collect();
            let query: serde_json::Map<String, Value> =
                form_urlencoded::parse(asked.request.query().unwrap_or_default().as_bytes())
                    .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                    .collect();
            let (account, user) = (asked.caller.map(|c| c.account.clone()), asked.caller.map(|c| c.user.clone()));
            let caller = json!({"account": account.as_deref(), "user": user.as_deref()});
            let request = json!({
                "method": asked.request.method.as_str(),
                "path": asked.path,
                "operation": asked.operation.map(|operation| &operation.id),
                "query": query,
                "headers": headers,
                "body": asked.body(),
            });
            let world = Seen::from_object(WorldSeen { world: self.world.world(), account, user });
            let (call, retry_after) = (self.call, self.retry_after);
            let (sandbox, scenario) = (asked.sandbox, self.scenario);
            let now = crate::support::clock::stamp(asked.now);
            minijinja::context! { request, caller, world, call, retry_after, now, sandbox, scenario }
        })
    }
}

/// What a rule did to one request.
#[derive(Clone, Debug)]
pub struct AppliedRule {
    /// Its deeds, such as `status=503`, `delay=250` or the name of a fault.
    pub deeds: Vec<String>,
    /// The rule.
    pub rule: Arc<Rule>,
}

impl fmt::Display for AppliedRule {
    /// As `X-Mock-Fault` tells it: the deeds, then the rule. A header takes visible ASCII only; a quote would end the
    /// name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |c: char| if c.is_ascii_graphic() && c != '"' || c == ' ' { c } else { '?' };
        let name: String = self.rule.name.chars().map(shown).collect();
        write!(f, "{}; rule=\"{name}\"", self.deeds.join(", "))
    }
}

impl RuleMatch {
    /// The reply that the rule gives in the operation's place, if it gives one.
    pub fn reply(&self, contract: &Contract, sight: &TemplateContext<'_>) -> Result<Option<Response>, String> {
        let step = self.step();
        let Some(says) = &step.says else {
            let skips = step.skips_work.then(|| Response::error(status_of(503), "service unavailable"));
            return skips.map(|mut reply| step.add_headers(&mut reply, sight).map(|()| reply)).transpose();
        };
        let operation = sight.asked.operation;
        let mut reply = match says {
            ResponseSpec::Example { status, name } => {
                let examples = operation.map(|operation| contract.examples(operation)).unwrap_or_default();
                let found = examples.into_iter().find(|e| e.name == name && status.is_none_or(|s| s == e.status));
                let found = found.ok_or_else(|| format!("the contract has no example `{name}` for this request"))?;
                Response::new(status_of(found.status), serialise(found.value))
            }
            ResponseSpec::Body { status, body, template } => {
                let status = status.or_else(|| operation.map(Operation::success)).unwrap_or(200);
                let body = match body {
                    Some(body) if *template => Some(template::fill(body, sight.seen())?),
                    other => other.clone(),
                };
                Response::new(status_of(status), body.map(|body| step.bytes(&body)).unwrap_or_default())
            }
        };
        if !reply.body.is_empty() {
            reply.headers.insert(CONTENT_TYPE, JSON);
        }
        step.add_headers(&mut reply, sight)?;
        Ok(Some(reply))
    }

    /// Adds the rule's headers to the operation's own reply.
    pub fn add_headers(&self, reply: &mut Response, sight: &TemplateContext<'_>) -> Result<(), String> {
        self.step().add_headers(reply, sight)
    }

    /// How the reply goes out; `None` when it goes out as any other.
    pub fn delivery(&mut self) -> Option<Delivery> {
        let (delay, fault) = (self.step().delay, self.step().fault);
        let (slow_headers, drip) = (self.step().slow_headers, self.step().drip);
        if delay.is_none() && fault.is_none() && slow_headers.is_none() && drip.is_none() {
            return None;
        }
        let delay_ms = delay.map_or(0, |delay| delay.draw(self.chance()));
        let garbage = match fault {
            Some(WireFault::MalformedResponseChunk | WireFault::RandomDataThenClose) => garbage(self),
            _ => Bytes::new(),
        };
        Some(Delivery { delay_ms, slow_headers, drip, fault, garbage, events: None })
    }

    /// What was done.
    #[must_use]
    pub fn spoken(&self, delivery: Option<&Delivery>, status: Option<u16>) -> AppliedRule {
        let mut deeds = Vec::new();
        deeds.extend(status.map(|status| format!("status={status}")));
        if let Some(delivery) = delivery {
            if self.step().delay.is_some() {
                deeds.push(format!("delay={}", delivery.delay_ms));
            }
            deeds.extend(delivery.slow_headers.map(|_| "slow_headers".to_owned()));
            deeds.extend(delivery.drip.map(|_| "drip".to_owned()));
            deeds.extend(delivery.fault.map(|fault| fault.name().to_owned()));
        }
        deeds.extend(self.change().map(|_| "world".to_owned()));
        if deeds.is_empty() && !self.step().headers.is_empty() {
            deeds.push("headers".to_owned());
        }
        AppliedRule { deeds, rule: Arc::clone(&self.rule) }
    }

    /// Whether the turn is worth telling: a step may let a request pass.
    #[must_use]
    pub fn does_something(&self) -> bool {
        !self.step().does_nothing()
    }
}

impl Step {
    fn bytes(&self, body: &Value) -> Bytes {
        // With a content type of its own that is no JSON, a text is sent as it is.
        let plain = self.headers.iter().any(|(name, value)| *name == CONTENT_TYPE && !value.contains("json"));
        match body {
            Value::String(text) if plain => Bytes::from(text.clone()),
            other => serialise(other),
        }
    }

    fn reply_bytes(&self, body: Option<&Value>) -> Bytes {
        body.map(|body| self.bytes(body)).unwrap_or_default()
    }

    fn add_headers(&self, reply: &mut Response, sight: &TemplateContext<'_>) -> Result<(), String> {
        for (name, value) in &self.headers {
            let value = if value.contains('{') { template::fill_text(value, sight.seen())? } else { value.clone() };
            let value = HeaderValue::try_from(value).map_err(|_| format!("{name} is no good header any more"))?;
            reply.headers.insert(HeaderName::clone(name), value);
        }
        Ok(())
    }
}

/// Bytes that are neither a reply of HTTP nor a chunk.
fn garbage(turn: &mut RuleMatch) -> Bytes {
    let rng = turn.chance().rng();
    let length = rng.random_range(32..=96);
    // Bytes above ASCII: no status line, no size of a chunk, and no end of a line.
    Bytes::from((0..length).map(|_| rng.random_range(0x80..=0xfeu8)).collect::<Vec<u8>>())
}

impl Rule {
    /// Tells how the reply of a step breaks the contract, for every operation that the rule is for.
    pub(super) fn hold_against(&self, contract: &Contract, step: &Step, mistakes: &mut Vec<Mistake>) {
        let operations = self.when.operations(contract);
        // A rule for every operation would say the same for each of them.
        let most = if self.when.names_operations() { 5 } else { 1 };
        let enough = |mistakes: &Vec<Mistake>| mistakes.len() >= most;
        match &step.says {
            Some(ResponseSpec::Example { status, name }) => {
                if operations.is_empty() {
                    let message = "an example is one of an operation's: name it under `when`".to_owned();
                    mistakes.push(("/example".to_owned(), message, None));
                }
                for operation in operations {
                    let examples = contract.examples(operation);
                    if examples.iter().any(|e| e.name == name && status.is_none_or(|s| s == e.status)) {
                        continue;
                    }
                    mistakes.push(no_example(operation, *status, name, &examples));
                    if enough(mistakes) {
                        break;
                    }
                }
            }
            Some(ResponseSpec::Body { status, body, template }) if !step.intentionally_invalid => {
                if operations.is_empty() {
                    // None of the contract's: only LeadConduit's error document is known to be right.
                    let status = status.unwrap_or(200);
                    if status >= 400 && !template {
                        let broken = error_violations(contract, &step.reply_bytes(body.as_ref()));
                        tell(mistakes, None, status, broken);
                    }
                }
                for operation in operations {
                    let status = status.unwrap_or(operation.success());
                    let known = operation.replies.contains_key(&status);
                    if !known && !GENERAL.contains(&status) {
                        let statuses: Vec<String> = operation.replies.keys().map(u16::to_string).collect();
                        let message = format!("{} has no reply {status}; it has {}", operation.id, statuses.join(", "));
                        let hint = "write one of them, or `intentionally_invalid: true` if that is the point";
                        mistakes.push(("/status".to_owned(), message, Some(hint.to_owned())));
                    } else if !template {
                        let bytes = step.reply_bytes(body.as_ref());
                        let broken = violations(contract, operation, status, step, &bytes);
                        tell(mistakes, Some(operation), status, broken);
                    }
                    if enough(mistakes) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
}

/// An example that an operation, or its reply of that status, does not have.
fn no_example(operation: &Operation, status: Option<u16>, name: &str, examples: &[Example<'_>]) -> Mistake {
    let of = status.map_or_else(String::new, |status| format!("the reply {status} of "));
    let fits = |example: &&Example<'_>| status.is_none_or(|status| status == example.status);
    let elsewhere = examples.iter().find(|example| example.name == name);
    let near = contract_files::yaml::nearest(name, examples.iter().filter(fits).map(|example| example.name));
    let hint = match (elsewhere, near) {
        (Some(example), _) => format!("it is one of the reply {}", example.status),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => {
            let names: Vec<String> = examples.iter().map(|e| format!("{} ({})", e.name, e.status)).collect();
            format!("{} has {}", operation.id, names.join(", "))
        }
    };
    ("/example".to_owned(), format!("{of}{} has no example `{name}`", operation.id), Some(hint))
}

/// How a rule's reply breaks the contract; for statuses that are in no documentation, LeadConduit's error document.
#[must_use]
pub fn reply_violations(contract: &Contract, operation: &Operation, reply: &Response) -> Vec<Violation> {
    let status = reply.status.as_u16();
    if !operation.replies.contains_key(&status) && GENERAL.contains(&status) {
        return error_violations(contract, &reply.body);
    }
    contract.check_reply(operation, status, &reply.headers, &reply.body)
}

fn violations(contract: &Contract, operation: &Operation, status: u16, step: &Step, bytes: &Bytes) -> Vec<Violation> {
    let mut reply = Response::new(status_of(status), bytes.clone());
    for (name, value) in &step.headers {
        // Only whether it is there is checked: a template may stand in its place.
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("?"));
        reply.headers.insert(name, value);
    }
    reply_violations(contract, operation, &reply)
}

fn error_violations(contract: &Contract, bytes: &Bytes) -> Vec<Violation> {
    let Some(model) = contract.model("Error") else { return Vec::new() };
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if model.accepts(&value) { Vec::new() } else { model.explain("/body", &value) }
}

fn tell(mistakes: &mut Vec<Mistake>, operation: Option<&Operation>, status: u16, broken: Vec<Violation>) {
    let of = operation.map(|operation| format!(" of {}", operation.id)).unwrap_or_default();
    for violation in broken.into_iter().take(3) {
        let message = format!("the reply {status}{of} breaks the contract: {}", violation.message);
        let hint = "mend it, or write `intentionally_invalid: true` if that is the point";
        mistakes.push((violation.location, message, Some(hint.to_owned())));
    }
}
