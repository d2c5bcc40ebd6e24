//! What a write leaves in the changelogs of its account: both revisions, by whom and when. What differs between them
//! is worked out when somebody asks.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::leadconduit::state::{Caller, Collection};
use crate::support::document::Document;

/// How many changelogs an account keeps; the oldest go first. LeadConduit names no limit.
pub(crate) const CHANGELOGS_MAX: usize = 10_000;

/// The entry for a write, where writes of that collection are recorded and something has changed.
pub(crate) fn entry(
    collection: Collection,
    caller: &Caller,
    id: impl FnOnce() -> String,
    created_at: &str,
    before: Option<&Arc<Document>>,
    after: Option<&Arc<Document>>,
) -> Option<Value> {
    let kind = collection.logged()?;
    let (action, shown) = match (before, after) {
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
        "document_id": shown.text("id"),
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
