//! Caps: how many leads went through in the interval, and how many were turned away.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::flows::sources;
use super::super::{Answer, Outcome, Reading, Refusal};
use super::{interval, live_flows, made, zone_of};
use crate::behaviour::timeframe::Timeframe;
use crate::rules::Condition;
use crate::world::clock::{Timestamp, stamp};
use crate::world::events::{self, Event, Kind, Summary};
use crate::world::ids::ObjectId;
use crate::world::{Account, Document, items, key_of, text};

/// Why a lead is turned away when the cap does not say.
const REASON: &str = "Cap reached";

/// A cap of a live flow, and what it has counted.
struct Counter<'a> {
    cap: &'a Value,
    flow: &'a Document,
    place: Place<'a>,
    zone: &'a str,
    frame: Timeframe,
    /// Leads that came before the cap was made are not counted.
    since_ms: i64,
    /// What a lead has to fulfil: the rules of the cap and of those around it.
    conditions: Vec<Condition>,
    count: u64,
    failed_count: u64,
    latest_ms: Option<i64>,
}

/// Where a cap stands, and so what it counts.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// The leads of a flow.
    Flow,
    /// Those of a source, by its entity.
    Source(&'a str),
    /// The deliveries of a step, by its id and its entity.
    Step(&'a str, &'a str),
}

pub(in crate::behaviour) fn list(call: &Reading<'_>) -> Outcome {
    let account = call.account()?;
    let mut counters = counters(call, account, &live_flows(call, account));
    count(account, &mut counters);
    // A cap that nobody came to is left out.
    let met = counters.iter().filter(|counter| counter.count + counter.failed_count > 0);
    Ok(Answer::ok(&met.map(Counter::document).collect()))
}

pub(in crate::behaviour) fn get(call: &Reading<'_>) -> Outcome {
    let account = call.account()?;
    let id = key_of(call.input.path("id"));
    let mut counters = counters(call, account, &live_flows(call, account));
    counters.retain(|counter| text(counter.cap, "id") == id);
    count(account, &mut counters);
    let counter = counters.first().ok_or_else(|| Refusal::new(404, "cap not found"))?;
    Ok(Answer::ok(&counter.document()))
}

/// The caps of these flows, those inside others after them.
fn counters<'a>(call: &Reading<'_>, account: &'a Account, flows: &[&'a Document]) -> Vec<Counter<'a>> {
    let mut found = Vec::new();
    for flow in flows {
        let value = flow.value();
        let mut gather = |holder, place| gather(call, account, flow, holder, place, &[], &mut found);
        gather(value, Place::Flow);
        sources(value).for_each(|(entity, source)| gather(source, Place::Source(entity)));
        for step in items(value, "steps") {
            gather(step, Place::Step(text(step, "id"), text(&step["entity"], "id")));
        }
    }
    found
}

fn gather<'a>(
    call: &Reading<'_>,
    account: &'a Account,
    flow: &'a Document,
    holder: &'a Value,
    place: Place<'a>,
    around: &[Condition],
    found: &mut Vec<Counter<'a>>,
) {
    for cap in items(holder, "caps") {
        let mut conditions = around.to_vec();
        if let Some(set) = cap.get("rule_set").filter(|set| !set.is_null()) {
            // Rules that cannot be read came with a scenario. They hold for no lead, nor does what lies inside.
            let Ok(condition) = Condition::set(set) else { continue };
            conditions.push(condition);
        }
        // Without a maximum there is no limit to count for, but those inside may be some.
        if let Some(frame) = interval(call, cap, flow, account).filter(|_| cap.get("maximum").is_some()) {
            found.push(Counter {
                cap,
                flow,
                place,
                zone: zone_of(cap, account),
                frame,
                since_ms: frame.start.max(made(cap, flow)).as_millisecond(),
                conditions: conditions.clone(),
                count: 0,
                failed_count: 0,
                latest_ms: None,
            });
        }
        gather(call, account, flow, cap, place, &conditions, found);
    }
}

