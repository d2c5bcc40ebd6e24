//! The mutable state of a sandbox: world, scenario, rule counters, faults and snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::response_cache::{CacheBudget, ReadKey, ResponseCache, SharedResponses};
use super::shared_state::SharedState;
use crate::config::limits::LEAD_COPIES_MAX;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::World;
use crate::leadconduit::state::budget::{BudgetExceeded, WorldMemory, WorldUsage};
use crate::scenario::Scenario;
use crate::scenario::rule::Rule;
use crate::scenario::rule::schedule::{RuleCounts, RuleSet};
use crate::support::clock::Timestamp;
use crate::support::memory::Charge;

/// The maximum number of faults in a sandbox.
pub const FAULTS_MAX: usize = 1000;

/// The maximum number of snapshots in a sandbox.
pub const SNAPSHOTS_MAX: usize = 32;

/// The state of a new sandbox: a scenario, and its initial world.
#[derive(Debug)]
pub struct InitialState {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The initial world; sandboxes get copies of it.
    pub world: World,
    /// The responses of all sandboxes that are still in this state.
    responses: Arc<SharedResponses>,
}

impl InitialState {
    /// A scenario with its initial world.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, world: World) -> Self {
        Self { scenario, world, responses: Arc::default() }
    }
}

/// A rule that was added through the control API.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The id, unique in the sandbox.
    pub id: String,
    /// The compiled rule.
    pub rule: Arc<Rule>,
    /// The rule as it was sent.
    pub definition: Arc<Value>,
    number: u64,
    /// When it was added, by the sandbox's clock.
    pub added_at: Timestamp,
}

/// A fault with its counters.
#[derive(Clone, Debug)]
pub struct FaultStatus {
    /// The fault.
    pub fault: Fault,
    /// Its counters.
    pub count: RuleCounts,
}

/// A saved state of a sandbox.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// When it was saved, by the sandbox's clock.
    pub taken_at: Timestamp,
    world: World,
    faults: Vec<Fault>,
    faults_added: u64,
    rules_started_at: Timestamp,
    counts: Vec<RuleCounts>,
    /// Counts the snapshot while it exists.
    charge: Arc<Charge>,
}

impl Snapshot {
    /// What counts the snapshot, for one that replaces it.
    pub(super) fn charge(&self) -> Arc<Charge> {
        Arc::clone(&self.charge)
    }

    /// Replaces the scenario by a newer version of it. The counters of its rules are dropped.
    pub(super) fn reload_scenario(&mut self, new: Arc<Scenario>) {
        reload_sso_status(&mut self.world, &self.scenario, &new, self.taken_at);
        self.scenario = new;
        self.rules_started_at = self.taken_at;
        self.counts.truncate(self.faults.len());
    }
}

/// Applies the SSO status of a newer version of the scenario, if it differs from that of the old version. Otherwise a
/// status that was set by a rule or a control call is kept.
fn reload_sso_status(world: &mut World, old: &Scenario, new: &Scenario, now: Timestamp) {
    if old.sso_status() != new.sso_status() {
        world.sso.status = new.sso_status();
        world.sso.reset_counters(0, now);
    }
}

/// The state of one sandbox, behind its lock. Every change of anything but documents increments `epoch`: requests that
/// began before start again.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) scenario: Arc<Scenario>,
    pub(super) rules: Arc<RuleSet>,
    /// The counters of the rules, by index.
    pub(super) counts: Vec<RuleCounts>,
    pub(super) faults: Vec<Fault>,
    faults_added: u64,
    rules_started_at: Timestamp,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    pub(super) requests: u64,
    pub(super) epoch: u64,
    /// Incremented by every write. Cached responses are valid for one version.
    pub(super) version: u64,
    /// How many of these writes only added leads, on which concurrent leads do not depend.
    pub(super) lead_writes: u64,
    /// Copies of the world on which leads are processed. They are kept for the next leads until something is written that
    /// leads depend on: making one counts references to every part of the world, which two threads would do in turns.
    lead_copies: Vec<World>,
    /// The cached responses of this sandbox, once it differs from its initial state.
    response_cache: Option<Box<ResponseCache>>,
    cache_budget: CacheBudget,
    /// The responses of the initial state, and the version up to which the sandbox is in it.
    initial_responses: Option<(Arc<SharedResponses>, u64)>,
    /// What all worlds of the server use.
    memory: Arc<WorldMemory>,
}

