//! What requests and control calls act on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use serde_json::json;

use crate::config::settings::SEED;
use crate::contract::Contract;
use crate::leadconduit::state::World;
use crate::recording::coverage::Map;
use crate::sandbox::{DEFAULT, Sandboxes, Start};
use crate::scenario::{Library, Scenario};
use crate::support::clock::{Clock, uptime};
use contract_files::yaml::{Diagnostic, paragraphs};

/// How long a starting world is good for when the clock goes: times in it are relative to when it was made.
const START_MS_MAX: u128 = 60_000;

/// The contract, the scenarios, and the sandboxes that they are played in.
#[derive(Debug)]
pub struct AppState {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The sandboxes.
    pub sandboxes: Sandboxes,
    /// What the server speaks: `http` or `https`.
    pub scheme: &'static str,
    /// The seed of every scenario, when the command line names one.
    seed: Option<u64>,
    /// The clock of every scenario, when the command line names one.
    clock: Option<Clock>,
    library: RwLock<Arc<Library>>,
    /// Starting worlds that have been made, with when.
    starts: Mutex<HashMap<String, (u128, Arc<Start>)>>,
    watched: Mutex<Option<ReloadStatus>>,
    map: OnceLock<Map>,
    /// Held by who replaces the scenarios, and by who begins one.
    replacing: RwLock<()>,
}

/// What became of the last look at changed files.
#[derive(Clone, Debug)]
pub struct ReloadStatus {
    /// When it was, on the machine's clock.
    pub at: crate::support::clock::Timestamp,
    /// Why the files are not used.
    pub error: Option<String>,
}

impl AppState {
    /// Everything at its beginning, with a scenario that sandboxes start in.
    pub fn new(
        contract: Arc<Contract>,
        library: Arc<Library>,
        scenario: &Arc<Scenario>,
        settings: &crate::config::settings::Settings,
    ) -> Result<Self, Diagnostic> {
        let (seed, clock) = (settings.seed, settings.clock);
        let start = start(&contract, scenario, seed, clock)?;
        Ok(Self {
            contract,
            sandboxes: Sandboxes::new(start, &settings.limits),
            scheme: if settings.tls.is_some() { "https" } else { "http" },
            seed,
            clock,
            library: RwLock::new(library),
            starts: Mutex::default(),
            watched: Mutex::default(),
            map: OnceLock::new(),
            replacing: RwLock::default(),
        })
    }

    /// The default sandbox's world as it is now.
    #[must_use]
    pub fn world(&self) -> World {
        self.sandboxes.get(DEFAULT).world()
    }

    /// Every scenario.
    #[must_use]
    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The start of the scenario of that name.
    pub fn start_of(&self, name: &str) -> Result<Arc<Start>, Vec<Diagnostic>> {
        let scenario = self.library().get(name)?;
        let now = uptime().as_millis();
        let is_good = |made: u128, start: &Start| {
            let stands = matches!(start.world.clock, Clock::Frozen(_));
            Arc::ptr_eq(&start.scenario, &scenario) && (stands || now - made < START_MS_MAX)
        };
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, start)) = starts.get(name)
            && is_good(*made, start)
        {
            return Ok(Arc::clone(start));
        }
        let start = Arc::new(start(&self.contract, &scenario, self.seed, self.clock).map_err(|error| vec![error])?);
        starts.insert(name.to_owned(), (now, Arc::clone(&start)));
        Ok(start)
    }

    /// What there is to cover; made when it is first asked for.
    pub fn map(&self) -> &Map {
        self.map.get_or_init(|| Map::new(&self.contract))
    }

    /// Keeps the scenarios from being replaced while a sandbox begins one of them.
    pub fn steady(&self) -> RwLockReadGuard<'_, ()> {
        self.replacing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts other scenarios in the place of these. Sandboxes keep their worlds; where the files of the scenario that
    /// they play have changed, its rules are the new ones from now on, and so is its health when that is another. When
    /// any of it cannot be done, nothing is.
    pub fn replace_library(&self, library: &Arc<Library>) -> Result<(), String> {
        let first = self.sandboxes.start();
        let first = still_there(library, &first.scenario, || "new sandboxes begin in it: put it back".to_owned())?;
        let first = start(&self.contract, &first, self.seed, self.clock).map_err(|error| error.to_string())?;
        // Nobody begins a scenario from here on: it could be one that is gone, or be old when it begins.
        let alone = self.replacing.write().unwrap_or_else(PoisonError::into_inner);
        for sandbox in self.sandboxes.list() {
            still_there(library, &sandbox.scenario(), || {
                format!("sandbox `{}` plays it: put it back, or let the sandbox play another", sandbox.name)
            })?;
        }
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(library);
        self.sandboxes.set_start(Arc::new(first));
        self.starts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // Listed again: one may have come to life with the old start.
        let newer = |old: &Scenario| library.get(&old.name).ok().filter(|new| new.chain_text != old.chain_text);
        for sandbox in self.sandboxes.list() {
            if let Some(new) = sandbox.renew(newer) {
                sandbox.tell("switch", || json!({"scenario": new.name, "keep_world": true}));
            }
        }
        drop(alone);
        Ok(())
    }

    /// What became of the last look at changed files; `None` when there was none.
    #[must_use]
    pub fn watched(&self) -> Option<ReloadStatus> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what became of a look at changed files.
    pub fn note_watched(&self, watched: ReloadStatus) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    }
}

/// A scenario that is in use, as it is in other files; or that it is not in them.
fn still_there(library: &Library, used: &Scenario, user: impl Fn() -> String) -> Result<Arc<Scenario>, String> {
    let name = &used.name;
    if !library.list().iter().any(|listed| listed.name == *name) {
        return Err(format!("the scenario `{name}` is gone from the files, but {}", user()));
    }
    library.get(name).map_err(|errors| paragraphs(&errors))
}

/// The start of a scenario, under the seed and clock of the command line or else its own.
fn start(
    contract: &Contract,
    scenario: &Arc<Scenario>,
    seed: Option<u64>,
    clock: Option<Clock>,
) -> Result<Start, Diagnostic> {
    let seed = seed.or(scenario.seed).unwrap_or(SEED);
    let clock = clock.or(scenario.clock).unwrap_or(Clock::Real);
    let world = scenario.world(contract, seed, clock);
    let world = world.map_err(|message| Diagnostic::of_file(&scenario.source.name, message))?;
    Ok(Start { scenario: Arc::clone(scenario), world })
}
