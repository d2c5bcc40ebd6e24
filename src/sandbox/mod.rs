//! Sandboxes: isolated worlds. Each has its own world, scenario, faults, clock, journal and counters.
//!
//! | module | holds |
//! |---|---|
//! | [`app_state`] | the state of a server: contract, scenarios, sandboxes |
//! | `registry` | creates sandboxes on first use, removes idle ones |
//! | [`selector`] | which sandbox a request selects |
//! | `session` | a request inside its sandbox |
//! | `prepared_write` | writes that are computed without the lock |
//! | `state`, `record` | what is behind the two locks of a sandbox |
//! | `response_cache` | cached responses to reads |
//! | `shared_state` | what all sandboxes of a server share |

pub mod app_state;
mod prepared_write;
mod record;
mod registry;
mod response_cache;
pub mod selector;
mod session;
mod shared_state;
mod state;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use http::HeaderValue;
use serde::Serialize;
use serde_json::Value;

pub use record::ClearedRecord;
use record::Record;
pub use registry::{SandboxRegistry, SandboxUser};
pub use session::{RequestSession, ScenarioOverride, StaleEpoch, WriteResources};
pub use shared_state::SharedState;
use state::State;
pub use state::{FAULTS_MAX, Fault, FaultStatus, InitialState, SNAPSHOTS_MAX, Snapshot};

use crate::leadconduit::state::World;
use crate::leadconduit::state::budget::BudgetExceeded;
use crate::leadconduit::state::sso::SsoStatus;
use crate::leadconduit::state::transaction::Transaction;
use crate::recording::coverage::CoverageCounts;
use crate::scenario::Scenario;
use crate::scenario::rule::Rule;
use crate::scenario::rule::schedule::RuleCounts;
use crate::support::brief_lock::lock_briefly;
use crate::support::change_signal::{ChangeSignal, ChangeWatch};
use crate::support::clock::{Clock, SignedDuration, Timestamp, uptime};
use crate::support::event_bus::EventBus;

pub use crate::config::settings::DEFAULT_SANDBOX as DEFAULT;

/// The properties of a sandbox that the control API lists.
#[derive(Clone, Debug)]
pub struct SandboxSummary {
    /// The selected scenario.
    pub scenario: Arc<Scenario>,
    /// The clock of the world.
    pub clock: Clock,
    /// The number of requests since the last reset.
    pub requests: u64,
    /// The number of faults.
    pub faults: usize,
    /// The names of the snapshots.
    pub snapshots: Vec<String>,
    /// When the scenario was selected, by the sandbox's clock.
    pub scenario_since: Timestamp,
    /// The health of the single sign-on service.
    pub sso: SsoStatus,
}

/// A rule of the selected scenario.
#[derive(Clone, Debug)]
pub struct RuleStatus {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Its counters.
    pub count: RuleCounts,
    /// When it ends, if it does.
    pub ends_at: Option<Timestamp>,
    /// Whether it can be applied to later requests.
    pub is_active: bool,
}

/// Why a snapshot cannot be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManySnapshots {
    /// The sandbox has too many.
    #[error("the limit of {SNAPSHOTS_MAX} snapshots in a sandbox is reached; remove some first")]
    InSandbox,
    /// All sandboxes together have too many.
    #[error("the limit of {0} snapshots in all sandboxes is reached; remove some first, or end sandboxes")]
    InAll(usize),
}

/// An isolated world.
#[derive(Debug)]
pub struct Sandbox {
    /// The name.
    pub name: Arc<str>,
    /// The name as the value of `X-Mock-Sandbox`.
    pub name_header: HeaderValue,
    /// When it was last used, in microseconds since the process started.
    last_used_us: AtomicU64,
    /// Whether it was written to, or addressed by a control call: such sandboxes are removed last.
    is_kept: AtomicBool,
    /// Whether only requests without a known API key have used it.
    is_unauthenticated: AtomicBool,
    state: Mutex<State>,
    record: Mutex<Record>,
    journal_changes: ChangeSignal,
    /// Held by a long write, which runs on a copy of the world. Lock order: before the state.
    long_write: Mutex<()>,
    shared: Arc<SharedState>,
    /// Created for the first subscriber: most sandboxes never have one.
    events: OnceLock<Arc<EventBus>>,
}

