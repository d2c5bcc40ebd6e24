//! Routers: one for a module at most, whose routes lead to sources of flows.

use serde_json::{Value, json};

use super::super::context::WriteContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::{crud, nested_ids, packages};
use crate::leadconduit::rules;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, is_same_id, items, text};

pub(super) fn create(call: &mut WriteContext<'_>) -> Outcome {
    crud::create(call, Collection::Routers).map(in_a_list)
}

pub(super) fn update(call: &mut WriteContext<'_>) -> Outcome {
    if crud::own(call, Collection::Routers)?.flag("standard") {
        return Err(ApiError::new(422, "standard routers cannot be changed"));
    }
    crud::replace(call, Collection::Routers).map(in_a_list)
}

/// The documented reply is a list, though one router is made or changed.
fn in_a_list(answer: OperationResponse) -> OperationResponse {
    OperationResponse::of(answer.status, crud::joined(vec![answer.body]))
}

/// What a router must be beyond its model, and what the server sets in it. `before` is the revision that it takes the
/// place of; what is not sent stays.
pub(super) fn complete(
    call: &mut WriteContext<'_>,
    router: &mut Value,
    before: Option<&Document>,
) -> Result<(), ApiError> {
    for name in ["module_id", "routes"] {
        if let Some(value) = before.and_then(|before| before.value().get(name)).filter(|_| router.get(name).is_none()) {
            router[name] = value.clone();
        }
    }
    if router.get("routes").is_none() {
        router["routes"] = json!([]);
    }
    rules::check(router).map_err(|mistake| ApiError::new(422, mistake.to_string()))?;
    must_be_the_only_one(call, router)?;
    for (index, route) in items(router, "routes").iter().enumerate() {
        must_lead_somewhere(call.account()?, &format!("/routes/{index}"), route)?;
    }
    nested_ids::identify(call, router, before.map(Document::value));
    Ok(())
}

fn must_be_the_only_one(call: &WriteContext<'_>, router: &Value) -> Result<(), ApiError> {
    let Some(module) = router.get("module_id").and_then(Value::as_str) else {
        return Err(ApiError::new(422, "/module_id: a router needs the module whose leads it takes"));
    };
    packages::must_have_module(call.standard(), "/module_id", module)?;
    let mut others = call.account()?.all(Collection::Routers).values();
    let id = text(router, "id");
    match others.find(|other| other.text("module_id") == Some(module) && other.text("id") != Some(id)) {
        Some(other) => {
            let other = other.text("id").unwrap_or_default();
            Err(ApiError::new(422, format!("/module_id: module {module} has router {other} already")))
        }
        None => Ok(()),
    }
}

fn must_lead_somewhere(account: &Account, at: &str, route: &Value) -> Result<(), ApiError> {
    let (flow, source) = (text(route, "flow_id"), text(route, "source_id"));
    for (name, id) in [("flow_id", flow), ("source_id", source)] {
        if id.is_empty() {
            return Err(ApiError::new(422, format!("{at}/{name}: a route needs the flow and the source it leads to")));
        }
    }
    let found = account
        .get(Collection::Flows, flow)
        .ok_or_else(|| ApiError::dangling(&format!("{at}/flow_id"), "flow", flow))?;
    let mut sources = items(found.value(), "sources").iter();
    if sources.any(|known| text(known, "id") == source || is_same_id(text(&known["entity"], "id"), source)) {
        return Ok(());
    }
    Err(ApiError::new(422, format!("{at}/source_id: {source} is no source of flow {flow}")))
}
