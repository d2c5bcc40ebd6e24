//! The record of a sandbox: the journal of its exchanges, and the counts for coverage, which outlive the sandbox.

use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::Value;

use super::Sandbox;
use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Exchange, Journal, JournalSize};
use crate::recording::verify::JournalSnapshot;

/// The journal and the coverage counts, behind one lock.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) journal: Journal,
    pub(super) counts: CoverageCounts,
}

impl Sandbox {
    /// Adds an exchange to the journal and to the counts. It is visible as soon as this returns.
    pub fn record(&self, exchange: Exchange, query: &[(String, String)], body: &Value) -> Arc<Exchange> {
        let exchange = Arc::new(exchange);
        let mut record = self.lock_record();
        record.counts.count(&self.name, &exchange, query, body);
        let evicted = record.journal.push(Arc::clone(&exchange));
        drop(record);
        drop(evicted);
        exchange
    }

    /// The exchanges in the journal, the oldest first.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.lock_record().journal.list()
    }

    /// The size of the journal.
    #[must_use]
    pub fn journal_size(&self) -> JournalSize {
        self.lock_record().journal.size()
    }

    /// Whether exchanges are recorded.
    #[must_use]
    pub fn is_journal_enabled(&self) -> bool {
        self.lock_record().journal.is_enabled()
    }

    /// The content of the journal for a verification, read under one lock.
    #[must_use]
    pub fn journal_snapshot(&self) -> JournalSnapshot {
        let record = self.lock_record();
        let (exchanges, size) = (record.journal.list(), record.journal.size());
        let is_enabled = record.journal.is_enabled();
        drop(record);
        JournalSnapshot::new(exchanges, size, is_enabled)
    }

    /// Removes the selected exchanges from the journal, and returns them. The counts are kept.
    pub fn remove_exchanges(&self, is_selected: impl Fn(&Exchange) -> bool) -> Vec<Arc<Exchange>> {
        self.lock_record().journal.remove(is_selected)
    }

    /// Removes all exchanges from the journal. The counts are kept.
    pub fn clear_journal(&self) {
        let removed = self.lock_record().journal.clear();
        drop(removed);
    }

    /// The counts since the last reset.
    #[must_use]
    pub fn counts(&self) -> CoverageCounts {
        self.lock_record().counts.clone()
    }

    /// Clears the journal and moves the counts to those of the server ([`SharedState::retired_counts`]).
    ///
    /// [`SharedState::retired_counts`]: super::SharedState::retired_counts
    pub(super) fn archive_counts(&self) {
        let mut retired = self.shared.retired_counts();
        let mut record = self.lock_record();
        retired.merge(&std::mem::take(&mut record.counts));
        let removed = record.journal.clear();
        drop((record, retired));
        drop(removed);
    }

    /// Locks the record. The lock is held for work in memory only; a panic cannot leave the record inconsistent.
    fn lock_record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let record = self.record.get_mut().unwrap_or_else(PoisonError::into_inner);
        if record.counts.exchanges > 0 {
            self.shared.retired_counts().merge(&record.counts);
        }
    }
}
