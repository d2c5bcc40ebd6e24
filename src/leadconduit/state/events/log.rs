//! The event log of an account.

mod batch;
mod visit;

use std::borrow::Cow;
use std::fmt::Debug;
use std::iter::Peekable;
use std::ops::{Bound, Range};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use imbl::OrdMap;
use serde_json::Value;

pub(in crate::leadconduit::state) use self::batch::AppendedBatch;
pub use self::batch::EventBatch;
pub use self::visit::TimeSpan;
use super::super::budget::WorldMemory;
use super::summary::{EventSummary, EventTypes, Lead};
use crate::support::computation;
use crate::support::document::{Document, serialise};
use crate::support::ids::ObjectId;
use crate::support::memory::{Charge, Gauge};

/// How many stored events an account keeps; the oldest are evicted. It bounds memory; how long events
/// are kept is in `state/retention.rs`.
const STORED_MAX: usize = 200_000;

/// Byte budget of the stored events of an account: about 50,000 leads with three steps and their stored calls. The
/// oldest events are evicted. An evicted event is missing from every list and count, so the budget is generous.
const STORED_BYTES_MAX: usize = 192 * 1024 * 1024;

/// The work of rendering an event, in units of [`computation::spend`].
const RENDERING_UNITS: u32 = 20;

/// Generated events. Every method returns the same values at each call.
pub trait GeneratedEvents: Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The summary of the event at an index. A later event has a higher id, and starts no earlier.
    fn summary(&self, index: usize) -> Option<EventSummary>;

    /// Calls a function with the events of these types in a range of indexes, the oldest first, until it returns `false`.
    fn visit(&self, range: Range<usize>, types: EventTypes, visit: &mut dyn FnMut(usize, &EventSummary) -> bool) {
        for index in range {
            let Some(summary) = self.summary(index) else { return };
            if types.contains(summary.kind) && !visit(index, &summary) {
                return;
            }
        }
    }

    /// The document of the event at an index.
    fn value(&self, index: usize) -> Value;

    /// Looks up a variable of the event at an index, which has this summary, without its document.
    fn variable(&self, _index: usize, _summary: &EventSummary, _name: &str) -> VariableLookup<'_> {
        VariableLookup::NeedsDocument
    }

    /// A number that stands for the value of a variable of the event at an index, if there is one: equal numbers of one name
    /// stand for equal values.
    fn variable_number(&self, _index: usize, _summary: &EventSummary, _name: &str) -> Option<u64> {
        None
    }

    /// The leads, sorted by id.
    fn leads(&self) -> &[Lead];

    /// The parameters that this history can be generated from again, for snapshots.
    fn plan(&self) -> Value;
}

/// The result of looking up a variable of an event without its document.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableLookup<'a> {
    /// The value that the document has; `None` when it does not have the variable.
    Known(Option<Cow<'a, Value>>),
    /// The document has to be rendered.
    NeedsDocument,
}

/// Renders the event documents of one lead on demand.
pub trait EventRenderer: Debug + Send + Sync {
    /// The document of the event at an index.
    fn render(&self, index: usize) -> Value;

    /// Replaces the id of the event at an index.
    fn renumber(&mut self, index: usize, id: ObjectId);

    /// The number of events.
    fn len(&self) -> usize;

    /// Approximate size in memory, in bytes.
    fn bytes(&self) -> usize;
}

/// The events of an account, sorted by id. Clones share all events.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    histories: Vec<Arc<dyn GeneratedEvents>>,
    stored: OrdMap<ObjectId, Arc<StoredEvent>>,
    /// The leads of the stored events.
    leads: OrdMap<ObjectId, Arc<Lead>>,
    /// Total size of the stored events.
    bytes: usize,
    rewrites: u64,
    /// What all worlds of the server use.
    memory: Option<Arc<WorldMemory>>,
    /// Events that began earlier are hidden, in milliseconds since 1970.
    since_ms: Option<i64>,
}

#[derive(Debug)]
struct StoredEvent {
    summary: EventSummary,
    payload: EventPayload,
    /// Approximate size in memory.
    bytes: usize,
    /// Counts the event while it exists.
    charge: OnceLock<Charge>,
}

/// Where the document of a stored event comes from.
#[derive(Debug)]
enum EventPayload {
    Document(Arc<Document>),
    /// A renderer, which several events share, and the index of the event.
    Rendered(Arc<dyn EventRenderer>, usize),
}

impl StoredEvent {
    fn charge_to(&self, gauge: &Arc<Gauge>) {
        self.charge.get_or_init(|| gauge.charge(self.bytes));
    }
}

