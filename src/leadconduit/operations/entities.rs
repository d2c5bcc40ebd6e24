//! Entities: the standard ones, those of connected accounts, and the account's own. `flow_ids` is computed from the
//! sources of the flows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use super::crud::{self, CollectionHooks};
use super::{connections, packages};
use crate::contract::standard::StandardCollection;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::serialise;
use crate::support::document::{Document, canonical_id, is_same_id, items, text};

pub(super) const HOOKS: CollectionHooks = CollectionHooks { prepare, ..CollectionHooks::NONE };

/// The maximum number of flows that the error for an entity in use lists.
const LISTED_FLOWS_MAX: usize = 5;

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let flows = FlowsBySource::index(account);
    let all =
        context.standard().all(StandardCollection::Entities).iter().chain(account.all(Collection::Entities).values());
    Ok(OperationResponse::json(200, crud::json_array(all.map(|entity| flows.render(context, entity)).collect())))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    respond_with_entity(context)
}

pub(super) fn update(context: &mut WriteContext<'_>) -> OperationResult {
    let previous = require_own(context, "changed")?;
    crud::replace(context, Collection::Entities, &HOOKS)?;
    let current = crud::require_own(context, Collection::Entities)?;
    if previous.text("name") != current.text("name") {
        rename_in_flows(context, &current);
    }
    respond_with_entity(&context.read_context())
}

pub(super) fn delete(context: &mut WriteContext<'_>) -> OperationResult {
    let entity = require_own(context, "deleted")?;
    require_unused(context.account()?, entity.text("id").unwrap_or_default())?;
    let response = respond_with_entity(&context.read_context())?;
    context.remove(Collection::Entities, context.input.path("id"))?;
    Ok(response)
}

fn prepare(context: &mut WriteContext<'_>, entity: &mut Value, previous: Option<&Document>) -> Result<(), ApiError> {
    for (index, module) in items(entity, "module_ids").iter().enumerate() {
        let module = module.as_str().unwrap_or_default();
        packages::require_module(context.standard(), &format!("/module_ids/{index}"), module)?;
    }
    require_free_suffix(context.account()?, entity)?;
    for (name, value) in previous.and_then(|previous| previous.value().as_object()).into_iter().flatten() {
        if entity.get(name).is_none() && context.contract.is_read_only(Collection::Entities.model(), name) {
            entity[name.as_str()] = value.clone();
        }
    }
    for flag in ["standard", "account", "pending", "deprecated"] {
        if entity.get(flag).is_none() {
            entity[flag] = false.into();
        }
    }
    entity["flow_ids"] = json!([]);
    Ok(())
}

/// The ids of flows by the entities of their sources.
struct FlowsBySource<'a>(HashMap<Cow<'a, str>, Vec<&'a str>>);

impl<'a> FlowsBySource<'a> {
    fn index(account: &'a Account) -> Self {
        let mut flows: HashMap<Cow<'a, str>, Vec<&'a str>> = HashMap::new();
        for (id, flow) in account.all(Collection::Flows) {
            for source in items(flow.value(), "sources") {
                let flow_ids = flows.entry(canonical_id(text(&source["entity"], "id"))).or_default();
                // An entity may be a source of one flow twice.
                if flow_ids.last() != Some(&&**id) {
                    flow_ids.push(id);
                }
            }
        }
        Self(flows)
    }

    /// The serialised entity with its `flow_ids`.
    fn render(&self, context: &ReadContext<'_>, entity: &Document) -> Bytes {
        let members = entity.members();
        let id = members.text("id").unwrap_or_default();
        let flows = self.0.get(&*canonical_id(&id)).map(Vec::as_slice).unwrap_or_default();
        let has_invitation = members.text("invitation_expires_at").is_some();
        let listed: Vec<Value> =
            members.get("flow_ids").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        if !has_invitation && listed.iter().eq(flows) {
            return entity.bytes();
        }
        let mut rendered = connections::render_entity(context, entity);
        rendered["flow_ids"] = json!(flows);
        serialise(&rendered)
    }
}

