//! From counts to a document.

use std::collections::BTreeMap;

use super::document::{
    Deed, Document, Field, First, Operation, Parameter, Played, Status, Undocumented, Unmatched, VERSION, Violation,
};
use crate::recording::coverage::{Exercised, Known, Map, Subject, Tally};
use crate::scenario::library::Listed;

/// What was counted, held against what there is. `sandbox` is `*` for all of a run.
#[must_use]
pub fn build(map: &Map, tally: &Tally, scenarios: &[Listed], sandbox: &str) -> Document {
    let nothing = Exercised::default();
    let operations = map.subjects.iter().enumerate();
    let operations =
        operations.map(|(index, subject)| operation(subject, tally.operations.get(&index).unwrap_or(&nothing)));
    let name = |index: usize| map.subjects.get(index).map(|subject| subject.id.clone());
    let violations = tally.violations.iter().map(|(kind, seen)| Violation {
        operation: kind.operation.and_then(name),
        location: kind.location.clone(),
        code: kind.code.clone(),
        message: seen.message.clone(),
        refused: seen.refused,
        count: seen.times,
        first: First { sandbox: seen.sandbox.to_string(), request: seen.number },
    });
    let unmatched = tally.unmatched.iter().map(|((method, path), count)| Unmatched {
        method: method.clone(),
        path: path.clone(),
        count: *count,
    });
    let mut document = Document {
        version: VERSION,
        mock: env!("CARGO_PKG_VERSION").to_owned(),
        sandbox: sandbox.to_owned(),
        operations: operations.collect(),
        scenarios: played(tally, scenarios),
        violations: violations.collect(),
        unmatched: unmatched.collect(),
        deeds: tally.deeds.iter().map(|(deed, count)| Deed { deed: deed.clone(), count: *count }).collect(),
        exchanges: tally.exchanges,
        violating: tally.violating,
        untold: tally.untold,
        ..Document::default()
    };
    document.settle();
    document
}

fn operation(subject: &Subject, exercised: &Exercised) -> Operation {
    let mut undocumented = Undocumented::default();
    let mut statuses: BTreeMap<u16, Status> = subject
        .statuses
        .iter()
        .map(|(status, evidence)| (*status, Status { status: *status, evidence: Some(*evidence), count: 0 }))
        .collect();
    for (status, count) in &exercised.statuses {
        match statuses.get_mut(status) {
            Some(known) => known.count = *count,
            None => undocumented.statuses.push(Status { status: *status, evidence: None, count: *count }),
        }
    }
    let mut parameters: BTreeMap<&str, Parameter> = subject
        .parameters
        .iter()
        .map(|(name, evidence)| (name.as_str(), Parameter { name: name.clone(), evidence: Some(*evidence), count: 0 }))
        .collect();
    // Names that begin with two underscores speak to the mock, not to LeadConduit.
    for (name, count) in exercised.parameters.iter().filter(|(name, _)| !name.starts_with("__")) {
        match parameters.get_mut(name.as_str()) {
            Some(known) => known.count = *count,
            None => undocumented.parameters.push(Parameter { name: name.clone(), evidence: None, count: *count }),
        }
    }
    let (fields, unknown) = fields(subject, exercised);
    undocumented.fields = unknown;
    Operation {
        operation: subject.id.clone(),
        method: subject.method.clone(),
        path: subject.path.clone(),
        evidence: subject.evidence,
        calls: exercised.statuses.values().sum(),
        statuses: statuses.into_values().collect(),
        parameters: parameters.into_values().collect(),
        fields,
        undocumented,
    }
}

/// The documented fields, and those that were sent without being any.
fn fields(subject: &Subject, exercised: &Exercised) -> (Vec<Field>, Vec<Field>) {
    let mut fields: BTreeMap<&str, Field> = subject
        .fields
        .iter()
        .map(|(pointer, evidence)| {
            (pointer.as_str(), Field { pointer: pointer.clone(), evidence: Some(*evidence), count: 0 })
        })
        .collect();
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    for (pointer, count) in exercised.fields.list() {
        let (known, called) = subject.field(&pointer);
        match known {
            Known::Field => {
                if let Some(field) = fields.get_mut(called.as_str()) {
                    field.count += count;
                }
            }
            // What stands below an unknown name was sent with it.
            Known::No if called.split('/').count() == pointer.split('/').count() => {
                *unknown.entry(called).or_default() += count;
            }
            Known::No | Known::Open => {}
        }
    }
    let unknown = unknown.into_iter().map(|(pointer, count)| Field { pointer, evidence: None, count });
    (fields.into_values().collect(), unknown.collect())
}

/// The scenarios that there are, and those that were played before their files went away.
fn played(tally: &Tally, scenarios: &[Listed]) -> Vec<Played> {
    let count = |name: &str| tally.scenarios.get(name).copied().unwrap_or_default();
    let listed = scenarios.iter().map(|listed| Played {
        scenario: listed.name.clone(),
        built_in: listed.built_in,
        count: count(&listed.name),
    });
    let is_listed = |name: &str| scenarios.iter().any(|listed| listed.name == name);
    let gone = tally.scenarios.iter().filter(|(name, _)| !is_listed(name));
    listed
        .chain(gone.map(|(name, count)| Played { scenario: name.to_string(), built_in: false, count: *count }))
        .collect()
}
