//! Runs a lead through its flow.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::super::caps::{self, CapCheck, CapScope};
use super::call_document::SubmissionRecord;
use super::fields::HiddenTexts;
use super::recipient::Delivery;
use super::target::SubmissionTarget;
use super::trace::{Completion, LeadTrace, StepResult, Submitter, append_to, initial_vars};
use super::trigger::Trigger;
use super::values::{FlowResult, Timing};
use super::{decision, destinations, fields, lists, lookups, pricing, uncollected};
use crate::contract::lead_body::LeadRequest;
use crate::leadconduit::api_error::{ApiError, ErrorFormat};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::{AcceptanceCriteria, Filter, Recipient, Step, StepKind};
use crate::leadconduit::lead_report::{Decision, DecisionKind, LeadReport};
use crate::leadconduit::outbound_log::{RecipientOutcome, StepKey, WriteError};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::events::{EventBatch, EventType, Outcome};
use crate::leadconduit::types;
use crate::support::document::{number, object, serialise};
use crate::support::ids::ObjectId;

/// Simulated duration of a filter, and of the lead handler itself, in milliseconds.
const SIMULATED_STEP_MS: i64 = 2;

/// The documented reason of a rejection outside the hours of operation.
const OUTSIDE_HOURS: &str = "Submission Timestamp must be within hours of operation";

/// Variables that exist only during a delivery.
const STEP_SCOPED_VARS: [&str; 4] = ["recipient", "purchase_price", "event_id", "price"];

/// Why the flow ends before its last step.
enum EarlyExit {
    /// The result is known.
    Result(FlowResult),
    /// The run fails and leaves nothing behind.
    Error(WriteError),
}

impl From<ApiError> for EarlyExit {
    fn from(error: ApiError) -> Self {
        Self::Error(error.into())
    }
}

impl From<WriteError> for EarlyExit {
    fn from(error: WriteError) -> Self {
        Self::Error(error)
    }
}

impl From<FlowResult> for EarlyExit {
    fn from(result: FlowResult) -> Self {
        Self::Result(result)
    }
}

/// The delivery of a lead to one recipient, while it runs.
struct DeliveryAttempt {
    /// The id of the delivery's event, which feedback refers to.
    event_id: ObjectId,
    /// The cap that skips the step.
    cap_id: Option<String>,
    key: StepKey,
}

/// The execution of a flow for one lead or ping.
pub(super) struct FlowExecution<'d> {
    target: &'d SubmissionTarget,
    pub(super) lead_id: ObjectId,
    /// The variables of the lead so far, for rules and recipients.
    vars: Value,
    /// Texts that must not be stored as they were sent.
    hidden: HiddenTexts,
    request: &'d LeadRequest,
    trigger: Option<Trigger>,
    /// The purchase price, in dollars.
    price: f64,
    submitter: Submitter,
    /// The fields of the lead before the flow, as JSON.
    lead: Bytes,
    /// What was looked up before the criteria, as JSON by variable.
    lookups: Vec<(&'static str, Bytes)>,
    /// The entry that an accepted lead adds to a list.
    list_entry: Option<Value>,
    steps: Vec<StepResult>,
    /// How many steps there are up to the last whose recipient was called.
    sent: usize,
    /// What became of each destination.
    destinations: Vec<String>,
    /// The part of the flow that decided about the lead.
    decision: Decision,
    step_count: usize,
    disabled_step_count: usize,
    /// The sum of the sale prices, in dollars.
    revenue: f64,
    /// Simulated time since the submission.
    ms: i64,
    /// The part of it that was spent waiting for recipients.
    wait_ms: i64,
}

