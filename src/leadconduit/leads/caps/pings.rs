//! Ping limits: how many asked in the interval, and how many were turned away.

use serde_json::{Value, json};

use super::{interval, live_flows, zone_of};
use crate::leadconduit::context::{ReadContext, WriteContext};
use crate::leadconduit::live_flow::sources;
use crate::leadconduit::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::stamp;
use crate::support::document::{Document, items, key_of, text};

pub(crate) fn list(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let number = |counter: &Value, name: &str| counter[name].as_u64().unwrap_or(0);
    let mut counters = limits(call, account);
    counters.retain(|counter| number(counter, "count") + number(counter, "failed_count") > 0);
    Ok(OperationResponse::ok(&counters.into()))
}

pub(crate) fn get(call: &ReadContext<'_>) -> Outcome {
    let id = key_of(call.input.path("id"));
    let counters = limits(call, call.account()?);
    let counter = counters.iter().find(|counter| text(counter, "id") == id);
    Ok(OperationResponse::ok(counter.ok_or_else(|| ApiError::new(404, "ping limit not found"))?))
}

/// The counters of all limits, those of flows before those of their sources.
fn limits(call: &ReadContext<'_>, account: &Account) -> Vec<Value> {
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

/// Lets a ping through the limits of its flow and of its source, or not, and counts it.
pub(crate) fn admit(
    call: &mut WriteContext<'_>,
    owner: &str,
    flow: &Document,
    source: &Value,
) -> Result<bool, ApiError> {
    let entity = text(&source["entity"], "id");
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut counters: Vec<Value> = {
        let reading = call.reading();
        let Some(account) = reading.world.account(owner) else { return Ok(true) };
        let of_flow = items(flow.value(), "ping_limits").iter().map(|limit| (limit, None));
        let of_source = items(source, "ping_limits").iter().map(|limit| (limit, Some(entity)));
        of_flow.chain(of_source).map(|(limit, source)| counter(&reading, account, flow, limit, source)).collect()
    };
    // A limit that names no interval limits nothing.
    counters.retain(|counter| counter.get("started_at").is_some() && counter["maximum"].is_number());
    let full = counters.iter().position(|counter| number(counter, "count") >= number(counter, "maximum"));
    let counted = match full {
        Some(at) => vec![(counters.swap_remove(at), "failed_count")],
        None => counters.into_iter().map(|counter| (counter, "count")).collect(),
    };
    for (mut counter, name) in counted {
        counter[name] = (number(&counter, name) + 1).into();
        let kept = json!({
            "id": counter["id"],
            "count": counter["count"],
            "failed_count": counter["failed_count"],
            "started_at": counter["started_at"],
        });
        call.put_for(owner, Collection::PingCounters, &kept)?;
    }
    Ok(full.is_none())
}

fn counter(call: &ReadContext<'_>, account: &Account, flow: &Document, limit: &Value, source: Option<&str>) -> Value {
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
