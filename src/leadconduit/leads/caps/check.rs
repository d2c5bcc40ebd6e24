//! Whether a volume cap rejects a lead, for the lead handler.

use std::sync::Arc;

use serde_json::Value;

use super::counter::{CapCounter, count_events};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::{Cap, CapHolder, Flow};
use crate::support::document::{Document, is_same_id};

/// The caps of a flow that apply to the leads of one source, with their counts before a lead.
pub(crate) struct CapCheck<'f>(Vec<CountedCap<'f>>);

struct CountedCap<'f> {
    cap: &'f Cap,
    is_reached: bool,
}

/// The part of a flow whose caps are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CapScope<'s> {
    /// The flow, for all its sources.
    Flow,
    /// The source of the lead.
    Source,
    /// The step with this id.
    Step(&'s str),
}

impl<'f> CapCheck<'f> {
    /// Counts the caps of a flow that apply to the leads of a source, and stores the counts for the next lead.
    pub(crate) fn new(context: &mut WriteContext<'_>, owner: &str, flow: &'f Arc<Document>, source: &str) -> Self {
        if Flow::of(flow).caps.is_empty() {
            return Self(Vec::new());
        }
        let applies = |cap: &&Cap| match &cap.holder {
            CapHolder::Source { entity } => is_same_id(&entity.text, source),
            CapHolder::Flow | CapHolder::Step { .. } => true,
        };
        let (caps, counts) = {
            let context = context.read_context();
            let Some(account) = context.world.account(owner) else { return Self(Vec::new()) };
            let caps = Flow::of(flow).caps.iter().filter(applies);
            let mut counters: Vec<_> = caps.filter_map(|cap| CapCounter::new(&context, account, flow, cap)).collect();
            count_events(account, &mut counters);
            let counts: Vec<_> = counters
                .iter()
                .map(|counter| (Arc::clone(&counter.cap.limit.id), counter.to_cap_count(account)))
                .collect();
            (counters.iter().map(CountedCap::new).collect(), counts)
        };
        context.world.store_cap_counts(owner, counts);
        Self(caps)
    }

    /// The first cap of a scope that rejects a lead with these variables.
    pub(crate) fn reached(&self, scope: CapScope<'_>, vars: &Value) -> Option<&'f Cap> {
        let rejects = |counted: &&CountedCap<'_>| {
            let conditions = &counted.cap.conditions;
            counted.is_reached
                && scope.contains(&counted.cap.holder)
                && conditions.iter().all(|condition| condition.matches(vars))
        };
        self.0.iter().find(rejects).map(|counted| counted.cap)
    }
}

impl<'f> CountedCap<'f> {
    fn new(counter: &CapCounter<'f>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let is_reached = counter.count as f64 >= counter.cap.maximum.unwrap_or(f64::INFINITY);
        Self { cap: counter.cap, is_reached }
    }
}

impl CapScope<'_> {
    /// Whether the caps of a part of the flow are in this scope.
    fn contains(self, holder: &CapHolder) -> bool {
        match (self, holder) {
            (Self::Flow, CapHolder::Flow) | (Self::Source, CapHolder::Source { .. }) => true,
            (Self::Step(step), CapHolder::Step { id, .. }) => step == id,
            _ => false,
        }
    }
}
