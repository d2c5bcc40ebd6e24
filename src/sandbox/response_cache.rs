//! Answers to reads, remembered until the world changes or time makes them wrong.
//!
//! A list is put together from several stores; while nothing is written, putting it together again gives the same
//! bytes. This is why reading a list costs about what sending it costs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::leadconduit::response::OperationResponse;
use crate::support::clock::Timestamp;

/// How many answers are remembered.
const ENTRIES_MAX: usize = 256;

/// How large a remembered answer may be.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How many bytes are remembered in all.
const BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct ResponseCache {
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
    answer: OperationResponse,
}

impl ResponseCache {
    pub(super) fn find(
        &self,
        version: u64,
        operation: usize,
        user: &Arc<str>,
        target: &str,
        now: Timestamp,
    ) -> Option<OperationResponse> {
        if self.version != version {
            return None;
        }
        let entries = self.entries.get(target)?;
        let entry = entries.iter().find(|entry| entry.operation == operation && entry.user == *user)?;
        let fresh = entry.answer.fresh_until.is_none_or(|until| now < until);
        fresh.then(|| entry.answer.clone())
    }

    pub(super) fn keep(
        &mut self,
        version: u64,
        operation: usize,
        user: &Arc<str>,
        target: &str,
        answer: &OperationResponse,
    ) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn answer(size: usize, fresh_until: Option<&str>) -> OperationResponse {
        OperationResponse {
            fresh_until: fresh_until.map(at),
            ..OperationResponse::of(200, Bytes::from(vec![b'x'; size]))
        }
    }

    #[test]
    fn an_answer_holds_for_one_version_operation_user_and_target() {
        let (jane, sam): (Arc<str>, Arc<str>) = ("jane".into(), "sam".into());
        let mut memo = ResponseCache::default();
        memo.keep(1, 7, &jane, "/a", &answer(3, None));
        let found = |version, operation, user, target| memo.find(version, operation, user, target, at(NOW)).is_some();
        assert!(found(1, 7, &jane, "/a"));
        assert!(!found(2, 7, &jane, "/a"), "something was written since");
        assert!(!found(1, 8, &jane, "/a"));
        assert!(!found(1, 7, &sam, "/a"), "what one may see another may not");
        assert!(!found(1, 7, &jane, "/a?b"));
    }

    #[test]
    fn an_answer_is_forgotten_when_time_makes_it_wrong() {
        let jane: Arc<str> = "jane".into();
        let mut memo = ResponseCache::default();
        memo.keep(1, 7, &jane, "/a", &answer(3, Some("2026-01-01T00:00:10Z")));
        assert!(memo.find(1, 7, &jane, "/a", at("2026-01-01T00:00:09Z")).is_some());
        assert!(memo.find(1, 7, &jane, "/a", at("2026-01-01T00:00:10Z")).is_none());
        memo.keep(1, 7, &jane, "/a", &answer(4, None));
        assert_eq!(
            memo.find(1, 7, &jane, "/a", at("2026-01-01T00:00:10Z")).unwrap().body.len(),
            4,
            "the newer one counts"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let jane: Arc<str> = "jane".into();
        let mut memo = ResponseCache::default();
        memo.keep(1, 0, &jane, "/large", &answer(ANSWER_BYTES_MAX + 1, None));
        assert!(memo.find(1, 0, &jane, "/large", at(NOW)).is_none());
        for number in 0..10_000 {
            memo.keep(1, 0, &jane, &format!("/{number}"), &answer(100_000, None));
            let bytes: usize = memo.entries.values().flatten().map(|entry| entry.answer.body.len()).sum();
            assert!(memo.count <= ENTRIES_MAX && bytes <= BYTES_MAX && bytes <= memo.bytes);
        }
        assert!(memo.find(1, 0, &jane, "/9999", at(NOW)).is_some());
    }
}
