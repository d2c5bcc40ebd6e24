//! The event filter: criteria on the summary first, then rules, which may need the document.

use serde_json::Value;

use super::variables::EventVariables;
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::events::{Event, EventSummary, EventType, Outcome};
use crate::leadconduit::state::ping_total::PingTotal;
use crate::leadconduit::values::{Variables, text};
use crate::support::clock::Timestamp;
use crate::support::ids::ObjectId;

/// The criteria for events. The default matches every event.
#[derive(Debug, Default)]
pub(crate) struct EventFilter {
    /// The types; empty for all.
    pub(crate) kinds: Vec<EventType>,
    /// The outcomes; empty for all.
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) lead: Option<ObjectId>,
    pub(crate) flow: Option<ObjectId>,
    pub(crate) source: Option<ObjectId>,
    pub(crate) recipient: Option<ObjectId>,
    pub(crate) reference: Option<String>,
    /// `start` and `end` are both included.
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    /// All conditions must hold.
    pub(crate) conditions: Vec<Condition>,
}

impl EventFilter {
    /// The variables of the event if it matches, with the document if the rules needed it.
    pub(crate) fn match_event<'a>(&self, event: Event<'a>) -> Option<EventVariables<'a>> {
        if !self.matches_summary(event.summary()) {
            return None;
        }
        let variables = EventVariables::new(event);
        let has = |expected: &String| {
            variables.get("vars.lead.reference").is_some_and(|actual| text(&actual).as_deref() == Some(expected))
        };
        let passes =
            self.reference.as_ref().is_none_or(has) && self.conditions.iter().all(|one| one.matches(&variables));
        passes.then_some(variables)
    }

    /// The pings of a total that match, and those of them that got a bid.
    pub(crate) fn match_pings(&self, total: &PingTotal<'_>, variables: &Value) -> (u64, u64) {
        let start_us = total.start_ms.saturating_mul(1000);
        let is_in_time = self.start.is_none_or(|start| start_us >= start.as_microsecond())
            && self.end.is_none_or(|end| start_us <= end.as_microsecond());
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&EventType::Source);
        if !is_in_time || !is_kind || !self.conditions.iter().all(|one| one.matches(variables)) {
            return (0, 0);
        }
        let counts = |outcome| self.outcomes.is_empty() || self.outcomes.contains(&outcome);
        let success = if counts(Outcome::Success) { total.success() } else { 0 };
        let failure = if counts(Outcome::Failure) { total.submitted().saturating_sub(total.success()) } else { 0 };
        (success + failure, success)
    }

    fn matches_summary(&self, summary: &EventSummary) -> bool {
        let same = |expected: Option<ObjectId>, actual: Option<ObjectId>| expected.is_none() || expected == actual;
        (self.kinds.is_empty() || self.kinds.contains(&summary.kind))
            && (self.outcomes.is_empty() || self.outcomes.contains(&summary.outcome))
            && same(self.lead, summary.lead)
            && same(self.flow, summary.flow)
            && same(self.source, summary.source)
            && same(self.recipient, summary.recipient)
            // Events have milliseconds; clients may send a finer precision.
            && self.start.is_none_or(|start| summary.start_ms.saturating_mul(1000) >= start.as_microsecond())
            && self.end.is_none_or(|end| summary.start_ms.saturating_mul(1000) <= end.as_microsecond())
    }
}
