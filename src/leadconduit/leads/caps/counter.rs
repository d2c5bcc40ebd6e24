//! Counts the events of volume caps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value;

use super::counter_start::CounterStart;
use super::interval::current_interval;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::flow_model::{Cap, CapHolder, Flow};
use crate::leadconduit::state::Account;
use crate::leadconduit::state::cap_count::CapCount;
use crate::leadconduit::state::events::{
    Event, EventSummary, EventType, EventTypes, Outcome, TimeSpan, VariableLookup,
};
use crate::leadconduit::timeframe::Timeframe;
use crate::support::clock::Timestamp;
use crate::support::document::{Document, text};
use crate::support::ids::ObjectId;

/// The property of an event with the id of the cap that rejected the lead. It is the mock's own; the property of
/// LeadConduit is not documented.
pub(crate) const CAP_ID_PROPERTY: &str = "cap_id";

/// A cap of a live flow, and its counts.
pub(super) struct CapCounter<'a> {
    pub(super) cap: &'a Cap,
    /// The document of the flow.
    pub(super) flow: &'a Arc<Document>,
    pub(super) interval: Timeframe,
    /// Earlier events are not counted: the latest of the start of the interval, the creation of the cap and the start of
    /// its counter.
    since_ms: i64,
    pub(super) count: u64,
    pub(super) failed_count: u64,
    /// Start of the latest counted event.
    pub(super) latest_ms: Option<i64>,
    /// The last event that was examined or is not counted.
    last_event: Option<ObjectId>,
}

/// The counters of the caps of these flows, at zero. A cap comes before the caps inside it.
pub(super) fn counters<'a>(
    context: &ReadContext<'_>,
    account: &Account,
    flows: &[&'a Arc<Document>],
) -> Vec<CapCounter<'a>> {
    let of_flow = |flow: &'a Arc<Document>| {
        Flow::of(flow).caps.iter().filter_map(move |cap| CapCounter::new(context, account, flow, cap))
    };
    flows.iter().flat_map(|flow| of_flow(flow)).collect()
}

