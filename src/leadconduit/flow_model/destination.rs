//! Destinations: what is notified of a lead after its flow.

use serde_json::Value;

use crate::support::document::{items, text};

/// An action of a destination of a flow.
#[derive(Debug)]
pub(crate) struct DestinationAction {
    /// The id of the action.
    pub(crate) id: String,
    /// The names of the destination and the action, as reports show them.
    pub(crate) label: String,
    /// The URL that runs the action.
    pub(crate) webhook_url: String,
}

impl DestinationAction {
    /// The actions of the destinations of a flow that have a URL.
    pub(super) fn all(flow: &Value) -> Vec<Self> {
        let actions = items(flow, "destinations").iter().flat_map(|destination| {
            items(destination, "actions").iter().map(|action| Self {
                id: text(action, "action_id").to_owned(),
                label: format!("destination `{}`, action `{}`", text(destination, "name"), text(action, "name")),
                webhook_url: text(action, "webhook_url").to_owned(),
            })
        });
        actions.filter(|action| !action.webhook_url.is_empty()).collect()
    }
}
