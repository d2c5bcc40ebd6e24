//! The past of a busy account: leads that ran through its flows before the scenario began.
//!
//! A hundred thousand events as documents would take hundreds of megabytes and seconds to make. So only what lists,
//! counts and sums ask for is kept ([`Summary`]); the rest of an event follows from the plan and the seed whenever
//! something asks for it.

use std::sync::{Mutex, OnceLock, PoisonError};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::generate::{Maker, Models};
use crate::leadconduit::state::events::{EventHistory, Kind, Lead, Outcome, Summary};
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::number as price;
use crate::support::ids::{IdSource, ObjectId};
use crate::support::rng::{Purpose, SeededRng};

/// How far back the past reaches: a little less than the 90 days for which events are kept.
const SPAN_MS: i64 = 89 * 24 * 3600 * 1000;

/// How long a step takes, at least.
const STEP_MS: i64 = 40;

/// For how long events are kept.
const KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

/// Everything that a past follows from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The seed of everything that is made up.
    pub seed: u64,
    /// Which of the pasts under this seed it is.
    pub number: u32,
    /// When it ends.
    #[cfg_attr(test, schemars(with = "String"))]
    pub until: Timestamp,
    /// How many leads there were.
    pub leads: u32,
    /// How many events they left.
    pub events: u32,
    /// The account.
    pub account: PlannedAccount,
    /// The flows that the leads ran through, in turns.
    pub flows: Vec<PlannedFlow>,
}

/// The account, as events name it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedAccount {
    /// Its id.
    pub id: String,
    /// Its id in the single-sign-on service.
    pub sso_id: String,
    /// Its name.
    pub name: String,
}

/// A flow, as events name it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedFlow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who submits leads to it.
    pub source: PlannedParty,
    /// What a lead costs, in dollars.
    pub price: f64,
    /// Its steps: filters, which let every lead through, and recipients.
    pub steps: Vec<PlannedStep>,
}

/// An entity, as events name it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedParty {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A step, as events name it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// Its short id.
    pub id: String,
    /// Who it delivers to; a filter delivers to nobody.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<PlannedParty>,
}

/// A past, made of its plan.
#[derive(Debug)]
pub struct History {
    plan: Plan,
    summaries: Vec<Summary>,
    leads: OnceLock<Vec<Lead>>,
    /// The fields of the lead that was looked at last: who reads one of its events reads the others next.
    last: Mutex<Option<(u32, Value)>>,
}

/// The ids that the parts of a flow have, read once.
struct Ids {
    flow: Option<ObjectId>,
    source: Option<ObjectId>,
    recipients: Vec<Option<ObjectId>>,
}

impl History {
    /// The past of a plan. Ids that are none are left out of what can be asked for.
    #[must_use]
    pub fn new(mut plan: Plan) -> Self {
        if plan.flows.is_empty() {
            plan.leads = 0;
        }
        plan.events = if plan.leads == 0 { 0 } else { plan.events.max(plan.leads) };
        let summaries = summaries(&plan);
        Self { plan, summaries, leads: OnceLock::new(), last: Mutex::default() }
    }

    /// Which lead an event belongs to, and its place among the events of that lead.
    fn place(&self, at: usize) -> (u32, usize) {
        let (each, more) = (self.plan.events / self.plan.leads.max(1), self.plan.events % self.plan.leads.max(1));
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        // The first leads have an event more.
        let long = more * (each + 1);
        let (lead, within) = if at < long {
            (at / (each + 1), at % (each + 1))
        } else {
            (more + (at - long) / each, (at - long) % each)
        };
        (lead, usize::try_from(within).unwrap_or(0))
    }

    fn flow(&self, lead: u32) -> Option<&PlannedFlow> {
        let flows = &self.plan.flows;
        flows.get(usize::try_from(lead).ok()? % flows.len().max(1))
    }

