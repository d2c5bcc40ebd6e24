//! The events of one lead, which are added to a log together.

use std::sync::{Arc, OnceLock};

use super::{EventLog, EventPayload, EventRenderer, STORED_BYTES_MAX, STORED_MAX, StoredEvent};
use crate::leadconduit::state::events::{EventSummary, Lead};
use crate::support::ids::ObjectId;

/// The events of one lead, to be added to a log together.
#[derive(Debug)]
pub struct EventBatch {
    /// The summaries of the events, the oldest first.
    pub summaries: Vec<EventSummary>,
    /// The lead, as of its latest event.
    pub lead: Option<Lead>,
    /// How many events, from the first, keep their ids, because a recipient may have them.
    pub sent: usize,
    /// Renders the documents, in the order of the summaries.
    pub renderer: Arc<dyn EventRenderer>,
}

/// What undoes the addition of a batch at the end of a log.
#[derive(Clone, Debug)]
pub(in crate::leadconduit::state) struct AppendedBatch {
    ids: Vec<ObjectId>,
    /// The lead of the batch, and what was known of it before.
    lead: Option<(ObjectId, Option<Arc<Lead>>)>,
}

impl EventBatch {
    /// Replaces the ids of the events that no recipient has.
    pub(crate) fn renumber(&mut self, mut next_id: impl FnMut() -> ObjectId) {
        // The events are not in a log yet, so that nothing else holds them.
        let Some(renderer) = Arc::get_mut(&mut self.renderer) else { return };
        for (index, summary) in self.summaries.iter_mut().enumerate().skip(self.sent) {
            summary.id = next_id();
            renderer.renumber(index, summary.id);
        }
        if let (Some(lead), Some(last)) = (&mut self.lead, self.summaries.last()) {
            lead.latest = last.id;
        }
    }

    /// The size of each event in memory: an even share.
    fn event_bytes(&self) -> usize {
        self.renderer.bytes() / self.summaries.len().max(1) + size_of::<StoredEvent>()
    }

    /// The events, and the lead.
    fn into_parts(self) -> (impl Iterator<Item = StoredEvent>, Option<Lead>) {
        let bytes = self.event_bytes();
        let Self { summaries, lead, renderer, .. } = self;
        let events = summaries.into_iter().enumerate().map(move |(index, summary)| StoredEvent {
            summary,
            payload: EventPayload::Rendered(Arc::clone(&renderer), index),
            bytes,
            charge: OnceLock::new(),
        });
        (events, lead)
    }
}

impl EventLog {
    /// Adds the events of a batch.
    pub(crate) fn put_batch(&mut self, batch: EventBatch) {
        let (events, lead) = batch.into_parts();
        events.for_each(|event| self.insert(event));
        if let Some(lead) = lead.filter(|lead| self.stored.contains_key(&lead.latest)) {
            self.leads.insert(lead.id, Arc::new(lead));
        }
    }

    /// Adds the events of a batch if they are the newest and nothing has to be evicted for them, as nearly always. This
    /// can be undone without a copy of the log, whose nodes would have to be copied before they are changed.
    ///
    /// # Errors
    ///
    /// Otherwise the batch; the log is unchanged.
    pub(in crate::leadconduit::state) fn append_batch(
        &mut self,
        batch: EventBatch,
    ) -> Result<AppendedBatch, EventBatch> {
        let ids: Vec<ObjectId> = batch.summaries.iter().map(|summary| summary.id).collect();
        let added = batch.event_bytes() * ids.len();
        let bytes = self.bytes + added;
        let has_room = self.stored.len() + ids.len() <= STORED_MAX
            && bytes <= STORED_BYTES_MAX
            && self.memory.as_ref().is_none_or(|memory| memory.has_room_for_events(bytes, added));
        let is_newest = ids.is_sorted_by(|a, b| a < b) && self.last().is_none_or(|last| ids.first() > Some(&last));
        if !has_room || !is_newest {
            return Err(batch);
        }
        let (events, lead) = batch.into_parts();
        for event in events {
            if let Some(memory) = &self.memory {
                event.charge_to(&memory.events);
            }
            self.stored.insert(event.summary.id, Arc::new(event));
        }
        self.bytes = bytes;
        let lead = lead.map(|lead| (lead.id, self.leads.insert(lead.id, Arc::new(lead))));
        Ok(AppendedBatch { ids, lead })
    }

