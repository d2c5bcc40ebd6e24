//! Builds a report from counts.

use std::collections::BTreeMap;

use super::model::{
    EffectCount, FieldCount, FirstOccurrence, LeadOutcomeCount, NotCollectedCount, OperationReport, ParameterCount,
    Report, ScenarioCount, StatusCount, Undocumented, UnmatchedRequest, VERSION, ViolationReport,
};
use crate::contract::violation::NOT_COLLECTED;
use crate::http::headers::QUERY_PREFERENCES;
use crate::recording::coverage::{CoverageCounts, CoverageTargets, FieldMatch, OperationCounts, OperationTargets};
use crate::scenario::library::ScenarioSummary;

/// The report of what was counted, compared with the targets of the contract. `sandbox` is `*` for all sandboxes.
#[must_use]
pub fn build(
    targets: &CoverageTargets,
    counts: &CoverageCounts,
    scenarios: &[ScenarioSummary],
    sandbox: &str,
) -> Report {
    let no_counts = OperationCounts::default();
    let operations = targets.operations.iter().enumerate();
    let operations = operations.map(|(index, targets)| {
        operation_report(targets, counts.operations.get(&index).map_or(&no_counts, |counts| &**counts))
    });
    let id = |index: usize| targets.operations.get(index).map(|operation| operation.id.clone());
    let violations = counts.violations.iter().map(|(kind, violation)| ViolationReport {
        operation: kind.operation.and_then(id),
        location: kind.location.clone(),
        code: kind.code.clone(),
        message: violation.message.clone(),
        rejected: violation.rejected,
        count: violation.count,
        first: FirstOccurrence { sandbox: violation.sandbox.to_string(), request: violation.number },
    });
    let unmatched = counts.unmatched.iter().map(|((method, path), count)| UnmatchedRequest {
        method: method.clone(),
        path: path.clone(),
        count: *count,
    });
    let mut report = Report {
        version: VERSION,
        mock: env!("CARGO_PKG_VERSION").to_owned(),
        sandbox: sandbox.to_owned(),
        operations: operations.collect(),
        scenarios: scenario_counts(counts, scenarios),
        violations: violations.collect(),
        unmatched: unmatched.collect(),
        effects: counts
            .effects
            .iter()
            .map(|(effect, count)| EffectCount { effect: effect.clone(), count: *count })
            .collect(),
        exchanges: counts.exchanges,
        violating: counts.violating,
        handled_by_mock: counts.handled_by_mock,
        compared: Some(counts.compared),
        overflow: counts.overflow,
        ..Report::default()
    };
    report.normalize();
    report
}

fn operation_report(targets: &OperationTargets, counts: &OperationCounts) -> OperationReport {
    let mut undocumented = Undocumented::default();
    let mut statuses: BTreeMap<u16, StatusCount> = targets
        .statuses
        .iter()
        .map(|(status, evidence)| (*status, StatusCount { status: *status, evidence: Some(*evidence), count: 0 }))
        .collect();
    for (status, count) in counts.statuses.iter() {
        match statuses.get_mut(status) {
            Some(known) => known.count = *count,
            None => undocumented.statuses.push(StatusCount { status: *status, evidence: None, count: *count }),
        }
    }
    let mut parameters: BTreeMap<&str, ParameterCount> = targets
        .parameters
        .iter()
        .map(|(name, evidence)| {
            (name.as_str(), ParameterCount { name: name.clone(), evidence: Some(*evidence), count: 0 })
        })
        .collect();
    // Preferences are for the mock, not for LeadConduit.
    for (name, count) in counts.parameters.iter().filter(|(name, _)| !QUERY_PREFERENCES.contains(&name.as_str())) {
        match parameters.get_mut(name.as_str()) {
            Some(known) => known.count = *count,
            None if targets.takes_any_parameter => {}
            None => undocumented.parameters.push(ParameterCount { name: name.clone(), evidence: None, count: *count }),
        }
    }
    let (fields, undocumented_fields) = field_counts(targets, counts);
    undocumented.fields = undocumented_fields;
    undocumented.not_collected = counts
        .not_collected
        .iter()
        .map(|(location, (message, count))| NotCollectedCount {
            location: location.clone(),
            code: NOT_COLLECTED.to_owned(),
            message: message.clone(),
            count: *count,
        })
        .collect();
    OperationReport {
        operation: targets.id.clone(),
        method: targets.method.clone(),
        path: targets.path.clone(),
        evidence: targets.evidence,
        calls: counts.statuses.values().sum(),
        statuses: statuses.into_values().collect(),
        parameters: parameters.into_values().collect(),
        fields,
        lead_outcomes: counts
            .lead_outcomes
            .iter()
            .map(|(outcome, count)| LeadOutcomeCount { outcome: (*outcome).to_owned(), count: *count })
            .collect(),
        undocumented,
    }
}

/// The documented fields, and the undocumented fields that were sent.
fn field_counts(targets: &OperationTargets, counts: &OperationCounts) -> (Vec<FieldCount>, Vec<FieldCount>) {
    let mut fields: BTreeMap<&str, FieldCount> = targets
        .fields
        .iter()
        .map(|(pointer, evidence)| {
            (pointer.as_str(), FieldCount { pointer: pointer.clone(), evidence: Some(*evidence), count: 0 })
        })
        .collect();
    let mut undocumented: BTreeMap<String, u64> = BTreeMap::new();
    for (pointer, count) in counts.fields.list() {
        let (kind, target) = targets.match_field(&pointer);
        match kind {
            FieldMatch::Documented => {
                if let Some(field) = fields.get_mut(target.as_str()) {
                    field.count += count;
                }
            }
            // Only the topmost undocumented name counts, not the fields below it.
            FieldMatch::Undocumented if target.split('/').count() == pointer.split('/').count() => {
                *undocumented.entry(target).or_default() += count;
            }
            FieldMatch::Undocumented | FieldMatch::Unconstrained => {}
        }
    }
    let undocumented = undocumented.into_iter().map(|(pointer, count)| FieldCount { pointer, evidence: None, count });
    (fields.into_values().collect(), undocumented.collect())
}

/// The listed scenarios, then those that were used and whose files have since been removed.
fn scenario_counts(counts: &CoverageCounts, scenarios: &[ScenarioSummary]) -> Vec<ScenarioCount> {
    let count = |name: &str| counts.scenarios.get(name).copied().unwrap_or_default();
    let listed = scenarios.iter().map(|listed| ScenarioCount {
        scenario: listed.name.clone(),
        built_in: listed.built_in,
        count: count(&listed.name),
    });
    let is_listed = |name: &str| scenarios.iter().any(|listed| listed.name == name);
    let removed = counts.scenarios.iter().filter(|(name, _)| !is_listed(name));
    listed
        .chain(removed.map(|(name, count)| ScenarioCount {
            scenario: name.to_string(),
            built_in: false,
            count: *count,
        }))
        .collect()
}
