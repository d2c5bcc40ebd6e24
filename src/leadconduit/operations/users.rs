//! Users: the user of the API key, the flags of the user interface, and the notification settings.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use super::account;
use crate::leadconduit::state::{Caller, Collection};
use crate::support::document::Document;

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::ok(&render_user(context, &context.caller.document)?))
}

/// Updates flags. The body has booleans; the response has the time at which a flag was set, or null.
pub(super) fn update(context: &mut WriteContext<'_>) -> OperationResult {
    let id = context.input.path("id");
    let user = Arc::clone(context.account()?.get(Collection::Users, id).ok_or(ApiError::not_found(Collection::Users))?);
    require_manager(context.caller, &user)?;
    let mut changed = user.value().clone();
    let timestamp = context.timestamp();
    if let Some(flags) = context.input.body.get("ui_state").and_then(Value::as_object) {
        if !changed["ui_state"].is_object() {
            changed["ui_state"] = Value::Object(Map::new());
        }
        for (flag, set) in flags {
            match set {
                Value::Bool(true) => changed["ui_state"][flag.as_str()] = timestamp.clone().into(),
                Value::Bool(false) => changed["ui_state"][flag.as_str()] = Value::Null,
                // Possible only when request validation is off.
                _ => {}
            }
        }
    }
    let user = context.put(Collection::Users, &changed)?;
    Ok(OperationResponse::ok(&render_user(&context.read_context(), &user)?))
}

pub(super) fn create_settings(context: &mut WriteContext<'_>) -> OperationResult {
    let user = Arc::clone(&context.caller.user);
    if context.account()?.get(Collection::UserSettings, &user).is_some() {
        return Err(ApiError::new(409, "user settings already exist"));
    }
    let timestamp = context.timestamp();
    let value = json!({
        "id": &*user,
        "notifications": context.input.body.get("notifications").cloned().unwrap_or_else(|| json!({})),
        "created_at": timestamp,
        "updated_at": timestamp,
    });
    Ok(OperationResponse::json(201, context.put(Collection::UserSettings, &value)?.bytes()))
}

pub(super) fn get_settings(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let id = context.input.path("id");
    let settings = account.get(Collection::UserSettings, id).ok_or(ApiError::not_found(Collection::UserSettings))?;
    require_manager(context.caller, settings)?;
    Ok(OperationResponse::json(200, settings.bytes()))
}

/// The documented response is a list, although it has one document only.
pub(super) fn update_settings(context: &mut WriteContext<'_>) -> OperationResult {
    let id = context.input.path("id");
    let found = context.account()?.get(Collection::UserSettings, id);
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::UserSettings))?);
    require_manager(context.caller, &found)?;
    let mut changed = found.value().clone();
    if let Some(notifications) = context.input.body.get("notifications") {
        changed["notifications"] = notifications.clone();
    }
    changed["updated_at"] = context.timestamp().into();
    let settings = context.put(Collection::UserSettings, &changed)?;
    Ok(OperationResponse::ok(&json!([settings.value()])))
}

/// Requires that the caller owns the document or is a user admin. User settings have the id of their user.
fn require_manager(caller: &Caller, owned: &Document) -> Result<(), ApiError> {
    if owned.text("id") == Some(&*caller.user) || caller.is_user_admin() {
        Ok(())
    } else {
        Err(ApiError::not_authorized())
    }
}

/// The user document, with its account.
fn render_user(context: &ReadContext<'_>, user: &Document) -> Result<Value, ApiError> {
    let mut rendered = user.value().clone();
    rendered["accounts"] = json!([account::render_account(context, context.account()?)]);
    if !rendered["ui_state"].is_object() {
        rendered["ui_state"] = json!({"has_seen_free_account_modal": null});
    }
    Ok(rendered)
}
