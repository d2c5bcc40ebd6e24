//! Fields: those that are built in, and an account's own beside them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::crud;
use crate::contract::standard::Kind;
use crate::leadconduit::state::Collection;
use crate::support::document::{self, Document, items};

/// All fields, or those that one flow collects.
pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let Some(flow) = call.input.query("flow_id") else { return crud::list(call, Collection::Fields) };
    let found = match call.account()?.get(Collection::Flows, flow) {
        Some(flow) => of_flow(call, flow)?,
        None => Vec::new(),
    };
    Ok(OperationResponse::of(200, crud::array(found)))
}

/// The fields that a flow collects, in its order.
pub(super) fn of_flow<'a>(call: &ReadContext<'a>, flow: &Document) -> Result<Vec<&'a Arc<Document>>, ApiError> {
    named(call, items(flow.value(), "fields").iter().filter_map(Value::as_str))
}

/// The fields of these ids. One that was deleted is left out.
pub(super) fn named<'a, 'i>(
    call: &ReadContext<'a>,
    ids: impl Iterator<Item = &'i str>,
) -> Result<Vec<&'a Arc<Document>>, ApiError> {
    call.account()?;
    Ok(ids.filter_map(|id| crud::find(call, Collection::Fields, id).ok()).collect())
}

/// The types that fields and variables have.
pub(super) fn types(call: &ReadContext<'_>) -> Outcome {
    call.account()?;
    Ok(OperationResponse::of(200, crud::array(call.standard().all(Kind::Types))))
}

/// A new field, which the flows that miss one of its id no longer miss.
pub(super) fn create(call: &mut WriteContext<'_>) -> Outcome {
    let answer = crud::create(call, Collection::Fields)?;
    let id = call.input.text("id").unwrap_or_default();
    let message = missing(id);
    for flow in collecting(call, id)? {
        let mut changed = flow.value().clone();
        let Some(errors) = changed["errors"]["fields"].as_array_mut() else { continue };
        errors.retain(|error| *error != message);
        if errors.is_empty()
            && let Some(flow) = changed.as_object_mut()
        {
            flow.remove("errors");
        }
        call.put(Collection::Flows, &changed)?;
    }
    Ok(answer)
}

/// What a flow is told about a field that it collects and that does not exist.
fn missing(id: &str) -> Value {
    format!("field {id} not found").into()
}

/// Removes a field of the account's own, and writes into the flows that collect it what they have to drop.
pub(super) fn delete(call: &mut WriteContext<'_>) -> Outcome {
    let field = crud::own(call, Collection::Fields)?;
    let id = field.text("id").unwrap_or_default();
    let mut flows = Vec::new();
    for flow in collecting(call, id)? {
        let mut changed = flow.value().clone();
        let message = missing(id);
        let errors = &mut changed["errors"]["fields"];
        match errors.as_array_mut() {
            Some(errors) => errors.push(message),
            None => *errors = json!([message]),
        }
        call.put(Collection::Flows, &changed)?;
        flows.push(json!({"id": changed["id"], "name": changed["name"], "errors": changed["errors"]}));
    }
    let removed = call.remove(Collection::Fields, id)?;
    let mut told = removed.value().clone();
    if !flows.is_empty() {
        told["flows"] = flows.into();
    }
    Ok(OperationResponse::of(202, document::serialise(&told)))
}

/// The flows that collect a field.
fn collecting(call: &WriteContext<'_>, field: &str) -> Result<Vec<Arc<Document>>, ApiError> {
    let collects = |flow: &Document| items(flow.value(), "fields").iter().any(|id| id == field);
    Ok(call.account()?.all(Collection::Flows).values().filter(|flow| collects(flow)).cloned().collect())
}
