//! Isolated worlds. Each sandbox has its own world, scenario, faults, clock and counts; nothing one does is seen in
//! another.

pub mod app_state;
mod record;
mod registry;
mod response_cache;
pub mod selector;
mod session;
mod shared_state;
mod state;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::HeaderValue;
use serde_json::Value;

use record::Record;
pub use registry::Sandboxes;
pub use selector::Selection;
pub use session::{Overlay, RequestSession, StaleEpoch, Tools};
pub use shared_state::SharedState;
use state::State;
pub use state::{FAULTS_MAX, Fault, FaultStatus, SNAPSHOTS_MAX, Snapshot, Start};

use crate::leadconduit::state::World;
use crate::recording::coverage::Tally;
use crate::scenario::Scenario;
use crate::scenario::rule::Rule;
use crate::support::clock::{Clock, uptime};
use crate::support::event_bus::EventBus;

pub use crate::config::settings::DEFAULT_SANDBOX as DEFAULT;

/// What there is to see of a sandbox.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The scenario that it plays.
    pub scenario: Arc<Scenario>,
    /// Its clock.
    pub clock: Clock,
    /// How many requests it has had since it began.
    pub requests: u64,
    /// How many faults it has.
    pub faults: usize,
    /// The names of its snapshots.
    pub snapshots: Vec<String>,
}

/// One isolated world.
#[derive(Debug)]
pub struct Sandbox {
    /// Its name.
    pub name: Arc<str>,
    /// Its name as a header's value.
    pub name_header: HeaderValue,
    /// When it was last used, in microseconds since the process started.
    used: AtomicU64,
    state: Mutex<State>,
    record: Mutex<Record>,
    /// What it shares with the others.
    shared: Arc<SharedState>,
    /// Made when somebody first listens: most sandboxes never have a listener.
    events: OnceLock<Arc<EventBus>>,
}

impl Sandbox {
    fn new(name: &str, start: &Start, shared: &Arc<SharedState>) -> Self {
        Self::with_state(name, State::new(start), shared)
    }

    fn with_state(name: &str, state: State, shared: &Arc<SharedState>) -> Self {
        Self {
            name: name.into(),
            name_header: HeaderValue::from_str(name).unwrap_or(HeaderValue::from_static(DEFAULT)),
            used: AtomicU64::new(now_us()),
            state: Mutex::new(state),
            record: Mutex::new(Record { journal: shared.journal(), tally: Tally::default() }),
            shared: Arc::clone(shared),
            events: OnceLock::new(),
        }
    }

    /// A copy of the world as it is now. It shares every document.
    #[must_use]
    pub fn world(&self) -> World {
        self.lock().world.fork()
    }

    /// The scenario that it plays.
    #[must_use]
    pub fn scenario(&self) -> Arc<Scenario> {
        Arc::clone(&self.lock().scenario)
    }

    /// A world and the scenario that it plays, of one moment.
    #[must_use]
    pub fn scene(&self) -> (Arc<Scenario>, World) {
        let state = self.lock();
        (Arc::clone(&state.scenario), state.world.fork())
    }

