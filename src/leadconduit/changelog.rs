//! The changelog entry of a write: both revisions, the user and the time. The difference between the revisions is
//! computed when a changelog is read.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::leadconduit::state::{Caller, Collection};
use crate::support::document::Document;
use crate::support::ids::ObjectId;

/// The maximum number of changelog entries per account; the oldest are evicted. LeadConduit documents no limit.
pub(crate) const CHANGELOGS_MAX: usize = 10_000;

/// The changelog entry of a write; `None` when the collection has no changelogs or nothing has changed.
pub(crate) fn changelog_entry(
    collection: Collection,
    caller: &Caller,
    id: impl FnOnce() -> ObjectId,
    created_at: &str,
    before: Option<&Arc<Document>>,
    after: Option<&Arc<Document>>,
) -> Option<Value> {
    let kind = collection.changelog_kind()?;
    let (action, revision) = match (before, after) {
        (None, Some(after)) => ("create", after),
        (Some(before), Some(after)) if before.bytes() != after.bytes() => ("update", after),
        (Some(before), None) => ("delete", before),
        _ => return None,
    };
    let value = |document: Option<&Arc<Document>>| document.map_or(Value::Null, |document| document.value().clone());
    let mut entry = json!({
        "id": id(),
        "type": kind,
        "action": action,
        "document_id": revision.text("id"),
        "previous": value(before),
        "current": value(after),
        "created_at": created_at,
    });
    if !caller.is_anonymous() {
        let user = caller.document.value();
        entry["user"] = json!({
            "id": &*caller.user,
            "first_name": user["first_name"],
            "last_name": user["last_name"],
            "email": user["email"],
        });
    }
    Some(entry)
}
