//! Sandboxes: list and end them.

use serde_json::{Value, json};

use super::call::{ControlCall, ControlResult, no_content, not_found, ok};
use super::clock::clock_json;
use crate::sandbox::{DEFAULT, Sandbox, SandboxSummary};

pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    let list: Vec<Value> = call.app.sandboxes.list().iter().map(|sandbox| sandbox_json(sandbox)).collect();
    let total = list.len();
    Ok(ok(&json!({"sandboxes": list, "meta": {"total": total}})))
}

pub(super) fn remove_all(call: &ControlCall<'_>) -> ControlResult {
    call.app.sandboxes.remove_all();
    restart_default(call);
    Ok(no_content())
}

pub(super) fn remove(call: &ControlCall<'_>) -> ControlResult {
    if call.name == DEFAULT {
        restart_default(call);
    } else if !call.app.sandboxes.remove(call.name) {
        let list = call.app.sandboxes.list();
        return Err(not_found("sandbox", call.name, list.iter().take(50).map(|sandbox| &*sandbox.name)));
    }
    Ok(no_content())
}

/// The default sandbox never ends: its state becomes that of the server's start.
fn restart_default(call: &ControlCall<'_>) {
    let _steady = call.app.lock_library_shared();
    let (sandbox, start) = (call.app.sandboxes.default_sandbox(), call.app.sandboxes.initial_state());
    sandbox.reset_all(&start);
    sandbox.publish("reset", || json!({"scenario": start.scenario.name}));
}

fn sandbox_json(sandbox: &Sandbox) -> Value {
    let SandboxSummary { scenario, clock, requests, faults, snapshots } = sandbox.summary();
    json!({
        "name": sandbox.name,
        "scenario": scenario.name,
        "clock": clock_json(clock),
        "requests": requests,
        "faults": faults,
        "snapshots": snapshots,
        "idle_ms": sandbox.idle_ms(),
    })
}

/// The sandbox that the call itself uses. `idle_ms` is always 0, so that the response does not depend on the machine's
/// time.
pub(super) fn active_sandbox_json(sandbox: &Sandbox) -> Value {
    let mut json = sandbox_json(sandbox);
    json["idle_ms"] = 0.into();
    json
}
