//! Users: who the key belongs to, the flags of the user interface, and the settings for notifications.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::account;
use crate::leadconduit::state::{Caller, Collection};
use crate::support::document::Document;

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::ok(&shape(call, &call.caller.document)?))
}

/// Flags go in as booleans and come out as the moment at which they were set, or null.
pub(super) fn update(call: &mut WriteContext<'_>) -> Outcome {
    let id = call.input.path("id");
    let user = Arc::clone(call.account()?.get(Collection::Users, id).ok_or(ApiError::not_found(Collection::Users))?);
    may_manage(call.caller, &user)?;
    let mut changed = user.value().clone();
    let stamp = call.stamp();
    if let Some(flags) = call.input.body.get("ui_state").and_then(Value::as_object) {
        if !changed["ui_state"].is_object() {
            changed["ui_state"] = Value::Object(Map::new());
        }
        for (flag, set) in flags {
            match set {
                Value::Bool(true) => changed["ui_state"][flag.as_str()] = stamp.clone().into(),
                Value::Bool(false) => changed["ui_state"][flag.as_str()] = Value::Null,
                // A flag is a boolean; what is not is left alone when checks are off.
                _ => {}
            }
        }
    }
    let user = call.put(Collection::Users, &changed)?;
    Ok(OperationResponse::ok(&shape(&call.reading(), &user)?))
}

pub(super) fn create_settings(call: &mut WriteContext<'_>) -> Outcome {
    let user = Arc::clone(&call.caller.user);
    if call.account()?.get(Collection::UserSettings, &user).is_some() {
        return Err(ApiError::new(409, "user settings exist already"));
    }
    let stamp = call.stamp();
    let value = json!({
        "id": &*user,
        "notifications": call.input.body.get("notifications").cloned().unwrap_or_else(|| json!({})),
        "created_at": stamp,
        "updated_at": stamp,
    });
    Ok(OperationResponse::of(201, call.put(Collection::UserSettings, &value)?.bytes()))
}

pub(super) fn get_settings(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let id = call.input.path("id");
    let settings = account.get(Collection::UserSettings, id).ok_or(ApiError::not_found(Collection::UserSettings))?;
    may_manage(call.caller, settings)?;
    Ok(OperationResponse::of(200, settings.bytes()))
}

/// The documented reply is a list, though one document is changed.
pub(super) fn update_settings(call: &mut WriteContext<'_>) -> Outcome {
    let id = call.input.path("id");
    let found = call.account()?.get(Collection::UserSettings, id);
    let found = Arc::clone(found.ok_or(ApiError::not_found(Collection::UserSettings))?);
    may_manage(call.caller, &found)?;
    let mut changed = found.value().clone();
    if let Some(notifications) = call.input.body.get("notifications") {
        changed["notifications"] = notifications.clone();
    }
    changed["updated_at"] = call.stamp().into();
    let settings = call.put(Collection::UserSettings, &changed)?;
    Ok(OperationResponse::ok(&json!([settings.value()])))
}

/// Users manage themselves; a user admin manages every user of the account. Settings carry the id of their user.
fn may_manage(caller: &Caller, owned: &Document) -> Result<(), ApiError> {
    if owned.text("id") == Some(&*caller.user) || caller.is_user_admin() {
        Ok(())
    } else {
        Err(ApiError::not_authorized())
    }
}

/// The user as it is shown: the document with the account that it belongs to.
fn shape(call: &ReadContext<'_>, user: &Document) -> Result<Value, ApiError> {
    let mut shown = user.value().clone();
    shown["accounts"] = json!([account::shape(call, call.account()?)]);
    if !shown["ui_state"].is_object() {
        shown["ui_state"] = json!({"has_seen_free_account_modal": null});
    }
    Ok(shown)
}