    /// What its clock shows.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.lock().world.clock
    }

    /// What there is to see of it, all of one moment.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let state = self.lock();
        Summary {
            scenario: Arc::clone(&state.scenario),
            clock: state.world.clock,
            requests: state.requests,
            faults: state.faults.len(),
            snapshots: state.snapshots.keys().cloned().collect(),
        }
    }

    /// A copy that shares nothing but documents: what happens in it leaves no trace. Its name is the same.
    #[must_use]
    pub fn dry_run_copy(&self) -> Arc<Self> {
        let state = self.lock().copy();
        Arc::new(Self::with_state(&self.name, state, &Arc::new(SharedState::dry_run_copy())))
    }

    /// How long it has not been used, in milliseconds.
    #[must_use]
    pub fn idle_ms(&self) -> u64 {
        now_us().saturating_sub(self.used.load(Ordering::Relaxed)) / 1000
    }

    /// Begins a scenario from its start: world, clock, faults and counts. Requests that are under way see all of the
    /// old or all of the new.
    pub fn begin(&self, start: &Start) {
        self.lock().begin(start);
        self.turn_page();
    }

    /// Begins as a sandbox does that has just come to life: snapshots are gone too.
    pub fn forget(&self, start: &Start) {
        let mut state = self.lock();
        state.snapshots.clear();
        state.begin(start);
        drop(state);
        self.turn_page();
    }

    /// Plays another scenario's conditions and rules, and keeps the world.
    pub fn play(&self, scenario: Arc<Scenario>) {
        let mut state = self.lock();
        let now = state.world.clock.now();
        state.world.sso.status = scenario.sso_status();
        state.world.sso.count_from(0, now);
        state.play(scenario, now);
    }

    /// Plays newer files of its scenario, if there are any, and returns it; snapshots go back to newer files too. What
    /// is not written in files stays: world, clock, faults and what they have counted.
    pub fn renew(&self, newer: impl Fn(&Scenario) -> Option<Arc<Scenario>>) -> Option<Arc<Scenario>> {
        let mut state = self.lock();
        for snapshot in state.snapshots.values_mut() {
            if let Some(new) = newer(&snapshot.scenario) {
                snapshot.renew(new);
            }
        }
        let new = newer(&state.scenario)?;
        state.renew(Arc::clone(&new));
        Some(new)
    }

    /// Puts another world in the place of this one. Faults and counts stay.
    pub fn put_world(&self, world: World) {
        self.lock().put_world(world);
    }

    /// Moves the clock. The change sees the clock as it stands, so that two changes cannot miss each other.
    pub fn set_clock(&self, change: impl FnOnce(Clock) -> Result<Clock, String>) -> Result<Clock, String> {
        let mut state = self.lock();
        state.world.clock = change(state.world.clock)?;
        state.turn_over();
        Ok(state.world.clock)
    }

    /// Adds a fault, which is called by its id when it has no name; `None` when there are too many.
    pub fn add_fault(&self, rule: Rule, sent: Value) -> Option<Fault> {
        let mut state = self.lock();
        let now = state.world.clock.now();
        (state.faults.len() < FAULTS_MAX).then(|| state.add_fault(rule, sent, now))
    }

    /// The faults with what they have counted, the newest first.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultStatus> {
        let state = self.lock();
        let faults = state.faults.iter().zip(&state.counts);
        faults.map(|(fault, count)| FaultStatus { fault: fault.clone(), count: count.clone() }).collect()
    }

    /// Takes a fault away; `false` when there is none of that id.
    pub fn remove_fault(&self, id: &str) -> bool {
        self.lock().remove_fault(id)
    }

    /// Takes all faults away.
    pub fn remove_faults(&self) {
        self.lock().remove_faults();
    }

    /// Puts the state aside under a name; `None` when there are too many.
    pub fn take_snapshot(&self, name: &str) -> Option<Snapshot> {
        let mut state = self.lock();
        if state.snapshots.len() >= SNAPSHOTS_MAX && !state.snapshots.contains_key(name) {
            return None;
        }
        let snapshot = state.take_snapshot();
        state.snapshots.insert(name.to_owned(), snapshot.clone());
        Some(snapshot)
    }

    /// Goes back to a snapshot; `false` when there is none of that name.
    pub fn restore(&self, name: &str) -> bool {
        let mut state = self.lock();
        let Some(snapshot) = state.snapshots.get(name).cloned() else { return false };
        state.restore(snapshot);
        true
    }

    /// The snapshots by name.
    #[must_use]
    pub fn snapshots(&self) -> Vec<(String, Snapshot)> {
        self.lock().snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone())).collect()
    }

    /// Forgets a snapshot; `false` when there is none of that name.
    pub fn remove_snapshot(&self, name: &str) -> bool {
        self.lock().snapshots.remove(name).is_some()
    }

    /// What happens in it, for whoever listens.
    #[must_use]
    pub fn events(&self) -> Arc<EventBus> {
        Arc::clone(self.events.get_or_init(Arc::default))
    }

    /// Tells whoever listens. The event is put together only when somebody does.
    pub fn tell(&self, kind: &str, event: impl FnOnce() -> Value) {
        let own = self.events.get().filter(|hub| hub.is_heard());
        let all = Some(&self.shared.events).filter(|hub| hub.is_heard());
        if own.is_none() && all.is_none() {
            return;
        }
        let mut event = event();
        if let Some(event) = event.as_object_mut() {
            event.insert("sandbox".to_owned(), Value::from(&*self.name));
        }
        let event = EventBus::framed(kind, &event);
        own.into_iter().chain(all).for_each(|hub| hub.send(event.clone()));
    }

    /// Held for plain work on values only, never across a wait. A panic in one request must not end the sandbox: the
    /// change that it was in has been undone, so a poisoned lock still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now_us() -> u64 {
    u64::try_from(uptime().as_micros()).unwrap_or(u64::MAX)
}
