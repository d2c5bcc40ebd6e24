//! Announces an exchange: publishes events to the subscribers of its sandbox, and logs it.

use std::sync::{Arc, OnceLock};

use http::Method;
use serde_json::{Value, json};

use crate::contract::violation::{TRUNCATED, violations_header};
use crate::contract::{Contract, Operation, Violation};
use crate::recording::journal::exchange_json::{Summary, applied_rules, lead_summary};
use crate::recording::journal::{Exchange, property_names};
use crate::sandbox::Sandbox;
use crate::scenario::Scenario;
use crate::scenario::rule::respond::AppliedRule;
use crate::support::clock::{self, Clock, Timestamp};

/// The log target of exchanges, so that they can be filtered: `LEADCONDUIT_MOCK_LOG=info,exchange=off`.
pub const TARGET: &str = "exchange";

/// The maximum length of the path, and of the query, in a log line.
const TEXT_CHARS_MAX: usize = 1000;

/// The maximum length of the violations in a log line.
const VIOLATIONS_BYTES_MAX: usize = 8 * 1024;

/// Publishes the event `exchange`; also `violation` when the request broke the contract, and `fault_applied` when a
/// rule or fault had an effect. Headers and bodies are only in the journal.
pub(super) fn publish_exchange(sandbox: &Sandbox, exchange: &Exchange, operation: Option<&Operation>) {
    let event_with = |properties: Value| {
        let mut event = json!({
            property_names::ID: exchange.number,
            property_names::AT: clock::format_timestamp(exchange.at),
            property_names::METHOD: exchange.method.as_str(),
            property_names::PATH: exchange.path(),
            property_names::QUERY: exchange.query(),
            property_names::OPERATION: operation.map(|operation| &operation.id),
            property_names::STATUS: exchange.status,
            property_names::SCENARIO: exchange.scenario.as_ref().map(|scenario| &scenario.name),
        });
        if let (Some(event), Value::Object(properties)) = (event.as_object_mut(), properties) {
            event.extend(properties);
        }
        event
    };
    sandbox.publish_event("exchange", || Summary { exchange, operation, sandbox: &sandbox.name });
    if exchange.breaks_contract() {
        sandbox.publish("violation", || event_with(json!({property_names::VIOLATIONS: exchange.violations})));
    }
    if !exchange.applied_rules.is_empty() {
        sandbox.publish("fault_applied", || {
            event_with(json!({
                property_names::DELAY_MS: exchange.delay_ms,
                property_names::APPLIED_RULES: applied_rules(exchange),
            }))
        });
    }
}

/// What the log shows of an exchange. Its texts are shared with the journal, and formatted by the thread that writes the
/// log.
#[derive(Debug)]
pub struct LoggedExchange {
    /// The time of the line.
    pub at: Timestamp,
    /// The name of the sandbox.
    pub sandbox: Arc<str>,
    /// The number of the request in its sandbox.
    pub number: u64,
    /// The method.
    pub method: Method,
    /// Path and query, redacted.
    pub url: Arc<str>,
    /// The contract and the index of the operation in it.
    pub operation: Option<(Arc<Contract>, usize)>,
    /// The status of the response.
    pub status: u16,
    /// The scenario of the sandbox.
    pub scenario: Option<Arc<Scenario>>,
    /// The processing time in microseconds.
    pub duration_us: u64,
    /// The added delay of the response in milliseconds.
    pub delay_ms: u64,
    /// The outcome of a lead, with its reason.
    pub lead: Option<(&'static str, String)>,
    /// The violations of the contract.
    pub violations: Arc<[Violation]>,
    /// The rules that were applied.
    pub applied_rules: Arc<[AppliedRule]>,
}

impl LoggedExchange {
    fn new(sandbox: &Sandbox, exchange: &Exchange, contract: &Arc<Contract>) -> Self {
        Self {
            at: Clock::Real.now(),
            sandbox: Arc::clone(&sandbox.name),
            number: exchange.number,
            method: exchange.method.clone(),
            url: bounded_url(exchange),
            operation: exchange.operation_index().map(|index| (Arc::clone(contract), index)),
            status: exchange.status,
            scenario: exchange.scenario.clone(),
            duration_us: exchange.duration_us,
            delay_ms: exchange.delay_ms,
            lead: exchange.lead.as_deref().map(|lead| (lead.outcome, truncate(&lead.reason).to_owned())),
            violations: bounded_violations(&exchange.violations),
            applied_rules: Arc::clone(&exchange.applied_rules),
        }
    }
}

/// Queues an exchange for the log without blocking.
pub type LogSink = Box<dyn Fn(LoggedExchange) + Send + Sync>;

static SINK: OnceLock<LogSink> = OnceLock::new();

/// Sets where exchanges are logged, for the whole process; the first call counts. Without it they are events of `tracing`,
/// as in a program that embeds a server.
pub fn set_log_sink(sink: LogSink) {
    let _ = SINK.set(sink);
}

/// Logs the exchange. Nothing is done when the log level excludes it.
pub(super) fn log_exchange(sandbox: &Sandbox, exchange: &Exchange, contract: &Arc<Contract>) {
    if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return;
    }
    match SINK.get() {
        Some(sink) => sink(LoggedExchange::new(sandbox, exchange, contract)),
        None => emit_event(sandbox, exchange, exchange.operation(contract)),
    }
}

