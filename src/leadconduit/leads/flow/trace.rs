//! What a lead leaves behind: its way through the flow, in a few bytes. Its events follow from that whenever something
//! asks for them; writing all of them down while the sandbox is held would take most of a submission's time.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::caps::REACHED;
use super::event_builder::{EventBuilder, Timing, key, party, version};
use super::execution::Verdict;
use super::target::SubmissionTarget;
use crate::contract::standard::Standard;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::live_flow::firehose_of;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::state::events::{EventBatch, EventRenderer, Kind, Lead, Outcome, Summary};
use crate::support::clock::Timestamp;
use crate::support::document::number;
use crate::support::document::{items, text};

/// The key under which list checks are found.
pub(super) const LISTS: &str = "suppressionlist";

/// A lead's way through its flow.
#[derive(Debug)]
pub(super) struct LeadTrace {
    pub(super) door: SubmissionTarget,
    pub(super) standard: Arc<Standard>,
    pub(super) now: Timestamp,
    /// What was known of the lead at first, as JSON.
    pub(super) vars: Bytes,
    /// What list checks found, as JSON.
    pub(super) lists: Option<Bytes>,
    /// What was to be paid for it.
    pub(super) price: f64,
    pub(super) steps: Vec<StepResult>,
    pub(super) end: Completion,
}

/// A step that a lead has passed.
#[derive(Debug)]
pub(super) struct StepResult {
    /// The event's id.
    pub(super) id: String,
    /// The step's place in the flow.
    pub(super) at: usize,
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) took: Timing,
    /// What it added under its key, as JSON.
    pub(super) appended: Option<Bytes>,
    /// What the recipient pays.
    pub(super) sale: f64,
    /// The cap that kept the lead away.
    pub(super) cap: Option<String>,
    /// The calls to the recipient, as JSON.
    pub(super) transactions: Option<Bytes>,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Completion {
    /// The event's id.
    pub(super) id: String,
    pub(super) verdict: Verdict,
    pub(super) cost: f64,
    pub(super) revenue: f64,
    pub(super) step_count: usize,
    pub(super) disabled_step_count: usize,
    pub(super) took: Timing,
    /// What was sent and answered, as JSON.
    pub(super) request: Bytes,
    pub(super) response: Bytes,
}

impl LeadTrace {
    /// Writes the lead's events into the log of its account. `vars` is all that is known of the lead at its end.
    pub(super) fn keep(self, call: &mut WriteContext<'_>, vars: &Value) -> Result<(), ApiError> {
        let own = |id: &str| id.parse().map_err(|_| ApiError::internal("an event has no id"));
        let party = |name: &str| text(&vars[name], "id").parse().ok();
        let common = Summary {
            id: own(&self.end.id)?,
            kind: Kind::Source,
            outcome: self.end.verdict.outcome,
            start_ms: self.now.as_millisecond(),
            ms: ms(&self.end.took),
            lead: party("lead"),
            flow: party("flow"),
            source: party("source"),
            recipient: None,
            cost: self.end.cost,
            revenue: 0.0,
        };
        let mut summaries = Vec::with_capacity(self.steps.len() + 1);
        for passed in &self.steps {
            let delivery = passed.kind.is_delivery();
            summaries.push(Summary {
                id: own(&passed.id)?,
                kind: passed.kind,
                outcome: passed.outcome,
                ms: ms(&passed.took),
                recipient: text(&self.step(passed)["entity"], "id").parse().ok().filter(|_| delivery),
                cost: if delivery { self.price } else { 0.0 },
                revenue: passed.sale,
                ..common.clone()
            });
        }
        let lead = Lead::known(vars, &common);
        summaries.push(common);
        let trace = Arc::new(self);
        call.put_events(
            &trace.door.account,
            EventBatch { summaries, lead, trace: Arc::clone(&trace) as Arc<dyn EventRenderer> },
        )?;
        if let Some(firehose) = firehose_of(trace.door.flow.value()).filter(|_| call.outbox.takes_copies()) {
            (0..trace.len()).for_each(|at| call.outbox.copy(firehose, &trace.event(at)));
        }
        Ok(())
    }

    fn step(&self, passed: &StepResult) -> &Value {
        items(self.door.flow.value(), "steps").get(passed.at).unwrap_or(&Value::Null)
    }

    /// What was known before the step of a number.
    fn vars(&self, at: usize) -> Value {
        let mut vars = read(&self.vars);
        for (key, appended) in self.appended(at) {
            vars[key] = read(appended);
        }
        vars
    }

