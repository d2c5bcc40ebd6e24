//! The references in a flow: each must exist. The error names the first missing one, with its RFC 6901 pointer.

use serde_json::{Map, Value};

use super::super::{crud, packages};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::state::Collection;
use crate::support::document::text;

/// Checks every reference of a flow, and adds the names of the entities to their ids.
///
/// # Errors
/// 422 for the first missing reference.
pub(super) fn resolve(context: &ReadContext<'_>, flow: &mut Value) -> Result<(), ApiError> {
    for_each_item(flow, "fields", |pointer, field| {
        let id = field.as_str().unwrap_or_default();
        require_document(context, Collection::Fields, id, pointer)
    })?;
    for_each_item(flow, "sources", |pointer, source| {
        resolve_party(context, pointer, source)?;
        require_optional(context, Collection::Credentials, source, "credential_id", pointer)?;
        require_pricing_service(context, source, pointer)
    })?;
    // Filter steps have no references outside their flow.
    for_each_item(flow, "steps", |pointer, step| {
        if step.get("entity").is_some() { resolve_party(context, pointer, step) } else { Ok(()) }
    })?;
    for_each_item(flow, "destinations", |pointer, destination| {
        require_optional(context, Collection::Destinations, destination, "instance_id", pointer)
    })?;
    require_pricing_service(context, flow, "")?;
    require_optional(context, Collection::Credentials, &flow["firehose"], "credential_id", "/firehose")
}

/// Calls `check` for each item of a list, with its pointer.
fn for_each_item(
    flow: &mut Value,
    list: &str,
    check: impl Fn(&str, &mut Value) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let items = flow.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().enumerate().try_for_each(|(index, item)| check(&format!("/{list}/{index}"), item))
}

/// Checks the entity and the modules of a source or a recipient, and adds the entity's name.
fn resolve_party(context: &ReadContext<'_>, pointer: &str, party: &mut Value) -> Result<(), ApiError> {
    let id = text(&party["entity"], "id").to_owned();
    let found = crud::find(context, Collection::Entities, &id);
    let entity = found.map_err(|_| ApiError::reference_not_found(&format!("{pointer}/entity/id"), "entity", &id))?;
    let mut summary = Map::new();
    for name in ["id", "name", "time_zone"] {
        if let Some(value) = entity.value().get(name) {
            summary.insert(name.to_owned(), value.clone());
        }
    }
    party["entity"] = summary.into();
    require_module(context, &party["integration"], &format!("{pointer}/integration"))?;
    match party.pointer("/feedback/integration") {
        Some(integration) => require_module(context, integration, &format!("{pointer}/feedback/integration")),
        None => Ok(()),
    }
}

fn require_module(context: &ReadContext<'_>, integration: &Value, pointer: &str) -> Result<(), ApiError> {
    packages::require_module(context.standard(), &format!("{pointer}/module_id"), text(integration, "module_id"))
}

fn require_pricing_service(context: &ReadContext<'_>, parent: &Value, pointer: &str) -> Result<(), ApiError> {
    require_optional(
        context,
        Collection::Services,
        &parent["pricing_service"],
        "service_id",
        &format!("{pointer}/pricing_service"),
    )
}

/// Checks a reference if it is present.
fn require_optional(
    context: &ReadContext<'_>,
    collection: Collection,
    parent: &Value,
    name: &str,
    pointer: &str,
) -> Result<(), ApiError> {
    match parent.get(name).and_then(Value::as_str) {
        Some(id) => require_document(context, collection, id, &format!("{pointer}/{name}")),
        None => Ok(()),
    }
}

fn require_document(
    context: &ReadContext<'_>,
    collection: Collection,
    id: &str,
    pointer: &str,
) -> Result<(), ApiError> {
    crud::find(context, collection, id)
        .map(drop)
        .map_err(|_| ApiError::reference_not_found(pointer, collection.singular(), id))
}
