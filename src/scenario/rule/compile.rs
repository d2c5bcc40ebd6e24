//! Compiles the definition of a rule, and reports its errors.

use http::HeaderName;

use super::definition::{Activation, RULES_MAX, RateLimit, ResponseSpec, Rule, Step, WorldChange};
use super::error::{RuleError, unknown_operation};
use super::matcher::RequestMatcher;
use super::template;
use super::validate_response::validate_response;
use crate::contract::Contract;
use crate::http::message::Drip;
use crate::scenario::language::{DripSpec, OperationWork, RateScope, RuleSpec, SsoSpec, StepSpec};
use crate::support::clock::SignedDuration;
use crate::support::delay::DELAY_MS_MAX;
use contract_files::pointer::escape;
use contract_files::yaml::KEY;

/// The most chunks of a response.
const CHUNKS_MAX: u32 = 1000;

/// Headers that only the server sets. With other values, a response would not be valid HTTP.
const SERVER_HEADERS: [&str; 4] = ["connection", "content-length", "transfer-encoding", "upgrade"];

/// How a scenario or rule is validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationMode {
    /// Documents and responses are validated against the contract.
    Full,
    /// They are not: the scenario is part of the binary, and tests validate it.
    Trusted,
}

impl Rule {
    /// Compiles a rule. Without a name, it is called by its `number`.
    ///
    /// # Errors
    ///
    /// All errors of the definition.
    pub fn new(
        spec: &RuleSpec,
        number: usize,
        contract: &Contract,
        mode: ValidationMode,
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors: Vec<RuleError> = Vec::new();
        let matcher = RequestMatcher::new(&spec.when, contract);
        let matcher = matcher.and_then(|matcher| {
            let errors = if spec.gate { Vec::new() } else { matcher.unreachable(contract) };
            if errors.is_empty() { Ok(matcher) } else { Err(errors) }
        });
        // Without its conditions, a rule would be validated against operations that it does not match.
        let mode = if matcher.is_ok() { mode } else { ValidationMode::Trusted };
        let matcher = matcher.unwrap_or_else(|found| {
            errors.extend(found.into_iter().map(|error| error.inside("/when")));
            RequestMatcher::default()
        });
        let rate = spec.when.rate.as_ref().and_then(|rate| {
            let within = SignedDuration::from_millis(i64::try_from(rate.within_ms).unwrap_or(i64::MAX));
            if within.is_zero() {
                errors
                    .push(RuleError::new("/when/rate/within", "a window must be longer than 0: write one such as 10s"));
                return None;
            }
            Some(RateLimit { calls: rate.calls, within, per_key: rate.per != Some(RateScope::Sandbox) })
        });
        let activation = compile_activation(spec, &mut errors);
        let step_specs = match (&spec.then, spec.steps.as_slice()) {
            (Some(then), []) => std::slice::from_ref(then),
            (None, steps @ [_, ..]) if steps.len() <= RULES_MAX => steps,
            (then, steps) => {
                let (pointer, message, hint) = match (then, steps) {
                    (Some(_), _) => (
                        "/steps",
                        "the rule has both `then` and `steps`".to_owned(),
                        "keep `then` for one effect, or `steps` for effects that follow each other",
                    ),
                    (None, [_, ..]) => (
                        "/steps",
                        format!("the rule has {} steps; the limit is {RULES_MAX}", steps.len()),
                        "split it into several rules",
                    ),
                    (None, []) => (
                        "",
                        "the rule has no effect: it has neither `then` nor `steps`".to_owned(),
                        "add the effect, such as then: { status: 503, body: { error: unavailable } }",
                    ),
                };
                errors.push(RuleError::new(pointer, message).with_hint(hint));
                &[]
            }
        };
        let is_single = spec.then.is_some();
        if is_single && spec.repeat {
            errors.push(RuleError::new("/repeat", "`repeat` needs `steps`"));
        }
        let mut rule = Self {
            name: spec.name.clone().unwrap_or_else(|| format!("rule {number}")),
            gate: spec.gate,
            matcher,
            call: spec.when.call,
            rate,
            activation,
            steps: Vec::new(),
            repeat: spec.repeat,
        };
        for (index, step_spec) in step_specs.iter().enumerate() {
            let pointer = if is_single { "/then".to_owned() } else { format!("/steps/{index}") };
            let mut found = Vec::new();
            let step = Step::new(step_spec, is_single, contract, &mut found);
            if found.is_empty() && mode == ValidationMode::Full {
                validate_response(&rule, &step, contract, &mut found);
            }
            errors.extend(found.into_iter().map(|error| error.inside(&pointer)));
            rule.steps.push(step);
        }
        if errors.is_empty() { Ok(rule) } else { Err(errors) }
    }
}