impl<'d> FlowExecution<'d> {
    /// Reads the lead from the request.
    ///
    /// # Errors
    ///
    /// 503 when the e-mail domain of the lead forces it.
    pub(super) fn begin(
        context: &mut WriteContext<'_>,
        target: &'d SubmissionTarget,
        request: &'d LeadRequest,
    ) -> Result<Self, ApiError> {
        let trigger = if context.triggers { Trigger::find(&context.input.body) } else { None };
        if trigger == Some(Trigger::Overload) {
            return Err(ApiError::new(503, "Service Unavailable").with_format(ErrorFormat::Text));
        }
        let lead_id = next_id(context, &StepKey::default());
        let account = context.world.account(&target.account).map(|account| Arc::clone(account.document()));
        let submitter = Submitter { account, ip: request.client_ip };
        // Mappings can use the id, but no other field.
        let lead = object([("id", lead_id.into())]);
        let mut vars = initial_vars(target, &submitter, context.now, lead_id, lead);
        let (fields, hidden) = fields::of_lead(context, target, lead_id, &vars);
        vars["lead"] = fields.into();
        Ok(Self {
            target,
            lead_id,
            vars,
            hidden,
            request,
            trigger,
            price: 0.0,
            submitter,
            lead: Bytes::new(),
            lookups: Vec::new(),
            list_entry: None,
            steps: Vec::new(),
            sent: 0,
            destinations: Vec::new(),
            decision: Decision::new(DecisionKind::Completed, "every step was completed"),
            step_count: 0,
            disabled_step_count: 0,
            revenue: 0.0,
            ms: SIMULATED_STEP_MS,
            wait_ms: 0,
        })
    }

    /// Runs a submission through the whole flow. Each step leaves an event.
    ///
    /// # Errors
    ///
    /// When a call to a recipient is pending, or a write fails.
    pub(super) fn submit(&mut self, context: &mut WriteContext<'_>) -> Result<FlowResult, WriteError> {
        let lead = &self.vars["lead"];
        self.lead = if self.hidden.is_empty() { serialise(lead) } else { serialise(&types::mask_all(lead)) };
        into_result(self.run_flow(context))
    }

    /// Evaluates a ping: the checks before the steps, and the ping limits.
    ///
    /// # Errors
    ///
    /// When a write fails.
    pub(super) fn evaluate_ping(&mut self, context: &mut WriteContext<'_>) -> Result<FlowResult, WriteError> {
        into_result(self.check_ping(context))
    }

    fn run_flow(&mut self, context: &mut WriteContext<'_>) -> Result<(), EarlyExit> {
        let caps = self.check_acceptance(context)?;
        self.steps.reserve_exact(self.target.flow().steps.len());
        for (index, step) in self.target.flow().steps.iter().enumerate() {
            if !step.is_enabled {
                self.disabled_step_count += 1;
                continue;
            }
            self.step_count += 1;
            match &step.kind {
                StepKind::Filter(filter) => self.run_filter(context, index, step, filter)?,
                StepKind::Recipient(recipient) => self.run_recipient(context, index, (step, recipient), &caps)?,
            }
        }
        self.list_entry = lists::entry(context, self.target, &self.vars, &self.hidden);
        self.destinations = destinations::notify(context, self.target, &self.steps, &self.vars)?;
        Ok(())
    }

    fn check_ping(&mut self, context: &mut WriteContext<'_>) -> Result<(), EarlyExit> {
        if !self.target.flow().accepts_pings {
            self.decision = Decision::new(DecisionKind::PingsDisabled, "pings are not enabled in the flow");
            return Err(FlowResult::new(Outcome::Failure, "").into());
        }
        self.check_acceptance(context)?;
        if !caps::admit_ping(context, &self.target.account, &self.target.document, self.target.source())? {
            self.decision = Decision::new(DecisionKind::PingLimit, "a ping limit of the flow or the source is reached");
            return Err(FlowResult::new(Outcome::Failure, "Ping limit reached").into());
        }
        Ok(())
    }

