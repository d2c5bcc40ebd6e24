//! What a sandbox remembers of its exchanges: the journal, and the counts, which outlive it.

use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::Value;

use super::Sandbox;
use crate::recording::coverage::Tally;
use crate::recording::journal::{Exchange, Journal, Size};

/// Journal and counts.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) journal: Journal,
    pub(super) tally: Tally,
}

impl Sandbox {
    /// Writes an exchange down. Who asks afterwards finds it.
    pub fn record(&self, exchange: Exchange, query: &[(String, String)], body: &Value) -> Arc<Exchange> {
        let exchange = Arc::new(exchange);
        let mut record = self.record_lock();
        record.tally.count(&self.name, &exchange, query, body);
        let gone = record.journal.push(Arc::clone(&exchange));
        drop(record);
        drop(gone);
        exchange
    }

    /// The exchanges that it still knows, the oldest first.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.record_lock().journal.list()
    }

    /// What its journal holds.
    #[must_use]
    pub fn journal_size(&self) -> Size {
        self.record_lock().journal.size()
    }

    /// Whether exchanges are kept at all.
    #[must_use]
    pub fn keeps_journal(&self) -> bool {
        self.record_lock().journal.is_kept()
    }

    /// Forgets exchanges, and returns them. What they have counted stays counted.
    pub fn forget_exchanges(&self, chosen: impl Fn(&Exchange) -> bool) -> Vec<Arc<Exchange>> {
        self.record_lock().journal.remove(chosen)
    }

    /// Forgets all exchanges, and how many were dropped. What they have counted stays counted.
    pub fn clear_journal(&self) {
        let gone = self.record_lock().journal.clear();
        drop(gone);
    }

    /// What was counted since it began.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.record_lock().tally.clone()
    }

    /// Begins the record anew: what was counted is the run's from now on.
    pub(super) fn turn_page(&self) {
        let mut past = self.shared.past();
        let mut record = self.record_lock();
        past.merge(&std::mem::take(&mut record.tally));
        let gone = record.journal.clear();
        drop((record, past));
        drop(gone);
    }

    /// Held for plain work on values only. Nothing in it can be left half done.
    fn record_lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let record = self.record.get_mut().unwrap_or_else(PoisonError::into_inner);
        if record.tally.exchanges > 0 {
            self.shared.past().merge(&record.tally);
        }
    }
}
