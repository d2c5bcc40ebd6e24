//! Counts the events of volume caps.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::interval::{created_at, current_interval, time_zone_of};
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::live_flow::sources_by_entity;
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::Account;
use crate::leadconduit::state::cap_count::CapCount;
use crate::leadconduit::state::events::{Event, EventSummary, EventType, Outcome};
use crate::leadconduit::timeframe::Timeframe;
use crate::support::document::{Document, items, text};
use crate::support::ids::ObjectId;

/// The reason of a rejection by a cap that has none of its own.
pub(super) const DEFAULT_REASON: &str = "Cap reached";

/// The property of an event with the id of the cap that rejected the lead. It is the mock's own; the property of
/// LeadConduit is not documented.
pub(crate) const CAP_ID_PROPERTY: &str = "cap_id";

/// A cap of a live flow, and its counts.
pub(super) struct CapCounter<'a> {
    pub(super) cap: &'a Value,
    pub(super) flow: &'a Arc<Document>,
    pub(super) holder: CapHolder<'a>,
    pub(super) time_zone: &'a str,
    pub(super) interval: Timeframe,
    /// Earlier events are not counted: the start of the interval, or the creation of the cap if that is later.
    since_ms: i64,
    /// The rules that a counted lead meets: those of the cap and of the caps around it.
    pub(super) conditions: Vec<Condition>,
    pub(super) count: u64,
    pub(super) failed_count: u64,
    /// Start of the latest counted event.
    pub(super) latest_ms: Option<i64>,
    /// The last event that was examined.
    last_event: Option<ObjectId>,
}

/// The part of a flow that a cap belongs to. It decides which events count.
#[derive(Clone, Copy)]
pub(super) enum CapHolder<'a> {
    /// The flow: the source events of all its sources.
    Flow,
    /// A source: its source events.
    Source {
        /// The id of the source's entity.
        entity: &'a str,
    },
    /// A step: its delivery events.
    Step {
        /// The id of the step.
        id: &'a str,
        /// The id of the step's entity.
        entity: &'a str,
    },
}

/// The counters of the caps of these flows, at zero. A cap comes before the caps inside it.
pub(super) fn counters<'a>(
    context: &ReadContext<'_>,
    account: &'a Account,
    flows: &[&'a Arc<Document>],
) -> Vec<CapCounter<'a>> {
    let mut counters = Vec::new();
    for flow in flows {
        let value = flow.value();
        let mut collect = |document, holder| collect(context, account, flow, document, holder, &[], &mut counters);
        collect(value, CapHolder::Flow);
        sources_by_entity(value).for_each(|(entity, source)| collect(source, CapHolder::Source { entity }));
        for step in items(value, "steps") {
            collect(step, CapHolder::Step { id: text(step, "id"), entity: text(&step["entity"], "id") });
        }
    }
    counters
}

/// Adds the counters of the caps in `document`, which is a flow, source, step or cap, and of the caps inside them.
fn collect<'a>(
    context: &ReadContext<'_>,
    account: &'a Account,
    flow: &'a Arc<Document>,
    document: &'a Value,
    holder: CapHolder<'a>,
    outer_conditions: &[Condition],
    counters: &mut Vec<CapCounter<'a>>,
) {
    for cap in items(document, "caps") {
        let mut conditions = outer_conditions.to_vec();
        if let Some(set) = cap.get("rule_set").filter(|set| !set.is_null()) {
            // Only scenarios can contain malformed rules. They match no lead, so neither do the caps inside.
            let Ok(condition) = Condition::parse_set(set) else { continue };
            conditions.push(condition);
        }
        // A cap without a maximum has nothing to count, but the caps inside it may have.
        if let Some(interval) = current_interval(context, cap, flow, account).filter(|_| cap.get("maximum").is_some()) {
            counters.push(CapCounter {
                cap,
                flow,
                holder,
                time_zone: time_zone_of(cap, account),
                interval,
                since_ms: interval.start.max(created_at(cap, flow)).as_millisecond(),
                conditions: conditions.clone(),
                count: 0,
                failed_count: 0,
                latest_ms: None,
                last_event: None,
            });
        }
        collect(context, account, flow, cap, holder, &conditions, counters);
    }
}

