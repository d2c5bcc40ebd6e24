//! The journal: the bounded record of exchanges, one per sandbox.
//!
//! An [`Exchange`] is recorded before its response is sent. Secrets are redacted ([`redaction`](crate::support::redaction)):
//! those of the request at once, those of the response when it is first shown. When the journal is full, the oldest
//! exchanges are evicted and counted.
//!
//! | module | holds |
//! |---|---|
//! | `request_head`, `recorded_body`, `response_head`, `recorded_response` | the parts of an exchange |
//! | `clean_texts` | paths and bodies that were searched for secrets already |
//! | [`exchange_json`] | exchanges as JSON, in `WireMock`'s format |
//! | [`property_names`] | the JSON names of an exchange |
//! | [`pattern`] | request patterns, which select exchanges |
//! | [`near_miss`] | the operations nearest to an unmatched request |
//! | [`reproduce`] | an exchange as a curl command and as a scenario |
//! | [`replay`] | the request of an exchange, to be sent again |
//! | [`compare`] | the differences between two exchanges |

mod clean_texts;
pub mod compare;
mod exchange;
pub mod exchange_json;
pub mod near_miss;
pub mod pattern;
pub mod property_names;
mod recorded_body;
mod recorded_response;
pub mod replay;
pub mod reproduce;
mod request_head;
mod response_head;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use exchange::{ContractCheck, CredentialKind, Exchange, ExchangeParts, ResponseSource};
pub(crate) use pattern::MatchResult;
pub use pattern::{Difference, RequestPattern, ValueDiagnostic};
pub use recorded_body::RecordedBody;
pub use request_head::{ConfiguredSecrets, KnownSecrets};
pub use response_head::{HeadTemplate, HeadValues, RecordedHead};

use crate::config::limits::Limits;
use crate::support::clock::Timestamp;

/// The limits of journals.
#[derive(Clone, Copy, Debug)]
pub struct JournalBounds {
    /// Exchanges per sandbox; 0 disables the journal.
    pub entries_max: usize,
    /// Bytes per sandbox.
    pub bytes_max: usize,
    /// Bytes of all sandboxes together.
    pub total_bytes_max: usize,
    /// Bytes that a sandbox may use even when `total_bytes_max` is exceeded.
    pub guaranteed_bytes: usize,
}

impl JournalBounds {
    /// The limits of a disabled journal.
    pub const DISABLED: Self = Self { entries_max: 0, bytes_max: 0, total_bytes_max: 0, guaranteed_bytes: 0 };
}

impl From<&Limits> for JournalBounds {
    fn from(limits: &Limits) -> Self {
        Self {
            entries_max: limits.journal_entries_max,
            bytes_max: limits.journal_bytes_max,
            total_bytes_max: limits.journal_total_bytes_max,
            guaranteed_bytes: limits.journal_total_bytes_max / limits.sandboxes_max.max(1),
        }
    }
}

/// The size of all journals of the server together.
#[derive(Debug, Default)]
pub struct JournalTotals {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl JournalTotals {
    /// The current totals. `dropped` counts since the start of the server; clearing a journal does not reset it.
    #[must_use]
    pub fn size(&self) -> JournalSize {
        JournalSize {
            entries: self.entries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            ..JournalSize::default()
        }
    }

    fn remove(&self, entries: usize, bytes: usize) -> usize {
        self.entries.fetch_sub(entries, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed) - bytes
    }
}

/// The exchanges of one sandbox, oldest first.
#[derive(Debug)]
pub struct Journal {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    dropped: u64,
    last_dropped_number: u64,
    last_dropped_at: Option<Timestamp>,
    bounds: JournalBounds,
    total: Arc<JournalTotals>,
}

/// The size of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalSize {
    /// Recorded exchanges.
    pub entries: usize,
    /// Their approximate memory in bytes.
    pub bytes: usize,
    /// Exchanges evicted since the journal was last cleared.
    pub dropped: u64,
    /// The highest number of an evicted exchange; 0 when there is none.
    pub last_dropped_number: u64,
    /// The latest time of an evicted exchange.
    pub last_dropped_at: Option<Timestamp>,
}

