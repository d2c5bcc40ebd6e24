//! Onboards: they track the set-up of buyer delivery, from an invitation to a flow that accepts the seller's leads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::WriteContext;
use super::super::response::{OperationResponse, OperationResult};
use super::{connections, flows, partner_plan};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, TypedDocument, text};

const INBOUND: &str = "leadconduit-default.inbound";

/// What an onboard refers to: the parsed document of each onboard would take several times the memory of its text.
struct OnboardLinks {
    invitation: Box<str>,
    flow: Box<str>,
}

impl OnboardLinks {
    fn of(onboard: &Document) -> &Self {
        onboard.typed()
    }
}

impl TypedDocument for OnboardLinks {
    fn from_value(onboard: &Value) -> Self {
        Self { invitation: text(onboard, "invitation_id").into(), flow: text(onboard, "flow_id").into() }
    }
}

pub(super) fn create(context: &mut WriteContext<'_>) -> OperationResult {
    let invitation = context.input.text("invitation_id").ok_or(ApiError::new(400, "invitation_id is missing"))?;
    let connection = find_invited_connection(context, invitation)?;
    let flow = match context.input.text("flow_id") {
        Some(id) => require_flow(context, id)?,
        None => minimal_flow(context, invitation, connection.as_deref())?,
    };
    let links = OnboardLinks { invitation: invitation.into(), flow: flow.as_str().into() };
    let timestamp = context.timestamp();
    let parts = [
        ("invitation_id", Some(invitation.to_owned())),
        ("id", Some(context.world.next_id(context.now).to_string())),
        ("account_id", Some(context.caller.account.to_string())),
        ("connection_id", connection),
        ("flow_id", Some(flow)),
        ("status", Some("created".to_owned())),
        ("created_at", Some(timestamp.clone())),
        ("updated_at", Some(timestamp)),
    ];
    // Allocated once: onboards are the documents that clients create most.
    let mut onboard = serde_json::Map::with_capacity(parts.len());
    onboard.extend(parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.into()))));
    let onboard = Value::Object(onboard);
    let stored = context.put(Collection::Onboards, &onboard)?;
    // The next onboard of the invitation looks at them.
    stored.set_typed(links);
    Ok(OperationResponse::json(201, stored.bytes()))
}

/// Updates an onboard. A change to `completed` runs the set-up; if that fails, the status becomes `failed`.
pub(super) fn update(context: &mut WriteContext<'_>) -> OperationResult {
    let found = context.account()?.get(Collection::Onboards, context.input.path("id"));
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::Onboards))?);
    let mut onboard = found.value().clone();
    let invitation = context.input.text("invitation_id").ok_or(ApiError::new(400, "invitation_id is missing"))?;
    if let Some(connection) = find_invited_connection(context, invitation)? {
        onboard["connection_id"] = connection.into();
    }
    // `account_id` in the body is ignored: an onboard always belongs to the caller's account.
    for name in ["invitation_id", "connection_id", "flow_id", "status"] {
        if let Some(sent) = context.input.text(name) {
            onboard[name] = sent.into();
        }
    }
    onboard["updated_at"] = context.timestamp().into();
    let becomes_completed = text(&onboard, "status") == "completed" && found.text("status") != Some("completed");
    if becomes_completed {
        let connection = onboard.get("connection_id").and_then(Value::as_str).map(str::to_owned);
        let flow = onboard.get("flow_id").and_then(Value::as_str).map(str::to_owned);
        let before = context.world.savepoint();
        match set_up_buyer(context, connection.as_deref(), flow.as_deref()) {
            Ok(flow) => onboard["flow_id"] = flow.into(),
            Err(_) => {
                // Discards the writes of the failed set-up.
                context.world.rollback_to(before);
                onboard["status"] = "failed".into();
            }
        }
    } else {
        // Without a set-up, missing references are errors of the request.
        context.input.text("flow_id").map(|id| require_flow(context, id)).transpose()?;
        if let Some(id) = context.input.text("connection_id") {
            connections::find(context.account()?, id).ok_or(ApiError::not_found(Collection::Connections))?;
        }
    }
    Ok(OperationResponse::json(200, context.put(Collection::Onboards, &onboard)?.bytes()))
}

