//! The registry of sandboxes. A sandbox is created on first use and removed when it has been idle for too long.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use super::{DEFAULT, InitialState, Sandbox, SharedState, now_us};
use crate::config::limits::Limits;
use crate::recording::coverage::CoverageCounts;

/// The sandboxes of a server.
#[derive(Debug)]
pub struct SandboxRegistry {
    /// The initial state of new sandboxes.
    initial_state: RwLock<Arc<InitialState>>,
    count_max: usize,
    unauthenticated_max: usize,
    idle_us_max: u64,
    default: Arc<Sandbox>,
    others: RwLock<NamedSandboxes>,
    shared: Arc<SharedState>,
}

/// How many candidates for removal are selected in one scan.
const CANDIDATES_MAX: usize = 128;

/// The minimum time between two scans for idle sandboxes, in microseconds.
const SWEEP_INTERVAL_US: u64 = 1_000_000;

/// Who uses a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxUser {
    /// A request with a known API key.
    Authenticated,
    /// A request without a known API key. What such requests create is bounded separately.
    Unauthenticated,
}

/// The sandboxes other than the default one.
#[derive(Debug, Default)]
struct NamedSandboxes {
    by_name: HashMap<String, Arc<Sandbox>>,
    /// The least recently used sandboxes at the last scan among those that were only read, with their time of use; the
    /// oldest last. Times of use only grow, so a candidate that has not been used since then is still the least recently
    /// used one.
    candidates: Vec<(u64, Arc<str>)>,
    /// The sandboxes that requests without a known API key have created; some have been removed or used by others since.
    unauthenticated: Vec<Arc<str>>,
    /// The time of the last scan for idle sandboxes, in microseconds.
    swept_at_us: u64,
}

impl NamedSandboxes {
    /// The sandbox to remove: the least recently used one of those that were only read, else of all.
    fn least_recently_used(&mut self) -> Option<Arc<Sandbox>> {
        for _ in 0..2 {
            while let Some((used, name)) = self.candidates.pop() {
                let is_unused = |one: &&Arc<Sandbox>| {
                    one.last_used_us.load(Ordering::Relaxed) == used && !one.is_kept.load(Ordering::Relaxed)
                };
                if let Some(found) = self.by_name.get(&*name).filter(is_unused) {
                    return Some(Arc::clone(found));
                }
            }
            let read_only = self.by_name.values().filter(|one| !one.is_kept.load(Ordering::Relaxed));
            let mut read_only: Vec<(u64, Arc<str>)> = read_only.map(last_use).collect();
            if read_only.len() > CANDIDATES_MAX {
                read_only.select_nth_unstable(CANDIDATES_MAX);
                read_only.truncate(CANDIDATES_MAX);
            }
            read_only.sort_unstable();
            read_only.reverse();
            self.candidates = read_only;
        }
        let (_, oldest) = self.by_name.values().map(last_use).min()?;
        self.by_name.get(&*oldest).cloned()
    }

    /// Registers a sandbox that a request without a known API key is about to create, and removes the least recently used
    /// one of its kind when there are too many.
    fn bound_unauthenticated(&mut self, name: &str, max: usize) {
        if self.unauthenticated.len() >= max {
            let by_name = &self.by_name;
            let counts = |one: &Arc<Sandbox>| one.is_unauthenticated.load(Ordering::Relaxed);
            self.unauthenticated.retain(|name| by_name.get(&**name).is_some_and(counts));
        }
        if self.unauthenticated.len() >= max {
            let used = |name: &Arc<str>| self.by_name.get(&**name).map(|one| one.last_used_us.load(Ordering::Relaxed));
            let oldest = (0..self.unauthenticated.len()).min_by_key(|index| used(&self.unauthenticated[*index]));
            if let Some(index) = oldest {
                let oldest = self.unauthenticated.swap_remove(index);
                tracing::info!(
                    "sandbox {oldest} removed: requests without a known API key have created {max} sandboxes, which is \
                     the maximum"
                );
                if let Some(removed) = self.by_name.remove(&*oldest) {
                    removed.note_lost();
                }
            }
        }
        // One that was removed in the meantime may be in the list still.
        if !self.unauthenticated.iter().any(|known| **known == *name) {
            self.unauthenticated.push(name.into());
        }
    }
}

fn last_use(sandbox: &Arc<Sandbox>) -> (u64, Arc<str>) {
    (sandbox.last_used_us.load(Ordering::Relaxed), Arc::clone(&sandbox.name))
}

impl SandboxRegistry {
    /// Creates the registry with the default sandbox.
    #[must_use]
    pub fn new(initial: InitialState, limits: &Limits) -> Self {
        let shared = Arc::new(SharedState::new(limits));
        let default = Arc::new(Sandbox::new(DEFAULT, &initial, &shared));
        let idle_us_max = limits.sandbox_idle_ms_max.saturating_mul(1000);
        let initial_state = RwLock::new(Arc::new(initial));
        Self {
            initial_state,
            count_max: limits.sandboxes_max,
            unauthenticated_max: limits.sandboxes_unauthenticated_max.max(1),
            idle_us_max,
            default,
            others: RwLock::default(),
            shared,
        }
    }

