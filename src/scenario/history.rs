//! Generated events of leads that ran through the flows of an account before the scenario started.
//!
//! 100,000 event documents would take hundreds of megabytes, and seconds to generate. So only an [`EventSummary`] of
//! each event is kept, for lists, counts and sums; the document is generated on demand from the plan and the seed.

mod columns;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::columns::FieldColumns;
use crate::generate::{Models, ValueGenerator};
use crate::leadconduit::state::events::{EventSummary, EventType, GeneratedEvents, Lead, Outcome, VariableLookup};
use crate::leadconduit::state::retention::RETENTION_DAYS;
use crate::leadconduit::values::find;
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::number as price;
use crate::support::ids::{IdGenerator, ObjectId};
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
    summaries: Vec<EventSummary>,
    leads: OnceLock<Vec<Lead>>,
    /// The fields of the last lead that was read. The events of a lead are usually read one after another.
    last_fields: Mutex<Option<(u32, Arc<Value>)>>,
    columns: FieldColumns,
}

/// The ids of a flow and its entities, parsed once.
struct FlowIds {
    flow: Option<ObjectId>,
    source: Option<ObjectId>,
    recipients: Vec<Option<ObjectId>>,
}

impl GeneratedHistory {
    /// Creates the history of a plan. Events of flows with malformed ids cannot be found by these ids.
    #[must_use]
    pub fn new(mut plan: HistoryPlan) -> Self {
        if plan.flows.is_empty() {
            plan.leads = 0;
        }
        plan.events = if plan.leads == 0 { 0 } else { plan.events.max(plan.leads) };
        let summaries = summarize(&plan);
        Self {
            plan,
            summaries,
            leads: OnceLock::new(),
            last_fields: Mutex::default(),
            columns: FieldColumns::default(),
        }
    }

    /// The lead of an event, and the index of the event among those of the lead.
    fn locate(&self, index: usize) -> (u32, usize) {
        let (each, more) = (self.plan.events / self.plan.leads.max(1), self.plan.events % self.plan.leads.max(1));
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        // The first `more` leads have one event more than the others.
        let longer = more * (each + 1);
        let (lead, step) = if index < longer {
            (index / (each + 1), index % (each + 1))
        } else {
            (more + (index - longer) / each, (index - longer) % each)
        };
        (lead, usize::try_from(step).unwrap_or(0))
    }

    fn flow(&self, lead: u32) -> Option<&PlannedFlow> {
        let flows = &self.plan.flows;
        flows.get(usize::try_from(lead).ok()? % flows.len().max(1))
    }

    /// The fields of a lead. Each lead has its own random stream, so that it can be generated without the others.
    fn fields(&self, lead: u32) -> Arc<Value> {
        let last = self.last_fields.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, fields)) = last.filter(|(last_lead, _)| *last_lead == lead) {
            return fields;
        }
        let mut rng = lead_rng(&self.plan, lead);
        // The fields follow the outcome in the stream.
        draw_outcome(&mut rng);
        let mut ids = IdGenerator::new(0);
        let none = Map::new();
        let mut generator = ValueGenerator::new(rng, &mut ids, self.plan.until, Models::new(&none));
        let person = generator.person();
        let fields = Arc::new(generator.typed_lead(&person));
        // A thread that reads another lead meanwhile only makes this one be generated again.
        *self.last_fields.lock().unwrap_or_else(PoisonError::into_inner) = Some((lead, Arc::clone(&fields)));
        fields
    }
}

impl GeneratedEvents for GeneratedHistory {
    fn summaries(&self) -> &[EventSummary] {
        &self.summaries
    }

