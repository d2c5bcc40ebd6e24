//! A lead's way through its flow.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::caps::{self, CapScope, Caps};
use super::event_builder;
use super::event_builder::{Delivery, Timing, key, party};
use super::fields;
use super::recipient;
use super::target::SubmissionTarget;
use super::trace::{Completion, LISTS, LeadTrace, StepResult};
use super::trigger::Trigger;
use super::{fill, holds, lists, overloaded, pricing, recorded_call};
use crate::contract::lead_body::Inbound;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::effect_log::RecipientOutcome;
use crate::leadconduit::effect_log::StepKey;
use crate::leadconduit::response::{ApiError, OperationResponse};
use crate::leadconduit::state::events::{Kind, Outcome};
use crate::support::document::{items, text};
use crate::support::document::{number, serialise};

/// How long a filter takes, and the handler itself, in the mock's books, in milliseconds.
const OWN_MS: i64 = 2;

/// What is known of a lead only while a recipient has it.
const HANDED: [&str; 4] = ["recipient", "purchase_price", "event_id", "price"];

/// Who submits where no proxy tells.
const NEAR: &str = "127.0.0.1";

/// What became of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    /// Whether a cap turned it away.
    pub(super) is_cap: bool,
    /// Which one.
    pub(super) cap: Option<String>,
}

/// Why the lead goes no further.
pub(super) enum Stop {
    /// It is decided what becomes of it.
    Decided(Verdict),
    /// The request is refused, and leaves nothing behind.
    Refused(ApiError),
}

impl From<ApiError> for Stop {
    fn from(refusal: ApiError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::Decided(verdict)
    }
}

/// A lead on its way.
pub(super) struct FlowExecution<'d> {
    pub(super) door: &'d SubmissionTarget,
    /// The lead's id.
    pub(super) lead: String,
    /// All that is known of it so far, as rules and templates see it.
    pub(super) vars: Value,
    /// What of it must not be stored as it was sent.
    pub(super) secrets: Vec<String>,
    pub(super) inbound: &'d Inbound,
    pub(super) trigger: Option<Trigger>,
    price: f64,
    /// What was known of it at first, as JSON.
    first: Bytes,
    /// What list checks found, as JSON.
    lists: Option<Bytes>,
    /// The steps that it has passed.
    passed: Vec<StepResult>,
    pub(super) step_count: usize,
    pub(super) disabled_step_count: usize,
    /// What recipients pay for it.
    pub(super) revenue: f64,
    /// How long it has taken, in the mock's books, in milliseconds.
    pub(super) ms: i64,
    /// How much of that was waiting for recipients.
    pub(super) wait_ms: i64,
}

impl<'d> FlowExecution<'d> {
    /// A lead is made of what was submitted.
    pub(super) fn begin(
        call: &mut WriteContext<'_>,
        door: &'d SubmissionTarget,
        inbound: &'d Inbound,
    ) -> Result<Self, ApiError> {
        let trigger = if call.triggers { Trigger::of(&call.input.body) } else { None };
        if trigger == Some(Trigger::Overload) {
            return Err(overloaded());
        }
        let lead = event_builder::next_id(call, &StepKey::default());
        let account = call.world.account(&door.account).map(|account| party(account.document().value()));
        let address = inbound.address.map_or_else(|| NEAR.to_owned(), |address| address.to_string());
        let mut vars = json!({
            "lead": {"id": lead},
            "account": account.unwrap_or_default(),
            "flow": party(door.flow.value()),
            "source": party(&door.source()["entity"]),
            "submission": {"timestamp": call.stamp(), "ip": address},
        });
        let (fields, secrets) = fields::of_lead(call, door, &lead, &vars);
        vars["lead"] = fields.into();
        Ok(Self {
            door,
            lead,
            vars,
            secrets,
            inbound,
            trigger,
            price: 0.0,
            first: Bytes::new(),
            lists: None,
            passed: Vec::new(),
            step_count: 0,
            disabled_step_count: 0,
            revenue: 0.0,
            ms: OWN_MS,
            wait_ms: 0,
        })
    }

    /// A submission: the lead goes through the flow, and each step leaves an event.
    pub(super) fn through(&mut self, call: &mut WriteContext<'_>) -> Result<Verdict, ApiError> {
        self.first = serialise(&self.vars);
        decided(self.submitted(call))
    }

    fn submitted(&mut self, call: &mut WriteContext<'_>) -> Result<(), Stop> {
        let caps = self.accepted(call)?;
        for (at, step) in items(self.door.flow.value(), "steps").iter().enumerate() {
            if step.get("enabled") == Some(&Value::Bool(false)) {
                self.disabled_step_count += 1;
                continue;
            }
            self.step_count += 1;
            match text(step, "type") {
                "filter" => self.filter(call, at, step)?,
                _ => self.recipient(call, at, step, &caps)?,
            }
        }
        lists::add(call, self.door, &self.vars)?;
        Ok(())
    }

