//! A request inside its sandbox.

use std::sync::Arc;

use super::{Sandbox, Start, State};
use crate::contract::check::Input;
use crate::contract::{Contract, Operation};
use crate::leadconduit::context::{ReadContext, WriteContext};
use crate::leadconduit::effect_log::EffectLog;
use crate::leadconduit::operations::{Behaviour, read, write};
use crate::leadconduit::response::{OperationResponse, Outcome};
use crate::leadconduit::state::sso::{SsoCallContext, SsoStatus};
use crate::leadconduit::state::transaction::Transaction;
use crate::leadconduit::state::{Account, Caller, World};
use crate::scenario::Scenario;
use crate::scenario::apply::apply;
use crate::scenario::rule::respond::WorldSource;
use crate::scenario::rule::schedule::{Count, RuleMatch, RuleSet};
use crate::scenario::rule::{Asked, WorldChange};
use crate::support::clock::Timestamp;

/// A request inside its sandbox, which it sees in one state from its first step to its last.
#[derive(Debug)]
pub struct RequestSession {
    /// The sandbox.
    pub sandbox: Arc<Sandbox>,
    /// The scenario that is played for the request.
    pub scenario: Arc<Scenario>,
    /// The moment at which the request is answered.
    pub now: Timestamp,
    /// The API key, known or not.
    pub key: Option<String>,
    /// Who is calling; `None` when the key is missing or unknown.
    pub caller: Option<Caller>,
    /// The number of the request in its sandbox, from 1.
    pub number: u64,
    /// The rules; `None` when there are none.
    playlist: Option<Arc<RuleSet>>,
    seed: u64,
    epoch: u64,
    overlay: Option<Overlay>,
}

/// The sandbox has been switched since the request came in: its steps begin again.
#[derive(Clone, Copy, Debug)]
pub struct StaleEpoch;

/// What an operation that writes works with besides the world.
#[derive(Debug)]
pub struct Tools<'a> {
    /// The contract, which every document must keep.
    pub contract: &'a Contract,
    /// Whether values of a lead may make something happen.
    pub triggers: bool,
    /// What leaves the server because of the request.
    pub outbox: &'a mut EffectLog,
}

/// Another scenario, for one request only.
#[derive(Debug)]
pub struct Overlay {
    scenario: Arc<Scenario>,
    status: SsoStatus,
    /// Where the scenario's story is its own world: that world, which is read and never written.
    world: Option<World>,
}

impl Overlay {
    /// The conditions of a scenario, put over the sandbox's own world; or that scenario's own world.
    #[must_use]
    pub fn new(start: &Start, played: &Scenario) -> Self {
        let scenario = Arc::clone(&start.scenario);
        let is_condition = !scenario.has_own_world
            || played.name == scenario.name
            || played.ancestors.iter().any(|ancestor| *ancestor == scenario.name);
        let world = (!is_condition).then(|| start.world.fork());
        Self { status: scenario.sso_status(), scenario, world }
    }
}

impl Sandbox {
    /// Lets a request in, with the key that it brings.
    pub fn enter(self: &Arc<Self>, key: Option<String>) -> RequestSession {
        // One look at the state tells all that most requests need.
        let mut state = self.lock();
        state.requests += 1;
        self.session(&state, key, state.requests)
    }

    /// Lets a request in again that has met a switch.
    #[must_use]
    pub fn enter_again(self: &Arc<Self>, key: Option<String>, number: u64) -> RequestSession {
        let mut state = self.lock();
        // After a reset the count is from its beginning again, and no other request may have its number.
        let number = if number > state.requests {
            state.requests += 1;
            state.requests
        } else {
            number
        };
        self.session(&state, key, number)
    }

    fn session(self: &Arc<Self>, state: &State, key: Option<String>, number: u64) -> RequestSession {
        RequestSession {
            sandbox: Arc::clone(self),
            scenario: Arc::clone(&state.scenario),
            now: state.world.clock.now(),
            caller: key.as_deref().and_then(|key| state.world.caller(key)),
            key,
            number,
            playlist: (!state.playlist.is_empty()).then(|| Arc::clone(&state.playlist)),
            seed: state.world.seed(),
            epoch: state.epoch,
            overlay: None,
        }
    }
}

impl RequestSession {
    /// Plays another scenario for this request only.
    pub fn overlay(&mut self, overlay: Overlay) {
        self.scenario = Arc::clone(&overlay.scenario);
        if let Some(world) = &overlay.world {
            self.caller = self.key.as_deref().and_then(|key| world.caller(key));
        }
        let mut playlist = RuleSet::default();
        playlist.add_all(&overlay.scenario.rules, self.now);
        self.playlist = (!playlist.is_empty()).then(|| Arc::new(playlist));
        self.overlay = Some(overlay);
    }

    /// Whether the request would write into a world that is not the sandbox's.
    #[must_use]
    pub fn writes_nowhere(&self) -> bool {
        self.overlay.as_ref().is_some_and(|overlay| overlay.world.is_some())
    }

    /// Whether the caller's account has no paid plan, for which LeadConduit handles no leads.
    pub fn has_free_account(&self, caller: &Caller) -> Result<bool, StaleEpoch> {
        let is_free = |world: &World| world.account(&caller.account).is_some_and(Account::is_free);
        match self.overlay.as_ref().and_then(|overlay| overlay.world.as_ref()) {
            Some(world) => Ok(is_free(world)),
            None => Ok(is_free(&self.state()?.world)),
        }
    }

    /// The seed of the sandbox.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// No rule speaks to this request.
    pub fn spare(&mut self) {
        self.playlist = None;
    }

