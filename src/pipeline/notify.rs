//! What is told of an exchange: events for whoever listens to its sandbox, and a line of the log.

use serde_json::{Value, json};

use crate::contract::Operation;
use crate::contract::violation::header_json;
use crate::recording::journal::Exchange;
use crate::sandbox::Sandbox;
use crate::support::clock;

/// The target of the lines about exchanges, apart from the mock's other lines: `LEADCONDUIT_MOCK_LOG=info,exchange=off`.
pub const TARGET: &str = "exchange";

/// How much of a request's path, and of its query, a line has.
const TEXT_CHARS_MAX: usize = 1000;

/// How long the list of violations in a line may be.
const VIOLATIONS_BYTES_MAX: usize = 8 * 1024;

/// Tells whoever listens to the sandbox: `exchange`, and besides `violation` when the request broke the contract, and
/// `struck` when a rule or a fault did something. Headers and bodies are the journal's.
pub(super) fn tell(sandbox: &Sandbox, exchange: &Exchange, operation: Option<&Operation>) {
    let one = |rest: Value| {
        let mut event = json!({
            "id": exchange.number,
            "at": clock::stamp(exchange.at),
            "method": exchange.method.as_str(),
            "path": exchange.path(),
            "query": exchange.query(),
            "operation": operation.map(|operation| &operation.id),
            "status": exchange.status,
            "scenario": exchange.scenario.as_ref().map(|scenario| &scenario.name),
        });
        if let (Some(event), Value::Object(rest)) = (event.as_object_mut(), rest) {
            event.extend(rest);
        }
        event
    };
    sandbox.tell("exchange", || {
        one(json!({
            "took_us": exchange.took_us,
            "delay_ms": exchange.delay_ms,
            "violations": exchange.violations,
            "faults": exchange.spoken.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))
    });
    if !exchange.violations.is_empty() {
        sandbox.tell("violation", || one(json!({"violations": exchange.violations})));
    }
    if !exchange.spoken.is_empty() {
        sandbox.tell("struck", || {
            let faults = exchange.spoken.iter();
            let faults: Vec<Value> =
                faults.map(|spoken| json!({"rule": spoken.rule.name, "deeds": spoken.deeds})).collect();
            one(json!({"delay_ms": exchange.delay_ms, "faults": faults}))
        });
    }
}

/// Writes the line of the log. It costs nothing when nobody has asked for it.
pub(super) fn log(sandbox: &Sandbox, exchange: &Exchange, operation: Option<&Operation>) {
    if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return;
    }
    let faults = exchange.spoken.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let violations = match exchange.violations.as_slice() {
        [] => String::new(),
        all => header_json(all, VIOLATIONS_BYTES_MAX),
    };
    // The names are those of the event `exchange`.
    tracing::info!(
        target: TARGET,
        id = exchange.number,
        sandbox = &*sandbox.name,
        method = exchange.method.as_str(),
        path = cut(exchange.path()),
        query = exchange.query().map(cut),
        operation = operation.map(|operation| operation.id.as_str()),
        status = exchange.status,
        scenario = exchange.scenario.as_ref().map(|scenario| scenario.name.as_str()),
        took_us = exchange.took_us,
        delay_ms = exchange.delay_ms,
        violations = violations.as_str(),
        faults = faults.as_str(),
    );
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
