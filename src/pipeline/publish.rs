//! Announces an exchange: publishes events to the subscribers of its sandbox, and writes a log line.

use serde_json::{Value, json};

use crate::contract::Operation;
use crate::contract::violation::violations_header;
use crate::recording::journal::exchange_json::{Summary, applied_rules, lead_summary};
use crate::recording::journal::{Exchange, property_names};
use crate::sandbox::Sandbox;
use crate::support::clock;

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

/// Writes the log line. It is not built when the log level excludes it.
pub(super) fn log_exchange(sandbox: &Sandbox, exchange: &Exchange, operation: Option<&Operation>) {
    if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return;
    }
    let applied_rules = match exchange.applied_rules.as_slice() {
        [] => String::new(),
        _ => json!(applied_rules(exchange)).to_string(),
    };
    let violations = match exchange.violations.as_slice() {
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

fn truncate(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
