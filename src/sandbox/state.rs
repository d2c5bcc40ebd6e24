//! What a sandbox holds: its world, its scenario, what rules have counted, faults and snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::response_cache::ResponseCache;
use crate::leadconduit::state::World;
use crate::scenario::Scenario;
use crate::scenario::rule::Rule;
use crate::scenario::rule::schedule::{Count, RuleSet};
use crate::support::clock::Timestamp;

/// How many faults a sandbox has at most.
pub const FAULTS_MAX: usize = 1000;

/// How many snapshots a sandbox keeps at most.
pub const SNAPSHOTS_MAX: usize = 32;

/// What a sandbox begins with: a scenario, and its world at the start.
#[derive(Debug)]
pub struct Start {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The world, to be copied.
    pub world: World,
}

/// A rule that was added while the server runs.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its id, unique in its sandbox.
    pub id: String,
    /// The rule.
    pub rule: Arc<Rule>,
    /// The rule as it was sent.
    pub sent: Arc<Value>,
    number: u64,
    /// When it was added.
    pub began: Timestamp,
}

/// A fault with what it has counted.
#[derive(Clone, Debug)]
pub struct FaultStatus {
    /// The fault.
    pub fault: Fault,
    /// What it has counted.
    pub count: Count,
}

/// A state that was put aside.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// What the clock showed.
    pub taken: Timestamp,
    world: World,
    faults: Vec<Fault>,
    faults_added: u64,
    rules_began: Timestamp,
    counts: Vec<Count>,
}

impl Snapshot {
    /// Goes back to the new files of the same scenario.
    pub(super) fn renew(&mut self, new: Arc<Scenario>) {
        renew_health(&mut self.world, &self.scenario, &new, self.taken);
        self.scenario = new;
        self.rules_began = self.taken;
        self.counts.truncate(self.faults.len());
    }
}

/// The health that new files name. One that a rule or a control call has made stays when the files say what they said.
fn renew_health(world: &mut World, old: &Scenario, new: &Scenario, now: Timestamp) {
    if old.sso_status() != new.sso_status() {
        world.sso.status = new.sso_status();
        world.sso.count_from(0, now);
    }
}

/// All that one sandbox holds. Whoever changes more than documents counts `epoch` up: requests that came in before
/// begin again.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) scenario: Arc<Scenario>,
    pub(super) playlist: Arc<RuleSet>,
    /// What each rule of the playlist has counted.
    pub(super) counts: Vec<Count>,
    pub(super) faults: Vec<Fault>,
    faults_added: u64,
    rules_began: Timestamp,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    pub(super) requests: u64,
    pub(super) epoch: u64,
    /// Counts the writes; what is remembered holds for one version.
    pub(super) version: u64,
    pub(super) memo: ResponseCache,
}

impl State {
    pub(super) fn new(start: &Start) -> Self {
        let mut state = Self {
            world: start.world.fork(),
            scenario: Arc::clone(&start.scenario),
            playlist: Arc::default(),
            counts: Vec::new(),
            faults: Vec::new(),
            faults_added: 0,
            rules_began: Timestamp::UNIX_EPOCH,
            snapshots: BTreeMap::new(),
            requests: 0,
            epoch: 0,
            version: 0,
            memo: ResponseCache::default(),
        };
        state.begin(start);
        state
    }

    /// A state of its own that goes on from here. Nothing is remembered or put aside in it.
    pub(super) fn copy(&self) -> Self {
        Self {
            world: self.world.fork(),
            scenario: Arc::clone(&self.scenario),
            playlist: Arc::clone(&self.playlist),
            counts: self.counts.clone(),
            faults: self.faults.clone(),
            faults_added: self.faults_added,
            rules_began: self.rules_began,
            snapshots: BTreeMap::new(),
            requests: self.requests,
            epoch: 0,
            version: 0,
            memo: ResponseCache::default(),
        }
    }

    /// Begins anew. Snapshots are kept.
    pub(super) fn begin(&mut self, start: &Start) {
        self.world = start.world.fork();
        self.faults.clear();
        self.faults_added = 0;
        self.requests = 0;
        let now = self.world.clock.now();
        self.world.sso.count_from(0, now);
        self.play(Arc::clone(&start.scenario), now);
    }

    /// Plays the rules of a scenario from its beginning. Faults stay, and forget what they have counted.
    pub(super) fn play(&mut self, scenario: Arc<Scenario>, now: Timestamp) {
        self.scenario = scenario;
        self.rules_began = now;
        self.counts.clear();
        self.arrange();
    }

    /// Plays the new files of the same scenario. Its rules begin anew; faults and the world stay as they are.
    pub(super) fn renew(&mut self, new: Arc<Scenario>) {
        let now = self.world.clock.now();
        renew_health(&mut self.world, &self.scenario, &new, now);
        self.scenario = new;
        self.rules_began = now;
        self.counts.truncate(self.faults.len());
        self.arrange();
    }

    /// Puts another world in the place of this one.
    pub(super) fn put_world(&mut self, world: World) {
        self.world = world;
        self.turn_over();
    }

    pub(super) fn add_fault(&mut self, mut rule: Rule, sent: Value, began: Timestamp) -> Fault {
        self.faults_added += 1;
        let number = self.faults_added;
        let id = format!("fault-{number}");
        if sent.get("name").is_none() {
            rule.name.clone_from(&id);
        }
        let fault = Fault { id, rule: Arc::new(rule), sent: Arc::new(sent), number, began };
        self.faults.insert(0, fault.clone());
        self.counts.insert(0, Count::default());
        self.arrange();
        fault
    }

    pub(super) fn remove_fault(&mut self, id: &str) -> bool {
        let Some(at) = self.faults.iter().position(|fault| fault.id == id) else { return false };
        self.faults.remove(at);
        self.counts.remove(at);
        self.arrange();
        true
    }

    pub(super) fn remove_faults(&mut self) {
        self.counts.drain(..self.faults.len());
        self.faults.clear();
        self.arrange();
    }

    pub(super) fn take_snapshot(&self) -> Snapshot {
        Snapshot {
            scenario: Arc::clone(&self.scenario),
            taken: self.world.clock.now(),
            world: self.world.fork(),
            faults: self.faults.clone(),
            faults_added: self.faults_added,
            rules_began: self.rules_began,
            counts: self.counts.clone(),
        }
    }

    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        self.world = snapshot.world.fork();
        self.scenario = snapshot.scenario;
        self.faults = snapshot.faults;
        self.faults_added = snapshot.faults_added;
        self.rules_began = snapshot.rules_began;
        self.counts = snapshot.counts;
        self.arrange();
    }

    /// What was remembered, and what is under way, is of another state now.
    pub(super) fn turn_over(&mut self) {
        self.epoch += 1;
        self.version += 1;
    }

    /// Faults are asked first, the newest of them before the others; then the scenario's rules.
    fn arrange(&mut self) {
        let mut playlist = RuleSet::default();
        for fault in &self.faults {
            // Streams of faults are apart from those of the scenario's rules, which stay below.
            playlist.add(Arc::clone(&fault.rule), 0x80_0000 + (fault.number & 0x7f_ffff), fault.began);
        }
        playlist.add_all(&self.scenario.rules, self.rules_began);
        self.counts.resize(playlist.len(), Count::default());
        self.playlist = Arc::new(playlist);
        self.turn_over();
    }
}
