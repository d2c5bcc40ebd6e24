//! Events as variables of rules.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use serde_json::Value;

use crate::leadconduit::state::events::{Event, EventSummary, EventType, Outcome, VariableLookup};
use crate::leadconduit::values::{Variables, find, plain};
use crate::support::ids::ObjectId;

/// The names of event types and outcomes, in the order of their declaration. Statistics read one of each event.
static TYPES: LazyLock<Vec<Value>> = LazyLock::new(|| EventType::ALL.map(|kind| kind.name().into()).to_vec());
static OUTCOMES: LazyLock<Vec<Value>> = LazyLock::new(|| Outcome::ALL.map(|outcome| outcome.name().into()).to_vec());

/// The numbers of up to two variables, see [`Event::variable_number`].
pub(crate) type VariableNumbers = [u128; 2];

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

    /// Its summary.
    pub(crate) fn summary(&self) -> &EventSummary {
        self.event.summary()
    }

    /// Numbers that stand for the values of these variables; `None` when one of them has none, or when they are too many.
    pub(crate) fn numbers(&self, names: &[String]) -> Option<VariableNumbers> {
        let mut numbers = VariableNumbers::default();
        if names.len() > numbers.len() {
            return None;
        }
        for (number, name) in numbers.iter_mut().zip(names) {
            *number = self.event.variable_number(name)?;
        }
        Some(numbers)
    }

    /// The value of a variable, if it is a number.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.event.number(name).or_else(|| plain(self.get(name).as_deref()?).as_f64())
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
