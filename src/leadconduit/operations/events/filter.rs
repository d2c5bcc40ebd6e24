//! The event filter: criteria on the summary first, then rules, which may need the document.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde_json::Value;

use super::variables::{EventVariables, VariableNumbers};
use crate::leadconduit::rules::Condition;
use crate::leadconduit::state::events::{Event, EventSummary, EventType, EventTypes, Outcome, TimeSpan};
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
    /// The results of the conditions for events that were examined.
    pub(crate) known: KnownResults,
}

/// The results of conditions by the numbers of the variables that they compare with constants. Of events with the same
/// numbers, one is compared.
#[derive(Debug, Default)]
pub(crate) struct KnownResults {
    /// The names of the variables, once they are needed; `None` when the conditions contain templates.
    names: OnceCell<Option<Vec<String>>>,
    by_numbers: RefCell<HashMap<VariableNumbers, bool, RandomState>>,
    latest: Cell<Option<(VariableNumbers, bool)>>,
}

/// How many results are kept for a query.
const KNOWN_RESULTS_MAX: usize = 10_000;

impl EventFilter {
    /// The variables of the event if it matches, with the document if the rules needed it.
    pub(crate) fn match_event<'a>(&self, event: Event<'a>) -> Option<EventVariables<'a>> {
        if !self.matches_summary(event.summary()) {
            return None;
        }
        let variables = EventVariables::new(event);
        self.matches_document(&variables).then_some(variables)
    }

    /// Whether an event matches.
    pub(crate) fn matches(&self, event: &EventVariables<'_>) -> bool {
        self.matches_summary(event.summary()) && self.matches_document(event)
    }

    fn matches_document(&self, event: &EventVariables<'_>) -> bool {
        let has = |expected: &String| {
            event.get("vars.lead.reference").is_some_and(|actual| text(&actual).as_deref() == Some(expected))
        };
        self.reference.as_ref().is_none_or(has) && (self.conditions.is_empty() || self.matches_conditions(event))
    }

    fn matches_conditions(&self, event: &EventVariables<'_>) -> bool {
        let evaluate = || self.conditions.iter().all(|condition| condition.matches(event));
        let names = self.known.names.get_or_init(|| {
            let names: Option<Vec<Vec<&str>>> = self.conditions.iter().map(Condition::compared_variables).collect();
            let mut names: Vec<String> = names?.concat().into_iter().map(str::to_owned).collect();
            names.sort_unstable();
            names.dedup();
            Some(names)
        });
        match names.as_ref().and_then(|names| event.numbers(names)) {
            Some(numbers) => self.known.get_or_insert(numbers, evaluate),
            None => evaluate(),
        }
    }

    /// The types of all events that match.
    pub(crate) fn types(&self) -> EventTypes {
        if self.kinds.is_empty() { EventTypes::ALL } else { self.kinds.iter().copied().collect() }
    }

    /// The span that contains the times of all events that match.
    pub(crate) fn span(&self) -> TimeSpan {
        TimeSpan {
            start_ms: self.start.map_or(i64::MIN, |start| start.as_millisecond().saturating_sub(1)),
            end_ms: self.end.map_or(i64::MAX, |end| end.as_millisecond().saturating_add(2)),
        }
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

impl KnownResults {
    fn get_or_insert(&self, numbers: VariableNumbers, evaluate: impl FnOnce() -> bool) -> bool {
        if let Some((_, result)) = self.latest.get().filter(|(latest, _)| *latest == numbers) {
            return result;
        }
        let known = self.by_numbers.borrow().get(&numbers).copied();
        let result = known.unwrap_or_else(|| {
            let result = evaluate();
            let mut by_numbers = self.by_numbers.borrow_mut();
            if by_numbers.len() < KNOWN_RESULTS_MAX {
                by_numbers.insert(numbers, result);
            }
            result
        });
        self.latest.set(Some((numbers, result)));
        result
    }
}
