//! The state that all sandboxes of a server share: the memory budget of journals, and the counts of former sandboxes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Journal, JournalBounds, JournalSize, JournalTotals};
use crate::support::event_bus::EventBus;

/// How many removed sandboxes are remembered with the number of their exchanges.
const LOST_MAX: usize = 10_000;

/// The state that all sandboxes of a server share.
#[derive(Debug)]
pub struct SharedState {
    bounds: JournalBounds,
    /// True for the copies that dry runs use: outbound calls are suppressed.
    pub is_dry_run: bool,
    /// The total size of all journals.
    journals: Arc<JournalTotals>,
    /// The counts of sandboxes that were removed or reset.
    retired_counts: Mutex<CoverageCounts>,
    /// The sandboxes that the server has removed by itself, with the number of exchanges that were lost with them; the
    /// oldest first. A sandbox with the same name continues their record, which is incomplete.
    lost: Mutex<VecDeque<(Arc<str>, u64)>>,
    /// The event bus of all sandboxes.
    pub events: Arc<EventBus>,
}

impl SharedState {
    /// Creates the shared state of a server.
    #[must_use]
    pub fn new(bounds: JournalBounds) -> Self {
        Self {
            bounds,
            is_dry_run: false,
            journals: Arc::default(),
            retired_counts: Mutex::default(),
            lost: Mutex::default(),
            events: Arc::default(),
        }
    }

    /// Creates a shared state for a dry run, without journals.
    #[must_use]
    pub fn for_dry_run() -> Self {
        Self { is_dry_run: true, ..Self::new(JournalBounds::DISABLED) }
    }

    /// A journal for a new sandbox.
    pub(super) fn journal(&self) -> Journal {
        Journal::new(self.bounds, Arc::clone(&self.journals))
    }

    /// Locks the counts of sandboxes that were removed or reset. Lock order: this first, then the record of a sandbox,
    /// so that counts are neither missed nor added twice while they move.
    pub(super) fn retired_counts(&self) -> MutexGuard<'_, CoverageCounts> {
        self.retired_counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that the exchanges of a sandbox are lost, because the server has removed it by itself.
    pub(super) fn note_lost(&self, name: &Arc<str>, exchanges: u64) {
        if exchanges == 0 {
            return;
        }
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.len() >= LOST_MAX {
            lost.pop_front();
        }
        lost.push_back((Arc::clone(name), exchanges));
    }

    /// How many exchanges of former sandboxes with a name are lost. They are forgotten.
    pub(super) fn take_lost(&self, name: &str) -> u64 {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let exchanges = lost.iter().filter(|(other, _)| **other == *name).map(|(_, exchanges)| exchanges).sum();
        lost.retain(|(other, _)| **other != *name);
        exchanges
    }

    /// Forgets all lost exchanges.
    pub(super) fn forget_lost(&self) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The total size of all journals, and the number of exchanges that they have evicted.
    #[must_use]
    pub fn journal_size(&self) -> JournalSize {
        self.journals.size()
    }
}
