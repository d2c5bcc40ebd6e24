//! What decided about a lead, in words, and the report of a whole run.

use super::target::SubmissionTarget;
use super::trace::StepResult;
use super::values::FlowResult;
use crate::contract::Violation;
use crate::leadconduit::flow_model::{Cap, CapHolder};
use crate::leadconduit::lead_report::{Decision, DecisionKind, LeadReport};
use crate::leadconduit::state::events::EventType;
use crate::support::document::text;

/// How many steps a report of a lead lists.
const STEPS_MAX: usize = 50;

/// The decision of acceptance criteria that are not met.
pub(super) fn of_criteria(target: &SubmissionTarget, kind: DecisionKind, why: &str) -> Decision {
    let (part, reference) = match kind {
        DecisionKind::SourceCriteria => ("source", &target.source().reference),
        _ => ("flow", &target.flow().reference),
    };
    let name = text(reference, "name");
    let description = format!("the acceptance criteria of the {part} `{name}` are not met: {why}");
    Decision::new(kind, description).with_id(text(reference, "id"))
}

/// The decision of the filter at the index of a step.
pub(super) fn of_filter(target: &SubmissionTarget, index: usize, why: &str) -> Decision {
    let description = format!("the filter {} ended the flow: {why}", target.flow().steps[index].label);
    Decision::new(DecisionKind::Filter, description).with_id(text(target.step_document(index), "id"))
}

/// The decision of a cap that is reached.
pub(super) fn of_cap(cap: &Cap) -> Decision {
    let part = match &cap.holder {
        CapHolder::Flow => "flow",
        CapHolder::Source { .. } => "source",
        CapHolder::Step { .. } => "step",
    };
    let maximum = cap.maximum.map_or_else(String::new, |maximum| format!(" of {maximum} leads"));
    let description = format!("the volume cap {}{maximum} of the {part} is reached", cap.limit.id);
    Decision::new(DecisionKind::Cap, description).with_id(&cap.limit.id)
}

/// The report of a run.
pub(super) fn report(
    target: &SubmissionTarget,
    steps: &[StepResult],
    decision: &Decision,
    result: &FlowResult,
    uncollected: Vec<Violation>,
) -> Box<LeadReport> {
    let steps = steps.iter().take(STEPS_MAX).map(|step| {
        let kind = if step.kind == EventType::Filter { "filter" } else { "recipient" };
        let retry = if step.kind == EventType::Retry { ", retried" } else { "" };
        let reason = if step.reason.is_empty() { String::new() } else { format!(", {}", step.reason) };
        format!("{kind} {}{retry}: {}{reason}", target.flow().steps[step.step_index].label, step.outcome.name())
    });
    Box::new(LeadReport {
        outcome: result.outcome.name(),
        reason: result.reason.clone(),
        decision: decision.clone(),
        steps: steps.collect(),
        uncollected,
    })
}
