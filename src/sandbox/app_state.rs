//! The state of a running server: the contract, the scenarios and the sandboxes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use serde_json::json;

use crate::config::settings::DEFAULT_SEED;
use crate::contract::Contract;
use crate::http::message::Request;
use crate::http::rejected::RejectReason;
use crate::leadconduit::state::World;
use crate::recording::coverage::CoverageTargets;
use crate::sandbox::selector::{self, InvalidSandboxName, Selection};
use crate::sandbox::{DEFAULT, InitialState, Sandbox, SandboxRegistry, SandboxUser};
use crate::scenario::{Library, Scenario};
use crate::support::clock::{Clock, uptime};
use contract_files::yaml::{Diagnostic, paragraphs};

/// How long an initial state with a running clock is reused, in milliseconds. Its times are relative to its creation.
const INITIAL_STATE_MS_MAX: u128 = 60_000;

/// The contract, the scenarios and the sandboxes, shared by the pipeline, the control API and the reload of files.
#[derive(Debug)]
pub struct AppState {
    /// The compiled contract.
    pub contract: Arc<Contract>,
    /// The registry of sandboxes.
    pub sandboxes: SandboxRegistry,
    /// How many requests were rejected before they were complete.
    pub rejected: RejectedCounts,
    /// Overrides the seed of every scenario.
    seed: Option<u64>,
    /// Overrides the clock of every scenario.
    clock: Option<Clock>,
    library: RwLock<Arc<Library>>,
    /// The number of the library in this process. Requests read it to see that the secrets of the library are the same as
    /// before, without a lock.
    library_number: AtomicU64,
    /// Cached initial states by scenario, each with its creation time in milliseconds since the process started.
    initial_states: Mutex<HashMap<String, (u128, Arc<InitialState>)>>,
    reload_status: Mutex<Option<ReloadStatus>>,
    coverage_targets: OnceLock<CoverageTargets>,
    /// Locked exclusively while scenarios are reloaded, and shared while a sandbox is being initialised.
    reload_lock: RwLock<()>,
}

/// Counts of rejected requests by reason, since the start of the server. They belong to no sandbox.
#[derive(Debug, Default)]
pub struct RejectedCounts([AtomicU64; RejectReason::ALL.len()]);

impl RejectedCounts {
    /// Counts a rejected request.
    pub fn count(&self, reason: RejectReason) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Every reason with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (RejectReason, u64)> {
        RejectReason::ALL.into_iter().zip(&self.0).map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
    }
}

/// The result of the last reload of scenario files.
#[derive(Clone, Debug)]
pub struct ReloadStatus {
    /// When the files were read, by the machine's clock.
    pub at: crate::support::clock::Timestamp,
    /// Why the new files were rejected; `None` when they are in use.
    pub error: Option<String>,
}

