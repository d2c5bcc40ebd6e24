//! Whether it is a request's turn: counts, limits and seeded chance. The same requests in the same order get the same
//! answer, whatever the time between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::matcher::Asked;
use super::{Rule, RuleList, Step, WorldChange};
use crate::support::clock::Timestamp;
use crate::support::rng::{Purpose, SeededRng};

/// How many callers a rule counts apart; further ones are counted together.
const CALLERS_MAX: usize = 4096;

/// Rules in the order in which they are asked, each with what it was born with.
#[derive(Debug, Default)]
pub struct RuleSet(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    rule: Arc<Rule>,
    /// The number of the rule's stream of chance.
    stream: u64,
    /// When it came to life.
    began: Timestamp,
}

/// What a rule has seen so far.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many requests matched.
    pub matched: u64,
    /// How often it spoke.
    pub played: u64,
    callers: BTreeMap<Arc<str>, u64>,
    windows: BTreeMap<Arc<str>, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    calls: u64,
}

/// A rule that speaks to a request.
#[derive(Debug)]
pub struct RuleMatch {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The number of the request among those that matched, from 1.
    pub call: u64,
    /// In how many seconds a limit allows the next request.
    pub retry_after: u64,
    step: usize,
    chance: SeededRng,
    /// Whether what it does to the world is left out.
    changes_nothing: bool,
}

impl RuleMatch {
    /// What happens.
    #[must_use]
    pub fn step(&self) -> &Step {
        // The index was found in the same list.
        &self.rule.steps[self.step]
    }

    /// Leaves out what it does to the world: the turn is for one request only.
    pub fn change_nothing(&mut self) {
        self.changes_nothing = true;
    }

    /// What it does to the world, if anything.
    #[must_use]
    pub fn change(&self) -> Option<&WorldChange> {
        self.step().change.as_deref().filter(|_| !self.changes_nothing)
    }

    /// The chance of this turn: the same for the same seed, rule and number of the request.
    pub fn chance(&mut self) -> &mut SeededRng {
        &mut self.chance
    }
}

impl RuleSet {
    /// Adds the rules of a scenario that begins now.
    pub fn add_all(&mut self, rules: &RuleList, began: Timestamp) {
        for rule in rules {
            // From the name, so that a rule keeps its luck when others are written before it.
            let stream = u64::from(crc32fast::hash(rule.name.as_bytes()) & 0x7f_ffff);
            self.add(Arc::clone(rule), stream, began);
        }
    }

    /// Adds one rule; `stream` tells its chance from that of all others.
    pub fn add(&mut self, rule: Arc<Rule>, stream: u64, began: Timestamp) {
        self.0.push(Entry { rule, stream, began });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a rule that speaks before LeadConduit looks at a request, or one that speaks after.
    #[must_use]
    pub fn has(&self, gate: bool) -> bool {
        self.0.iter().any(|entry| entry.rule.gate == gate)
    }

    /// Which rules a request matches; whose turn it is follows from what they have counted.
    #[must_use]
    pub fn matching(&self, gate: bool, asked: &Asked<'_>) -> Vec<usize> {
        let fits = |entry: &Entry| entry.rule.gate == gate && entry.rule.when.fits(asked, entry.began);
        self.0.iter().enumerate().filter(|(_, entry)| fits(entry)).map(|(at, _)| at).collect()
    }

    /// The first of the matching rules whose turn it is. All that are asked count the request.
    pub fn turn(&self, matching: &[usize], counts: &mut [Count], asked: &Asked<'_>, seed: u64) -> Option<RuleMatch> {
        matching.iter().find_map(|at| self.0.get(*at)?.turn(counts.get_mut(*at)?, asked, seed))
    }
}

impl Entry {
    fn turn(&self, count: &mut Count, asked: &Asked<'_>, seed: u64) -> Option<RuleMatch> {
        let rule = &self.rule;
        count.matched += 1;
        let call = count.matched;
        // Drawn for each matching request, so that the n-th meets the same chance whatever the others met.
        let mut chance = SeededRng::nth(seed, Purpose::Rules, (self.stream << 32) | (call & 0xffff_ffff));
        let chance_passed = chance.rng().random::<f64>() < rule.turns.probability;
        let in_range = rule.call.is_none_or(|calls| {
            call >= calls.from
                && calls.to.is_none_or(|to| call <= to)
                && (call - calls.from).is_multiple_of(calls.every)
        });
        let retry_after = match rule.rate {
            None => Some(0),
            Some(rate) => count.beyond(rate, asked),
        };
        let own = if rule.turns.succeed_first > 0 { count.of_caller(asked) } else { 0 };
        let alive = rule.turns.ttl.is_none_or(|ttl| asked.now.duration_since(self.began) < ttl);
        let spared = call <= rule.turns.after || (rule.turns.succeed_first > 0 && own <= rule.turns.succeed_first);
        let used_up = rule.turns.times.is_some_and(|times| count.played >= times);
        let retry_after = retry_after?;
        if !(chance_passed && in_range && alive) || spared || used_up {
            return None;
        }
        let step = rule.step_for(count.played)?;
        count.played += 1;
        Some(RuleMatch { rule: Arc::clone(rule), call, retry_after, step, chance, changes_nothing: false })
    }
}

impl Rule {
    /// The step for the rule's n-th turn, from 0; `None` when the steps are over.
    fn step_for(&self, turn: u64) -> Option<usize> {
        let length = self.steps.iter().try_fold(0u64, |sum, step| step.times.map(|times| sum.saturating_add(times)));
        let Some(length) = length else { return Some(0) };
        let mut rest = if self.repeat { turn % length.max(1) } else { turn };
        for (at, step) in self.steps.iter().enumerate() {
            let times = step.times.unwrap_or(u64::MAX);
            if rest < times {
                return Some(at);
            }
            rest -= times;
        }
        None
    }
}

impl Count {
    fn of_caller(&mut self, asked: &Asked<'_>) -> u64 {
        let name = name_in(&self.callers, asked.key.unwrap_or_default());
        let own = self.callers.entry(name).or_default();
        *own += 1;
        *own
    }

    /// In how many seconds the next request is allowed, when this one is beyond the limit.
    fn beyond(&mut self, rate: super::Rate, asked: &Asked<'_>) -> Option<u64> {
        let name = name_in(&self.windows, if rate.per_key { asked.key.unwrap_or_default() } else { "" });
        let window = self.windows.entry(name).or_insert(Window { began: asked.now, calls: 0 });
        let passed = asked.now.duration_since(window.began);
        if passed >= rate.within || passed.is_negative() {
            *window = Window { began: asked.now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        if window.calls <= rate.calls {
            return None;
        }
        let left = rate.within - asked.now.duration_since(window.began);
        let whole = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        Some(u64::try_from(whole).unwrap_or(0).max(1))
    }
}

/// The name that a caller is counted under.
fn name_in<T>(known: &BTreeMap<Arc<str>, T>, key: &str) -> Arc<str> {
    match known.get_key_value(key) {
        Some((name, _)) => Arc::clone(name),
        None if known.len() >= CALLERS_MAX => "(others)".into(),
        None => key.into(),
    }
}