/// The activation, whose keys can be beside `then` or inside it.
fn compile_activation(spec: &RuleSpec, errors: &mut Vec<RuleError>) -> Activation {
    let none = StepSpec::default();
    let then = spec.then.as_ref().unwrap_or(&none);
    let mut pick = |name: &str, outer: Option<u64>, inner: Option<u64>| {
        if outer.is_some() && inner.is_some() {
            errors.push(given_twice(name));
        }
        outer.or(inner)
    };
    let times = pick("times", spec.times, then.times);
    let after = pick("after", spec.after, then.after).unwrap_or(0);
    let succeed_first = pick("succeed_first", spec.succeed_first, then.succeed_first).unwrap_or(0);
    let ttl_ms = pick("ttl_ms", spec.ttl_ms, then.ttl_ms);
    let ttl = pick("ttl", spec.ttl, then.ttl);
    if ttl.is_some() && ttl_ms.is_some() {
        let pointer = if spec.ttl_ms.is_some() { "/ttl_ms" } else { "/then/ttl_ms" };
        errors.push(RuleError::new(pointer, "`ttl_ms` is another name of `ttl`: remove one of them"));
    }
    let ttl_ms = ttl.or(ttl_ms);
    if spec.ttl_from.is_some() && then.ttl_from.is_some() {
        errors.push(given_twice("ttl_from"));
    }
    if (spec.ttl_from.is_some() || then.ttl_from.is_some()) && ttl_ms.is_none() {
        let pointer = if spec.ttl_from.is_some() { "/ttl_from" } else { "/then/ttl_from" };
        errors.push(RuleError::new(pointer, "`ttl_from` needs `ttl`").with_hint("add how long, such as ttl: 30s"));
    }
    let ttl_from = spec.ttl_from.or(then.ttl_from).unwrap_or_default();
    if times == Some(0) {
        let pointer = if spec.times.is_some() { "/times" } else { "/then/times" };
        errors.push(RuleError::new(pointer, "`times` must be 1 or more"));
    }
    if spec.probability.is_some() && then.probability.is_some() {
        errors.push(given_twice("probability"));
    }
    let pointer = if spec.probability.is_some() { "/probability" } else { "/then/probability" };
    let probability = spec.probability.or(then.probability).unwrap_or(1.0);
    if !(0.0..=1.0).contains(&probability) {
        errors.push(RuleError::new(pointer, "a probability must be a number from 0 to 1, such as 0.5"));
    }
    Activation { probability, times, after, succeed_first, ttl: ttl_ms.map(duration), ttl_from }
}

