//! The state that all sandboxes of a server share: the memory budget of journals, and the counts of former sandboxes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::response_cache::CacheBudget;
use crate::config::limits::{self, Limits};
use crate::leadconduit::state::budget::WorldMemory;
use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::{Journal, JournalBounds, JournalSize, JournalTotals};
use crate::support::event_bus::{EventBounds, EventBudget, EventBus};
use crate::support::memory::{Charge, Gauge, Usage};

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
    /// What all worlds use.
    world_memory: Arc<WorldMemory>,
    /// The cached responses of all sandboxes.
    response_caches: CacheBudget,
    /// The snapshots of all sandboxes.
    snapshots: Arc<Gauge>,
    snapshots_max: usize,
    /// The counts of sandboxes that were removed or reset.
    retired_counts: Mutex<CoverageCounts>,
    /// The sandboxes that the server has removed by itself, with the number of exchanges that were lost with them; the
    /// oldest first. A sandbox with the same name continues their record, which is incomplete.
    lost: Mutex<VecDeque<(Arc<str>, u64)>>,
    /// The bytes that wait in all event streams.
    event_budget: Arc<EventBudget>,
    /// The event bus of all sandboxes.
    pub events: Arc<EventBus>,
}

impl SharedState {
    /// Creates the shared state of a server.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let event_budget = Arc::new(EventBudget::new(EventBounds {
            events: limits::EVENT_LAG_MAX,
            bytes: limits::EVENT_STREAM_BYTES_MAX,
            total_bytes: limits::EVENT_TOTAL_BYTES_MAX,
        }));
        Self {
            bounds: JournalBounds::from(limits),
            is_dry_run: false,
            journals: Arc::default(),
            world_memory: Arc::new(WorldMemory::new(*limits)),
            response_caches: CacheBudget::new(limits.response_cache_total_bytes_max),
            snapshots: Arc::default(),
            snapshots_max: limits.snapshots_total_max,
            retired_counts: Mutex::default(),
            lost: Mutex::default(),
            events: Arc::new(EventBus::new(Arc::clone(&event_budget))),
            event_budget,
        }
    }

    /// Creates a shared state for a dry run, without journals.
    #[must_use]
    pub fn for_dry_run() -> Self {
        Self { is_dry_run: true, bounds: JournalBounds::DISABLED, ..Self::new(&Limits::default()) }
    }

    /// What all worlds use.
    #[must_use]
    pub fn world_memory(&self) -> &Arc<WorldMemory> {
        &self.world_memory
    }

    /// The cached responses of all sandboxes.
    pub(super) fn response_caches(&self) -> CacheBudget {
        self.response_caches.clone()
    }

    /// The size of all cached responses, and its maximum.
    #[must_use]
    pub fn response_cache_usage(&self) -> (Usage, usize) {
        (self.response_caches.gauge.usage(), self.response_caches.bytes_max)
    }

    /// The number of snapshots of all sandboxes, and its maximum.
    #[must_use]
    pub fn snapshot_usage(&self) -> (usize, usize) {
        (self.snapshots.usage().count, self.snapshots_max)
    }

    /// Counts a new snapshot; `None` when there are too many.
    pub(super) fn charge_snapshot(&self) -> Option<Charge> {
        let charge = self.snapshots.charge(0);
        (self.snapshots.usage().count <= self.snapshots_max).then_some(charge)
    }

    /// The limits of journals.
    #[must_use]
    pub fn journal_bounds(&self) -> JournalBounds {
        self.bounds
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
