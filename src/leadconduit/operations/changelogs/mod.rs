//! Changelogs as the API shows them: what a write changed is worked out from the revisions that it left.

mod delta;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::crud;
use crate::leadconduit::state::Collection;
use crate::support::document::serialise;
use crate::support::document::{key_of, text};

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::of(200, crud::joined(all(call, &|_| true)?)))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let found = call.account()?.get(Collection::Changelogs, call.input.path("id"));
    let found = found.ok_or_else(|| ApiError::not_found(Collection::Changelogs))?;
    Ok(OperationResponse::ok(&shown(&found.read())))
}

pub(super) fn of_entity(call: &ReadContext<'_>) -> Outcome {
    of(call, Collection::Entities)
}

pub(super) fn of_flow(call: &ReadContext<'_>) -> Outcome {
    of(call, Collection::Flows)
}

pub(super) fn of_field(call: &ReadContext<'_>) -> Outcome {
    of(call, Collection::Fields)
}

/// The changelogs of the path's document, the oldest first. What was deleted is not found, and its history neither.
fn of(call: &ReadContext<'_>, collection: Collection) -> Outcome {
    let id = call.input.path("id");
    crud::find(call, collection, id)?;
    let kind = collection.logged().unwrap_or_default();
    let is_about = |entry: &Value| text(entry, "type") == kind && key_of(text(entry, "document_id")) == key_of(id);
    Ok(OperationResponse::of(200, crud::joined(all(call, &is_about)?)))
}

fn all(call: &ReadContext<'_>, wanted: &dyn Fn(&Value) -> bool) -> Result<Vec<Bytes>, ApiError> {
    // Each is read by itself: the trees of thousands of revisions are not kept.
    let entries = call.account()?.all(Collection::Changelogs).values().map(|entry| entry.read());
    Ok(entries.filter(wanted).map(|entry| serialise(&shown(&entry))).collect())
}

/// One entry. A document that was deleted has no revision after it, so its last one is shown.
fn shown(entry: &Value) -> Value {
    let (previous, current) = (&entry["previous"], &entry["current"]);
    let (changes, delta) = match (previous, current) {
        (Value::Object(_), Value::Object(_)) => delta::between(previous, current),
        (Value::Null, current) => (vec![whole(entry, "current", current)], json!({})),
        (previous, _) => (vec![whole(entry, "previous", previous)], json!({})),
    };
    let mut shown = json!({
        "id": entry["id"],
        "type": entry["type"],
        "action": entry["action"],
        "changes": changes,
        "current_revision": if current.is_null() { previous } else { current },
        "delta_from_last_revision": delta,
        "created_at": entry["created_at"],
    });
    if let Some(user) = entry.get("user") {
        shown["user"] = user.clone();
    }
    shown
}

/// The one change of a document that came or went.
fn whole(entry: &Value, side: &str, document: &Value) -> Value {
    let name = document.get("name").or_else(|| document.get("id"));
    json!({"action": entry["action"], "target": entry["type"], side: {"value": name}})
}
