//! The counts behind coverage, reports and metrics. They are separate from the journal, which drops old exchanges.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::fields::FieldCounts;
use super::sorted_map::SortedMap;
use crate::contract::violation::NOT_COLLECTED;
use crate::recording::journal::{ContractCheck, Exchange, ResponseSource};

/// The most distinct violations, and the most distinct unmatched requests.
const KINDS_MAX: usize = 1000;

/// The most distinct query parameters of one operation.
const PARAMETERS_MAX: usize = 200;

/// Longer paths of unmatched requests are truncated.
const PATH_CHARS_MAX: usize = 200;

/// Longer names, locations and messages are truncated: each can be as long as the request that it quotes.
const TEXT_CHARS_MAX: usize = 300;

/// Counts of exchanges. Merging two counts gives the same as counting all their exchanges in one.
#[derive(Clone, Debug, Default)]
pub struct CoverageCounts {
    /// The number of exchanges.
    pub exchanges: u64,
    /// The number of exchanges with violations.
    pub violating: u64,
    /// The number of exchanges that the mock itself handled: CORS preflights, and what browsers request on their own.
    pub handled_by_mock: u64,
    /// The number of exchanges whose requests were compared with the contract.
    pub compared: u64,
    /// By the operation's index in the contract.
    pub operations: SortedMap<usize, Box<OperationCounts>>,
    /// Statuses and durations of exchanges without an operation.
    pub no_operation: OperationCounts,
    /// The number of exchanges that are unmatched: no operation, no rule and no part of the mock itself handled them.
    pub unmatched_total: u64,
    /// Exchanges by scenario.
    pub scenarios: SortedMap<Arc<str>, u64>,
    /// Unmatched requests by method and path.
    pub unmatched: BTreeMap<(String, String), u64>,
    /// Violations by kind.
    pub violations: SortedMap<ViolationKind, ViolationCount>,
    /// Effects of rules and faults, without their numbers: `status`, `delay`, the name of a fault.
    pub effects: BTreeMap<String, u64>,
    /// The number of violations, paths and parameters beyond the limits.
    pub overflow: u64,
}

/// The counts of one operation.
#[derive(Clone, Debug, Default)]
pub struct OperationCounts {
    /// Responses by status.
    pub statuses: SortedMap<u16, u64>,
    /// Requests by name of query parameter.
    pub parameters: BTreeMap<String, u64>,
    /// Fields of request bodies.
    pub fields: FieldCounts,
    /// Submissions and pings by their outcome.
    pub lead_outcomes: SortedMap<&'static str, u64>,
    /// Parameters that no field of a flow collects, by location: the first message, and the number of requests.
    pub not_collected: BTreeMap<String, (String, u64)>,
    /// Processing times.
    pub durations: DurationHistogram,
}

/// One kind of violation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViolationKind {
    /// The operation's index in the contract; `None` without an operation.
    pub operation: Option<usize>,
    /// The pointer into the request, with `*` for positions in lists.
    pub location: String,
    /// The code of the rule that was broken.
    pub code: String,
}

impl ViolationKind {
    /// As `cmp`, with the parts of another kind.
    fn compare(&self, operation: Option<usize>, location: &str, code: &str) -> Ordering {
        self.operation
            .cmp(&operation)
            .then_with(|| self.location.as_str().cmp(location))
            .then_with(|| self.code.as_str().cmp(code))
    }
}

/// The count of a kind of violation, with its first occurrence.
#[derive(Clone, Debug)]
pub struct ViolationCount {
    /// The number of occurrences.
    pub count: u64,
    /// The message of the first.
    pub message: String,
    /// Whether the request was rejected for it.
    pub rejected: bool,
    /// The sandbox of the first request.
    pub sandbox: Arc<str>,
    /// The number of the first request.
    pub number: u64,
}

impl ViolationCount {
    /// Requests of different sandboxes have no common order: the sandbox whose name sorts first has the first one.
    fn merge(&mut self, other: &Self) {
        let count = self.count.saturating_add(other.count);
        let position = |violation: &Self| (Arc::clone(&violation.sandbox), violation.number);
        if position(other) < position(self) {
            *self = other.clone();
        }
        self.count = count;
    }
}

