//! Live flows: the revision of a flow that processes leads, and its firehose.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::leadconduit::state::{Account, Collection};
use crate::support::document::Document;

/// The revision of a flow that processes leads: the one deployed last. A flow without a stored deployed revision
/// processes leads as saved (inferred: undocumented, and a new flow can then be tried at once).
pub(crate) fn find_live_flow<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    let saved = account.get(Collection::Flows, id)?;
    Some(account.get(Collection::LiveFlows, id).unwrap_or(saved))
}

/// The live flows of an account: all, or the one with this id.
pub(crate) fn live_flows<'a>(account: &'a Account, id: Option<&str>) -> Vec<&'a Arc<Document>> {
    match id {
        Some(id) => find_live_flow(account, id).into_iter().collect(),
        None => account.all(Collection::Flows).keys().filter_map(|id| find_live_flow(account, id)).collect(),
    }
}

/// How many properties [`undeployed_revision`] has.
const UNDEPLOYED_LEN: usize = 6;

/// The live revision of a flow that was never deployed: it accepts no leads.
pub(crate) fn undeployed_revision(flow: &Value) -> Value {
    json!({"id": flow["id"], "name": flow["name"], "enabled": false, "fields": [], "sources": [], "steps": []})
}

/// Whether a live revision stands for a flow that was never deployed. Revisions that were deployed have more properties.
pub(crate) fn is_undeployed(live: &Document) -> bool {
    // Only few flows are compared, because the comparison builds a document.
    live.value().as_object().is_some_and(|flow| flow.len() == UNDEPLOYED_LEN)
        && *live.value() == undeployed_revision(live.value())
}

/// The firehose settings of a flow; `None` when events are not copied.
pub(crate) fn enabled_firehose(flow: &Value) -> Option<&Value> {
    flow.get("firehose").filter(|firehose| firehose.get("enabled") == Some(&Value::Bool(true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leadconduit::state::World;
    use crate::support::clock::{Clock, Timestamp};

    #[test]
    fn the_deployed_revision_is_live_and_a_flow_without_one_is_live_as_saved() {
        let (edited, unedited) = ("64b8f0f5e4b0c3a1d5e6f7ab", "66a1c0de940df5a34a3889f2");
        let mut world = World::empty(1, Clock::Frozen(Timestamp::UNIX_EPOCH));
        world.put_account("acme", Document::new(&json!({})));
        for (collection, id, name) in [
            (Collection::Flows, edited, "saved"),
            (Collection::LiveFlows, edited, "deployed"),
            (Collection::Flows, unedited, "saved"),
        ] {
            world.put("acme", collection, id, Document::new(&json!({"id": id, "name": name})));
        }
        let account = world.account("acme").unwrap();
        let names = |id| live_flows(account, id).iter().filter_map(|flow| flow.text("name")).collect::<Vec<_>>();
        assert_eq!(names(None), ["deployed", "saved"]);
        assert_eq!(names(Some(edited)), ["deployed"]);
        assert_eq!(names(Some("000000000000000000000000")), [] as [&str; 0]);
    }
}