/// Counts the events of the account, in one pass for all counters. Events that a stored count covers are skipped.
pub(super) fn count_events(account: &Account, counters: &mut [CapCounter<'_>]) {
    let log = account.events();
    for counter in counters.iter_mut() {
        counter.resume(account);
    }
    let Some(from) = counters.iter().map(|counter| counter.last_event).min() else { return };
    let earliest = counters.iter().map(|counter| counter.since_ms).min().unwrap_or(i64::MIN);
    let mut by_flow: HashMap<ObjectId, Vec<&mut CapCounter<'_>>> = HashMap::new();
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
        for counter in counters.iter_mut().filter(|counter| counter.last_event.is_none_or(|last| summary.id > last)) {
            counter.count_event(event, &mut value);
        }
    }
    let last = log.last();
    for counter in counters.iter_mut() {
        counter.last_event = last;
    }
}

impl CapCounter<'_> {
    /// Starts from the stored count, when it is current.
    fn resume(&mut self, account: &Account) {
        let stored = account.cap_count(text(self.cap, "id"));
        let Some(stored) = stored.filter(|stored| stored.is_current(self.flow, self.since_ms, account.events())) else {
            return;
        };
        (self.count, self.failed_count, self.latest_ms) = (stored.count, stored.failed_count, stored.latest_ms);
        self.last_event = stored.last_event;
    }

    /// The count to be stored, from which the next request can resume.
    pub(super) fn to_cap_count(&self, account: &Account) -> CapCount {
        CapCount {
            flow: Arc::clone(self.flow),
            since_ms: self.since_ms,
            rewrites: account.events().rewrites(),
            last_event: self.last_event,
            count: self.count,
            failed_count: self.failed_count,
            latest_ms: self.latest_ms,
        }
    }

    /// Counts an event, if the cap covers it. `value` caches the event's document, which is rendered only when needed.
    fn count_event<'e>(&mut self, event: Event<'e>, value: &mut Option<Cow<'e, Value>>) {
        let summary = event.summary();
        let interval_ms = self.since_ms..self.interval.end.as_millisecond();
        if !interval_ms.contains(&summary.start_ms) || !self.holder.covers(summary) {
            return;
        }
        let is_success = summary.outcome == Outcome::Success;
        if !is_success && summary.outcome != self.holder.rejection_outcome() {
            return;
        }
        let needs_value = !is_success || !self.conditions.is_empty() || matches!(self.holder, CapHolder::Step { .. });
        if needs_value && !self.matches(value.get_or_insert_with(|| event.value()), is_success) {
            return;
        }
        if is_success {
            self.count += 1;
        } else {
            self.failed_count += 1;
        }
        self.latest_ms = self.latest_ms.max(Some(summary.start_ms));
    }

    /// Whether the document of an event is one that the cap counts.
    fn matches(&self, event: &Value, is_success: bool) -> bool {
        let is_holder = match self.holder {
            // An entity can have several steps in a flow.
            CapHolder::Step { id, .. } => text(event, "step_id") == id,
            CapHolder::Flow | CapHolder::Source { .. } => true,
        };
        let variables = event.get("vars").unwrap_or(&Value::Null);
        is_holder
            && (is_success || self.was_rejected_by(event))
            && self.conditions.iter().all(|condition| condition.matches(variables))
    }

    /// Whether this cap rejected the lead of an event. Events of a scenario may not name the cap; then the reason of the
    /// event is compared with that of the cap, unless that is a template.
    fn was_rejected_by(&self, event: &Value) -> bool {
        if let Some(id) = event.get(CAP_ID_PROPERTY) {
            return *id == self.cap["id"];
        }
        let is_cap_event =
            ["cap_reached", "caps_reached"].iter().any(|name| event.get(name) == Some(&Value::Bool(true)));
        let reason = self.cap.get("reason").and_then(Value::as_str).unwrap_or(DEFAULT_REASON);
        let is_any_reason = matches!(self.holder, CapHolder::Step { .. }) || reason.contains("{{");
        is_cap_event && (is_any_reason || text(event, "reason") == reason)
    }
}

impl CapHolder<'_> {
    /// Whether an event of the flow is about this part of it.
    fn covers(self, summary: &EventSummary) -> bool {
        let is = |id: &str, actual: Option<ObjectId>| id.parse().ok() == actual;
        match self {
            Self::Flow => summary.kind == EventType::Source,
            Self::Source { entity } => summary.kind == EventType::Source && is(entity, summary.source),
            Self::Step { entity, .. } => summary.kind.is_delivery() && is(entity, summary.recipient),
        }
    }

    /// The outcome of an event when a cap rejects the lead. A cap of a step skips the step, and the flow continues.
    fn rejection_outcome(self) -> Outcome {
        match self {
            Self::Flow | Self::Source { .. } => Outcome::Failure,
            Self::Step { .. } => Outcome::Skip,
        }
    }
}
