//! Onboards: the set-up of a buyer's connection, tracked from an invitation to a flow that takes the seller's leads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::context::WriteContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::{connections, flows};
use crate::leadconduit::state::Collection;
use crate::support::document::text;

const INBOUND: &str = "leadconduit-default.inbound";

pub(super) fn create(call: &mut WriteContext<'_>) -> Outcome {
    let invitation = call.input.text("invitation_id").ok_or(ApiError::new(400, "invitation_id is missing"))?;
    let connection = connection_behind(call, invitation)?;
    let flow = call.input.text("flow_id").map(|id| existing_flow(call, id)).transpose()?;
    let stamp = call.stamp();
    let parts = [
        ("invitation_id", Some(invitation.to_owned())),
        ("id", Some(call.world.next_id(call.now))),
        ("account_id", Some(call.caller.account.to_string())),
        ("connection_id", connection),
        ("flow_id", flow),
        ("status", Some("created".to_owned())),
        ("created_at", Some(stamp.clone())),
        ("updated_at", Some(stamp)),
    ];
    // With room from the start: an onboard is the document that clients make most of.
    let mut onboard = serde_json::Map::with_capacity(parts.len());
    onboard.extend(parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.into()))));
    Ok(OperationResponse::of(201, call.put(Collection::Onboards, &Value::Object(onboard))?.bytes()))
}

/// Keeps what is sent; becoming `completed` runs the set-up, and a set-up that does not work ends as `failed`.
pub(super) fn update(call: &mut WriteContext<'_>) -> Outcome {
    let found = call.account()?.get(Collection::Onboards, call.input.path("id"));
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::Onboards))?);
    let mut onboard = found.value().clone();
    let invitation = call.input.text("invitation_id").ok_or(ApiError::new(400, "invitation_id is missing"))?;
    if let Some(connection) = connection_behind(call, invitation)? {
        onboard["connection_id"] = connection.into();
    }
    // The account is the caller's whatever was sent: a record cannot be given away.
    for name in ["invitation_id", "connection_id", "flow_id", "status"] {
        if let Some(sent) = call.input.text(name) {
            onboard[name] = sent.into();
        }
    }
    onboard["updated_at"] = call.stamp().into();
    let becomes_completed = text(&onboard, "status") == "completed" && found.text("status") != Some("completed");
    if becomes_completed {
        let connection = onboard.get("connection_id").and_then(Value::as_str).map(str::to_owned);
        let flow = onboard.get("flow_id").and_then(Value::as_str).map(str::to_owned);
        let before = call.world.mark();
        match set_up_buyer(call, connection.as_deref(), flow.as_deref()) {
            Ok(flow) => onboard["flow_id"] = flow.into(),
            Err(_) => {
                // Nothing of a set-up that failed half-way stays.
                call.world.go_back(before);
                onboard["status"] = "failed".into();
            }
        }
    } else {
        // What does not exist is told at once; only a set-up that meets it fails instead.
        call.input.text("flow_id").map(|id| existing_flow(call, id)).transpose()?;
        if let Some(id) = call.input.text("connection_id") {
            connections::find(call.account()?, id).ok_or(ApiError::not_found(Collection::Connections))?;
        }
    }
    Ok(OperationResponse::of(200, call.put(Collection::Onboards, &onboard)?.bytes()))
}

/// The set-up at once, without a record.
pub(super) fn set_up(call: &mut WriteContext<'_>) -> Outcome {
    let connection = match (call.input.text("connection_id"), call.input.text("invitation_id")) {
        (Some(connection), _) => Some(connection.to_owned()),
        (None, Some(invitation)) => connection_behind(call, invitation)?,
        (None, None) => return Err(ApiError::new(400, "the body needs connection_id or invitation_id")),
    };
    let flow = set_up_buyer(call, connection.as_deref(), call.input.text("flow_id"))?;
    Ok(OperationResponse::ok(&json!({"redirect": format!("/flows/{flow}")})))
}

/// The connection that an invitation led to; `None` while the invitation has not been accepted.
fn connection_behind(call: &WriteContext<'_>, invitation: &str) -> Result<Option<String>, ApiError> {
    let account = call.account()?;
    let row = connections::by_invitation(account, invitation);
    if row.is_none() && account.get(Collection::Invitations, invitation).is_none() {
        return Err(ApiError::not_found(Collection::Invitations));
    }
    Ok(row.and_then(|row| row.text("id")).map(str::to_owned))
}

fn existing_flow(call: &WriteContext<'_>, id: &str) -> Result<String, ApiError> {
    let flow = call.account()?.get(Collection::Flows, id).ok_or(ApiError::not_found(Collection::Flows))?;
    Ok(flow.text("id").unwrap_or(id).to_owned())
}

