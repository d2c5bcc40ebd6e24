//! Answers to reads, remembered until the world changes or time makes them wrong.
//!
//! A list is put together from several stores; while nothing is written, putting it together again gives the same
//! bytes. This is why reading a list costs about what sending it costs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::behaviour::Answer;
use crate::world::clock::Timestamp;

/// How many answers are remembered.
const ENTRIES_MAX: usize = 256;

/// How large a remembered answer may be.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How many bytes are remembered in all.
const BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Memo {
    version: u64,
    bytes: usize,
    count: usize,
    /// By path and query, then by operation and user: nothing is copied to look something up.
    entries: HashMap<Box<str>, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    operation: usize,
    user: Arc<str>,
    answer: Answer,
}

impl Memo {
    pub(super) fn find(
        &self,
        version: u64,
        operation: usize,
        user: &Arc<str>,
        target: &str,
        now: Timestamp,
    ) -> Option<Answer> {
        if self.version != version {
            return None;
        }
        let entries = self.entries.get(target)?;
        let entry = entries.iter().find(|entry| entry.operation == operation && entry.user == *user)?;
        let fresh = entry.answer.fresh_until.is_none_or(|until| now < until);
        fresh.then(|| entry.answer.clone())
    }

    pub(super) fn keep(&mut self, version: u64, operation: usize, user: &Arc<str>, target: &str, answer: &Answer) {
        let size = answer.body.len() + target.len();
        if size > ANSWER_BYTES_MAX {
            return;
        }
        if self.version != version || self.count >= ENTRIES_MAX || self.bytes + size > BYTES_MAX {
            *self = Self { version, ..Self::default() };
        }
        let entries = self.entries.entry(target.into()).or_default();
        let entry = Entry { operation, user: Arc::clone(user), answer: answer.clone() };
        match entries.iter_mut().find(|entry| entry.operation == operation && entry.user == *user) {
            Some(old) => {
                self.bytes -= old.answer.body.len() + target.len();
                *old = entry;
            }
            None => {
                entries.push(entry);
                self.count += 1;
            }
        }
        self.bytes += size;
    }
}