    /// Whether any rule might speak: before LeadConduit looks at the request (`gate`), or in an operation's place.
    #[must_use]
    pub fn has_rules(&self, gate: bool) -> bool {
        self.playlist.as_ref().is_some_and(|playlist| playlist.has(gate))
    }

    /// The first rule whose turn it is; what it does to the world is done.
    pub fn turn(
        &self,
        gate: bool,
        asked: &Asked<'_>,
        contract: &Contract,
    ) -> Result<Result<Option<RuleMatch>, String>, StaleEpoch> {
        let Some(playlist) = &self.playlist else { return Ok(Ok(None)) };
        let matching = playlist.matching(gate, asked);
        if matching.is_empty() {
            return Ok(Ok(None));
        }
        if self.overlay.is_some() {
            // Nothing that is counted, and nothing that a rule does to the world, outlives the request.
            let mut counts = vec![Count::default(); playlist.len()];
            let mut turn = playlist.turn(&matching, &mut counts, asked, self.seed);
            turn.iter_mut().for_each(RuleMatch::change_nothing);
            return Ok(Ok(turn));
        }
        let mut state = self.state()?;
        let State { world, counts, version, .. } = &mut *state;
        let turn = playlist.turn(&matching, counts, asked, self.seed);
        if let Some(change) = turn.as_ref().and_then(RuleMatch::change) {
            if let Err(message) = change_world(world, contract, change, self.now) {
                return Ok(Err(message));
            }
            *version += 1;
        }
        Ok(Ok(turn))
    }

    /// Lets an operation read, or answers what it said before when nothing has changed since.
    pub fn read(
        &self,
        behaviour: Behaviour,
        operation: &Operation,
        caller: &Caller,
        target: &str,
        input: &Input,
        line: &SsoCallContext<'_>,
    ) -> Result<Outcome, StaleEpoch> {
        if self.overlay.is_some() {
            let world = self.world()?;
            return Ok(read(behaviour, &ReadContext::new(&world, caller, input, self.now, line)));
        }
        // Only what is said as JSON to a question without a body is remembered: the same target may be asked for in
        // other types, and with other bodies.
        let remembered = input.wanted.is_none() && input.body.is_null();
        // The world is copied, so that reading holds no lock and sees one state throughout.
        let (world, version) = {
            let state = self.state()?;
            let said = || state.memo.find(state.version, operation.index, &caller.user, target, self.now);
            if let Some(answer) = remembered.then(said).flatten() {
                return Ok(Ok(answer));
            }
            (state.world.clone(), state.version)
        };
        let answer = match read(behaviour, &ReadContext::new(&world, caller, input, self.now, line)) {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !line.varies() && remembered {
            let mut state = self.sandbox.lock();
            if state.version == version {
                state.memo.keep(version, operation.index, &caller.user, target, &answer);
            }
        }
        Ok(Ok(answer))
    }

    /// Whether nobody outside may hear of the request: it is only tried, or plays another scenario.
    #[must_use]
    pub fn keeps_to_itself(&self) -> bool {
        self.overlay.is_some() || self.sandbox.shared.is_rehearsal
    }

    /// Lets an operation write. When it refuses, waits for an answer from outside, or meets a bug of ours, nothing has
    /// changed.
    pub fn write(
        &self,
        behaviour: Behaviour,
        caller: &Caller,
        input: &Input,
        line: &SsoCallContext<'_>,
        tools: Tools<'_>,
    ) -> Result<Outcome, StaleEpoch> {
        let Tools { contract, triggers, outbox } = tools;
        outbox.begin();
        if self.writes_nowhere() {
            // Of a world that is not the sandbox's only what keeps next to nothing is asked.
            let world = &mut self.world()?;
            let mut call = WriteContext { world, contract, caller, input, now: self.now, line, triggers, outbox };
            return Ok(write(behaviour, &mut call));
        }
        let mut state = self.state()?;
        let mut change = Transaction::begin(&mut state.world);
        let health = self.overlay.as_ref().map(|overlay| overlay.status.clone());
        let own = health.map(|health| std::mem::replace(&mut change.world().sso.status, health));
        let world = change.world();
        let mut call =
            WriteContext { world, contract, caller, input, now: self.now, line, triggers, outbox: &mut *outbox };
        let answer: OperationResponse = match write(behaviour, &mut call) {
            Ok(answer) => answer,
            Err(refusal) => {
                if outbox.waiting().is_some() {
                    change.put_off();
                }
                return Ok(Err(refusal));
            }
        };
        if let Some(own) = own {
            change.world().sso.status = own;
        }
        change.keep();
        state.version += 1;
        Ok(Ok(answer))
    }

    /// A copy of the world that the request sees.
    pub fn world(&self) -> Result<World, StaleEpoch> {
        let Some(overlay) = &self.overlay else { return Ok(self.state()?.world.clone()) };
        let mut world = match &overlay.world {
            Some(world) => world.clone(),
            None => self.state()?.world.fork(),
        };
        world.sso.status = overlay.status.clone();
        Ok(world)
    }

    /// The sandbox's state, as long as it is the one that the request came into.
    fn state(&self) -> Result<std::sync::MutexGuard<'_, State>, StaleEpoch> {
        let state = self.sandbox.lock();
        if state.epoch == self.epoch { Ok(state) } else { Err(StaleEpoch) }
    }
}

impl WorldSource for RequestSession {
    fn world(&self) -> World {
        RequestSession::world(self).unwrap_or_else(|StaleEpoch| self.sandbox.world())
    }
}

fn change_world(world: &mut World, contract: &Contract, change: &WorldChange, now: Timestamp) -> Result<(), String> {
    let mut attempt = Transaction::begin(world);
    apply(attempt.world(), contract, change, now)?;
    attempt.keep();
    Ok(())
}
