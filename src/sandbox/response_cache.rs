//! Caches responses to reads until the world changes or their time runs out.
//!
//! A list is assembled from several stores. As long as nothing is written, assembling it again gives the same bytes, so
//! a cached list costs little more than sending it. Sandboxes that are still in their initial state share one cache: most
//! of thousands are only read.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::http::etag::ETag;
use crate::leadconduit::response::OperationResponse;
use crate::support::clock::Timestamp;
use crate::support::memory::{Charge, Gauge};

/// The maximum number of cached responses.
const ENTRIES_MAX: usize = 256;

/// The maximum size of a cached response.
const RESPONSE_BYTES_MAX: usize = 256 * 1024;

/// The maximum size of the cached responses of one sandbox.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the cached responses of all sandboxes may use together.
#[derive(Clone, Debug)]
pub(super) struct CacheBudget {
    pub(super) gauge: Arc<Gauge>,
    pub(super) bytes_max: usize,
}

impl CacheBudget {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { gauge: Arc::default(), bytes_max }
    }
}

/// What identifies a read. Users have different permissions.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadKey<'a> {
    /// The index of the operation.
    pub(super) operation: usize,
    pub(super) user: &'a Arc<str>,
    /// Path and query.
    pub(super) target: &'a str,
}

/// The cached responses of an initial state, which all sandboxes share until they are changed.
#[derive(Debug, Default)]
pub(super) struct SharedResponses(OnceLock<RwLock<ResponseCache>>);

impl SharedResponses {
    pub(super) fn find(&self, key: ReadKey<'_>, now: Timestamp) -> Option<OperationResponse> {
        self.0.get()?.read().unwrap_or_else(PoisonError::into_inner).find(0, key, now)
    }

    pub(super) fn insert(&self, budget: &CacheBudget, key: ReadKey<'_>, response: &OperationResponse) {
        let cache = self.0.get_or_init(|| RwLock::new(ResponseCache::new(budget.clone())));
        cache.write().unwrap_or_else(PoisonError::into_inner).insert(0, key, response);
    }
}

/// The cached responses for one version of a world.
#[derive(Debug)]
pub(super) struct ResponseCache {
    budget: CacheBudget,
    version: u64,
    bytes: usize,
    count: usize,
    /// By request target, then by operation and user. Lookups do not allocate.
    entries: HashMap<Box<str>, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    operation: usize,
    user: Arc<str>,
    response: OperationResponse,
    /// Counts the response while it is cached.
    _charge: Charge,
}

impl ResponseCache {
    /// An empty cache.
    pub(super) fn new(budget: CacheBudget) -> Self {
        Self { budget, version: 0, bytes: 0, count: 0, entries: HashMap::new() }
    }

    /// The cached response, if it is still valid.
    pub(super) fn find(&self, version: u64, key: ReadKey<'_>, now: Timestamp) -> Option<OperationResponse> {
        if self.version != version {
            return None;
        }
        let entries = self.entries.get(key.target)?;
        let entry = entries.iter().find(|entry| entry.operation == key.operation && entry.user == *key.user)?;
        let is_fresh = entry.response.fresh_until.is_none_or(|until| now < until);
        is_fresh.then(|| entry.response.clone())
    }

