//! Steps of a flow: filters and recipients.

use std::sync::OnceLock;

use serde_json::Value;

use super::feedback::Feedback;
use super::mapping::Mapping;
use super::pricing::Pricing;
use super::reference::{DocumentId, entity_ref};
use super::rule_set::RuleSet;
use super::template::TextTemplate;
use crate::support::document::text;

/// The property of a mapping that makes a recipient callable.
const URL_PROPERTY: &str = "url";

/// A step of a flow.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its own short id.
    pub(crate) id: String,
    pub(crate) is_enabled: bool,
    /// The id of its entity; empty for a filter.
    pub(crate) entity: DocumentId,
    /// The variable that holds its result for later steps.
    pub(crate) append_key: String,
    /// Its name in reports: that of its recipient or its description, its number in the flow, and its id.
    pub(crate) label: String,
    pub(crate) kind: StepKind,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum StepKind {
    /// Ends the flow for leads that match.
    Filter(Filter),
    /// Delivers the lead.
    Recipient(Recipient),
}

/// A filter.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) rules: RuleSet,
    pub(crate) reason: TextTemplate,
    /// The outcome of a lead that matches. It may be a template, such as that of a recipient: `{{outbound.outcome}}`.
    pub(crate) outcome: TextTemplate,
}

/// A recipient.
#[derive(Debug)]
pub(crate) struct Recipient {
    /// The reference to its entity that events embed.
    pub(crate) reference: Value,
    pub(crate) module_id: String,
    /// The simulated duration of its module in milliseconds; looked up for the first lead.
    pub(crate) median_ms: OnceLock<i64>,
    /// Leads that do not match skip the recipient.
    pub(crate) rules: RuleSet,
    pub(crate) retry_enabled: bool,
    pub(crate) pricing: Option<Pricing>,
    pub(crate) mappings: Vec<Mapping>,
    /// Whether its mappings contain a URL; otherwise it is always simulated.
    pub(crate) has_url: bool,
    /// The feedback that it can send; `None` when it sends none.
    pub(crate) feedback: Option<Feedback>,
}

impl Step {
    pub(super) fn new(step: &Value, index: usize) -> Self {
        let kind = match text(step, "type") {
            "filter" => StepKind::Filter(Filter {
                rules: RuleSet::of(step),
                reason: TextTemplate::new(text(step, "reason")),
                outcome: TextTemplate::new(text(step, "outcome")),
            }),
            _ => StepKind::Recipient(Recipient::new(step)),
        };
        Self {
            id: text(step, "id").to_owned(),
            is_enabled: step.get("enabled") != Some(&Value::Bool(false)),
            entity: DocumentId::of(&step["entity"]),
            append_key: append_key(step).to_owned(),
            label: label(step, index),
            kind,
        }
    }
}

impl Step {
    /// The mappings of a recipient; those of a filter are none.
    pub(crate) fn mappings(&self) -> &[Mapping] {
        match &self.kind {
            StepKind::Filter(_) => &[],
            StepKind::Recipient(recipient) => &recipient.mappings,
        }
    }
}

impl Recipient {
    fn new(step: &Value) -> Self {
        let integration = &step["integration"];
        let mappings = Mapping::all(integration);
        Self {
            reference: entity_ref(&step["entity"]),
            module_id: text(integration, "module_id").to_owned(),
            median_ms: OnceLock::new(),
            rules: RuleSet::of(step),
            retry_enabled: step.get("retry_enabled") == Some(&Value::Bool(true)),
            pricing: Pricing::of(step),
            has_url: mappings.iter().any(|mapping| mapping.property == URL_PROPERTY),
            mappings,
            feedback: Feedback::of(step),
        }
    }
}

fn label(step: &Value, index: usize) -> String {
    let name = [text(&step["entity"], "name"), text(step, "description")].into_iter().find(|name| !name.is_empty());
    let name = name.map(|name| format!("`{name}`, ")).unwrap_or_default();
    format!("{name}step {} ({})", index + 1, text(step, "id"))
}

/// The variable that holds the result of a step, named after its integration. That of a plain delivery is `outbound`.
fn append_key(step: &Value) -> &str {
    let module = text(&step["integration"], "module_id");
    let package = module.split('.').next().unwrap_or_default();
    match package.strip_prefix("leadconduit-").unwrap_or(package) {
        "" | "default" | "custom" | "standard" => "outbound",
        integration => integration,
    }
}
