//! The journal: the bounded record of exchanges, one for each sandbox.
//!
//! An [`Exchange`] is written before its reply leaves, without its secrets ([`redact`]). What does not fit makes room by
//! dropping the oldest, and what was dropped is counted. [`shape`] shows exchanges as `WireMock` does, [`pattern`] chooses
//! among them, and [`near`] tells what a request that met nothing may have meant.

mod exchange;
pub mod near_miss;
pub mod pattern;
pub mod reproduce;
pub mod shape;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use exchange::{AnsweredBy, Draft, Exchange, Message};
pub use pattern::{Difference, Pattern};

use crate::config::settings::Limits;

/// How much journals may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many exchanges of one sandbox.
    pub entries_max: usize,
    /// How many bytes of one sandbox.
    pub bytes_max: usize,
    /// How many bytes of all sandboxes together.
    pub total_bytes_max: usize,
    /// How many bytes a sandbox may hold even when all together hold too many.
    pub share_bytes: usize,
}

impl Bounds {
    /// No journal at all.
    pub const NOTHING: Self = Self { entries_max: 0, bytes_max: 0, total_bytes_max: 0, share_bytes: 0 };
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self {
            entries_max: limits.journal_entries_max,
            bytes_max: limits.journal_bytes_max,
            total_bytes_max: limits.journal_total_bytes_max,
            share_bytes: limits.journal_total_bytes_max / limits.sandboxes_max.max(1),
        }
    }
}

/// What all journals of a run hold together, and what they could not.
#[derive(Debug, Default)]
pub struct Total {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Total {
    /// What they hold; what was dropped is counted since the run began, however often journals were emptied.
    #[must_use]
    pub fn size(&self) -> Size {
        Size {
            entries: self.entries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }

    fn remove(&self, entries: usize, bytes: usize) -> usize {
        self.entries.fetch_sub(entries, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed) - bytes
    }
}

/// The record of one sandbox, the oldest first.
#[derive(Debug)]
pub struct Journal {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    dropped: u64,
    bounds: Bounds,
    /// All journals together.
    total: Arc<Total>,
}

/// What a journal holds, and what it could not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many exchanges it holds.
    pub entries: usize,
    /// Roughly how many bytes they take.
    pub bytes: usize,
    /// How many were dropped to make room, since the journal was last emptied.
    pub dropped: u64,
}

impl Journal {
    /// An empty one; it takes no memory before its first exchange. `total` counts what all journals hold together.
    #[must_use]
    pub fn new(bounds: Bounds, total: Arc<Total>) -> Self {
        Self { exchanges: VecDeque::new(), bytes: 0, dropped: 0, bounds, total }
    }

    /// Whether it keeps anything at all.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.bounds.entries_max > 0
    }

    /// Adds an exchange, and returns those that had to make room: their memory is given back when no lock is held.
    #[must_use = "to be dropped when no lock is held"]
    pub fn push(&mut self, exchange: Arc<Exchange>) -> Vec<Arc<Exchange>> {
        let mut gone = Vec::new();
        if !self.is_kept() {
            return gone;
        }
        let bytes = exchange.bytes();
        self.exchanges.push_back(exchange);
        self.bytes += bytes;
        self.total.entries.fetch_add(1, Ordering::Relaxed);
        let mut total = self.total.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        while self.exchanges.len() > self.bounds.entries_max
            || self.bytes > self.bounds.bytes_max
            || (total > self.bounds.total_bytes_max && self.bytes > self.bounds.share_bytes)
        {
            let Some(oldest) = self.exchanges.pop_front() else { break };
            self.bytes -= oldest.bytes();
            total = self.total.remove(1, oldest.bytes());
            self.total.dropped.fetch_add(1, Ordering::Relaxed);
            self.dropped += 1;
            gone.push(oldest);
        }
        gone
    }

    /// All exchanges, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Exchange>> {
        self.exchanges.iter().cloned().collect()
    }

    /// Takes out those that are chosen, and returns them.
    #[must_use = "to be dropped when no lock is held"]
    pub fn remove(&mut self, chosen: impl Fn(&Exchange) -> bool) -> Vec<Arc<Exchange>> {
        let all = std::mem::take(&mut self.exchanges);
        let (removed, kept): (VecDeque<_>, _) = all.into_iter().partition(|exchange| chosen(exchange));
        let bytes: usize = removed.iter().map(|exchange| exchange.bytes()).sum();
        self.exchanges = kept;
        self.bytes -= bytes;
        self.total.remove(removed.len(), bytes);
        removed.into()
    }

    /// Begins anew; what was dropped is forgotten too.
    #[must_use = "to be dropped when no lock is held"]
    pub fn clear(&mut self) -> Vec<Arc<Exchange>> {
        self.dropped = 0;
        self.remove(|_| true)
    }

    /// What it holds.
    #[must_use]
    pub fn size(&self) -> Size {
        Size { entries: self.exchanges.len(), bytes: self.bytes, dropped: self.dropped }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.total.remove(self.exchanges.len(), self.bytes);
    }
}