    /// The checks before the steps, for submissions and pings: enabled flow, list checks, hours of operation, acceptance
    /// criteria, price, caps of the flow and the source. The lists come first: they only set variables, which the criteria, the prices and
    /// the caps can test.
    fn check_acceptance(&mut self, context: &mut WriteContext<'_>) -> Result<CapCheck<'d>, EarlyExit> {
        let (flow, source) = (self.target.flow(), self.target.source());
        if !flow.is_enabled {
            self.decision = Decision::new(DecisionKind::DisabledFlow, "the flow is disabled");
            // That such a submission ends in an error is documented; the text is the mock's.
            return Err(FlowResult::new(Outcome::Error, "Flow is disabled").into());
        }
        if let Some(result) = self.trigger.and_then(Trigger::flow_result) {
            self.decision = Decision::new(DecisionKind::Trigger, "the domain of an e-mail address forces the result");
            return Err(result.into());
        }
        self.lookups = lookups::look_up(context, self.target, &mut self.vars, &self.hidden);
        self.check_hours(context)?;
        self.check_criteria(flow.criteria.as_ref(), DecisionKind::FlowCriteria)?;
        self.check_criteria(source.criteria.as_ref(), DecisionKind::SourceCriteria)?;
        if self.trigger != Some(Trigger::NoBid) {
            self.price = pricing::purchase_price(self.target, &context.input.body, &self.vars);
        }
        let caps = CapCheck::new(context, &self.target.account, &self.target.document, &source.entity.text);
        for scope in [CapScope::Flow, CapScope::Source] {
            if let Some(cap) = caps.reached(scope, &self.vars) {
                let result = FlowResult::new(Outcome::Failure, &cap.reason_template.fill(&*self.stored_vars()));
                let cap_id = Some(cap.limit.id.to_string());
                self.decision = decision::of_cap(cap);
                return Err(FlowResult { is_cap_reached: true, cap_id, ..result }.into());
            }
        }
        Ok(caps)
    }

    /// Checks the hours of operation of the flow.
    fn check_hours(&mut self, context: &WriteContext<'_>) -> Result<(), FlowResult> {
        let Some(hours) = &self.target.flow().hours else { return Ok(()) };
        let account = context.world.account(&self.target.account);
        let zone = account.and_then(|account| account.document().text("time_zone")).unwrap_or("UTC");
        if hours.contain(context.now, zone) {
            return Ok(());
        }
        self.decision = Decision::new(DecisionKind::Hours, "the flow is outside its hours of operation");
        Err(FlowResult::new(Outcome::Failure, OUTSIDE_HOURS))
    }

    /// Checks the acceptance criteria of the flow or the source.
    fn check_criteria(&mut self, criteria: Option<&AcceptanceCriteria>, kind: DecisionKind) -> Result<(), FlowResult> {
        let Some(criteria) = criteria.filter(|criteria| !criteria.rules.matches(&self.vars)) else { return Ok(()) };
        let why = criteria.rules.describe(&self.vars, &self.hidden.secrets);
        self.decision = decision::of_criteria(self.target, kind, &why);
        Err(FlowResult::new(criteria.outcome, &criteria.reason.fill(&*self.stored_vars())))
    }

    /// Runs a filter, which ends the flow when its rules match.
    fn run_filter(
        &mut self,
        context: &mut WriteContext<'_>,
        index: usize,
        step: &Step,
        filter: &Filter,
    ) -> Result<(), EarlyExit> {
        self.ms += SIMULATED_STEP_MS;
        let is_match = filter.rules.matches(&self.vars);
        let reason = if is_match { filter.reason.fill(&*self.stored_vars()) } else { String::new() };
        self.steps.push(StepResult {
            event_id: next_id(context, &self.step_key(step, 0)),
            step_index: index,
            kind: EventType::Filter,
            outcome: if is_match { Outcome::Stop } else { Outcome::Continue },
            reason: reason.clone(),
            timing: Timing { ms: SIMULATED_STEP_MS, wait_ms: 0, total_ms: self.ms },
            appended: None,
            sale_price: 0.0,
            simulated: None,
            cap_id: None,
            transactions: None,
        });
        if !is_match {
            return Ok(());
        }
        let why = filter.rules.describe(&self.vars, &self.hidden.secrets);
        self.decision = decision::of_filter(self.target, index, &why);
        let outcome = filter.outcome.fill(&*self.stored_vars());
        let outcome = Outcome::from_name(&outcome.to_ascii_lowercase()).filter(|outcome| is_final(*outcome));
        Err(FlowResult::new(outcome.unwrap_or(Outcome::Failure), &reason).into())
    }

    /// Runs a recipient step, unless its rules or caps skip it. The flow continues after every outcome.
    fn run_recipient(
        &mut self,
        context: &mut WriteContext<'_>,
        index: usize,
        (step, recipient): (&Step, &Recipient),
        caps: &CapCheck<'_>,
    ) -> Result<(), EarlyExit> {
        let mut attempt = self.begin_delivery(context, step, recipient, 0);
        let outcome = if context.effects.has_contacted(&attempt.key) {
            // The recipient has the lead already, even if another lead has reached a cap meanwhile.
            self.deliver(context, step, recipient, &attempt.key)?
        } else if !recipient.rules.matches(&self.vars) {
            RecipientOutcome::skipped("Rules not met")
        } else if let Some(cap) = caps.reached(CapScope::Step(&step.id), &self.vars) {
            attempt.cap_id = Some(cap.limit.id.to_string());
            RecipientOutcome::skipped(&cap.reason_template.fill(&*self.stored_vars()))
        } else {
            self.deliver(context, step, recipient, &attempt.key)?
        };
        self.finish_delivery(context, index, (step, recipient), attempt, &outcome, EventType::Recipient);
        if outcome.outcome == Outcome::Error && recipient.retry_enabled {
            // LeadConduit retries later. The mock retries at once, so that clients need not wait.
            let retry = self.begin_delivery(context, step, recipient, 1);
            let outcome = self.deliver(context, step, recipient, &retry.key)?;
            self.finish_delivery(context, index, (step, recipient), retry, &outcome, EventType::Retry);
        }
        Ok(())
    }

    fn deliver(
        &self,
        context: &mut WriteContext<'_>,
        step: &Step,
        recipient: &Recipient,
        key: &StepKey,
    ) -> Result<RecipientOutcome, WriteError> {
        let (target, vars, trigger) = (self.target, &self.vars, self.trigger);
        Delivery { target, step, recipient, vars, stored_vars: &self.stored_vars(), trigger }.deliver(context, key)
    }

    /// Sets the variables that exist only during a delivery.
    fn begin_delivery(
        &mut self,
        context: &mut WriteContext<'_>,
        step: &Step,
        recipient: &Recipient,
        attempt: u8,
    ) -> DeliveryAttempt {
        let key = self.step_key(step, attempt);
        let attempt = DeliveryAttempt { event_id: next_id(context, &key), cap_id: None, key };
        self.vars["recipient"] = recipient.reference.clone();
        self.vars["purchase_price"] = number(self.price);
        self.vars["event_id"] = attempt.event_id.into();
        attempt
    }

    /// Records the outcome of a delivery, and appends it to the variables for later steps.
    fn finish_delivery(
        &mut self,
        context: &WriteContext<'_>,
        index: usize,
        (step, recipient): (&Step, &Recipient),
        attempt: DeliveryAttempt,
        outcome: &RecipientOutcome,
        kind: EventType,
    ) {
        let is_sold = outcome.outcome == Outcome::Success;
        let sale_price = if is_sold { pricing::sale_price(recipient, outcome.price, &self.vars) } else { 0.0 };
        self.ms += outcome.ms;
        self.wait_ms += outcome.ms;
        self.revenue += sale_price;
        if let Value::Object(vars) = &mut self.vars {
            for name in STEP_SCOPED_VARS {
                vars.shift_remove(name);
            }
        }
        let appended = (outcome.outcome != Outcome::Skip).then(|| outcome.appended());
        let transactions = (!outcome.transactions.is_empty()).then(|| Value::Array(outcome.transactions.clone()));
        // A URL that can be called may still violate the model of recorded calls.
        let transactions = transactions.filter(|value| context.check("RecordedTransactions", value).is_ok());
        self.steps.push(StepResult {
            event_id: attempt.event_id,
            step_index: index,
            kind,
            outcome: outcome.outcome,
            reason: outcome.reason.clone(),
            timing: Timing { ms: outcome.ms, wait_ms: outcome.ms, total_ms: self.ms },
            appended: appended.as_ref().map(serialise),
            sale_price,
            simulated: outcome.simulated.clone(),
            cap_id: attempt.cap_id,
            transactions: transactions.as_ref().map(serialise),
        });
        if !context.effects.calls(&attempt.key).is_empty() {
            self.sent = self.steps.len();
        }
        if let Some(appended) = appended {
            append_to(&mut self.vars, &step.append_key, appended);
        }
    }

    /// The variables as they are stored and shown, with masked dates of birth, social security numbers and credentials.
    fn stored_vars(&self) -> Cow<'_, Value> {
        // Most leads contain nothing to mask.
        if self.hidden.is_empty() { Cow::Borrowed(&self.vars) } else { Cow::Owned(types::mask_all(&self.vars)) }
    }

