//! Events: what each step leaves behind, with all that was known of the lead then.

use serde_json::{Map, Value, json};

use super::super::caps::REACHED;
use super::super::{Answer, Refusal, Writing};
use super::outbox::Spot;
use super::recipient::Said;
use super::run::{Run, Verdict};
use super::{fields, recorded};
use crate::world::clock::{SignedDuration, Timestamp, stamp};
use crate::world::document::{merge, number};
use crate::world::events::Outcome;
use crate::world::standard::Kind;
use crate::world::text;

/// For how long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The version of an integration that no package tells of.
const VERSION: &str = "1.0.0";

/// A lead on its way to a recipient.
pub(super) struct Delivery {
    /// The event's id, which feedback has to name.
    id: String,
    /// The variables of the lead, with the recipient among them.
    pub(super) vars: Value,
    /// The cap that keeps the lead away.
    pub(super) cap: Option<String>,
    /// Where on its way the lead is.
    pub(super) spot: Spot,
}

impl Delivery {
    pub(super) fn new(call: &mut Writing<'_>, run: &Run<'_>, step: &Value, attempt: u8) -> Self {
        let spot = run.spot(step, attempt);
        let id = next_id(call, &spot);
        let mut vars = run.vars.clone();
        vars["recipient"] = party(&step["entity"]);
        vars["purchase_price"] = number(run.price());
        vars["event_id"] = id.clone().into();
        Self { id, vars, cap: None, spot }
    }
}

/// The id that belongs to a place on the lead's way.
pub(super) fn next_id(call: &mut Writing<'_>, spot: &Spot) -> String {
    let (world, now) = (&mut *call.world, call.now);
    call.outbox.id(spot, || world.next_id(now))
}

/// The event of a filter.
pub(super) fn filter(
    call: &mut Writing<'_>,
    run: &Run<'_>,
    step: &Value,
    outcome: Outcome,
    reason: &str,
    ms: i64,
) -> Result<(), Refusal> {
    let mut event = json!({
        "id": next_id(call, &run.spot(step, 0)),
        "type": "filter",
        "outcome": outcome.name(),
        "reason": reason,
        "vars": run.vars,
        "step_id": step["id"],
    });
    copy(&mut event, step, &["description", "rule_set"]);
    stamp_event(&mut event, &Took { ms, wait_ms: 0, total_ms: run.ms }, call.now);
    call.put_event(&run.door.account, &event).map(drop)
}

/// The event of a recipient; of one that was asked again, when there is a `retry`.
pub(super) fn delivery(
    call: &mut Writing<'_>,
    run: &Run<'_>,
    step: &Value,
    delivery: &Delivery,
    said: &Said,
    sale: f64,
    retry: Option<&'static str>,
) -> Result<(), Refusal> {
    let integration = &step["integration"];
    let mut event = json!({
        "id": delivery.id,
        "type": if retry.is_some() { "retry" } else { "recipient" },
        "outcome": said.outcome.name(),
        "reason": said.reason,
        "vars": delivery.vars,
        "step_id": step["id"],
        "key": key(step),
        "module_id": integration["module_id"],
        "package_version": version(call, text(integration, "module_id")),
        "caps_reached": delivery.cap.is_some(),
        "cost": number(run.price()),
        "purchase_price": number(run.price()),
        "sale_price": number(sale),
        "revenue": number(sale - run.price()),
    });
    event["vars"]["price"] = number(sale);
    if let Some(cap) = &delivery.cap {
        event[REACHED] = cap.clone().into();
    }
    if let Some(status) = retry {
        event["retry_status"] = status.into();
    }
    copy(&mut event, step, &["description", "rule_set", "caps", "pricing"]);
    copy(&mut event, integration, &["mappings"]);
    if let Some(transaction) = &said.transaction {
        let transactions = json!([transaction]);
        // An address may be one that can be called and that the model has no room for.
        if call.check("RecordedTransactions", &transactions).is_ok() {
            event["transactions"] = transactions;
        }
    }
    if said.outcome != Outcome::Skip {
        event[key(step)] = said.appended();
    }
    stamp_event(&mut event, &Took { ms: said.ms, wait_ms: said.ms, total_ms: run.ms }, call.now);
    call.put_event(&run.door.account, &event).map(drop)
}

