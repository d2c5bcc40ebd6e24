//! Submissions and pings: what stands at the gate, and what a lead leaves behind.
//!
//! A lead that gets through the gate is taken: its fields, its price and one source event. What the flow's rules, caps
//! and steps make of it is not looked at.

use std::sync::Arc;

use http::HeaderValue;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::flows::{live, source_of};
use super::{Answer, Outcome, Reading, Refusal, Style, Writing};
use crate::inbound::{Inbound, Refused, render};
use crate::rules;
use crate::world::clock::{SignedDuration, Timestamp, stamp};
use crate::world::document::{merge, number};
use crate::world::{Caller, Collection, Document, World, items, text};

/// For how long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How long handling a lead takes in the mock's books, in milliseconds.
const TOOK_MS: i64 = 12;

/// Who submits where no proxy tells.
const NEAR: &str = "127.0.0.1";

pub(super) fn submit(call: &mut Writing<'_>) -> Outcome {
    let door = Door::find(call.world, call.input.path("flow_id"), call.input.path("source_id"))?;
    door.admit(call.world, call.caller)?;
    let inbound = read(call.input.inbound.as_ref())?;
    let mut result = Map::new();
    let (outcome, reason, price) = if door.flow.flag("enabled") {
        ("success", None, door.price())
    } else {
        // A page says that such a submission ends in an error; the words are ours.
        ("error", Some("Flow is disabled"), 0.0)
    };
    let lead = call.world.next_id(call.now);
    let event = source_event(call, &door, inbound, &lead, outcome, reason, price);
    call.put_event(&door.account, &event)?;
    result.insert("outcome".to_owned(), outcome.into());
    if let Some(reason) = reason {
        result.insert("reason".to_owned(), reason.into());
    }
    result.insert("lead".to_owned(), json!({"id": lead}));
    result.insert("price".to_owned(), number(price));
    Ok(answer(201, &result, inbound))
}

pub(super) fn ping(call: &Reading<'_>) -> Outcome {
    let door = Door::find(call.world, call.input.path("flow_id"), call.input.path("source_id"))?;
    door.admit(call.world, call.caller)?;
    let inbound = read(call.input.inbound.as_ref())?;
    let is_open = door.flow.flag("enabled") && door.flow.flag("ping_enabled");
    let price = if is_open { door.price() } else { 0.0 };
    let mut result = Map::new();
    // The module's own words for any price that is not above 0.
    let bids = price > 0.0;
    result.insert("outcome".to_owned(), if bids { "success" } else { "failure" }.into());
    if !bids {
        result.insert("reason".to_owned(), "no bid".into());
    }
    result.insert("price".to_owned(), number(price));
    Ok(answer(200, &result, inbound))
}

/// What the lead handler has read of a request, once the gate has let it through.
pub(super) fn read(inbound: Option<&Result<Inbound, Refused>>) -> Result<&Inbound, Refusal> {
    match inbound {
        Some(Ok(inbound)) => Ok(inbound),
        Some(Err(refused)) => Err(refused.into()),
        None => Err(Refusal::internal("an operation of the lead handler was read as one of the management API")),
    }
}

/// A result as the caller wants it written.
pub(super) fn answer(status: u16, result: &Map<String, Value>, inbound: &Inbound) -> Answer {
    let status = if inbound.redirect.is_some() { 303 } else { status };
    let mut answer = Answer::of(status, render(result, inbound.media).into());
    answer.media_type = HeaderValue::from_static(inbound.media.name());
    answer.headers.extend(inbound.redirect.clone().map(|to| (LOCATION, to)));
    answer
}

/// A flow and one of its sources: where a lead comes in.
pub(super) struct Door {
    /// The account that the flow belongs to.
    pub(super) account: Arc<str>,
    /// The flow as it is live.
    pub(super) flow: Arc<Document>,
    /// The source.
    pub(super) source: Value,
}

impl Door {
    /// The door at an address. The source is known by its entity's id, or by its own short one.
    fn find(world: &World, flow: &str, source: &str) -> Result<Self, Refusal> {
        let refuse = |status, message| Refusal::new(status, message).styled(Style::Message);
        let found = world.accounts().find_map(|(id, account)| Some((id, live(account, flow)?)));
        let (account, flow) = found.ok_or_else(|| refuse(404, "Flow not found"))?;
        let source = source_of(flow.value(), source).ok_or_else(|| refuse(422, "Invalid source ID"))?.clone();
        Ok(Self { account: account.into(), flow: Arc::clone(flow), source })
    }

