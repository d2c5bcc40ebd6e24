//! Generated events of leads that ran through the flows of an account before the scenario started.
//!
//! 100,000 event documents would take hundreds of megabytes, and seconds to generate. So only what is drawn for each lead
//! is kept. Summaries, for lists, counts and sums, are computed from it; documents are generated on demand from the plan and
//! the seed.

mod columns;
mod timeline;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::columns::FieldColumns;
use self::timeline::{Position, Timeline};
use crate::generate::{GeneratedLead, Models, ValueGenerator};
use crate::leadconduit::state::events::{
    EventSummary, EventType, EventTypes, GeneratedEvents, Lead, Outcome, VariableLookup,
};
use crate::leadconduit::state::retention::RETENTION_DAYS;
use crate::leadconduit::values::find;
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::number as price;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

/// The length of the history: a little less than the 90 days of event retention.
const SPAN_MS: i64 = (RETENTION_DAYS - 1) * 24 * 3600 * 1000;

/// The shortest duration of a step.
const STEP_MS_MIN: i64 = 40;

/// Event retention.
const RETENTION_MS: i64 = RETENTION_DAYS * 24 * 3600 * 1000;

/// The module of the sources, and that of the recipients.
const INBOUND: &str = "leadconduit-default.inbound";
const OUTBOUND: &str = "leadconduit-default.outbound";

/// The input of a generated history. The same plan always gives the same events.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HistoryPlan {
    /// The seed of the generated values.
    pub seed: u64,
    /// The number of the history among those with this seed.
    pub number: u32,
    /// The time at which it ends.
    #[cfg_attr(test, schemars(with = "String"))]
    pub until: Timestamp,
    /// The number of leads.
    pub leads: u32,
    /// The number of events of all leads.
    pub events: u32,
    /// The account of the leads.
    pub account: PlannedAccount,
    /// The flows of the leads, used in rotation.
    pub flows: Vec<PlannedFlow>,
}

/// The reference to the account that is embedded in events.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedAccount {
    /// Its id.
    pub id: String,
    /// Its id in the single sign-on service.
    pub sso_id: String,
    /// Its name.
    pub name: String,
}

/// A flow of a generated history.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedFlow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The entity that submits leads to it.
    pub source: PlannedEntity,
    /// The purchase price of a lead, in dollars.
    pub price: f64,
    /// Its steps: filters, which every lead passes, and recipients.
    pub steps: Vec<PlannedStep>,
}

/// The reference to an entity that is embedded in events.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedEntity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A step of a flow.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// Its short id.
    pub id: String,
    /// The entity that it delivers to; absent for a filter.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<PlannedEntity>,
}

/// The events of a plan.
#[derive(Debug)]
pub struct GeneratedHistory {
    plan: HistoryPlan,
    timeline: Timeline,
    leads: OnceLock<Vec<Lead>>,
    /// The last lead that was read. The events of a lead are usually read one after another.
    last_lead: Mutex<Option<(u32, Arc<GeneratedLead>)>>,
    columns: FieldColumns,
}

impl GeneratedHistory {
    /// Creates the history of a plan. Events of flows with malformed ids cannot be found by these ids.
    #[must_use]
    pub fn new(mut plan: HistoryPlan) -> Self {
        if plan.flows.is_empty() {
            plan.leads = 0;
        }
        plan.events = if plan.leads == 0 { 0 } else { plan.events.max(plan.leads) };
        let timeline = Timeline::new(&plan);
        Self { plan, timeline, leads: OnceLock::new(), last_lead: Mutex::default(), columns: FieldColumns::default() }
    }

    /// The event at an index: its position, its summary, and the flow of its lead.
    fn event(&self, index: usize) -> Option<(Position, EventSummary, &PlannedFlow)> {
        let position = self.timeline.locate(index)?;
        Some((position, self.timeline.summary(position)?, self.flow(position.lead)?))
    }

    fn flow(&self, lead: u32) -> Option<&PlannedFlow> {
        let flows = &self.plan.flows;
        flows.get(usize::try_from(lead).ok()? % flows.len().max(1))
    }

    /// The value of a field of a lead, or of a part of it such as `email.domain`, without the other fields.
    fn generate_field(&self, lead: u32, name: &str) -> Option<Value> {
        let (field, part) = name.split_once('.').map_or((name, None), |(field, part)| (field, Some(part)));
        let value = self.lead(lead).field(field)?;
        match part {
            Some(part) => find(&value, part).cloned(),
            None => Some(value),
        }
    }

    /// The index of a lead, and how many there are.
    fn of_leads(&self, lead: u32) -> (usize, usize) {
        let [lead, leads] = [lead, self.plan.leads].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        (lead, leads)
    }