    fn value(&self, index: usize) -> Value {
        let Some(summary) = self.summaries.get(index) else { return Value::Null };
        let (lead, step) = self.locate(index);
        let Some(flow) = self.flow(lead) else { return Value::Null };
        let first = &self.summaries[index - step];
        let mut fields = Value::clone(&self.fields(lead));
        fields["id"] = summary.lead.map(|id| id.to_string()).into();
        let submitted = timestamp(first.start_ms);
        let mut vars = json!({
            "lead": fields,
            "account": self.plan.account,
            "flow": {"id": flow.id, "name": flow.name},
            "source": flow.source,
            "submission": {"timestamp": format_timestamp(submitted), "ip": format!("198.51.100.{}", lead % 254 + 1)},
        });
        let total = summary.start_ms + i64::from(summary.ms) - first.start_ms;
        let mut event = json!({
            "id": summary.id.to_string(),
            "type": summary.kind.name(),
            "outcome": summary.outcome.name(),
            "reason": reason(summary),
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
                let step = flow.steps.get(step);
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
                    event["transactions"] = json!([timed_out_transaction(summary)]);
                }
            }
            EventType::Filter | EventType::FeedbackReceived | EventType::FeedbackSent | EventType::Retry => {}
        }
        event["vars"] = vars;
        event
    }

    fn variable(&self, index: usize, name: &str) -> VariableLookup<'_> {
        let Some(summary) = self.summaries.get(index) else { return VariableLookup::NeedsDocument };
        let (lead, step) = self.locate(index);
        let Some(flow) = self.flow(lead) else { return VariableLookup::NeedsDocument };
        let known = |value: Value| VariableLookup::Known(Some(Cow::Owned(value)));
        let optional = |value: Option<Value>| VariableLookup::Known(value.map(Cow::Owned));
        match name {
            "ms" => return known(summary.ms.into()),
            "reason" => return known(reason(summary).into()),
            "step_id" => {
                let step = flow.steps.get(step).filter(|_| summary.kind == EventType::Recipient);
                return optional(step.map(|step| step.id.as_str().into()));
            }
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
        match name.strip_prefix("vars.").unwrap_or(name) {
            "flow.name" => known(flow.name.as_str().into()),
            "source.name" => known(flow.source.name.as_str().into()),
            part @ ("recipient.name" | "recipient.id") => {
                let step = flow.steps.get(step).filter(|_| summary.kind == EventType::Recipient);
                let recipient = step.and_then(|step| step.recipient.as_ref());
                let text = |recipient: &PlannedEntity| {
                    if part == "recipient.id" { recipient.id.clone() } else { recipient.name.clone() }
                };
                optional(recipient.map(|recipient| text(recipient).into()))
            }
            name => match name.strip_prefix("lead.").filter(|field| *field != "id") {
                Some(field) => {
                    let [lead_index, leads] =
                        [lead, self.plan.leads].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
                    let generate = || find(&self.fields(lead), field).cloned();
                    VariableLookup::Known(self.columns.value(field, (lead_index, leads), generate))
                }
                None => VariableLookup::NeedsDocument,
            },
        }
    }

    fn leads(&self) -> &[Lead] {
        self.leads.get_or_init(|| {
            let mut leads = Vec::with_capacity(usize::try_from(self.plan.leads).unwrap_or(0));
            for index in 0..self.summaries.len() {
                let (lead, step) = self.locate(index);
                let summary = &self.summaries[index];
                if summary.kind != EventType::Source {
                    continue;
                }
                let fields = self.fields(lead);
                let fields = fields.as_object().into_iter().flatten();
                let text = |value: &Value| value.as_str().or_else(|| value["raw"].as_str()).map(Into::into);
                let fields = fields.filter_map(|(name, value)| Some((name.as_str().into(), text(value)?)));
                let Some(id) = summary.lead else { continue };
                let submitted_ms = self.summaries[index - step].start_ms;
                leads.push(Lead { id, latest: summary.id, submitted_ms, fields: fields.collect() });
            }
            leads
        })
    }

    fn plan(&self) -> Value {
        json!(self.plan)
    }
}

