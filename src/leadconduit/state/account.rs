//! An account: its own document, its collections, the events of its leads.

use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use super::cap_count::CapCount;
use super::collection::{Collection, Documents};
use super::events::EventLog;
use crate::support::document::{Document, canonical_id};

/// One account: its own document and what it owns.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) document: Arc<Document>,
    pub(super) collections: [Documents; Collection::ALL.len()],
    pub(super) events: EventLog,
    pub(super) cap_counts: OrdMap<Arc<str>, CapCount>,
}

impl Account {
    pub(super) fn new(document: Arc<Document>) -> Self {
        Self {
            document,
            collections: std::array::from_fn(|_| Documents::new()),
            events: EventLog::default(),
            cap_counts: OrdMap::new(),
        }
    }

    /// A copy without what leads add: events and counts of pings.
    pub(super) fn without_leads(&self) -> Self {
        let mut copy = Self { events: EventLog::default(), ..self.clone() };
        copy.collections[Collection::PingTotals as usize] = Documents::new();
        copy
    }

    /// The account's own document, without the properties that are computed from others.
    #[must_use]
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Whether the account has no paid plan. Inferred from `features.lead_transactions`, the feature of the account
    /// document that best fits what a free account lacks.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.feature("lead_transactions") == Some(&Value::Bool(false))
    }

    /// A feature of the account document.
    pub(crate) fn feature(&self, name: &str) -> Option<&Value> {
        self.document.value().get("features")?.get(name)
    }

    /// Whether the partner plan, which comes free with an accepted invitation, is the only plan of the account.
    #[must_use]
    pub fn has_only_partner_plan(&self) -> bool {
        let plans = self.document.value().get("subscriptions").and_then(Value::as_object);
        plans.is_some_and(|plans| {
            plans.contains_key("partner") && !plans.contains_key("base") && !plans.contains_key("pro")
        })
    }

    /// The documents of one collection.
    #[must_use]
    pub fn all(&self, collection: Collection) -> &Documents {
        &self.collections[collection as usize]
    }

    /// One document. Object ids match in either case.
    #[must_use]
    pub fn get(&self, collection: Collection, id: &str) -> Option<&Arc<Document>> {
        self.all(collection).get(&*canonical_id(id))
    }

    /// The events of the account's leads.
    #[must_use]
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// The stored count of a cap.
    #[must_use]
    pub fn cap_count(&self, cap_id: &str) -> Option<&CapCount> {
        self.cap_counts.get(cap_id)
    }
}
