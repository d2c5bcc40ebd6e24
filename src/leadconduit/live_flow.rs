//! Live flows: the revision of a flow that processes leads, its sources and its firehose.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, is_same_id, items, text};

/// The revision of a flow that processes leads: the one deployed last. A flow without a stored deployed revision
/// processes leads as saved (inferred: undocumented, and a new flow can then be tried at once).
pub(crate) fn find_live_flow<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    let saved = account.get(Collection::Flows, id)?;
    Some(account.get(Collection::LiveFlows, id).unwrap_or(saved))
}

/// Finds a source of a flow by its entity's id, which posting URLs contain, or by its own short id.
pub(crate) fn find_source<'f>(flow: &'f Value, id: &str) -> Option<&'f Value> {
    let by_entity = sources_by_entity(flow).find(|(entity, _)| is_same_id(entity, id)).map(|(_, source)| source);
    by_entity.or_else(|| items(flow, "sources").iter().find(|source| text(source, "id") == id))
}

/// The firehose settings of a flow; `None` when events are not copied.
pub(crate) fn enabled_firehose(flow: &Value) -> Option<&Value> {
    flow.get("firehose").filter(|firehose| firehose.get("enabled") == Some(&Value::Bool(true)))
}

/// The sources of a flow, each with its entity's id.
fn sources_by_entity(flow: &Value) -> impl Iterator<Item = (&str, &Value)> {
    items(flow, "sources").iter().map(|source| (text(&source["entity"], "id"), source))
}
