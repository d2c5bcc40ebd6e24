//! The lead handler: runs submissions through their flows, and evaluates pings.
//!
//! What a flow does to a lead is decided here alone. The lead's events describe it; statistics, caps and searches are
//! computed from the events.
//!
//! | module | holds |
//! |---|---|
//! | `execution` | runs a lead through its flow |
//! | `destinations` | notifies destinations after the steps |
//! | `decision` | what decided about a lead, in words |
//! | `lookups` | what is looked up before the criteria: lists, certificates |
//! | `trace` | the trace of a lead, from which its events are rendered |
//! | `recipient` | delivers a lead to a recipient, or simulates it |
//! | `recipient_request` | the request to a recipient, and the outcome of its response |
//! | `service_step` | steps that use a simulated service of the vendor |
//! | `fields`, `lists`, `pricing` | fields of a lead, list checks, prices |
//! | `ping_total` | counts pings for statistics |
//! | `uncollected` | parameters that no field collects |
//! | `call_document` | requests and responses as events show them |
//! | `event_builder` | builds event documents |
//! | `target` | the flow and source of a request, and the access checks before them |
//! | `trigger` | trigger domains: e-mail domains that force an outcome |
//! | `values` | values that the others share |
//!
//! Each module uses only modules below it in this table. To add a type of step, add it to `flow_model::StepKind`,
//! to `FlowExecution::run_flow` and to `LeadTrace::render`.

mod call_document;
mod decision;
mod destinations;
mod event_builder;
mod execution;
mod fields;
mod lists;
mod lookups;
mod ping_total;
mod pricing;
mod recipient;
mod recipient_request;
mod service_step;
mod target;
mod trace;
mod trigger;
mod uncollected;
mod values;

use http::HeaderValue;
use http::header::LOCATION;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::contract::lead_body::{LeadRequest, LeadRequestError, MediaType, render};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::{PreparedWrite, WriteContext};
use crate::leadconduit::outbound_log::WriteError;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::events::Outcome;
use crate::support::document::number;
use crate::support::ids::ObjectId;
pub(crate) use event_builder::EventBuilder;
use execution::FlowExecution;
use target::SubmissionTarget;
pub use trigger::Trigger;
use values::FlowResult;
pub(crate) use values::Timing;

/// Handles a submission: runs the lead through its flow, and prepares its events.
///
/// # Errors
///
/// When the target is unknown or closed to the caller, the request is malformed, or a call to a recipient is pending.
pub(crate) fn submit(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    let target = SubmissionTarget::resolve(context)?;
    if !target.flow().caps.is_empty() || service_step::writes(target.flow()) {
        context.require_lock()?;
    }
    let request = require_lead_request(context.input.lead_request.as_ref())?;
    let mut execution = FlowExecution::begin(context, &target, request)?;
    let result = execution.submit(context)?;
    let lead_id = Some(execution.lead_id);
    let mut response = result_response(201, (&result, lead_id, execution.cost(&result)), request);
    response.lead = Some(execution.report(context, &result));
    let list_entry = execution.take_list_entry();
    let events = execution.finish(context, &result, &response);
    Ok(PreparedWrite::new(response, move |context| {
        if let Some(entry) = list_entry {
            lists::add(context, &target.account, &entry)?;
        }
        context.put_event_batch(&target.account, events)
    }))
}

/// Handles a ping: returns the price of a lead. Stores only counts.
///
/// # Errors
///
/// When the target is unknown or closed to the caller, or the request is malformed.
pub(crate) fn ping(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    let target = SubmissionTarget::resolve(context)?;
    if !target.flow().caps.is_empty() || target.has_ping_limits() {
        context.require_lock()?;
    }
    let request = require_lead_request(context.input.lead_request.as_ref())?;
    let mut execution = FlowExecution::begin(context, &target, request)?;
    let result = execution.evaluate_ping(context)?;
    let result = if execution.cost(&result) > 0.0 {
        result
    } else {
        execution.set_no_price();
        result.into_no_bid()
    };
    let mut response = result_response(200, (&result, None, execution.cost(&result)), request);
    response.lead = Some(execution.report(context, &result));
    let has_bid = result.outcome == Outcome::Success;
    Ok(PreparedWrite::new(response, move |context| ping_total::count(context, &target, has_bid)))
}

/// The members of a response as JSON: `outcome`, `reason`, `lead`, `price`, in this order; `reason` and `lead` are
/// optional.
#[derive(Serialize)]
struct ResultBody<'r> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead: Option<LeadReference>,
    price: Value,
}

#[derive(Serialize)]
struct LeadReference {
    id: ObjectId,
}

/// The response with a result, the id of the lead and its price.
fn result_response(
    status: u16,
    (result, lead_id, price): (&FlowResult, Option<ObjectId>, f64),
    request: &LeadRequest,
) -> OperationResponse {
    let body = ResultBody {
        outcome: result.outcome.name(),
        reason: &result.reason,
        lead: lead_id.map(|id| LeadReference { id }),
        price: number(price),
    };
    // Serialising to memory cannot fail.
    match request.response_type {
        MediaType::Json | MediaType::Form => {
            response_of(status, serde_json::to_vec(&body).unwrap_or_default(), request)
        }
        MediaType::ApplicationXml | MediaType::TextXml => {
            let members = serde_json::to_value(&body).unwrap_or_default();
            render_response(status, members.as_object().unwrap_or(&Map::new()), request)
        }
    }
}

/// The parsed request of an operation of the lead handler.
///
/// # Errors
///
/// The error of the parser.
pub(crate) fn require_lead_request(
    request: Option<&Result<LeadRequest, LeadRequestError>>,
) -> Result<&LeadRequest, ApiError> {
    match request {
        Some(Ok(request)) => Ok(request),
        Some(Err(error)) => Err(error.into()),
        None => Err(ApiError::internal("a request of the lead handler was parsed as one of the management API")),
    }
}

/// The response in the media type that the request accepts: 303 instead of `status` when it has a redirect URL.
pub(crate) fn render_response(status: u16, body: &Map<String, Value>, request: &LeadRequest) -> OperationResponse {
    response_of(status, render(body, request.response_type), request)
}

fn response_of(status: u16, body: Vec<u8>, request: &LeadRequest) -> OperationResponse {
    let status = if request.redirect.is_some() { 303 } else { status };
    let mut response = OperationResponse::json(status, body.into());
    response.media_type = HeaderValue::from_static(request.response_type.name());
    response.headers.extend(request.redirect.clone().map(|url| (LOCATION, url)));
    response
}