/// Exchanges that a journal has evicted to make room for another one. Most of the time it is one or none.
#[derive(Debug, Default)]
pub struct Evicted {
    first: Option<Arc<Exchange>>,
    others: Vec<Arc<Exchange>>,
}

impl Evicted {
    fn add(&mut self, exchange: Arc<Exchange>) {
        match self.first {
            None => self.first = Some(exchange),
            Some(_) => self.others.push(exchange),
        }
    }
}

impl Journal {
    /// Creates an empty journal, which allocates nothing before its first exchange.
    #[must_use]
    pub fn new(bounds: JournalBounds, total: Arc<JournalTotals>) -> Self {
        Self {
            exchanges: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            last_dropped_number: 0,
            last_dropped_at: None,
            bounds,
            total,
        }
    }

    /// True when exchanges are recorded.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.bounds.entries_max > 0
    }

    /// Records an exchange and returns the evicted ones. The caller drops them after it has released the lock, because
    /// freeing their memory can take long.
    #[must_use = "to be dropped when no lock is held"]
    pub fn push(&mut self, exchange: Arc<Exchange>) -> Evicted {
        let mut evicted = Evicted::default();
        if !self.is_enabled() {
            return evicted;
        }
        let bytes = exchange.bytes();
        self.exchanges.push_back(exchange);
        self.bytes += bytes;
        self.total.entries.fetch_add(1, Ordering::Relaxed);
        let mut total = self.total.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        while self.exchanges.len() > self.bounds.entries_max
            || self.bytes > self.bounds.bytes_max
            || (total > self.bounds.total_bytes_max && self.bytes > self.bounds.guaranteed_bytes)
        {
            let Some(oldest) = self.exchanges.pop_front() else { break };
            self.bytes -= oldest.bytes();
            total = self.total.remove(1, oldest.bytes());
            self.total.dropped.fetch_add(1, Ordering::Relaxed);
            self.dropped += 1;
            self.last_dropped_number = self.last_dropped_number.max(oldest.number);
            self.last_dropped_at = self.last_dropped_at.max(Some(oldest.at));
            evicted.add(oldest);
        }
        evicted
    }

    /// Notes that exchanges were recorded before, in a journal that this one continues, and are lost. Nothing is known
    /// of their numbers and times.
    pub fn note_lost(&mut self, exchanges: u64) {
        if exchanges > 0 {
            self.dropped += exchanges;
            (self.last_dropped_number, self.last_dropped_at) = (u64::MAX, Some(Timestamp::MAX));
        }
    }

    /// All exchanges, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Exchange>> {
        self.exchanges.iter().cloned().collect()
    }

    /// Removes and returns the exchanges that `is_selected` accepts.
    #[must_use = "to be dropped when no lock is held"]
    pub fn remove(&mut self, is_selected: impl Fn(&Exchange) -> bool) -> Vec<Arc<Exchange>> {
        let all = std::mem::take(&mut self.exchanges);
        let (removed, kept): (VecDeque<_>, _) = all.into_iter().partition(|exchange| is_selected(exchange));
        let bytes: usize = removed.iter().map(|exchange| exchange.bytes()).sum();
        self.exchanges = kept;
        self.bytes -= bytes;
        self.total.remove(removed.len(), bytes);
        removed.into()
    }

    /// Removes and returns all exchanges, and resets the count of evicted ones.
    #[must_use = "to be dropped when no lock is held"]
    pub fn clear(&mut self) -> Vec<Arc<Exchange>> {
        (self.dropped, self.last_dropped_number, self.last_dropped_at) = (0, 0, None);
        self.remove(|_| true)
    }

    /// The current size.
    #[must_use]
    pub fn size(&self) -> JournalSize {
        JournalSize {
            entries: self.exchanges.len(),
            bytes: self.bytes,
            dropped: self.dropped,
            last_dropped_number: self.last_dropped_number,
            last_dropped_at: self.last_dropped_at,
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.total.remove(self.exchanges.len(), self.bytes);
    }
}
