//! The clock of a sandbox: show it, freeze it, advance it, resume it, reset it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, ok};
use crate::scenario::language::duration_ms;
use crate::support::clock::{Clock, ClockOutOfRange, SignedDuration, format_timestamp};

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    Ok(ok(&clock_json(call.sandbox.clock())))
}

/// The body of `PUT /clock`: exactly one of the four.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"advance": "90s"}"#)]
struct ClockChange {
    /// `true` to freeze at the current time, or the time to freeze at.
    freeze: Option<Value>,
    /// The duration to move forward by: milliseconds as a number, or text.
    #[serde(default, deserialize_with = "duration_ms")]
    advance: Option<u64>,
    /// `true` to let a frozen clock run again.
    resume: Option<bool>,
    /// `true` to set the clock of the start of the server again.
    reset: Option<bool>,
}

pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let change: ClockChange = body::parse(call)?;
    let clock: Result<Clock, ClockOutOfRange> = match change {
        ClockChange { freeze: Some(Value::Bool(true)), advance: None, resume: None, reset: None } => {
            call.sandbox.set_clock(|clock| Ok(Clock::Frozen(clock.now())))
        }
        ClockChange { freeze: Some(Value::String(at)), advance: None, resume: None, reset: None } => {
            let frozen = at.parse().ok().filter(|clock| matches!(clock, Clock::Frozen(_))).ok_or_else(|| {
                body::bad_request(&format!(
                    "`freeze` is not a time from 1970 to 9999-12-30T22:00:00Z: `{at}`; write true, or 2026-01-15T09:00:00Z"
                ))
            })?;
            call.sandbox.set_clock(|_| Ok(frozen))
        }
        ClockChange { freeze: None, advance: Some(ms), resume: None, reset: None } => {
            let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
            call.sandbox.set_clock(|clock| clock.advanced(span))
        }
        ClockChange { freeze: None, advance: None, resume: Some(true), reset: None } => {
            call.sandbox.set_clock(|clock| Ok(clock.resumed()))
        }
        ClockChange { freeze: None, advance: None, resume: None, reset: Some(true) } => {
            let start = call.app.sandboxes.initial_state().world.clock;
            call.sandbox.set_clock(|_| Ok(start))
        }
        _ => {
            let detail = "send one of {\"freeze\": true}, {\"freeze\": \"2026-01-15T09:00:00Z\"}, \
                          {\"advance\": \"90s\"}, {\"resume\": true}, {\"reset\": true}";
            return Err(body::bad_request(detail));
        }
    };
    let clock = clock.map_err(|error| body::bad_request(&error.to_string()))?;
    call.sandbox.publish("clock", || clock_json(clock));
    Ok(ok(&clock_json(clock)))
}

pub(super) fn clock_json(clock: Clock) -> Value {
    let mode = if matches!(clock, Clock::Frozen(_)) { "frozen" } else { "real" };
    json!({"now": format_timestamp(clock.now()), "mode": mode, "offset_ms": clock.offset_ms()})
}
