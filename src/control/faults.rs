//! Faults: rules that are added while the server runs.

use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, created, no_content, not_found, ok, too_many};
use crate::contract::problem::Problem;
use crate::sandbox::{FAULTS_MAX, FaultStatus};
use crate::scenario::language::RuleSpec;
use crate::scenario::rule::schedule::RuleCounts;
use crate::scenario::rule::{Rule, ValidationMode};
use crate::support::clock::{Timestamp, format_timestamp};

pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    let now = call.sandbox.clock().now();
    let list: Vec<Value> = call.sandbox.faults().iter().map(|status| fault_json(status, now)).collect();
    let total = list.len();
    Ok(ok(&json!({"faults": list, "meta": {"total": total}})))
}

pub(super) fn add(call: &ControlCall<'_>) -> ControlResult {
    let source = body::read(call)?;
    let spec = RuleSpec::parse(&source).map_err(|diagnostic| body::invalid(&[diagnostic]))?;
    let sent: Value = body::parse_source(&source)?;
    let rule = Rule::new(&spec, 0, &call.app.contract, ValidationMode::Full).map_err(|errors| {
        let listed = errors.into_iter().take(source.diagnostics_max());
        let diagnostics: Vec<_> = listed.map(|error| error.in_file(&source, "")).collect();
        body::invalid(&diagnostics)
    })?;
    let fault = call
        .sandbox
        .add_fault(rule, sent)
        .ok_or_else(|| too_many(format!("the limit of {FAULTS_MAX} faults is reached; remove some first")))?;
    call.sandbox.publish("fault", || json!({"id": fault.id, "name": fault.rule.name, "added": true}));
    let added_at = fault.added_at;
    Ok(created(&fault_json(&FaultStatus { fault, count: RuleCounts::default() }, added_at)))
}

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let (list, now) = (call.sandbox.faults(), call.sandbox.clock().now());
    let status = list.iter().find(|status| status.fault.id == call.name);
    status.map(|status| ok(&fault_json(status, now))).ok_or_else(|| fault_not_found(call))
}

pub(super) fn remove(call: &ControlCall<'_>) -> ControlResult {
    if !call.sandbox.remove_fault(call.name) {
        return Err(fault_not_found(call));
    }
    call.sandbox.publish("fault", || json!({"id": call.name, "added": false}));
    Ok(no_content())
}

pub(super) fn remove_all(call: &ControlCall<'_>) -> ControlResult {
    call.sandbox.remove_faults();
    call.sandbox.publish("fault", || json!({"id": "*", "added": false}));
    Ok(no_content())
}

fn fault_not_found(call: &ControlCall<'_>) -> Problem {
    let list = call.sandbox.faults();
    not_found("fault", call.name, list.iter().take(50).map(|status| status.fault.id.as_str()))
}

/// A fault at a time on the clock of its sandbox.
fn fault_json(status: &FaultStatus, now: Timestamp) -> Value {
    let FaultStatus { fault, count } = status;
    let mut json = json!({
        "id": fault.id,
        "rule": *fault.definition,
        "matched": count.matched,
        "applied": count.applied,
        "active": !fault.rule.has_ended(fault.added_at, count, now),
    });
    if let Some(end) = fault.rule.ends(fault.added_at, count) {
        json["ends_at"] = format_timestamp(end).into();
    }
    json
}
