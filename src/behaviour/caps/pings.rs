//! Ping limits: how many asked in the interval, and how many were turned away.

use serde_json::{Value, json};

use super::super::flows::sources;
use super::super::{Answer, Outcome, Reading, Refusal};
use super::{interval, live_flows, zone_of};
use crate::world::clock::stamp;
use crate::world::{Account, Collection, Document, items, key_of, text};

pub(in crate::behaviour) fn list(call: &Reading<'_>) -> Outcome {
    let account = call.account()?;
    let number = |counter: &Value, name: &str| counter[name].as_u64().unwrap_or(0);
    let mut counters = limits(call, account);
    counters.retain(|counter| number(counter, "count") + number(counter, "failed_count") > 0);
    Ok(Answer::ok(&counters.into()))
}

pub(in crate::behaviour) fn get(call: &Reading<'_>) -> Outcome {
    let id = key_of(call.input.path("id"));
    let counters = limits(call, call.account()?);
    let counter = counters.iter().find(|counter| text(counter, "id") == id);
    Ok(Answer::ok(counter.ok_or_else(|| Refusal::new(404, "ping limit not found"))?))
}

/// The counters of all limits, those of flows before those of their sources.
fn limits(call: &Reading<'_>, account: &Account) -> Vec<Value> {
    let mut found = Vec::new();
    for flow in live_flows(call, account) {
        let mut gather = |holder: &Value, source: Option<&str>| {
            found.extend(items(holder, "ping_limits").iter().map(|limit| counter(call, account, flow, limit, source)));
        };
        gather(flow.value(), None);
        sources(flow.value()).for_each(|(entity, source)| gather(source, Some(entity)));
    }
    found
}

fn counter(call: &Reading<'_>, account: &Account, flow: &Document, limit: &Value, source: Option<&str>) -> Value {
    let mut counter = limit.clone();
    counter["time_zone"] = zone_of(limit, account).into();
    counter["count"] = 0.into();
    counter["failed_count"] = 0.into();
    counter["flow_id"] = json!(flow.text("id"));
    if let Some(source) = source {
        counter["source_id"] = source.into();
    }
    let Some(frame) = interval(call, limit, flow, account) else { return counter };
    // What was counted in an interval that is over counts no more.
    let kept = account.get(Collection::PingCounters, text(limit, "id"));
    let begun = |kept: &Document| kept.text("started_at").and_then(|at| at.parse().ok());
    if let Some(kept) = kept.filter(|kept| begun(kept).is_some_and(|at| frame.contains(at))) {
        for name in ["count", "failed_count"] {
            if let Some(number) = kept.value().get(name) {
                counter[name] = number.clone();
            }
        }
    }
    counter["started_at"] = stamp(frame.start).into();
    counter["expires_at"] = stamp(frame.end).into();
    counter
}