    /// A copy of a sandbox for a dry run. A sandbox that does not exist is not created by it.
    #[must_use]
    pub fn dry_run_copy(&self, name: &str) -> Arc<Sandbox> {
        let found = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).cloned();
        match found.filter(|one| !self.is_idle(one, now_us())) {
            _ if name == DEFAULT => self.default.dry_run_copy(),
            Some(found) => found.dry_run_copy(),
            None => Arc::new(Sandbox::new(name, &self.initial_state(), &Arc::new(SharedState::for_dry_run()))),
        }
    }

    /// The state that all sandboxes share.
    #[must_use]
    pub fn shared(&self) -> &SharedState {
        &self.shared
    }

    /// The coverage counts of all sandboxes since the server started, including removed and reset ones.
    #[must_use]
    pub fn counts(&self) -> CoverageCounts {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<Sandbox>> = others.by_name.values().cloned().collect();
        drop(others);
        // Counts are bounded; what is dropped must not depend on the order of a map.
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let retired_counts = self.shared.retired_counts();
        let mut counts = retired_counts.clone();
        counts.merge(&self.default.counts());
        for one in &all {
            counts.merge(&one.counts());
        }
        // Before the last reference to a sandbox is dropped, which locks the retired counts.
        drop(retired_counts);
        counts
    }

    /// The initial state of new sandboxes.
    #[must_use]
    pub fn initial_state(&self) -> Arc<InitialState> {
        Arc::clone(&self.initial_state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the initial state of new sandboxes.
    pub fn set_initial_state(&self, initial: Arc<InitialState>) {
        *self.initial_state.write().unwrap_or_else(PoisonError::into_inner) = initial;
    }

    /// The sandbox that never ends.
    #[must_use]
    pub fn default_sandbox(&self) -> Arc<Sandbox> {
        Arc::clone(&self.default)
    }

    /// The maximum number of sandboxes.
    #[must_use]
    pub fn count_max(&self) -> usize {
        self.count_max
    }

    /// Whether a text is an API key in the world of an existing sandbox.
    #[must_use]
    pub fn has_key(&self, name: &str, key: &str) -> bool {
        if name == DEFAULT {
            return self.default.has_key(key);
        }
        let found = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).cloned();
        found.is_some_and(|one| !self.is_idle(&one, now_us()) && one.has_key(key))
    }

    /// Whether a text is an API key in the world of a sandbox, or would be if the sandbox were created.
    #[must_use]
    pub fn would_have_key(&self, name: &str, key: &str) -> bool {
        let exists =
            name == DEFAULT || self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.contains_key(name);
        self.has_key(name, key) || !exists && self.initial_state().world.has_key(key)
    }

    /// The sandbox with a name. It is created if it does not exist, and again if it has been idle for too long; when
    /// there are too many, another one is removed.
    #[must_use]
    pub fn get(&self, name: &str, user: SandboxUser) -> Arc<Sandbox> {
        if name == DEFAULT {
            return Arc::clone(&self.default);
        }
        let now = now_us();
        if let Some(found) = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name)
            && !self.is_idle(found, now)
        {
            found.used_by(user, now);
            return Arc::clone(found);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut others, name, user, now);
        // Read under the lock, so that `list` after `set_initial_state` includes every sandbox with the old state.
        let found = others.by_name.entry(name.to_owned()).or_insert_with(|| {
            let created = Sandbox::new(name, &self.initial_state(), &self.shared);
            created.lock_record().journal.note_lost(self.shared.take_lost(name));
            created.is_unauthenticated.store(user == SandboxUser::Unauthenticated, Ordering::Relaxed);
            Arc::new(created)
        });
        found.used_by(user, now);
        Arc::clone(found)
    }

    /// Whether a sandbox exists.
    #[must_use]
    pub fn exists(&self, name: &str) -> bool {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        name == DEFAULT || others.by_name.get(name).is_some_and(|one| !self.is_idle(one, now_us()))
    }

    /// The existing sandboxes: the default one, then the others by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Sandbox>> {
        let now = now_us();
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<Arc<Sandbox>> =
            others.by_name.values().filter(|one| !self.is_idle(one, now)).cloned().collect();
        drop(others);
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list.insert(0, Arc::clone(&self.default));
        list
    }

    /// Removes a sandbox; `false` when there is none with that name. The default one cannot be removed.
    pub fn remove(&self, name: &str) -> bool {
        let _ = self.shared.take_lost(name);
        self.others.write().unwrap_or_else(PoisonError::into_inner).by_name.remove(name).is_some()
    }

    /// Removes all sandboxes but the default one.
    pub fn remove_all(&self) {
        self.shared.forget_lost();
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = NamedSandboxes::default();
    }

    fn is_idle(&self, sandbox: &Sandbox, now: u64) -> bool {
        now.saturating_sub(sandbox.last_used_us.load(Ordering::Relaxed)) > self.idle_us_max
    }

    /// Removes idle sandboxes, then the least recently used one if there are too many to create `name`.
    fn make_room(&self, others: &mut NamedSandboxes, name: &str, user: SandboxUser, now: u64) {
        if others.by_name.get(name).is_some_and(|one| self.is_idle(one, now)) {
            tracing::info!("sandbox {name} reset: idle for more than {} ms", self.idle_us_max / 1000);
            if let Some(removed) = others.by_name.remove(name) {
                removed.note_lost();
            }
        }
        if now.saturating_sub(others.swept_at_us) > SWEEP_INTERVAL_US {
            others.swept_at_us = now;
            let before = others.by_name.len();
            others.by_name.retain(|_, one| {
                let is_kept = !self.is_idle(one, now);
                if !is_kept {
                    one.note_lost();
                }
                is_kept
            });
            let removed = before - others.by_name.len();
            if removed > 0 {
                tracing::info!("{removed} sandboxes removed: idle for more than {} ms", self.idle_us_max / 1000);
            }
        }
        if others.by_name.contains_key(name) {
            return;
        }
        if user == SandboxUser::Unauthenticated {
            others.bound_unauthenticated(name, self.unauthenticated_max);
        }
        // The default sandbox counts as well.
        if others.by_name.len() + 1 < self.count_max.max(2) {
            return;
        }
        if let Some(oldest) = others.least_recently_used() {
            let (name, max) = (&oldest.name, self.count_max);
            tracing::warn!(
                "sandbox {name} removed: it was the least recently used one of those that may be removed, and the \
                 maximum is {max} sandboxes"
            );
            others.by_name.remove(&**name);
            oldest.note_lost();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::scenario::Library;
    use crate::support::clock::Clock;

    use SandboxUser::{Authenticated, Unauthenticated};

    fn sandboxes(count_max: usize, idle_ms_max: u64) -> SandboxRegistry {
        let contract = Arc::new(Contract::built_in().unwrap());
        let scenario = Library::built_in(Arc::clone(&contract)).unwrap().get("healthy").unwrap();
        let world = scenario.create_world(&contract, 1, Clock::Real).unwrap();
        let limits = Limits {
            sandboxes_max: count_max,
            sandboxes_unauthenticated_max: 2,
            sandbox_idle_ms_max: idle_ms_max,
            ..Limits::default()
        };
        SandboxRegistry::new(InitialState::new(scenario, world), &limits)
    }

    fn names(sandboxes: &SandboxRegistry) -> Vec<String> {
        sandboxes.list().iter().map(|sandbox| sandbox.name.to_string()).collect()
    }

    #[test]
    fn the_least_recently_used_sandbox_is_removed_first() {
        let all = sandboxes(3, 60_000);
        let _ = (all.get("a", Authenticated), all.get("b", Authenticated));
        std::thread::sleep(std::time::Duration::from_millis(1));
        let _ = (all.get("a", Authenticated), all.get("c", Authenticated));
        assert_eq!(names(&all), ["default", "a", "c"]);
    }

    #[test]
    fn kept_sandboxes_outlive_those_that_were_only_read() {
        let all = sandboxes(4, 60_000);
        all.get("written", Authenticated).mark_written();
        all.get("controlled", Authenticated).keep();
        for number in 0..300 {
            let _ = all.get(&format!("read-{number}"), Authenticated);
        }
        assert_eq!(names(&all), ["default", "controlled", "read-299", "written"]);
        // Without any that was only read, the least recently used one is removed.
        all.get("read-299", Authenticated).keep();
        let _ = all.get("new", Authenticated);
        assert_eq!(names(&all), ["default", "controlled", "new", "read-299"]);
    }

    #[test]
    fn sandboxes_of_unauthenticated_requests_are_bounded_separately() {
        let all = sandboxes(100, 60_000);
        let _ = all.get("reader", Authenticated);
        for number in 0..300 {
            all.get(&format!("anonymous-{number}"), Unauthenticated).mark_written();
        }
        assert_eq!(names(&all).len(), 4, "{:?}", names(&all));
        assert!(names(&all).contains(&"reader".to_owned()));
        // Once a request with a key has used it, or a control call, a sandbox does not count any more.
        let _ = all.get("anonymous-299", Authenticated);
        all.get("anonymous-298", Unauthenticated).keep();
        for number in 0..10 {
            let _ = all.get(&format!("later-{number}"), Unauthenticated);
        }
        let names = names(&all);
        assert_eq!(names.len(), 6, "{names:?}");
        assert!(
            ["anonymous-298", "anonymous-299"].iter().all(|name| names.iter().any(|other| other == name)),
            "{names:?}"
        );
    }

    #[test]
    fn idle_sandboxes_are_removed() {
        let all = sandboxes(100, 20);
        let first = all.get("a", Authenticated);
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(names(&all), ["default"]);
        assert!(!Arc::ptr_eq(&first, &all.get("a", Authenticated)), "it was created again");
        assert!(all.remove("a") && !all.remove("a") && !all.remove("default"));
    }
}
