//! Destinations: read-only here, with the flows that use them on request.

use serde_json::{Value, json};

use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{items, text};

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let includes_usages = context.input.query("include") == Some("flow_usages");
    let destinations = account.all(Collection::Destinations).values();
    let rendered = destinations.map(|destination| {
        let mut rendered = destination.value().clone();
        if let Some(rendered) = rendered.as_object_mut() {
            rendered.shift_remove("flow_usages");
            if includes_usages {
                rendered.insert("flow_usages".to_owned(), flow_usages(account, destination.text("instance_id")));
            }
        }
        rendered
    });
    Ok(OperationResponse::ok(&rendered.collect()))
}

/// The flows with a destination.
fn flow_usages(account: &Account, instance: Option<&str>) -> Value {
    let flows = account.all(Collection::Flows).values().map(|flow| flow.value());
    let using: Vec<Value> = flows
        .filter(|flow| items(flow, "destinations").iter().any(|to| instance == Some(text(to, "instance_id"))))
        .map(|flow| json!({"id": flow["id"], "name": flow["name"]}))
        .collect();
    json!({"count": using.len(), "flows": using})
}