/// 200 with the entity of the path.
fn respond_with_entity(context: &ReadContext<'_>) -> OperationResult {
    let entity = crud::find(context, Collection::Entities, context.input.path("id"))?;
    Ok(OperationResponse::json(200, FlowsBySource::index(context.account()?).render(context, entity)))
}

/// Finds the entity of the path, which must be the account's own. An entity that represents another account cannot be
/// changed.
fn require_own(context: &WriteContext<'_>, verb: &str) -> Result<Arc<Document>, ApiError> {
    let entity = crud::require_own(context, Collection::Entities)?;
    if entity.flag("account") {
        return Err(ApiError::new(422, format!("an entity that represents another account cannot be {verb}")));
    }
    Ok(entity)
}

fn require_free_suffix(account: &Account, entity: &Value) -> Result<(), ApiError> {
    let Some(suffix) = entity.get("field_suffix").and_then(Value::as_str) else { return Ok(()) };
    let id = text(entity, "id");
    let taken = account.all(Collection::Entities).values().find(|other| {
        let is_other = !other.text("id").is_some_and(|other| is_same_id(other, id));
        is_other && other.text("field_suffix").is_some_and(|taken| taken.eq_ignore_ascii_case(suffix))
    });
    match taken.and_then(|other| other.text("id")) {
        Some(other) => {
            Err(ApiError::new(422, format!("/field_suffix: entity {other} already has the suffix {suffix}")))
        }
        None => Ok(()),
    }
}

/// An entity cannot be deleted while a saved or live flow has it as a source or a recipient.
fn require_unused(account: &Account, entity: &str) -> Result<(), ApiError> {
    let all = [Collection::Flows, Collection::LiveFlows].into_iter().flat_map(|kind| account.all(kind));
    let mut using: Vec<(&str, &str)> = all
        .filter(|(_, flow)| references_entity(flow.value(), entity))
        .map(|(id, flow)| (&**id, flow.text("name").unwrap_or_default()))
        .collect();
    using.sort_unstable();
    using.dedup_by_key(|(id, _)| *id);
    if using.is_empty() {
        return Ok(());
    }
    let mut listed: Vec<String> =
        using.iter().take(LISTED_FLOWS_MAX).map(|(id, name)| format!("{id} ({name})")).collect();
    if using.len() > LISTED_FLOWS_MAX {
        listed.push(format!("{} more", using.len() - LISTED_FLOWS_MAX));
    }
    let flows = if using.len() == 1 { "flow" } else { "flows" };
    Err(ApiError::new(422, format!("the entity is used by {flows} {}", listed.join(", "))))
}

fn references_entity(flow: &Value, entity: &str) -> bool {
    let parties = ["sources", "steps"].into_iter().flat_map(|parties| items(flow, parties));
    parties.into_iter().any(|party| is_same_id(text(&party["entity"], "id"), entity))
}

/// Updates the name of an entity in the flows that contain it. This leaves no changelog entry, because it is not an
/// update of the flows.
fn rename_in_flows(context: &mut WriteContext<'_>, entity: &Document) {
    let account = Arc::clone(&context.caller.account);
    let (id, name) = (entity.text("id").unwrap_or_default(), entity.text("name").unwrap_or_default());
    for collection in [Collection::Flows, Collection::LiveFlows] {
        let Ok(owner) = context.account() else { return };
        let flows = owner.all(collection).iter().filter(|(_, flow)| references_entity(flow.value(), id));
        let flows: Vec<(Arc<str>, Value)> = flows.map(|(id, flow)| (Arc::clone(id), flow.value().clone())).collect();
        for (flow_id, mut flow) in flows {
            for parties in ["sources", "steps"] {
                for party in flow.get_mut(parties).and_then(Value::as_array_mut).into_iter().flatten() {
                    if is_same_id(text(&party["entity"], "id"), id) {
                        party["entity"]["name"] = name.into();
                    }
                }
            }
            context.world.put(&account, collection, &flow_id, Document::new(&flow));
        }
    }
}
