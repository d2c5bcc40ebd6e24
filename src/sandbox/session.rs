//! A request inside its sandbox: a consistent view of the state, and the way in which operations read and write it.

use std::sync::{Arc, PoisonError};

use super::response_cache::ReadKey;
use super::selector::split_sandbox_path;
use super::{InitialState, Sandbox, State};
use crate::config::limits::LONG_WRITE_RERUNS_MAX;
use crate::contract::validate::OperationInput;
use crate::contract::{Contract, Operation};
use crate::leadconduit::context::{ReadContext, WriteContext};
use crate::leadconduit::operations::{OperationHandler, read, write};
use crate::leadconduit::outbound_log::{OutboundLog, WriteError, WriteResult};
use crate::leadconduit::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::sso::{SsoCallContext, SsoStatus};
use crate::leadconduit::state::transaction::Transaction;
use crate::leadconduit::state::{Account, Caller, World};
use crate::scenario::Scenario;
use crate::scenario::apply::{ChangeError, apply};
use crate::scenario::rule::respond::WorldSource;
use crate::scenario::rule::schedule::{RuleCounts, RuleMatch, RuleSet};
use crate::scenario::rule::{RuleContext, WorldChange};
use crate::support::clock::Timestamp;
use crate::support::computation;

/// A request inside its sandbox. All its steps see one state; when the state is replaced meanwhile, they fail with
/// [`StaleEpoch`].
#[derive(Debug)]
pub struct RequestSession {
    /// The sandbox of the request.
    pub sandbox: Arc<Sandbox>,
    /// The scenario of the sandbox, or the one that the request prefers.
    pub scenario: Arc<Scenario>,
    /// The time of the request, by the sandbox's clock.
    pub now: Timestamp,
    /// The API key, known or unknown.
    pub key: Option<String>,
    /// The caller; `None` when the key is missing or unknown.
    pub caller: Option<Caller>,
    /// The number of the request in its sandbox, from 1.
    pub number: u64,
    /// The rules for the request; `None` when there are none or they are disabled.
    rules: Option<Arc<RuleSet>>,
    seed: u64,
    epoch: u64,
    scenario_override: Option<ScenarioOverride>,
}

/// The state of the sandbox was replaced during the request. The pipeline starts the request again.
#[derive(Clone, Copy, Debug)]
pub struct StaleEpoch;

/// What a write needs besides the world.
#[derive(Debug)]
pub struct WriteResources<'a> {
    /// Validates every document that is written.
    pub contract: &'a Contract,
    /// Whether the trigger domains are enabled.
    pub triggers: bool,
    /// Collects outbound calls and firehose files.
    pub effects: &'a mut OutboundLog,
}

/// A writing operation and its input.
#[derive(Clone, Copy)]
pub(super) struct WriteOperation<'a> {
    pub(super) handler: OperationHandler,
    caller: &'a Caller,
    input: &'a OperationInput,
    sso_call: &'a SsoCallContext<'a>,
}

/// Another scenario, for one request.
#[derive(Debug)]
pub struct ScenarioOverride {
    scenario: Arc<Scenario>,
    sso_status: SsoStatus,
    /// The scenario's own world, which the request only reads; `None` when the scenario only changes conditions, which
    /// then apply to the world of the sandbox.
    world: Option<World>,
}

impl ScenarioOverride {
    /// An override with the scenario of `initial`, in a sandbox with the scenario `selected`.
    #[must_use]
    pub fn new(initial: &InitialState, selected: &Scenario) -> Self {
        let scenario = Arc::clone(&initial.scenario);
        let is_condition = !scenario.has_own_world
            || selected.name == scenario.name
            || selected.ancestors.iter().any(|ancestor| *ancestor == scenario.name);
        let world = (!is_condition).then(|| initial.world.fork());
        Self { sso_status: scenario.sso_status(), scenario, world }
    }
}