impl Sandbox {
    fn new(name: &str, initial: &InitialState, shared: &Arc<SharedState>) -> Self {
        Self::with_state(name, State::new(initial, shared), shared)
    }

    fn with_state(name: &str, state: State, shared: &Arc<SharedState>) -> Self {
        Self {
            name: name.into(),
            name_header: name_header(name),
            last_used_us: AtomicU64::new(now_us()),
            is_kept: AtomicBool::new(false),
            is_unauthenticated: AtomicBool::new(false),
            state: Mutex::new(state),
            long_write: Mutex::default(),
            record: Mutex::new(Record { journal: shared.journal(), counts: CoverageCounts::default() }),
            journal_changes: ChangeSignal::default(),
            shared: Arc::clone(shared),
            events: OnceLock::new(),
        }
    }

    /// A copy of the world. Copies share their documents.
    #[must_use]
    pub fn world(&self) -> World {
        self.lock().world.fork()
    }

    /// The selected scenario.
    #[must_use]
    pub fn scenario(&self) -> Arc<Scenario> {
        Arc::clone(&self.lock().scenario)
    }

    /// The scenario and a copy of the world, read under one lock.
    #[must_use]
    pub fn scenario_and_world(&self) -> (Arc<Scenario>, World) {
        let state = self.lock();
        (Arc::clone(&state.scenario), state.world.fork())
    }