/// Runs the set-up without an onboard.
pub(super) fn set_up(context: &mut WriteContext<'_>) -> OperationResult {
    let connection = match (context.input.text("connection_id"), context.input.text("invitation_id")) {
        (Some(connection), _) => Some(connection.to_owned()),
        (None, Some(invitation)) => find_invited_connection(context, invitation)?,
        (None, None) => return Err(ApiError::new(400, "the body needs connection_id or invitation_id")),
    };
    let flow = set_up_buyer(context, connection.as_deref(), context.input.text("flow_id"))?;
    Ok(OperationResponse::ok(&json!({"redirect": format!("/flows/{flow}")})))
}

/// The id of an invitation's connection; `None` while the invitation is not accepted.
fn find_invited_connection(context: &WriteContext<'_>, invitation: &str) -> Result<Option<String>, ApiError> {
    let account = context.account()?;
    let row = connections::find_by_invitation(account, invitation);
    if row.is_none() && account.get(Collection::Invitations, invitation).is_none() {
        return Err(ApiError::not_found(Collection::Invitations));
    }
    Ok(row.and_then(|row| row.text("id")).map(str::to_owned))
}

fn require_flow(context: &WriteContext<'_>, id: &str) -> Result<String, ApiError> {
    let flow = context.account()?.get(Collection::Flows, id).ok_or(ApiError::not_found(Collection::Flows))?;
    Ok(flow.text("id").unwrap_or(id).to_owned())
}

/// Makes the seller a source of the buyer's flow, maps the seller's deliveries to the flow, and marks the connection.
/// Returns the id of the flow.
fn set_up_buyer(
    context: &mut WriteContext<'_>,
    connection: Option<&str>,
    flow: Option<&str>,
) -> Result<String, ApiError> {
    let connection = connection.ok_or(ApiError::not_found(Collection::Connections))?;
    let account = context.account()?;
    let row =
        connections::find(account, connection).ok_or(ApiError::not_found(Collection::Connections))?.value().clone();
    if row.pointer("/ui_state/has_setup_buyer_delivery") == Some(&Value::Bool(true)) {
        return Err(ApiError::new(409, "buyer delivery is already set up for this connection"));
    }
    let seller = text(&row["connected_account"], "id").to_owned();
    let entity = connections::find_account_entity(account, &seller)
        .ok_or(ApiError::new(422, "the connected account has no entity that could be a source"))?;
    let source = json!({
        "entity": {"id": text(entity.value(), "id"), "name": text(entity.value(), "name")},
        "integration": {"module_id": INBOUND, "mappings": []},
        "enabled": true,
    });
    let own = only_flow(account).and_then(|flow| flow.text("id")).map(str::to_owned);
    let flow = match flow.or(own.as_deref()) {
        Some(id) => extend_flow(context, id, source)?,
        None => {
            let seller = text(&source["entity"], "name").to_owned();
            create_flow(context, &seller, vec![source])?
        }
    };
    map_seller_deliveries(context, &seller, &flow)?;
    let mut marked = row;
    marked["ui_state"] = json!({"has_setup_buyer_delivery": true});
    marked["updated_at"] = context.timestamp().into();
    context.put(Collection::Connections, &marked)?;
    Ok(flow)
}

fn extend_flow(context: &mut WriteContext<'_>, id: &str, mut source: Value) -> Result<String, ApiError> {
    let found = context.account()?.get(Collection::Flows, id).ok_or(ApiError::not_found(Collection::Flows))?;
    let mut flow = found.value().clone();
    let known = flow["sources"].as_array().into_iter().flatten().any(|s| s["entity"]["id"] == source["entity"]["id"]);
    if !known && let Some(sources) = flow["sources"].as_array_mut() {
        source["id"] = context.world.next_short_id().into();
        sources.push(source);
    }
    flow["updated_at"] = context.timestamp().into();
    save_and_deploy(context, &flow)
}