impl Sandbox {
    /// Opens a session for a request with an API key, and counts the request.
    pub fn open_session(self: &Arc<Self>, key: Option<String>) -> RequestSession {
        // The state is read once: most requests need nothing else.
        let mut state = self.lock();
        state.requests += 1;
        self.session(&state, key, state.requests)
    }

    /// Opens a new session for a request that failed with [`StaleEpoch`]; `number` is its number so far.
    #[must_use]
    pub fn reopen_session(self: &Arc<Self>, key: Option<String>, number: u64) -> RequestSession {
        let mut state = self.lock();
        // A reset restarts the count, and numbers must be unique.
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
            rules: (!state.rules.is_empty()).then(|| Arc::clone(&state.rules)),
            seed: state.world.seed(),
            epoch: state.epoch,
            scenario_override: None,
        }
    }
}

impl RequestSession {
    /// Applies another scenario to this request.
    pub fn override_scenario(&mut self, scenario_override: ScenarioOverride) {
        self.scenario = Arc::clone(&scenario_override.scenario);
        if let Some(world) = &scenario_override.world {
            self.caller = self.key.as_deref().and_then(|key| world.caller(key));
        }
        let mut rules = RuleSet::default();
        rules.add_all(&scenario_override.scenario.rules, self.now);
        self.rules = (!rules.is_empty()).then(|| Arc::new(rules));
        self.scenario_override = Some(scenario_override);
    }

    /// Whether the request has a world of its own, in which a write would be lost.
    #[must_use]
    pub fn is_ephemeral_world(&self) -> bool {
        self.scenario_override.as_ref().is_some_and(|scenario_override| scenario_override.world.is_some())
    }

    /// Whether the caller's account has no paid plan.
    ///
    /// # Errors
    ///
    /// The state of the sandbox was replaced.
    pub fn has_free_account(&self, caller: &Caller) -> Result<bool, StaleEpoch> {
        let is_free = |world: &World| world.account(&caller.account).is_some_and(Account::is_free);
        match self.scenario_override.as_ref().and_then(|scenario_override| scenario_override.world.as_ref()) {
            Some(world) => Ok(is_free(world)),
            None => Ok(is_free(&self.state()?.world)),
        }
    }

    /// The seed of the sandbox's world.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Disables rules for this request (`X-Mock-Faults: off`).
    pub fn disable_rules(&mut self) {
        self.rules = None;
    }