impl State {
    pub(super) fn new(initial: &InitialState, shared: &SharedState) -> Self {
        let mut state = Self {
            world: initial.world.fork(),
            scenario: Arc::clone(&initial.scenario),
            rules: Arc::default(),
            counts: Vec::new(),
            faults: Vec::new(),
            faults_added: 0,
            rules_started_at: Timestamp::UNIX_EPOCH,
            snapshots: BTreeMap::new(),
            requests: 0,
            epoch: 0,
            version: 0,
            lead_writes: 0,
            lead_copies: Vec::new(),
            response_cache: None,
            cache_budget: shared.response_caches(),
            initial_responses: None,
            memory: Arc::clone(shared.world_memory()),
        };
        state.reset(initial);
        state
    }

    /// A copy without snapshots and cached responses.
    pub(super) fn copy(&self) -> Self {
        Self {
            world: self.world.fork(),
            scenario: Arc::clone(&self.scenario),
            rules: Arc::clone(&self.rules),
            counts: self.counts.clone(),
            faults: self.faults.clone(),
            faults_added: self.faults_added,
            rules_started_at: self.rules_started_at,
            snapshots: BTreeMap::new(),
            requests: self.requests,
            epoch: 0,
            version: 0,
            lead_writes: 0,
            lead_copies: Vec::new(),
            response_cache: None,
            // A copy answers one request.
            cache_budget: CacheBudget::new(0),
            initial_responses: None,
            memory: Arc::clone(&self.memory),
        }
    }

    /// Resets everything but snapshots.
    pub(super) fn reset(&mut self, initial: &InitialState) {
        self.requests = 0;
        self.start(initial);
    }

    /// Resets everything but snapshots and the number of requests, which must not repeat while the journal is kept.
    pub(super) fn start(&mut self, initial: &InitialState) {
        self.world = initial.world.fork();
        self.world.use_memory(&self.memory);
        self.faults.clear();
        self.faults_added = 0;
        let now = self.world.clock.now();
        self.world.sso.reset_counters(0, now);
        self.switch_scenario(Arc::clone(&initial.scenario), now);
        self.response_cache = None;
        self.initial_responses = Some((Arc::clone(&initial.responses), self.version));
    }

    /// The responses that all sandboxes in this state share; `None` after the first change.
    fn shared_responses(&self) -> Option<&SharedResponses> {
        self.initial_responses.as_ref().filter(|(_, version)| *version == self.version).map(|(shared, _)| &**shared)
    }

    /// The cached response to a read, if it is still valid.
    pub(super) fn cached_response(&self, key: ReadKey<'_>, now: Timestamp) -> Option<OperationResponse> {
        match self.shared_responses() {
            Some(shared) => shared.find(key, now),
            None => self.response_cache.as_ref()?.find(self.version, key, now),
        }
    }

    /// Caches the response to a read of the current version.
    pub(super) fn cache_response(&mut self, key: ReadKey<'_>, response: &OperationResponse) {
        if let Some(shared) = self.shared_responses() {
            return shared.insert(&self.cache_budget, key, response);
        }
        let budget = &self.cache_budget;
        let cache = self.response_cache.get_or_insert_with(|| Box::new(ResponseCache::new(budget.clone())));
        cache.insert(self.version, key, response);
    }

    /// Switches to a scenario. Faults are kept; all counters are reset.
    pub(super) fn switch_scenario(&mut self, scenario: Arc<Scenario>, now: Timestamp) {
        self.scenario = scenario;
        self.rules_started_at = now;
        self.counts.clear();
        self.rebuild_rules();
    }

    /// Replaces the scenario by a newer version of it. Its rules start again; faults, their counters and the world stay.
    pub(super) fn reload_scenario(&mut self, new: Arc<Scenario>) {
        let now = self.world.clock.now();
        reload_sso_status(&mut self.world, &self.scenario, &new, now);
        self.scenario = new;
        self.rules_started_at = now;
        self.counts.truncate(self.faults.len());
        self.rebuild_rules();
    }

