//! Selects the rule for a request, by counts, limits and probability.
//!
//! The selection is deterministic: it depends on the seed and the order of requests, never on wall-clock time.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::definition::{RateLimit, Rule, RuleList, Step, WorldChange};
use super::matcher::RuleContext;
use crate::support::clock::Timestamp;
use crate::support::computation;
use crate::support::rng::{Purpose, SeededRng};

/// The work of matching a rule, in units of [`computation::spend`].
const MATCHING_UNITS: u32 = 16;

/// The most callers that a rule counts separately. Further ones share a count.
const CALLERS_MAX: usize = 4096;

/// Rules in the order of evaluation, each with its start and its random stream.
#[derive(Debug, Default)]
pub struct RuleSet(Vec<ActiveRule>);

#[derive(Clone, Debug)]
struct ActiveRule {
    rule: Arc<Rule>,
    /// The number of the rule's random stream.
    rng_stream: u64,
    started_at: Timestamp,
}

/// The requests that a rule has counted.
#[derive(Clone, Debug, Default)]
pub struct RuleCounts {
    /// The number of matching requests.
    pub matched: u64,
    /// The number of requests to which the rule was applied.
    pub applied: u64,
    callers: BTreeMap<Arc<str>, u64>,
    windows: BTreeMap<Arc<str>, RateWindow>,
}

#[derive(Clone, Copy, Debug)]
struct RateWindow {
    started_at: Timestamp,
    calls: u64,
}

/// A rule that was selected for a request.
#[derive(Debug)]
pub struct RuleMatch {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The number of the request among the matching ones, from 1.
    pub call: u64,
    /// The seconds until the rate limit allows the next request; 0 without a rate limit.
    pub retry_after: u64,
    step: usize,
    rng: SeededRng,
    is_change_suppressed: bool,
}

impl RuleMatch {
    /// What happens to the request.
    #[must_use]
    pub fn step(&self) -> &Step {
        // The index was found in the same list.
        &self.rule.steps[self.step]
    }

    /// A copy with the same random numbers, for a request whose steps run again.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { rule: Arc::clone(&self.rule), rng: self.rng.copy(), ..*self }
    }

    /// Suppresses the change of the world, for a rule that is applied to a single request only.
    pub fn suppress_change(&mut self) {
        self.is_change_suppressed = true;
    }

    /// The change of the world, if any.
    #[must_use]
    pub fn change(&self) -> Option<&WorldChange> {
        self.step().change.as_deref().filter(|_| !self.is_change_suppressed)
    }

    /// The random numbers of this match: the same for the same seed, rule and number of the request.
    pub(super) fn rng(&mut self) -> &mut SeededRng {
        &mut self.rng
    }
}

impl RuleSet {
    /// Adds the rules of a scenario that starts at `started_at`.
    pub fn add_all(&mut self, rules: &RuleList, started_at: Timestamp) {
        for rule in rules {
            // Derived from the name, so that rules inserted before this one do not change its random numbers.
            let rng_stream = u64::from(crc32fast::hash(rule.name.as_bytes()) & 0x7f_ffff);
            self.add(Arc::clone(rule), rng_stream, started_at);
        }
    }

    /// Adds a rule. `rng_stream` is the number of its random stream, which should differ between rules.
    pub fn add(&mut self, rule: Arc<Rule>, rng_stream: u64, started_at: Timestamp) {
        self.0.push(ActiveRule { rule, rng_stream, started_at });
    }

    /// The number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are gate rules (`gate`), or other rules.
    #[must_use]
    pub fn has_rules(&self, gate: bool) -> bool {
        self.0.iter().any(|active| active.rule.gate == gate)
    }

    /// The indexes of the gate rules (`gate`), or of the other rules, whose conditions match a request.
    #[must_use]
    pub fn find_matching(&self, gate: bool, context: &RuleContext<'_>) -> Vec<usize> {
        let matches = |active: &ActiveRule| {
            // The conditions of a rule can search the whole body, so that each rule checks the time.
            computation::spend(MATCHING_UNITS);
            active.rule.gate == gate && active.rule.matcher.matches(context, active.started_at)
        };
        self.0.iter().enumerate().filter(|(_, active)| matches(active)).map(|(index, _)| index).collect()
    }

