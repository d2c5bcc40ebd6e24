//! Recipients: what one says of a lead. Those that may be called, where deliveries are on, say so themselves. For all
//! others it is set in the world, and without a word there they take every lead.

use rand::RngExt;
use serde_json::{Map, Value};

use super::execution::FlowExecution;
use super::recipient_request::RecipientRequest;
use super::trigger::Trigger;
use super::{fill, holds};
use crate::contract::standard::modules_of;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::effect_log::{RecipientOutcome, StepKey};
use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values::Variables;
use crate::support::document::{Document, is_same_id, text};
use crate::support::rng::Purpose;

/// How long a recipient takes in the mock's books when nothing says so, in milliseconds.
const TOOK_MS: i64 = 85;

/// After how long LeadConduit gives up on a recipient, in the mock's books.
const TIMEOUT_MS: i64 = 30_000;

/// Asks the recipient of a step.
pub(super) fn ask(
    call: &mut WriteContext<'_>,
    run: &FlowExecution<'_>,
    step: &Value,
    spot: &StepKey,
) -> Result<RecipientOutcome, ApiError> {
    if let Some(said) = call.outbox.said(spot) {
        return Ok(said.clone());
    }
    let letter = RecipientRequest::of(call, run.door, step, &run.vars);
    let said = match (run.trigger.and_then(Trigger::recipient), &letter) {
        // A delivery that was made counts, whatever has changed since.
        (None, Some(letter)) if call.outbox.made(spot).is_some() || letter.goes_out(call) => letter.send(call, spot)?,
        (told, letter) => {
            let mut said = told.unwrap_or_else(|| imagine(call, &run.door.account, step, &run.vars));
            said.transaction = letter.as_ref().and_then(|letter| letter.imagined(&said, call.now.as_millisecond()));
            said
        }
    };
    call.outbox.remember(spot, &said);
    Ok(said)
}

/// What a recipient says that is not called.
fn imagine(call: &mut WriteContext<'_>, owner: &str, step: &Value, vars: &Value) -> RecipientOutcome {
    match answer(call, owner, step, vars) {
        Some(answer) => RecipientOutcome::of(&answer, vars, usual_ms(call, step)),
        None => RecipientOutcome::new(Outcome::Success, "", usual_ms(call, step)),
    }
}

/// The answer that is set for a step and a lead like this: the first, by its id, that fits and whose turn it is.
fn answer(call: &mut WriteContext<'_>, owner: &str, step: &Value, vars: &Value) -> Option<Value> {
    let account = call.world.account(owner)?;
    let fitting: Vec<_> =
        account.all(Collection::Recipients).values().filter(|set| fits(set, step, vars)).cloned().collect();
    for set in fitting {
        let probability = set.value().get("probability").and_then(Value::as_f64).unwrap_or(1.0);
        if probability >= 1.0 || call.world.draw(Purpose::Recipients).0.rng().random_bool(probability.max(0.0)) {
            return Some(set.value().clone());
        }
    }
    None
}

/// Whether an answer is for this step and this lead. What it does not name may be any.
fn fits(set: &Document, step: &Value, vars: &Value) -> bool {
    let is = |name: &str, found: &str| set.text(name).is_none_or(|wanted| is_same_id(wanted, found));
    is("flow_id", text(&vars["flow"], "id"))
        && is("step_id", text(step, "id"))
        && is("entity_id", text(&step["entity"], "id"))
        && is("module_id", text(&step["integration"], "module_id"))
        && set.value().get("rule_set").is_none_or(|rules| holds(rules, vars))
}

/// How long the integration of a step takes, as its package tells.
fn usual_ms(call: &WriteContext<'_>, step: &Value) -> i64 {
    let module = text(&step["integration"], "module_id");
    let package = call.world.standard().package_of(module);
    let modules = package.map(|package| modules_of(package.value())).unwrap_or_default();
    let module = modules.iter().find(|known| text(known, "id") == module);
    module.and_then(|known| known.get("median_wait_ms")?.as_i64()).unwrap_or(TOOK_MS)
}

impl RecipientOutcome {
    pub(super) fn new(outcome: Outcome, reason: &str, ms: i64) -> Self {
        Self {
            outcome,
            reason: reason.to_owned(),
            price: None,
            append: Map::new(),
            ms,
            is_silent: false,
            transaction: None,
        }
    }

    /// Nothing: the recipient did not answer in time.
    pub(super) fn timeout() -> Self {
        Self { is_silent: true, ..Self::new(Outcome::Error, "Timed out", TIMEOUT_MS) }
    }

    /// What a document of the world says, its templates filled.
    fn of(set: &Value, vars: &dyn Variables, usual_ms: i64) -> Self {
        let mut said = match text(set, "outcome") {
            "timeout" => Self::timeout(),
            word => Self::new(Outcome::named(word).unwrap_or(Outcome::Success), "", usual_ms),
        };
        if let Some(reason) = set.get("reason").and_then(Value::as_str) {
            said.reason = fill(reason, vars);
        }
        if let Some(ms) = set.get("ms").and_then(Value::as_i64) {
            said.ms = ms;
        }
        said.price = set.get("price").and_then(Value::as_f64);
        if let Some(append) = set.get("append").and_then(Value::as_object) {
            let filled =
                append.iter().map(|(name, value)| (name.clone(), rules::evaluate(value, vars).unwrap_or(Value::Null)));
            said.append = filled.collect();
        }
        said
    }

    /// What later steps find under the key of the step.
    pub(super) fn appended(&self) -> Value {
        let mut appended = Map::new();
        appended.insert("outcome".to_owned(), self.outcome.name().into());
        if !self.reason.is_empty() {
            appended.insert("reason".to_owned(), self.reason.clone().into());
        }
        if let Some(price) = self.price {
            appended.insert("price".to_owned(), crate::support::document::number(price));
        }
        appended.extend(self.append.clone());
        Value::Object(appended)
    }

    /// A step that was not run.
    pub(super) fn skipped(reason: &str) -> Self {
        Self::new(Outcome::Skip, reason, 0)
    }
}
