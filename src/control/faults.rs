//! Faults: rules that are added while the server runs.

use serde_json::{Value, json};

use super::{Call, Outcome, body, created, no_content, not_found, ok, too_many};
use crate::contract::problem::Problem;
use crate::sandbox::{FAULTS_MAX, FaultStatus};
use crate::scenario::language::RulePart;
use crate::scenario::rule::{Rule, ValidationMode};
use crate::support::clock::stamp;

pub(super) fn list(call: &Call<'_>) -> Outcome {
    let list: Vec<Value> = call.sandbox.faults().iter().map(shown).collect();
    let total = list.len();
    Ok(ok(&json!({"faults": list, "meta": {"total": total}})))
}

pub(super) fn add(call: &Call<'_>) -> Outcome {
    let source = body::source(call)?;
    let part: RulePart = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let sent: Value = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let rule = Rule::new(&part, 0, &call.stage.contract, ValidationMode::Nobody).map_err(|mistakes| {
        let diagnostics: Vec<_> = mistakes
            .into_iter()
            .map(|(pointer, message, hint)| {
                let mut diagnostic = source.at_pointer(&pointer, message);
                diagnostic.hint = hint;
                diagnostic
            })
            .collect();
        body::mistakes(&diagnostics)
    })?;
    let fault = call.sandbox.add_fault(rule, sent).ok_or_else(|| too_many("faults", FAULTS_MAX))?;
    call.sandbox.tell("fault", || json!({"id": fault.id, "name": fault.rule.name, "added": true}));
    Ok(created(&shown(&FaultStatus { fault, count: crate::scenario::rule::schedule::Count::default() })))
}

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let list = call.sandbox.faults();
    let found = list.iter().find(|one| one.fault.id == call.name);
    found.map(|one| ok(&shown(one))).ok_or_else(|| missing(call))
}

pub(super) fn remove(call: &Call<'_>) -> Outcome {
    if !call.sandbox.remove_fault(call.name) {
        return Err(missing(call));
    }
    call.sandbox.tell("fault", || json!({"id": call.name, "added": false}));
    Ok(no_content())
}

pub(super) fn remove_all(call: &Call<'_>) -> Outcome {
    call.sandbox.remove_faults();
    call.sandbox.tell("fault", || json!({"id": "*", "added": false}));
    Ok(no_content())
}

fn missing(call: &Call<'_>) -> Problem {
    let list = call.sandbox.faults();
    not_found("fault", call.name, list.iter().take(50).map(|one| one.fault.id.as_str()))
}

fn shown(one: &FaultStatus) -> Value {
    let FaultStatus { fault, count } = one;
    let mut shown = json!({
        "id": fault.id,
        "rule": *fault.sent,
        "matched": count.matched,
        "played": count.played,
    });
    if let Some(end) = fault.rule.ends(fault.began) {
        shown["ends_at"] = stamp(end).into();
    }
    shown
}