/// The summaries of the events of a plan, in the order of their ids.
fn summarize(plan: &HistoryPlan) -> Vec<EventSummary> {
    let ids: Vec<FlowIds> = plan.flows.iter().map(FlowIds::parse).collect();
    let mut rng = SeededRng::nth(plan.seed, Purpose::History, u64::from(plan.number) << 32 | 0xffff_ffff);
    let process: [u8; 5] = rng.rng().random();
    let mut counter: u32 = rng.rng().random_range(0..0x1_0000);
    let mut id_at = |ms: i64| {
        counter += 1;
        ObjectId::new(ms.div_euclid(1000), process, counter)
    };
    let start = plan.until.as_millisecond() - SPAN_MS;
    let mut summaries = Vec::with_capacity(usize::try_from(plan.events).unwrap_or(0));
    let (each, more) = (plan.events / plan.leads.max(1), plan.events % plan.leads.max(1));
    let mut clock = start;
    for lead in 0..plan.leads {
        let flow_index = usize::try_from(lead).unwrap_or(0) % plan.flows.len().max(1);
        let (Some(flow), Some(ids)) = (plan.flows.get(flow_index), ids.get(flow_index)) else { break };
        let drawn = draw_outcome(&mut lead_rng(plan, lead));
        let submitted = start + SPAN_MS * i64::from(lead) / i64::from(plan.leads) + drawn.delay_ms;
        // Submission times may be out of order by milliseconds; ids must be in order.
        clock = clock.max(submitted);
        let lead_id = id_at(clock);
        let steps = usize::try_from(each + u32::from(lead < more) - 1).unwrap_or(0);
        let mut revenue = 0.0;
        for step in 0..steps {
            let planned = flow.steps.get(step);
            let ms = STEP_MS_MIN + i64::from(drawn.extra_step_ms) * (1 + i64::try_from(step).unwrap_or(0));
            let is_recipient = planned.is_some_and(|step| step.recipient.is_some());
            let (kind, outcome) = match (is_recipient, step + 1 == steps) {
                (false, _) => (EventType::Filter, Outcome::Continue),
                (true, true) => (EventType::Recipient, drawn.outcome),
                (true, false) if drawn.skipped_step == Some(step) => (EventType::Recipient, Outcome::Skip),
                (true, false) => (EventType::Recipient, Outcome::Success),
            };
            let sale_price = if step + 1 == steps && outcome == Outcome::Success { flow.price * 2.0 } else { 0.0 };
            revenue += sale_price;
            summaries.push(EventSummary {
                id: id_at(clock),
                kind,
                outcome,
                start_ms: clock,
                ms: u32::try_from(ms).unwrap_or(0),
                lead: Some(lead_id),
                flow: ids.flow,
                source: ids.source,
                recipient: ids.recipients.get(step).copied().flatten().filter(|_| is_recipient),
                cost: 0.0,
                revenue: sale_price,
            });
            clock += ms;
        }
        let cost = if drawn.outcome == Outcome::Success { flow.price } else { 0.0 };
        let ms = clock - submitted.min(clock) + STEP_MS_MIN;
        summaries.push(EventSummary {
            id: id_at(clock),
            kind: EventType::Source,
            outcome: drawn.outcome,
            start_ms: clock,
            ms: u32::try_from(ms).unwrap_or(0),
            lead: Some(lead_id),
            flow: ids.flow,
            source: ids.source,
            recipient: None,
            cost,
            revenue,
        });
    }
    summaries
}

impl FlowIds {
    fn parse(flow: &PlannedFlow) -> Self {
        let recipient = |step: &PlannedStep| step.recipient.as_ref().and_then(|entity| entity.id.parse().ok());
        Self {
            flow: flow.id.parse().ok(),
            source: flow.source.id.parse().ok(),
            recipients: flow.steps.iter().map(recipient).collect(),
        }
    }
}

/// The random values of a lead.
struct LeadOutcome {
    outcome: Outcome,
    /// Milliseconds by which a step takes longer than [`STEP_MS_MIN`].
    extra_step_ms: u16,
    /// Milliseconds between the even spacing of leads and its submission.
    delay_ms: i64,
    /// The index of the step that is skipped.
    skipped_step: Option<usize>,
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
        extra_step_ms: u16::from(extra) / 2,
        delay_ms: i64::from(delay) * 7,
        skipped_step: (skip < 64).then(|| usize::from(skip % 8)),
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