    /// Generates a lead. Each has its own random stream, so that it can be generated without the others.
    fn lead(&self, lead: u32) -> Arc<GeneratedLead> {
        let last = self.last_lead.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, generated)) = last.filter(|(last, _)| *last == lead) {
            return generated;
        }
        let mut rng = lead_rng(&self.plan, lead);
        // The fields follow the outcome in the stream.
        draw_outcome(&mut rng);
        let mut ids = IdGenerator::new(0);
        let none = Map::new();
        let generated = Arc::new(ValueGenerator::new(rng, &mut ids, self.plan.until, Models::new(&none)).lead());
        // A thread that reads another lead meanwhile only makes this one be generated again.
        *self.last_lead.lock().unwrap_or_else(PoisonError::into_inner) = Some((lead, Arc::clone(&generated)));
        generated
    }
}

impl GeneratedEvents for GeneratedHistory {
    fn count(&self) -> usize {
        self.timeline.len()
    }

    fn summary(&self, index: usize) -> Option<EventSummary> {
        self.timeline.summary(self.timeline.locate(index)?)
    }

    fn visit(&self, range: Range<usize>, types: EventTypes, visit: &mut dyn FnMut(usize, &EventSummary) -> bool) {
        self.timeline.visit(range, types, visit);
    }

    fn value(&self, index: usize) -> Value {
        let Some((Position { lead, step }, summary, flow)) = self.event(index) else { return Value::Null };
        let first_ms = self.timeline.start_of_lead(lead);
        let mut fields = self.lead(lead).fields();
        fields["id"] = summary.lead.map(|id| id.to_string()).into();
        let submitted = timestamp(first_ms);
        let mut vars = json!({
            "lead": fields,
            "account": self.plan.account,
            "flow": {"id": flow.id, "name": flow.name},
            "source": flow.source,
            "submission": {"timestamp": format_timestamp(submitted), "ip": format!("198.51.100.{}", lead % 254 + 1)},
        });
        let total = summary.start_ms + i64::from(summary.ms) - first_ms;
        let mut event = json!({
            "id": summary.id.to_string(),
            "type": summary.kind.name(),
            "outcome": summary.outcome.name(),
            "reason": reason(&summary),
            "host": "app.leadconduit.com",
            "start_timestamp": summary.start_ms,
            "end_timestamp": summary.start_ms + i64::from(summary.ms),
            "ms": summary.ms,
            "wait_ms": summary.ms / 2,
            "overhead_ms": summary.ms - summary.ms / 2,
            "lag_ms": 0,
            "total_ms": total,
            "handler_version": "2.23.1",
            "version": "2.0.0",
            "expires_at": format_timestamp(timestamp(summary.start_ms + RETENTION_MS)),
        });
        match summary.kind {
            EventType::Source => {
                event["module_id"] = INBOUND.into();
                event["package_version"] = "2.5.2".into();
                event["step_count"] = flow.steps.len().into();
                event["cap_reached"] = false.into();
                event["ping_limit_reached"] = false.into();
                event["cost"] = price(summary.cost);
                event["purchase_price"] = price(summary.cost);
                event["revenue"] = price(summary.revenue);
                event["appended"] = json!({});
            }
            EventType::Recipient => {
                let step = step_of(flow, step);
                vars["recipient"] = json!(step.and_then(|step| step.recipient.as_ref()));
                vars["price"] = price(summary.revenue);
                vars["purchase_price"] = price(flow.price);
                vars["event_id"] = summary.id.to_string().into();
                event["module_id"] = OUTBOUND.into();
                event["package_version"] = "2.5.2".into();
                event["step_id"] = json!(step.map(|step| &step.id));
                event["caps_reached"] = false.into();
                event["sale_price"] = price(summary.revenue);
                event["revenue"] = price(summary.revenue);
                if summary.outcome == Outcome::Error {
                    event["transactions"] = json!([timed_out_transaction(&summary)]);
                }
            }
            EventType::Filter | EventType::FeedbackReceived | EventType::FeedbackSent | EventType::Retry => {}
        }
        event["vars"] = vars;
        event
    }

