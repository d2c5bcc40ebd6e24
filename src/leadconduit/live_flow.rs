//! Live flows: the revision that leads run through, its sources and its firehose.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, is_same_id, items, text};

/// A flow as it handles leads: as it was deployed last. One that never was takes leads as it is saved: no page tells of
/// such a flow, and who has just made one wants to try it.
pub(crate) fn live<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    let saved = account.get(Collection::Flows, id)?;
    Some(account.get(Collection::LiveFlows, id).unwrap_or(saved))
}

/// A source of a flow: by its entity's id, which posting addresses have, or by its own short one, which a flow shows.
pub(crate) fn source_of<'f>(flow: &'f Value, id: &str) -> Option<&'f Value> {
    let by_entity = sources(flow).find(|(entity, _)| is_same_id(entity, id)).map(|(_, source)| source);
    by_entity.or_else(|| items(flow, "sources").iter().find(|source| text(source, "id") == id))
}

/// Where the events of a flow are copied to, where they are.
pub(crate) fn firehose_of(flow: &Value) -> Option<&Value> {
    flow.get("firehose").filter(|firehose| firehose.get("enabled") == Some(&Value::Bool(true)))
}

/// The sources of a flow, each with the object id of its entity.
pub(crate) fn sources(flow: &Value) -> impl Iterator<Item = (&str, &Value)> {
    items(flow, "sources").iter().map(|source| (text(&source["entity"], "id"), source))
}
