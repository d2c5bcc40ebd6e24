//! Field usage: the number of leads with a value for each field of a flow.

use std::convert::Infallible;

use serde_json::{Map, Value};

use super::super::crud;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::response::{OperationResponse, OperationResult};
use crate::leadconduit::rules;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::{EventType, EventTypes, TimeSpan};
use crate::leadconduit::timeframe::{self, Timeframe};
use crate::support::clock::Timestamp;
use crate::support::document::{items, text};

pub(crate) fn get(context: &ReadContext<'_>) -> OperationResult {
    let flow = crud::find(context, Collection::Flows, context.input.path("id"))?;
    let account = context.account()?;
    let zone = timeframe::time_zone_or_utc(text(account.document().value(), "time_zone"));
    let name = context.input.query("timeframe").unwrap_or("today");
    let frame = Timeframe::from_name(name, context.now, &zone)
        .ok_or_else(|| ApiError::new(400, format!("timeframe: {name} is not a time frame")))?;
    // The time frame is relative to the current time.
    context.mark_time_dependent();
    let fields: Vec<&str> = items(flow.value(), "fields").iter().filter_map(Value::as_str).collect();
    let mut counts = vec![0_u64; fields.len()];
    let id = flow.text("id").and_then(|id| id.parse().ok());
    // Events have milliseconds; the time frame is compared exactly.
    let span = TimeSpan {
        start_ms: frame.start.as_millisecond().saturating_sub(1),
        end_ms: frame.end.as_millisecond().saturating_add(1),
    };
    let types = EventTypes::from_iter([EventType::Source]);
    let Ok(()) = context.retained_events(account).try_for_each::<Infallible>(None, span, types, |event| {
        let summary = event.summary();
        let at = Timestamp::from_millisecond(summary.start_ms);
        if summary.flow != id || !at.is_ok_and(|at| frame.contains(at)) {
            return Ok(());
        }
        let value = event.value();
        let Some(lead) = value.pointer("/vars/lead") else { return Ok(()) };
        for (field, count) in fields.iter().zip(&mut counts) {
            *count += u64::from(rules::find(lead, field).is_some_and(|value| !is_blank(value)));
        }
        Ok(())
    });
    let usage: Map<String, Value> =
        fields.into_iter().map(str::to_owned).zip(counts.into_iter().map(Value::from)).collect();
    Ok(OperationResponse::ok(&Value::Object(usage)))
}

/// Whether a value is blank. Typed values are objects with the submitted text as `raw`.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_blank),
        Value::Object(typed) => typed.get("raw").or_else(|| typed.get("normal")).is_some_and(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
