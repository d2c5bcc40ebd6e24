//! The state that all sandboxes of a server share: the memory budget of journals, and the counts of former sandboxes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::limits;
use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Journal, JournalBounds, JournalSize, JournalTotals};
use crate::support::event_bus::{EventBounds, EventBudget, EventBus};

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
    /// The bytes that wait in all event streams.
    event_budget: Arc<EventBudget>,
    /// The event bus of all sandboxes.
    pub events: Arc<EventBus>,
}

impl SharedState {
    /// Creates the shared state of a server.
    #[must_use]
    pub fn new(bounds: JournalBounds) -> Self {
        let event_budget = Arc::new(EventBudget::new(EventBounds {
            events: limits::EVENT_LAG_MAX,
            bytes: limits::EVENT_STREAM_BYTES_MAX,
            total_bytes: limits::EVENT_TOTAL_BYTES_MAX,
        }));
        Self {
            bounds,
            is_dry_run: false,
            journals: Arc::default(),
            retired_counts: Mutex::default(),
            events: Arc::new(EventBus::new(Arc::clone(&event_budget))),
            event_budget,
        }
    }

    /// Creates a shared state for a dry run, without journals.
    #[must_use]
    pub fn for_dry_run() -> Self {
        Self { is_dry_run: true, ..Self::new(JournalBounds::DISABLED) }
    }

    /// An event bus for a sandbox.
    pub(super) fn event_bus(&self) -> Arc<EventBus> {
        Arc::new(EventBus::new(Arc::clone(&self.event_budget)))
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
