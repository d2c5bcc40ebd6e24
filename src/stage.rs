//! What requests and control calls act on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::contract::Contract;
use crate::sandbox::{DEFAULT, Sandboxes, Start};
use crate::scenario::{Library, Scenario};
use crate::settings::SEED;
use crate::world::World;
use crate::world::clock::{Clock, uptime};
use crate::yaml::{Diagnosis, paragraphs};

/// How long a starting world is good for when the clock goes: times in it are relative to when it was made.
const START_MS_MAX: u128 = 60_000;

/// The contract, the scenarios, and the sandboxes that they are played in.
#[derive(Debug)]
pub struct Stage {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The sandboxes.
    pub sandboxes: Sandboxes,
    /// The seed of every scenario, when the command line names one.
    seed: Option<u64>,
    /// The clock of every scenario, when the command line names one.
    clock: Option<Clock>,
    library: RwLock<Arc<Library>>,
    /// Starting worlds that have been made, with when.
    starts: Mutex<HashMap<String, (u128, Arc<Start>)>>,
    watched: Mutex<Option<Watched>>,
}

/// What became of the last look at changed files.
#[derive(Clone, Debug)]
pub struct Watched {
    /// When it was, on the machine's clock.
    pub at: crate::world::clock::Timestamp,
    /// Why the files are not used.
    pub error: Option<String>,
}

impl Stage {
    /// Everything at its beginning, with a scenario that sandboxes start in.
    pub fn new(
        contract: Arc<Contract>,
        library: Arc<Library>,
        scenario: &Arc<Scenario>,
        settings: &crate::settings::Settings,
    ) -> Result<Self, Diagnosis> {
        let (seed, clock) = (settings.seed, settings.clock);
        let start = start(&contract, scenario, seed, clock)?;
        let limits = settings.limits;
        Ok(Self {
            contract,
            sandboxes: Sandboxes::new(start, limits.sandboxes_max, limits.sandbox_idle_ms_max),
            seed,
            clock,
            library: RwLock::new(library),
            starts: Mutex::default(),
            watched: Mutex::default(),
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
    pub fn start_of(&self, name: &str) -> Result<Arc<Start>, Vec<Diagnosis>> {
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

    /// Puts other scenarios in the place of these. Sandboxes keep their worlds; the rules of the scenarios that they
    /// play are those of the new files from now on. When any of it cannot be done, nothing is.
    pub fn replace_library(&self, library: Library) -> Result<(), String> {
        let library = Arc::new(library);
        let told = |errors: Vec<Diagnosis>| paragraphs(&errors);
        let first = library.get(&self.sandboxes.start().scenario.name).map_err(told)?;
        let first = start(&self.contract, &first, self.seed, self.clock).map_err(|error| error.to_string())?;
        let mut changes = Vec::new();
        for sandbox in self.sandboxes.list() {
            let played = sandbox.scenario();
            let new = library.get(&played.name).map_err(told)?;
            if new.chain_text != played.chain_text {
                changes.push((sandbox, new));
            }
        }
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = library;
        self.sandboxes.set_start(Arc::new(first));
        for (sandbox, scenario) in changes {
            sandbox.play(scenario);
        }
        Ok(())
    }

    /// What became of the last look at changed files; `None` when there was none.
    #[must_use]
    pub fn watched(&self) -> Option<Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what became of a look at changed files.
    pub fn note_watched(&self, watched: Watched) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    }
}

/// The start of a scenario, under the seed and clock of the command line or else its own.
fn start(
    contract: &Contract,
    scenario: &Arc<Scenario>,
    seed: Option<u64>,
    clock: Option<Clock>,
) -> Result<Start, Diagnosis> {
    let seed = seed.or(scenario.seed).unwrap_or(SEED);
    let clock = clock.or(scenario.clock).unwrap_or(Clock::Real);
    let world = scenario.world(contract, seed, clock);
    let world = world.map_err(|message| Diagnosis::of_file(&scenario.source.name, message))?;
    Ok(Start { scenario: Arc::clone(scenario), world })
}
