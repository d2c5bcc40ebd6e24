//! Access logs: which submission docs the account's users have opened, and which of these entries the app hides.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::Collection;
use crate::support::document::is_same_id;

/// The documented error for a body without the boolean.
const MISSING: &str = "Missing mandatory body field \"hidden\" with type \"boolean\"";

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let with_hidden = context.input.query("show_hidden") == Some("true");
    let logs = context.account()?.all(Collection::AccessLogs).values().map(|log| log.value());
    Ok(OperationResponse::ok(&logs.filter(|log| with_hidden || !is_hidden(log)).cloned().collect()))
}

pub(super) fn update_account(context: &mut WriteContext<'_>) -> OperationResult {
    update(context, &[("account_id", "/submission_doc/flow/account/id")])
}

pub(super) fn update_flow(context: &mut WriteContext<'_>) -> OperationResult {
    update(context, &[("flow_id", "/submission_doc/flow/id")])
}

pub(super) fn update_source(context: &mut WriteContext<'_>) -> OperationResult {
    update(context, &[("flow_id", "/submission_doc/flow/id"), ("source_id", "/submission_doc/source/id")])
}

/// Hides or shows the logs in which the value at each pointer equals the path parameter beside it.
fn update(context: &mut WriteContext<'_>, selectors: &[(&str, &str)]) -> OperationResult {
    let body = &context.input.body;
    let hidden = body.pointer("/ui_state/hidden").or_else(|| body.get("hidden")).and_then(Value::as_bool);
    let hidden = hidden.ok_or(ApiError::new(400, MISSING))?;
    let is_selected = |log: &&Value| {
        selectors.iter().all(|(parameter, pointer)| {
            let value = log.pointer(pointer).and_then(Value::as_str);
            value.is_some_and(|value| is_same_id(value, context.input.path(parameter)))
        })
    };
    let logs = context.account()?.all(Collection::AccessLogs).values().map(|log| log.value());
    let selected: Vec<Value> = logs.filter(is_selected).cloned().collect();
    if selected.is_empty() {
        return Err(ApiError::not_found(Collection::AccessLogs));
    }
    for mut log in selected {
        log["ui_state"] = json!({"hidden": hidden});
        context.put(Collection::AccessLogs, &log)?;
    }
    // No body is documented.
    Ok(OperationResponse::json(200, Bytes::new()))
}

fn is_hidden(log: &Value) -> bool {
    log.pointer("/ui_state/hidden") == Some(&Value::Bool(true))
}
