//! The record of a sandbox: the journal of its exchanges, and the counts for coverage, which outlive the sandbox.

use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::Value;

use super::Sandbox;
use crate::contract::Contract;
use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Exchange, Journal, JournalSize, MatchResult, RequestPattern};
use crate::recording::verify::JournalSnapshot;
use crate::support::brief_lock::lock_briefly;

/// The journal and the coverage counts, behind one lock.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) journal: Journal,
    pub(super) counts: CoverageCounts,
}

/// A count of exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeCount {
    pub(crate) matching: usize,
    /// Exchanges that cannot be compared.
    pub(crate) undecided: usize,
    /// Exchanges that the journal has dropped.
    pub(crate) dropped: u64,
    is_enabled: bool,
}

impl ExchangeCount {
    /// The number of matching exchanges. `None` when it is not known: with 0, a test that expects no requests would pass
    /// without a journal, or although requests were dropped or could not be compared.
    pub(crate) fn known(self) -> Option<usize> {
        let is_zero_unknown = self.matching == 0 && self.dropped > 0;
        (self.is_enabled && self.undecided == 0 && !is_zero_unknown).then_some(self.matching)
    }
}

/// What a reset removed from the record of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearedRecord {
    /// Exchanges in the journal.
    pub exchanges: usize,
    /// Exchanges that the journal had dropped before.
    pub dropped: u64,
    /// Exchanges in the counts for coverage.
    pub counted: u64,
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
        self.journal_changes.notify();
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

    /// How many exchanges in the journal a pattern matches.
    #[must_use]
    pub(crate) fn count_exchanges(&self, pattern: &RequestPattern, contract: &Contract) -> ExchangeCount {
        let (exchanges, dropped, is_enabled) = {
            let record = self.lock_record();
            (record.journal.list(), record.journal.size().dropped, record.journal.is_enabled())
        };
        let mut count = ExchangeCount { matching: 0, undecided: 0, dropped, is_enabled };
        for exchange in &exchanges {
            match pattern.evaluate(exchange, contract) {
                MatchResult::Matches => count.matching += 1,
                MatchResult::Undecided => count.undecided += 1,
                MatchResult::Differs => {}
            }
        }
        count
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

    /// Remembers the exchanges of this sandbox as lost; the server is about to remove it by itself.
    pub(super) fn note_lost(&self) {
        let size = self.journal_size();
        let recorded = u64::try_from(size.entries).unwrap_or(u64::MAX);
        self.shared.note_lost(&self.name, recorded.saturating_add(size.dropped));
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
    pub(super) fn archive_counts(&self) -> ClearedRecord {
        let mut retired = self.shared.retired_counts();
        let mut record = self.lock_record();
        let counts = std::mem::take(&mut record.counts);
        retired.merge(&counts);
        let dropped = record.journal.size().dropped;
        let removed = record.journal.clear();
        drop((record, retired));
        self.journal_changes.notify();
        ClearedRecord { exchanges: removed.len(), dropped, counted: counts.exchanges }
    }

    /// Locks the record. The lock is held for work in memory only; a panic cannot leave the record inconsistent.
    pub(super) fn lock_record(&self) -> MutexGuard<'_, Record> {
        lock_briefly(&self.record)
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