    /// A ping: what comes before the steps, and whether one more may ask.
    pub(super) fn bid(&mut self, call: &mut WriteContext<'_>) -> Result<Verdict, ApiError> {
        decided(self.asked(call))
    }

    fn asked(&mut self, call: &mut WriteContext<'_>) -> Result<(), Stop> {
        if !self.door.flow.flag("ping_enabled") {
            return Err(Verdict::new(Outcome::Failure, "").into());
        }
        self.accepted(call)?;
        if !caps::admit_ping(call, &self.door.account, &self.door.flow, self.door.source())? {
            return Err(Verdict::new(Outcome::Failure, "Ping limit reached").into());
        }
        Ok(())
    }

    /// Whether the lead is taken at all: what comes before the steps, for submissions and pings alike.
    fn accepted(&mut self, call: &mut WriteContext<'_>) -> Result<Caps, Stop> {
        if !self.door.flow.flag("enabled") {
            // A page says that such a submission ends in an error; the words are ours.
            return Err(Verdict::new(Outcome::Error, "Flow is disabled").into());
        }
        if let Some(verdict) = self.trigger.and_then(Trigger::verdict) {
            return Err(verdict.into());
        }
        self.criteria(self.door.flow.value())?;
        self.criteria(self.door.source())?;
        if let Some(found) = lists::check(call, self.door, &self.vars) {
            self.lists = Some(serialise(&found));
            self.vars[LISTS] = found;
        }
        if self.trigger != Some(Trigger::NoBid) {
            self.price = pricing::purchase(self.door, &call.input.body, &self.vars);
        }
        let caps = Caps::of(call, &self.door.account, &self.door.flow, self.door.entity());
        for standing in [CapScope::Flow, CapScope::Source] {
            if let Some(full) = caps.full(&standing, &self.vars) {
                let reason = fill(&full.reason, &self.vars);
                return Err(Verdict { outcome: Outcome::Failure, reason, is_cap: true, cap: Some(full.id) }.into());
            }
        }
        Ok(caps)
    }

    /// The acceptance criteria of the flow or of the source: the first whose rules fail decides.
    fn criteria(&self, holder: &Value) -> Result<(), Verdict> {
        let Some(criteria) = holder.get("acceptance_criteria").filter(|criteria| criteria.is_object()) else {
            return Ok(());
        };
        if holds(&criteria["rule_set"], &self.vars) {
            return Ok(());
        }
        let outcome = Outcome::named(text(criteria, "outcome")).unwrap_or(Outcome::Failure);
        Err(Verdict::new(outcome, &fill(text(criteria, "reason"), &self.vars)))
    }

    /// A filter: where its rules match, the flow ends.
    fn filter(&mut self, call: &mut WriteContext<'_>, at: usize, step: &Value) -> Result<(), Stop> {
        self.ms += OWN_MS;
        let stops = holds(&step["rule_set"], &self.vars);
        let reason = if stops { fill(text(step, "reason"), &self.vars) } else { String::new() };
        self.passed.push(StepResult {
            id: event_builder::next_id(call, &self.spot(step, 0)),
            at,
            kind: Kind::Filter,
            outcome: if stops { Outcome::Stop } else { Outcome::Continue },
            reason: reason.clone(),
            took: Timing { ms: OWN_MS, wait_ms: 0, total_ms: self.ms },
            appended: None,
            sale: 0.0,
            cap: None,
            transactions: None,
        });
        if !stops {
            return Ok(());
        }
        // The outcome may be a template: that of the step before is what one takes who filters deliveries.
        let outcome = fill(text(step, "outcome"), &self.vars);
        let outcome = Outcome::named(&outcome.to_ascii_lowercase()).filter(|outcome| is_final(*outcome));
        Err(Verdict::new(outcome.unwrap_or(Outcome::Failure), &reason).into())
    }

    /// A recipient: asked, unless its rules or its caps keep the lead away. Whatever it says, the lead goes on.
    fn recipient(&mut self, call: &mut WriteContext<'_>, at: usize, step: &Value, caps: &Caps) -> Result<(), Stop> {
        let mut delivery = self.hand_over(call, step, 0);
        let standing = CapScope::Step(text(step, "id").to_owned());
        let said = if call.outbox.is_asked(&delivery.spot) {
            // It has the lead already, even if a cap was used up while it answered.
            recipient::ask(call, self, step, &delivery.spot)?
        } else if step.get("rule_set").is_some_and(|set| !holds(set, &self.vars)) {
            RecipientOutcome::skipped("Rules not met")
        } else if let Some(full) = caps.full(&standing, &self.vars) {
            let reason = fill(&full.reason, &self.vars);
            delivery.cap = Some(full.id);
            RecipientOutcome::skipped(&reason)
        } else {
            recipient::ask(call, self, step, &delivery.spot)?
        };
        self.delivered(call, at, step, delivery, &said, Kind::Recipient);
        if said.outcome == Outcome::Error && step.get("retry_enabled") == Some(&Value::Bool(true)) {
            // LeadConduit tries again later. Here that is at once, so that nobody has to wait for it.
            let again = self.hand_over(call, step, 1);
            let said = recipient::ask(call, self, step, &again.spot)?;
            self.delivered(call, at, step, again, &said, Kind::Retry);
        }
        Ok(())
    }