    /// Whether there are rules: those that run before authentication (`gate`), or those that run before the operation.
    #[must_use]
    pub fn has_rules(&self, gate: bool) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.has_rules(gate))
    }

    /// Selects the first rule that matches and whose schedule allows it, and applies its change to the world.
    ///
    /// # Errors
    ///
    /// Outer: the state of the sandbox was replaced. Inner: the change cannot be applied.
    pub fn select_rule(
        &self,
        gate: bool,
        context: &RuleContext<'_>,
        contract: &Contract,
    ) -> Result<Result<Option<RuleMatch>, ChangeError>, StaleEpoch> {
        let Some(rules) = &self.rules else { return Ok(Ok(None)) };
        let matching = rules.find_matching(gate, context);
        if matching.is_empty() {
            return Ok(Ok(None));
        }
        if self.scenario_override.is_some() {
            // Counts and changes of the world are dropped after the request.
            let mut counts = vec![RuleCounts::default(); rules.len()];
            let mut selected = rules.select(&matching, &mut counts, context, self.seed);
            selected.iter_mut().for_each(RuleMatch::suppress_change);
            return Ok(Ok(selected));
        }
        let mut state = self.state()?;
        let State { world, counts, .. } = &mut *state;
        let selected = rules.select(&matching, counts, context, self.seed);
        if let Some(change) = selected.as_ref().and_then(RuleMatch::change) {
            if let Err(error) = change_world(world, contract, change, self.now) {
                return Ok(Err(error));
            }
            state.record_write(false);
        }
        Ok(Ok(selected))
    }

    /// Runs an operation that reads, or returns its cached response.
    ///
    /// # Errors
    ///
    /// The state of the sandbox was replaced.
    pub fn read(
        &self,
        handler: OperationHandler,
        operation: &Operation,
        caller: &Caller,
        target: &str,
        input: &OperationInput,
        sso_call: &SsoCallContext<'_>,
    ) -> Result<OperationResult, StaleEpoch> {
        if self.scenario_override.is_some() {
            let world = self.world()?;
            return Ok(read(handler, &ReadContext::new(&world, caller, input, self.now, sso_call)));
        }
        // The cache key has neither media type nor body, so only JSON responses to requests without a body are cached.
        let is_cacheable = input.response_media_type.is_none() && input.body.is_null();
        // Without the name of the sandbox in the path, so that sandboxes can share responses.
        let (_, target) = split_sandbox_path(target);
        let key = ReadKey { operation: operation.index, user: &caller.user, target };
        // The operation reads a copy of the world, so that it needs no lock and sees one state.
        let (world, version) = {
            let state = self.state()?;
            if let Some(response) = is_cacheable.then(|| state.cached_response(key, self.now)).flatten() {
                return Ok(Ok(response));
            }
            (state.world.clone(), state.version)
        };
        let response = match read(handler, &ReadContext::new(&world, caller, input, self.now, sso_call)) {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        if !sso_call.is_volatile() && is_cacheable {
            let mut state = self.sandbox.lock();
            if state.version == version {
                state.cache_response(key, &response);
            }
        }
        Ok(Ok(response))
    }

    /// True when outbound calls must be suppressed (dry run, or `Prefer: scenario`).
    #[must_use]
    pub fn suppresses_outbound(&self) -> bool {
        self.scenario_override.is_some() || self.sandbox.shared.is_dry_run
    }

    /// Runs an operation that writes, in a transaction. It is rolled back when the operation fails, panics, or needs the
    /// response of an outbound call. A short operation runs with the sandbox locked; a long one runs on a copy of the
    /// world, so that other requests to the sandbox go on meanwhile.
    ///
    /// # Errors
    ///
    /// The state of the sandbox was replaced.
    pub fn write(
        &self,
        handler: OperationHandler,
        caller: &Caller,
        input: &OperationInput,
        sso_call: &SsoCallContext<'_>,
        mut resources: WriteResources<'_>,
    ) -> Result<WriteResult, StaleEpoch> {
        let operation = WriteOperation { handler, caller, input, sso_call };
        if self.is_ephemeral_world() {
            // The pipeline lets only operations that store nothing but counts get here.
            let world = &mut self.world()?;
            resources.effects.start_run();
            return Ok(write(handler, &mut self.write_context(world, &operation, &mut resources)));
        }
        // Another status of the single sign-on service would have to be applied to the copy too.
        if let Some(prepare) = handler.preparation().filter(|_| self.scenario_override.is_none())
            && let Some(result) = self.write_prepared(prepare, &operation, &mut resources)?
        {
            return Ok(result);
        }
        if !computation::is_inline() {
            return self.write_to_copy(&operation, &mut resources);
        }
        let mut state = self.state()?;
        let result = self.run_in_transaction(&mut state.world, &operation, &mut resources);
        let result = result.map(|(response, only_adds_leads)| {
            state.record_write(only_adds_leads);
            response
        });
        drop(state);
        if result.is_ok() {
            self.sandbox.mark_written();
        }
        Ok(result)
    }

    /// Runs an operation on a copy of the world, which becomes the world if nothing else was written meanwhile; else the
    /// operation runs again.
    fn write_to_copy(
        &self,
        operation: &WriteOperation<'_>,
        resources: &mut WriteResources<'_>,
    ) -> Result<WriteResult, StaleEpoch> {
        // One at a time, so that long writes do not overtake one another forever.
        let _turn = self.sandbox.long_write.lock().unwrap_or_else(PoisonError::into_inner);
        // It begins anew after attempts without the lock, if the operation had any.
        computation::restart();
        for _ in 0..LONG_WRITE_RERUNS_MAX {
            let (mut world, version, ids) = {
                let state = self.state()?;
                (state.world.clone(), state.version, state.world.ids().clone())
            };
            let result = self.run_in_transaction(&mut world, operation, resources).map(|(response, _)| response);
            // A pending call keeps the ids that it has issued.
            if !matches!(result, Ok(_) | Err(WriteError::PendingCall(_))) {
                return Ok(result);
            }
            let mut state = self.state()?;
            // Prepared writes reserve ids before they count.
            if state.version == version && *state.world.ids() == ids {
                let replaced = std::mem::replace(&mut state.world, world);
                state.record_write(false);
                drop(state);
                drop(replaced);
                if result.is_ok() {
                    self.sandbox.mark_written();
                }
                return Ok(result);
            }
            drop(state);
            resources.effects.abort_run();
        }
        Ok(Err(WriteError::Overtaken))
    }

    /// Runs an operation once. When it succeeds, its changes stay in `world`; the flag is true when they only add leads.
    fn run_in_transaction(
        &self,
        world: &mut World,
        operation: &WriteOperation<'_>,
        resources: &mut WriteResources<'_>,
    ) -> Result<(OperationResponse, bool), WriteError> {
        resources.effects.start_run();
        let before = world.usage();
        let mut transaction = Transaction::begin(world);
        let override_status =
            self.scenario_override.as_ref().map(|scenario_override| scenario_override.sso_status.clone());
        let own_status = override_status.map(|status| std::mem::replace(&mut transaction.world().sso.status, status));
        let result = write(operation.handler, &mut self.write_context(transaction.world(), operation, resources));
        let only_adds_leads = transaction.only_adds_leads();
        if result.is_ok() {
            if let Err(exceeded) = transaction.world().check_budgets(before) {
                return Err(WriteError::Budget(exceeded));
            }
            if let Some(own_status) = own_status {
                transaction.world().sso.status = own_status;
            }
            transaction.commit();
        } else if matches!(result, Err(WriteError::PendingCall(_))) {
            transaction.rollback_keeping_ids();
        }
        result.map(|response| (response, only_adds_leads))
    }

    pub(super) fn write_context<'c>(
        &self,
        world: &'c mut World,
        operation: &WriteOperation<'c>,
        resources: &'c mut WriteResources<'_>,
    ) -> WriteContext<'c> {
        let WriteOperation { caller, input, sso_call, .. } = *operation;
        let WriteResources { contract, triggers, effects } = resources;
        let (now, triggers, is_copy) = (self.now, *triggers, false);
        WriteContext { world, is_copy, contract, caller, input, now, sso_call, triggers, effects }
    }

    /// A copy of the world that the request sees.
    ///
    /// # Errors
    ///
    /// The state of the sandbox was replaced.
    pub fn world(&self) -> Result<World, StaleEpoch> {
        let Some(scenario_override) = &self.scenario_override else { return Ok(self.state()?.world.clone()) };
        let mut world = match &scenario_override.world {
            Some(world) => world.clone(),
            None => self.state()?.world.fork(),
        };
        world.sso.status = scenario_override.sso_status.clone();
        Ok(world)
    }

    /// Locks the state of the sandbox, unless it was replaced since the session was opened.
    pub(super) fn state(&self) -> Result<std::sync::MutexGuard<'_, State>, StaleEpoch> {
        let state = self.sandbox.lock();
        if state.epoch == self.epoch { Ok(state) } else { Err(StaleEpoch) }
    }
}

impl WorldSource for RequestSession {
    fn world(&self) -> World {
        RequestSession::world(self).unwrap_or_else(|StaleEpoch| self.sandbox.world())
    }
}

fn change_world(
    world: &mut World,
    contract: &Contract,
    change: &WorldChange,
    now: Timestamp,
) -> Result<(), ChangeError> {
    let before = world.usage();
    let mut transaction = Transaction::begin(world);
    apply(transaction.world(), contract, change, now)?;
    transaction.world().check_budgets(before)?;
    transaction.commit();
    Ok(())
}