fn duration(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn given_twice(name: &str) -> RuleError {
    let message = format!("`{name}` is given both beside `then` and inside it: remove one of them");
    RuleError::new(format!("/then/{name}"), message)
}

impl Step {
    fn new(spec: &StepSpec, is_single: bool, contract: &Contract, errors: &mut Vec<RuleError>) -> Self {
        if !is_single {
            validate_keys_of_step(spec, errors);
        }
        if let Some(status) = spec.status.filter(|status| !(200..=599).contains(status)) {
            errors
                .push(RuleError::new("/status", format!("{status} is not a valid status: write one from 200 to 599")));
        }
        let headers = compile_headers(spec, errors);
        let slow_headers = compile_drip("/slow_headers", spec.slow_headers, errors);
        let drip = compile_drip("/drip", spec.drip, errors);
        let has_response = spec.status.is_some() || spec.body.is_some() || spec.example.is_some();
        if spec.work.is_some() && (spec.fault.is_none() || has_response) {
            errors.push(RuleError::new("/work", "`work` needs a `fault`, and no `status`, `body` or `example`"));
        }
        if let Some(fault) = spec.fault.filter(|fault| !fault.sends_response()) {
            let parts = [
                ("status", spec.status.is_some()),
                ("body", spec.body.is_some()),
                ("example", spec.example.is_some()),
                ("headers", !spec.headers.is_empty()),
            ];
            if let Some((name, _)) = parts.iter().find(|(_, is_given)| *is_given) {
                let message = format!("`{name}` has no effect: {} sends no response", fault.name());
                let hint = format!("remove `{name}`, or use TRUNCATED_BODY or MALFORMED_RESPONSE_CHUNK");
                errors.push(RuleError::new(format!("/{name}"), message).with_hint(hint));
            }
        }
        let health = spec.sso.as_ref().and_then(|sso| {
            sso.health().unwrap_or_else(|error| {
                errors.push(RuleError::new(format!("/sso{}", error.pointer()), error.to_string()));
                None
            })
        });
        for (index, id) in spec.sso.iter().flat_map(|sso| sso.operations.iter().enumerate()) {
            if let Some((message, hint)) = unknown_operation(contract, id) {
                errors.push(RuleError::new(format!("/sso/operations/{index}"), message).with_hint(hint));
            }
        }
        if let Some(body) = &spec.body {
            template::validate(&body.0, "/body", errors);
        }
        for (name, value) in &spec.headers {
            let text = serde_json::Value::String(value.clone());
            template::validate(&text, &format!("/headers/{}", escape(name)), errors);
        }
        let response = compile_response(spec, errors);
        let lasts = spec.lasts_ms.map(duration);
        if lasts.as_ref().is_some_and(SignedDuration::is_zero) {
            errors.push(RuleError::new("/for", "`for` must be longer than 0: write a duration such as 30s"));
        }
        if lasts.is_some() && spec.world.is_some() {
            let hint = "move `world` to a rule or step of its own";
            let message = "`for` bounds the change of `sso`; a change of `world` is permanent";
            errors.push(RuleError::new("/for", message).with_hint(hint));
        }
        if lasts.is_some() && spec.sso.as_ref().is_some_and(SsoSpec::has_entries) {
            let message =
                "`for` bounds the `status` of `sso`; changes of its `accounts` and `connections` are permanent";
            errors.push(RuleError::new("/for", message).with_hint("move them to a rule or step of their own"));
        }
        // With `sso`, the time bounds its new health; else the effects on requests.
        let (change_lasts, step_lasts) = if health.is_some() { (lasts, None) } else { (None, lasts) };
        let change = (spec.sso.is_some() || spec.world.is_some()).then(|| {
            let (world, sso) = (spec.world.clone().unwrap_or_default(), spec.sso.clone().unwrap_or_default());
            Box::new(WorldChange { world, sso, health, lasts: change_lasts })
        });
        let step = Self {
            // A step with a duration of its own is not bounded by a number, unless that is given too.
            times: if is_single || (step_lasts.is_some() && spec.times.is_none()) {
                None
            } else {
                Some(spec.times.unwrap_or(1))
            },
            lasts: step_lasts,
            response,
            headers,
            delay: spec.delay,
            slow_headers,
            drip,
            wire_fault: spec.fault,
            skips_operation: spec.work == Some(OperationWork::Skipped),
            change,
            intentionally_invalid: spec.intentionally_invalid,
        };
        if step.is_empty() && is_single && errors.is_empty() {
            let hint = "write `status`, `body`, `example`, `headers`, `delay`, `drip`, `fault`, `sso` or `world`";
            errors.push(RuleError::new("", "the rule has no effect").with_hint(hint));
        }
        step
    }
}

/// Reports keys that a `then` can have, but an item of `steps` cannot.
fn validate_keys_of_step(spec: &StepSpec, errors: &mut Vec<RuleError>) {
    for (name, is_given) in [
        ("probability", spec.probability.is_some()),
        ("after", spec.after.is_some()),
        ("succeed_first", spec.succeed_first.is_some()),
        ("ttl", spec.ttl.is_some()),
        ("ttl_ms", spec.ttl_ms.is_some()),
        ("ttl_from", spec.ttl_from.is_some()),
    ] {
        if is_given {
            let message = format!("`{name}` cannot be used in a step: write it beside `steps`");
            errors.push(RuleError::new(format!("/{name}"), message));
        }
    }
    if spec.times == Some(0) {
        errors.push(RuleError::new("/times", "`times` must be 1 or more"));
    }
}

fn compile_headers(spec: &StepSpec, errors: &mut Vec<RuleError>) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    for (name, value) in &spec.headers {
        let pointer = format!("/headers/{}", escape(name));
        let key = format!("{pointer}{KEY}");
        match name.parse::<HeaderName>() {
            Ok(parsed) if SERVER_HEADERS.contains(&parsed.as_str()) => {
                let message = format!("{name} is set by the server: to break it, use a `fault`");
                errors.push(RuleError::new(key, message));
            }
            Ok(parsed) if value.chars().any(char::is_control) => {
                let message = format!("the value of {parsed} has a control character, which headers cannot have");
                errors.push(RuleError::new(pointer, message));
            }
            Ok(parsed) => headers.push((parsed, value.clone())),
            Err(_) => errors.push(RuleError::new(key, format!("`{name}` is not a valid header name"))),
        }
    }
    headers
}

fn compile_drip(pointer: &str, spec: Option<DripSpec>, errors: &mut Vec<RuleError>) -> Option<Drip> {
    let DripSpec { chunks, over_ms } = spec?;
    if !(1..=CHUNKS_MAX).contains(&chunks) {
        let message = format!("`chunks` must be a number from 1 to {CHUNKS_MAX}");
        errors.push(RuleError::new(format!("{pointer}/chunks"), message));
    }
    if over_ms > DELAY_MS_MAX {
        errors.push(RuleError::new(format!("{pointer}/over_ms"), format!("`over_ms` can be {DELAY_MS_MAX} at most")));
    }
    Some(Drip { chunks, over_ms })
}

fn compile_response(spec: &StepSpec, errors: &mut Vec<RuleError>) -> Option<ResponseSpec> {
    let body = spec.body.as_ref().map(|body| body.0.clone());
    if let Some(name) = &spec.example {
        if body.is_some() {
            errors.push(RuleError::new("/example", "a response can have a `body` or an `example`, not both"));
        }
        return Some(ResponseSpec::Example { status: spec.status, name: name.clone() });
    }
    if spec.status.is_none() && body.is_none() {
        return None;
    }
    let is_template = body.as_ref().is_some_and(template::has_templates);
    Some(ResponseSpec::Body { status: spec.status, body, is_template })
}
