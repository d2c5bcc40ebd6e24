//! Entities: those that LeadConduit brings along, those of connected accounts, and the account's own. Which flows have
//! one as a source follows from the flows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::{connections, crud, packages};
use crate::contract::standard::Kind;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::serialise;
use crate::support::document::{Document, is_same_id, items, key_of, text};

/// How many of the flows that use an entity are named when it cannot go.
const NAMED_MAX: usize = 5;

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let flows = FlowsBySource::of(account);
    let all = call.standard().all(Kind::Entities).iter().chain(account.all(Collection::Entities).values());
    Ok(OperationResponse::of(200, crud::joined(all.map(|entity| flows.shape(call, entity)).collect())))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    shown(call, 200)
}

pub(super) fn update(call: &mut WriteContext<'_>) -> Outcome {
    let before = own(call, "changed")?;
    crud::replace(call, Collection::Entities)?;
    let after = crud::own(call, Collection::Entities)?;
    if before.text("name") != after.text("name") {
        rename(call, &after);
    }
    shown(&call.reading(), 200)
}

pub(super) fn delete(call: &mut WriteContext<'_>) -> Outcome {
    let entity = own(call, "deleted")?;
    must_be_unused(call.account()?, entity.text("id").unwrap_or_default())?;
    let answer = shown(&call.reading(), 200)?;
    call.remove(Collection::Entities, call.input.path("id"))?;
    Ok(answer)
}

/// What an entity must be beyond its model, and what the server sets in it. `before` is the revision that it takes
/// the place of.
pub(super) fn complete(call: &WriteContext<'_>, entity: &mut Value, before: Option<&Document>) -> Result<(), ApiError> {
    for (index, module) in items(entity, "module_ids").iter().enumerate() {
        let module = module.as_str().unwrap_or_default();
        packages::must_have_module(call.standard(), &format!("/module_ids/{index}"), module)?;
    }
    suffix_must_be_free(call.account()?, entity)?;
    for (name, value) in before.and_then(|before| before.value().as_object()).into_iter().flatten() {
        if entity.get(name).is_none() && call.contract.is_read_only(Collection::Entities.model(), name) {
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

/// The flows of an account by the entities that are their sources.
struct FlowsBySource<'a>(HashMap<Cow<'a, str>, Vec<&'a str>>);

impl<'a> FlowsBySource<'a> {
    fn of(account: &'a Account) -> Self {
        let mut flows: HashMap<Cow<'a, str>, Vec<&'a str>> = HashMap::new();
        for (id, flow) in account.all(Collection::Flows) {
            for source in items(flow.value(), "sources") {
                let of_entity = flows.entry(key_of(text(&source["entity"], "id"))).or_default();
                // An entity may be a source of one flow twice.
                if of_entity.last() != Some(&&**id) {
                    of_entity.push(id);
                }
            }
        }
        Self(flows)
    }

    /// An entity as it is shown.
    fn shape(&self, call: &ReadContext<'_>, entity: &Document) -> Bytes {
        let flows = self.0.get(&*key_of(entity.text("id").unwrap_or_default())).map(Vec::as_slice).unwrap_or_default();
        let has_invitation = entity.text("invitation_expires_at").is_some();
        if !has_invitation && items(entity.value(), "flow_ids").iter().eq(flows) {
            return entity.bytes();
        }
        let mut shown = connections::entity_shape(call, entity);
        shown["flow_ids"] = json!(flows);
        serialise(&shown)
    }
}

/// The entity of the path as it is shown.
fn shown(call: &ReadContext<'_>, status: u16) -> Outcome {
    let entity = crud::find(call, Collection::Entities, call.input.path("id"))?;
    Ok(OperationResponse::of(status, FlowsBySource::of(call.account()?).shape(call, entity)))
}

/// The entity of the path, which must be of the account's own making. What stands for another account is that
/// account's to change.
fn own(call: &WriteContext<'_>, deed: &str) -> Result<Arc<Document>, ApiError> {
    let entity = crud::own(call, Collection::Entities)?;
    if entity.flag("account") {
        return Err(ApiError::new(422, format!("an entity that stands for another account cannot be {deed}")));
    }
    Ok(entity)
}

fn suffix_must_be_free(account: &Account, entity: &Value) -> Result<(), ApiError> {
    let Some(suffix) = entity.get("field_suffix").and_then(Value::as_str) else { return Ok(()) };
    let id = text(entity, "id");
    let taken = account.all(Collection::Entities).values().find(|other| {
        let is_other = !other.text("id").is_some_and(|other| is_same_id(other, id));
        is_other && other.text("field_suffix").is_some_and(|taken| taken.eq_ignore_ascii_case(suffix))
    });
    match taken.and_then(|other| other.text("id")) {
        Some(other) => Err(ApiError::new(422, format!("/field_suffix: {suffix} is taken by entity {other}"))),
        None => Ok(()),
    }
}

/// A flow without its source or its recipient would be none, so what one uses stays, saved or live.
fn must_be_unused(account: &Account, entity: &str) -> Result<(), ApiError> {
    let all = [Collection::Flows, Collection::LiveFlows].into_iter().flat_map(|kind| account.all(kind));
    let mut using: Vec<(&str, &str)> = all
        .filter(|(_, flow)| names(flow.value(), entity))
        .map(|(id, flow)| (&**id, flow.text("name").unwrap_or_default()))
        .collect();
    using.sort_unstable();
    using.dedup_by_key(|(id, _)| *id);
    if using.is_empty() {
        return Ok(());
    }
    let mut told: Vec<String> = using.iter().take(NAMED_MAX).map(|(id, name)| format!("{id} ({name})")).collect();
    if using.len() > NAMED_MAX {
        told.push(format!("{} more", using.len() - NAMED_MAX));
    }
    let flows = if using.len() == 1 { "flow" } else { "flows" };
    Err(ApiError::new(422, format!("the entity is used by {flows} {}", told.join(", "))))
}

fn names(flow: &Value, entity: &str) -> bool {
    let parties = ["sources", "steps"].into_iter().flat_map(|parties| items(flow, parties));
    parties.into_iter().any(|party| is_same_id(text(&party["entity"], "id"), entity))
}

/// Writes the name of an entity into the flows that name it. That is no change of the flows, so nothing is recorded.
fn rename(call: &mut WriteContext<'_>, entity: &Document) {
    let account = Arc::clone(&call.caller.account);
    let (id, name) = (entity.text("id").unwrap_or_default(), entity.text("name").unwrap_or_default());
    for collection in [Collection::Flows, Collection::LiveFlows] {
        let Ok(owner) = call.account() else { return };
        let flows = owner.all(collection).iter().filter(|(_, flow)| names(flow.value(), id));
        let flows: Vec<(Arc<str>, Value)> = flows.map(|(id, flow)| (Arc::clone(id), flow.value().clone())).collect();
        for (flow_id, mut flow) in flows {
            for parties in ["sources", "steps"] {
                for party in flow.get_mut(parties).and_then(Value::as_array_mut).into_iter().flatten() {
                    if is_same_id(text(&party["entity"], "id"), id) {
                        party["entity"]["name"] = name.into();
                    }
                }
            }
            call.world.put(&account, collection, &flow_id, Document::new(&flow));
        }
    }
}