    /// The lead goes to the recipient of a step. Until it comes back, that is among what is known of it.
    fn hand_over(&mut self, call: &mut WriteContext<'_>, step: &Value, attempt: u8) -> Delivery {
        let delivery = Delivery::new(call, self, step, attempt);
        self.vars["recipient"] = party(&step["entity"]);
        self.vars["purchase_price"] = number(self.price);
        self.vars["event_id"] = delivery.id.clone().into();
        delivery
    }

    /// What a recipient said is written down, and known to the steps that follow.
    fn delivered(
        &mut self,
        call: &WriteContext<'_>,
        at: usize,
        step: &Value,
        delivery: Delivery,
        said: &RecipientOutcome,
        kind: Kind,
    ) {
        let sold = said.outcome == Outcome::Success;
        let sale = if sold { pricing::sale(step, said.price, &self.vars) } else { 0.0 };
        self.ms += said.ms;
        self.wait_ms += said.ms;
        self.revenue += sale;
        if let Value::Object(vars) = &mut self.vars {
            for name in HANDED {
                vars.shift_remove(name);
            }
        }
        let appended = (said.outcome != Outcome::Skip).then(|| said.appended());
        let transactions = said.transaction.as_ref().map(|transaction| json!([transaction]));
        // An address may be one that can be called and that the model has no room for.
        let transactions = transactions.filter(|them| call.check("RecordedTransactions", them).is_ok());
        self.passed.push(StepResult {
            id: delivery.id,
            at,
            kind,
            outcome: said.outcome,
            reason: said.reason.clone(),
            took: Timing { ms: said.ms, wait_ms: said.ms, total_ms: self.ms },
            appended: appended.as_ref().map(serialise),
            sale,
            cap: delivery.cap,
            transactions: transactions.as_ref().map(serialise),
        });
        if let Some(appended) = appended {
            self.vars[key(step)] = appended;
        }
    }

    /// Where the lead is: at a step, for the first time or again.
    pub(super) fn spot(&self, step: &Value, attempt: u8) -> StepKey {
        StepKey { at: self.step_count + self.disabled_step_count, step: text(step, "id").to_owned(), attempt }
    }

    /// What is paid for the lead in the end: nothing, unless it was taken.
    pub(super) fn cost(&self, verdict: &Verdict) -> f64 {
        if verdict.outcome == Outcome::Success { self.price } else { 0.0 }
    }

    /// The lead is through; what it leaves tells what the source was answered.
    pub(super) fn end(
        self,
        call: &mut WriteContext<'_>,
        verdict: &Verdict,
        answer: &OperationResponse,
    ) -> Result<(), ApiError> {
        let request = serialise(&recorded_call::request(call, &self));
        let response = serialise(&recorded_call::response(answer, call.now.as_millisecond() + self.ms));
        let end = Completion {
            id: call.world.next_id(call.now),
            cost: self.cost(verdict),
            verdict: verdict.clone(),
            revenue: self.revenue,
            step_count: self.step_count,
            disabled_step_count: self.disabled_step_count,
            took: Timing { ms: self.ms, wait_ms: self.wait_ms, total_ms: self.ms },
            request,
            response,
        };
        let trace = LeadTrace {
            door: self.door.clone(),
            standard: Arc::clone(call.contract.standard()),
            now: call.now,
            vars: self.first,
            lists: self.lists,
            price: self.price,
            steps: self.passed,
            end,
        };
        trace.keep(call, &self.vars)
    }
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, reason: &str) -> Self {
        Self { outcome, reason: reason.to_owned(), is_cap: false, cap: None }
    }

    /// What a ping without a price is: the vendor's module says so of any price that is not above 0.
    pub(super) fn no_bid(mut self) -> Self {
        self.outcome = Outcome::Failure;
        if self.reason.is_empty() {
            "no bid".clone_into(&mut self.reason);
        }
        self
    }
}

/// What the steps came to. Whoever gets to their end is taken.
fn decided(way: Result<(), Stop>) -> Result<Verdict, ApiError> {
    match way {
        Ok(()) => Ok(Verdict::new(Outcome::Success, "")),
        Err(Stop::Decided(verdict)) => Ok(verdict),
        Err(Stop::Refused(refusal)) => Err(refusal),
    }
}

/// What a source can be told.
fn is_final(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Success | Outcome::Failure | Outcome::Error)
}
