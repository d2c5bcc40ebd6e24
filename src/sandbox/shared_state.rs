//! What all sandboxes of one run share: room for their journals, and the counts that those which ended leave behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::recording::coverage::Tally;
use crate::recording::journal::{Bounds, Journal, Size, Total};
use crate::support::event_bus::EventBus;

/// What all sandboxes of one run share.
#[derive(Debug)]
pub struct SharedState {
    bounds: Bounds,
    /// Whether nothing of it is meant: nobody outside may hear of it.
    pub is_rehearsal: bool,
    /// What all journals hold together.
    journals: Arc<Total>,
    /// What sandboxes had counted that have ended or begun anew.
    past: Mutex<Tally>,
    /// What happens in every sandbox, for whoever listens.
    pub events: Arc<EventBus>,
}

impl SharedState {
    /// A run whose journals may hold so much.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, is_rehearsal: false, journals: Arc::default(), past: Mutex::default(), events: Arc::default() }
    }

    /// A run of which nothing is kept.
    #[must_use]
    pub fn dry_run_copy() -> Self {
        Self { is_rehearsal: true, ..Self::new(Bounds::NOTHING) }
    }

    /// A journal for a new sandbox.
    pub(super) fn journal(&self) -> Journal {
        Journal::new(self.bounds, Arc::clone(&self.journals))
    }

    /// What sandboxes had counted that have ended or begun anew. It is locked before any sandbox's record is, so that
    /// nothing is counted twice, or missed, while it moves from one to the other.
    pub(super) fn past(&self) -> MutexGuard<'_, Tally> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all journals hold together, and how many exchanges they have dropped since the run began.
    #[must_use]
    pub fn journal_size(&self) -> Size {
        self.journals.size()
    }
}
