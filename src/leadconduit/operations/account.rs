//! The caller's account: get, update, and sync with the single sign-on service.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, merge};

/// The properties that an update can change, according to the current and the older documentation page.
const WRITABLE: [&str; 5] =
    ["data_retention_in_days", "data_truncated_at", "subscriptions", "features", "self_service_status_updated_at"];

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::ok(&render_account(context, context.account()?)))
}

pub(super) fn update(context: &mut WriteContext<'_>) -> OperationResult {
    let mut changed = context.account()?.document().value().clone();
    for (name, sent) in context.input.body.as_object().into_iter().flatten() {
        if WRITABLE.contains(&name.as_str()) {
            merge(&mut changed[name.as_str()], sent);
        }
    }
    context.check("Account", &changed)?;
    let id = Arc::clone(&context.caller.account);
    context.world.put_account(&id, Document::new(&changed));
    let read_context = context.read_context();
    Ok(OperationResponse::ok(&render_account(&read_context, read_context.account()?)))
}

/// Copies the account data of the single sign-on service into LeadConduit's account document.
pub(super) fn sync(context: &mut WriteContext<'_>) -> OperationResult {
    let document = context.account()?.document();
    let own_sso_id = document.text("sso_id").unwrap_or_default().to_owned();
    let requested = context.input.query("sso_account_id").or_else(|| context.input.text("sso_account_id"));
    let requested = requested.unwrap_or(&own_sso_id).to_ascii_lowercase();
    let sso = context.sso()?;
    // Other accounts are not visible to the caller.
    let found = sso.accounts.get(requested.as_str()).filter(|_| requested == own_sso_id.to_ascii_lowercase());
    let sso_account = found.ok_or_else(|| ApiError::new(404, "account not found"))?.clone();
    let mut changed = document.value().clone();
    for (name, value) in sso_account.value().as_object().into_iter().flatten() {
        if name != "id" && name != "sso_id" {
            changed[name.as_str()] = value.clone();
        }
    }
    context.check("Account", &changed)?;
    let id = Arc::clone(&context.caller.account);
    context.world.put_account(&id, Document::new(&changed));
    let read_context = context.read_context();
    Ok(OperationResponse::ok(
        &json!({"success": true, "account": render_account(&read_context, read_context.account()?)}),
    ))
}

/// The account document, with the lists that are computed from connections and invitations.
pub(super) fn render_account(context: &ReadContext<'_>, account: &Account) -> Value {
    let mut rendered = account.document().value().clone();
    rendered["connected_buyers"] = connected_accounts(account, "buyer");
    rendered["connected_sellers"] = connected_accounts(account, "seller");
    rendered["pending_sellers"] = pending_entities(context, account, "source");
    rendered["pending_buyers"] = pending_entities(context, account, "recipient");
    rendered
}

fn connected_accounts(account: &Account, relationship_type: &str) -> Value {
    let rows = account.all(Collection::Connections).values();
    let other = rows
        .filter(|row| row.member_text("relationship_type").as_deref() == Some(relationship_type))
        .filter_map(|row| row.members().get("connected_account").and_then(|json| serde_json::from_str(json).ok()))
        .map(|other: Value| json!({"id": other["id"], "name": other["name"], "sso_id": other["sso_id"]}));
    other.collect()
}

/// The entities with an open invitation. The texts are read, because parsed values of all entities would stay in memory.
fn pending_entities(context: &ReadContext<'_>, account: &Account, side: &str) -> Value {
    let entities = account.all(Collection::Entities).values().map(|entity| entity.members());
    let pending_documents =
        entities.filter(|entity| entity.get("pending") == Some("true") && entity.text(side).is_some()).map(|entity| {
            let member = |name: &str| entity.text(name).unwrap_or_default();
            let expires = member("invitation_expires_at");
            json!({
                "id": member("id"),
                "name": member("name"),
                "expired": context.has_passed(&expires),
                "invitation_expires_at": expires,
            })
        });
    pending_documents.collect()
}
