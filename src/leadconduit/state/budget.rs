//! Budgets of documents, changelogs and events: of one world, and of all worlds of a server together.
//!
//! The total of all worlds counts each document and event once, however many worlds and snapshots share it. What a
//! scenario starts with is not counted. A write that would exceed a budget of documents is rejected; of changelogs and
//! events the oldest are evicted.

use std::sync::Arc;

use super::collection::Collection;
use crate::config::limits::Limits;
use crate::support::memory::Gauge;

/// What all worlds of a server use together.
#[derive(Debug)]
pub struct WorldMemory {
    /// The limits of the server, those of worlds among them.
    pub limits: Limits,
    /// Documents, changelogs excluded.
    pub documents: Arc<Gauge>,
    /// Changelogs.
    pub changelogs: Arc<Gauge>,
    /// Recorded events.
    pub events: Arc<Gauge>,
}

impl WorldMemory {
    /// Nothing is used yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, documents: Arc::default(), changelogs: Arc::default(), events: Arc::default() }
    }

    /// The gauge of a collection.
    pub(super) fn gauge_of(&self, collection: Collection) -> &Arc<Gauge> {
        if collection == Collection::Changelogs { &self.changelogs } else { &self.documents }
    }

    /// How many bytes of events a world with `own` bytes must evict.
    pub(super) fn event_excess(&self, own: usize) -> usize {
        self.excess(self.events.usage().bytes, self.limits.event_total_bytes_max, own)
    }

    /// Whether a world has to evict no events when events are added to it. `own` are its bytes with them.
    pub(super) fn has_room_for_events(&self, own: usize, added: usize) -> bool {
        self.excess(self.events.usage().bytes + added, self.limits.event_total_bytes_max, own) == 0
    }

    /// How many bytes of changelogs a world with `own` bytes must evict.
    pub(super) fn changelog_excess(&self, own: usize) -> usize {
        let total = self.changelogs.usage().bytes;
        let shared = self.excess(total, self.limits.changelog_total_bytes_max, own);
        shared.max(own.saturating_sub(self.limits.changelog_bytes_max))
    }

    fn excess(&self, total: usize, total_max: usize, own: usize) -> usize {
        // Each of the worlds can always use its even share.
        let even_share = total_max / self.limits.sandboxes_max.max(1);
        total.saturating_sub(total_max).min(own.saturating_sub(even_share))
    }
}

/// What one world contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorldUsage {
    /// Documents, changelogs excluded.
    pub documents: usize,
    /// Their serialised size.
    pub document_bytes: usize,
    /// The serialised size of the changelogs.
    pub changelog_bytes: usize,
}

impl WorldUsage {
    pub(super) fn add(&mut self, collection: Option<Collection>, bytes: usize) {
        if collection == Some(Collection::Changelogs) {
            self.changelog_bytes += bytes;
        } else {
            self.documents += 1;
            self.document_bytes += bytes;
        }
    }

    pub(super) fn remove(&mut self, collection: Option<Collection>, bytes: usize) {
        if collection == Some(Collection::Changelogs) {
            self.changelog_bytes -= bytes;
        } else {
            self.documents -= 1;
            self.document_bytes -= bytes;
        }
    }

    /// Checks what a world contains after a change. What makes it smaller is always allowed.
    ///
    /// # Errors
    ///
    /// When the change exceeds a budget.
    pub(super) fn check(self, before: Self, memory: &WorldMemory) -> Result<(), BudgetExceeded> {
        let limits = &memory.limits;
        if self.documents > limits.documents_max.max(before.documents) {
            return Err(BudgetExceeded::Documents { count: self.documents, max: limits.documents_max });
        }
        let bytes = self.document_bytes;
        if bytes <= before.document_bytes {
            return Ok(());
        }
        if bytes > limits.document_bytes_max {
            return Err(BudgetExceeded::DocumentBytes { bytes, max: limits.document_bytes_max });
        }
        let total = memory.documents.usage().bytes;
        if total > limits.document_total_bytes_max {
            return Err(BudgetExceeded::TotalBytes { bytes: total, max: limits.document_total_bytes_max });
        }
        Ok(())
    }
}

/// A write would exceed a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetExceeded {
    /// The number of documents in one world.
    #[error("the sandbox would have {count} documents, and the maximum is {max}; delete some, or reset the sandbox")]
    Documents {
        /// With the write.
        count: usize,
        /// The budget.
        max: usize,
    },
    /// The size of the documents of one world.
    #[error(
        "the documents of the sandbox would take {bytes} bytes, and the maximum is {max}; delete some, or reset the sandbox"
    )]
    DocumentBytes {
        /// With the write.
        bytes: usize,
        /// The budget.
        max: usize,
    },
    /// The size of the documents of all worlds.
    #[error(
        "the documents of all sandboxes would take {bytes} bytes, and the maximum is {max}; end sandboxes (DELETE \
         /__admin/sandboxes/NAME), remove snapshots, or raise --document-total-bytes-max"
    )]
    TotalBytes {
        /// With the write.
        bytes: usize,
        /// The budget.
        max: usize,
    },
}