    /// The gate: whether the source is on, and, where it demands that, whether it is itself who submits.
    fn admit(&self, world: &World, caller: &Caller) -> Result<(), Refusal> {
        let refuse = |status, message| Err(Refusal::new(status, message).styled(Style::Message));
        if self.source.get("enabled") == Some(&Value::Bool(false)) {
            return refuse(403, "Source is disabled");
        }
        let needs_key = self.source.get("authentication_required") == Some(&Value::Bool(true));
        if needs_key && !self.is_behind(world, caller) {
            return refuse(401, "Unauthorized source");
        }
        Ok(())
    }

    /// Whether the caller's account is the one that the source's entity stands for.
    fn is_behind(&self, world: &World, caller: &Caller) -> bool {
        let id = text(&self.source["entity"], "id");
        let entity = world.account(&self.account).and_then(|account| account.get(Collection::Entities, id));
        let connected = entity.and_then(|entity| entity.text("connected_account_id"));
        let is_account = |id: &str| id.eq_ignore_ascii_case(&caller.account);
        !caller.is_nobody() && (is_account(id) || connected.is_some_and(is_account))
    }

    /// What a lead is bought for: the last price without rules, of the source before that of the flow.
    fn price(&self) -> f64 {
        let last = |of: &Value| {
            let prices = of.get("pricing")?.get("prices")?.as_array()?;
            prices.iter().rev().find(|price| price.get("rule_set").is_none())?.get("amount")?.as_f64()
        };
        last(&self.source).or_else(|| last(self.flow.value())).unwrap_or(0.0)
    }
}

/// The event of a lead that is through.
fn source_event(
    call: &mut Writing<'_>,
    door: &Door,
    inbound: &Inbound,
    lead: &str,
    outcome: &str,
    reason: Option<&str>,
    price: f64,
) -> Value {
    let began = call.now.as_millisecond();
    let id = call.world.next_id(call.now);
    let mut fields = Map::new();
    fields.insert("id".to_owned(), lead.into());
    for field in items(door.flow.value(), "fields").iter().filter_map(Value::as_str) {
        // What no field is for is dropped.
        if let Some(value) = rules::find(&call.input.body, field).filter(|value| !value.is_null()) {
            fields.insert(field.to_owned(), value.clone());
        }
    }
    let own = call.world.account(&door.account).map(|account| account.document().value());
    let account = own.map(party).unwrap_or_default();
    let address = inbound.address.map_or_else(|| NEAR.to_owned(), |address| address.to_string());
    let mut event = json!({
        "id": id,
        "type": "source",
        "outcome": outcome,
        "reason": reason.unwrap_or_default(),
        "vars": {
            "lead": fields,
            "account": account,
            "flow": party(door.flow.value()),
            "source": party(&door.source["entity"]),
            "submission": {"timestamp": call.stamp(), "ip": address},
        },
    });
    event["module_id"] = door.source["integration"]["module_id"].clone();
    event["package_version"] = "2.9.8".into();
    event["step_count"] = 0.into();
    event["cost"] = number(price);
    event["appended"] = json!({});
    stamp_event(&mut event, began, call.now);
    event
}

/// Somebody or something as events name it.
fn party(of: &Value) -> Value {
    let parts = ["id", "sso_id", "name"].into_iter();
    let known =
        parts.filter_map(|part| Some((part.to_owned(), of.get(part).filter(|value| value.is_string())?.clone())));
    Value::Object(known.collect())
}

/// What events have in common besides what they tell: when, how long, on which server, until when.
pub(super) fn stamp_event(event: &mut Value, began_ms: i64, now: Timestamp) {
    let common = json!({
        "host": "app.leadconduit.com",
        "start_timestamp": began_ms,
        "end_timestamp": began_ms + TOOK_MS,
        "ms": TOOK_MS,
        "wait_ms": 0,
        "overhead_ms": TOOK_MS,
        "lag_ms": 0,
        "total_ms": TOOK_MS,
        "handler_version": "2.23.1",
        "version": "2.0.0",
        "cap_reached": false,
        "ping_limit_reached": false,
        "expires_at": stamp(now.checked_add(KEPT).unwrap_or(now)),
    });
    merge(event, &common);
}