    /// The key of an attempt of the current step.
    fn step_key(&self, step: &Step, attempt: u8) -> StepKey {
        StepKey { number: self.step_count + self.disabled_step_count, step_id: step.id.clone(), attempt }
    }

    /// What happened to the lead or ping, for log, journal and explanations.
    pub(super) fn report(&self, context: &WriteContext<'_>, result: &FlowResult) -> Box<LeadReport> {
        let uncollected = uncollected::find(context, self.target, self.request);
        let found = (uncollected, decision::mapped_secrets(self.target, &self.steps, &self.vars));
        decision::report(self.target, (&self.steps[..], &self.destinations[..]), &self.decision, result, found)
    }

    /// Notes that a ping gets no bid because the lead would have no price.
    pub(super) fn set_no_price(&mut self) {
        if self.decision.kind == DecisionKind::Completed {
            self.decision = Decision::new(DecisionKind::NoPrice, "the lead would have no price above 0");
        }
    }

    /// What the source gets for the lead, in dollars: nothing unless it is accepted.
    pub(super) fn cost(&self, result: &FlowResult) -> f64 {
        if result.outcome == Outcome::Success { self.price } else { 0.0 }
    }

    /// The entry that the lead adds to a list.
    pub(super) fn take_list_entry(&mut self) -> Option<Value> {
        self.list_entry.take()
    }