    /// What had been added before the step of a number, by key; what comes later takes the place of what was there.
    fn appended(&self, at: usize) -> impl Iterator<Item = (&str, &Bytes)> {
        let lists = self.lists.iter().map(|found| (LISTS, found));
        let steps = self.steps.iter().take(at);
        lists.chain(steps.filter_map(|passed| Some((key(self.step(passed)), passed.appended.as_ref()?))))
    }

    fn filter(&self, passed: &StepResult, vars: Value) -> EventBuilder {
        let step = self.step(passed);
        let mut record = EventBuilder::new(&passed.id, passed.kind, passed.outcome, &passed.reason, vars);
        record.set("step_id", step["id"].clone());
        record.copy(step, &["description", "rule_set"]);
        record
    }

    fn delivery(&self, passed: &StepResult, mut vars: Value) -> EventBuilder {
        let step = self.step(passed);
        let integration = &step["integration"];
        vars["recipient"] = party(&step["entity"]);
        vars["purchase_price"] = number(self.price);
        vars["event_id"] = passed.id.clone().into();
        vars["price"] = number(passed.sale);
        let mut record = EventBuilder::new(&passed.id, passed.kind, passed.outcome, &passed.reason, vars);
        record.set("step_id", step["id"].clone());
        record.set("key", key(step));
        record.set("module_id", integration["module_id"].clone());
        record.set("package_version", version(&self.standard, integration));
        record.set("caps_reached", passed.cap.is_some());
        for (name, dollars) in [
            ("cost", self.price),
            ("purchase_price", self.price),
            ("sale_price", passed.sale),
            ("revenue", passed.sale - self.price),
        ] {
            record.set(name, number(dollars));
        }
        if let Some(cap) = &passed.cap {
            record.set(REACHED, cap.clone());
        }
        if passed.kind == Kind::Retry {
            record.set("retry_status", "completed");
        }
        record.copy(step, &["description", "rule_set", "caps", "pricing"]);
        record.copy(integration, &["mappings"]);
        if let Some(transactions) = &passed.transactions {
            record.set("transactions", read(transactions));
        }
        if let Some(appended) = &passed.appended {
            record.set(key(step), read(appended));
        }
        record
    }

    fn source(&self, vars: Value) -> EventBuilder {
        let (end, flow, source) = (&self.end, self.door.flow.value(), self.door.source());
        let integration = &source["integration"];
        let verdict = &end.verdict;
        let mut record = EventBuilder::new(&end.id, Kind::Source, verdict.outcome, &verdict.reason, vars);
        record.set("module_id", integration["module_id"].clone());
        record.set("package_version", version(&self.standard, integration));
        record.set("step_count", end.step_count);
        record.set("disabled_step_count", end.disabled_step_count);
        record.set("cost", number(end.cost));
        record.set("recipient_revenue", number(end.revenue));
        record.set("cap_reached", verdict.is_cap);
        if verdict.is_cap {
            // An address may stand for a cap that there is not.
            record.set(REACHED, verdict.cap.clone());
        }
        record.copy(source, &["acceptance_criteria"]);
        if let Some(criteria) = flow.get("acceptance_criteria").filter(|criteria| criteria.is_object()) {
            record.set("flow_acceptance_criteria", criteria.clone());
        }
        record.set("request", read(&end.request));
        record.set("response", read(&end.response));
        let mut appended = Map::new();
        for (key, value) in self.appended(self.steps.len()) {
            let value = read(value);
            record.set(key, value.clone());
            appended.insert(key.to_owned(), value);
        }
        record.set("appended", appended);
        record
    }
}

impl EventRenderer for LeadTrace {
    fn event(&self, at: usize) -> Value {
        let vars = self.vars(at);
        let (mut record, took) = match self.steps.get(at) {
            Some(passed) if passed.kind == Kind::Filter => (self.filter(passed, vars), &passed.took),
            Some(passed) => (self.delivery(passed, vars), &passed.took),
            None => (self.source(vars), &self.end.took),
        };
        if let Some(firehose) = firehose_of(self.door.flow.value()) {
            record.set("firehose", firehose.clone());
        }
        record.stamp(took, self.now);
        record.into_event()
    }

    fn len(&self) -> usize {
        self.steps.len() + 1
    }

    fn bytes(&self) -> usize {
        let optional = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let passed = |passed: &StepResult| {
            size_of::<StepResult>() + passed.reason.len() + optional(&passed.appended) + optional(&passed.transactions)
        };
        let end = size_of::<Self>() + self.end.request.len() + self.end.response.len();
        end + self.vars.len() + optional(&self.lists) + self.steps.iter().map(passed).sum::<usize>()
    }
}

fn ms(took: &Timing) -> u32 {
    u32::try_from(took.ms).unwrap_or(u32::MAX)
}

/// JSON of our own making.
fn read(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}
