//! Isolated worlds. Each sandbox has its own state; nothing one does is seen in another.

pub mod choose;
mod memo;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use http::HeaderValue;

pub use choose::Choice;
use memo::Memo;

use crate::behaviour::{Answer, Behaviour, Outcome, Reading, Writing, read, write};
use crate::contract::check::Input;
use crate::contract::{Contract, Operation};
use crate::world::change::Change;
use crate::world::clock::Timestamp;
use crate::world::{Caller, World};

/// The sandbox that there always is.
pub const DEFAULT: &str = "default";

/// One isolated world.
#[derive(Debug)]
pub struct Sandbox {
    /// Its name.
    pub name: String,
    /// Its name as a header's value.
    pub name_header: HeaderValue,
    requests: AtomicU64,
    used: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    /// Counts the writes; what is remembered holds for one version.
    version: u64,
    memo: Memo,
}

impl Sandbox {
    fn new(name: &str, world: World) -> Self {
        Self {
            name: name.to_owned(),
            name_header: HeaderValue::from_str(name).unwrap_or(HeaderValue::from_static(DEFAULT)),
            requests: AtomicU64::new(0),
            used: AtomicU64::new(0),
            state: Mutex::new(State { world, version: 0, memo: Memo::default() }),
        }
    }

    /// Lets a request in, with the key that it brings.
    pub fn enter(self: &Arc<Self>, key: Option<&str>) -> Frame {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        // One look at the state tells all that most requests need.
        let state = self.lock();
        let now = state.world.clock.now();
        let caller = key.and_then(|key| state.world.caller(key));
        drop(state);
        Frame { sandbox: Arc::clone(self), now, caller, number }
    }

    /// A copy of the world as it is now. It shares every document.
    #[must_use]
    pub fn world(&self) -> World {
        self.lock().world.clone()
    }

    /// Held for plain work on values only, never across a wait. A panic in one request must not end the sandbox: the
    /// change that it was in has been undone, so a poisoned lock still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request inside its sandbox.
#[derive(Debug)]
pub struct Frame {
    /// The sandbox.
    pub sandbox: Arc<Sandbox>,
    /// The moment at which the request is answered.
    pub now: Timestamp,
    /// Who is calling; `None` when the key is missing or unknown.
    pub caller: Option<Caller>,
    /// The number of the request in its sandbox, from 1.
    pub number: u64,
}

impl Frame {
    /// Lets an operation read, or answers what it said before when nothing has changed since.
    pub fn read(
        &self,
        behaviour: Behaviour,
        operation: &Operation,
        caller: &Caller,
        target: &str,
        input: &Input,
    ) -> Outcome {
        // The world is copied, so that reading holds no lock and sees one state throughout.
        let (world, version) = {
            let state = self.sandbox.lock();
            if let Some(answer) = state.memo.find(state.version, operation.index, &caller.user, target, self.now) {
                return Ok(answer);
            }
            (state.world.clone(), state.version)
        };
        let answer = read(behaviour, &Reading::new(&world, caller, input, self.now))?;
        let mut state = self.sandbox.lock();
        if state.version == version {
            state.memo.keep(version, operation.index, &caller.user, target, &answer);
        }
        Ok(answer)
    }

    /// Lets an operation write. When it refuses, or meets a bug of ours, nothing has changed.
    pub fn write(&self, behaviour: Behaviour, contract: &Contract, caller: &Caller, input: &Input) -> Outcome {
        let mut state = self.sandbox.lock();
        let mut change = Change::begin(&mut state.world);
        let mut call = Writing { world: change.world(), contract, caller, input, now: self.now };
        let answer: Answer = write(behaviour, &mut call)?;
        change.keep();
        state.version += 1;
        Ok(answer)
    }
}

/// All sandboxes.
#[derive(Debug)]
pub struct Sandboxes {
    start: World,
    count_max: usize,
    /// Counts uses, to know which sandbox was used least recently.
    clock: AtomicU64,
    default: Arc<Sandbox>,
    others: RwLock<HashMap<String, Arc<Sandbox>>>,
}

impl Sandboxes {
    /// The default sandbox, and room for others that start the same.
    #[must_use]
    pub fn new(start: World, count_max: usize) -> Self {
        let default = Arc::new(Sandbox::new(DEFAULT, start.clone()));
        Self { start, count_max, clock: AtomicU64::new(0), default, others: RwLock::default() }
    }

    /// The sandbox of that name. It comes to life when it is first asked for; when there are too many, the one that
    /// was used least recently ends.
    #[must_use]
    pub fn get(&self, name: &str) -> Arc<Sandbox> {
        if name == DEFAULT {
            return Arc::clone(&self.default);
        }
        let tick = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(found) = self.others.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            found.used.store(tick, Ordering::Relaxed);
            return Arc::clone(found);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        // The default sandbox counts too.
        if !others.contains_key(name) && others.len() + 1 >= self.count_max.max(2) {
            let oldest = others.values().min_by_key(|sandbox| sandbox.used.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|sandbox| sandbox.name.clone()) {
                tracing::warn!(
                    "sandbox {oldest} ends: there may be {} at once, and it was used least recently",
                    self.count_max
                );
                others.remove(&oldest);
            }
        }
        let found = others.entry(name.to_owned()).or_insert_with(|| Arc::new(Sandbox::new(name, self.start.clone())));
        found.used.store(tick, Ordering::Relaxed);
        Arc::clone(found)
    }
}
