//! Scenarios, reset, clock, sandboxes and events.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::Query;
use super::{Call, Outcome, body, no_content, not_found, ok};
use crate::contract::problem::Problem;
use crate::http::message::{Delivery, Response};
use crate::sandbox::{DEFAULT, Sandbox, Start, Summary};
use crate::scenario::Scenario;
use crate::support::clock::{Clock, Timestamp, duration, stamp};

pub(super) fn scenarios(call: &Call<'_>) -> Outcome {
    let list = call.stage.library().list();
    let total = list.len();
    Ok(ok(&json!({"scenarios": list, "meta": {"total": total}})))
}

pub(super) fn scenario(call: &Call<'_>) -> Outcome {
    Ok(ok(&shown(call, &call.sandbox.scenario())))
}

/// The body of a switch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    name: String,
    /// Whether the world stays as it is, and only conditions and rules change.
    #[serde(default)]
    keep_world: bool,
}

pub(super) fn put_scenario(call: &Call<'_>) -> Outcome {
    let switch: Switch = body::read(call)?;
    let _steady = call.stage.steady();
    let start = start_of(call, &switch.name)?;
    if switch.keep_world {
        call.sandbox.play(Arc::clone(&start.scenario));
    } else {
        call.sandbox.begin(&start);
    }
    call.sandbox.tell("switch", || json!({"scenario": switch.name, "keep_world": switch.keep_world}));
    tracing::info!("sandbox {} plays {}", call.sandbox.name, switch.name);
    Ok(ok(&shown(call, &start.scenario)))
}

pub(super) fn reset(call: &Call<'_>) -> Outcome {
    let _steady = call.stage.steady();
    let name = call.sandbox.scenario().name.clone();
    call.sandbox.begin(&*start_of(call, &name)?);
    call.sandbox.tell("reset", || json!({"scenario": name}));
    Ok(ok(&sandbox_in_use(call.sandbox)))
}

/// The start of a scenario; 404 when there is none of that name.
fn start_of(call: &Call<'_>, name: &str) -> Result<Arc<Start>, Problem> {
    let list = call.stage.library().list();
    if !list.iter().any(|listed| listed.name == name) {
        return Err(not_found("scenario", name, list.iter().map(|listed| listed.name.as_str())));
    }
    call.stage.start_of(name).map_err(|errors| body::mistakes(&errors))
}

fn shown(call: &Call<'_>, scenario: &Scenario) -> Value {
    let listed = call.stage.library().list().into_iter().find(|listed| listed.name == scenario.name);
    listed.map_or_else(|| json!({"name": scenario.name, "description": scenario.description}), |listed| json!(listed))
}

/// A sandbox as it is shown.
fn sandbox(sandbox: &Sandbox) -> Value {
    let Summary { scenario, clock, requests, faults, snapshots } = sandbox.summary();
    json!({
        "name": sandbox.name,
        "scenario": scenario.name,
        "clock": shown_clock(clock),
        "requests": requests,
        "faults": faults,
        "snapshots": snapshots,
        "idle_ms": sandbox.idle_ms(),
    })
}

/// The sandbox of the call itself, which is in use. No time of the machine's enters the reply, so that it can be repeated.
pub(super) fn sandbox_in_use(of: &Sandbox) -> Value {
    let mut shown = sandbox(of);
    shown["idle_ms"] = 0.into();
    shown
}

fn shown_clock(clock: Clock) -> Value {
    let mode = if matches!(clock, Clock::Frozen(_)) { "frozen" } else { "real" };
    json!({"now": stamp(clock.now()), "mode": mode, "offset_ms": clock.offset_ms()})
}

pub(super) fn clock(call: &Call<'_>) -> Outcome {
    Ok(ok(&shown_clock(call.sandbox.clock())))
}

/// The body of a change of the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    /// `true`, or the moment to stand still at.
    freeze: Option<Value>,
    /// By how much the clock goes forward.
    advance: Option<String>,
    /// Whether a clock that stands goes on.
    resume: Option<bool>,
}

pub(super) fn put_clock(call: &Call<'_>) -> Outcome {
    let change: ClockChange = body::read(call)?;
    let clock = match change {
        ClockChange { freeze: Some(Value::Bool(true)), advance: None, resume: None } => {
            call.sandbox.set_clock(|clock| Ok(Clock::Frozen(clock.now())))
        }
        ClockChange { freeze: Some(Value::String(at)), advance: None, resume: None } => {
            let at: Timestamp = at.parse().map_err(|_| {
                body::refused(&format!("`{at}` is no moment to freeze at; write true, or 2026-01-15T09:00:00Z"))
            })?;
            call.sandbox.set_clock(|_| Ok(Clock::Frozen(at)))
        }
        ClockChange { freeze: None, advance: Some(by), resume: None } => {
            let by = duration(&by).filter(|by| !by.is_negative()).ok_or_else(|| {
                body::refused(&format!("`{by}` is no span of time to advance by; write one such as 90s, 1h30m or 14d"))
            })?;
            call.sandbox.set_clock(|clock| clock.advanced(by))
        }
        ClockChange { freeze: None, advance: None, resume: Some(true) } => {
            call.sandbox.set_clock(|clock| Ok(clock.resumed()))
        }
        _ => {
            let detail = "send one of {\"freeze\": true}, {\"freeze\": \"2026-01-15T09:00:00Z\"}, \
                          {\"advance\": \"90s\"}, {\"resume\": true}";
            return Err(body::refused(detail));
        }
    };
    let clock = clock.map_err(|why| body::refused(&why))?;
    call.sandbox.tell("clock", || shown_clock(clock));
    Ok(ok(&shown_clock(clock)))
}

pub(super) fn sandboxes(call: &Call<'_>) -> Outcome {
    let list: Vec<Value> = call.stage.sandboxes.list().iter().map(|one| sandbox(one)).collect();
    let total = list.len();
    Ok(ok(&json!({"sandboxes": list, "meta": {"total": total}})))
}

pub(super) fn end_sandboxes(call: &Call<'_>) -> Outcome {
    call.stage.sandboxes.end_all();
    renew_default(call);
    Ok(no_content())
}

pub(super) fn end_sandbox(call: &Call<'_>) -> Outcome {
    if call.name == DEFAULT {
        renew_default(call);
    } else if !call.stage.sandboxes.end(call.name) {
        let list = call.stage.sandboxes.list();
        return Err(not_found("sandbox", call.name, list.iter().take(50).map(|one| &*one.name)));
    }
    Ok(no_content())
}

/// The default sandbox never ends: it begins as it did when the server started.
fn renew_default(call: &Call<'_>) {
    let _steady = call.stage.steady();
    let (sandbox, start) = (call.stage.sandboxes.get(DEFAULT), call.stage.sandboxes.start());
    sandbox.forget(&start);
    sandbox.tell("reset", || json!({"scenario": start.scenario.name}));
}

pub(super) fn events(call: &Call<'_>) -> Outcome {
    let query = Query::read(call, &["sandbox"])?;
    let events = Some(match query.get("sandbox") {
        None => call.sandbox.events(),
        Some("*") => Arc::clone(&call.stage.sandboxes.shared().events),
        Some(_) => {
            let detail = "`sandbox` takes `*` only, which is all of them; name one with the header X-Mock-Sandbox";
            return Err(body::refused(detail));
        }
    });
    let mut reply = Response::new(StatusCode::OK, "")
        .with(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if call.request.method != http::Method::HEAD {
        reply.delivery = Some(Box::new(Delivery { events, ..Delivery::default() }));
    }
    Ok(reply)
}
