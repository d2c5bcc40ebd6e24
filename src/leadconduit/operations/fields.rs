//! Fields: the standard ones and the account's own.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use super::crud::{self, CollectionHooks};
use super::partner_plan;
use crate::contract::standard::StandardCollection;
use crate::leadconduit::state::Collection;
use crate::support::document::{self, Document, items};

pub(super) const HOOKS: CollectionHooks = CollectionHooks { prepare, allows_client_ids: true, ..CollectionHooks::NONE };

fn prepare(_: &mut WriteContext<'_>, field: &mut Value, _: Option<&Document>) -> Result<(), ApiError> {
    field["standard"] = false.into();
    Ok(())
}

/// Lists all fields, or those that one flow collects.
pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let Some(flow) = context.input.query("flow_id") else { return crud::list(context, Collection::Fields) };
    let found = match context.account()?.get(Collection::Flows, flow) {
        Some(flow) => flow_fields(context, flow)?,
        None => Vec::new(),
    };
    Ok(OperationResponse::json(200, crud::document_array(found)))
}

/// The fields that a flow collects, in the order of the flow.
pub(super) fn flow_fields<'a>(context: &ReadContext<'a>, flow: &Document) -> Result<Vec<&'a Arc<Document>>, ApiError> {
    find_all(context, items(flow.value(), "fields").iter().filter_map(Value::as_str))
}

/// The fields with these ids; deleted fields are omitted.
pub(super) fn find_all<'a, 'i>(
    context: &ReadContext<'a>,
    ids: impl Iterator<Item = &'i str>,
) -> Result<Vec<&'a Arc<Document>>, ApiError> {
    context.account()?;
    Ok(ids.filter_map(|id| crud::find(context, Collection::Fields, id).ok()).collect())
}

/// Lists the types of fields and variables.
pub(super) fn list_types(context: &ReadContext<'_>) -> OperationResult {
    context.account()?;
    Ok(OperationResponse::json(200, crud::document_array(context.standard().all(StandardCollection::Types))))
}

/// Creates a field, which needs a paid plan, and removes the error about the missing field from the flows that collect it.
pub(super) fn create(context: &mut WriteContext<'_>) -> OperationResult {
    partner_plan::require_paid_plan(context)?;
    let response = crud::create(context, Collection::Fields, &HOOKS)?;
    let id = context.input.text("id").unwrap_or_default();
    let message = missing_field_error(id);
    for flow in flows_with_field(context, id)? {
        let mut changed = flow.value().clone();
        let Some(errors) = changed["errors"]["fields"].as_array_mut() else { continue };
        errors.retain(|error| *error != message);
        if errors.is_empty()
            && let Some(flow) = changed.as_object_mut()
        {
            flow.remove("errors");
        }
        context.put(Collection::Flows, &changed)?;
    }
    Ok(response)
}

/// The error in a flow that collects a field which does not exist.
fn missing_field_error(id: &str) -> Value {
    format!("field {id} not found").into()
}

/// Deletes a custom field, and adds an error to the flows that collect it.
pub(super) fn delete(context: &mut WriteContext<'_>) -> OperationResult {
    let field = crud::require_own(context, Collection::Fields)?;
    let id = field.text("id").unwrap_or_default();
    let mut flows = Vec::new();
    for flow in flows_with_field(context, id)? {
        let mut changed = flow.value().clone();
        let message = missing_field_error(id);
        let errors = &mut changed["errors"]["fields"];
        match errors.as_array_mut() {
            Some(errors) => errors.push(message),
            None => *errors = json!([message]),
        }
        context.put(Collection::Flows, &changed)?;
        flows.push(json!({"id": changed["id"], "name": changed["name"], "errors": changed["errors"]}));
    }
    let removed = context.remove(Collection::Fields, id)?;
    let mut body = removed.value().clone();
    if !flows.is_empty() {
        body["flows"] = flows.into();
    }
    Ok(OperationResponse::json(202, document::serialise(&body)))
}

/// The flows that collect a field.
fn flows_with_field(context: &WriteContext<'_>, field: &str) -> Result<Vec<Arc<Document>>, ApiError> {
    let collects = |flow: &Document| items(flow.value(), "fields").iter().any(|id| id == field);
    Ok(context.account()?.all(Collection::Flows).values().filter(|flow| collects(flow)).cloned().collect())
}
