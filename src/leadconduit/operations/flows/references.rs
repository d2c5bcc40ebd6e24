//! What a flow names must exist. The first name that leads nowhere is told, with the place where it stands.

use serde_json::{Map, Value};

use super::super::{crud, packages};
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::state::Collection;
use crate::support::document::text;

/// Checks every reference of a flow, and writes the names of its entities beside their ids.
pub(super) fn resolve(call: &ReadContext<'_>, flow: &mut Value) -> Result<(), ApiError> {
    each(flow, "fields", |at, field| {
        let id = field.as_str().unwrap_or_default();
        exists(call, Collection::Fields, id, at)
    })?;
    each(flow, "sources", |at, source| {
        party(call, at, source)?;
        named(call, Collection::Credentials, source, "credential_id", at)?;
        pricing_service(call, source, at)
    })?;
    // Filters name nothing outside their flow.
    each(flow, "steps", |at, step| if step.get("entity").is_some() { party(call, at, step) } else { Ok(()) })?;
    each(flow, "destinations", |at, destination| {
        named(call, Collection::Destinations, destination, "instance_id", at)
    })?;
    pricing_service(call, flow, "")?;
    named(call, Collection::Credentials, &flow["firehose"], "credential_id", "/firehose")
}

/// Looks at each thing of a list, with its place.
fn each(flow: &mut Value, list: &str, look: impl Fn(&str, &mut Value) -> Result<(), ApiError>) -> Result<(), ApiError> {
    let items = flow.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().enumerate().try_for_each(|(index, item)| look(&format!("/{list}/{index}"), item))
}

/// A source or a recipient: its entity, and the modules that speak with it.
fn party(call: &ReadContext<'_>, at: &str, party: &mut Value) -> Result<(), ApiError> {
    let id = text(&party["entity"], "id").to_owned();
    let found = crud::find(call, Collection::Entities, &id);
    let entity = found.map_err(|_| ApiError::dangling(&format!("{at}/entity/id"), "entity", &id))?;
    let mut summary = Map::new();
    for name in ["id", "name", "time_zone"] {
        if let Some(value) = entity.value().get(name) {
            summary.insert(name.to_owned(), value.clone());
        }
    }
    party["entity"] = summary.into();
    module(call, &party["integration"], &format!("{at}/integration"))?;
    match party.pointer("/feedback/integration") {
        Some(integration) => module(call, integration, &format!("{at}/feedback/integration")),
        None => Ok(()),
    }
}

fn module(call: &ReadContext<'_>, integration: &Value, at: &str) -> Result<(), ApiError> {
    packages::must_have_module(call.standard(), &format!("{at}/module_id"), text(integration, "module_id"))
}

fn pricing_service(call: &ReadContext<'_>, holder: &Value, at: &str) -> Result<(), ApiError> {
    named(call, Collection::Services, &holder["pricing_service"], "service_id", &format!("{at}/pricing_service"))
}

/// A reference that may be absent.
fn named(call: &ReadContext<'_>, collection: Collection, holder: &Value, name: &str, at: &str) -> Result<(), ApiError> {
    match holder.get(name).and_then(Value::as_str) {
        Some(id) => exists(call, collection, id, &format!("{at}/{name}")),
        None => Ok(()),
    }
}

fn exists(call: &ReadContext<'_>, collection: Collection, id: &str, at: &str) -> Result<(), ApiError> {
    crud::find(call, collection, id).map(drop).map_err(|_| ApiError::dangling(at, collection.singular(), id))
}
