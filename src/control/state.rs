//! The state of a sandbox as a document, and snapshots of it.

use http::StatusCode;
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, created, no_content, not_found, ok, too_many};
use super::sandboxes::active_sandbox_json;
use crate::config::limits::STATE_BYTES_MAX;
use crate::contract::problem::{Problem, ProblemType};
use crate::http::message::Response;
use crate::sandbox::Snapshot;
use crate::scenario::state_document;
use crate::support::clock::format_timestamp;

/// The path of the whole state.
pub(super) const PATH: &str = "/state";

const NAME_BYTES_MAX: usize = 64;

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let (scenario, world) = call.sandbox.scenario_and_world();
    match state_document::export(&scenario, &world, STATE_BYTES_MAX) {
        Ok(document) => Ok(Response::json(StatusCode::OK, document)),
        Err(error) => {
            Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, ProblemType::StateTooLarge, error.to_string()))
        }
    }
}

pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let source = body::read(call)?;
    let world =
        state_document::import(&source, &call.app.contract).map_err(|diagnostics| body::invalid(&diagnostics))?;
    call.sandbox.replace_world(world).map_err(|exceeded| Problem::budget_exceeded(&exceeded.to_string()))?;
    call.sandbox.publish("state", || json!({"replaced": true}));
    Ok(ok(&active_sandbox_json(call.sandbox)))
}

pub(super) fn list_snapshots(call: &ControlCall<'_>) -> ControlResult {
    let list: Vec<Value> =
        call.sandbox.snapshots().iter().map(|(name, snapshot)| snapshot_json(name, snapshot)).collect();
    let total = list.len();
    Ok(ok(&json!({"snapshots": list, "meta": {"total": total}})))
}

pub(super) fn take_snapshot(call: &ControlCall<'_>) -> ControlResult {
    // Clients and proxies resolve these in a path, so that no later call could name the snapshot.
    if [".", ".."].contains(&call.name) {
        return Err(body::bad_request("`.` and `..` cannot name a snapshot; write letters or digits too"));
    }
    if call.name.len() > NAME_BYTES_MAX || !crate::sandbox::selector::is_valid_name(call.name) {
        return Err(body::bad_request("the name of a snapshot must be 1 to 64 letters, digits, `.`, `_` or `-`"));
    }
    let snapshot = call.sandbox.take_snapshot(call.name).map_err(|error| too_many(error.to_string()))?;
    Ok(created(&snapshot_json(call.name, &snapshot)))
}

pub(super) fn restore_snapshot(call: &ControlCall<'_>) -> ControlResult {
    if !call.sandbox.restore(call.name) {
        return Err(snapshot_not_found(call));
    }
    call.sandbox.publish("state", || json!({"restored": call.name}));
    Ok(ok(&active_sandbox_json(call.sandbox)))
}

pub(super) fn remove_snapshot(call: &ControlCall<'_>) -> ControlResult {
    if call.sandbox.remove_snapshot(call.name) { Ok(no_content()) } else { Err(snapshot_not_found(call)) }
}

fn snapshot_not_found(call: &ControlCall<'_>) -> Problem {
    let list = call.sandbox.snapshots();
    not_found("snapshot", call.name, list.iter().map(|(name, _)| name.as_str()))
}

fn snapshot_json(name: &str, snapshot: &Snapshot) -> Value {
    json!({"name": name, "scenario": snapshot.scenario.name, "now": format_timestamp(snapshot.taken_at)})
}