/// Makes the seller a source of the buyer's flow, tells the seller's flows where to deliver, and marks the connection.
/// Returns the flow.
fn set_up_buyer(call: &mut WriteContext<'_>, connection: Option<&str>, flow: Option<&str>) -> Result<String, ApiError> {
    let connection = connection.ok_or(ApiError::not_found(Collection::Connections))?;
    let account = call.account()?;
    let row =
        connections::find(account, connection).ok_or(ApiError::not_found(Collection::Connections))?.value().clone();
    if row.pointer("/ui_state/has_setup_buyer_delivery") == Some(&Value::Bool(true)) {
        return Err(ApiError::new(409, "buyer delivery is set up already for this connection"));
    }
    let seller = text(&row["connected_account"], "id").to_owned();
    let entity = connections::account_entity(account, &seller)
        .ok_or(ApiError::new(422, "the connected account has no entity that could be a source"))?;
    let source = json!({
        "entity": {"id": text(entity.value(), "id"), "name": text(entity.value(), "name")},
        "integration": {"module_id": INBOUND, "mappings": []},
        "enabled": true,
    });
    let flow = match flow {
        Some(id) => extend_flow(call, id, source)?,
        None => create_flow(call, source)?,
    };
    deliver_to(call, &seller, &flow)?;
    let mut marked = row;
    marked["ui_state"] = json!({"has_setup_buyer_delivery": true});
    marked["updated_at"] = call.stamp().into();
    call.put(Collection::Connections, &marked)?;
    Ok(flow)
}

fn extend_flow(call: &mut WriteContext<'_>, id: &str, mut source: Value) -> Result<String, ApiError> {
    let found = call.account()?.get(Collection::Flows, id).ok_or(ApiError::not_found(Collection::Flows))?;
    let mut flow = found.value().clone();
    let known = flow["sources"].as_array().into_iter().flatten().any(|s| s["entity"]["id"] == source["entity"]["id"]);
    if !known && let Some(sources) = flow["sources"].as_array_mut() {
        source["id"] = call.world.next_short_id().into();
        sources.push(source);
    }
    flow["updated_at"] = call.stamp().into();
    save_live(call, &flow)
}

/// What an onboard sets up handles leads at once; nothing tells of a deployment that the client had to ask for.
fn save_live(call: &mut WriteContext<'_>, flow: &Value) -> Result<String, ApiError> {
    call.put(Collection::Flows, flow)?;
    let id = text(flow, "id");
    flows::make_live(call, id);
    Ok(id.to_owned())
}

/// A flow that does nothing yet but take the seller's leads.
fn create_flow(call: &mut WriteContext<'_>, mut source: Value) -> Result<String, ApiError> {
    let stamp = call.stamp();
    let id = call.world.next_id(call.now);
    source["id"] = call.world.next_short_id().into();
    let flow = json!({
        "id": id,
        "name": format!("Leads from {}", text(&source["entity"], "name")),
        "enabled": true,
        "fields": ["first_name", "last_name", "email", "phone_1"],
        "sources": [source],
        "steps": [],
        "created_at": stamp,
        "updated_at": stamp,
    });
    save_live(call, &flow)
}

/// Writes the buyer's flow into the mappings of the seller's steps that deliver to this buyer, where the seller's
/// account is part of the world.
fn deliver_to(call: &mut WriteContext<'_>, seller: &str, flow: &str) -> Result<(), ApiError> {
    let buyer = Arc::clone(&call.caller.account);
    let Some(account) = call.world.account(seller) else { return Ok(()) };
    let Some(entity) = connections::account_entity(account, &buyer).and_then(|entity| entity.text("id")) else {
        return Ok(());
    };
    let entity = entity.to_owned();
    let of = |kind| account.all(kind).values().map(move |flow| (kind, Arc::clone(flow)));
    let flows: Vec<_> = of(Collection::Flows).chain(of(Collection::LiveFlows)).collect();
    for (kind, found) in flows {
        let mut changed = found.value().clone();
        let mut touched = false;
        for step in changed["steps"].as_array_mut().into_iter().flatten() {
            if step["entity"]["id"] == entity.as_str() {
                map_flow(&mut step["integration"]["mappings"], flow);
                touched = true;
            }
        }
        if touched {
            changed["updated_at"] = call.stamp().into();
            call.put_for(seller, kind, &changed)?;
        }
    }
    Ok(())
}

fn map_flow(mappings: &mut Value, flow: &str) {
    if !mappings.is_array() {
        *mappings = json!([]);
    }
    if let Some(mappings) = mappings.as_array_mut() {
        mappings.retain(|mapping| mapping["property"] != "flow_id");
        mappings.push(json!({"property": "flow_id", "value": flow}));
    }
}