/// A histogram of processing times.
#[derive(Clone, Debug, Default)]
pub struct DurationHistogram {
    /// The number of durations up to each of [`DurationHistogram::BOUNDS_US`], and above the last; not cumulative.
    pub buckets: [u64; Self::BOUNDS_US.len() + 1],
    /// The sum, in microseconds.
    pub sum_us: u64,
}

impl DurationHistogram {
    /// The upper bounds of the buckets, in microseconds.
    pub const BOUNDS_US: [u64; 10] = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 100_000];

    fn add(&mut self, us: u64) {
        let bucket = Self::BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(Self::BOUNDS_US.len());
        self.buckets[bucket] += 1;
        self.sum_us = self.sum_us.saturating_add(us);
    }

    fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }
}

impl OperationCounts {
    fn merge(&mut self, other: &Self) {
        add_sorted_counts(&mut self.statuses, &other.statuses);
        add_counts(&mut self.parameters, &other.parameters);
        self.fields.merge(&other.fields);
        add_sorted_counts(&mut self.lead_outcomes, &other.lead_outcomes);
        for (location, (message, count)) in &other.not_collected {
            let known = self.not_collected.entry(location.clone()).or_insert_with(|| (message.clone(), 0));
            known.1 += count;
            // The order of counts does not matter.
            if *message < known.0 {
                known.0.clone_from(message);
            }
        }
        self.durations.merge(&other.durations);
    }
}

impl CoverageCounts {
    /// Counts an exchange; `query` and `body` are as the contract validated them.
    pub fn count(&mut self, sandbox: &Arc<str>, exchange: &Exchange, query: &[(String, String)], body: &Value) {
        self.exchanges += 1;
        self.handled_by_mock += u64::from(exchange.response_source == ResponseSource::Mock);
        self.compared += u64::from(exchange.contract_check == ContractCheck::Done);
        if let Some(scenario) = &exchange.scenario {
            match self.scenarios.get_mut(&*scenario.name) {
                Some(count) => *count += 1,
                None => *self.scenarios.get_or_default(scenario.name.as_str().into()) += 1,
            }
        }
        if let Some(index) = exchange.operation_index() {
            let counts = self.operations.get_or_default(index);
            *counts.statuses.get_or_default(exchange.status) += 1;
            counts.durations.add(exchange.duration_us);
            for (name, _) in query {
                let name = truncate(name);
                if let Some(count) = counts.parameters.get_mut(name) {
                    *count += 1;
                } else if counts.parameters.len() < PARAMETERS_MAX {
                    counts.parameters.insert(name.to_owned(), 1);
                } else {
                    self.overflow += 1;
                }
            }
            counts.fields.count_body(body);
        } else {
            *self.no_operation.statuses.get_or_default(exchange.status) += 1;
            self.no_operation.durations.add(exchange.duration_us);
        }
        if exchange.is_unmatched() {
            self.unmatched_total += 1;
            let path: String = exchange.path().chars().take(PATH_CHARS_MAX).collect();
            let kind = (exchange.method.to_string(), path);
            add(&mut self.unmatched, kind, &mut self.overflow, |count| *count += 1, || 1);
        }
        if exchange.breaks_contract() {
            self.violating += 1;
        }
        self.count_lead(exchange);
        for violation in exchange.contract_violations() {
            let (operation, location) = (exchange.operation_index(), without_positions(truncate(&violation.location)));
            let is_kind = |kind: &ViolationKind| kind.compare(operation, &location, &violation.code);
            if let Some(known) = self.violations.get_mut_by(is_kind) {
                known.count += 1;
                continue;
            }
            let kind = ViolationKind { operation, location: location.into_owned(), code: violation.code.clone() };
            let first = ViolationCount {
                count: 1,
                message: truncate(&violation.message).to_owned(),
                rejected: violation.rejected_with.is_some_and(|status| status == exchange.status),
                sandbox: Arc::clone(sandbox),
                number: exchange.number,
            };
            self.add_violation(kind, first);
        }
        for effect in exchange.applied_rules.iter().flat_map(|rule| &rule.effects) {
            let kind = effect.split('=').next().unwrap_or_default();
            match self.effects.get_mut(kind) {
                Some(count) => *count += 1,
                None => drop(self.effects.insert(kind.to_owned(), 1)),
            }
        }
    }

