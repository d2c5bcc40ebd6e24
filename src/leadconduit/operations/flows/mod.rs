//! Flows. They are saved beside what is live: a deployment makes the saved revision the one that leads run through.
//!
//! A flow is live as it is saved, unless a deployed revision is kept beside it. So a deployment forgets that one, and
//! the first change after it keeps what was saved before.

mod criteria;
mod meta;
mod references;
mod usage;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::{crud, fields, nested_ids};
use crate::leadconduit::state::Collection;
use crate::support::document::{Document, text};

pub(super) use meta::get as meta;
pub(super) use usage::get as usage;

/// What a deployment says, word for word as documented.
const DEPLOYED: &str = "Your flow was deployed and the most recent changes are now live";

/// What a flow must be beyond its model, and what the server sets in it.
pub(super) fn complete(
    call: &mut WriteContext<'_>,
    flow: &mut Value,
    before: Option<&Document>,
) -> Result<(), ApiError> {
    criteria::check(flow)?;
    references::resolve(&call.reading(), flow)?;
    nested_ids::identify(call, flow, before.map(Document::value));
    if call.account()?.get(Collection::LiveFlows, text(flow, "id")).is_some() {
        return Ok(());
    }
    let live = before.map_or_else(|| nothing_of(flow), |before| before.value().clone());
    call.put(Collection::LiveFlows, &live).map(drop)
}

/// What is live of a flow that was never deployed: it has no sources, so that no lead can come.
fn nothing_of(flow: &Value) -> Value {
    json!({"id": flow["id"], "name": flow["name"], "enabled": false, "fields": [], "sources": [], "steps": []})
}

/// A flow that goes is not live any more. What routers say of it stays: nothing tells of a refusal.
pub(super) fn release(call: &mut WriteContext<'_>, flow: &Document) {
    make_live(call, flow.text("id").unwrap_or_default());
}

pub(super) fn deploy(call: &mut WriteContext<'_>) -> Outcome {
    let flow = crud::own(call, Collection::Flows)?;
    make_live(call, flow.text("id").unwrap_or_default());
    Ok(OperationResponse::ok(&json!({"message": DEPLOYED})))
}

/// Has leads run through a flow as it is saved.
pub(super) fn make_live(call: &mut WriteContext<'_>, flow: &str) {
    let account = Arc::clone(&call.caller.account);
    call.world.remove(&account, Collection::LiveFlows, flow);
}

/// Gives every flow of the account another time of its last change.
pub(super) fn touch_all(call: &mut WriteContext<'_>) -> Outcome {
    let flows: Vec<Arc<Document>> = call.account()?.all(Collection::Flows).values().cloned().collect();
    for flow in flows {
        let mut touched = flow.value().clone();
        touched["updated_at"] = call.stamp().into();
        call.put(Collection::Flows, &touched)?;
    }
    // No body is documented, not even an empty list.
    Ok(OperationResponse::of(200, Bytes::new()))
}

/// The documents of the fields that a flow collects, in its order. A field that was deleted has none.
pub(super) fn list_fields(call: &ReadContext<'_>) -> Outcome {
    let flow = crud::find(call, Collection::Flows, call.input.path("id"))?;
    Ok(OperationResponse::of(200, crud::array(fields::of_flow(call, flow)?)))
}