fn next_library_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl AppState {
    /// Creates the state of a server whose sandboxes start with `scenario`.
    ///
    /// # Errors
    ///
    /// The scenario's initial world is invalid.
    pub fn new(
        contract: Arc<Contract>,
        library: Arc<Library>,
        scenario: &Arc<Scenario>,
        settings: &crate::config::settings::Settings,
    ) -> Result<Self, Diagnostic> {
        let (seed, clock) = (settings.seed, settings.clock);
        let initial = build_initial_state(&contract, scenario, seed, clock)?;
        Ok(Self {
            contract,
            sandboxes: SandboxRegistry::new(initial, &settings.limits),
            rejected: RejectedCounts::default(),
            seed,
            clock,
            library: RwLock::new(library),
            library_number: AtomicU64::new(next_library_number()),
            initial_states: Mutex::default(),
            reload_status: Mutex::default(),
            coverage_targets: OnceLock::new(),
            reload_lock: RwLock::default(),
        })
    }

    /// A copy of the world of the default sandbox.
    #[must_use]
    pub fn world(&self) -> World {
        self.sandboxes.default_sandbox().world()
    }

    /// The loaded scenarios.
    #[must_use]
    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that changes when the scenarios are reloaded, and that no other server of this process has.
    #[must_use]
    pub fn library_number(&self) -> u64 {
        self.library_number.load(Ordering::Acquire)
    }

    /// Selects the sandbox of a request.
    ///
    /// # Errors
    ///
    /// The name of the sandbox is not valid.
    pub fn select_sandbox<'r>(&self, request: &'r Request) -> Result<Selection<'r>, InvalidSandboxName> {
        selector::select(request, |key, sandbox| self.sandboxes.has_key(sandbox, key) || self.library().has_key(key))
    }

    /// The sandbox that a request has selected, which is created if it does not exist.
    #[must_use]
    pub fn sandbox(&self, selection: &Selection<'_>) -> Arc<Sandbox> {
        let name = selection.sandbox();
        if name == DEFAULT {
            return self.sandboxes.default_sandbox();
        }
        let is_known = selection.key.as_deref().is_some_and(|key| self.sandboxes.would_have_key(name, key));
        self.sandboxes.get(name, if is_known { SandboxUser::Authenticated } else { SandboxUser::Unauthenticated })
    }

    /// The initial state of a scenario. It is cached: forever with a frozen clock, else for a minute.
    ///
    /// # Errors
    ///
    /// The scenario does not exist, or it or its initial world is invalid.
    pub fn initial_state(&self, name: &str) -> Result<Arc<InitialState>, Vec<Diagnostic>> {
        let scenario = self.library().get(name)?;
        let mut cache = self.initial_states.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: another thread cannot have created a state later than this.
        let now = uptime().as_millis();
        let is_reusable = |created: u128, initial: &InitialState| {
            let is_frozen = matches!(initial.world.clock, Clock::Frozen(_));
            Arc::ptr_eq(&initial.scenario, &scenario) && (is_frozen || now - created < INITIAL_STATE_MS_MAX)
        };
        if let Some((created, initial)) = cache.get(name)
            && is_reusable(*created, initial)
        {
            return Ok(Arc::clone(initial));
        }
        let initial = build_initial_state(&self.contract, &scenario, self.seed, self.clock);
        let initial = Arc::new(initial.map_err(|error| vec![error])?);
        cache.insert(name.to_owned(), (now, Arc::clone(&initial)));
        Ok(initial)
    }

    /// What coverage is measured against; computed on first use.
    pub fn coverage_targets(&self) -> &CoverageTargets {
        self.coverage_targets.get_or_init(|| CoverageTargets::new(&self.contract))
    }

    /// Blocks scenario reload while a sandbox is being initialised.
    pub fn lock_library_shared(&self) -> RwLockReadGuard<'_, ()> {
        self.reload_lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all scenarios. Sandboxes keep their worlds. Where the files of a sandbox's scenario have changed, its
    /// rules are replaced, and the status of its SSO service when the files name another one.
    ///
    /// # Errors
    ///
    /// A scenario that is in use is missing or invalid. Nothing has changed then.
    pub fn replace_library(&self, library: &Arc<Library>) -> Result<(), ReplaceError> {
        let initial = self.sandboxes.initial_state();
        let scenario = require_scenario(library, &initial.scenario, || ScenarioUser::NewSandboxes)?;
        let initial = build_initial_state(&self.contract, &scenario, self.seed, self.clock);
        let initial = initial.map_err(|diagnostic| ReplaceError::Invalid(vec![diagnostic]))?;
        // From here on no sandbox is initialised: its scenario could be missing or outdated afterwards.
        let exclusive = self.reload_lock.write().unwrap_or_else(PoisonError::into_inner);
        for sandbox in self.sandboxes.list() {
            require_scenario(library, &sandbox.scenario(), || ScenarioUser::Sandbox(sandbox.name.to_string()))?;
        }
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(library);
        // After the library, so that nothing is remembered about an old one under the new number.
        self.library_number.store(next_library_number(), Ordering::Release);
        self.sandboxes.set_initial_state(Arc::new(initial));
        self.initial_states.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // Listed again: a sandbox may have been created with the old initial state.
        let newer = |old: &Scenario| library.get(&old.name).ok().filter(|new| new.chain_text != old.chain_text);
        for sandbox in self.sandboxes.list() {
            if let Some(new) = sandbox.reload_scenario(newer) {
                sandbox.publish("switch", || json!({"scenario": new.name, "keep_world": true}));
            }
        }
        drop(exclusive);
        Ok(())
    }

    /// The result of the last reload; `None` when files are not watched.
    #[must_use]
    pub fn reload_status(&self) -> Option<ReloadStatus> {
        self.reload_status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records the result of a reload.
    pub fn set_reload_status(&self, reload_status: ReloadStatus) {
        *self.reload_status.lock().unwrap_or_else(PoisonError::into_inner) = Some(reload_status);
    }
}

/// What uses a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioUser {
    /// Every sandbox that will be created.
    #[error("new sandboxes start with it")]
    NewSandboxes,
    /// A sandbox, by its name.
    #[error("sandbox `{0}` uses it; alternatively select another scenario for the sandbox")]
    Sandbox(String),
}

/// Why scenarios cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// A scenario that is in use is not among the new ones.
    #[error("the scenario `{name}` is missing from the files: restore it, because {user}")]
    Missing {
        /// The name of the scenario.
        name: String,
        /// What uses it.
        user: ScenarioUser,
    },
    /// A scenario that is in use is not valid.
    #[error("{}", paragraphs(.0))]
    Invalid(Vec<Diagnostic>),
}

/// The new version of a scenario that is in use. The error says what uses it.
fn require_scenario(
    library: &Library,
    used: &Scenario,
    user: impl Fn() -> ScenarioUser,
) -> Result<Arc<Scenario>, ReplaceError> {
    let name = &used.name;
    if !library.list().iter().any(|listed| listed.name == *name) {
        return Err(ReplaceError::Missing { name: name.clone(), user: user() });
    }
    library.get(name).map_err(ReplaceError::Invalid)
}

/// Builds the initial state of a scenario. `seed` and `clock` override the scenario's own.
fn build_initial_state(
    contract: &Contract,
    scenario: &Arc<Scenario>,
    seed: Option<u64>,
    clock: Option<Clock>,
) -> Result<InitialState, Diagnostic> {
    let seed = seed.or(scenario.seed).unwrap_or(DEFAULT_SEED);
    let clock = clock.or(scenario.clock).unwrap_or(Clock::Real);
    let world = scenario.create_world(contract, seed, clock);
    let world = world.map_err(|error| Diagnostic::of_file(&scenario.source.name, error.to_string()))?;
    Ok(InitialState::new(Arc::clone(scenario), world))
}
