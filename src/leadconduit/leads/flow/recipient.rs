//! Delivers a lead to the recipient of a step. A recipient that can be called is called when deliveries are on; all
//! others are simulated: their outcome is configured in the world (collection `recipients`), and success by default.

use rand::RngExt;
use serde_json::Value;

use super::evaluate::{fill_template, rules_match};
use super::recipient_request::RecipientRequest;
use super::target::SubmissionTarget;
use super::trigger::Trigger;
use crate::contract::standard::modules_of;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::effect_log::{RecipientOutcome, StepKey, WriteError};
use crate::leadconduit::rules;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values::Variables;
use crate::support::document::{Document, is_same_id, text};
use crate::support::rng::Purpose;

/// Simulated duration of a recipient whose package has no median, in milliseconds.
const DEFAULT_RECIPIENT_MS: i64 = 85;

/// A lead at a recipient step.
pub(super) struct Delivery<'a> {
    pub(super) target: &'a SubmissionTarget,
    pub(super) step: &'a Value,
    pub(super) vars: &'a Value,
    pub(super) trigger: Option<Trigger>,
}

impl Delivery<'_> {
    /// Delivers the lead, or simulates it. The outcome of an earlier run is reused.
    ///
    /// # Errors
    ///
    /// [`WriteError::PendingCall`] when a call has to be made first.
    pub(super) fn deliver(
        &self,
        context: &mut WriteContext<'_>,
        key: &StepKey,
    ) -> Result<RecipientOutcome, WriteError> {
        if let Some(outcome) = context.effects.recorded_outcome(key) {
            return Ok(outcome.clone());
        }
        let request = RecipientRequest::new(context, self.target, self.step, self.vars);
        let forced = self.trigger.and_then(Trigger::recipient_outcome);
        let outcome = match (forced, &request) {
            // A call that was made counts, whatever has changed since.
            (None, Some(request))
                if context.effects.recorded_call(key).is_some() || request.is_deliverable(context) =>
            {
                request.send(context, key)?
            }
            (forced, request) => {
                let mut outcome = forced.unwrap_or_else(|| self.simulate(context));
                let now_ms = context.now.as_millisecond();
                outcome.transaction = request.as_ref().and_then(|it| it.simulated_transaction(&outcome, now_ms));
                outcome
            }
        };
        context.effects.record_outcome(key, &outcome);
        Ok(outcome)
    }

    /// The outcome of a recipient that is not called.
    fn simulate(&self, context: &mut WriteContext<'_>) -> RecipientOutcome {
        match self.configured_outcome(context) {
            Some(configured) => outcome_of(&configured, self.vars, median_ms(context, self.step)),
            None => RecipientOutcome::new(Outcome::Success, "", median_ms(context, self.step)),
        }
    }

    /// The first document of the collection `recipients`, by id, that matches the step and the lead, and whose
    /// `probability` the random number meets.
    fn configured_outcome(&self, context: &mut WriteContext<'_>) -> Option<Value> {
        let account = context.world.account(&self.target.account)?;
        let recipients = account.all(Collection::Recipients).values();
        let matching: Vec<_> = recipients.filter(|recipient| self.matches(recipient)).cloned().collect();
        for recipient in matching {
            let probability = recipient.value().get("probability").and_then(Value::as_f64).unwrap_or(1.0);
            if probability >= 1.0 || context.world.draw(Purpose::Recipients).0.rng().random_bool(probability.max(0.0)) {
                return Some(recipient.value().clone());
            }
        }
        None
    }

    /// Whether a configured outcome is for this step and this lead. A property that it does not have matches any.
    fn matches(&self, recipient: &Document) -> bool {
        let (step, vars) = (self.step, self.vars);
        let is = |name: &str, actual: &str| recipient.text(name).is_none_or(|expected| is_same_id(expected, actual));
        is("flow_id", text(&vars["flow"], "id"))
            && is("step_id", text(step, "id"))
            && is("entity_id", text(&step["entity"], "id"))
            && is("module_id", text(&step["integration"], "module_id"))
            && recipient.value().get("rule_set").is_none_or(|set| rules_match(set, vars))
    }
}

/// The median duration of a step's integration according to its package, in milliseconds.
fn median_ms(context: &WriteContext<'_>, step: &Value) -> i64 {
    let module_id = text(&step["integration"], "module_id");
    let package = context.world.standard().package_of(module_id);
    let modules = package.map(|package| modules_of(package.value())).unwrap_or_default();
    let module = modules.iter().find(|module| text(module, "id") == module_id);
    module.and_then(|module| module.get("median_wait_ms")?.as_i64()).unwrap_or(DEFAULT_RECIPIENT_MS)
}

/// The outcome that a document of the collection `recipients` configures, with its templates filled.
fn outcome_of(recipient: &Value, vars: &dyn Variables, median_ms: i64) -> RecipientOutcome {
    let mut outcome = match text(recipient, "outcome") {
        "timeout" => RecipientOutcome::timeout(),
        name => RecipientOutcome::new(Outcome::from_name(name).unwrap_or(Outcome::Success), "", median_ms),
    };
    if let Some(reason) = recipient.get("reason").and_then(Value::as_str) {
        outcome.reason = fill_template(reason, vars);
    }
    if let Some(ms) = recipient.get("ms").and_then(Value::as_i64) {
        outcome.ms = ms;
    }
    outcome.price = recipient.get("price").and_then(Value::as_f64);
    if let Some(append) = recipient.get("append").and_then(Value::as_object) {
        let evaluated =
            append.iter().map(|(name, value)| (name.clone(), rules::evaluate(value, vars).unwrap_or(Value::Null)));
        outcome.append = evaluated.collect();
    }
    outcome
}