    /// Caches a response. When the limits are reached or the version has changed, the cache is cleared first. When other
    /// sandboxes use the whole budget, the response is not cached.
    pub(super) fn insert(&mut self, version: u64, key: ReadKey<'_>, response: &OperationResponse) {
        let ReadKey { operation, user, target } = key;
        let size = response.body.len() + target.len();
        if size > RESPONSE_BYTES_MAX {
            return;
        }
        if self.version != version || self.count >= ENTRIES_MAX || self.bytes + size > BYTES_MAX {
            *self = Self { version, ..Self::new(self.budget.clone()) };
        }
        let is_over = |cache: &Self| cache.budget.gauge.usage().bytes + size > cache.budget.bytes_max;
        if is_over(self) {
            *self = Self { version, ..Self::new(self.budget.clone()) };
            if is_over(self) {
                return;
            }
        }
        let charge = self.budget.gauge.charge(size);
        let entries = self.entries.entry(target.into()).or_default();
        let etag = Some(ETag::of(&response.body));
        let response = OperationResponse { etag, ..response.clone() };
        let entry = Entry { operation, user: Arc::clone(user), response, _charge: charge };
        match entries.iter_mut().find(|entry| entry.operation == operation && entry.user == *user) {
            Some(old) => {
                self.bytes -= old.response.body.len() + target.len();
                *old = entry;
            }
            None => {
                // A vector would allocate room for four; most sandboxes have one user.
                entries.reserve_exact(1);
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

    fn key<'a>(operation: usize, user: &'a Arc<str>, target: &'a str) -> ReadKey<'a> {
        ReadKey { operation, user, target }
    }

    fn response(size: usize, fresh_until: Option<&str>) -> OperationResponse {
        OperationResponse {
            fresh_until: fresh_until.map(at),
            ..OperationResponse::json(200, Bytes::from(vec![b'x'; size]))
        }
    }

    #[test]
    fn a_response_is_valid_for_one_version_operation_user_and_target() {
        let (jane, sam): (Arc<str>, Arc<str>) = ("jane".into(), "sam".into());
        let mut cache = ResponseCache::new(CacheBudget::new(usize::MAX / 2));
        cache.insert(1, key(7, &jane, "/a"), &response(3, None));
        let found = |version, key| cache.find(version, key, at(NOW)).is_some();
        assert!(found(1, key(7, &jane, "/a")));
        assert!(!found(2, key(7, &jane, "/a")), "something was written since then");
        assert!(!found(1, key(8, &jane, "/a")));
        assert!(!found(1, key(7, &sam, "/a")), "users have different permissions");
        assert!(!found(1, key(7, &jane, "/a?b")));
    }

    #[test]
    fn an_expired_response_is_not_returned() {
        let jane: Arc<str> = "jane".into();
        let mut cache = ResponseCache::new(CacheBudget::new(usize::MAX / 2));
        cache.insert(1, key(7, &jane, "/a"), &response(3, Some("2026-01-01T00:00:10Z")));
        assert!(cache.find(1, key(7, &jane, "/a"), at("2026-01-01T00:00:09Z")).is_some());
        assert!(cache.find(1, key(7, &jane, "/a"), at("2026-01-01T00:00:10Z")).is_none());
        cache.insert(1, key(7, &jane, "/a"), &response(4, None));
        assert_eq!(
            cache.find(1, key(7, &jane, "/a"), at("2026-01-01T00:00:10Z")).unwrap().body.len(),
            4,
            "the newer response replaces the older one"
        );
    }

    #[test]
    fn all_caches_share_a_budget() {
        let jane: Arc<str> = "jane".into();
        let budget = CacheBudget::new(1_000);
        let (mut first, mut second) = (ResponseCache::new(budget.clone()), ResponseCache::new(budget.clone()));
        first.insert(1, key(0, &jane, "/a"), &response(600, None));
        second.insert(1, key(0, &jane, "/b"), &response(600, None));
        let is_cached = |cache: &ResponseCache, target| cache.find(1, key(0, &jane, target), at(NOW)).is_some();
        assert!(is_cached(&first, "/a") && !is_cached(&second, "/b"), "the first cache uses the budget");
        first.insert(1, key(0, &jane, "/c"), &response(700, None));
        assert!(is_cached(&first, "/c") && !is_cached(&first, "/a"), "a cache makes room for its own responses");
        assert_eq!(budget.gauge.usage().bytes, 702);
        drop(first);
        second.insert(1, key(0, &jane, "/b"), &response(600, None));
        assert!(is_cached(&second, "/b"));
    }

    #[test]
    fn the_cache_is_bounded() {
        let jane: Arc<str> = "jane".into();
        let mut cache = ResponseCache::new(CacheBudget::new(usize::MAX / 2));
        cache.insert(1, key(0, &jane, "/large"), &response(RESPONSE_BYTES_MAX + 1, None));
        assert!(cache.find(1, key(0, &jane, "/large"), at(NOW)).is_none());
        for number in 0..10_000 {
            cache.insert(1, key(0, &jane, &format!("/{number}")), &response(100_000, None));
            let bytes: usize = cache.entries.values().flatten().map(|entry| entry.response.body.len()).sum();
            assert!(cache.count <= ENTRIES_MAX && bytes <= BYTES_MAX && bytes <= cache.bytes);
        }
        assert!(cache.find(1, key(0, &jane, "/9999"), at(NOW)).is_some());
    }
}
