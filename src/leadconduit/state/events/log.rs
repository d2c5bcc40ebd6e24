//! The log of an account's events.

use std::borrow::Cow;
use std::fmt::Debug;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use serde_json::Value;

use super::summary::{Lead, Summary};
use crate::support::document::{Document, serialise};
use crate::support::ids::ObjectId;

/// How many events that were written an account keeps; the oldest go first. LeadConduit keeps them for 90 days.
const WRITTEN_MAX: usize = 200_000;

/// How many bytes they may take, all together: fifty thousand leads with three steps and the calls that brought them.
/// What has made room is not told of any more, so that this is no place to be mean; whoever submits fewer leads needs
/// less.
const WRITTEN_BYTES_MAX: usize = 192 * 1024 * 1024;

/// Events that were made up. Whatever is asked, and however often, the answer is the same.
pub trait EventHistory: Debug + Send + Sync {
    /// The events in the order of their ids.
    fn summaries(&self) -> &[Summary];

    /// The document of the event at a place in [`EventHistory::summaries`].
    fn value(&self, at: usize) -> Value;

    /// The leads in the order of their ids.
    fn leads(&self) -> &[Lead];

    /// What it can be made of again.
    fn plan(&self) -> Value;
}

/// What somebody has left behind, from which events follow whenever they are asked for.
pub trait EventRenderer: Debug + Send + Sync {
    /// The document of one of its events.
    fn event(&self, at: usize) -> Value;

    /// How many events there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much room it takes, more or less.
    fn bytes(&self) -> usize;
}

/// What somebody has left behind, as it comes into the log.
#[derive(Debug)]
pub struct EventBatch {
    /// The summaries of its events, the oldest first.
    pub summaries: Vec<Summary>,
    /// What they tell of their lead.
    pub lead: Option<Lead>,
    /// What their documents follow from.
    pub trace: Arc<dyn EventRenderer>,
}

/// The events of an account, in the order of their ids. Copying it shares them all.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    pasts: Vec<Arc<dyn EventHistory>>,
    own: OrdMap<ObjectId, Arc<Written>>,
    leads: OrdMap<ObjectId, Arc<Lead>>,
    /// The room that they take, all together.
    bytes: usize,
    rewrites: u64,
    /// What began earlier is not told of, in milliseconds since 1970.
    since_ms: Option<i64>,
}

/// An event that was written.
#[derive(Debug)]
struct Written {
    summary: Summary,
    told: EventPayload,
    /// How much room it takes.
    bytes: usize,
}

/// What an event tells.
#[derive(Debug)]
enum EventPayload {
    /// A document.
    Document(Arc<Document>),
    /// What follows from something that others follow from too.
    Trace(Arc<dyn EventRenderer>, usize),
}

impl EventPayload {
    fn value(&self) -> Value {
        match self {
            // Read anew each time: keeping the tree of every event that was once looked into would cost several
            // times the memory of its text.
            Self::Document(document) => document.read(),
            Self::Trace(trace, at) => trace.event(*at),
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(Inner<'a>);

#[derive(Clone, Copy, Debug)]
enum Inner<'a> {
    Written(&'a Written),
    EventHistory(&'a dyn EventHistory, usize, &'a Summary),
}

impl<'a> Event<'a> {
    /// What is asked of it most.
    #[must_use]
    pub fn summary(self) -> &'a Summary {
        match self.0 {
            Inner::Written(written) => &written.summary,
            Inner::EventHistory(_, _, summary) => summary,
        }
    }

    /// Its document.
    #[must_use]
    pub fn value(self) -> Cow<'a, Value> {
        match self.0 {
            Inner::Written(written) => Cow::Owned(written.told.value()),
            Inner::EventHistory(past, at, _) => Cow::Owned(past.value(at)),
        }
    }

    /// Its document as it goes over the wire.
    #[must_use]
    pub fn bytes(self) -> Bytes {
        match self.0 {
            Inner::Written(Written { told: EventPayload::Document(document), .. }) => document.bytes(),
            Inner::Written(written) => serialise(&written.told.value()),
            Inner::EventHistory(past, at, _) => serialise(&past.value(at)),
        }
    }
}

impl EventLog {
    /// The same events without those that began earlier than a moment, in milliseconds since 1970.
    #[must_use]
    pub fn since(&self, ms: i64) -> Self {
        Self { since_ms: Some(ms), ..self.clone() }
    }

    fn tells(&self, began_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| began_ms >= since)
    }

    /// How many events are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len() + self.pasts.iter().map(|past| past.summaries().len()).sum::<usize>()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of the newest event.
    #[must_use]
    pub fn last(&self) -> Option<ObjectId> {
        let past = self.pasts.iter().filter_map(|past| past.summaries().last().map(|summary| summary.id));
        past.chain(self.own.get_max().map(|(id, _)| *id)).max()
    }

    /// The event of an id.
    #[must_use]
    pub fn get(&self, id: ObjectId) -> Option<Event<'_>> {
        if let Some(written) = self.own.get(&id) {
            return Some(Event(Inner::Written(written))).filter(|_| self.tells(written.summary.start_ms));
        }
        self.pasts.iter().find_map(|past| {
            let at = past.summaries().binary_search_by_key(&id, |summary| summary.id).ok()?;
            let summary = &past.summaries()[at];
            self.tells(summary.start_ms).then_some(Event(Inner::EventHistory(&**past, at, summary)))
        })
    }

