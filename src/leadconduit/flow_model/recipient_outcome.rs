//! Configured outcomes of simulated recipients: the documents of the collection `recipients`.

use serde_json::{Map, Value};

use super::reference::DocumentId;
use super::rule_set::RuleSet;
use super::step::{Recipient, Step};
use super::template::{TextTemplate, ValueTemplate};
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values::Variables;
use crate::support::document::{Document, TypedDocument, text};

/// The outcome of a simulated recipient, and the steps and leads that it is for.
#[derive(Debug)]
pub(crate) struct ConfiguredOutcome {
    // A property that the document does not have matches any step.
    flow: Option<DocumentId>,
    step: Option<DocumentId>,
    entity: Option<DocumentId>,
    module_id: Option<String>,
    rules: RuleSet,
    pub(crate) probability: f64,
    /// `None` when the recipient does not respond in time.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reason: Option<TextTemplate>,
    /// Duration in milliseconds.
    pub(crate) ms: Option<i64>,
    /// In dollars.
    pub(crate) price: Option<f64>,
    append: Option<Vec<(String, ValueTemplate)>>,
    /// The response of the recipient, which its module reads; then the outcome and the like do not count.
    pub(crate) response: Option<ConfiguredResponse>,
}

/// The HTTP response of a simulated recipient.
#[derive(Debug)]
pub(crate) struct ConfiguredResponse {
    pub(crate) status: u16,
    /// `None` for a response without a `Content-Type`.
    pub(crate) content_type: Option<String>,
    pub(crate) body: TextTemplate,
}

impl ConfiguredResponse {
    fn of(document: &Value) -> Option<Self> {
        let response = document.get("response")?;
        let status = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        Some(Self {
            status: status.unwrap_or(200),
            content_type: response.get("content_type").and_then(Value::as_str).map(str::to_owned),
            body: TextTemplate::new(text(response, "body")),
        })
    }
}

impl ConfiguredOutcome {
    /// The configured outcome of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        document.typed()
    }

    /// Whether it is for this step of the flow `flow_id`, and for a lead with these variables.
    pub(crate) fn matches(&self, flow_id: &str, step: &Step, recipient: &Recipient, vars: &dyn Variables) -> bool {
        let is = |expected: &Option<DocumentId>, actual: &str| expected.as_ref().is_none_or(|id| id.is(actual));
        is(&self.flow, flow_id)
            && is(&self.step, &step.id)
            && is(&self.entity, &step.entity.text)
            && self.module_id.as_ref().is_none_or(|module| *module == recipient.module_id)
            && self.rules.matches(vars)
    }

    /// The properties that are appended for later steps; `None` when none are configured.
    pub(crate) fn appended(&self, vars: &dyn Variables) -> Option<Map<String, Value>> {
        let append = self.append.as_ref()?.iter();
        Some(append.map(|(name, value)| (name.clone(), value.fill(vars).unwrap_or(Value::Null))).collect())
    }
}

impl TypedDocument for ConfiguredOutcome {
    fn from_value(value: &Value) -> Self {
        let has = |name: &str| value.get(name).is_some_and(Value::is_string);
        let id = |name: &str| has(name).then(|| DocumentId::at(value, name));
        let append = value.get("append").and_then(Value::as_object);
        Self {
            flow: id("flow_id"),
            step: id("step_id"),
            entity: id("entity_id"),
            module_id: has("module_id").then(|| text(value, "module_id").to_owned()),
            rules: RuleSet::of(value),
            probability: value.get("probability").and_then(Value::as_f64).unwrap_or(1.0),
            outcome: match text(value, "outcome") {
                "timeout" => None,
                name => Some(Outcome::from_name(name).unwrap_or(Outcome::Success)),
            },
            reason: value.get("reason").and_then(Value::as_str).map(TextTemplate::new),
            ms: value.get("ms").and_then(Value::as_i64),
            price: value.get("price").and_then(Value::as_f64),
            append: append
                .map(|append| append.iter().map(|(name, value)| (name.clone(), ValueTemplate::new(value))).collect()),
            response: ConfiguredResponse::of(value),
        }
    }
}
