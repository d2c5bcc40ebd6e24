//! Flows. A flow has a saved and a live revision; leads are processed by the live one, and a deployment makes the saved
//! revision live.
//!
//! The live revision is stored in [`Collection::LiveFlows`] only while it differs from the saved one. So the first
//! update after a deployment stores the previous revision there, and a deployment removes it.

mod criteria;
mod meta;
mod references;
mod usage;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use super::crud::{self, CollectionHooks};
use super::{fields, nested_ids, partner_plan};
use crate::leadconduit::leads::caps;
use crate::leadconduit::live_flow::undeployed_revision;
use crate::leadconduit::state::Collection;
use crate::support::document::{Document, text};

pub(super) use meta::get as meta;
pub(super) use usage::get as usage;

pub(super) const HOOKS: CollectionHooks =
    CollectionHooks { prepare, before_delete: remove_live_revision, allows_client_ids: true, ..CollectionHooks::NONE };

/// The documented message of a deployment.
const DEPLOYED: &str = "Your flow was deployed and the most recent changes are now live";

fn prepare(context: &mut WriteContext<'_>, flow: &mut Value, previous: Option<&Document>) -> Result<(), ApiError> {
    criteria::check(flow)?;
    partner_plan::check_flow(context, flow, previous.is_none())?;
    references::resolve(&context.read_context(), flow)?;
    nested_ids::assign_ids(context, flow, previous.map(Document::value));
    if let Some(previous) = previous {
        caps::start_new(context, previous.value(), flow)?;
    }
    let id = text(flow, "id");
    let account = context.account()?;
    if account.get(Collection::LiveFlows, id).is_some() {
        return Ok(());
    }
    match account.get(Collection::Flows, id).cloned() {
        // The document stays the same, so that neither its rules are compiled nor the events for its caps counted again.
        Some(live) => {
            let account = Arc::clone(&context.caller.account);
            context.world.put(&account, Collection::LiveFlows, id, live);
            Ok(())
        }
        None => context.put(Collection::LiveFlows, &undeployed_revision(flow)).map(drop),
    }
}

/// Removes the live revision of a flow that is being deleted. Routers may keep referring to the flow: no error is
/// documented for that.
fn remove_live_revision(context: &mut WriteContext<'_>, flow: &Document) {
    let account = Arc::clone(&context.caller.account);
    let live = context.world.remove(&account, Collection::LiveFlows, flow.text("id").unwrap_or_default());
    for revision in live.as_deref().into_iter().chain([flow]) {
        caps::forget_all(context, revision.value());
    }
}

pub(super) fn deploy(context: &mut WriteContext<'_>) -> OperationResult {
    let flow = crud::require_own(context, Collection::Flows)?;
    deploy_saved_revision(context, flow.text("id").unwrap_or_default())?;
    Ok(OperationResponse::ok(&json!({"message": DEPLOYED})))
}

/// Makes the saved revision of a flow live.
///
/// # Errors
/// When the counters of its caps cannot be stored.
pub(super) fn deploy_saved_revision(context: &mut WriteContext<'_>, flow: &str) -> Result<(), ApiError> {
    let account = Arc::clone(&context.caller.account);
    let live = context.world.remove(&account, Collection::LiveFlows, flow);
    let saved = context.account()?.get(Collection::Flows, flow).cloned();
    match live.zip(saved) {
        Some((live, saved)) => caps::apply_deployment(context, &live, &saved),
        None => Ok(()),
    }
}

/// Sets `updated_at` of every flow of the account.
pub(super) fn touch_all(context: &mut WriteContext<'_>) -> OperationResult {
    let flows: Vec<Arc<Document>> = context.account()?.all(Collection::Flows).values().cloned().collect();
    for flow in flows {
        let mut touched = flow.value().clone();
        touched["updated_at"] = context.timestamp().into();
        context.put(Collection::Flows, &touched)?;
    }
    // No body is documented, not even an empty list.
    Ok(OperationResponse::json(200, Bytes::new()))
}

/// Lists the fields that a flow collects, in the order of the flow; deleted fields are omitted.
pub(super) fn list_fields(context: &ReadContext<'_>) -> OperationResult {
    let flow = crud::find(context, Collection::Flows, context.input.path("id"))?;
    Ok(OperationResponse::json(200, crud::document_array(fields::flow_fields(context, flow)?)))
}