    /// The clock of the world.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.lock().world.clock
    }

    /// A summary, read under one lock.
    #[must_use]
    pub fn summary(&self) -> SandboxSummary {
        let state = self.lock();
        SandboxSummary {
            scenario: Arc::clone(&state.scenario),
            clock: state.world.clock,
            requests: state.requests,
            faults: state.faults.len(),
            snapshots: state.snapshots.keys().cloned().collect(),
            scenario_since: state.rules_started_at(),
            sso: state.world.sso.status.clone(),
        }
    }

    /// A copy with the same name for a dry run. It shares documents only: requests to it have no effect on this sandbox.
    #[must_use]
    pub fn dry_run_copy(&self) -> Arc<Self> {
        let state = self.lock().copy();
        Arc::new(Self::with_state(&self.name, state, &Arc::new(SharedState::for_dry_run())))
    }

    /// Marks the sandbox as addressed by a control call: it is removed after those that were only read.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
        self.is_unauthenticated.store(false, Ordering::Relaxed);
    }

    fn used_by(&self, user: SandboxUser, now_us: u64) {
        self.last_used_us.store(now_us, Ordering::Relaxed);
        if user == SandboxUser::Authenticated {
            self.is_unauthenticated.store(false, Ordering::Relaxed);
        }
    }

    /// Whether a text is an API key in the world.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.lock().world.has_key(key)
    }

    /// Marks the sandbox as written to. A write without an API key does not take it out of their bound.
    fn mark_written(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }

    /// The time since it was last used, in milliseconds.
    #[must_use]
    pub fn idle_ms(&self) -> u64 {
        now_us().saturating_sub(self.last_used_us.load(Ordering::Relaxed)) / 1000
    }

    /// Resets world, clock, faults, counters and journal to an initial state; snapshots are kept. Running requests see
    /// either the old state or the new one, never both. Returns what was removed from the record.
    pub fn reset(&self, initial: &InitialState) -> ClearedRecord {
        self.lock().reset(initial);
        self.archive_counts()
    }

    /// Starts a scenario: world, clock and faults become those of an initial state. Journal, coverage and the number of
    /// requests are kept, so that a later verdict still covers the requests before the switch.
    pub fn start_scenario(&self, initial: &InitialState) {
        self.lock().start(initial);
    }

    /// Subscribes to changes of the journal.
    #[must_use]
    pub fn watch_journal(&self) -> ChangeWatch {
        self.journal_changes.subscribe()
    }

    /// Resets everything including snapshots, as if the sandbox had just been created.
    pub fn reset_all(&self, initial: &InitialState) {
        let mut state = self.lock();
        state.snapshots.clear();
        state.reset(initial);
        drop(state);
        let _ = self.archive_counts();
    }

    /// Switches to another scenario's SSO status and rules, and keeps the world.
    pub fn switch_scenario(&self, scenario: Arc<Scenario>) {
        let mut state = self.lock();
        let now = state.world.clock.now();
        state.world.sso.status = scenario.sso_status();
        state.world.sso.reset_counters(0, now);
        state.switch_scenario(scenario, now);
    }

    /// Replaces the scenario by a newer version, also in snapshots, and returns it. World, clock, faults and the
    /// counters of faults are kept. `newer` returns the newer version of a scenario, if there is one.
    pub fn reload_scenario(&self, newer: impl Fn(&Scenario) -> Option<Arc<Scenario>>) -> Option<Arc<Scenario>> {
        let mut state = self.lock();
        for snapshot in state.snapshots.values_mut() {
            if let Some(new) = newer(&snapshot.scenario) {
                snapshot.reload_scenario(new);
            }
        }
        let new = newer(&state.scenario)?;
        state.reload_scenario(Arc::clone(&new));
        Some(new)
    }

    /// Replaces the world. Faults and counters are kept.
    ///
    /// # Errors
    ///
    /// When the new world exceeds a budget.
    pub fn replace_world(&self, world: World) -> Result<(), BudgetExceeded> {
        self.lock().replace_world(world)
    }

    /// Changes the clock. `change` gets the current clock under the lock, so that concurrent changes add up.
    ///
    /// # Errors
    ///
    /// The error of `change`.
    pub fn set_clock<E>(&self, change: impl FnOnce(Clock) -> Result<Clock, E>) -> Result<Clock, E> {
        let mut state = self.lock();
        state.world.clock = change(state.world.clock)?;
        state.bump_epoch();
        Ok(state.world.clock)
    }

    /// Sets the health of the single sign-on service, for a time on the sandbox's clock or without an end. The health
    /// before it returns at the end. Returns the new status and the time of the change.
    pub fn set_sso_status(&self, status: SsoStatus, lasts: Option<SignedDuration>) -> (SsoStatus, Timestamp) {
        let mut state = self.lock();
        let now = state.world.clock.now();
        let status = match lasts {
            Some(lasts) => status.until(now.checked_add(lasts).unwrap_or(Timestamp::MAX), &state.world.sso.status),
            None => status,
        };
        state.world.sso.status = status.clone();
        state.world.sso.reset_counters(0, now);
        state.bump_epoch();
        (status, now)
    }

    /// Changes documents in a transaction, which is rolled back when `change` fails. `change` gets the current time.
    ///
    /// # Errors
    ///
    /// The error of `change`, or the exceeded budget.
    pub fn change_documents<T, E: From<BudgetExceeded>>(
        &self,
        change: impl FnOnce(&mut World, Timestamp) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.lock();
        let before = state.world.usage();
        let now = state.world.clock.now();
        let mut transaction = Transaction::begin(&mut state.world);
        let result = change(transaction.world(), now)?;
        transaction.world().check_budgets(before)?;
        transaction.commit();
        state.record_write(false);
        drop(state);
        self.mark_written();
        Ok(result)
    }

    /// The rules of the selected scenario.
    #[must_use]
    pub fn scenario_rules(&self) -> Vec<RuleStatus> {
        let state = self.lock();
        let (started_at, counts) = (state.rules_started_at(), state.counts.iter().skip(state.faults.len()));
        let now = state.world.clock.now();
        let rules = state.scenario.rules.iter().zip(counts);
        rules
            .map(|(rule, count)| RuleStatus {
                rule: Arc::clone(rule),
                count: count.clone(),
                ends_at: rule.ends(started_at, count),
                is_active: !rule.has_ended(started_at, count, now),
            })
            .collect()
    }

    /// Adds a fault. Without a `name` it is named by its id. `None` when there are [`FAULTS_MAX`] already.
    pub fn add_fault(&self, rule: Rule, definition: Value) -> Option<Fault> {
        let mut state = self.lock();
        let now = state.world.clock.now();
        (state.faults.len() < FAULTS_MAX).then(|| state.add_fault(rule, definition, now))
    }

    /// The faults with their counters, the newest first.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultStatus> {
        let state = self.lock();
        let faults = state.faults.iter().zip(&state.counts);
        faults.map(|(fault, count)| FaultStatus { fault: fault.clone(), count: count.clone() }).collect()
    }

    /// Removes a fault; `false` when there is none with that id.
    pub fn remove_fault(&self, id: &str) -> bool {
        self.lock().remove_fault(id)
    }

    /// Removes all faults.
    pub fn remove_faults(&self) {
        self.lock().remove_faults();
    }

    /// Saves the state under a name, in place of an earlier snapshot with that name.
    ///
    /// # Errors
    ///
    /// When there are too many snapshots already.
    pub fn take_snapshot(&self, name: &str) -> Result<Snapshot, TooManySnapshots> {
        let mut state = self.lock();
        let charge = match state.snapshots.get(name) {
            Some(replaced) => replaced.charge(),
            None if state.snapshots.len() >= SNAPSHOTS_MAX => return Err(TooManySnapshots::InSandbox),
            None => {
                let max = self.shared.snapshot_usage().1;
                Arc::new(self.shared.charge_snapshot().ok_or(TooManySnapshots::InAll(max))?)
            }
        };
        let snapshot = state.take_snapshot(charge);
        state.snapshots.insert(name.to_owned(), snapshot.clone());
        Ok(snapshot)
    }

    /// Restores a snapshot; `false` when there is none with that name.
    pub fn restore(&self, name: &str) -> bool {
        let mut state = self.lock();
        let Some(snapshot) = state.snapshots.get(name).cloned() else { return false };
        state.restore(snapshot);
        true
    }

    /// The snapshots, sorted by name.
    #[must_use]
    pub fn snapshots(&self) -> Vec<(String, Snapshot)> {
        self.lock().snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone())).collect()
    }

    /// Removes a snapshot; `false` when there is none with that name.
    pub fn remove_snapshot(&self, name: &str) -> bool {
        self.lock().snapshots.remove(name).is_some()
    }

    /// The event bus of the sandbox.
    #[must_use]
    pub fn events(&self) -> Arc<EventBus> {
        Arc::clone(self.events.get_or_init(|| self.shared.event_bus()))
    }

    /// Publishes an event to the subscribers of this sandbox and of all sandboxes. `event` is called only when there is
    /// a subscriber.
    pub fn publish(&self, event_type: &str, event: impl FnOnce() -> Value) {
        self.publish_event(event_type, || {
            let mut event = event();
            if let Some(event) = event.as_object_mut() {
                event.insert("sandbox".to_owned(), Value::from(&*self.name));
            }
            event
        });
    }

    /// Publishes an event that names its sandbox itself.
    pub fn publish_event<T: Serialize>(&self, event_type: &str, event: impl FnOnce() -> T) {
        let own = self.events.get().filter(|bus| bus.has_subscribers());
        let all = Some(&self.shared.events).filter(|bus| bus.has_subscribers());
        if own.is_none() && all.is_none() {
            return;
        }
        let event = EventBus::frame(event_type, &event());
        own.into_iter().chain(all).for_each(|bus| bus.publish_frame(event.clone()));
    }

    /// Locks the state. The lock is held for work in memory only, never across a wait. After a panic the lock is still
    /// usable: the transaction of the request was rolled back, so the state is consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        lock_briefly(&self.state)
    }
}

/// The name of a sandbox as the value of a header. That of the default one is static, because most requests use it: copies
/// count no references.
fn name_header(name: &str) -> HeaderValue {
    const DEFAULT_NAME: HeaderValue = HeaderValue::from_static(DEFAULT);
    if name == DEFAULT { DEFAULT_NAME } else { HeaderValue::from_str(name).unwrap_or(DEFAULT_NAME) }
}

fn now_us() -> u64 {
    u64::try_from(uptime().as_micros()).unwrap_or(u64::MAX)
}
