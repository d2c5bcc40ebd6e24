//! The compact trace that a lead leaves behind. Its event documents are rendered from the trace on demand: rendering
//! them while the sandbox is locked would take most of the time of a submission.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::caps::CAP_ID_PROPERTY;
use super::call_document::SubmissionRecord;
use super::event_builder::{EventBuilder, package_version};
use super::target::SubmissionTarget;
use super::values::{FlowResult, Timing, random_number};
use crate::contract::standard::StandardDocuments;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::{AccountReference, Step, entity_ref};
use crate::leadconduit::live_flow::enabled_firehose;
use crate::leadconduit::state::events::{EventBatch, EventRenderer, EventSummary, EventType, Lead, Outcome};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{Document, number, object};
use crate::support::ids::ObjectId;

/// The variable that holds the results of list checks.
pub(super) const LIST_CHECKS_KEY: &str = "suppressionlist";

/// The client address of a submission without a forwarding header.
const DEFAULT_CLIENT_IP: &str = "127.0.0.1";

/// About how many variables a lead has, those of a delivery included.
const VARS: usize = 12;

/// The variable that holds the data of a certificate for criteria, caps and prices.
pub(super) const CERTIFICATE_KEY: &str = "trustedform_decisions";

/// The trace of a lead.
#[derive(Debug)]
pub(super) struct LeadTrace {
    pub(super) target: SubmissionTarget,
    pub(super) standard: Arc<StandardDocuments>,
    pub(super) now: Timestamp,
    pub(super) submitter: Submitter,
    pub(super) lead_id: ObjectId,
    /// The fields of the lead, as JSON.
    pub(super) lead: Bytes,
    /// What was looked up before the criteria, as JSON by variable.
    pub(super) lookups: Vec<(&'static str, Bytes)>,
    /// The purchase price, in dollars.
    pub(super) price: f64,
    pub(super) steps: Vec<StepResult>,
    /// How many steps there are up to the last whose recipient was called. Recipients have the ids of their events.
    pub(super) sent: usize,
    pub(super) completion: Completion,
}

/// Who submitted a lead, as its variables show it.
#[derive(Clone, Debug)]
pub(super) struct Submitter {
    /// The document of the account.
    pub(super) account: Option<Arc<Document>>,
    /// The address, if a header names it.
    pub(super) ip: Option<IpAddr>,
}

/// The variables before the flow, with these fields of the lead.
pub(super) fn initial_vars(
    target: &SubmissionTarget,
    submitter: &Submitter,
    now: Timestamp,
    lead_id: ObjectId,
    lead: Value,
) -> Value {
    let account = submitter.account.as_ref().map(|account| AccountReference::of(account).0.clone());
    let ip = submitter.ip.map_or_else(|| DEFAULT_CLIENT_IP.to_owned(), |address| address.to_string());
    // `json!` would serialise the references again, key by key.
    let mut vars = Map::with_capacity(VARS);
    for (name, value) in [
        ("lead", lead),
        ("account", account.unwrap_or_default()),
        ("flow", target.flow().reference.clone()),
        ("source", target.source().reference.clone()),
        ("submission", object([("timestamp", format_timestamp(now).into()), ("ip", ip.into())])),
        ("random", random_number(lead_id).into()),
    ] {
        vars.insert(name.to_owned(), value);
    }
    Value::Object(vars)
}

/// The result of a step.
#[derive(Debug)]
pub(super) struct StepResult {
    pub(super) event_id: ObjectId,
    /// The index of the step in the flow.
    pub(super) step_index: usize,
    pub(super) kind: EventType,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) timing: Timing,
    /// The value that the step appended to the variables, as JSON.
    pub(super) appended: Option<Bytes>,
    /// In dollars.
    pub(super) sale_price: f64,
    /// Why the recipient was simulated although deliveries are on.
    pub(super) simulated: Option<String>,
    /// The cap that skipped the step.
    pub(super) cap_id: Option<String>,
    /// The calls to the recipient, as JSON.
    pub(super) transactions: Option<Bytes>,
}

/// The end of the flow.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) event_id: ObjectId,
    pub(super) result: FlowResult,
    /// In dollars.
    pub(super) cost: f64,
    /// In dollars.
    pub(super) revenue: f64,
    pub(super) step_count: usize,
    pub(super) disabled_step_count: usize,
    pub(super) timing: Timing,
    /// The submission and the response to it.
    pub(super) submission: SubmissionRecord,
}

