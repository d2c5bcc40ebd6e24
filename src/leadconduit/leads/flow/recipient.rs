//! Delivers a lead to the recipient of a step. A recipient that can be called is called when deliveries are on; all
//! others are simulated: their outcome is configured in the world (collection `recipients`), and success by default.

use std::sync::Arc;

use rand::RngExt;
use serde_json::Value;

use super::recipient_request::{RecipientRequest, unknown_module_transaction};
use super::service_step::{ServiceModule, ServiceStep};
use super::target::SubmissionTarget;
use super::trigger::Trigger;
use crate::contract::standard::modules_of;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::{OutboundResponse, RecipientModule};
use crate::leadconduit::flow_model::{ConfiguredOutcome, ConfiguredResponse, Recipient, Step};
use crate::leadconduit::outbound_log::{RecipientOutcome, StepKey, WriteError};
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values::Variables;
use crate::support::document::{Document, text};
use crate::support::rng::Purpose;

/// Simulated duration of a recipient whose package has no median, in milliseconds.
const DEFAULT_RECIPIENT_MS: i64 = 85;

/// A lead at a recipient step.
pub(super) struct Delivery<'a> {
    pub(super) target: &'a SubmissionTarget,
    pub(super) step: &'a Step,
    pub(super) recipient: &'a Recipient,
    pub(super) vars: &'a Value,
    /// The same as they are stored, with masked values.
    pub(super) stored_vars: &'a Value,
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
        let service = ServiceModule::of(&self.recipient.module_id);
        if let Some(outcome) = context.effects.recorded_outcome(key).cloned() {
            // What the step wrote was rolled back with the earlier run.
            if let Some(module) = service.filter(|module| outcome.is_complete && module.writes_after(&outcome)) {
                self.run_service(context, module)?;
            }
            return Ok(outcome);
        }
        let request = if service.is_some() { None } else { self.request(context) };
        let forced = self.trigger.and_then(Trigger::recipient_outcome);
        let outcome = match (forced, &request) {
            // A call that was made counts, whatever has changed since.
            (None, Some(request)) if !context.effects.calls(key).is_empty() || request.is_deliverable(context) => {
                request.send(context, key)?
            }
            (forced, request) => {
                let called = request.as_ref().filter(|_| forced.is_none());
                let outcome = self.simulated(context, forced, request.as_ref(), service)?;
                match called {
                    Some(request) => request.mark_simulated(context, outcome),
                    None => outcome,
                }
            }
        };
        context.effects.record_outcome(key, &outcome);
        Ok(outcome)
    }

    /// The outcome of a recipient that is not called, with the request and the response that it would have had.
    fn simulated(
        &self,
        context: &mut WriteContext<'_>,
        forced: Option<RecipientOutcome>,
        request: Option<&RecipientRequest>,
        service: Option<ServiceModule>,
    ) -> Result<RecipientOutcome, ApiError> {
        let configured = if forced.is_none() { self.configured_outcome(context) } else { None };
        let configured = configured.as_deref().map(ConfiguredOutcome::of);
        let now_ms = context.now.as_millisecond();
        let median_ms = median_ms(context, self.recipient);
        if let Some((outcome, response)) = configured.and_then(|outcome| Some((outcome, outcome.response.as_ref()?))) {
            let response = self.fill(response, outcome.ms.unwrap_or(median_ms));
            let fallback = if request.is_none() { self.without_url(context) } else { None };
            return Ok(match request.or(fallback.as_ref()) {
                Some(request) => request.simulated_response(&response, now_ms),
                None => {
                    let reason = format!("the mock does not know how {} reads a response", self.recipient.module_id);
                    RecipientOutcome::new(Outcome::Error, &reason, median_ms)
                }
            });
        }
        let mut outcome = match (forced, configured, service) {
            (Some(forced), ..) => forced,
            (None, Some(configured), _) => outcome_of(configured, self.stored_vars, median_ms),
            (None, None, Some(module)) => self.run_service(context, module)?,
            (None, None, None) => RecipientOutcome::new(Outcome::Success, "", median_ms),
        };
        if !outcome.transactions.is_empty() {
            return Ok(outcome);
        }
        if let Some(request) = request {
            return Ok(request.simulated(context, outcome));
        }
        let is_known = RecipientModule::find(&self.recipient.module_id).is_some();
        // An error has transactions in any case: they are what a client shows of it.
        let is_recorded = outcome.outcome == Outcome::Error;
        if is_known {
            let fallback = if is_recorded { self.without_url(context) } else { None };
            return Ok(match fallback {
                Some(request) => request.simulated(context, outcome),
                None => outcome,
            });
        }
        if is_recorded || (self.recipient.has_url && service.is_none()) {
            outcome.transactions =
                unknown_module_transaction(self.recipient, self.stored_vars, &outcome, now_ms).into_iter().collect();
        }
        Ok(outcome)
    }

    fn request(&self, context: &WriteContext<'_>) -> Option<RecipientRequest> {
        RecipientRequest::new(context, self.target, self.recipient, self.vars, self.stored_vars)
    }

    fn without_url(&self, context: &WriteContext<'_>) -> Option<RecipientRequest> {
        RecipientRequest::without_url(context, self.target, self.recipient, self.stored_vars)
    }

    /// A configured response, with its template filled.
    fn fill(&self, configured: &ConfiguredResponse, ms: i64) -> OutboundResponse {
        let header = |value: &String| ("content-type".to_owned(), value.clone());
        OutboundResponse {
            status: configured.status,
            headers: configured.content_type.iter().map(header).collect(),
            body: configured.body.fill(self.stored_vars).into(),
            began_ms: 0,
            ms: u64::try_from(ms).unwrap_or_default(),
            attempts: 1,
        }
    }

    fn run_service(&self, context: &mut WriteContext<'_>, module: ServiceModule) -> Result<RecipientOutcome, ApiError> {
        let Self { target, recipient, vars, stored_vars, .. } = *self;
        let ms = median_ms(context, recipient);
        module.run(context, &ServiceStep { target, recipient, vars, stored_vars, ms })
    }

    /// The first document of the collection `recipients`, by id, that matches the step and the lead, and whose
    /// `probability` the random number meets.
    fn configured_outcome(&self, context: &mut WriteContext<'_>) -> Option<Arc<Document>> {
        let account = context.world.account(&self.target.account)?;
        let recipients = account.all(Collection::Recipients).values();
        let matching: Vec<_> = recipients.filter(|document| self.matches(document)).cloned().collect();
        for document in matching {
            let probability = ConfiguredOutcome::of(&document).probability;
            if probability >= 1.0
                || context.world.random_stream(Purpose::Recipients).0.rng().random_bool(probability.max(0.0))
            {
                return Some(document);
            }
        }
        None
    }

    /// Whether a configured outcome is for this step and this lead.
    fn matches(&self, document: &Document) -> bool {
        let flow_id = text(&self.vars["flow"], "id");
        ConfiguredOutcome::of(document).matches(flow_id, self.step, self.recipient, self.vars)
    }
}

/// The median duration of an integration according to its package, in milliseconds.
fn median_ms(context: &WriteContext<'_>, recipient: &Recipient) -> i64 {
    *recipient.median_ms.get_or_init(|| {
        let package = context.world.standard().package_of(&recipient.module_id);
        let modules = package.map(|package| modules_of(package.value())).unwrap_or_default();
        let module = modules.iter().find(|module| text(module, "id") == recipient.module_id);
        module.and_then(|module| module.get("median_wait_ms")?.as_i64()).unwrap_or(DEFAULT_RECIPIENT_MS)
    })
}

/// A configured outcome, with its templates filled.
fn outcome_of(configured: &ConfiguredOutcome, vars: &dyn Variables, median_ms: i64) -> RecipientOutcome {
    let mut outcome = match configured.outcome {
        None => RecipientOutcome::timeout(),
        Some(outcome) => RecipientOutcome::new(outcome, "", median_ms),
    };
    if let Some(reason) = &configured.reason {
        outcome.reason = reason.fill(vars);
    }
    if let Some(ms) = configured.ms {
        outcome.ms = ms;
    }
    outcome.price = configured.price;
    if let Some(append) = configured.appended(vars) {
        outcome.append = append;
    }
    outcome
}
