//! Selects the rule for a request, by counts, limits and probability.
//!
//! The selection is deterministic: it depends on the seed and the order of requests, never on wall-clock time.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::definition::{RateLimit, Rule, RuleList, Step, WorldChange};
use super::matcher::RuleContext;
use crate::scenario::language::TtlStart;
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
    /// The time of the first matching request.
    first_match: Option<Timestamp>,
    position: StepPosition,
    callers: BTreeMap<Arc<str>, u64>,
    windows: BTreeMap<Arc<str>, RateWindow>,
}

/// Where a rule is in its steps.
#[derive(Clone, Copy, Debug, Default)]
struct StepPosition {
    /// The index of the step.
    step: usize,
    /// The number of requests to which the step was applied.
    applied: u64,
    /// The time of the first of them.
    started_at: Option<Timestamp>,
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
    /// The seed and the number of the stream for templates.
    template_stream: (u64, u64),
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

    /// The random numbers of the templates of this match. They do not change the delay and the garbage.
    pub(super) fn template_rng(&self) -> SeededRng {
        let (seed, stream) = self.template_stream;
        SeededRng::nth(seed, Purpose::Templates, stream)
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
        let first_match = *counts.first_match.get_or_insert(context.now);
        let call = counts.matched;
        // Each matching request has its own random numbers, which do not depend on those of other requests.
        let stream = (self.rng_stream << 32) | (call & 0xffff_ffff);
        let mut rng = SeededRng::nth(seed, Purpose::Rules, stream);
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
        let ttl_start = match activation.ttl_from {
            TtlStart::Start => self.started_at,
            TtlStart::FirstMatch => first_match,
        };
        let is_alive = activation.ttl.is_none_or(|ttl| context.now.duration_since(ttl_start) < ttl);
        let is_exempt =
            call <= activation.after || (activation.succeed_first > 0 && calls_of_caller <= activation.succeed_first);
        let is_exhausted = activation.times.is_some_and(|times| counts.applied >= times);
        let retry_after = retry_after?;
        if !(chance_passed && is_in_range && is_alive) || is_exempt || is_exhausted {
            return None;
        }
        let step = rule.next_step(&mut counts.position, context.now)?;
        counts.applied += 1;
        let rule = Arc::clone(rule);
        let template_stream = (seed, stream);
        Some(RuleMatch { rule, call, retry_after, step, rng, template_stream, is_change_suppressed: false })
    }
}

impl Rule {
    /// The end of a rule that started at `start` and has counted these requests. `None` without an end, and before the
    /// first request if the time runs from there.
    #[must_use]
    pub fn ends(&self, start: Timestamp, counts: &RuleCounts) -> Option<Timestamp> {
        let ttl_start = match self.activation.ttl_from {
            TtlStart::Start => Some(start),
            TtlStart::FirstMatch => counts.first_match,
        };
        let by_ttl = self.activation.ttl.zip(ttl_start).and_then(|(ttl, start)| start.checked_add(ttl).ok());
        // The last step stays the last one after its end.
        let is_last = !self.repeat && counts.position.step + 1 >= self.steps.len();
        let lasts = self.steps.last().filter(|_| is_last).and_then(|step| step.lasts);
        let by_step = lasts.zip(counts.position.started_at).and_then(|(lasts, start)| start.checked_add(lasts).ok());
        [by_ttl, by_step, self.matcher.ends(start)].into_iter().flatten().min()
    }

    /// Whether a rule that started at `start` and has counted these requests is not applied to any later request.
    #[must_use]
    pub fn has_ended(&self, start: Timestamp, counts: &RuleCounts, now: Timestamp) -> bool {
        let position = counts.position;
        let is_used_up = |step: &Step| step.times.is_some_and(|times| position.applied >= times);
        let is_last_used_up = position.step + 1 == self.steps.len() && self.steps.last().is_some_and(is_used_up);
        self.ends(start, counts).is_some_and(|end| end <= now)
            || self.activation.times.is_some_and(|times| counts.applied >= times)
            || self.call.and_then(|range| range.to).is_some_and(|to| counts.matched >= to)
            || (!self.repeat && (position.step >= self.steps.len() || is_last_used_up))
    }

    /// The index of the step for the next request to which the rule is applied; `None` after the last step.
    fn next_step(&self, position: &mut StepPosition, now: Timestamp) -> Option<usize> {
        if position.step >= self.steps.len() && !self.repeat {
            return None;
        }
        let has_ended = |step: &Step, position: &StepPosition| {
            let is_used_up = step.times.is_some_and(|times| position.applied >= times);
            let is_over = |lasts| position.started_at.is_some_and(|start| now.duration_since(start) >= lasts);
            is_used_up || step.lasts.is_some_and(is_over)
        };
        // A step that has just begun has not ended, so that this is done once at most.
        if self.steps.get(position.step).is_none_or(|step| has_ended(step, position)) {
            let next = position.step.saturating_add(1);
            let step = if next >= self.steps.len() && self.repeat { 0 } else { next };
            // Where the time ended a rule, its end is still shown.
            let is_over = |step: &Step| step.lasts.is_some() && step.times.is_none_or(|times| position.applied < times);
            let ends_rule = next >= self.steps.len() && self.steps.get(position.step).is_some_and(is_over);
            let started_at = position.started_at.filter(|_| ends_rule && !self.repeat);
            *position = StepPosition { step, applied: 0, started_at };
        }
        self.steps.get(position.step)?;
        position.applied = position.applied.saturating_add(1);
        position.started_at.get_or_insert(now);
        Some(position.step)
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
