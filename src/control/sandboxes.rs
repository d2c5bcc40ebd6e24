//! Sandboxes: list, create and end them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, created, no_content, not_found, ok};
use super::clock::clock_json;
use super::scenario::initial_state;
use crate::contract::problem::Problem;
use crate::http::message::Body;
use crate::sandbox::selector::is_valid_name;
use crate::sandbox::{DEFAULT, Sandbox, SandboxSummary, SandboxUser};
use crate::support::clock::format_timestamp;

pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    let list: Vec<Value> = call.app.sandboxes.list().iter().map(|sandbox| sandbox_json(sandbox)).collect();
    let total = list.len();
    let start = call.app.sandboxes.initial_state();
    let start = json!({"scenario": start.scenario.name, "clock": start.world.clock.to_string()});
    Ok(ok(&json!({"sandboxes": list, "meta": {"total": total}, "start": start})))
}

/// The body of `PUT /sandboxes/{name}`; it may be absent.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"scenario": "sso-outage"}"#)]
struct NewSandbox {
    /// The scenario of the sandbox. By default it is that of the start of the server.
    scenario: Option<String>,
}

/// Creates a sandbox. One that exists is kept as it is, except for its scenario when the body names another one.
pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    if !is_valid_name(call.name) {
        return Err(Problem::invalid_sandbox_name(Some(call.name)));
    }
    let is_empty = matches!(&call.request.body, Body::Complete(bytes) if bytes.is_empty());
    let new: NewSandbox = if is_empty { NewSandbox::default() } else { body::parse(call)? };
    let _steady = call.app.lock_library_shared();
    let start = new.scenario.as_deref().map(|name| initial_state(call, name)).transpose()?;
    let exists = call.app.sandboxes.exists(call.name);
    let sandbox = call.app.sandboxes.get(call.name, SandboxUser::Authenticated);
    sandbox.keep();
    if let Some(start) = start.filter(|start| !exists || sandbox.scenario().name != start.scenario.name) {
        sandbox.start_scenario(&start);
        sandbox.publish("switch", || json!({"scenario": start.scenario.name, "keep_world": false}));
    }
    let json = active_sandbox_json(&sandbox);
    Ok(if exists { ok(&json) } else { created(&json) })
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
    let SandboxSummary { scenario, clock, requests, faults, snapshots, scenario_since, sso } = sandbox.summary();
    let journal = sandbox.journal_size();
    let now = clock.now();
    let mut json = json!({
        "name": sandbox.name,
        "scenario": scenario.name,
        "scenario_since": format_timestamp(scenario_since),
        "clock": clock_json(clock),
        "sso": sso.at(now).name(),
        "rules": scenario.rules.len(),
        "journal": {"entries": journal.entries, "dropped": journal.dropped},
        "requests": requests,
        "faults": faults,
        "snapshots": snapshots,
        "idle_ms": sandbox.idle_ms(),
    });
    if let Some(end) = sso.ends_at(now) {
        json["sso_ends_at"] = format_timestamp(end).into();
    }
    json
}

/// The sandbox that the call itself uses. `idle_ms` is always 0, so that the response does not depend on the machine's
/// time.
pub(super) fn active_sandbox_json(sandbox: &Sandbox) -> Value {
    let mut json = sandbox_json(sandbox);
    json["idle_ms"] = 0.into();
    json
}
