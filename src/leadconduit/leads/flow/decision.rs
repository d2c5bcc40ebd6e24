//! What decided about a lead, in words, and the report of a whole run.

use std::borrow::Cow;

use serde_json::Value;

use super::service_step::ServiceModule;
use super::target::SubmissionTarget;
use super::trace::StepResult;
use super::values::FlowResult;
use crate::contract::Violation;
use crate::leadconduit::delivery::RecipientModule;
use crate::leadconduit::flow_model::{Cap, CapHolder, StepKind};
use crate::leadconduit::lead_report::{Decision, DecisionKind, LeadReport};
use crate::leadconduit::state::events::{EventType, Outcome};
use crate::leadconduit::values;
use crate::support::document::text;
use crate::support::redaction::Redactor;

/// How many steps a report of a lead lists, and how many destinations.
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

/// Why a recipient with a URL is simulated whatever the settings.
fn simulation_note(kind: &StepKind) -> Option<String> {
    let StepKind::Recipient(recipient) = kind else { return None };
    let module = &recipient.module_id;
    let is_known = RecipientModule::find(module).is_some() || ServiceModule::of(module).is_some();
    let is_unknown = recipient.has_url && !is_known;
    is_unknown.then(|| format!(" (simulated: the mock does not know what {module} sends)"))
}

/// The report of a run, with what became of the destinations.
pub(super) fn report(
    target: &SubmissionTarget,
    (steps, destinations): (&[StepResult], &[String]),
    decision: &Decision,
    result: &FlowResult,
    (uncollected, secrets): (Vec<Violation>, Vec<String>),
) -> Box<LeadReport> {
    let steps = steps.iter().take(STEPS_MAX).map(|step| {
        let kind = if step.kind == EventType::Filter { "filter" } else { "recipient" };
        let retry = if step.kind == EventType::Retry { ", retried" } else { "" };
        let comma = if step.reason.is_empty() { "" } else { ", " };
        let part = &target.flow().steps[step.step_index];
        let refused = step.simulated.as_ref().map(|why| format!(" (simulated: {why})"));
        let note = if step.outcome == Outcome::Skip { None } else { refused.or_else(|| simulation_note(&part.kind)) };
        let note = note.unwrap_or_default();
        // Every lead has these texts, so that they are joined without the machinery of formats.
        [kind, " ", &part.label, retry, ": ", step.outcome.name(), comma, &step.reason, &note].concat()
    });
    Box::new(LeadReport {
        outcome: result.outcome.name(),
        reason: result.reason.clone(),
        decision: decision.clone(),
        steps: steps.chain(destinations.iter().take(STEPS_MAX).cloned()).collect(),
        uncollected,
        secrets,
    })
}

/// The values that the executed steps set under the names of secrets, and the secrets in other values: a token in a path.
pub(super) fn mapped_secrets(target: &SubmissionTarget, steps: &[StepResult], vars: &Value) -> Vec<String> {
    let executed = steps.iter().filter(|step| step.outcome != Outcome::Skip);
    let mut secrets = Vec::new();
    for mapping in executed.flat_map(|step| target.flow().steps[step.step_index].mappings()) {
        if !mapping.is_secret && !mapping.may_contain_secret {
            continue;
        }
        let Some(value) = mapping.value(vars) else { continue };
        if mapping.is_secret {
            secrets.extend(values::text(&value).map(Cow::into_owned));
        } else if let Value::String(text) = &value {
            let redactor = Redactor::default();
            // Only what it finds counts.
            let _ = redactor.sentence(text);
            secrets.extend(redactor.into_found_values());
        }
    }
    secrets
}
