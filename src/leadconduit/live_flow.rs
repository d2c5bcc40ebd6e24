//! Live flows: the revision of a flow that processes leads, and its firehose.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::state::{Account, Collection};
use crate::support::document::Document;

/// The revision of a flow that processes leads: the one deployed last. A flow without a stored deployed revision
/// processes leads as saved (inferred: undocumented, and a new flow can then be tried at once).
pub(crate) fn find_live_flow<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    let saved = account.get(Collection::Flows, id)?;
    Some(account.get(Collection::LiveFlows, id).unwrap_or(saved))
}

/// The firehose settings of a flow; `None` when events are not copied.
pub(crate) fn enabled_firehose(flow: &Value) -> Option<&Value> {
    flow.get("firehose").filter(|firehose| firehose.get("enabled") == Some(&Value::Bool(true)))
}