    /// Replaces the world, unless the new one exceeds a budget.
    pub(super) fn replace_world(&mut self, mut world: World) -> Result<(), BudgetExceeded> {
        world.charge_to(&self.memory);
        world.check_budgets(WorldUsage::default())?;
        self.world = world;
        self.bump_epoch();
        Ok(())
    }

    pub(super) fn add_fault(&mut self, mut rule: Rule, definition: Value, added_at: Timestamp) -> Fault {
        self.faults_added += 1;
        let number = self.faults_added;
        let id = format!("fault-{number}");
        if definition.get("name").is_none() {
            rule.name.clone_from(&id);
        }
        let fault = Fault { id, rule: Arc::new(rule), definition: Arc::new(definition), number, added_at };
        self.faults.insert(0, fault.clone());
        self.counts.insert(0, RuleCounts::default());
        self.rebuild_rules();
        fault
    }

    pub(super) fn remove_fault(&mut self, id: &str) -> bool {
        let Some(index) = self.faults.iter().position(|fault| fault.id == id) else { return false };
        self.faults.remove(index);
        self.counts.remove(index);
        self.rebuild_rules();
        true
    }

    pub(super) fn remove_faults(&mut self) {
        self.counts.drain(..self.faults.len());
        self.faults.clear();
        self.rebuild_rules();
    }

    /// When the scenario was selected, by the sandbox's clock.
    pub(super) fn rules_started_at(&self) -> Timestamp {
        self.rules_started_at
    }

    pub(super) fn take_snapshot(&self, charge: Arc<Charge>) -> Snapshot {
        Snapshot {
            scenario: Arc::clone(&self.scenario),
            taken_at: self.world.clock.now(),
            world: self.world.fork(),
            faults: self.faults.clone(),
            faults_added: self.faults_added,
            rules_started_at: self.rules_started_at,
            counts: self.counts.clone(),
            charge,
        }
    }

    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        self.world = snapshot.world.fork();
        self.scenario = snapshot.scenario;
        self.faults = snapshot.faults;
        self.faults_added = snapshot.faults_added;
        self.rules_started_at = snapshot.rules_started_at;
        self.counts = snapshot.counts;
        self.rebuild_rules();
    }

    /// Invalidates cached responses, and restarts the requests that are running.
    pub(super) fn bump_epoch(&mut self) {
        self.lead_copies.clear();
        self.epoch += 1;
        self.version += 1;
    }

    /// Counts a write.
    pub(super) fn record_write(&mut self, only_adds_leads: bool) {
        self.version += 1;
        if only_adds_leads {
            self.lead_writes += 1;
        } else {
            self.lead_copies.clear();
        }
    }

    /// A copy of the world for a lead.
    pub(super) fn take_lead_copy(&mut self) -> World {
        let mut copy = self.lead_copies.pop().unwrap_or_else(|| self.world.lead_copy());
        // What leads change.
        copy.set_ids(self.world.ids().clone());
        copy.set_random_streams(self.world.random_streams());
        copy
    }

    /// How many copies are kept.
    #[cfg(test)]
    pub(super) fn lead_copies(&self) -> usize {
        self.lead_copies.len()
    }

    /// Keeps a copy of the world for another lead.
    pub(super) fn keep_lead_copy(&mut self, copy: World) {
        if self.lead_copies.len() < LEAD_COPIES_MAX {
            self.lead_copies.push(copy);
        }
    }

    /// Counts the writes on which the preparation of a lead depends.
    pub(super) fn basis(&self) -> u64 {
        self.version - self.lead_writes
    }

    /// Rebuilds the rule set: faults first, the newest before older ones, then the rules of the scenario.
    fn rebuild_rules(&mut self) {
        let mut rules = RuleSet::default();
        for fault in &self.faults {
            // The random streams of faults begin above those of the scenario's rules.
            rules.add(Arc::clone(&fault.rule), 0x80_0000 + (fault.number & 0x7f_ffff), fault.added_at);
        }
        rules.add_all(&self.scenario.rules, self.rules_started_at);
        self.counts.resize(rules.len(), RuleCounts::default());
        self.rules = Arc::new(rules);
        self.bump_epoch();
    }
}