/// Emits an exchange as an event of `tracing`.
fn emit_event(sandbox: &Sandbox, exchange: &Exchange, operation: Option<&Operation>) {
    let applied_rules = match &*exchange.applied_rules {
        [] => String::new(),
        _ => json!(applied_rules(exchange)).to_string(),
    };
    let violations = match &*exchange.violations {
        [] => String::new(),
        violations => violations_header(violations, VIOLATIONS_BYTES_MAX),
    };
    let lead = exchange.lead.as_deref().map(|lead| lead_summary(lead).to_string());
    // `event!`, because `info!` does not take constants as field names.
    tracing::event!(
        target: TARGET,
        tracing::Level::INFO,
        {
            { property_names::ID } = exchange.number,
            { property_names::SANDBOX } = &*sandbox.name,
            { property_names::METHOD } = exchange.method.as_str(),
            { property_names::PATH } = truncate(exchange.path()),
            { property_names::QUERY } = exchange.query().map(truncate),
            { property_names::OPERATION } = operation.map(|operation| operation.id.as_str()),
            { property_names::STATUS } = exchange.status,
            { property_names::SCENARIO } = exchange.scenario.as_ref().map(|scenario| scenario.name.as_str()),
            { property_names::TOOK_US } = exchange.duration_us,
            { property_names::DELAY_MS } = exchange.delay_ms,
            { property_names::LEAD } = lead.as_deref(),
            { property_names::VIOLATIONS } = violations.as_str(),
            { property_names::APPLIED_RULES } = applied_rules.as_str(),
        }
    );
}

/// Path and query, each truncated.
fn bounded_url(exchange: &Exchange) -> Arc<str> {
    let url = exchange.shared_url();
    if url.len() <= TEXT_CHARS_MAX {
        return Arc::clone(url);
    }
    match exchange.query() {
        Some(query) => [truncate(exchange.path()), "?", truncate(query)].concat().into(),
        None => truncate(url).into(),
    }
}

/// The violations, shared unless they are too long: then the last one counts those that are left out.
fn bounded_violations(violations: &Arc<[Violation]>) -> Arc<[Violation]> {
    let mut bytes = 0;
    let shown = violations.iter().take_while(|one| {
        bytes += one.location.len() + one.code.len() + one.message.len();
        bytes <= VIOLATIONS_BYTES_MAX
    });
    let shown = shown.count();
    if shown == violations.len() {
        return Arc::clone(violations);
    }
    let omitted = Violation::reported("", TRUNCATED, format!("{} more", violations.len() - shown));
    violations.iter().take(shown).cloned().chain([omitted]).collect()
}

fn truncate(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
