//! Flows and routers as types: their documents, parsed and compiled once.
//!
//! The document stays the source: its bytes are what the API returns, so that properties that nothing here reads survive.
//! A typed flow is built from it when the flow is saved, or when a flow of a scenario gets its first lead, and is kept with
//! the document ([`Document::typed`]). Copies of a world share their documents, and so the typed flows. A further lead
//! parses no rule, no template and no pattern of its flow.
//!
//! Only scenarios can contain rules and templates that cannot be parsed. Such a rule set matches nothing; such a template
//! is the text itself.
//!
//! | module | holds |
//! |---|---|
//! | `step` | steps: filters and recipients |
//! | `recipient_outcome` | configured outcomes of simulated recipients |
//! | `destination` | destinations, which are notified after the steps |
//! | `limit` | volume caps and ping limits |
//! | `hours` | hours of operation |
//! | `list_check` | list checks |
//! | `criteria` | acceptance criteria |
//! | `router` | routers |
//! | `feedback` | feedback of recipients and to sources |
//! | `pricing` | prices |
//! | `mapping` | mappings of sources and recipients |
//! | `rule_set`, `template` | rule sets and templates |
//! | `reference` | ids, and the references that events embed |
//!
//! Each module uses only modules below it in this table.

mod criteria;
mod destination;
mod feedback;
mod hours;
mod limit;
mod list_check;
mod mapping;
mod pricing;
mod recipient_outcome;
mod reference;
mod router;
mod rule_set;
mod step;
mod template;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use serde_json::Value;

pub(crate) use criteria::AcceptanceCriteria;
pub(crate) use destination::DestinationAction;
pub(crate) use feedback::Feedback;
pub(crate) use hours::HoursOfOperation;
pub(crate) use limit::{Cap, CapHolder, Limit, PingLimit};
pub(crate) use list_check::ListCheck;
use mapping::Mapping;
pub(crate) use pricing::{Pricing, PurchasePricing};
pub(crate) use recipient_outcome::{ConfiguredOutcome, ConfiguredResponse};
pub(crate) use reference::{AccountReference, DocumentId, entity_ref};
pub(crate) use router::{Route, Router};
pub(crate) use step::{Filter, Recipient, Step, StepKind};

use crate::support::clock::Timestamp;
use crate::support::document::{Document, TypedDocument, items, text};
use crate::support::redaction::is_secret_name;

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) id: DocumentId,
    /// The reference to it that events embed.
    pub(crate) reference: Value,
    pub(crate) is_enabled: bool,
    pub(crate) accepts_pings: bool,
    /// The fields that it collects.
    pub(crate) fields: Vec<CollectedField>,
    pub(crate) criteria: Option<AcceptanceCriteria>,
    /// When it accepts leads; `None` for any time.
    pub(crate) hours: Option<HoursOfOperation>,
    pub(crate) pricing: PurchasePricing,
    pub(crate) list_checks: Vec<ListCheck>,
    /// The caps of the flow, of its sources and of its steps. A cap comes before the caps inside it.
    pub(crate) caps: Vec<Cap>,
    /// The ping limits of the flow itself.
    pub(crate) ping_limits: Vec<PingLimit>,
    pub(crate) sources: Vec<Source>,
    pub(crate) steps: Vec<Step>,
    /// What is notified of a lead that completed the steps.
    pub(crate) destinations: Vec<DestinationAction>,
}

/// A field that a flow collects.
#[derive(Debug)]
pub(crate) struct CollectedField {
    pub(crate) id: String,
    /// The type of the standard field with this id, which never changes; looked up for the first lead.
    standard_type: OnceLock<String>,
    /// Whether its id is the name of a secret; found out for the first lead that has it.
    has_secret_name: OnceLock<bool>,
}

impl CollectedField {
    fn new(id: &str) -> Self {
        Self { id: id.to_owned(), standard_type: OnceLock::new(), has_secret_name: OnceLock::new() }
    }

    /// The type of the standard field with this id. `look_up` is called once.
    pub(crate) fn standard_type(&self, look_up: impl FnOnce(&str) -> String) -> &str {
        self.standard_type.get_or_init(|| look_up(&self.id))
    }

    /// Whether its id is the name of a secret.
    pub(crate) fn has_secret_name(&self) -> bool {
        *self.has_secret_name.get_or_init(|| is_secret_name(&self.id))
    }
}

impl Flow {
    /// The typed flow of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        document.typed()
    }

    /// The recipients, each with the index of its step.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = (usize, &Step, &Recipient)> {
        self.steps.iter().enumerate().filter_map(|(index, step)| match &step.kind {
            StepKind::Recipient(recipient) => Some((index, step, recipient)),
            StepKind::Filter(_) => None,
        })
    }

    /// Finds a source by its entity's id, which posting URLs contain, or by its own short id. Returns its index.
    pub(crate) fn find_source(&self, id: &str) -> Option<usize> {
        let by_entity = self.sources.iter().position(|source| source.entity.is(id));
        by_entity.or_else(|| self.sources.iter().position(|source| source.id == id))
    }
}

impl TypedDocument for Flow {
    fn from_value(flow: &Value) -> Self {
        #[cfg(test)]
        crate::leadconduit::values::parse_count::add_flow();
        let flow_created_at = limit::created_at(flow);
        let sources = items(flow, "sources").iter().enumerate();
        Self {
            id: DocumentId::of(flow),
            reference: entity_ref(flow),
            is_enabled: flow.get("enabled") == Some(&Value::Bool(true)),
            accepts_pings: flow.get("ping_enabled") == Some(&Value::Bool(true)),
            fields: items(flow, "fields").iter().filter_map(Value::as_str).map(CollectedField::new).collect(),
            criteria: AcceptanceCriteria::of(flow),
            hours: HoursOfOperation::of(flow),
            pricing: PurchasePricing::of(flow),
            list_checks: ListCheck::all(flow),
            caps: Cap::all(flow, flow_created_at),
            ping_limits: PingLimit::all(flow, "", flow_created_at),
            sources: sources.map(|(index, source)| Source::new(source, index, flow_created_at)).collect(),
            steps: items(flow, "steps").iter().enumerate().map(|(index, step)| Step::new(step, index)).collect(),
            destinations: DestinationAction::all(flow),
        }
    }
}

/// A source of a flow.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its own short id.
    pub(crate) id: String,
    /// The id of its entity.
    pub(crate) entity: DocumentId,
    /// The reference to its entity that events embed.
    pub(crate) reference: Value,
    pub(crate) is_enabled: bool,
    pub(crate) requires_key: bool,
    pub(crate) criteria: Option<AcceptanceCriteria>,
    pub(crate) pricing: PurchasePricing,
    pub(crate) mappings: Vec<Mapping>,
    /// The feedback that is sent to it; `None` when none is sent.
    pub(crate) feedback: Option<Feedback>,
    pub(crate) ping_limits: Vec<PingLimit>,
}

impl Source {
    fn new(source: &Value, index: usize, flow_created_at: Option<Timestamp>) -> Self {
        let entity = &source["entity"];
        Self {
            id: text(source, "id").to_owned(),
            entity: DocumentId::of(entity),
            reference: entity_ref(entity),
            is_enabled: source.get("enabled") != Some(&Value::Bool(false)),
            requires_key: source.get("authentication_required") == Some(&Value::Bool(true)),
            criteria: AcceptanceCriteria::of(source),
            pricing: PurchasePricing::of(source),
            mappings: Mapping::all(&source["integration"]),
            feedback: Feedback::of(source),
            ping_limits: PingLimit::all(source, &format!("/sources/{index}"), flow_created_at),
        }
    }
}
