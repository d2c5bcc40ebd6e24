//! Changelogs: the changes of a write are computed from the stored revisions on each request.

mod delta;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use super::crud;
use crate::leadconduit::state::Collection;
use crate::support::computation;
use crate::support::document::serialise;
use crate::support::document::{canonical_id, text};

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::json(200, crud::json_array(render_entries(context, &|_| true)?)))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let found = context.account()?.get(Collection::Changelogs, context.input.path("id"));
    let found = found.ok_or_else(|| ApiError::not_found(Collection::Changelogs))?;
    Ok(OperationResponse::ok(&render(&found.to_value())))
}

pub(super) fn list_for_entity(context: &ReadContext<'_>) -> OperationResult {
    list_for(context, Collection::Entities)
}

pub(super) fn list_for_flow(context: &ReadContext<'_>) -> OperationResult {
    list_for(context, Collection::Flows)
}

pub(super) fn list_for_field(context: &ReadContext<'_>) -> OperationResult {
    list_for(context, Collection::Fields)
}

/// Lists the changelogs of the document of the path, the oldest first. Those of a deleted document are not found.
fn list_for(context: &ReadContext<'_>, collection: Collection) -> OperationResult {
    let id = context.input.path("id");
    crud::find(context, collection, id)?;
    let kind = collection.changelog_kind().unwrap_or_default();
    let is_about =
        |entry: &Value| text(entry, "type") == kind && canonical_id(text(entry, "document_id")) == canonical_id(id);
    Ok(OperationResponse::json(200, crud::json_array(render_entries(context, &is_about)?)))
}

fn render_entries(context: &ReadContext<'_>, is_included: &dyn Fn(&Value) -> bool) -> Result<Vec<Bytes>, ApiError> {
    // Entries are parsed one at a time, so that the trees of thousands of revisions are not in memory at once.
    let entries = context.account()?.all(Collection::Changelogs).values().map(|entry| {
        computation::spend(64);
        entry.to_value()
    });
    Ok(entries.filter(is_included).map(|entry| serialise(&render(&entry))).collect())
}

/// Renders an entry. `current_revision` of a deleted document is its last revision.
fn render(entry: &Value) -> Value {
    let (previous, current) = (&entry["previous"], &entry["current"]);
    let (changes, delta) = match (previous, current) {
        (Value::Object(_), Value::Object(_)) => delta::diff(previous, current),
        (Value::Null, current) => (vec![whole_document_change(entry, "current", current)], json!({})),
        (previous, _) => (vec![whole_document_change(entry, "previous", previous)], json!({})),
    };
    let mut rendered = json!({
        "id": entry["id"],
        "type": entry["type"],
        "action": entry["action"],
        "changes": changes,
        "current_revision": if current.is_null() { previous } else { current },
        "delta_from_last_revision": delta,
        "created_at": entry["created_at"],
    });
    if let Some(user) = entry.get("user") {
        rendered["user"] = user.clone();
    }
    rendered
}

/// The change of a document that was created or deleted.
fn whole_document_change(entry: &Value, side: &str, document: &Value) -> Value {
    let name = document.get("name").or_else(|| document.get("id"));
    json!({"action": entry["action"], "target": entry["type"], side: {"value": name}})
}
