//! The trace of a lead: the steps of its flow in order, and what decided about it.

use std::ops::Bound;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{ControlCall, ControlResult, ok};
use crate::config::limits::TRACE_STEPS_MAX;
use crate::contract::problem::{Problem, ProblemType};
use crate::leadconduit::state::events::{Event, EventType};
use crate::leadconduit::state::{Account, World};
use crate::recording::journal::{Exchange, exchange_json};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::computation;
use crate::support::document::text;
use crate::support::ids::ObjectId;
use crate::support::redaction::{Redactor, SecretTexts};

/// What a step has of its event. The variables of the lead are left out: they repeat the lead in every event.
const STEP_PROPERTIES: [&str; 15] = [
    "type",
    "outcome",
    "reason",
    "step_id",
    "module_id",
    "ms",
    "wait_ms",
    "cost",
    "purchase_price",
    "sale_price",
    "revenue",
    "cap_reached",
    "rule_set",
    "appended",
    "transactions",
];

pub(super) fn trace(call: &ControlCall<'_>) -> ControlResult {
    let world = call.sandbox.world();
    let lead: Option<ObjectId> = call.name.parse().ok();
    let found = lead.and_then(|lead| Some((lead, find_events(&world, lead)?)));
    let Some((lead, (account_id, account, mut events))) = found else { return Err(lead_not_found(call)) };
    let total = events.len();
    // The last event is that of the source, which has the outcome.
    events.drain(..total.saturating_sub(TRACE_STEPS_MAX));
    let documents: Vec<Value> = events.iter().map(|event| event.value().into_owned()).collect();
    let source = documents.iter().rev().find(|event| text(event, "type") == EventType::Source.name());
    let vars = |name: &str| documents.last().and_then(|event| event.get("vars")?.get(name)).cloned();
    let lead_id = lead.to_string();
    let recorded = call.sandbox.exchanges().into_iter().rev().find(|exchange| is_submission_of(exchange, &lead_id));
    let report = recorded.as_ref().and_then(|exchange| exchange.lead.as_deref()).map(exchange_json::lead);
    let mut trace = json!({
        "lead": lead_id,
        "account": {"id": account_id, "name": account.document().text("name")},
        "flow": vars("flow"),
        "source": vars("source"),
        "submission": vars("submission"),
        "outcome": source.map(|event| &event["outcome"]),
        "reason": source.map(|event| &event["reason"]),
        "decided_by": report.as_ref().map(|report| &report["decided_by"]),
        "exchange": recorded.as_ref().map(|exchange| exchange.number),
        "steps": documents.iter().map(step).collect::<Vec<_>>(),
        "meta": {"total": total},
    });
    redact(call, &world, documents, &mut trace);
    Ok(ok(&trace))
}

/// Replaces secrets as the journal does. The keys of the world are known; the values that the whole events show to be
/// secret by their names, such as the mapping of a password, are replaced wherever the trace repeats them.
fn redact(call: &ControlCall<'_>, world: &World, documents: Vec<Value>, trace: &mut Value) {
    let keys = world.keys().map(|(key, _)| key);
    let known = call.context.access.token().into_iter().chain(keys).map(str::to_owned);
    let library = call.app.library();
    let texts = SecretTexts::new(known.chain(library.secrets().iter().cloned()));
    let redactor = Redactor::new(texts);
    for mut document in documents {
        redactor.value(&mut document);
    }
    redactor.value(trace);
    if let Some(redactor) = redactor.with_found_values() {
        redactor.value(trace);
    }
}

/// The events of a lead, the oldest first, with the account that has them.
fn find_events(world: &World, lead: ObjectId) -> Option<(&str, &Account, Vec<Event<'_>>)> {
    world.accounts().find_map(|(id, account)| {
        // A lead is older than its events, and ids begin with their time.
        let events = account.events().ascending(Bound::Unbounded, Bound::Unbounded);
        let events: Vec<Event<'_>> =
            events.inspect(|_| computation::spend(1)).filter(|event| event.summary().lead == Some(lead)).collect();
        (!events.is_empty()).then_some((id, account, events))
    })
}

/// Whether an exchange is the submission that created a lead.
fn is_submission_of(exchange: &Exchange, lead: &str) -> bool {
    exchange.lead.is_some() && exchange.response_body().json().pointer("/lead/id").and_then(Value::as_str) == Some(lead)
}

fn step(event: &Value) -> Value {
    let mut step = Map::new();
    step.insert("event".to_owned(), event["id"].clone());
    let started = event.get("start_timestamp").and_then(Value::as_i64);
    let started = started.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(format_timestamp);
    step.insert("started_at".to_owned(), started.into());
    for name in STEP_PROPERTIES {
        if let Some(value) = event.get(name) {
            step.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(recipient) = event.pointer("/vars/recipient") {
        step.insert("recipient".to_owned(), recipient.clone());
    }
    Value::Object(step)
}

fn lead_not_found(call: &ControlCall<'_>) -> Problem {
    let shown: String = call.name.chars().take(80).collect();
    let detail = format!(
        "the accounts of sandbox `{}` have no events of a lead `{shown}`; write the id of a lead, as in the response of \
         its submission. Leads that were not submitted by a request, or that ended long ago, may have no events",
        call.sandbox.name
    );
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NotFound, detail)
}
