//! The world as a document, and snapshots of it.

use serde_json::{Value, json};

use super::{Call, Outcome, body, control, created, no_content, not_found, ok, too_many};
use crate::contract::problem::Problem;
use crate::sandbox::{SNAPSHOTS_MAX, Snapshot};
use crate::scenario::state_document;
use crate::support::clock::stamp;

/// The longest name of a snapshot.
const NAME_BYTES_MAX: usize = 64;

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let (scenario, world) = call.sandbox.scene();
    Ok(ok(&state_document::draw(&scenario, &world)))
}

pub(super) fn put(call: &Call<'_>) -> Outcome {
    let source = body::source(call)?;
    let world = state_document::read(&source, &call.stage.contract).map_err(|mistakes| body::mistakes(&mistakes))?;
    call.sandbox.put_world(world);
    call.sandbox.tell("state", || json!({"replaced": true}));
    Ok(ok(&control::sandbox_in_use(call.sandbox)))
}

pub(super) fn snapshots(call: &Call<'_>) -> Outcome {
    let list: Vec<Value> = call.sandbox.snapshots().iter().map(|(name, snapshot)| shown(name, snapshot)).collect();
    let total = list.len();
    Ok(ok(&json!({"snapshots": list, "meta": {"total": total}})))
}

pub(super) fn take_snapshot(call: &Call<'_>) -> Outcome {
    if call.name.len() > NAME_BYTES_MAX || !crate::sandbox::selector::is_name(call.name) {
        return Err(body::refused("a snapshot's name is 1 to 64 letters, digits, `.`, `_` or `-`"));
    }
    let snapshot = call.sandbox.take_snapshot(call.name).ok_or_else(|| too_many("snapshots", SNAPSHOTS_MAX))?;
    Ok(created(&shown(call.name, &snapshot)))
}

pub(super) fn restore(call: &Call<'_>) -> Outcome {
    if !call.sandbox.restore(call.name) {
        return Err(missing(call));
    }
    call.sandbox.tell("state", || json!({"restored": call.name}));
    Ok(ok(&control::sandbox_in_use(call.sandbox)))
}

pub(super) fn remove_snapshot(call: &Call<'_>) -> Outcome {
    if call.sandbox.remove_snapshot(call.name) { Ok(no_content()) } else { Err(missing(call)) }
}

fn missing(call: &Call<'_>) -> Problem {
    let list = call.sandbox.snapshots();
    not_found("snapshot", call.name, list.iter().map(|(name, _)| name.as_str()))
}

fn shown(name: &str, snapshot: &Snapshot) -> Value {
    json!({"name": name, "scenario": snapshot.scenario.name, "now": stamp(snapshot.taken)})
}
