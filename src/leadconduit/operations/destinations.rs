//! Destinations: set up elsewhere, only shown here, with the flows that use them when asked.

use serde_json::{Value, json};

use super::super::context::ReadContext;
use super::super::response::{OperationResponse, Outcome};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{items, text};

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let is_asked = call.input.query("include") == Some("flow_usages");
    let destinations = account.all(Collection::Destinations).values();
    let shown = destinations.map(|destination| {
        let mut shown = destination.value().clone();
        if let Some(shown) = shown.as_object_mut() {
            shown.shift_remove("flow_usages");
            if is_asked {
                shown.insert("flow_usages".to_owned(), usages(account, destination.text("instance_id")));
            }
        }
        shown
    });
    Ok(OperationResponse::ok(&shown.collect()))
}

/// The flows that a destination is attached to.
fn usages(account: &Account, instance: Option<&str>) -> Value {
    let flows = account.all(Collection::Flows).values().map(|flow| flow.value());
    let using: Vec<Value> = flows
        .filter(|flow| items(flow, "destinations").iter().any(|to| instance == Some(text(to, "instance_id"))))
        .map(|flow| json!({"id": flow["id"], "name": flow["name"]}))
        .collect();
    json!({"count": using.len(), "flows": using})
}
