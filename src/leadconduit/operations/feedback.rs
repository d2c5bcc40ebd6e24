//! Feedback: returns and conversions, which recipients submit for delivered leads.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::api_error::{ApiError, ErrorFormat};
use super::super::context::WriteContext;
use super::super::leads::flow::{EventBuilder, Timing, render_response, require_lead_request};
use super::super::response::OperationResult;
use crate::leadconduit::flow_model::{Feedback, Flow};
use crate::leadconduit::live_flow::find_live_flow;
use crate::leadconduit::rules;
use crate::leadconduit::state::events::{Event, EventType, Outcome};
use crate::support::clock::{SignedDuration, Timestamp};
use crate::support::document::number;
use crate::support::document::{Document, text};
use crate::support::ids::ObjectId;

/// The reason in the response when the step does not accept feedback. LeadConduit answers 409 to reasons with the word
/// `forbidden`.
const FORBIDDEN: &str = "Feedback is forbidden";

/// The duration of feedback events in milliseconds; simulated, so that events do not depend on the machine.
const SIMULATED_MS: i64 = 6;

/// The types of feedback.
const TYPES: [&str; 2] = [RETURN, "conversion"];

/// The type of feedback with an age limit.
const RETURN: &str = "return";

/// The reason when rules are not met. The documentation has none.
const RULES_NOT_MET: &str = "Feedback did not meet the rules";

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
    let reason = recipient_settings.rejection(&vars, &kind, context.now);
    let outcome = if reason.is_none() { Outcome::Success } else { Outcome::Failure };
    record_event(
        context,
        &target,
        (EventType::FeedbackReceived, outcome, reason.as_deref().unwrap_or_default()),
        recipient_settings,
        &vars,
    )?;
    if outcome == Outcome::Success {
        send_to_source(context, &target, &vars, &kind)?;
    }
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
    feedback: &'f Feedback,
    /// The settings in the document of the flow, for events.
    document: &'f Value,
}

impl FeedbackSettings<'_> {
    /// Why feedback with these variables is not accepted or not sent.
    fn rejection(&self, vars: &Value, kind: &str, now: Timestamp) -> Option<String> {
        if let Some(days) = self.feedback.return_age_days_max.filter(|_| kind == RETURN)
            && submitted_at(vars).is_some_and(|at| now.duration_since(at) > SignedDuration::from_hours(days * 24))
        {
            // The wording of the vendor's example.
            let unit = if days == 1 { "day" } else { "days" };
            return Some(format!("Must provide return within {days} {unit}"));
        }
        (!self.feedback.rules.matches(vars)).then(|| RULES_NOT_MET.to_owned())
    }
}

/// When the lead was submitted.
fn submitted_at(vars: &Value) -> Option<Timestamp> {
    text(&vars["submission"], "timestamp").parse().ok()
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
        Some(FeedbackSettings { feedback: recipient.feedback.as_ref()?, document })
    }

    /// The feedback settings of the source; `None` when feedback is not sent to it.
    fn source_settings(&self) -> Option<FeedbackSettings<'_>> {
        let document = self.flow.as_ref()?;
        let flow = Flow::of(document);
        let index = flow.find_source(text(&self.event["vars"]["source"], "id"))?;
        let document = &document.value()["sources"][index]["feedback"];
        Some(FeedbackSettings { feedback: flow.sources[index].feedback.as_ref()?, document })
    }
}

/// Sends accepted feedback to the source, if it gets feedback. When the rules of the source are not met, nothing is sent
/// and the event is a skip. The recipient does not learn of a skip (inferred: what it makes of the response is not
/// documented).
fn send_to_source(
    context: &mut WriteContext<'_>,
    target: &FeedbackTarget,
    vars: &Value,
    kind: &str,
) -> Result<(), ApiError> {
    let Some(settings) = target.source_settings() else { return Ok(()) };
    let reason = settings.rejection(vars, kind, context.now);
    let outcome = if reason.is_none() { Outcome::Success } else { Outcome::Skip };
    let event = (EventType::FeedbackSent, outcome, reason.as_deref().unwrap_or_default());
    record_event(context, target, event, settings, vars)
}

/// Writes the event of received or sent feedback: its type, its outcome and its reason.
fn record_event(
    context: &mut WriteContext<'_>,
    target: &FeedbackTarget,
    (kind, outcome, reason): (EventType, Outcome, &str),
    settings: FeedbackSettings<'_>,
    vars: &Value,
) -> Result<(), ApiError> {
    let id = context.next_event_id(&target.account);
    let mut event = EventBuilder::new(id, kind, outcome, reason, vars.clone());
    event.set("module_id", settings.document["integration"]["module_id"].clone());
    event.set("recipient_event_id", target.event["id"].clone());
    event.set("step_id", target.event["step_id"].clone());
    event.set("feedback", settings.document.clone());
    event.set_common(&Timing::without_wait(SIMULATED_MS), context.now);
    context.put_event(&target.account, &event.build()).map(drop)
}

/// The price that the recipient paid; negative when it is not refunded.
fn price(vars: &Value, outcome: Outcome) -> Value {
    match vars.get("price").and_then(Value::as_f64).filter(|price| *price != 0.0) {
        Some(price) if outcome == Outcome::Failure => number(-price.abs()),
        Some(price) => number(price),
        None => Value::Null,
    }
}
