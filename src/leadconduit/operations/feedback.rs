//! Feedback: returns and conversions, which recipients submit for delivered leads.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::api_error::{ApiError, ErrorFormat};
use super::super::context::WriteContext;
use super::super::leads::flow::{EventBuilder, Timing, render_response, require_lead_request};
use super::super::response::OperationResult;
use crate::leadconduit::flow_model::{Flow, RuleSet};
use crate::leadconduit::live_flow::find_live_flow;
use crate::leadconduit::rules;
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
    let (outcome, reason) = if recipient_settings.rules.matches(&vars) {
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

/// The feedback settings of a recipient or a source.
#[derive(Clone, Copy)]
struct FeedbackSettings<'f> {
    rules: &'f RuleSet,
    /// The settings in the document of the flow, for events.
    document: &'f Value,
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
    fn recipient_settings(&self) -> Option<FeedbackSettings<'_>> {
        let document = self.flow.as_ref()?;
        let flow = Flow::of(document);
        let step_id = text(&self.event, "step_id");
        let entity_id = text(&self.event["vars"]["recipient"], "id");
        let by_id = flow.recipients().find(|(_, step, _)| step.id == step_id);
        let by_entity = || flow.recipients().find(|(_, step, _)| step.entity.text.eq_ignore_ascii_case(entity_id));
        let (index, _, recipient) = by_id.or_else(by_entity)?;
        let document = &document.value()["steps"][index]["feedback"];
        Some(FeedbackSettings { rules: recipient.feedback.as_ref()?, document })
    }

    /// The feedback settings of the source; `None` when feedback is not sent to it.
    fn source_settings(&self) -> Option<FeedbackSettings<'_>> {
        let document = self.flow.as_ref()?;
        let flow = Flow::of(document);
        let index = flow.find_source(text(&self.event["vars"]["source"], "id"))?;
        let document = &document.value()["sources"][index]["feedback"];
        Some(FeedbackSettings { rules: flow.sources[index].feedback.as_ref()?, document })
    }
}

/// Writes an event for the received feedback, and another one when it is sent to the source. If the source's rules do
/// not hold, nothing is sent; the documentation calls that a skip, but the event has no such outcome.
fn record_events(
    context: &mut WriteContext<'_>,
    target: &FeedbackTarget,
    recipient_settings: FeedbackSettings<'_>,
    vars: &Value,
    outcome: Outcome,
    reason: Option<&str>,
) -> Result<(), ApiError> {
    let is_sent = |feedback: &FeedbackSettings<'_>| outcome == Outcome::Success && feedback.rules.matches(vars);
    let sent = target.source_settings().filter(is_sent);
    let received = (EventType::FeedbackReceived, recipient_settings);
    for (kind, feedback) in std::iter::once(received).chain(sent.map(|feedback| (EventType::FeedbackSent, feedback))) {
        let id = context.world.next_id(context.now);
        let mut event = EventBuilder::new(id, kind, outcome, reason.unwrap_or_default(), vars.clone());
        event.set("module_id", feedback.document["integration"]["module_id"].clone());
        event.set("recipient_event_id", target.event["id"].clone());
        event.set("step_id", target.event["step_id"].clone());
        event.set("feedback", feedback.document.clone());
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
