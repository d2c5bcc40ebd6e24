//! The state that all sandboxes of a server share: the memory budget of journals, and the counts of former sandboxes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Journal, JournalBounds, JournalSize, JournalTotals};
use crate::support::event_bus::EventBus;

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

    /// The total size of all journals, and the number of exchanges that they have evicted.
    #[must_use]
    pub fn journal_size(&self) -> JournalSize {
        self.journals.size()
    }
}