/// The event of a lead that is through.
pub(super) fn end(call: &mut Writing<'_>, run: Run<'_>, verdict: &Verdict, answer: &Answer) -> Result<(), Refusal> {
    let flow = run.door.flow.value();
    let integration = &run.door.source["integration"];
    let cost = run.cost(verdict);
    let mut event = json!({
        "id": call.world.next_id(call.now),
        "type": "source",
        "outcome": verdict.outcome.name(),
        "reason": verdict.reason,
        "vars": {},
        "module_id": integration["module_id"],
        "package_version": version(call, text(integration, "module_id")),
        "step_count": run.step_count,
        "disabled_step_count": run.disabled_step_count,
        "cost": number(cost),
        "recipient_revenue": number(run.revenue),
        "cap_reached": verdict.is_cap,
    });
    if let Some(cap) = &verdict.cap {
        event[REACHED] = cap.clone().into();
    }
    copy(&mut event, &run.door.source, &["acceptance_criteria"]);
    if let Some(criteria) = flow.get("acceptance_criteria").filter(|criteria| criteria.is_object()) {
        event["flow_acceptance_criteria"] = criteria.clone();
    }
    let secret = |field: &str| matches!(fields::kind(call, run.door, field), "ssn" | "credential");
    event["request"] = recorded::request(call, &run, &secret);
    event["response"] = recorded::response(answer, call.now.as_millisecond() + run.ms);
    let took = Took { ms: run.ms, wait_ms: run.wait_ms, total_ms: run.ms };
    event["vars"] = run.vars;
    for (key, value) in &run.appended {
        event[key] = value.clone();
    }
    event["appended"] = run.appended.into();
    stamp_event(&mut event, &took, call.now);
    call.put_event(&run.door.account, &event).map(drop)
}

/// The key under which a step's reply is found: what its integration is called. The plain delivery's is `outbound`.
pub(super) fn key(step: &Value) -> &str {
    let module = text(&step["integration"], "module_id");
    let package = module.split('.').next().unwrap_or_default();
    match package.strip_prefix("leadconduit-").unwrap_or(package) {
        "" | "default" | "custom" | "standard" => "outbound",
        own => own,
    }
}

/// The version of the package that an integration comes in.
fn version(call: &Writing<'_>, module: &str) -> String {
    let package = module.split('.').next().unwrap_or_default();
    let packages = call.world.standard().all(Kind::Packages);
    let known = packages.iter().find(|known| known.text("id") == Some(package));
    known.and_then(|known| known.text("version")).unwrap_or(VERSION).to_owned()
}

/// Somebody or something as events name it.
pub(super) fn party(of: &Value) -> Value {
    let parts = ["id", "sso_id", "name"].into_iter();
    let known =
        parts.filter_map(|part| Some((part.to_owned(), of.get(part).filter(|value| value.is_string())?.clone())));
    Value::Object(known.collect::<Map<_, _>>())
}

/// What of a step stands in its event as it was configured then.
fn copy(event: &mut Value, from: &Value, names: &[&str]) {
    for name in names {
        if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
            event[*name] = value.clone();
        }
    }
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(in crate::behaviour) struct Took {
    /// By itself.
    pub(in crate::behaviour) ms: i64,
    /// Waiting for others.
    pub(in crate::behaviour) wait_ms: i64,
    /// Since the lead was submitted.
    pub(in crate::behaviour) total_ms: i64,
}

impl Took {
    /// What takes so long and waits for nobody.
    pub(in crate::behaviour) fn only(ms: i64) -> Self {
        Self { ms, wait_ms: 0, total_ms: ms }
    }
}

/// What events have in common besides what they tell: when, how long, on which server, until when. In the mock's books a
/// lead takes time, but no event begins later than now: who asks for what has happened until now gets all of it.
pub(in crate::behaviour) fn stamp_event(event: &mut Value, took: &Took, now: Timestamp) {
    let began = now.as_millisecond();
    let common = json!({
        "host": "app.leadconduit.com",
        "start_timestamp": began,
        "end_timestamp": began + took.ms,
        "ms": took.ms,
        "wait_ms": took.wait_ms,
        "overhead_ms": took.ms - took.wait_ms,
        "lag_ms": 0,
        "total_ms": took.total_ms,
        "handler_version": "2.23.1",
        "version": "2.0.0",
        "ping_limit_reached": false,
        "expires_at": stamp(now.checked_add(KEPT).unwrap_or(now)),
    });
    merge(event, &common);
}
