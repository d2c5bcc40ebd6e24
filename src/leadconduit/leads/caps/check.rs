//! Whether a volume cap rejects a lead, for the lead handler.

use std::sync::Arc;

use serde_json::Value;

use super::counter::{CapCounter, CapHolder, DEFAULT_REASON, count_events, counters};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::rules::Condition;
use crate::support::document::{Document, is_same_id, text};

/// The caps of a flow that apply to the leads of one source, with their counts before a lead.
pub(crate) struct CapCheck(Vec<CountedCap>);

struct CountedCap {
    id: String,
    scope: CapScope,
    conditions: Vec<Condition>,
    is_reached: bool,
    reason: Option<String>,
}

/// The part of a flow whose caps are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CapScope {
    /// The flow, for all its sources.
    Flow,
    /// The source of the lead.
    Source,
    /// The step with this id.
    Step(String),
}

/// A cap that rejects a lead.
pub(crate) struct ReachedCap {
    /// Its id.
    pub(crate) id: String,
    /// The reason of the rejection: a template.
    pub(crate) reason: String,
}

impl CapCheck {
    /// Counts the caps of a flow that apply to the leads of a source, and stores the counts for the next lead.
    pub(crate) fn new(context: &mut WriteContext<'_>, owner: &str, flow: &Arc<Document>, source: &str) -> Self {
        let (caps, counts) = {
            let context = context.read_context();
            let Some(account) = context.world.account(owner) else { return Self(Vec::new()) };
            let mut counters = counters(&context, account, &[flow]);
            counters.retain(
                |counter| !matches!(counter.holder, CapHolder::Source { entity } if !is_same_id(entity, source)),
            );
            count_events(account, &mut counters);
            let counts: Vec<_> = counters
                .iter()
                .map(|counter| (text(counter.cap, "id").into(), counter.to_cap_count(account)))
                .collect();
            (counters.into_iter().map(CountedCap::from).collect(), counts)
        };
        context.world.store_cap_counts(owner, counts);
        Self(caps)
    }

    /// The first cap of a scope that rejects a lead with these variables.
    pub(crate) fn reached(&self, scope: &CapScope, vars: &Value) -> Option<ReachedCap> {
        let rejects = |cap: &&CountedCap| {
            cap.is_reached && cap.scope == *scope && cap.conditions.iter().all(|condition| condition.matches(vars))
        };
        let cap = self.0.iter().find(rejects)?;
        let reason = cap.reason.clone().unwrap_or_else(|| DEFAULT_REASON.to_owned());
        Some(ReachedCap { id: cap.id.clone(), reason })
    }
}

impl From<CapCounter<'_>> for CountedCap {
    fn from(counter: CapCounter<'_>) -> Self {
        let maximum = counter.cap.get("maximum").and_then(Value::as_f64).unwrap_or(f64::INFINITY);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let is_reached = counter.count as f64 >= maximum;
        Self {
            id: text(counter.cap, "id").to_owned(),
            scope: match counter.holder {
                CapHolder::Flow => CapScope::Flow,
                CapHolder::Source { .. } => CapScope::Source,
                CapHolder::Step { id, .. } => CapScope::Step(id.to_owned()),
            },
            conditions: counter.conditions,
            is_reached,
            reason: counter.cap.get("reason").and_then(Value::as_str).map(str::to_owned),
        }
    }
}