/// Goes once through the events, however many caps there are.
fn count(account: &Account, counters: &mut [Counter<'_>]) {
    let Some(earliest) = counters.iter().map(|counter| counter.since_ms).min() else { return };
    let mut by_flow: HashMap<ObjectId, Vec<&mut Counter<'_>>> = HashMap::new();
    for counter in counters {
        if let Some(flow) = counter.flow.text("id").and_then(|id| id.parse().ok()) {
            by_flow.entry(flow).or_default().push(counter);
        }
    }
    for event in account.events().iter() {
        let summary = event.summary();
        if summary.start_ms < earliest {
            continue;
        }
        let Some(counters) = summary.flow.and_then(|flow| by_flow.get_mut(&flow)) else { continue };
        let mut value = None;
        for counter in counters {
            counter.meet(event, &mut value);
        }
    }
}

impl Counter<'_> {
    /// Counts an event that the cap is about. Its document is made only when something asks for it.
    fn meet<'e>(&mut self, event: Event<'e>, value: &mut Option<Cow<'e, Value>>) {
        let summary = event.summary();
        if !(self.since_ms..self.frame.end.as_millisecond()).contains(&summary.start_ms) || !self.place.sees(summary) {
            return;
        }
        let is_success = summary.outcome == events::Outcome::Success;
        if !is_success && summary.outcome != self.place.refusal() {
            return;
        }
        let reads = !is_success || !self.conditions.is_empty() || matches!(self.place, Place::Step(..));
        if reads && !self.takes(value.get_or_insert_with(|| event.value()), is_success) {
            return;
        }
        if is_success {
            self.count += 1;
        } else {
            self.failed_count += 1;
        }
        self.latest_ms = self.latest_ms.max(Some(summary.start_ms));
    }

    fn takes(&self, event: &Value, is_success: bool) -> bool {
        let is_step = match self.place {
            // An entity may stand in several steps.
            Place::Step(id, _) => text(event, "step_id") == id,
            Place::Flow | Place::Source(_) => true,
        };
        let variables = event.get("vars").unwrap_or(&Value::Null);
        is_step && (is_success || self.turned_away(event)) && self.conditions.iter().all(|c| c.holds(variables))
    }

    /// Whether it was a cap that refused, and this one as far as can be told: the reason of a cap may be a template.
    fn turned_away(&self, event: &Value) -> bool {
        let reached = ["cap_reached", "caps_reached"].iter().any(|name| event.get(name) == Some(&Value::Bool(true)));
        let reason = self.cap.get("reason").and_then(Value::as_str).unwrap_or(REASON);
        reached && (matches!(self.place, Place::Step(..)) || reason.contains("{{") || text(event, "reason") == reason)
    }

    fn document(&self) -> Value {
        let mut counter = Map::new();
        let mut put = |name: &str, value: Value| counter.insert(name.to_owned(), value);
        put("id", self.cap["id"].clone());
        put("type", "volume".into());
        for name in ["name", "maximum", "duration", "duration_units"] {
            if let Some(value) = self.cap.get(name) {
                put(name, value.clone());
            }
        }
        let inner = items(self.cap, "caps");
        put("time_zone", self.zone.into());
        put("count", self.count.into());
        put("failed_count", self.failed_count.into());
        put("cap_ids", inner.iter().map(|cap| cap["id"].clone()).collect());
        put("caps", inner.into());
        put("flow_id", json!(self.flow.text("id")));
        match self.place {
            Place::Flow => None,
            Place::Source(entity) => put("source_id", entity.into()),
            Place::Step(id, _) => put("step_id", id.into()),
        };
        put("started_at", stamp(self.frame.start).into());
        put("expires_at", stamp(self.frame.end).into());
        let latest = self.latest_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        put("updated_at", stamp(latest.unwrap_or(self.frame.start)).into());
        Value::Object(counter)
    }
}

impl Place<'_> {
    /// Whether an event of the flow is about what is counted here.
    fn sees(self, summary: &Summary) -> bool {
        let is = |id: &str, found: Option<ObjectId>| id.parse().ok() == found;
        match self {
            Self::Flow => summary.kind == Kind::Source,
            Self::Source(entity) => summary.kind == Kind::Source && is(entity, summary.source),
            Self::Step(_, entity) => summary.kind == Kind::Recipient && is(entity, summary.recipient),
        }
    }

    /// How an event ends when a cap turned the lead away: a step is left out, the lead goes on.
    fn refusal(self) -> events::Outcome {
        match self {
            Self::Flow | Self::Source(_) => events::Outcome::Failure,
            Self::Step(..) => events::Outcome::Skip,
        }
    }
}