    /// Counts the outcome of a lead, and the parameters that no field collects.
    fn count_lead(&mut self, exchange: &Exchange) {
        let Some(index) = exchange.operation_index() else { return };
        let counts = self.operations.get_or_default(index);
        if let Some(lead) = &exchange.lead {
            *counts.lead_outcomes.get_or_default(lead.outcome) += 1;
        }
        for finding in exchange.violations.iter().filter(|finding| finding.code == NOT_COLLECTED) {
            let location = without_positions(truncate(&finding.location));
            if let Some((_, count)) = counts.not_collected.get_mut(&*location) {
                *count += 1;
            } else if counts.not_collected.len() < PARAMETERS_MAX {
                counts.not_collected.insert(location.into_owned(), (truncate(&finding.message).to_owned(), 1));
            } else {
                self.overflow += 1;
            }
        }
    }

    /// Adds other counts.
    pub fn merge(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        self.violating += other.violating;
        self.handled_by_mock += other.handled_by_mock;
        self.compared += other.compared;
        self.overflow += other.overflow;
        for (index, theirs) in other.operations.iter() {
            self.operations.get_or_default(*index).merge(theirs);
        }
        self.no_operation.merge(&other.no_operation);
        self.unmatched_total += other.unmatched_total;
        add_sorted_counts(&mut self.scenarios, &other.scenarios);
        add_counts(&mut self.effects, &other.effects);
        for (kind, count) in &other.unmatched {
            add(&mut self.unmatched, kind.clone(), &mut self.overflow, |known| *known += count, || *count);
        }
        for (kind, violation) in other.violations.iter() {
            match self.violations.get_mut(kind) {
                Some(known) => known.merge(violation),
                None => self.add_violation(kind.clone(), violation.clone()),
            }
        }
    }

    /// Adds a new kind of violation below the limit; beyond it only `overflow` counts.
    fn add_violation(&mut self, kind: ViolationKind, first: ViolationCount) {
        if self.violations.len() < KINDS_MAX {
            self.violations.insert(kind, first);
        } else {
            self.overflow += 1;
        }
    }
}

fn add_counts<K: Clone + Ord>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (kind, count) in theirs {
        *mine.entry(kind.clone()).or_default() += count;
    }
}

fn add_sorted_counts<K: Clone + Ord>(mine: &mut SortedMap<K, u64>, theirs: &SortedMap<K, u64>) {
    for (kind, count) in theirs.iter() {
        *mine.get_or_default(kind.clone()) += count;
    }
}

/// Updates a known kind, or inserts a new one below the limit; beyond it only `overflow` counts.
fn add<K: Ord, V>(
    kinds: &mut BTreeMap<K, V>,
    kind: K,
    overflow: &mut u64,
    update: impl FnOnce(&mut V),
    first: impl FnOnce() -> V,
) {
    let has_room = kinds.len() < KINDS_MAX;
    match kinds.get_mut(&kind) {
        Some(known) => update(known),
        None if has_room => drop(kinds.insert(kind, first())),
        None => *overflow += 1,
    }
}

/// The text, truncated to `TEXT_CHARS_MAX`.
fn truncate(text: &str) -> &str {
    if text.len() <= TEXT_CHARS_MAX {
        return text;
    }
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

/// A pointer with `*` for every position in a list, so that the same violation in two items is one kind.
fn without_positions(location: &str) -> Cow<'_, str> {
    let begins_number = |byte: u8| byte.is_ascii_digit() || byte == b'+';
    if !location.bytes().any(begins_number) {
        return Cow::Borrowed(location);
    }
    let is_position = |part: &str| part.bytes().next().is_some_and(begins_number) && part.parse::<u32>().is_ok();
    if !location.split('/').any(is_position) {
        return Cow::Borrowed(location);
    }
    let parts = location.split('/');
    parts.map(|part| if is_position(part) { "*" } else { part }).collect::<Vec<_>>().join("/").into()
}
