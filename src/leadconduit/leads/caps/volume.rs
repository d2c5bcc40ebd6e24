//! Caps: how many leads went through in the interval, and how many were turned away.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{interval, live_flows, made, zone_of};
use crate::leadconduit::context::{ReadContext, WriteContext};
use crate::leadconduit::live_flow::sources;
use crate::leadconduit::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::Account;
use crate::leadconduit::state::events::{self, Event, Kind, Summary};
use crate::leadconduit::state::tally::Tally;
use crate::leadconduit::timeframe::Timeframe;
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::{Document, is_same_id, items, key_of, text};
use crate::support::ids::ObjectId;

/// Why a lead is turned away when the cap does not say.
const REASON: &str = "Cap reached";

/// The property of an event that names the cap which turned the lead away. The mock's own: live events may have another.
pub(crate) const REACHED: &str = "cap_id";

/// A cap of a live flow, and what it has counted.
struct Counter<'a> {
    cap: &'a Value,
    flow: &'a Arc<Document>,
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
    /// Events up to this one are counted already.
    upto: Option<ObjectId>,
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

pub(crate) fn list(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let mut counters = counters(call, account, &live_flows(call, account));
    count(account, &mut counters);
    // A cap that nobody came to is left out.
    let met = counters.iter().filter(|counter| counter.count + counter.failed_count > 0);
    Ok(OperationResponse::ok(&met.map(Counter::document).collect()))
}

pub(crate) fn get(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let id = key_of(call.input.path("id"));
    let mut counters = counters(call, account, &live_flows(call, account));
    counters.retain(|counter| text(counter.cap, "id") == id);
    count(account, &mut counters);
    let counter = counters.first().ok_or_else(|| ApiError::new(404, "cap not found"))?;
    Ok(OperationResponse::ok(&counter.document()))
}

/// The caps of these flows, those inside others after them.
fn counters<'a>(call: &ReadContext<'_>, account: &'a Account, flows: &[&'a Arc<Document>]) -> Vec<Counter<'a>> {
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
    call: &ReadContext<'_>,
    account: &'a Account,
    flow: &'a Arc<Document>,
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
                upto: None,
            });
        }
        gather(call, account, flow, cap, place, &conditions, found);
    }
}