    /// Selects the first of the matching rules that applies to the request. The rules before it count the request too;
    /// those after it do not.
    pub fn select(
        &self,
        matching: &[usize],
        counts: &mut [RuleCounts],
        context: &RuleContext<'_>,
        seed: u64,
    ) -> Option<RuleMatch> {
        matching.iter().find_map(|index| self.0.get(*index)?.select(counts.get_mut(*index)?, context, seed))
    }
}

impl ActiveRule {
    fn select(&self, counts: &mut RuleCounts, context: &RuleContext<'_>, seed: u64) -> Option<RuleMatch> {
        let rule = &self.rule;
        let activation = &rule.activation;
        counts.matched += 1;
        let call = counts.matched;
        // Each matching request has its own random numbers, which do not depend on those of other requests.
        let mut rng = SeededRng::nth(seed, Purpose::Rules, (self.rng_stream << 32) | (call & 0xffff_ffff));
        let chance_passed = rng.rng().random::<f64>() < activation.probability;
        let is_in_range = rule.call.is_none_or(|range| {
            call >= range.from
                && range.to.is_none_or(|to| call <= to)
                && (call - range.from).is_multiple_of(range.every)
        });
        let retry_after = match rule.rate {
            None => Some(0),
            Some(rate) => counts.count_in_window(rate, context),
        };
        let calls_of_caller = if activation.succeed_first > 0 { counts.count_caller(context) } else { 0 };
        let is_alive = activation.ttl.is_none_or(|ttl| context.now.duration_since(self.started_at) < ttl);
        let is_exempt =
            call <= activation.after || (activation.succeed_first > 0 && calls_of_caller <= activation.succeed_first);
        let is_exhausted = activation.times.is_some_and(|times| counts.applied >= times);
        let retry_after = retry_after?;
        if !(chance_passed && is_in_range && is_alive) || is_exempt || is_exhausted {
            return None;
        }
        let step = rule.step_for(counts.applied)?;
        counts.applied += 1;
        Some(RuleMatch { rule: Arc::clone(rule), call, retry_after, step, rng, is_change_suppressed: false })
    }
}

impl Rule {
    /// The index of the step for the request to which the rule is applied as the n-th, from 0; `None` after the last.
    fn step_for(&self, applied: u64) -> Option<usize> {
        let length = self.steps.iter().try_fold(0u64, |sum, step| step.times.map(|times| sum.saturating_add(times)));
        let Some(length) = length else { return Some(0) };
        let mut rest = if self.repeat { applied % length.max(1) } else { applied };
        for (index, step) in self.steps.iter().enumerate() {
            let times = step.times.unwrap_or(u64::MAX);
            if rest < times {
                return Some(index);
            }
            rest -= times;
        }
        None
    }
}

impl RuleCounts {
    /// Counts a request of a caller, and returns the number of its requests.
    fn count_caller(&mut self, context: &RuleContext<'_>) -> u64 {
        let key = counter_key(&self.callers, context.key.unwrap_or_default());
        let count = self.callers.entry(key).or_default();
        *count += 1;
        *count
    }

    /// Counts a request in its window. If it exceeds the limit, returns the seconds until the next window.
    fn count_in_window(&mut self, rate: RateLimit, context: &RuleContext<'_>) -> Option<u64> {
        let key = counter_key(&self.windows, if rate.per_key { context.key.unwrap_or_default() } else { "" });
        let window = self.windows.entry(key).or_insert(RateWindow { started_at: context.now, calls: 0 });
        let elapsed = context.now.duration_since(window.started_at);
        if elapsed >= rate.within || elapsed.is_negative() {
            *window = RateWindow { started_at: context.now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        if window.calls <= rate.calls {
            return None;
        }
        let left = rate.within - context.now.duration_since(window.started_at);
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        Some(u64::try_from(seconds).unwrap_or(0).max(1))
    }
}

/// The key under which a caller is counted.
fn counter_key<T>(known: &BTreeMap<Arc<str>, T>, key: &str) -> Arc<str> {
    match known.get_key_value(key) {
        Some((key, _)) => Arc::clone(key),
        None if known.len() >= CALLERS_MAX => "(others)".into(),
        None => key.into(),
    }
}
