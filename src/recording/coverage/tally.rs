//! The counts behind coverage, verdicts and metrics. They are kept apart from the journal, which forgets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Fields;
use crate::recording::journal::{AnsweredBy, Exchange};

/// How many kinds of violations, and of requests that met nothing, are told apart.
const KINDS_MAX: usize = 1000;

/// How many names of query parameters are told apart for one operation.
const PARAMETERS_MAX: usize = 200;

/// How much of a path that met nothing is kept.
const PATH_CHARS_MAX: usize = 200;

/// How much of a name, a place or a message is kept: each may be as long as the request that it quotes.
const TEXT_CHARS_MAX: usize = 300;

/// What has happened, counted. Merging two tallies is what counting both would have been.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many exchanges there were.
    pub exchanges: u64,
    /// How many of them had violations.
    pub violating: u64,
    /// By the operation's place in the contract.
    pub operations: BTreeMap<usize, Exercised>,
    /// Exchanges that met no operation: their statuses and times.
    pub strays: Exercised,
    /// How many exchanges met nothing at all.
    pub lost: u64,
    /// Exchanges by the scenario that was played.
    pub scenarios: BTreeMap<Arc<str>, u64>,
    /// Requests that met nothing, by method and path.
    pub unmatched: BTreeMap<(String, String), u64>,
    /// Violations by what they are.
    pub violations: BTreeMap<Kind, Seen>,
    /// What rules did, by the deed without its numbers: `status`, `delay`, the name of a fault.
    pub deeds: BTreeMap<String, u64>,
    /// How many kinds did not find room.
    pub untold: u64,
}

/// What was exercised of one operation.
#[derive(Clone, Debug, Default)]
pub struct Exercised {
    /// Replies by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests by the name of a query parameter that they had.
    pub parameters: BTreeMap<String, u64>,
    /// What bodies had in them.
    pub fields: Fields,
    /// How long the mock worked.
    pub times: Times,
}

/// One kind of violation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The operation's place in the contract.
    pub operation: Option<usize>,
    /// Where it is, with `*` in the place of positions in lists.
    pub location: String,
    /// What was broken.
    pub code: String,
}

/// How often there was a kind of violation.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How often.
    pub times: u64,
    /// The words of the first.
    pub message: String,
    /// Whether the request was refused for it.
    pub refused: bool,
    /// The sandbox of the first.
    pub sandbox: Arc<str>,
    /// The number of the first request in it.
    pub number: u64,
}

impl Seen {
    /// Sandboxes have no common order of requests: the first is the one in the sandbox whose name comes first.
    fn merge(&mut self, other: &Self) {
        let times = self.times.saturating_add(other.times);
        let place = |seen: &Self| (Arc::clone(&seen.sandbox), seen.number);
        if place(other) < place(self) {
            *self = other.clone();
        }
        self.times = times;
    }
}

/// How long things took: a histogram.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// How many took up to each of [`Times::BOUNDS_US`], and how many longer; not cumulative.
    pub buckets: [u64; Self::BOUNDS_US.len() + 1],
    /// All together, in microseconds.
    pub sum_us: u64,
}

impl Times {
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

impl Exercised {
    fn merge(&mut self, other: &Self) {
        add_up(&mut self.statuses, &other.statuses);
        add_up(&mut self.parameters, &other.parameters);
        self.fields.merge(&other.fields);
        self.times.merge(&other.times);
    }
}

impl Tally {
    /// Counts an exchange, with the query and the body that the contract was held against.
    pub fn count(&mut self, sandbox: &Arc<str>, exchange: &Exchange, query: &[(String, String)], body: &Value) {
        self.exchanges += 1;
        if let Some(scenario) = &exchange.scenario {
            match self.scenarios.get_mut(&*scenario.name) {
                Some(times) => *times += 1,
                None => drop(self.scenarios.insert(scenario.name.as_str().into(), 1)),
            }
        }
        if let Some(index) = exchange.operation_index() {
            let exercised = self.operations.entry(index).or_default();
            *exercised.statuses.entry(exchange.status).or_default() += 1;
            exercised.times.add(exchange.took_us);
            for (name, _) in query {
                let name = beginning(name);
                if let Some(times) = exercised.parameters.get_mut(name) {
                    *times += 1;
                } else if exercised.parameters.len() < PARAMETERS_MAX {
                    exercised.parameters.insert(name.to_owned(), 1);
                } else {
                    self.untold += 1;
                }
            }
            exercised.fields.see(body);
        } else {
            *self.strays.statuses.entry(exchange.status).or_default() += 1;
            self.strays.times.add(exchange.took_us);
        }
        if exchange.met == AnsweredBy::Nothing {
            self.lost += 1;
            let path: String = exchange.path().chars().take(PATH_CHARS_MAX).collect();
            let kind = (exchange.method.to_string(), path);
            add(&mut self.unmatched, kind, &mut self.untold, |times| *times += 1, || 1);
        }
        if !exchange.violations.is_empty() {
            self.violating += 1;
        }
        for violation in &exchange.violations {
            let kind = Kind {
                operation: exchange.operation_index(),
                location: without_positions(beginning(&violation.location)),
                code: violation.code.clone(),
            };
            let first = || Seen {
                times: 1,
                message: beginning(&violation.message).to_owned(),
                refused: violation.refused_with.is_some_and(|status| status == exchange.status),
                sandbox: Arc::clone(sandbox),
                number: exchange.number,
            };
            add(&mut self.violations, kind, &mut self.untold, |seen| seen.times += 1, first);
        }
        for deed in exchange.spoken.iter().flat_map(|spoken| &spoken.deeds) {
            let kind = deed.split('=').next().unwrap_or_default();
            match self.deeds.get_mut(kind) {
                Some(times) => *times += 1,
                None => drop(self.deeds.insert(kind.to_owned(), 1)),
            }
        }
    }

    /// Adds what others have counted.
    pub fn merge(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        self.violating += other.violating;
        self.untold += other.untold;
        for (index, theirs) in &other.operations {
            self.operations.entry(*index).or_default().merge(theirs);
        }
        self.strays.merge(&other.strays);
        self.lost += other.lost;
        add_up(&mut self.scenarios, &other.scenarios);
        add_up(&mut self.deeds, &other.deeds);
        for (kind, times) in &other.unmatched {
            add(&mut self.unmatched, kind.clone(), &mut self.untold, |mine| *mine += times, || *times);
        }
        for (kind, seen) in &other.violations {
            add(&mut self.violations, kind.clone(), &mut self.untold, |mine| mine.merge(seen), || seen.clone());
        }
    }
}

fn add_up<K: Clone + Ord>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (kind, times) in theirs {
        *mine.entry(kind.clone()).or_default() += times;
    }
}

/// Counts a kind that is known, or one more while there is room.
fn add<K: Ord, V>(
    kinds: &mut BTreeMap<K, V>,
    kind: K,
    untold: &mut u64,
    again: impl FnOnce(&mut V),
    first: impl FnOnce() -> V,
) {
    let room = kinds.len() < KINDS_MAX;
    match kinds.get_mut(&kind) {
        Some(known) => again(known),
        None if room => drop(kinds.insert(kind, first())),
        None => *untold += 1,
    }
}

/// The part of a text that is kept.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

/// A pointer with `*` for every position in a list, so that the same mistake in two items is one kind.
fn without_positions(location: &str) -> String {
    let parts = location.split('/');
    parts.map(|part| if part.parse::<u32>().is_ok() { "*" } else { part }).collect::<Vec<_>>().join("/")
}
