//! The operations that list and get volume caps.

use serde_json::{Map, Value, json};

use super::counter::{CapCounter, count_events, counters};
use super::interval::time_zone_of;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::flow_model::CapHolder;
use crate::leadconduit::live_flow::live_flows;
use crate::leadconduit::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::Account;
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{canonical_id, items};

/// The caps that have counted a lead in their interval.
pub(crate) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let mut counters = counters(context, account, &live_flows(account, context.input.query("flow_id")));
    count_events(account, &mut counters);
    let used = counters.iter().filter(|counter| counter.count + counter.failed_count > 0);
    Ok(OperationResponse::ok(&used.map(|counter| document(counter, account)).collect()))
}

/// One cap.
pub(crate) fn get(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let id = canonical_id(context.input.path("id"));
    let mut counters = counters(context, account, &live_flows(account, context.input.query("flow_id")));
    counters.retain(|counter| *counter.cap.limit.id == *id);
    count_events(account, &mut counters);
    let counter = counters.first().ok_or_else(|| ApiError::new(404, "cap not found"))?;
    Ok(OperationResponse::ok(&document(counter, account)))
}

/// A cap with its counts, as the API shows it.
fn document(counter: &CapCounter<'_>, account: &Account) -> Value {
    let cap = counter.cap.limit.document(counter.flow);
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("id", cap["id"].clone());
    put("type", "volume".into());
    for name in ["name", "maximum", "duration", "duration_units"] {
        if let Some(value) = cap.get(name) {
            put(name, value.clone());
        }
    }
    let inner = items(cap, "caps");
    put("time_zone", time_zone_of(&counter.cap.limit, account).into());
    put("count", counter.count.into());
    put("failed_count", counter.failed_count.into());
    put("cap_ids", inner.iter().map(|cap| cap["id"].clone()).collect());
    put("caps", inner.into());
    put("flow_id", json!(counter.flow.text("id")));
    match &counter.cap.holder {
        CapHolder::Flow => None,
        CapHolder::Source { entity } => put("source_id", entity.text.clone().into()),
        CapHolder::Step { id, .. } => put("step_id", id.clone().into()),
    };
    put("started_at", format_timestamp(counter.interval.start).into());
    put("expires_at", format_timestamp(counter.interval.end).into());
    let latest = counter.latest_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    put("updated_at", format_timestamp(latest.unwrap_or(counter.interval.start)).into());
    Value::Object(document)
}
