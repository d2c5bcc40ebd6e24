//! The registry of sandboxes. A sandbox is created on first use and removed when it has been idle for too long.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use super::{DEFAULT, InitialState, Sandbox, SharedState, now_us};
use crate::config::limits::Limits;
use crate::recording::coverage::CoverageCounts;
use crate::recording::journal::JournalBounds;

/// The sandboxes of a server.
#[derive(Debug)]
pub struct SandboxRegistry {
    /// The initial state of new sandboxes.
    initial_state: RwLock<Arc<InitialState>>,
    count_max: usize,
    idle_us_max: u64,
    default: Arc<Sandbox>,
    others: RwLock<NamedSandboxes>,
    shared: Arc<SharedState>,
}

/// How many candidates for removal are selected in one scan.
const CANDIDATES_MAX: usize = 128;

/// The minimum time between two scans for idle sandboxes, in microseconds.
const SWEEP_INTERVAL_US: u64 = 1_000_000;

/// The sandboxes other than the default one.
#[derive(Debug, Default)]
struct NamedSandboxes {
    by_name: HashMap<String, Arc<Sandbox>>,
    /// The least recently used sandboxes at the last scan, with their time of use; the oldest last. Times of use only
    /// grow, so a candidate that has not been used since then is still the least recently used sandbox.
    candidates: Vec<(u64, String)>,
    /// The time of the last scan for idle sandboxes, in microseconds.
    swept_at_us: u64,
}

impl NamedSandboxes {
    /// The least recently used sandbox.
    fn least_recently_used(&mut self) -> Option<Arc<Sandbox>> {
        for _ in 0..2 {
            while let Some((used, name)) = self.candidates.pop() {
                let found = self.by_name.get(&name).filter(|one| one.last_used_us.load(Ordering::Relaxed) == used);
                if let Some(found) = found {
                    return Some(Arc::clone(found));
                }
            }
            let used = |one: &Arc<Sandbox>| (one.last_used_us.load(Ordering::Relaxed), one.name.to_string());
            let mut all: Vec<(u64, String)> = self.by_name.values().map(used).collect();
            all.sort_unstable();
            all.truncate(CANDIDATES_MAX);
            all.reverse();
            self.candidates = all;
        }
        None
    }
}

impl SandboxRegistry {
    /// Creates the registry with the default sandbox.
    #[must_use]
    pub fn new(initial: InitialState, limits: &Limits) -> Self {
        let shared = Arc::new(SharedState::new(JournalBounds::from(limits)));
        let default = Arc::new(Sandbox::new(DEFAULT, &initial, &shared));
        let idle_us_max = limits.sandbox_idle_ms_max.saturating_mul(1000);
        let initial_state = RwLock::new(Arc::new(initial));
        Self { initial_state, count_max: limits.sandboxes_max, idle_us_max, default, others: RwLock::default(), shared }
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

    /// The sandbox with a name. It is created if it does not exist, and again if it has been idle for too long; when
    /// there are too many, the least recently used sandbox is removed.
    #[must_use]
    pub fn get(&self, name: &str) -> Arc<Sandbox> {
        if name == DEFAULT {
            return Arc::clone(&self.default);
        }
        let now = now_us();
        if let Some(found) = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name)
            && !self.is_idle(found, now)
        {
            found.last_used_us.store(now, Ordering::Relaxed);
            return Arc::clone(found);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut others, name, now);
        // Read under the lock, so that `list` after `set_initial_state` includes every sandbox with the old state.
        let found = others
            .by_name
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Sandbox::new(name, &self.initial_state(), &self.shared)));
        found.last_used_us.store(now, Ordering::Relaxed);
        Arc::clone(found)
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
        self.others.write().unwrap_or_else(PoisonError::into_inner).by_name.remove(name).is_some()
    }

    /// Removes all sandboxes but the default one.
    pub fn remove_all(&self) {
        self.others.write().unwrap_or_else(PoisonError::into_inner).by_name.clear();
    }

    fn is_idle(&self, sandbox: &Sandbox, now: u64) -> bool {
        now.saturating_sub(sandbox.last_used_us.load(Ordering::Relaxed)) > self.idle_us_max
    }

    /// Removes idle sandboxes, then the least recently used one if there are too many to create `name`.
    fn make_room(&self, others: &mut NamedSandboxes, name: &str, now: u64) {
        if others.by_name.get(name).is_some_and(|one| self.is_idle(one, now)) {
            tracing::info!("sandbox {name} reset: idle for more than {} ms", self.idle_us_max / 1000);
            others.by_name.remove(name);
        }
        if now.saturating_sub(others.swept_at_us) > SWEEP_INTERVAL_US {
            others.swept_at_us = now;
            let before = others.by_name.len();
            others.by_name.retain(|_, one| !self.is_idle(one, now));
            let removed = before - others.by_name.len();
            if removed > 0 {
                tracing::info!("{removed} sandboxes removed: idle for more than {} ms", self.idle_us_max / 1000);
            }
        }
        // The default sandbox counts as well.
        if others.by_name.contains_key(name) || others.by_name.len() + 1 < self.count_max.max(2) {
            return;
        }
        if let Some(oldest) = others.least_recently_used() {
            let (name, max) = (&oldest.name, self.count_max);
            tracing::warn!(
                "sandbox {name} removed: it was the least recently used one, and the maximum is {max} sandboxes"
            );
            others.by_name.remove(&**name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::scenario::Library;
    use crate::support::clock::Clock;

    fn sandboxes(count_max: usize, idle_ms_max: u64) -> SandboxRegistry {
        let contract = Arc::new(Contract::built_in().unwrap());
        let scenario = Library::built_in(Arc::clone(&contract)).unwrap().get("healthy").unwrap();
        let world = scenario.create_world(&contract, 1, Clock::Real).unwrap();
        let limits = Limits { sandboxes_max: count_max, sandbox_idle_ms_max: idle_ms_max, ..Limits::default() };
        SandboxRegistry::new(InitialState { scenario, world }, &limits)
    }

    fn names(sandboxes: &SandboxRegistry) -> Vec<String> {
        sandboxes.list().iter().map(|sandbox| sandbox.name.to_string()).collect()
    }

    #[test]
    fn the_least_recently_used_sandbox_is_removed_first() {
        let all = sandboxes(3, 60_000);
        let _ = (all.get("a"), all.get("b"));
        std::thread::sleep(std::time::Duration::from_millis(1));
        let _ = (all.get("a"), all.get("c"));
        assert_eq!(names(&all), ["default", "a", "c"]);
    }

    #[test]
    fn idle_sandboxes_are_removed() {
        let all = sandboxes(100, 20);
        let first = all.get("a");
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(names(&all), ["default"]);
        assert!(!Arc::ptr_eq(&first, &all.get("a")), "it was created again");
        assert!(all.remove("a") && !all.remove("a") && !all.remove("default"));
    }
}
