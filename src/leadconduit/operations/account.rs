//! The caller's account: read, update, and sync with the single-sign-on service.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::merge;
use crate::support::document::{Document, text};

/// What an update may change: the current page's set and the older page's.
const WRITABLE: [&str; 5] =
    ["data_retention_in_days", "data_truncated_at", "subscriptions", "features", "self_service_status_updated_at"];

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::ok(&shape(call, call.account()?)))
}

pub(super) fn update(call: &mut WriteContext<'_>) -> Outcome {
    let mut changed = call.account()?.document().value().clone();
    for (name, sent) in call.input.body.as_object().into_iter().flatten() {
        if WRITABLE.contains(&name.as_str()) {
            merge(&mut changed[name.as_str()], sent);
        }
    }
    call.check("Account", &changed)?;
    let id = Arc::clone(&call.caller.account);
    call.world.put_account(&id, Document::new(&changed));
    let reading = call.reading();
    Ok(OperationResponse::ok(&shape(&reading, reading.account()?)))
}

/// Copies what the single-sign-on service knows about the account into LeadConduit's own document.
pub(super) fn sync(call: &mut WriteContext<'_>) -> Outcome {
    let own = call.account()?.document();
    let own_sso_id = own.text("sso_id").unwrap_or_default().to_owned();
    let asked = call.input.query("sso_account_id").or_else(|| call.input.text("sso_account_id"));
    let asked = asked.unwrap_or(&own_sso_id).to_ascii_lowercase();
    let sso = call.sso()?;
    // An account that is not the caller's does not exist for the caller.
    let found = sso.accounts.get(asked.as_str()).filter(|_| asked == own_sso_id.to_ascii_lowercase());
    let known = found.ok_or_else(|| ApiError::new(404, "account not found"))?.clone();
    let mut changed = own.value().clone();
    for (name, value) in known.value().as_object().into_iter().flatten() {
        if name != "id" && name != "sso_id" {
            changed[name.as_str()] = value.clone();
        }
    }
    call.check("Account", &changed)?;
    let id = Arc::clone(&call.caller.account);
    call.world.put_account(&id, Document::new(&changed));
    let reading = call.reading();
    Ok(OperationResponse::ok(&json!({"success": true, "account": shape(&reading, reading.account()?)})))
}

/// The account as it is shown: its document with what follows from connections and invitations.
pub(super) fn shape(call: &ReadContext<'_>, account: &Account) -> Value {
    let mut shown = account.document().value().clone();
    shown["connected_buyers"] = connected(account, "buyer");
    shown["connected_sellers"] = connected(account, "seller");
    shown["pending_sellers"] = pending(call, account, "source");
    shown["pending_buyers"] = pending(call, account, "recipient");
    shown
}

fn connected(account: &Account, relationship_type: &str) -> Value {
    let rows = account.all(Collection::Connections).values();
    let other = rows
        .filter(|row| row.text("relationship_type") == Some(relationship_type))
        .filter_map(|row| row.value().get("connected_account"))
        .map(|other| json!({"id": other["id"], "name": other["name"], "sso_id": other["sso_id"]}));
    other.collect()
}

fn pending(call: &ReadContext<'_>, account: &Account, side: &str) -> Value {
    let entities = account.all(Collection::Entities).values();
    let waiting = entities
        .filter(|entity| entity.flag("pending") && entity.value().get(side).is_some_and(Value::is_string))
        .map(|entity| {
            let expires = entity.text("invitation_expires_at").unwrap_or_default();
            json!({
                "id": text(entity.value(), "id"),
                "name": text(entity.value(), "name"),
                "expired": call.has_passed(expires),
                "invitation_expires_at": expires,
            })
        });
    waiting.collect()
}
