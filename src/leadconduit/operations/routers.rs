//! Routers: at most one per module; its routes lead to sources of flows.

use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::WriteContext;
use super::super::response::{OperationResponse, OperationResult};
use super::crud::{self, CollectionHooks};
use super::{nested_ids, packages};
use crate::leadconduit::flow_model::{Flow, Route, Router};
use crate::leadconduit::rules;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, TypedDocument as _};

pub(super) const HOOKS: CollectionHooks = CollectionHooks { prepare, ..CollectionHooks::NONE };

pub(super) fn create(context: &mut WriteContext<'_>) -> OperationResult {
    crud::create(context, Collection::Routers, &HOOKS).map(wrap_in_list)
}

pub(super) fn update(context: &mut WriteContext<'_>) -> OperationResult {
    if crud::require_own(context, Collection::Routers)?.flag("standard") {
        return Err(ApiError::new(422, "standard routers cannot be changed"));
    }
    crud::replace(context, Collection::Routers, &HOOKS).map(wrap_in_list)
}

/// The documented response is a list, although it has one router only.
fn wrap_in_list(response: OperationResponse) -> OperationResponse {
    OperationResponse::json(response.status, crud::json_array(vec![response.body]))
}

/// Checks a router. Properties that an update omits keep their values.
fn prepare(context: &mut WriteContext<'_>, router: &mut Value, previous: Option<&Document>) -> Result<(), ApiError> {
    for name in ["module_id", "routes"] {
        if let Some(value) =
            previous.and_then(|previous| previous.value().get(name)).filter(|_| router.get(name).is_none())
        {
            router[name] = value.clone();
        }
    }
    if router.get("routes").is_none() {
        router["routes"] = json!([]);
    }
    rules::check(router).map_err(|error| ApiError::new(422, error.to_string()))?;
    let typed = Router::from_value(router);
    require_single_router(context, &typed)?;
    for (index, route) in typed.routes.iter().enumerate() {
        require_route_target(context.account()?, &format!("/routes/{index}"), route)?;
    }
    nested_ids::assign_ids(context, router, previous.map(Document::value));
    Ok(())
}

fn require_single_router(context: &WriteContext<'_>, router: &Router) -> Result<(), ApiError> {
    let Some(module) = router.module.as_deref() else {
        return Err(ApiError::new(422, "/module_id: a router needs a module"));
    };
    packages::require_module(context.standard(), "/module_id", module)?;
    let mut others = context.account()?.all(Collection::Routers).values().map(|other| Router::of(other));
    let is_other = |other: &&Router| other.module.as_deref() == Some(module) && !other.id.is(&router.id.text);
    match others.find(is_other) {
        Some(other) => {
            let other = &other.id.text;
            Err(ApiError::new(422, format!("/module_id: module {module} already has router {other}")))
        }
        None => Ok(()),
    }
}

fn require_route_target(account: &Account, pointer: &str, route: &Route) -> Result<(), ApiError> {
    let (flow, source) = (&*route.flow.text, &*route.source.text);
    for (name, id) in [("flow_id", flow), ("source_id", source)] {
        if id.is_empty() {
            return Err(ApiError::new(422, format!("{pointer}/{name}: a route needs a flow and a source")));
        }
    }
    let found = account
        .get(Collection::Flows, flow)
        .ok_or_else(|| ApiError::reference_not_found(&format!("{pointer}/flow_id"), "flow", flow))?;
    if Flow::of(found).find_source(source).is_some() {
        return Ok(());
    }
    Err(ApiError::new(422, format!("{pointer}/source_id: {source} is not a source of flow {flow}")))
}