impl LeadTrace {
    /// The events of the lead, for the log of the account. `vars` are the variables at the end of the flow. The events
    /// are also written to the firehose, if there is one.
    pub(super) fn into_events(self, context: &mut WriteContext<'_>, vars: &Value) -> EventBatch {
        let (flow, source) = (self.target.flow().id.object_id, self.target.source().entity.object_id);
        let source_event = EventSummary {
            id: self.completion.event_id,
            kind: EventType::Source,
            outcome: self.completion.result.outcome,
            start_ms: self.now.as_millisecond(),
            ms: duration_ms(&self.completion.timing),
            lead: Some(self.lead_id),
            flow,
            source,
            recipient: None,
            cost: self.completion.cost,
            revenue: 0.0,
        };
        let mut summaries = Vec::with_capacity(self.steps.len() + 1);
        for result in &self.steps {
            let is_delivery = result.kind.is_delivery();
            summaries.push(EventSummary {
                id: result.event_id,
                kind: result.kind,
                outcome: result.outcome,
                ms: duration_ms(&result.timing),
                recipient: self.step(result).entity.object_id.filter(|_| is_delivery),
                cost: if is_delivery { self.price } else { 0.0 },
                revenue: result.sale_price,
                ..source_event
            });
        }
        let lead = Lead::submitted_at(source_event.start_ms, vars, &source_event);
        summaries.push(source_event);
        let trace = Arc::new(self);
        let firehose = enabled_firehose(trace.target.document.value());
        if let Some(firehose) = firehose.filter(|_| context.effects.has_firehose()) {
            (0..trace.len()).for_each(|index| context.effects.write_firehose(firehose, &trace.render(index)));
        }
        EventBatch { summaries, lead, sent: trace.sent, renderer: trace }
    }

    fn step(&self, result: &StepResult) -> &Step {
        &self.target.flow().steps[result.step_index]
    }

    /// The step in the document of the flow, for rendering.
    fn step_document(&self, result: &StepResult) -> &Value {
        self.target.step_document(result.step_index)
    }

    /// The variables before the event at an index.
    fn vars_before(&self, index: usize) -> Value {
        let lead = parse_json(&self.lead);
        let mut vars = initial_vars(&self.target, &self.submitter, self.now, self.lead_id, lead);
        for (key, appended) in self.appended_before(index) {
            append_to(&mut vars, key, parse_json(appended));
        }
        vars
    }

    /// What was appended before the event at an index, by key, for [`append_to`].
    fn appended_before(&self, index: usize) -> impl Iterator<Item = (&str, &Bytes)> {
        let lookups = self.lookups.iter().map(|(name, result)| (*name, result));
        let steps = self.steps.iter().take(index);
        lookups.chain(steps.filter_map(|result| Some((&*self.step(result).append_key, result.appended.as_ref()?))))
    }

    fn filter_event(&self, result: &StepResult, vars: Value) -> EventBuilder {
        let step = self.step_document(result);
        let mut event = EventBuilder::new(result.event_id, result.kind, result.outcome, &result.reason, vars);
        event.set("step_id", step["id"].clone());
        event.copy(step, &["description", "rule_set"]);
        event
    }

    fn delivery_event(&self, result: &StepResult, mut vars: Value) -> EventBuilder {
        let step = self.step_document(result);
        let append_key = &*self.step(result).append_key;
        let integration = &step["integration"];
        vars["recipient"] = entity_ref(&step["entity"]);
        vars["purchase_price"] = number(self.price);
        vars["event_id"] = result.event_id.into();
        vars["price"] = number(result.sale_price);
        let mut event = EventBuilder::new(result.event_id, result.kind, result.outcome, &result.reason, vars);
        event.set("step_id", step["id"].clone());
        event.set("key", append_key);
        event.set("module_id", integration["module_id"].clone());
        event.set("package_version", package_version(&self.standard, integration));
        event.set("caps_reached", result.cap_id.is_some());
        for (name, dollars) in [
            ("cost", self.price),
            ("purchase_price", self.price),
            ("sale_price", result.sale_price),
            ("revenue", result.sale_price - self.price),
        ] {
            event.set(name, number(dollars));
        }
        if let Some(cap_id) = &result.cap_id {
            event.set(CAP_ID_PROPERTY, cap_id.clone());
        }
        if result.kind == EventType::Retry {
            event.set("retry_status", "completed");
        }
        event.copy(step, &["description", "rule_set", "caps", "pricing"]);
        event.copy(integration, &["mappings"]);
        if let Some(transactions) = &result.transactions {
            event.set("transactions", parse_json(transactions));
        }
        if let Some(appended) = &result.appended {
            event.set(append_key, parse_json(appended));
        }
        event
    }

