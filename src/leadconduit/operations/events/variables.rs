//! Events as rules see them.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use crate::leadconduit::state::events::Event;
use crate::leadconduit::values::{Variables, find};
use crate::support::ids::ObjectId;

/// An event's properties and variables by their names. `vars.` may be left out: rules of flows have no such prefix, and
/// clients send both.
pub(crate) struct EventVariables<'a> {
    event: Event<'a>,
    /// Read only for a name that the summary does not know.
    document: OnceCell<Value>,
}

impl<'a> EventVariables<'a> {
    pub(crate) fn new(event: Event<'a>) -> Self {
        Self { event, document: OnceCell::new() }
    }

    /// The document, when something has needed it.
    pub(crate) fn into_document(self) -> Option<Value> {
        self.document.into_inner()
    }

    fn known(&self, name: &str) -> Option<Value> {
        let summary = self.event.summary();
        let id = |id: Option<ObjectId>| id.map(|id| id.to_string().into());
        match name.strip_prefix("vars.").unwrap_or(name) {
            "id" => id(Some(summary.id)),
            "type" => Some(summary.kind.name().into()),
            "outcome" => Some(summary.outcome.name().into()),
            "lead.id" => id(summary.lead),
            "flow.id" => id(summary.flow),
            "source.id" => id(summary.source),
            "recipient.id" => id(summary.recipient),
            _ => None,
        }
    }
}

impl Variables for EventVariables<'_> {
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        if let Some(known) = self.known(dotted_name) {
            return Some(Cow::Owned(known));
        }
        let document = self.document.get_or_init(|| self.event.value().into_owned());
        let in_vars = || document.get("vars").and_then(|vars| find(vars, dotted_name));
        find(document, dotted_name).or_else(in_vars).map(Cow::Borrowed)
    }
}
