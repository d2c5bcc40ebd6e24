//! Events: what each step leaves behind, with all that was known of the lead then.

use serde_json::{Map, Value, json};

use super::super::caps::REACHED;
use super::super::{Answer, Refusal, Writing};
use super::outbox::Spot;
use super::recipient::Said;
use super::run::{Run, Verdict};
use super::{fields, recorded};
use crate::world::clock::{SignedDuration, Timestamp, stamp};
use crate::world::document::number;
use crate::world::events::Outcome;
use crate::world::standard::Kind;
use crate::world::text;

/// For how long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The version of an integration that no package tells of.
const VERSION: &str = "1.0.0";

/// How many properties an event has, or nearly so.
const PROPERTIES: usize = 40;

/// A lead on its way to a recipient.
pub(super) struct Delivery {
    /// The event's id, which feedback has to name.
    pub(super) id: String,
    /// The cap that keeps the lead away.
    pub(super) cap: Option<String>,
    /// Where on its way the lead is.
    pub(super) spot: Spot,
}

impl Delivery {
    pub(super) fn new(call: &mut Writing<'_>, run: &Run<'_>, step: &Value, attempt: u8) -> Self {
        let spot = run.spot(step, attempt);
        Self { id: next_id(call, &spot), cap: None, spot }
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
    run: &mut Run<'_>,
    step: &Value,
    outcome: Outcome,
    reason: &str,
    ms: i64,
) -> Result<(), Refusal> {
    let id = next_id(call, &run.spot(step, 0));
    let mut record = Record::new(id, "filter", outcome, reason, run.vars.take());
    record.set("step_id", step["id"].clone());
    record.copy(step, &["description", "rule_set"]);
    record.stamp(&Took { ms, wait_ms: 0, total_ms: run.ms }, call.now);
    run.vars = record.write(call, &run.door.account)?;
    Ok(())
}

/// The event of a recipient; of one that was asked again, when there is a `retry`.
pub(super) fn delivery(
    call: &mut Writing<'_>,
    run: &mut Run<'_>,
    step: &Value,
    delivery: Delivery,
    said: &Said,
    sale: f64,
    retry: Option<&'static str>,
) -> Result<(), Refusal> {
    let integration = &step["integration"];
    let kind = if retry.is_some() { "retry" } else { "recipient" };
    run.vars["price"] = number(sale);
    let mut record = Record::new(delivery.id, kind, said.outcome, &said.reason, run.vars.take());
    record.set("step_id", step["id"].clone());
    record.set("key", key(step));
    record.set("module_id", integration["module_id"].clone());
    record.set("package_version", version(call, text(integration, "module_id")));
    record.set("caps_reached", delivery.cap.is_some());
    for (name, dollars) in
        [("cost", run.price()), ("purchase_price", run.price()), ("sale_price", sale), ("revenue", sale - run.price())]
    {
        record.set(name, number(dollars));
    }
    if let Some(cap) = delivery.cap {
        record.set(REACHED, cap);
    }
    if let Some(status) = retry {
        record.set("retry_status", status);
    }
    record.copy(step, &["description", "rule_set", "caps", "pricing"]);
    record.copy(integration, &["mappings"]);
    if let Some(transaction) = &said.transaction {
        let transactions = json!([transaction]);
        // An address may be one that can be called and that the model has no room for.
        if call.check("RecordedTransactions", &transactions).is_ok() {
            record.set("transactions", transactions);
        }
    }
    if said.outcome != Outcome::Skip {
        record.set(key(step), said.appended());
    }
    record.stamp(&Took { ms: said.ms, wait_ms: said.ms, total_ms: run.ms }, call.now);
    run.vars = record.write(call, &run.door.account)?;
    Ok(())
}

/// The event of a lead that is through.
pub(super) fn end(call: &mut Writing<'_>, mut run: Run<'_>, verdict: &Verdict, answer: &Answer) -> Result<(), Refusal> {
    let integration = &run.door.source["integration"];
    let id = call.world.next_id(call.now);
    let mut record = Record::new(id, "source", verdict.outcome, &verdict.reason, run.vars.take());
    record.set("module_id", integration["module_id"].clone());
    record.set("package_version", version(call, text(integration, "module_id")));
    record.set("step_count", run.step_count);
    record.set("disabled_step_count", run.disabled_step_count);
    record.set("cost", number(run.cost(verdict)));
    record.set("recipient_revenue", number(run.revenue));
    record.set("cap_reached", verdict.is_cap);
    if verdict.is_cap {
        // An address may stand for a cap that there is not.
        record.set(REACHED, verdict.cap.clone());
    }
    record.copy(&run.door.source, &["acceptance_criteria"]);
    if let Some(criteria) = run.door.flow.value().get("acceptance_criteria").filter(|criteria| criteria.is_object()) {
        record.set("flow_acceptance_criteria", criteria.clone());
    }
    let secret = |field: &str| matches!(fields::kind(call, run.door, field), "ssn" | "credential");
    record.set("request", recorded::request(call, &run, &secret));
    record.set("response", recorded::response(answer, call.now.as_millisecond() + run.ms));
    for (key, value) in &run.appended {
        record.set(key, value.clone());
    }
    record.set("appended", run.appended);
    record.stamp(&Took { ms: run.ms, wait_ms: run.wait_ms, total_ms: run.ms }, call.now);
    record.write(call, &run.door.account).map(drop)
}

/// An event that is being made. Its variables are lent to it: a copy of everything that is known for each step would
/// cost more than all the rest.
pub(in crate::behaviour) struct Record(Map<String, Value>);

impl Record {
    pub(in crate::behaviour) fn new(id: String, kind: &str, outcome: Outcome, reason: &str, vars: Value) -> Self {
        let mut record = Self(Map::with_capacity(PROPERTIES));
        record.set("id", id);
        record.set("type", kind);
        record.set("outcome", outcome.name());
        record.set("reason", reason);
        record.set("vars", vars);
        record
    }

    pub(in crate::behaviour) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// What of a step stands in its event as it was configured then.
    fn copy(&mut self, from: &Value, names: &[&str]) {
        for name in names {
            if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
                self.set(name, value.clone());
            }
        }
    }

    /// What events have in common besides what they tell: when, how long, on which server, until when. In the mock's
    /// books a lead takes time, but no event begins later than now: who asks for what has happened until now gets all
    /// of it.
    pub(in crate::behaviour) fn stamp(&mut self, took: &Took, now: Timestamp) {
        let began = now.as_millisecond();
        self.set("host", "app.leadconduit.com");
        for (name, ms) in [
            ("start_timestamp", began),
            ("end_timestamp", began + took.ms),
            ("ms", took.ms),
            ("wait_ms", took.wait_ms),
            ("overhead_ms", took.ms - took.wait_ms),
            ("lag_ms", 0),
            ("total_ms", took.total_ms),
        ] {
            self.set(name, ms);
        }
        self.set("handler_version", "2.23.1");
        self.set("version", "2.0.0");
        self.set("ping_limit_reached", false);
        self.set("expires_at", stamp(now.checked_add(KEPT).unwrap_or(now)));
    }

    /// Writes the event, and gives the variables back.
    pub(in crate::behaviour) fn write(self, call: &mut Writing<'_>, account: &str) -> Result<Value, Refusal> {
        let mut event = Value::Object(self.0);
        call.put_event(account, &event)?;
        Ok(event["vars"].take())
    }
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
