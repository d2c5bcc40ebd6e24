//! All sandboxes: they come to life when they are first asked for, and end when they are not used.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use super::{DEFAULT, Sandbox, SharedState, Start, now_us};
use crate::config::settings::Limits;
use crate::recording::coverage::Tally;
use crate::recording::journal::Bounds;

/// All sandboxes.
#[derive(Debug)]
pub struct Sandboxes {
    /// What new ones begin with.
    start: RwLock<Arc<Start>>,
    count_max: usize,
    idle_us_max: u64,
    default: Arc<Sandbox>,
    others: RwLock<Others>,
    shared: Arc<SharedState>,
}

/// How many candidates for ending are picked at once.
const CANDIDATES: usize = 128;

/// How often, at most, all sandboxes are looked at for those that have not been used for too long.
const SWEEP_US: u64 = 1_000_000;

/// All sandboxes but the default one.
#[derive(Debug, Default)]
struct Others {
    by_name: HashMap<String, Arc<Sandbox>>,
    /// Those that were used least recently when all were last looked at, with when that was; the oldest last. As a
    /// time of use only grows, one that has not been used since is still the least recent of all.
    oldest: Vec<(u64, String)>,
    /// When all were last looked at for idle ones.
    swept: u64,
}

impl Others {
    /// The sandbox that was used least recently.
    fn least_recent(&mut self) -> Option<Arc<Sandbox>> {
        for _ in 0..2 {
            while let Some((used, name)) = self.oldest.pop() {
                let found = self.by_name.get(&name).filter(|one| one.used.load(Ordering::Relaxed) == used);
                if let Some(found) = found {
                    return Some(Arc::clone(found));
                }
            }
            let used = |one: &Arc<Sandbox>| (one.used.load(Ordering::Relaxed), one.name.to_string());
            let mut all: Vec<(u64, String)> = self.by_name.values().map(used).collect();
            all.sort_unstable();
            all.truncate(CANDIDATES);
            all.reverse();
            self.oldest = all;
        }
        None
    }
}

impl Sandboxes {
    /// The default sandbox, and room for others that start the same.
    #[must_use]
    pub fn new(start: Start, limits: &Limits) -> Self {
        let shared = Arc::new(SharedState::new(Bounds::from(limits)));
        let default = Arc::new(Sandbox::new(DEFAULT, &start, &shared));
        let idle_us_max = limits.sandbox_idle_ms_max.saturating_mul(1000);
        let start = RwLock::new(Arc::new(start));
        Self { start, count_max: limits.sandboxes_max, idle_us_max, default, others: RwLock::default(), shared }
    }