    fn variable(&self, index: usize, summary: &EventSummary, name: &str) -> VariableLookup<'_> {
        let known = |value: Value| VariableLookup::Known(Some(Cow::Owned(value)));
        let optional = |value: Option<Value>| VariableLookup::Known(value.map(Cow::Owned));
        match name {
            "ms" => return known(summary.ms.into()),
            "reason" => return known(reason(summary).into()),
            "cap_reached" if summary.kind == EventType::Source => return known(false.into()),
            "caps_reached" if summary.kind == EventType::Recipient => return known(false.into()),
            "module_id" => {
                let module = match summary.kind {
                    EventType::Source => Some(INBOUND),
                    EventType::Recipient => Some(OUTBOUND),
                    _ => None,
                };
                return optional(module.map(Value::from));
            }
            "cap_reached" | "caps_reached" | "cap_id" => return VariableLookup::Known(None),
            _ => {}
        }
        let Some(Position { lead, step }) = self.timeline.locate(index) else { return VariableLookup::NeedsDocument };
        let Some(flow) = self.flow(lead) else { return VariableLookup::NeedsDocument };
        if name == "step_id" {
            let step = step_of(flow, step).filter(|_| summary.kind == EventType::Recipient);
            return optional(step.map(|step| step.id.as_str().into()));
        }
        match name.strip_prefix("vars.").unwrap_or(name) {
            "flow.name" => known(flow.name.as_str().into()),
            "source.name" => known(flow.source.name.as_str().into()),
            part @ ("recipient.name" | "recipient.id") => {
                let step = step_of(flow, step).filter(|_| summary.kind == EventType::Recipient);
                let recipient = step.and_then(|step| step.recipient.as_ref());
                let text = |recipient: &PlannedEntity| {
                    if part == "recipient.id" { recipient.id.clone() } else { recipient.name.clone() }
                };
                optional(recipient.map(|recipient| text(recipient).into()))
            }
            name => match name.strip_prefix("lead.").filter(|field| *field != "id") {
                Some(field) => {
                    let generate = || self.generate_field(lead, field);
                    VariableLookup::Known(self.columns.value(field, self.of_leads(lead), generate))
                }
                None => VariableLookup::NeedsDocument,
            },
        }
    }

    fn variable_number(&self, index: usize, summary: &EventSummary, name: &str) -> Option<u64> {
        match name {
            "ms" => return Some(summary.ms.into()),
            "module_id" => return Some(summary.kind as u64),
            "reason" => return Some((summary.kind as u64) << 8 | summary.outcome as u64),
            _ => {}
        }
        let Position { lead, step } = self.timeline.locate(index)?;
        let flow = u64::from(lead) % u64::try_from(self.plan.flows.len()).ok()?.max(1);
        // The last event of a lead is about the whole flow. Other leads can have a step with its index.
        let is_whole = step == self.timeline.last_step(lead);
        let of_step = flow << 32 | u64::from(if is_whole { u32::MAX } else { step });
        if name == "step_id" {
            return Some(of_step);
        }
        match name.strip_prefix("vars.").unwrap_or(name) {
            "flow.name" | "source.name" => Some(flow),
            "recipient.name" | "recipient.id" => Some(of_step),
            name => {
                let field = name.strip_prefix("lead.").filter(|field| *field != "id")?;
                let generate = || self.generate_field(lead, field);
                self.columns.number(field, self.of_leads(lead), generate).map(u64::from)
            }
        }
    }

    fn leads(&self) -> &[Lead] {
        self.leads.get_or_init(|| {
            let mut leads = Vec::with_capacity(usize::try_from(self.plan.leads).unwrap_or(0));
            for lead in 0..self.plan.leads {
                let Some(summary) = self.summary(self.timeline.last_index(lead)) else { break };
                let fields = self.lead(lead).fields();
                let fields = fields.as_object().into_iter().flatten();
                let fields =
                    fields.filter_map(|(name, value)| Some((name, value.as_str().or_else(|| value["raw"].as_str())?)));
                let Some(id) = summary.lead else { continue };
                let submitted_ms = self.timeline.start_of_lead(lead);
                leads.push(Lead { id, latest: summary.id, submitted_ms, fields: fields.collect() });
            }
            leads
        })
    }

    fn plan(&self) -> Value {
        json!(self.plan)
    }
}

/// The random values of a lead.
struct LeadOutcome {
    outcome: Outcome,
    /// Milliseconds by which a step takes longer than [`STEP_MS_MIN`].
    extra_step_ms: u8,
    /// Milliseconds between the even spacing of leads and its submission.
    delay_ms: i64,
    /// The index of the step that is skipped.
    skipped_step: Option<u8>,
}

/// The random stream of one lead.
fn lead_rng(plan: &HistoryPlan, lead: u32) -> SeededRng {
    SeededRng::nth(plan.seed, Purpose::History, u64::from(plan.number) << 32 | u64::from(lead))
}

/// Takes the first value of a lead's stream.
fn draw_outcome(rng: &mut SeededRng) -> LeadOutcome {
    let draw: u64 = rng.rng().random();
    let [outcome, extra, delay, skip, ..] = draw.to_le_bytes();
    LeadOutcome {
        outcome: match outcome {
            0..=199 => Outcome::Success,
            200..=245 => Outcome::Failure,
            _ => Outcome::Error,
        },
        extra_step_ms: extra / 2,
        delay_ms: i64::from(delay) * 7,
        skipped_step: (skip < 64).then_some(skip % 8),
    }
}

/// The call to a recipient that did not respond in time: a response without status and body.
fn timed_out_transaction(summary: &EventSummary) -> Value {
    json!({
        "request": {
            "method": "POST",
            "uri": "https://recipient.example.com/leads",
            "version": "1.1",
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            "body": "",
            "timestamp": summary.start_ms,
        },
        "response": {
            "version": "1.1",
            "headers": {},
            "body": "",
            "timestamp": summary.start_ms + i64::from(summary.ms),
        },
        "ms": summary.ms,
    })
}

fn step_of(flow: &PlannedFlow, step: u32) -> Option<&PlannedStep> {
    flow.steps.get(usize::try_from(step).ok()?)
}

fn reason(summary: &EventSummary) -> &'static str {
    match (summary.kind, summary.outcome) {
        (_, Outcome::Failure) => "Duplicate lead",
        (_, Outcome::Error) => "Recipient did not answer in time",
        (EventType::Recipient, Outcome::Skip) => "Rules not met",
        _ => "",
    }
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