    /// The events of a submission, with the response to it.
    pub(super) fn finish(
        self,
        context: &mut WriteContext<'_>,
        result: &FlowResult,
        response: &OperationResponse,
    ) -> EventBatch {
        let responded_at_ms = context.now.as_millisecond() + self.ms;
        let submission =
            SubmissionRecord::new(context, self.target.flow(), self.request, &self.hidden, response, responded_at_ms);
        let completion = Completion {
            event_id: context.world.next_id(context.now),
            cost: self.cost(result),
            result: result.clone(),
            revenue: self.revenue,
            step_count: self.step_count,
            disabled_step_count: self.disabled_step_count,
            timing: Timing { ms: self.ms, wait_ms: self.wait_ms, total_ms: self.ms },
            submission,
        };
        let vars = if self.hidden.is_empty() { self.vars } else { types::mask_all(&self.vars) };
        // Kept for long: without the room for steps that were not reached.
        let mut steps = self.steps;
        steps.shrink_to_fit();
        let trace = LeadTrace {
            target: self.target.clone(),
            standard: Arc::clone(context.contract.standard()),
            now: context.now,
            lead_id: self.lead_id,
            submitter: self.submitter,
            lead: self.lead,
            lookups: self.lookups,
            price: self.price,
            steps,
            sent: self.sent,
            completion,
        };
        trace.into_events(context, &vars)
    }
}

/// The id for a step. A run that is repeated after a call to a recipient gets the same ids.
fn next_id(context: &mut WriteContext<'_>, key: &StepKey) -> ObjectId {
    let (world, now) = (&mut *context.world, context.now);
    context.effects.id_for(key, || world.next_id(now))
}

/// The result of the flow. A lead that completes every step is accepted.
fn into_result(exit: Result<(), EarlyExit>) -> Result<FlowResult, WriteError> {
    match exit {
        Ok(()) => Ok(FlowResult::new(Outcome::Success, "")),
        Err(EarlyExit::Result(result)) => Ok(result),
        Err(EarlyExit::Error(error)) => Err(error),
    }
}

/// Whether an outcome can be the result of a flow.
fn is_final(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Success | Outcome::Failure | Outcome::Error)
}
