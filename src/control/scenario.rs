//! Scenarios: list them, show the one of a sandbox, switch it, reset it.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, ok};
use super::sandboxes::active_sandbox_json;
use crate::contract::problem::{Problem, ProblemType};
use crate::sandbox::{InitialState, RuleStatus};
use crate::scenario::Scenario;
use crate::scenario::state_document::current_health_json;
use crate::support::clock::format_timestamp;

pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    let list = call.app.library().list();
    let total = list.len();
    Ok(ok(&json!({"scenarios": list, "meta": {"total": total}})))
}

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    Ok(ok(&scenario_json(call, &call.sandbox.scenario())))
}

/// The body of `PUT /scenario`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"name": "sso-outage"}"#)]
struct ScenarioSwitch {
    name: String,
    /// True to keep the world and replace only conditions and rules. Journal and coverage are kept in either case.
    #[serde(default)]
    keep_world: bool,
}

pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let switch: ScenarioSwitch = body::parse(call)?;
    let _steady = call.app.lock_library_shared();
    let start = initial_state(call, &switch.name)?;
    if switch.keep_world {
        call.sandbox.switch_scenario(Arc::clone(&start.scenario));
    } else {
        call.sandbox.start_scenario(&start);
    }
    call.sandbox.publish("switch", || json!({"scenario": switch.name, "keep_world": switch.keep_world}));
    tracing::info!("sandbox {} uses scenario {}", call.sandbox.name, switch.name);
    Ok(ok(&scenario_json(call, &start.scenario)))
}

pub(super) fn reset(call: &ControlCall<'_>) -> ControlResult {
    let _steady = call.app.lock_library_shared();
    let name = call.sandbox.scenario().name.clone();
    let cleared = call.sandbox.reset(&*initial_state(call, &name)?);
    call.sandbox.publish("reset", || json!({"scenario": name}));
    let mut sandbox = active_sandbox_json(call.sandbox);
    sandbox["cleared"] =
        json!({"exchanges": cleared.exchanges, "dropped": cleared.dropped, "counted": cleared.counted});
    Ok(ok(&sandbox))
}

/// The initial state of a scenario; 404 when no scenario has this name.
pub(super) fn initial_state(call: &ControlCall<'_>, name: &str) -> Result<Arc<InitialState>, Problem> {
    let library = call.app.library();
    if !library.list().iter().any(|listed| listed.name == name) {
        let shown: String = name.chars().take(80).collect();
        let detail = format!("there is no scenario `{shown}`; {}", library.unknown_scenario_hint(name));
        return Err(Problem::new(StatusCode::NOT_FOUND, ProblemType::NotFound, detail));
    }
    call.app.initial_state(name).map_err(|diagnostics| body::invalid(&diagnostics))
}

/// The scenario of the sandbox as the list shows it, with the rules and the health of the single sign-on service; only
/// name and description of the list when its file was removed.
fn scenario_json(call: &ControlCall<'_>, scenario: &Scenario) -> Value {
    let listed = call.app.library().list().into_iter().find(|listed| listed.name == scenario.name);
    let mut json = listed
        .map_or_else(|| json!({"name": scenario.name, "description": scenario.description}), |listed| json!(listed));
    let summary = call.sandbox.summary();
    json["since"] = format_timestamp(summary.scenario_since).into();
    json["sso"] = current_health_json(&summary.sso, summary.clock.now());
    json["rules"] = call.sandbox.scenario_rules().iter().map(rule_json).collect();
    json
}

/// A rule with its counters.
fn rule_json(status: &RuleStatus) -> Value {
    let mut json = json!({
        "name": status.rule.name,
        "matched": status.count.matched,
        "applied": status.count.applied,
        "active": status.is_active,
    });
    if let Some(end) = status.ends_at {
        json["ends_at"] = format_timestamp(end).into();
    }
    json
}