    /// The events between two ids, the oldest first.
    pub fn ascending(&self, from: Bound<ObjectId>, to: Bound<ObjectId>) -> impl Iterator<Item = Event<'_>> {
        let mut parts: Vec<Part<'_>> = vec![Box::new(self.written(from, to))];
        parts.extend(self.pasts.iter().map(|past| Box::new(within(&**past, from, to)) as Part<'_>));
        Merge::new(parts, |a, b| a < b).filter(|event| self.tells(event.summary().start_ms))
    }

    /// The events between two ids, the newest first.
    pub fn descending(&self, from: Bound<ObjectId>, to: Bound<ObjectId>) -> impl Iterator<Item = Event<'_>> {
        let mut parts: Vec<Part<'_>> = vec![Box::new(self.written(from, to).rev())];
        parts.extend(self.pasts.iter().map(|past| Box::new(within(&**past, from, to).rev()) as Part<'_>));
        Merge::new(parts, |a, b| a > b).filter(|event| self.tells(event.summary().start_ms))
    }

    /// Every event, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        self.ascending(Bound::Unbounded, Bound::Unbounded)
    }

    /// The leads that the events tell of: the written ones, then those of the past that nothing was written about.
    pub fn leads(&self) -> impl Iterator<Item = &Lead> {
        let written = self.leads.values().map(|lead| &**lead);
        let past = self.pasts.iter().flat_map(|past| past.leads());
        let all = written.chain(past.filter(|lead| !self.leads.contains_key(&lead.id)));
        all.filter(|lead| self.tells(lead.submitted_ms))
    }

    /// The events that were not made up, the oldest first.
    #[must_use]
    pub fn own(&self) -> impl DoubleEndedIterator<Item = Event<'_>> {
        self.written(Bound::Unbounded, Bound::Unbounded).filter(|event| self.tells(event.summary().start_ms))
    }

    /// The pasts that were made up.
    pub fn pasts(&self) -> impl Iterator<Item = &Arc<dyn EventHistory>> {
        self.pasts.iter()
    }

    /// How often the past has been changed: by an event that is not the newest, or that another took the place of.
    #[must_use]
    pub fn rewrites(&self) -> u64 {
        self.rewrites
    }

    /// Writes an event, or another in its place. `None` when the value is no event.
    pub(crate) fn put(&mut self, value: &Value) -> Option<Arc<Document>> {
        let summary = Summary::of(value)?;
        let document = Arc::new(Document::new(value));
        let told = EventPayload::Document(Arc::clone(&document));
        if let Some(lead) = Lead::of(value, &summary) {
            // What an older event says of the lead is older.
            let newest = self.leads.get(&lead.id).is_none_or(|known| known.latest <= lead.latest);
            if newest {
                self.leads.insert(lead.id, Arc::new(lead));
            }
        }
        self.insert(Written { summary, told, bytes: document.len() });
        Some(document)
    }