/// Goes once through the events that were not counted before, however many caps there are.
fn count(account: &Account, counters: &mut [Counter<'_>]) {
    let log = account.events();
    for counter in counters.iter_mut() {
        counter.resume(account);
    }
    let Some(from) = counters.iter().map(|counter| counter.upto).min() else { return };
    let earliest = counters.iter().map(|counter| counter.since_ms).min().unwrap_or(i64::MIN);
    let mut by_flow: HashMap<ObjectId, Vec<&mut Counter<'_>>> = HashMap::new();
    for counter in counters.iter_mut() {
        if let Some(flow) = counter.flow.text("id").and_then(|id| id.parse().ok()) {
            by_flow.entry(flow).or_default().push(counter);
        }
    }
    for event in log.ascending(from.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded) {
        let summary = event.summary();
        if summary.start_ms < earliest {
            continue;
        }
        let Some(counters) = summary.flow.and_then(|flow| by_flow.get_mut(&flow)) else { continue };
        let mut value = None;
        for counter in counters.iter_mut().filter(|counter| counter.upto.is_none_or(|upto| summary.id > upto)) {
            counter.meet(event, &mut value);
        }
    }
    let last = log.last();
    for counter in counters.iter_mut() {
        counter.upto = last;
    }
}

impl Counter<'_> {
    /// Goes on from what was counted before, when that still fits.
    fn resume(&mut self, account: &Account) {
        let tally = account.tally(text(self.cap, "id"));
        let Some(tally) = tally.filter(|tally| tally.goes_on(self.flow, self.since_ms, account.events())) else {
            return;
        };
        (self.count, self.failed_count, self.latest_ms) = (tally.count, tally.failed_count, tally.latest_ms);
        self.upto = tally.upto;
    }

    /// What the next count can go on from.
    fn tally(&self, account: &Account) -> Tally {
        Tally {
            flow: Arc::clone(self.flow),
            since_ms: self.since_ms,
            rewrites: account.events().rewrites(),
            upto: self.upto,
            count: self.count,
            failed_count: self.failed_count,
            latest_ms: self.latest_ms,
        }
    }

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

    /// Whether it was this cap that refused. Events that a scenario wrote may not say which one it was: then as far as
    /// their reasons tell, which may be made of templates.
    fn turned_away(&self, event: &Value) -> bool {
        if let Some(id) = event.get(REACHED) {
            return *id == self.cap["id"];
        }
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

/// The caps of a flow before a lead: how far each is used up, and whom it counts.
pub(crate) struct Caps(Vec<Limit>);

struct Limit {
    id: String,
    place: CapScope,
    conditions: Vec<Condition>,
    is_full: bool,
    reason: Option<String>,
}

/// Where a cap stands, as the lead handler comes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CapScope {
    /// At the flow, for all of its sources.
    Flow,
    /// At the source.
    Source,
    /// At the step of an id.
    Step(String),
}

/// A cap that is used up.
pub(crate) struct Full {
    /// Its id.
    pub(crate) id: String,
    /// What it says of leads that it turns away: a template.
    pub(crate) reason: String,
}

impl Caps {
    /// The caps that a lead of a source meets in a flow. What they have counted is kept for the next lead.
    pub(crate) fn of(call: &mut WriteContext<'_>, owner: &str, flow: &Arc<Document>, source: &str) -> Self {
        let (limits, tallies) = {
            let reading = call.reading();
            let Some(account) = reading.world.account(owner) else { return Self(Vec::new()) };
            let mut counters = counters(&reading, account, &[flow]);
            counters.retain(|counter| !matches!(counter.place, Place::Source(entity) if !is_same_id(entity, source)));
            count(account, &mut counters);
            let tallies: Vec<_> =
                counters.iter().map(|counter| (text(counter.cap, "id").into(), counter.tally(account))).collect();
            (counters.into_iter().map(Limit::from).collect(), tallies)
        };
        call.world.keep_tallies(owner, tallies);
        Self(limits)
    }

    /// The first cap at a place that is used up and counts a lead like this.
    pub(crate) fn full(&self, standing: &CapScope, vars: &Value) -> Option<Full> {
        let is_met = |limit: &&Limit| {
            limit.is_full && limit.place == *standing && limit.conditions.iter().all(|condition| condition.holds(vars))
        };
        let limit = self.0.iter().find(is_met)?;
        Some(Full { id: limit.id.clone(), reason: limit.reason.clone().unwrap_or_else(|| REASON.to_owned()) })
    }
}

impl From<Counter<'_>> for Limit {
    fn from(counter: Counter<'_>) -> Self {
        let maximum = counter.cap.get("maximum").and_then(Value::as_f64).unwrap_or(f64::INFINITY);
        #[expect(clippy::cast_precision_loss, reason = "no cap counts as far as that")]
        let is_full = counter.count as f64 >= maximum;
        Self {
            id: text(counter.cap, "id").to_owned(),
            place: match counter.place {
                Place::Flow => CapScope::Flow,
                Place::Source(_) => CapScope::Source,
                Place::Step(id, _) => CapScope::Step(id.to_owned()),
            },
            conditions: counter.conditions,
            is_full,
            reason: counter.cap.get("reason").and_then(Value::as_str).map(str::to_owned),
        }
    }
}

impl Place<'_> {
    /// Whether an event of the flow is about what is counted here.
    fn sees(self, summary: &Summary) -> bool {
        let is = |id: &str, found: Option<ObjectId>| id.parse().ok() == found;
        match self {
            Self::Flow => summary.kind == Kind::Source,
            Self::Source(entity) => summary.kind == Kind::Source && is(entity, summary.source),
            Self::Step(_, entity) => summary.kind.is_delivery() && is(entity, summary.recipient),
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
