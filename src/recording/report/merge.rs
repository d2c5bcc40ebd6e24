//! Merges reports: the result is the same as one server counting all requests. The order of reports does not matter. Where
//! their contracts differ, a target counts as documented when any of them documents it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::model::{
    EffectCount, FieldCount, LeadOutcomeCount, NotCollectedCount, OperationReport, ParameterCount, Report,
    ScenarioCount, StatusCount, UnmatchedRequest, VERSION, ViolationReport,
};
use crate::contract::Evidence;

/// Merges reports into one.
#[must_use]
pub fn merge(reports: Vec<Report>) -> Report {
    let mut reports = reports.into_iter();
    let mut merged = reports.next().unwrap_or_else(|| Report { version: VERSION, ..Report::default() });
    for report in reports {
        absorb(&mut merged, report);
    }
    merged.normalize();
    merged
}

fn absorb(mine: &mut Report, theirs: Report) {
    if mine.sandbox != theirs.sandbox {
        "*".clone_into(&mut mine.sandbox);
    }
    if mine.selection != theirs.selection {
        // The result has the operations of both.
        mine.selection = None;
    }
    mine.mock = versions(&mine.mock, &theirs.mock);
    mine.exchanges = mine.exchanges.saturating_add(theirs.exchanges);
    mine.handled_by_mock = mine.handled_by_mock.saturating_add(theirs.handled_by_mock);
    // A report that does not say how many were compared leaves it open for both.
    mine.compared = mine.compared.zip(theirs.compared).map(|(mine, theirs)| mine.saturating_add(theirs));
    mine.violating = mine.violating.saturating_add(theirs.violating);
    mine.overflow = mine.overflow.saturating_add(theirs.overflow);
    union(&mut mine.operations, theirs.operations);
    union(&mut mine.scenarios, theirs.scenarios);
    union(&mut mine.violations, theirs.violations);
    union(&mut mine.unmatched, theirs.unmatched);
    union(&mut mine.effects, theirs.effects);
    mine.expectations.extend(theirs.expectations);
    mine.expectations.sort();
}

/// The versions of the mock in both reports.
fn versions(mine: &str, theirs: &str) -> String {
    let mut all: Vec<&str> = mine.split(", ").chain(theirs.split(", ")).filter(|one| !one.is_empty()).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// An entry that several reports can have.
trait Mergeable {
    type Key: Ord;

    /// What identifies the entry.
    fn key(&self) -> Self::Key;

    /// Adds the same entry of another report.
    fn absorb(&mut self, other: Self);
}

/// An entry that a contract may document.
trait CoverageUnit: Mergeable {
    fn evidence(&mut self) -> &mut Option<Evidence>;
}

fn union<T: Mergeable>(mine: &mut Vec<T>, theirs: Vec<T>) {
    let mut all: BTreeMap<T::Key, T> = BTreeMap::new();
    for entry in std::mem::take(mine).into_iter().chain(theirs) {
        match all.entry(entry.key()) {
            Entry::Occupied(mut known) => known.get_mut().absorb(entry),
            Entry::Vacant(vacant) => drop(vacant.insert(entry)),
        }
    }
    mine.extend(all.into_values());
}

/// Merges both lists, then splits them again by whether an entry has evidence.
fn split_by_evidence<T: CoverageUnit>(documented: &mut Vec<T>, undocumented: &mut Vec<T>) {
    let both = std::mem::take(undocumented);
    union(documented, both);
    for mut unit in std::mem::take(documented) {
        if unit.evidence().is_some() { documented.push(unit) } else { undocumented.push(unit) }
    }
}

impl Mergeable for OperationReport {
    type Key = String;

    fn key(&self) -> String {
        self.operation.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.evidence = self.evidence.min(other.evidence);
        if (&other.path, &other.method) < (&self.path, &self.method) {
            (self.path, self.method) = (other.path, other.method);
        }
        let mine = &mut self.undocumented;
        mine.statuses.extend(other.undocumented.statuses);
        mine.parameters.extend(other.undocumented.parameters);
        mine.fields.extend(other.undocumented.fields);
        union(&mut mine.not_collected, other.undocumented.not_collected);
        union(&mut self.lead_outcomes, other.lead_outcomes);
        self.statuses.extend(other.statuses);
        self.parameters.extend(other.parameters);
        self.fields.extend(other.fields);
        split_by_evidence(&mut self.statuses, &mut mine.statuses);
        split_by_evidence(&mut self.parameters, &mut mine.parameters);
        split_by_evidence(&mut self.fields, &mut mine.fields);
    }
}

/// The stronger of two kinds of evidence.
fn stronger(mine: Option<Evidence>, theirs: Option<Evidence>) -> Option<Evidence> {
    [mine, theirs].into_iter().flatten().min()
}

macro_rules! unit {
    ($unit:ty, $name:ident: $type:ty) => {
        impl Mergeable for $unit {
            type Key = $type;

            fn key(&self) -> $type {
                self.$name.clone()
            }

            fn absorb(&mut self, other: Self) {
                self.count = self.count.saturating_add(other.count);
                self.evidence = stronger(self.evidence, other.evidence);
            }
        }

        impl CoverageUnit for $unit {
            fn evidence(&mut self) -> &mut Option<Evidence> {
                &mut self.evidence
            }
        }
    };
}

unit!(StatusCount, status: u16);
unit!(ParameterCount, name: String);
unit!(FieldCount, pointer: String);

impl Mergeable for ScenarioCount {
    type Key = String;

    fn key(&self) -> String {
        self.scenario.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.built_in |= other.built_in;
    }
}

impl Mergeable for ViolationReport {
    type Key = (Option<String>, String, String);

    fn key(&self) -> Self::Key {
        self.kind()
    }

    fn absorb(&mut self, other: Self) {
        let count = self.count.saturating_add(other.count);
        // Requests of different servers have no common order, as in `ViolationCount::merge`.
        if (&other.first, &other.message) < (&self.first, &self.message) {
            *self = other;
        }
        self.count = count;
    }
}

impl Mergeable for UnmatchedRequest {
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.method.clone(), self.path.clone())
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
    }
}

impl Mergeable for NotCollectedCount {
    type Key = String;

    fn key(&self) -> String {
        self.location.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        // The order of reports does not matter.
        self.message = std::mem::take(&mut self.message).min(other.message);
    }
}

impl Mergeable for LeadOutcomeCount {
    type Key = String;

    fn key(&self) -> String {
        self.outcome.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
    }
}

impl Mergeable for EffectCount {
    type Key = String;

    fn key(&self) -> String {
        self.effect.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
    }
}