    /// A copy of the sandbox of that name to try things on; one that there is not is not brought to life by it.
    #[must_use]
    pub fn dry_run_copy(&self, name: &str) -> Arc<Sandbox> {
        let found = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).cloned();
        match found.filter(|one| !self.is_idle(one, now_us())) {
            _ if name == DEFAULT => self.default.dry_run_copy(),
            Some(found) => found.dry_run_copy(),
            None => Arc::new(Sandbox::new(name, &self.start(), &Arc::new(SharedState::dry_run_copy()))),
        }
    }

    /// What they share.
    #[must_use]
    pub fn shared(&self) -> &SharedState {
        &self.shared
    }

    /// What has been counted in all of them since the server started, those included that have ended or begun anew.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<Sandbox>> = others.by_name.values().cloned().collect();
        drop(others);
        // Where there is not room for everything, what is left out must not depend on the order of a map.
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let past = self.shared.past();
        let mut tally = past.clone();
        tally.merge(&self.default.tally());
        for one in &all {
            tally.merge(&one.tally());
        }
        // Before the last hold on a sandbox is given up, which adds to the past.
        drop(past);
        tally
    }

    /// What new sandboxes begin with.
    #[must_use]
    pub fn start(&self) -> Arc<Start> {
        Arc::clone(&self.start.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets new sandboxes begin with something else.
    pub fn set_start(&self, start: Arc<Start>) {
        *self.start.write().unwrap_or_else(PoisonError::into_inner) = start;
    }

    /// The sandbox of that name. It comes to life when it is first asked for, or when it had not been used for too
    /// long; when there are too many, the one that was used least recently ends.
    #[must_use]
    pub fn get(&self, name: &str) -> Arc<Sandbox> {
        if name == DEFAULT {
            return Arc::clone(&self.default);
        }
        let now = now_us();
        if let Some(found) = self.others.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name)
            && !self.is_idle(found, now)
        {
            found.used.store(now, Ordering::Relaxed);
            return Arc::clone(found);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut others, name, now);
        // Read while nobody can list the sandboxes: after `set_start`, the list has every one that began before it.
        let found = others
            .by_name
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Sandbox::new(name, &self.start(), &self.shared)));
        found.used.store(now, Ordering::Relaxed);
        Arc::clone(found)
    }

    /// The sandboxes that there are: the default one, then the others by name.
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

    /// Ends a sandbox; `false` when there is none of that name. The default one never ends.
    pub fn end(&self, name: &str) -> bool {
        self.others.write().unwrap_or_else(PoisonError::into_inner).by_name.remove(name).is_some()
    }

    /// Ends all but the default one.
    pub fn end_all(&self) {
        self.others.write().unwrap_or_else(PoisonError::into_inner).by_name.clear();
    }

    fn is_idle(&self, sandbox: &Sandbox, now: u64) -> bool {
        now.saturating_sub(sandbox.used.load(Ordering::Relaxed)) > self.idle_us_max
    }

    /// Ends what has not been used for too long, and then what is too many.
    fn make_room(&self, others: &mut Others, name: &str, now: u64) {
        if others.by_name.get(name).is_some_and(|one| self.is_idle(one, now)) {
            tracing::info!("sandbox {name} begins anew: it had not been used for {} ms", self.idle_us_max / 1000);
            others.by_name.remove(name);
        }
        if now.saturating_sub(others.swept) > SWEEP_US {
            others.swept = now;
            let before = others.by_name.len();
            others.by_name.retain(|_, one| !self.is_idle(one, now));
            let ended = before - others.by_name.len();
            if ended > 0 {
                tracing::info!("{ended} sandboxes ended: they had not been used for {} ms", self.idle_us_max / 1000);
            }
        }
        // The default sandbox counts too.
        if others.by_name.contains_key(name) || others.by_name.len() + 1 < self.count_max.max(2) {
            return;
        }
        if let Some(oldest) = others.least_recent() {
            let (name, max) = (&oldest.name, self.count_max);
            tracing::warn!("sandbox {name} ends: there may be {max} at once, and it was used least recently");
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

    fn sandboxes(count_max: usize, idle_ms_max: u64) -> Sandboxes {
        let contract = Arc::new(Contract::built_in().unwrap());
        let scenario = Library::built_in(Arc::clone(&contract)).unwrap().get("healthy").unwrap();
        let world = scenario.world(&contract, 1, Clock::Real).unwrap();
        let limits = Limits { sandboxes_max: count_max, sandbox_idle_ms_max: idle_ms_max, ..Limits::default() };
        Sandboxes::new(Start { scenario, world }, &limits)
    }

    fn names(sandboxes: &Sandboxes) -> Vec<String> {
        sandboxes.list().iter().map(|sandbox| sandbox.name.to_string()).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let all = sandboxes(3, 60_000);
        let _ = (all.get("a"), all.get("b"));
        std::thread::sleep(std::time::Duration::from_millis(1));
        let _ = (all.get("a"), all.get("c"));
        assert_eq!(names(&all), ["default", "a", "c"]);
    }

    #[test]
    fn what_is_idle_ends() {
        let all = sandboxes(100, 20);
        let first = all.get("a");
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(names(&all), ["default"]);
        assert!(!Arc::ptr_eq(&first, &all.get("a")), "it came to life anew");
        assert!(all.end("a") && !all.end("a") && !all.end("default"));
    }
}
