//! Announces an exchange: publishes events to the subscribers of its sandbox, and logs it.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::contract::violation::{TRUNCATED, violations_header};
use crate::contract::{Contract, Operation, Violation};
use crate::leadconduit::lead_report::{Decision, LeadReport};
use crate::recording::journal::exchange_json::{Summary, applied_rules, lead_summary, problem};
use crate::recording::journal::{Exchange, property_names};
use crate::sandbox::{DEFAULT, Sandbox};
use crate::support::clock::{self, Clock, Timestamp};

/// The log target of exchanges, so that they can be filtered: `LEADCONDUIT_MOCK_LOG=info,exchange=off`.
pub const TARGET: &str = "exchange";

/// The maximum length of the path, and of the query, in a log line.
const TEXT_CHARS_MAX: usize = 1000;

/// The largest exchange that a line of the log keeps in memory until it is written.
const LOGGED_BYTES_MAX: usize = 8 * 1024;

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
    /// The name of the sandbox; `None` for the default one.
    pub sandbox: Option<Arc<str>>,
    /// The contract.
    pub contract: Arc<Contract>,
    /// The exchange, or a copy without its content if it is large: lines that wait for a slow reader would keep it in
    /// memory.
    pub exchange: Arc<Exchange>,
}

impl LoggedExchange {
    fn new(sandbox: &Sandbox, exchange: &Arc<Exchange>, contract: &Arc<Contract>) -> Self {
        let exchange = match bounded(exchange) {
            Some(bounded) => Arc::new(bounded),
            None => Arc::clone(exchange),
        };
        Self {
            at: Clock::Real.now(),
            sandbox: (*sandbox.name != *DEFAULT).then(|| Arc::clone(&sandbox.name)),
            contract: Arc::clone(contract),
            exchange,
        }
    }
}

/// A copy without content and with truncated texts; `None` for a small exchange.
fn bounded(exchange: &Exchange) -> Option<Exchange> {
    let reason = exchange.lead.as_ref().map_or("", |lead| &lead.reason);
    let is_small = exchange.bytes() <= LOGGED_BYTES_MAX
        && exchange.url().len() <= TEXT_CHARS_MAX
        && reason.len() <= TEXT_CHARS_MAX;
    if is_small {
        return None;
    }
    let lead = exchange.lead.as_ref().map(|lead| {
        let reason = truncate(&lead.reason).to_owned();
        let decision = Decision { kind: lead.decision.kind, id: None, description: String::new() };
        let (steps, uncollected, secrets) = (Vec::new(), Vec::new(), Vec::new());
        Box::new(LeadReport { outcome: lead.outcome, reason, decision, steps, uncollected, secrets })
    });
    Some(exchange.without_content(bounded_url(exchange), bounded_violations(&exchange.violations), lead))
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
pub(super) fn log_exchange(sandbox: &Sandbox, exchange: &Arc<Exchange>, contract: &Arc<Contract>) {
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
    let applied_rules = match &exchange.applied_rules[..] {
        [] => String::new(),
        _ => json!(applied_rules(exchange)).to_string(),
    };
    let violations = match &exchange.violations[..] {
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
            { property_names::PROBLEM } = problem(exchange),
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

/// The violations. If they are too long, the last one counts those that are left out.
fn bounded_violations(violations: &[Violation]) -> Vec<Violation> {
    let mut bytes = 0;
    let shown = violations.iter().take_while(|one| {
        bytes += one.location.len() + one.code.len() + one.message.len();
        bytes <= VIOLATIONS_BYTES_MAX
    });
    let shown = shown.count();
    if shown == violations.len() {
        return violations.to_vec();
    }
    let omitted = Violation::reported("", TRUNCATED, format!("{} more", violations.len() - shown));
    violations.iter().take(shown).cloned().chain([omitted]).collect()
}

fn truncate(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
