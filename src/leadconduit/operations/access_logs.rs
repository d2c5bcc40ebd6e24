//! Whose submission docs the account's users have opened, and which of these records the app hides.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::Collection;
use crate::support::document::is_same_id;

/// What is said of a body without the boolean, word for word as documented.
const MISSING: &str = "Missing mandatory body field \"hidden\" with type \"boolean\"";

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let with_hidden = call.input.query("show_hidden") == Some("true");
    let logs = call.account()?.all(Collection::AccessLogs).values().map(|log| log.value());
    Ok(OperationResponse::ok(&logs.filter(|log| with_hidden || !is_hidden(log)).cloned().collect()))
}

pub(super) fn update_account(call: &mut WriteContext<'_>) -> Outcome {
    update(call, &[("account_id", "/submission_doc/flow/account/id")])
}

pub(super) fn update_flow(call: &mut WriteContext<'_>) -> Outcome {
    update(call, &[("flow_id", "/submission_doc/flow/id")])
}

pub(super) fn update_source(call: &mut WriteContext<'_>) -> Outcome {
    update(call, &[("flow_id", "/submission_doc/flow/id"), ("source_id", "/submission_doc/source/id")])
}

/// Hides or shows the records in which each place holds what the parameter says.
fn update(call: &mut WriteContext<'_>, places: &[(&str, &str)]) -> Outcome {
    let body = &call.input.body;
    let hidden = body.pointer("/ui_state/hidden").or_else(|| body.get("hidden")).and_then(Value::as_bool);
    let hidden = hidden.ok_or(ApiError::new(400, MISSING))?;
    let is_meant = |log: &&Value| {
        places.iter().all(|(parameter, place)| {
            let there = log.pointer(place).and_then(Value::as_str);
            there.is_some_and(|there| is_same_id(there, call.input.path(parameter)))
        })
    };
    let logs = call.account()?.all(Collection::AccessLogs).values().map(|log| log.value());
    let meant: Vec<Value> = logs.filter(is_meant).cloned().collect();
    if meant.is_empty() {
        return Err(ApiError::not_found(Collection::AccessLogs));
    }
    for mut log in meant {
        log["ui_state"] = json!({"hidden": hidden});
        call.put(Collection::AccessLogs, &log)?;
    }
    // No body is documented.
    Ok(OperationResponse::of(200, Bytes::new()))
}

fn is_hidden(log: &Value) -> bool {
    log.pointer("/ui_state/hidden") == Some(&Value::Bool(true))
}
