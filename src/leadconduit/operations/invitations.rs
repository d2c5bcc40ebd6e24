//! Invitations: a company is asked to connect, and a pending entity waits for its answer.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::context::WriteContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::connections;
use crate::leadconduit::state::Collection;
use crate::support::clock::stamp;
use crate::support::document::text;

/// How long an invitation is open. No page says; two weeks is our reading.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

const SENT: &str = "Invitation was sent successfully";

/// What the invited company is to be.
#[derive(Clone, Copy)]
enum Invited {
    Seller,
    Buyer,
}

pub(super) fn invite_source(call: &mut WriteContext<'_>) -> Outcome {
    invite(call, Invited::Seller)
}

pub(super) fn invite_recipient(call: &mut WriteContext<'_>) -> Outcome {
    invite(call, Invited::Buyer)
}

fn invite(call: &mut WriteContext<'_>, invited: Invited) -> Outcome {
    let email = call.input.text("email").ok_or(ApiError::new(400, "email is missing"))?.to_owned();
    let kind = match invited {
        Invited::Seller => "source",
        Invited::Buyer => "recipient",
    };
    let account = call.account()?;
    let existing = account.all(Collection::Invitations).values().find(|invitation| {
        invitation.text("kind") == Some(kind)
            && invitation.text("email").is_some_and(|e| e.eq_ignore_ascii_case(&email))
    });
    let entity = existing.and_then(|invitation| account.get(Collection::Entities, invitation.text("entity_id")?));
    if let Some(entity) = entity.cloned() {
        // Nothing is sent again, so there is no message.
        return Ok(OperationResponse::ok(&json!({"entity": connections::entity_shape(&call.reading(), &entity)})));
    }
    let (now, expires) = (call.stamp(), expiry(call)?);
    let invitation_id = call.world.next_id(call.now);
    let entity_id = call.world.next_id(call.now);
    let mut invitation = json!({
        "id": invitation_id,
        "email": email,
        "kind": kind,
        "entity_id": entity_id,
        "created_at": now,
        "updated_at": now,
        "expires_at": expires,
    });
    if let Some(description) = call.input.text("description") {
        invitation["description"] = description.into();
    }
    call.put(Collection::Invitations, &invitation)?;
    let (source, recipient) = match invited {
        Invited::Seller => (json!("seller"), Value::Null),
        Invited::Buyer => (Value::Null, json!("buyer")),
    };
    let entity = json!({
        "id": entity_id,
        // Until somebody accepts, the address is all that is known of the company.
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
    let entity = call.put(Collection::Entities, &entity)?;
    Ok(OperationResponse::created(&json!({"message": SENT, "entity": entity.value()})))
}

pub(super) fn resend(call: &mut WriteContext<'_>) -> Outcome {
    let found = call.account()?.get(Collection::Entities, call.input.path("entityId"));
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::Entities))?);
    // An expired invitation leaves its entity pending, so pending is all there is to ask.
    if !found.flag("pending") {
        return Err(ApiError::new(422, "the entity is not waiting for an invitation to be accepted"));
    }
    let (now, expires) = (call.stamp(), expiry(call)?);
    let mut entity = found.value().clone();
    entity["invitation_expires_at"] = expires.clone().into();
    entity["expired"] = false.into();
    entity["updated_at"] = now.clone().into();
    let invitation = call.account()?.get(Collection::Invitations, text(&entity, "invitation_id"));
    if let Some(mut invitation) = invitation.map(|invitation| invitation.value().clone()) {
        invitation["expires_at"] = expires.into();
        invitation["updated_at"] = now.into();
        call.put(Collection::Invitations, &invitation)?;
    }
    let entity = call.put(Collection::Entities, &entity)?;
    Ok(OperationResponse::ok(&json!({"message": SENT, "entity": entity.value()})))
}

fn expiry(call: &WriteContext<'_>) -> Result<String, ApiError> {
    let at = call.now.checked_add(OPEN_FOR).map_err(|_| ApiError::internal("the clock stands at the end of time"))?;
    Ok(stamp(at))
}