/// Saves a flow and makes it live at once (inferred: no deployment by the client is documented).
fn save_and_deploy(context: &mut WriteContext<'_>, flow: &Value) -> Result<String, ApiError> {
    context.put(Collection::Flows, flow)?;
    let id = text(flow, "id");
    flows::deploy_saved_revision(context, id)?;
    Ok(id.to_owned())
}

/// The id of the flow of an onboard that names none: the documented sample shows one at once, the minimal flow as a rule.
/// It is the flow of the last onboard of the invitation, or the one flow of a partner's account, or a new flow without
/// sources (inferred).
fn minimal_flow(
    context: &mut WriteContext<'_>,
    invitation: &str,
    connection: Option<&str>,
) -> Result<String, ApiError> {
    let account = context.account()?;
    let mut onboards = account.all(Collection::Onboards).values().rev().map(|onboard| OnboardLinks::of(onboard));
    let last = onboards.find(|onboard| &*onboard.invitation == invitation);
    let last = last.and_then(|onboard| account.get(Collection::Flows, &onboard.flow));
    if let Some(flow) = last.or_else(|| only_flow(account)).and_then(|flow| flow.text("id")) {
        return Ok(flow.to_owned());
    }
    let row = connection.and_then(|id| connections::find(account, id)).map(|row| row.value());
    let seller = row.map_or("", |row| text(&row["connected_account"], "name")).to_owned();
    create_flow(context, &seller, Vec::new())
}

/// The one flow of an account with the partner plan.
fn only_flow(account: &Account) -> Option<&Arc<Document>> {
    account.all(Collection::Flows).values().next().filter(|_| partner_plan::is_only_plan(account))
}

/// Creates a flow without steps for the leads of a seller.
fn create_flow(context: &mut WriteContext<'_>, seller: &str, mut sources: Vec<Value>) -> Result<String, ApiError> {
    let timestamp = context.timestamp();
    let id = context.world.next_id(context.now);
    for source in &mut sources {
        source["id"] = context.world.next_short_id().into();
    }
    let flow = json!({
        "id": id,
        "name": if seller.is_empty() { "Leads".to_owned() } else { format!("Leads from {seller}") },
        "enabled": true,
        "fields": ["first_name", "last_name", "email", "phone_1"],
        "sources": sources,
        "steps": [],
        "created_at": timestamp,
        "updated_at": timestamp,
    });
    save_and_deploy(context, &flow)
}

/// Sets the buyer's flow in the mappings of the seller's steps that deliver to this buyer, if the seller's account is
/// part of the world.
fn map_seller_deliveries(context: &mut WriteContext<'_>, seller: &str, flow: &str) -> Result<(), ApiError> {
    let buyer = Arc::clone(&context.caller.account);
    let Some(account) = context.world.account(seller) else { return Ok(()) };
    let Some(entity) = connections::find_account_entity(account, &buyer).and_then(|entity| entity.text("id")) else {
        return Ok(());
    };
    let entity = entity.to_owned();
    let of = |kind| account.all(kind).values().map(move |flow| (kind, Arc::clone(flow)));
    let flows: Vec<_> = of(Collection::Flows).chain(of(Collection::LiveFlows)).collect();
    for (kind, found) in flows {
        let mut changed = found.value().clone();
        let mut is_changed = false;
        for step in changed["steps"].as_array_mut().into_iter().flatten() {
            if step["entity"]["id"] == entity.as_str() {
                set_flow_mapping(&mut step["integration"]["mappings"], flow);
                is_changed = true;
            }
        }
        if is_changed {
            changed["updated_at"] = context.timestamp().into();
            context.put_for_account(seller, kind, &changed)?;
        }
    }
    Ok(())
}

fn set_flow_mapping(mappings: &mut Value, flow: &str) {
    if !mappings.is_array() {
        *mappings = json!([]);
    }
    if let Some(mappings) = mappings.as_array_mut() {
        mappings.retain(|mapping| mapping["property"] != "flow_id");
        mappings.push(json!({"property": "flow_id", "value": flow}));
    }
}