    fn source_event(&self, vars: Value) -> EventBuilder {
        let (completion, flow, source) =
            (&self.completion, self.target.document.value(), self.target.source_document());
        let integration = &source["integration"];
        let result = &completion.result;
        let mut event = EventBuilder::new(completion.event_id, EventType::Source, result.outcome, &result.reason, vars);
        event.set("module_id", integration["module_id"].clone());
        event.set("package_version", package_version(&self.standard, integration));
        event.set("step_count", completion.step_count);
        event.set("disabled_step_count", completion.disabled_step_count);
        // The same value under both names: what the source is paid.
        event.set("cost", number(completion.cost));
        event.set("purchase_price", number(completion.cost));
        event.set("recipient_revenue", number(completion.revenue));
        event.set("cap_reached", result.is_cap_reached);
        if result.is_cap_reached {
            // `null` when an e-mail domain forced the rejection.
            event.set(CAP_ID_PROPERTY, result.cap_id.clone());
        }
        event.copy(source, &["acceptance_criteria"]);
        if let Some(criteria) = flow.get("acceptance_criteria").filter(|criteria| criteria.is_object()) {
            event.set("flow_acceptance_criteria", criteria.clone());
        }
        event.set("request", completion.submission.request());
        event.set("response", completion.submission.response());
        let mut appended = Value::Object(Map::new());
        for (key, value) in self.appended_before(self.steps.len()) {
            append_to(&mut appended, key, parse_json(value));
        }
        for (key, value) in appended.as_object().into_iter().flatten() {
            event.set(key, value.clone());
        }
        event.set("appended", appended);
        event
    }
}

impl EventRenderer for LeadTrace {
    fn render(&self, index: usize) -> Value {
        let vars = self.vars_before(index);
        let (mut event, timing) = match self.steps.get(index) {
            Some(result) if result.kind == EventType::Filter => (self.filter_event(result, vars), &result.timing),
            Some(result) => (self.delivery_event(result, vars), &result.timing),
            None => (self.source_event(vars), &self.completion.timing),
        };
        if let Some(firehose) = enabled_firehose(self.target.document.value()) {
            event.set("firehose", firehose.clone());
        }
        event.set_common(timing, self.now);
        event.build()
    }

    fn renumber(&mut self, index: usize, id: ObjectId) {
        let Some(step) = self.steps.get_mut(index) else {
            self.completion.event_id = id;
            return;
        };
        let before = std::mem::replace(&mut step.event_id, id).to_string();
        // The id of a delivery is a variable, which a recipient that is simulated may have repeated.
        for step in &mut self.steps {
            if step.reason.contains(&before) {
                step.reason = step.reason.replace(&before, &id.to_string());
            }
            let texts = [&mut step.appended, &mut step.transactions];
            texts.into_iter().flatten().for_each(|text| replace_id(text, &before, id));
        }
    }

    fn len(&self) -> usize {
        self.steps.len() + 1
    }

    fn bytes(&self) -> usize {
        let optional = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let step = |result: &StepResult| {
            let simulated = result.simulated.as_ref().map_or(0, String::len);
            size_of::<StepResult>()
                + result.reason.len()
                + simulated
                + optional(&result.appended)
                + optional(&result.transactions)
        };
        let completion = size_of::<Self>() + self.completion.submission.bytes();
        let steps = self.steps.iter().map(step).sum::<usize>();
        let lookups = self.lookups.iter().map(|(_, result)| result.len()).sum::<usize>();
        completion + self.lead.len() + lookups + steps
    }
}

/// Appends the result of a step to the variables. A later result replaces an earlier one of its key; of `SuppressionList`,
/// whose modules append under names of their own, it replaces the properties that it has.
pub(super) fn append_to(vars: &mut Value, key: &str, appended: Value) {
    match (&mut vars[key], appended) {
        (Value::Object(earlier), Value::Object(later)) if key == LIST_CHECKS_KEY => earlier.extend(later),
        (earlier, later) => *earlier = later,
    }
}

/// Replaces an id in JSON.
fn replace_id(json: &mut Bytes, before: &str, id: ObjectId) {
    if let Some(text) = std::str::from_utf8(json).ok().filter(|text| text.contains(before)) {
        *json = text.replace(before, &id.to_string()).into();
    }
}

fn duration_ms(timing: &Timing) -> u32 {
    u32::try_from(timing.ms).unwrap_or(u32::MAX)
}

/// Parses JSON that this module serialised.
fn parse_json(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_delivery_is_replaced_wherever_a_recipient_repeats_it() {
        let [before, after] = [1, 2].map(|counter| ObjectId::new(1_777_000_000, [7; 5], counter));
        let mut json = Bytes::from(format!(r#"{{"url":"https://example.org/{before}?id={before}","lead":"x"}}"#));
        replace_id(&mut json, &before.to_string(), after);
        assert_eq!(json, format!(r#"{{"url":"https://example.org/{after}?id={after}","lead":"x"}}"#));
        replace_id(&mut json, &before.to_string(), before);
        assert_eq!(json, format!(r#"{{"url":"https://example.org/{after}?id={after}","lead":"x"}}"#));
    }
}