    /// Undoes the latest change, which added a batch.
    pub(in crate::leadconduit::state) fn undo_append(&mut self, appended: AppendedBatch) {
        for id in &appended.ids {
            self.bytes -= self.stored.remove(id).map_or(0, |removed| removed.bytes);
        }
        match appended.lead {
            Some((id, Some(before))) => drop(self.leads.insert(id, before)),
            Some((id, None)) => drop(self.leads.remove(&id)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::leadconduit::state::events::summary::LeadFields;
    use crate::leadconduit::state::events::{EventType, Outcome};

    const LEAD: u32 = 7;

    #[derive(Debug)]
    struct Events(Vec<ObjectId>);

    impl EventRenderer for Events {
        fn render(&self, index: usize) -> Value {
            json!({"id": self.0[index]})
        }

        fn renumber(&mut self, index: usize, id: ObjectId) {
            self.0[index] = id;
        }

        fn len(&self) -> usize {
            self.0.len()
        }

        fn bytes(&self) -> usize {
            1000
        }
    }

    fn id(counter: u32) -> ObjectId {
        ObjectId::new(1_777_000_000, [7; 5], counter)
    }

    fn batch(counters: [u32; 2]) -> EventBatch {
        let ids = counters.map(id);
        let summaries = ids.map(|id| EventSummary {
            id,
            kind: EventType::Source,
            outcome: Outcome::Success,
            start_ms: 0,
            ms: 1,
            lead: Some(self::id(LEAD)),
            flow: None,
            source: None,
            recipient: None,
            cost: 0.0,
            revenue: 0.0,
        });
        let lead = Lead { id: id(LEAD), latest: ids[1], submitted_ms: 0, fields: LeadFields::default() };
        EventBatch {
            summaries: summaries.to_vec(),
            lead: Some(lead),
            sent: 1,
            renderer: Arc::new(Events(ids.to_vec())),
        }
    }

    /// What undoing must restore.
    fn state_of(log: &EventLog) -> String {
        let ids: Vec<ObjectId> = log.iter().map(|event| event.summary().id).collect();
        format!("{ids:?} {:?} {} {}", log.leads().collect::<Vec<_>>(), log.bytes, log.rewrites())
    }

    #[test]
    fn an_appended_batch_can_be_undone() {
        let mut log = EventLog::default();
        for counters in [[1, 2], [5, 6]] {
            let before = state_of(&log);
            let appended = log.append_batch(batch(counters)).unwrap();
            let after = state_of(&log);
            log.undo_append(appended);
            assert_eq!(state_of(&log), before);
            log.append_batch(batch(counters)).unwrap();
            assert_eq!(state_of(&log), after);
        }
        let mut other = EventLog::default();
        for counters in [[1, 2], [5, 6]] {
            other.put_batch(batch(counters));
        }
        assert_eq!(state_of(&log), state_of(&other));
    }

    #[test]
    fn only_the_newest_events_are_appended() {
        let mut log = EventLog::default();
        log.put_batch(batch([3, 4]));
        let before = state_of(&log);
        for counters in [[1, 2], [4, 5], [6, 5]] {
            assert!(log.append_batch(batch(counters)).is_err(), "{counters:?}");
        }
        assert_eq!(state_of(&log), before);
    }

    #[test]
    fn events_that_a_recipient_has_keep_their_ids() {
        let mut batch = batch([1, 2]);
        batch.renumber(|| id(9));
        let ids: Vec<ObjectId> = batch.summaries.iter().map(|summary| summary.id).collect();
        assert_eq!(ids, [1, 9].map(id));
        assert_eq!(batch.renderer.render(1), json!({"id": id(9)}));
        assert_eq!(batch.lead.unwrap().latest, id(9));
    }
}