/// Counts the events of the account, in one pass for all counters. Events that a stored count covers are skipped.
pub(super) fn count_events(account: &Account, counters: &mut [CapCounter<'_>]) {
    let log = account.events();
    for counter in counters.iter_mut() {
        counter.resume(account);
    }
    let Some(from) = counters.iter().map(|counter| counter.last_event).min() else { return };
    let earliest = counters.iter().map(|counter| counter.since_ms).min().unwrap_or(i64::MIN);
    let mut by_flow: BTreeMap<ObjectId, Vec<&mut CapCounter<'_>>> = BTreeMap::new();
    for counter in counters.iter_mut() {
        if let Some(flow) = Flow::of(counter.flow).id.object_id {
            by_flow.entry(flow).or_default().push(counter);
        }
    }
    let (flows, mut by_flow): (Vec<_>, Vec<_>) = by_flow.into_iter().unzip();
    // The events of a lead follow one another, and have one flow.
    let mut latest: (Option<ObjectId>, Option<usize>) = (None, None);
    let span = TimeSpan { start_ms: earliest, ..TimeSpan::ALL };
    let Ok(()) = log.try_for_each::<Infallible>(from, span, EventTypes::ALL, |event| {
        let EventSummary { flow, id, .. } = *event.summary();
        if flow != latest.0 {
            latest = (flow, flow.and_then(|flow| flows.binary_search(&flow).ok()));
        }
        let Some(counters) = latest.1.and_then(|index| by_flow.get_mut(index)) else { return Ok(()) };
        let mut value = None;
        for counter in counters.iter_mut().filter(|counter| counter.last_event.is_none_or(|last| id > last)) {
            counter.count_event(event, &mut value);
        }
        Ok(())
    });
    let last = log.last();
    for counter in counters.iter_mut() {
        counter.last_event = last;
    }
}

impl<'a> CapCounter<'a> {
    /// The counter of a cap, at zero; `None` when the cap counts nothing.
    pub(super) fn new(
        context: &ReadContext<'_>,
        account: &Account,
        flow: &'a Arc<Document>,
        cap: &'a Cap,
    ) -> Option<Self> {
        let interval = current_interval(context, &cap.limit, account)?;
        // A cap without a maximum has nothing to count, but the caps inside it may have.
        cap.maximum?;
        let start = CounterStart::of(account, &cap.limit.id);
        let since = interval.start.max(cap.limit.created_at);
        Some(Self {
            cap,
            flow,
            interval,
            since_ms: start.at.map_or(since, |at| at.max(since)).as_millisecond(),
            count: 0,
            failed_count: 0,
            latest_ms: None,
            last_event: start.after,
        })
    }

    /// Earlier events are not counted.
    pub(super) fn since(&self) -> Timestamp {
        Timestamp::from_millisecond(self.since_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Starts from the stored count, when it is current.
    fn resume(&mut self, account: &Account) {
        let stored = account.cap_count(&self.cap.limit.id);
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
        if !interval_ms.contains(&summary.start_ms) || !covers(&self.cap.holder, summary) {
            return;
        }
        let is_success = summary.outcome == Outcome::Success;
        if !is_success && summary.outcome != rejection_outcome(&self.cap.holder) {
            return;
        }
        let is_of_step = matches!(self.cap.holder, CapHolder::Step { .. });
        let needs_value = !is_success || !self.cap.conditions.is_empty() || is_of_step;
        if needs_value {
            let known = self.matches_without_document(event, is_success);
            if !known.unwrap_or_else(|| self.matches(value.get_or_insert_with(|| event.value()), is_success)) {
                return;
            }
        }
        if is_success {
            self.count += 1;
        } else {
            self.failed_count += 1;
        }
        self.latest_ms = self.latest_ms.max(Some(summary.start_ms));
    }

    /// Whether the cap counts an event, as far as that is known without its document.
    fn matches_without_document(&self, event: Event<'_>, is_success: bool) -> Option<bool> {
        let known = |name| match event.variable(name) {
            VariableLookup::Known(value) => Some(value.unwrap_or(Cow::Owned(Value::Null))),
            VariableLookup::NeedsDocument => None,
        };
        if !self.cap.conditions.is_empty() {
            return None;
        }
        if let CapHolder::Step { id, .. } = &self.cap.holder
            && known("step_id")?.as_str().unwrap_or_default() != id
        {
            return Some(false);
        }
        if is_success {
            return Some(true);
        }
        let is_unrelated = known(CAP_ID_PROPERTY)?.is_null()
            && *known("cap_reached")? != Value::Bool(true)
            && *known("caps_reached")? != Value::Bool(true);
        is_unrelated.then_some(false)
    }

    /// Whether the document of an event is one that the cap counts.
    fn matches(&self, event: &Value, is_success: bool) -> bool {
        let is_holder = match &self.cap.holder {
            // An entity can have several steps in a flow.
            CapHolder::Step { id, .. } => text(event, "step_id") == id,
            CapHolder::Flow | CapHolder::Source { .. } => true,
        };
        let variables = event.get("vars").unwrap_or(&Value::Null);
        is_holder
            && (is_success || self.was_rejected_by(event))
            && self.cap.conditions.iter().all(|condition| condition.matches(variables))
    }

    /// Whether this cap rejected the lead of an event. Events of a scenario may not name the cap; then the reason of the
    /// event is compared with that of the cap, unless that is a template.
    fn was_rejected_by(&self, event: &Value) -> bool {
        if let Some(id) = event.get(CAP_ID_PROPERTY) {
            return *id == self.cap.limit.document(self.flow)["id"];
        }
        let is_cap_event =
            ["cap_reached", "caps_reached"].iter().any(|name| event.get(name) == Some(&Value::Bool(true)));
        let reason = &self.cap.reason;
        let is_any_reason = matches!(self.cap.holder, CapHolder::Step { .. }) || reason.contains("{{");
        is_cap_event && (is_any_reason || text(event, "reason") == reason)
    }
}

/// Whether an event of the flow is about a part of it.
fn covers(holder: &CapHolder, summary: &EventSummary) -> bool {
    match holder {
        CapHolder::Flow => summary.kind == EventType::Source,
        CapHolder::Source { entity } => summary.kind == EventType::Source && entity.object_id == summary.source,
        CapHolder::Step { entity, .. } => summary.kind.is_delivery() && entity.object_id == summary.recipient,
    }
}

/// The outcome of an event when a cap rejects the lead. A cap of a step skips the step, and the flow continues.
fn rejection_outcome(holder: &CapHolder) -> Outcome {
    match holder {
        CapHolder::Flow | CapHolder::Source { .. } => Outcome::Failure,
        CapHolder::Step { .. } => Outcome::Skip,
    }
}