impl EventPayload {
    fn value(&self) -> Value {
        computation::spend(RENDERING_UNITS);
        match self {
            // Parsed at each call: a cached tree takes several times the memory of the text.
            Self::Document(document) => document.to_value(),
            Self::Rendered(renderer, index) => renderer.render(*index),
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(EventSource<'a>);

#[derive(Clone, Copy, Debug)]
enum EventSource<'a> {
    Stored(&'a StoredEvent),
    History(&'a dyn GeneratedEvents, usize, EventSummary),
}

impl<'a> Event<'a> {
    /// Its summary.
    #[must_use]
    pub fn summary(&self) -> &EventSummary {
        match &self.0 {
            EventSource::Stored(event) => &event.summary,
            EventSource::History(_, _, summary) => summary,
        }
    }

    /// Its document.
    #[must_use]
    pub fn value(&self) -> Cow<'a, Value> {
        match self.0 {
            EventSource::Stored(event) => Cow::Owned(event.payload.value()),
            EventSource::History(history, index, _) => {
                computation::spend(RENDERING_UNITS);
                Cow::Owned(history.value(index))
            }
        }
    }

    /// Looks up a variable without the document, which takes several times as long to render.
    #[must_use]
    pub fn variable(&self, name: &str) -> VariableLookup<'a> {
        match &self.0 {
            EventSource::Stored(_) => VariableLookup::NeedsDocument,
            EventSource::History(history, index, summary) => history.variable(*index, summary, name),
        }
    }

    /// The value of a variable, if it is a number that is known without a document.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match &self.0 {
            EventSource::History(_, _, summary) if name == "ms" => Some(summary.ms.into()),
            _ => None,
        }
    }

    /// A number that stands for the value of a variable, if there is one: equal numbers of one name, of events of one log,
    /// stand for equal values. It spares most events their values.
    #[must_use]
    pub fn variable_number(&self, name: &str) -> Option<u128> {
        let (EventSource::Stored(StoredEvent { summary, .. }) | EventSource::History(_, _, summary)) = &self.0;
        let of_id = |id: Option<ObjectId>| id.map(ObjectId::to_number);
        let of_summary = match name.strip_prefix("vars.").unwrap_or(name) {
            "id" => Some(summary.id.to_number()),
            "type" => Some(summary.kind as u128),
            "outcome" => Some(summary.outcome as u128),
            "lead.id" => of_id(summary.lead),
            "flow.id" => of_id(summary.flow),
            "source.id" => of_id(summary.source),
            "recipient.id" => of_id(summary.recipient),
            _ => None,
        };
        let of_history = || match &self.0 {
            EventSource::Stored(_) => None,
            EventSource::History(history, index, summary) => {
                // Each history numbers its values. An id has 96 bits.
                let history_number = std::ptr::from_ref(*history).cast::<()>().addr() as u128 | 1 << 63;
                Some(history_number << 64 | u128::from(history.variable_number(*index, summary, name)?))
            }
        };
        of_summary.or_else(of_history)
    }

    /// Its document, serialised.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        match self.0 {
            EventSource::Stored(StoredEvent { payload: EventPayload::Document(document), .. }) => document.bytes(),
            EventSource::Stored(event) => serialise(&event.payload.value()),
            EventSource::History(history, index, _) => serialise(&history.value(index)),
        }
    }
}

impl EventLog {
    /// A view of the same events that hides those that began before a time, in milliseconds since 1970.
    #[must_use]
    pub fn since(&self, ms: i64) -> Self {
        Self { since_ms: Some(ms), ..self.clone() }
    }

