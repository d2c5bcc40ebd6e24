//! Feedback: returns and conversions, which recipients submit for delivered leads.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::context::WriteContext;
use super::super::leads::flow::{EventBuilder, Timing, render_response, require_lead_request};
use super::super::response::{ApiError, ErrorFormat, OperationResult};
use crate::leadconduit::live_flow::{find_live_flow, find_source};
use crate::leadconduit::rules::{self, Condition};
use crate::leadconduit::state::events::{Event, EventType, Outcome};
use crate::support::document::number;
use crate::support::document::{Document, text};
use crate::support::ids::ObjectId;

/// The reason in the response when the step does not accept feedback. LeadConduit answers 409 to reasons with the word
/// `forbidden`.
const FORBIDDEN: &str = "Feedback is forbidden";

/// The duration of feedback events in milliseconds; simulated, so that events do not depend on the machine.
const SIMULATED_MS: i64 = 6;

/// The types of feedback.
const TYPES: [&str; 2] = ["return", "conversion"];

pub(super) fn submit(context: &mut WriteContext<'_>) -> OperationResult {
    let bad_request = |message: &'static str| ApiError::new(400, message).with_format(ErrorFormat::Text);
    let id = context.input.query("event_id").ok_or_else(|| bad_request("event_id is missing"))?;
    let id: ObjectId = id.parse().map_err(|_| bad_request("event_id must be 24 hexadecimal characters"))?;
    let target = FeedbackTarget::find(context, id)
        .ok_or_else(|| ApiError::new(404, "Event not found").with_format(ErrorFormat::Message))?;
    let inbound = require_lead_request(context.input.lead_request.as_ref())?;
    let kind = context.input.text("type").filter(|kind| TYPES.contains(kind));
    let kind = kind.ok_or_else(|| bad_request("type must be return or conversion"))?.to_owned();
    let reason = context.input.body.get("reason").and_then(Value::as_str).map(str::to_owned);
    let mut result = Map::new();
    let Some(recipient_settings) = target.recipient_settings() else {
        result.insert("outcome".to_owned(), "failure".into());
        result.insert("reason".to_owned(), FORBIDDEN.into());
        return Ok(render_response(409, &result, inbound));
    };
    let mut vars = target.event["vars"].clone();
    vars["feedback"] = json!({"timestamp": context.timestamp(), "type": kind});
    if let Some(reason) = reason {
        vars["feedback"]["reason"] = reason.into();
    }
    let (outcome, reason) = if rules_hold(recipient_settings, &vars) {
        (Outcome::Success, None)
    } else {
        (Outcome::Failure, Some("Feedback did not meet the rules"))
    };
    record_events(context, &target, recipient_settings, &vars, outcome, reason)?;
    result.insert("outcome".to_owned(), outcome.name().into());
    result.insert("reason".to_owned(), reason.into());
    let lead = |name: &str| rules::text(&vars["lead"][name]).map(Cow::into_owned);
    result.insert(
        "lead".to_owned(),
        json!({
            "id": lead("id"),
            "first_name": lead("first_name"),
            "last_name": lead("last_name"),
            "email": lead("email"),
            "phone_1": lead("phone_1"),
        }),
    );
    result.insert("price".to_owned(), price(&vars, outcome));
    Ok(render_response(201, &result, inbound))
}

/// The delivery that feedback refers to.
struct FeedbackTarget {
    account: Arc<str>,
    /// The recipient event.
    event: Value,
    /// The live flow; `None` when it was deleted.
    flow: Option<Arc<Document>>,
}

impl FeedbackTarget {
    /// Finds a recipient event by its id, in any account: the id is sent to the recipient with the lead and serves as
    /// its authentication.
    fn find(context: &WriteContext<'_>, id: ObjectId) -> Option<Self> {
        let is_delivery = |event: &Event<'_>| event.summary().kind.is_delivery();
        context.world.accounts().find_map(|(owner, account)| {
            let event =
                context.read_context().retained_events(account).get(id).filter(is_delivery)?.value().into_owned();
            let flow = find_live_flow(account, text(&event["vars"]["flow"], "id")).map(Arc::clone);
            Some(Self { account: owner.into(), event, flow })
        })
    }

    /// The feedback settings of the step; `None` when it does not accept feedback or was deleted.
    fn recipient_settings(&self) -> Option<&Value> {
        let steps = self.flow.as_ref()?.value().get("steps")?.as_array()?;
        let step = text(&self.event, "step_id");
        let recipient = text(&self.event["vars"]["recipient"], "id");
        let is_step = |found: &&Value| text(found, "id") == step && text(found, "type") == "recipient";
        let has_entity = |found: &&Value| text(&found["entity"], "id").eq_ignore_ascii_case(recipient);
        let found = steps.iter().find(is_step).or_else(|| steps.iter().find(has_entity))?;
        found.get("feedback").filter(|feedback| feedback.is_object())
    }

    /// The feedback settings of the source; `None` when feedback is not sent to it.
    fn source_settings(&self) -> Option<&Value> {
        let source = find_source(self.flow.as_ref()?.value(), text(&self.event["vars"]["source"], "id"))?;
        source.get("feedback").filter(|feedback| feedback.is_object())
    }
}

/// Whether feedback passes the rules of its settings.
fn rules_hold(feedback: &Value, vars: &Value) -> bool {
    match feedback.get("rule_set").map(Condition::parse_set) {
        None => true,
        Some(Ok(condition)) => condition.matches(vars),
        // Unreachable: a flow with an invalid rule cannot be saved.
        Some(Err(_)) => false,
    }
}

/// Writes an event for the received feedback, and another one when it is sent to the source. If the source's rules do
/// not hold, nothing is sent; the documentation calls that a skip, but the event has no such outcome.
fn record_events(
    context: &mut WriteContext<'_>,
    target: &FeedbackTarget,
    recipient_settings: &Value,
    vars: &Value,
    outcome: Outcome,
    reason: Option<&str>,
) -> Result<(), ApiError> {
    let sent = target.source_settings().filter(|feedback| outcome == Outcome::Success && rules_hold(feedback, vars));
    let received = (EventType::FeedbackReceived, recipient_settings);
    for (kind, feedback) in std::iter::once(received).chain(sent.map(|feedback| (EventType::FeedbackSent, feedback))) {
        let id = context.world.next_id(context.now);
        let mut event = EventBuilder::new(&id, kind, outcome, reason.unwrap_or_default(), vars.clone());
        event.set("module_id", feedback["integration"]["module_id"].clone());
        event.set("recipient_event_id", target.event["id"].clone());
        event.set("step_id", target.event["step_id"].clone());
        event.set("feedback", feedback.clone());
        event.set_common(&Timing::without_wait(SIMULATED_MS), context.now);
        context.put_event(&target.account, &event.build())?;
    }
    Ok(())
}

/// The price that the recipient paid; negative when it is not refunded.
fn price(vars: &Value, outcome: Outcome) -> Value {
    match vars.get("price").and_then(Value::as_f64).filter(|price| *price != 0.0) {
        Some(price) if outcome == Outcome::Failure => number(-price.abs()),
        Some(price) => number(price),
        None => Value::Null,
    }
}
