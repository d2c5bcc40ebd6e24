//! Feedback: what recipients tell about leads afterwards.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::context::WriteContext;
use super::super::leads::flow::{EventBuilder, Timing, answer, read};
use super::super::response::{ApiError, Outcome, Style};
use crate::leadconduit::live_flow::{live, source_of};
use crate::leadconduit::rules::{self, Condition};
use crate::leadconduit::state::events::{Event, Kind, Outcome as SubscriptionClosed};
use crate::support::document::number;
use crate::support::document::{Document, text};
use crate::support::ids::ObjectId;

/// What the recipient is told when its step does not take feedback. The word `forbidden` makes it a 409.
const FORBIDDEN: &str = "Feedback is forbidden";

/// How long feedback takes in the mock's books, in milliseconds.
const TOOK_MS: i64 = 6;

/// What feedback may say.
const TYPES: [&str; 2] = ["return", "conversion"];

pub(super) fn submit(call: &mut WriteContext<'_>) -> Outcome {
    let refuse = |message: &'static str| ApiError::new(400, message).styled(Style::Text);
    let id = call.input.query("event_id").ok_or_else(|| refuse("event_id is missing"))?;
    let id: ObjectId = id.parse().map_err(|_| refuse("event_id must be 24 hexadecimal characters"))?;
    let delivery =
        Delivery::find(call, id).ok_or_else(|| ApiError::new(404, "Event not found").styled(Style::Message))?;
    let inbound = read(call.input.inbound.as_ref())?;
    let kind = call.input.text("type").filter(|kind| TYPES.contains(kind));
    let kind = kind.ok_or_else(|| refuse("type must be return or conversion"))?.to_owned();
    let reason = call.input.body.get("reason").and_then(Value::as_str).map(str::to_owned);
    let mut result = Map::new();
    let Some(accepts) = delivery.accepts() else {
        result.insert("outcome".to_owned(), "failure".into());
        result.insert("reason".to_owned(), FORBIDDEN.into());
        return Ok(answer(409, &result, inbound));
    };
    let mut vars = delivery.event["vars"].clone();
    vars["feedback"] = json!({"timestamp": call.stamp(), "type": kind});
    if let Some(reason) = reason {
        vars["feedback"]["reason"] = reason.into();
    }
    let (outcome, refused) = if passes(accepts, &vars) {
        (SubscriptionClosed::Success, None)
    } else {
        (SubscriptionClosed::Failure, Some("Feedback did not meet the rules"))
    };
    keep(call, &delivery, accepts, &vars, outcome, refused)?;
    result.insert("outcome".to_owned(), outcome.name().into());
    result.insert("reason".to_owned(), refused.into());
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
    Ok(answer(201, &result, inbound))
}

/// The delivery that feedback is about.
struct Delivery {
    account: Arc<str>,
    /// The recipient event.
    event: Value,
    /// The flow as it is live, unless it is gone.
    flow: Option<Arc<Document>>,
}

impl Delivery {
    /// The recipient event of an id, whosever it is: who knows the id was given it with the lead.
    fn find(call: &WriteContext<'_>, id: ObjectId) -> Option<Self> {
        let is_delivery = |event: &Event<'_>| event.summary().kind.is_delivery();
        call.world.accounts().find_map(|(owner, account)| {
            let event = call.reading().events_of(account).get(id).filter(is_delivery)?.value().into_owned();
            let flow = live(account, text(&event["vars"]["flow"], "id")).map(Arc::clone);
            Some(Self { account: owner.into(), event, flow })
        })
    }

    /// How the step takes feedback; `None` when it does not, or is gone.
    fn accepts(&self) -> Option<&Value> {
        let steps = self.flow.as_ref()?.value().get("steps")?.as_array()?;
        let step = text(&self.event, "step_id");
        let recipient = text(&self.event["vars"]["recipient"], "id");
        let is_it = |found: &&Value| text(found, "id") == step && text(found, "type") == "recipient";
        let same_entity = |found: &&Value| text(&found["entity"], "id").eq_ignore_ascii_case(recipient);
        let found = steps.iter().find(is_it).or_else(|| steps.iter().find(same_entity))?;
        found.get("feedback").filter(|feedback| feedback.is_object())
    }

    /// How the source wants to be told; `None` when it does not.
    fn passes_on(&self) -> Option<&Value> {
        let source = source_of(self.flow.as_ref()?.value(), text(&self.event["vars"]["source"], "id"))?;
        source.get("feedback").filter(|feedback| feedback.is_object())
    }
}

/// Whether the rules that feedback goes through only with hold.
fn passes(feedback: &Value, vars: &Value) -> bool {
    match feedback.get("rule_set").map(Condition::set) {
        None => true,
        Some(Ok(condition)) => condition.holds(vars),
        // A flow with a rule that cannot be read cannot be saved.
        Some(Err(_)) => false,
    }
}

/// Keeps the feedback as an event, and as another one when it goes on to the source. A source whose rules do not hold is
/// not told: a page calls that a skip, which its event has no word for.
fn keep(
    call: &mut WriteContext<'_>,
    delivery: &Delivery,
    accepts: &Value,
    vars: &Value,
    outcome: SubscriptionClosed,
    reason: Option<&str>,
) -> Result<(), ApiError> {
    let sent = delivery.passes_on().filter(|feedback| outcome == SubscriptionClosed::Success && passes(feedback, vars));
    let received = (Kind::FeedbackReceived, accepts);
    for (kind, feedback) in std::iter::once(received).chain(sent.map(|feedback| (Kind::FeedbackSent, feedback))) {
        let id = call.world.next_id(call.now);
        let mut record = EventBuilder::new(&id, kind, outcome, reason.unwrap_or_default(), vars.clone());
        record.set("module_id", feedback["integration"]["module_id"].clone());
        record.set("recipient_event_id", delivery.event["id"].clone());
        record.set("step_id", delivery.event["step_id"].clone());
        record.set("feedback", feedback.clone());
        record.stamp(&Timing::only(TOOK_MS), call.now);
        call.put_event(&delivery.account, &record.into_event())?;
    }
    Ok(())
}

/// What the recipient paid, less than nothing when it does not get it back.
fn price(vars: &Value, outcome: SubscriptionClosed) -> Value {
    match vars.get("price").and_then(Value::as_f64).filter(|price| *price != 0.0) {
        Some(price) if outcome == SubscriptionClosed::Failure => number(-price.abs()),
        Some(price) => number(price),
        None => Value::Null,
    }
}