    fn is_visible(&self, start_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| start_ms >= since)
    }

    /// The id of the newest event.
    #[must_use]
    pub fn last(&self) -> Option<ObjectId> {
        let generated =
            self.histories.iter().filter_map(|history| Some(history.summary(history.count().checked_sub(1)?)?.id));
        generated.chain(self.stored.get_max().map(|(id, _)| *id)).max()
    }

    /// The newest stored event with an id above `after`, up to `end`, whose id matches.
    pub(crate) fn newest_stored(
        &self,
        after: ObjectId,
        end: ObjectId,
        matches: impl Fn(ObjectId) -> bool,
    ) -> Option<ObjectId> {
        // Events are nearly always added at the end.
        if after >= end || self.stored.get_max().is_none_or(|(newest, _)| *newest <= after) {
            return None;
        }
        let range = self.stored.range((Bound::Excluded(after), Bound::Included(end)));
        range.rev().map(|(id, _)| *id).find(|id| matches(*id))
    }

    /// The event with an id.
    #[must_use]
    pub fn get(&self, id: ObjectId) -> Option<Event<'_>> {
        if let Some(event) = self.stored.get(&id) {
            return Some(Event(EventSource::Stored(event))).filter(|_| self.is_visible(event.summary.start_ms));
        }
        self.histories.iter().find_map(|history| {
            let index = partition_point(&**history, 0..history.count(), |summary| summary.id < id);
            let summary = history.summary(index).filter(|summary| summary.id == id)?;
            self.is_visible(summary.start_ms).then_some(Event(EventSource::History(&**history, index, summary)))
        })
    }

    /// The events between two ids, the oldest first.
    pub fn ascending(&self, from: Bound<ObjectId>, to: Bound<ObjectId>) -> impl Iterator<Item = Event<'_>> {
        let mut runs: Vec<EventIter<'_>> = vec![Box::new(self.recorded_between(from, to))];
        runs.extend(self.histories.iter().map(|it| Box::new(generated_between(&**it, from, to)) as EventIter<'_>));
        Merge::new(runs, |a, b| a < b).filter(|event| self.is_visible(event.summary().start_ms))
    }

    /// The events between two ids, the newest first.
    pub fn descending(&self, from: Bound<ObjectId>, to: Bound<ObjectId>) -> impl Iterator<Item = Event<'_>> {
        let mut runs: Vec<EventIter<'_>> = vec![Box::new(self.recorded_between(from, to).rev())];
        runs.extend(
            self.histories.iter().map(|it| Box::new(generated_between(&**it, from, to).rev()) as EventIter<'_>),
        );
        Merge::new(runs, |a, b| a > b).filter(|event| self.is_visible(event.summary().start_ms))
    }

    /// Every event, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        self.ascending(Bound::Unbounded, Bound::Unbounded)
    }

    /// The leads: those of stored events, then the generated ones that no stored event is about.
    pub fn leads(&self) -> impl Iterator<Item = &Lead> {
        let stored = self.leads.values().map(|lead| &**lead);
        let generated = self.histories.iter().flat_map(|history| history.leads());
        let all = stored.chain(generated.filter(|lead| !self.leads.contains_key(&lead.id)));
        all.inspect(|_| computation::spend(1)).filter(|lead| self.is_visible(lead.submitted_ms))
    }

    /// The stored events, the oldest first.
    #[must_use]
    pub fn stored(&self) -> impl DoubleEndedIterator<Item = Event<'_>> {
        let all = self.recorded_between(Bound::Unbounded, Bound::Unbounded);
        all.filter(|event| self.is_visible(event.summary().start_ms))
    }

    /// The generated histories.
    pub fn histories(&self) -> impl Iterator<Item = &Arc<dyn GeneratedEvents>> {
        self.histories.iter()
    }

    /// How many changes were not an append: an event that is not the newest, a replaced event, an added history.
    #[must_use]
    pub fn rewrites(&self) -> u64 {
        self.rewrites
    }

    /// Adds an event, or replaces the one with its id. `None` when the value is not an event.
    pub(crate) fn put(&mut self, value: &Value) -> Option<Arc<Document>> {
        let summary = EventSummary::from_event(value)?;
        let document = Arc::new(Document::new(value));
        let payload = EventPayload::Document(Arc::clone(&document));
        if let Some(lead) = Lead::from_event(value, &summary) {
            // An older event has older fields of the lead.
            let is_newest = self.leads.get(&lead.id).is_none_or(|known| known.latest <= lead.latest);
            if is_newest {
                self.leads.insert(lead.id, Arc::new(lead));
            }
        }
        self.insert(StoredEvent { summary, payload, bytes: document.len(), charge: OnceLock::new() });
        Some(document)
    }

    fn insert(&mut self, event: StoredEvent) {
        if self.last().is_some_and(|last| event.summary.id <= last) {
            self.rewrites += 1;
        }
        self.bytes += event.bytes;
        if let Some(memory) = &self.memory {
            event.charge_to(&memory.events);
        }
        let replaced = self.stored.insert(event.summary.id, Arc::new(event));
        self.bytes -= replaced.map_or(0, |replaced| replaced.bytes);
        // Computed once: transactions and snapshots may still hold what is evicted, so that the total stays for a while.
        let excess = self.memory.as_ref().map_or(0, |memory| memory.event_excess(self.bytes));
        let bytes_max = STORED_BYTES_MAX.min(self.bytes - excess);
        while self.stored.len() > STORED_MAX || (self.bytes > bytes_max && self.stored.len() > 1) {
            self.evict_oldest();
        }
    }

    /// Counts what is recorded from now on in what all worlds of the server use.
    pub(crate) fn use_memory(&mut self, memory: Option<&Arc<WorldMemory>>) {
        if self.memory.is_none() {
            self.memory = memory.cloned();
        }
    }

    /// Counts all stored events.
    pub(crate) fn charge_to(&self, gauge: &Arc<Gauge>) {
        self.stored.values().for_each(|event| event.charge_to(gauge));
    }

    /// Whether the oldest stored event began before a time, in milliseconds since 1970.
    pub(crate) fn has_recorded_before(&self, ms: i64) -> bool {
        self.stored.get_min().is_some_and(|(_, event)| event.summary.start_ms < ms)
    }

    /// Removes the oldest stored events, up to the first that began at or after a time, in milliseconds since 1970.
    pub(crate) fn evict_before(&mut self, ms: i64) {
        while self.has_recorded_before(ms) {
            self.evict_oldest();
        }
    }

    /// Removes the oldest stored event, and its lead when it is the lead's latest event.
    fn evict_oldest(&mut self) {
        let Some((oldest, _)) = self.stored.get_min().cloned() else { return };
        let Some(evicted) = self.stored.remove(&oldest) else { return };
        self.bytes -= evicted.bytes;
        let lead = evicted.summary.lead;
        if let Some(lead) = lead.filter(|lead| self.leads.get(lead).is_some_and(|known| known.latest == oldest)) {
            self.leads.remove(&lead);
        }
    }

    /// Adds a generated history.
    pub(crate) fn add_history(&mut self, history: Arc<dyn GeneratedEvents>) {
        self.rewrites += 1;
        self.histories.push(history);
    }

    fn recorded_between(
        &self,
        from: Bound<ObjectId>,
        to: Bound<ObjectId>,
    ) -> impl DoubleEndedIterator<Item = Event<'_>> {
        let is_empty = match (from, to) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
            _ => false,
        };
        // The map does not accept a range that ends before it begins; clients get an empty list.
        let range = (!is_empty).then(|| self.stored.range((from, to)));
        range.into_iter().flatten().map(|(_, event)| Event(EventSource::Stored(event)))
    }
}

