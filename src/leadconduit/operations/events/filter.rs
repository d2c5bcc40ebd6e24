//! The event filter: criteria on the summary first, then rules, which may need the document.

use super::variables::EventVariables;
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::events::{Event, EventSummary, EventType, Outcome};
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
