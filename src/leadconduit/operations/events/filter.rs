//! Which events are wanted: first by what a summary tells, then by rules, which may have to look into the document.

use super::variables::EventVariables;
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::events::{Event, Kind, Outcome, Summary};
use crate::leadconduit::values::{Variables, text};
use crate::support::clock::Timestamp;
use crate::support::ids::ObjectId;

/// What has to hold of an event. The empty filter lets all pass.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The types, all when there is none.
    pub(crate) kinds: Vec<Kind>,
    /// The outcomes, all when there is none.
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) lead: Option<ObjectId>,
    pub(crate) flow: Option<ObjectId>,
    pub(crate) source: Option<ObjectId>,
    pub(crate) recipient: Option<ObjectId>,
    pub(crate) reference: Option<String>,
    /// Both ends count.
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    /// All of them have to hold.
    pub(crate) conditions: Vec<Condition>,
}

impl Filter {
    /// The event's variables, as far as they were looked into, when it passes.
    pub(crate) fn fits<'a>(&self, event: Event<'a>) -> Option<EventVariables<'a>> {
        if !self.fits_summary(event.summary()) {
            return None;
        }
        let variables = EventVariables::new(event);
        let has = |wanted: &String| {
            variables.get("vars.lead.reference").is_some_and(|found| text(&found).as_deref() == Some(wanted))
        };
        let passes = self.reference.as_ref().is_none_or(has) && self.conditions.iter().all(|one| one.holds(&variables));
        passes.then_some(variables)
    }

    fn fits_summary(&self, summary: &Summary) -> bool {
        let same = |wanted: Option<ObjectId>, found: Option<ObjectId>| wanted.is_none() || wanted == found;
        (self.kinds.is_empty() || self.kinds.contains(&summary.kind))
            && (self.outcomes.is_empty() || self.outcomes.contains(&summary.outcome))
            && same(self.lead, summary.lead)
            && same(self.flow, summary.flow)
            && same(self.source, summary.source)
            && same(self.recipient, summary.recipient)
            // Events count milliseconds, clients may send finer ones.
            && self.start.is_none_or(|start| summary.start_ms.saturating_mul(1000) >= start.as_microsecond())
            && self.end.is_none_or(|end| summary.start_ms.saturating_mul(1000) <= end.as_microsecond())
    }
}