type EventIter<'a> = Box<dyn Iterator<Item = Event<'a>> + 'a>;

fn generated_between(
    history: &dyn GeneratedEvents,
    from: Bound<ObjectId>,
    to: Bound<ObjectId>,
) -> impl DoubleEndedIterator<Item = Event<'_>> {
    let begin = match from {
        Bound::Included(id) => partition_point(history, 0..history.count(), |summary| summary.id < id),
        Bound::Excluded(id) => partition_point(history, 0..history.count(), |summary| summary.id <= id),
        Bound::Unbounded => 0,
    };
    let end = match to {
        Bound::Included(id) => partition_point(history, 0..history.count(), |summary| summary.id <= id),
        Bound::Excluded(id) => partition_point(history, 0..history.count(), |summary| summary.id < id),
        Bound::Unbounded => history.count(),
    };
    let event = move |index| Some(Event(EventSource::History(history, index, history.summary(index)?)));
    (begin..end.max(begin)).filter_map(event)
}

/// The index of the first event in a range of a history for which a condition does not hold, which holds for all events
/// before it.
fn partition_point(history: &dyn GeneratedEvents, range: Range<usize>, holds: impl Fn(&EventSummary) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low.midpoint(high);
        if history.summary(middle).is_some_and(|summary| holds(&summary)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Merges several sorted runs of events into one.
struct Merge<'a> {
    runs: Vec<Peekable<EventIter<'a>>>,
    is_before: fn(ObjectId, ObjectId) -> bool,
}

impl<'a> Merge<'a> {
    fn new(runs: Vec<EventIter<'a>>, is_before: fn(ObjectId, ObjectId) -> bool) -> Self {
        let mut runs: Vec<Peekable<EventIter<'a>>> = runs.into_iter().map(Iterator::peekable).collect();
        runs.retain_mut(|run| run.peek().is_some());
        Self { runs, is_before }
    }
}

impl<'a> Iterator for Merge<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        computation::spend(1);
        if let [only] = &mut *self.runs {
            return only.next();
        }
        let mut first: Option<(usize, ObjectId)> = None;
        for (index, run) in self.runs.iter_mut().enumerate() {
            let Some(event) = run.peek() else { continue };
            let id = event.summary().id;
            if first.is_none_or(|(_, best)| (self.is_before)(id, best)) {
                first = Some((index, id));
            }
        }
        self.runs.get_mut(first?.0)?.next()
    }
}
