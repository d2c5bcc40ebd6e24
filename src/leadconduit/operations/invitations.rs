//! Invitations: an invited company is represented by a pending entity until it accepts.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::WriteContext;
use super::super::response::{OperationResponse, OperationResult};
use super::{connections, partner_plan};
use crate::leadconduit::state::Collection;
use crate::support::clock::format_timestamp;
use crate::support::document::text;

/// How long an invitation is valid (inferred: undocumented).
const VALIDITY: SignedDuration = SignedDuration::from_hours(14 * 24);

const SENT_MESSAGE: &str = "Invitation was sent successfully";

/// The role of the invited company.
#[derive(Clone, Copy)]
enum InvitedRole {
    Seller,
    Buyer,
}

pub(super) fn invite_source(context: &mut WriteContext<'_>) -> OperationResult {
    invite(context, InvitedRole::Seller)
}

pub(super) fn invite_recipient(context: &mut WriteContext<'_>) -> OperationResult {
    invite(context, InvitedRole::Buyer)
}

fn invite(context: &mut WriteContext<'_>, role: InvitedRole) -> OperationResult {
    partner_plan::require_paid_plan(context)?;
    let email = context.input.text("email").ok_or(ApiError::new(400, "email is missing"))?.to_owned();
    let kind = match role {
        InvitedRole::Seller => "source",
        InvitedRole::Buyer => "recipient",
    };
    let account = context.account()?;
    let existing = account.all(Collection::Invitations).values().find(|invitation| {
        invitation.text("kind") == Some(kind)
            && invitation.text("email").is_some_and(|e| e.eq_ignore_ascii_case(&email))
    });
    let entity = existing.and_then(|invitation| account.get(Collection::Entities, invitation.text("entity_id")?));
    if let Some(entity) = entity.cloned() {
        // No message, because the invitation is not sent again.
        return Ok(OperationResponse::ok(
            &json!({"entity": connections::render_entity(&context.read_context(), &entity)}),
        ));
    }
    let (now, expires) = (context.timestamp(), expires_at(context)?);
    let invitation_id = context.world.next_id(context.now);
    let entity_id = context.world.next_id(context.now);
    let mut invitation = json!({
        "id": invitation_id,
        "email": email,
        "kind": kind,
        "entity_id": entity_id,
        "created_at": now,
        "updated_at": now,
        "expires_at": expires,
    });
    if let Some(description) = context.input.text("description") {
        invitation["description"] = description.into();
    }
    context.put(Collection::Invitations, &invitation)?;
    let (source, recipient) = match role {
        InvitedRole::Seller => (json!("seller"), Value::Null),
        InvitedRole::Buyer => (Value::Null, json!("buyer")),
    };
    let entity = json!({
        "id": entity_id,
        // Until the invitation is accepted, only the address of the company is known.
        "name": email,
        "standard": false,
        "account": true,
        "pending": true,
        "deprecated": false,
        "invitation_id": invitation_id,
        "invitation_expires_at": expires,
        "expired": false,
        "flow_ids": [],
        "module_ids": [],
        "source": source,
        "recipient": recipient,
        "created_at": now,
        "updated_at": now,
    });
    let entity = context.put(Collection::Entities, &entity)?;
    Ok(OperationResponse::created(&json!({"message": SENT_MESSAGE, "entity": entity.value()})))
}

pub(super) fn resend(context: &mut WriteContext<'_>) -> OperationResult {
    let found = context.account()?.get(Collection::Entities, context.input.path("entityId"));
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::Entities))?);
    // The entity of an expired invitation is still pending.
    if !found.flag("pending") {
        return Err(ApiError::new(422, "the entity is not waiting for an invitation to be accepted"));
    }
    let (now, expires) = (context.timestamp(), expires_at(context)?);
    let mut entity = found.value().clone();
    entity["invitation_expires_at"] = expires.clone().into();
    entity["expired"] = false.into();
    entity["updated_at"] = now.clone().into();
    let invitation = context.account()?.get(Collection::Invitations, text(&entity, "invitation_id"));
    if let Some(mut invitation) = invitation.map(|invitation| invitation.value().clone()) {
        invitation["expires_at"] = expires.into();
        invitation["updated_at"] = now.into();
        context.put(Collection::Invitations, &invitation)?;
    }
    let entity = context.put(Collection::Entities, &entity)?;
    Ok(OperationResponse::ok(&json!({"message": SENT_MESSAGE, "entity": entity.value()})))
}

fn expires_at(context: &WriteContext<'_>) -> Result<String, ApiError> {
    let at = context
        .now
        .checked_add(VALIDITY)
        .map_err(|_| ApiError::internal("the clock is at the end of the supported range"))?;
    Ok(format_timestamp(at))
}