    /// What is known of a lead. Drawn from a stream of its own, so that no other lead need be made for it.
    fn fields(&self, lead: u32) -> Value {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, fields)) = last.as_ref().filter(|(of, _)| *of == lead) {
            return fields.clone();
        }
        let mut chance = chance(&self.plan, lead);
        fate(&mut chance);
        let mut ids = IdSource::new(0);
        let none = Map::new();
        let mut maker = Maker::new(chance, &mut ids, self.plan.until, Models::new(&none));
        let person = maker.person();
        let fields = maker.lead(&person);
        *last = Some((lead, fields.clone()));
        fields
    }
}

impl EventHistory for History {
    fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    fn value(&self, at: usize) -> Value {
        let Some(summary) = self.summaries.get(at) else { return Value::Null };
        let (lead, within) = self.place(at);
        let Some(flow) = self.flow(lead) else { return Value::Null };
        let first = &self.summaries[at - within];
        let mut fields = self.fields(lead);
        fields["id"] = summary.lead.map(|id| id.to_string()).into();
        let submitted = moment(first.start_ms);
        let mut vars = json!({
            "lead": fields,
            "account": self.plan.account,
            "flow": {"id": flow.id, "name": flow.name},
            "source": flow.source,
            "submission": {"timestamp": stamp(submitted), "ip": format!("198.51.100.{}", lead % 254 + 1)},
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
            "expires_at": stamp(moment(summary.start_ms + KEPT_MS)),
        });
        match summary.kind {
            Kind::Source => {
                event["module_id"] = "leadconduit-default.inbound".into();
                event["package_version"] = "2.5.2".into();
                event["step_count"] = flow.steps.len().into();
                event["cap_reached"] = false.into();
                event["ping_limit_reached"] = false.into();
                event["cost"] = price(summary.cost);
                event["revenue"] = price(summary.revenue);
                event["appended"] = json!({});
            }
            Kind::Recipient => {
                let step = flow.steps.get(within);
                vars["recipient"] = json!(step.and_then(|step| step.recipient.as_ref()));
                vars["price"] = price(summary.revenue);
                vars["purchase_price"] = price(flow.price);
                vars["event_id"] = summary.id.to_string().into();
                event["module_id"] = "leadconduit-default.outbound".into();
                event["package_version"] = "2.5.2".into();
                event["step_id"] = json!(step.map(|step| &step.id));
                event["caps_reached"] = false.into();
                event["sale_price"] = price(summary.revenue);
                event["revenue"] = price(summary.revenue);
            }
            Kind::Filter | Kind::FeedbackReceived | Kind::FeedbackSent | Kind::Retry => {}
        }
        event["vars"] = vars;
        event
    }

    fn leads(&self) -> &[Lead] {
        self.leads.get_or_init(|| {
            let mut leads = Vec::with_capacity(usize::try_from(self.plan.leads).unwrap_or(0));
            for at in 0..self.summaries.len() {
                let (lead, within) = self.place(at);
                let summary = &self.summaries[at];
                if summary.kind != Kind::Source {
                    continue;
                }
                let fields = self.fields(lead);
                let fields = fields.as_object().into_iter().flatten();
                let text = |value: &Value| value.as_str().or_else(|| value["raw"].as_str()).map(Into::into);
                let fields = fields.filter_map(|(name, value)| Some((name.as_str().into(), text(value)?)));
                let Some(id) = summary.lead else { continue };
                let submitted_ms = self.summaries[at - within].start_ms;
                leads.push(Lead { id, latest: summary.id, submitted_ms, fields: fields.collect() });
            }
            leads
        })
    }

    fn plan(&self) -> Value {
        json!(self.plan)
    }
}