    /// Writes what somebody has left behind.
    pub(crate) fn put_all(&mut self, left: EventBatch) {
        let EventBatch { summaries, lead, trace } = left;
        let bytes = trace.bytes() / summaries.len().max(1) + size_of::<Written>();
        for (at, summary) in summaries.into_iter().enumerate() {
            self.insert(Written { summary, told: EventPayload::Trace(Arc::clone(&trace), at), bytes });
        }
        if let Some(lead) = lead.filter(|lead| self.own.contains_key(&lead.latest)) {
            self.leads.insert(lead.id, Arc::new(lead));
        }
    }

    fn insert(&mut self, written: Written) {
        if self.last().is_some_and(|last| written.summary.id <= last) {
            self.rewrites += 1;
        }
        self.bytes += written.bytes;
        let before = self.own.insert(written.summary.id, Arc::new(written));
        self.bytes -= before.map_or(0, |before| before.bytes);
        while self.own.len() > WRITTEN_MAX || (self.bytes > WRITTEN_BYTES_MAX && self.own.len() > 1) {
            self.forget_oldest();
        }
    }

    /// Whether the oldest written event began earlier than a moment.
    pub(crate) fn reaches_before(&self, ms: i64) -> bool {
        self.own.get_min().is_some_and(|(_, written)| written.summary.start_ms < ms)
    }

    /// Lets go of written events that began earlier than a moment, the oldest first, until one did not.
    pub(crate) fn forget_before(&mut self, ms: i64) {
        while self.reaches_before(ms) {
            self.forget_oldest();
        }
    }

    /// Lets go of the oldest event that was written, and of its lead when nothing else tells of it.
    fn forget_oldest(&mut self) {
        let Some((oldest, _)) = self.own.get_min().cloned() else { return };
        let Some(forgotten) = self.own.remove(&oldest) else { return };
        self.bytes -= forgotten.bytes;
        let lead = forgotten.summary.lead;
        if let Some(lead) = lead.filter(|lead| self.leads.get(lead).is_some_and(|known| known.latest == oldest)) {
            self.leads.remove(&lead);
        }
    }

    /// Adds a past.
    pub(crate) fn add_past(&mut self, past: Arc<dyn EventHistory>) {
        self.rewrites += 1;
        self.pasts.push(past);
    }

    fn written(&self, from: Bound<ObjectId>, to: Bound<ObjectId>) -> impl DoubleEndedIterator<Item = Event<'_>> {
        let is_empty = match (from, to) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
            _ => false,
        };
        // A range that ends before it begins is an error to the map, and an empty list to a client.
        let range = (!is_empty).then(|| self.own.range((from, to)));
        range.into_iter().flatten().map(|(_, written)| Event(Inner::Written(written)))
    }
}

type Part<'a> = Box<dyn Iterator<Item = Event<'a>> + 'a>;

fn within(
    past: &dyn EventHistory,
    from: Bound<ObjectId>,
    to: Bound<ObjectId>,
) -> impl DoubleEndedIterator<Item = Event<'_>> {
    let summaries = past.summaries();
    let begin = match from {
        Bound::Included(id) => summaries.partition_point(|summary| summary.id < id),
        Bound::Excluded(id) => summaries.partition_point(|summary| summary.id <= id),
        Bound::Unbounded => 0,
    };
    let end = match to {
        Bound::Included(id) => summaries.partition_point(|summary| summary.id <= id),
        Bound::Excluded(id) => summaries.partition_point(|summary| summary.id < id),
        Bound::Unbounded => summaries.len(),
    };
    (begin..end.max(begin)).map(move |at| Event(Inner::EventHistory(past, at, &summaries[at])))
}

/// Several sorted lists as one.
struct Merge<'a> {
    parts: Vec<Peekable<Part<'a>>>,
    before: fn(ObjectId, ObjectId) -> bool,
}

impl<'a> Merge<'a> {
    fn new(parts: Vec<Part<'a>>, before: fn(ObjectId, ObjectId) -> bool) -> Self {
        Self { parts: parts.into_iter().map(Iterator::peekable).collect(), before }
    }
}

impl<'a> Iterator for Merge<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let mut first: Option<(usize, ObjectId)> = None;
        for (at, part) in self.parts.iter_mut().enumerate() {
            let Some(event) = part.peek() else { continue };
            let id = event.summary().id;
            if first.is_none_or(|(_, best)| (self.before)(id, best)) {
                first = Some((at, id));
            }
        }
        self.parts.get_mut(first?.0)?.next()
    }
}
