//! Events as variables of rules.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use serde_json::Value;

use crate::leadconduit::state::events::{Event, EventType, Outcome, VariableLookup};
use crate::leadconduit::values::{Variables, find};
use crate::support::ids::ObjectId;

/// The names of event types and outcomes, in the order of their declaration. Statistics read one of each event.
static TYPES: LazyLock<Vec<Value>> = LazyLock::new(|| EventType::ALL.map(|kind| kind.name().into()).to_vec());
static OUTCOMES: LazyLock<Vec<Value>> = LazyLock::new(|| Outcome::ALL.map(|outcome| outcome.name().into()).to_vec());

/// The properties and variables of an event by name. `vars.` is optional: the rules of flows omit it, and clients send
/// both forms.
pub(crate) struct EventVariables<'a> {
    event: Event<'a>,
    /// Parsed on first use of a name that the summary does not have.
    document: OnceCell<Value>,
}

impl<'a> EventVariables<'a> {
    pub(crate) fn new(event: Event<'a>) -> Self {
        Self { event, document: OnceCell::new() }
    }

    /// The document, if a name has needed it.
    pub(crate) fn into_document(self) -> Option<Value> {
        self.document.into_inner()
    }

    fn summary_value(&self, name: &str) -> Option<Cow<'static, Value>> {
        let summary = self.event.summary();
        let id = |id: Option<ObjectId>| id.map(|id| Cow::Owned(id.to_string().into()));
        match name.strip_prefix("vars.").unwrap_or(name) {
            "id" => id(Some(summary.id)),
            "type" => TYPES.get(summary.kind as usize).map(Cow::Borrowed),
            "outcome" => OUTCOMES.get(summary.outcome as usize).map(Cow::Borrowed),
            "lead.id" => id(summary.lead),
            "flow.id" => id(summary.flow),
            "source.id" => id(summary.source),
            "recipient.id" => id(summary.recipient),
            _ => None,
        }
    }
}

impl Variables for EventVariables<'_> {
    fn number_for(&self, dotted_name: &str) -> Option<u128> {
        let summary = self.event.summary();
        match dotted_name.strip_prefix("vars.").unwrap_or(dotted_name) {
            "id" => Some(summary.id.to_number()),
            "type" => Some(summary.kind as u128),
            "outcome" => Some(summary.outcome as u128),
            "lead.id" => summary.lead.map(ObjectId::to_number),
            "flow.id" => summary.flow.map(ObjectId::to_number),
            "source.id" => summary.source.map(ObjectId::to_number),
            "recipient.id" => summary.recipient.map(ObjectId::to_number),
            _ => None,
        }
    }

    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        if let Some(known) = self.summary_value(dotted_name) {
            return Some(known);
        }
        if self.document.get().is_none()
            && let VariableLookup::Known(known) = self.event.variable(dotted_name)
        {
            return known;
        }
        let document = self.document.get_or_init(|| self.event.value().into_owned());
        let in_vars = || document.get("vars").and_then(|vars| find(vars, dotted_name));
        find(document, dotted_name).or_else(in_vars).map(Cow::Borrowed)
    }
}