/// The summaries of a plan's events, in the order of their ids.
fn summaries(plan: &Plan) -> Vec<Summary> {
    let ids: Vec<Ids> = plan.flows.iter().map(Ids::of).collect();
    let mut source = SeededRng::nth(plan.seed, Purpose::History, u64::from(plan.number) << 32 | 0xffff_ffff);
    let process: [u8; 5] = source.rng().random();
    let mut counter: u32 = source.rng().random_range(0..0x1_0000);
    let mut id_at = |ms: i64| {
        counter += 1;
        ObjectId::new(ms.div_euclid(1000), process, counter)
    };
    let begin = plan.until.as_millisecond() - SPAN_MS;
    let mut summaries = Vec::with_capacity(usize::try_from(plan.events).unwrap_or(0));
    let (each, more) = (plan.events / plan.leads.max(1), plan.events % plan.leads.max(1));
    let mut clock = begin;
    for lead in 0..plan.leads {
        let which = usize::try_from(lead).unwrap_or(0) % plan.flows.len().max(1);
        let (Some(flow), Some(ids)) = (plan.flows.get(which), ids.get(which)) else { break };
        let fate = fate(&mut chance(plan, lead));
        let submitted = begin + SPAN_MS * i64::from(lead) / i64::from(plan.leads) + fate.late_ms;
        // Leads may overtake each other by moments; ids may not.
        clock = clock.max(submitted);
        let lead_id = id_at(clock);
        let steps = usize::try_from(each + u32::from(lead < more) - 1).unwrap_or(0);
        let mut revenue = 0.0;
        for step in 0..steps {
            let planned = flow.steps.get(step);
            let ms = STEP_MS + i64::from(fate.pace) * (1 + i64::try_from(step).unwrap_or(0));
            let recipient = planned.is_some_and(|step| step.recipient.is_some());
            let (kind, outcome) = match (recipient, step + 1 == steps) {
                (false, _) => (Kind::Filter, Outcome::Continue),
                (true, true) => (Kind::Recipient, fate.outcome),
                (true, false) if fate.skips == Some(step) => (Kind::Recipient, Outcome::Skip),
                (true, false) => (Kind::Recipient, Outcome::Success),
            };
            let sold = if step + 1 == steps && outcome == Outcome::Success { flow.price * 2.0 } else { 0.0 };
            revenue += sold;
            summaries.push(Summary {
                id: id_at(clock),
                kind,
                outcome,
                start_ms: clock,
                ms: u32::try_from(ms).unwrap_or(0),
                lead: Some(lead_id),
                flow: ids.flow,
                source: ids.source,
                recipient: ids.recipients.get(step).copied().flatten().filter(|_| recipient),
                cost: 0.0,
                revenue: sold,
            });
            clock += ms;
        }
        let cost = if fate.outcome == Outcome::Success { flow.price } else { 0.0 };
        let ms = clock - submitted.min(clock) + STEP_MS;
        summaries.push(Summary {
            id: id_at(clock),
            kind: Kind::Source,
            outcome: fate.outcome,
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

impl Ids {
    fn of(flow: &PlannedFlow) -> Self {
        let recipient = |step: &PlannedStep| step.recipient.as_ref().and_then(|party| party.id.parse().ok());
        Self {
            flow: flow.id.parse().ok(),
            source: flow.source.id.parse().ok(),
            recipients: flow.steps.iter().map(recipient).collect(),
        }
    }
}

/// What becomes of a lead.
struct LeadOutcome {
    outcome: Outcome,
    /// How many milliseconds a step takes on top of the least.
    pace: u16,
    /// How much later than its turn it was submitted.
    late_ms: i64,
    /// The step that was not for it.
    skips: Option<usize>,
}

/// The stream of chance of one lead.
fn chance(plan: &Plan, lead: u32) -> SeededRng {
    SeededRng::nth(plan.seed, Purpose::History, u64::from(plan.number) << 32 | u64::from(lead))
}

/// The first draw from a lead's stream.
fn fate(chance: &mut SeededRng) -> LeadOutcome {
    let draw: u64 = chance.rng().random();
    let [luck, pace, late, skip, ..] = draw.to_le_bytes();
    LeadOutcome {
        outcome: match luck {
            0..=199 => Outcome::Success,
            200..=245 => Outcome::Failure,
            _ => Outcome::Error,
        },
        pace: u16::from(pace) / 2,
        late_ms: i64::from(late) * 7,
        skips: (skip < 64).then(|| usize::from(skip % 8)),
    }
}

fn reason(summary: &Summary) -> &'static str {
    match (summary.kind, summary.outcome) {
        (_, Outcome::Failure) => "Duplicate lead",
        (_, Outcome::Error) => "Recipient did not answer in time",
        (Kind::Recipient, Outcome::Skip) => "Rules not met",
        _ => "",
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
