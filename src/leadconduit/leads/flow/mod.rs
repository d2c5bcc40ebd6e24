//! The lead handler: submissions run through their flows, pings get bids.
//!
//! [`submit`] and [`ping`] read as lists of what happens; `run` is the flow's own list. What a flow does to a lead is
//! decided here alone: events tell of it, and statistics, caps and searches follow from the events.

mod event_builder;
mod execution;
mod fields;
mod lists;
mod pricing;
mod recipient;
mod recipient_request;
mod recorded_call;
mod target;
mod trace;
mod trigger;

use http::HeaderValue;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::super::context::WriteContext;
use super::super::response::{ApiError, OperationResponse, Outcome, Style};
use crate::contract::lead_body::{Inbound, Refused, render};
use crate::leadconduit::rules::Condition;
use crate::leadconduit::templates::Template;
use crate::leadconduit::values::Variables;
use crate::support::document::number;
pub(crate) use event_builder::{EventBuilder, Timing};
use execution::{FlowExecution, Verdict};
use target::SubmissionTarget;
pub use trigger::Trigger;

/// A lead comes in and runs through its flow.
pub(crate) fn submit(call: &mut WriteContext<'_>) -> Outcome {
    let door = SubmissionTarget::enter(call)?;
    let inbound = read(call.input.inbound.as_ref())?;
    let mut run = FlowExecution::begin(call, &door, inbound)?;
    let verdict = run.through(call)?;
    let result = result(&verdict, Some(&run.lead), run.cost(&verdict));
    let answer = answer(201, &result, inbound);
    run.end(call, &verdict, &answer)?;
    Ok(answer)
}

/// Somebody asks what a lead would be bought for. It leaves nothing behind but a count.
pub(crate) fn ping(call: &mut WriteContext<'_>) -> Outcome {
    let door = SubmissionTarget::enter(call)?;
    let inbound = read(call.input.inbound.as_ref())?;
    let mut run = FlowExecution::begin(call, &door, inbound)?;
    let verdict = run.bid(call)?;
    let verdict = if run.cost(&verdict) > 0.0 { verdict } else { verdict.no_bid() };
    let result = result(&verdict, None, run.cost(&verdict));
    Ok(answer(200, &result, inbound))
}

/// What the source is told: `outcome`, `reason`, `lead`, `price`, in this order, and no more than there is.
fn result(verdict: &Verdict, lead: Option<&str>, price: f64) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("outcome".to_owned(), verdict.outcome.name().into());
    if !verdict.reason.is_empty() {
        result.insert("reason".to_owned(), verdict.reason.clone().into());
    }
    if let Some(lead) = lead {
        result.insert("lead".to_owned(), json!({"id": lead}));
    }
    result.insert("price".to_owned(), number(price));
    result
}

/// What the lead handler has read of a request, once the gate has let it through.
pub(crate) fn read(inbound: Option<&Result<Inbound, Refused>>) -> Result<&Inbound, ApiError> {
    match inbound {
        Some(Ok(inbound)) => Ok(inbound),
        Some(Err(refused)) => Err(refused.into()),
        None => Err(ApiError::internal("an operation of the lead handler was read as one of the management API")),
    }
}

/// A result as the caller wants it written.
pub(crate) fn answer(status: u16, result: &Map<String, Value>, inbound: &Inbound) -> OperationResponse {
    let status = if inbound.redirect.is_some() { 303 } else { status };
    let mut answer = OperationResponse::of(status, render(result, inbound.media).into());
    answer.media_type = HeaderValue::from_static(inbound.media.name());
    answer.headers.extend(inbound.redirect.clone().map(|to| (LOCATION, to)));
    answer
}

/// Whether a set of rules holds. One that cannot be read came with a scenario, and holds for nothing.
fn holds(set: &Value, vars: &dyn Variables) -> bool {
    set.is_null() || Condition::set(set).is_ok_and(|condition| condition.holds(vars))
}

/// A template filled. One that cannot be read is taken as it stands.
fn fill(template: &str, vars: &dyn Variables) -> String {
    Template::read(template).map_or_else(|_| template.to_owned(), |template| template.text(vars))
}

/// 503: what a lead handler says that has too much to do.
fn overloaded() -> ApiError {
    ApiError::new(503, "Service Unavailable").styled(Style::Text)
}
