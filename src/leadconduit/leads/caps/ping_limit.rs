//! Ping limits: how many pings were accepted and rejected in the interval.

use serde_json::{Value, json};

use super::interval::{current_interval, time_zone_of};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::{ReadContext, WriteContext};
use crate::leadconduit::flow_model::{Flow, PingLimit, Source};
use crate::leadconduit::live_flow::live_flows;
use crate::leadconduit::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::format_timestamp;
use crate::support::document::{Document, canonical_id, text};

/// The ping limits that have counted a ping in their interval.
pub(crate) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let number = |counter: &Value, name: &str| counter[name].as_u64().unwrap_or(0);
    let mut counters = counters(context, account);
    counters.retain(|counter| number(counter, "count") + number(counter, "failed_count") > 0);
    Ok(OperationResponse::ok(&counters.into()))
}

/// One ping limit.
pub(crate) fn get(context: &ReadContext<'_>) -> OperationResult {
    let id = canonical_id(context.input.path("id"));
    let counters = counters(context, context.account()?);
    let counter = counters.iter().find(|counter| text(counter, "id") == id);
    Ok(OperationResponse::ok(counter.ok_or_else(|| ApiError::new(404, "ping limit not found"))?))
}

/// The counters of all ping limits, those of a flow before those of its sources.
fn counters(context: &ReadContext<'_>, account: &Account) -> Vec<Value> {
    let mut counters = Vec::new();
    for document in live_flows(account, context.input.query("flow_id")) {
        let mut collect = |limits: &[PingLimit], source: Option<&str>| {
            counters.extend(limits.iter().map(|limit| counter(context, account, document, limit, source)));
        };
        let flow = Flow::of(document);
        collect(&flow.ping_limits, None);
        flow.sources.iter().for_each(|source| collect(&source.ping_limits, Some(&source.entity.text)));
    }
    counters
}

/// Counts a ping in the limits of its flow and of its source. `false` when one of them is reached; then the ping counts
/// as rejected in that one only.
///
/// # Errors
///
/// When a counter cannot be stored.
pub(crate) fn admit(
    context: &mut WriteContext<'_>,
    owner: &str,
    flow: &Document,
    source: &Source,
) -> Result<bool, ApiError> {
    let entity = &*source.entity.text;
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut counters: Vec<Value> = {
        let context = context.read_context();
        let Some(account) = context.world.account(owner) else { return Ok(true) };
        let of_flow = Flow::of(flow).ping_limits.iter().map(|limit| (limit, None));
        let of_source = source.ping_limits.iter().map(|limit| (limit, Some(entity)));
        of_flow.chain(of_source).map(|(limit, source)| counter(&context, account, flow, limit, source)).collect()
    };
    // A limit without an interval or a maximum has no effect.
    counters.retain(|counter| counter.get("started_at").is_some() && counter["maximum"].is_number());
    let reached = counters.iter().position(|counter| number(counter, "count") >= number(counter, "maximum"));
    let increments = match reached {
        Some(index) => vec![(counters.swap_remove(index), "failed_count")],
        None => counters.into_iter().map(|counter| (counter, "count")).collect(),
    };
    for (mut counter, name) in increments {
        counter[name] = (number(&counter, name) + 1).into();
        let stored = json!({
            "id": counter["id"],
            "count": counter["count"],
            "failed_count": counter["failed_count"],
            "started_at": counter["started_at"],
        });
        context.put_for_account(owner, Collection::PingCounters, &stored)?;
    }
    Ok(reached.is_none())
}

/// A ping limit with its counts, as the API shows it.
fn counter(
    context: &ReadContext<'_>,
    account: &Account,
    flow: &Document,
    PingLimit(limit): &PingLimit,
    source: Option<&str>,
) -> Value {
    let mut counter = limit.document(flow).clone();
    counter["time_zone"] = time_zone_of(limit, account).into();
    counter["count"] = 0.into();
    counter["failed_count"] = 0.into();
    counter["flow_id"] = json!(flow.text("id"));
    if let Some(source) = source {
        counter["source_id"] = source.into();
    }
    let Some(interval) = current_interval(context, limit, account) else { return counter };
    // The counts of an earlier interval are ignored.
    let stored = account.get(Collection::PingCounters, &limit.id);
    let started_at = |stored: &Document| stored.text("started_at").and_then(|at| at.parse().ok());
    if let Some(stored) = stored.filter(|stored| started_at(stored).is_some_and(|at| interval.contains(at))) {
        for name in ["count", "failed_count"] {
            if let Some(number) = stored.value().get(name) {
                counter[name] = number.clone();
            }
        }
    }
    counter["started_at"] = format_timestamp(interval.start).into();
    counter["expires_at"] = format_timestamp(interval.end).into();
    counter
}
