//! What a write leaves in the changelogs of its account: both revisions, by whom and when. What differs between them
//! is worked out when somebody asks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Refusal, Writing};
use crate::world::{Collection, Document};

/// How many changelogs an account keeps; the oldest go first. LeadConduit names no limit.
const CHANGELOGS_MAX: usize = 10_000;

/// Records a write, where writes of that collection are recorded and something has changed.
pub(super) fn record(
    call: &mut Writing<'_>,
    account: &str,
    collection: Collection,
    before: Option<&Arc<Document>>,
    after: Option<&Arc<Document>>,
) -> Result<(), Refusal> {
    let Some(kind) = collection.logged() else { return Ok(()) };
    let (action, shown) = match (before, after) {
        (None, Some(after)) => ("create", after),
        (Some(before), Some(after)) if before.bytes() != after.bytes() => ("update", after),
        (Some(before), None) => ("delete", before),
        _ => return Ok(()),
    };
    let id = call.world.next_id(call.now);
    let value = |document: Option<&Arc<Document>>| document.map_or(Value::Null, |document| document.value().clone());
    let mut entry = json!({
        "id": id,
        "type": kind,
        "action": action,
        "document_id": shown.text("id"),
        "previous": value(before),
        "current": value(after),
        "created_at": call.stamp(),
    });
    if !call.caller.is_nobody() {
        let user = call.caller.document.value();
        entry["user"] = json!({
            "id": &*call.caller.user,
            "first_name": user["first_name"],
            "last_name": user["last_name"],
            "email": user["email"],
        });
    }
    call.check(Collection::Changelogs.model(), &entry)?;
    call.world.put(account, Collection::Changelogs, &id, Document::new(&entry));
    let changelogs = call.world.account(account).map(|account| account.all(Collection::Changelogs));
    let oldest = changelogs.filter(|all| all.len() > CHANGELOGS_MAX).and_then(|all| all.keys().next().cloned());
    if let Some(oldest) = oldest {
        call.world.remove(account, Collection::Changelogs, &oldest);
    }
    Ok(())
}
