//! Steps that use one of the vendor's services, which is simulated: `SuppressionList` and `TrustedForm`.
//!
//! Such a step builds the request of the vendor's module, lets the service of the world respond, and reads the response
//! as the module does. Neither is sent anywhere, with deliveries neither.
//!
//! | module | holds |
//! |---|---|
//! | `decisions` | the data of a certificate for acceptance criteria, caps and prices |
//! | `suppressionlist`, `trustedform` | the modules |
//! | `certificate_data` | what the modules append of a certificate |
//! | `inputs` | the mapped variables of a module |
//!
//! Each module uses only modules below it in this table.

mod certificate_data;
mod decisions;
mod inputs;
mod suppressionlist;
mod trustedform;

use serde_json::{Map, Value};

use super::call_document;
use super::target::SubmissionTarget;
use crate::http::basic_auth;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::OutboundRequest;
use crate::leadconduit::flow_model::{Flow, Recipient};
use crate::leadconduit::outbound_log::RecipientOutcome;
use crate::leadconduit::services::ServiceResponse;
use crate::leadconduit::state::events::Outcome;
pub(super) use decisions::certificate_decisions;
use inputs::Inputs;

/// A module of the vendor that uses a simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceModule {
    SuppressionList(suppressionlist::Module),
    TrustedForm(trustedform::Module),
}

/// Whether a lead of a flow may change what a service stores. Such a lead depends on the leads before it.
pub(super) fn writes(flow: &Flow) -> bool {
    let mut modules = flow.recipients().filter_map(|(_, _, recipient)| ServiceModule::of(&recipient.module_id));
    modules.any(ServiceModule::writes)
}

/// A lead at a step that uses a service.
#[derive(Clone, Copy)]
pub(super) struct ServiceStep<'a> {
    pub(super) target: &'a SubmissionTarget,
    pub(super) recipient: &'a Recipient,
    pub(super) vars: &'a Value,
    /// The same as they are stored, with masked values.
    pub(super) stored_vars: &'a Value,
    /// The simulated duration of a call, in milliseconds.
    pub(super) ms: i64,
}

impl ServiceModule {
    /// The module with an id; `None` when it uses no simulated service.
    pub(super) fn of(module_id: &str) -> Option<Self> {
        let (package, path) = module_id.split_once('.')?;
        match package {
            "leadconduit-suppressionlist" => suppressionlist::Module::of(path).map(Self::SuppressionList),
            "leadconduit-trustedform" => trustedform::Module::of(path).map(Self::TrustedForm),
            _ => None,
        }
    }

    fn writes(self) -> bool {
        match self {
            Self::SuppressionList(module) => module != suppressionlist::Module::Query,
            Self::TrustedForm(module) => module != trustedform::Module::Insights,
        }
    }

    /// Whether a step with this outcome may have changed the world. A value that was found on a list is not added to it.
    pub(super) fn writes_after(self, outcome: &RecipientOutcome) -> bool {
        matches!(self, Self::TrustedForm(_)) || outcome.outcome == Outcome::Success
    }

    /// Runs the step on the world.
    ///
    /// # Errors
    ///
    /// When what the service stores cannot be stored.
    pub(super) fn run(
        self,
        context: &mut WriteContext<'_>,
        step: &ServiceStep<'_>,
    ) -> Result<RecipientOutcome, ApiError> {
        let inputs = Inputs::new(context, step);
        match self {
            Self::SuppressionList(module) => module.run(context, step, &inputs),
            Self::TrustedForm(module) => module.run(context, step, &inputs),
        }
    }
}

/// Why a module skips its step, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct SkipReason(&'static str);

/// What a module returns.
struct ModuleResult {
    outcome: Outcome,
    reason: String,
    /// Everything that is appended for later steps.
    append: Map<String, Value>,
}

impl ModuleResult {
    /// The outcome of the step, after calls that took this long in all.
    fn into_outcome(self, ms: i64, transactions: Vec<Value>) -> RecipientOutcome {
        RecipientOutcome {
            append: self.append,
            is_complete: true,
            transactions,
            ..RecipientOutcome::new(self.outcome, &self.reason, ms)
        }
    }
}

/// A call as an event shows it. `number` counts the calls of the step from 0.
fn transaction(
    context: &WriteContext<'_>,
    step: &ServiceStep<'_>,
    number: i64,
    request: &OutboundRequest,
    response: &ServiceResponse,
) -> Value {
    let began = context.now.as_millisecond() + number * step.ms;
    let headers = [
        ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
        ("X-Runtime".to_owned(), seconds(step.ms)),
    ];
    let response = call_document::recipient_response(response.status, &headers, &response.bytes(), began + step.ms);
    call_document::transaction(request, response, began, step.ms)
}

/// A duration in seconds, as the services write it.
#[expect(clippy::cast_precision_loss, reason = "durations of calls are small")]
fn seconds(ms: i64) -> String {
    format!("{:.3}", ms as f64 / 1000.0)
}

/// The credentials of the account at its services. Events never show them.
fn authorization(context: &WriteContext<'_>, step: &ServiceStep<'_>) -> (String, String) {
    let account = context.world.account(&step.target.account);
    let key = account.and_then(|account| account.document().text("api_key")).unwrap_or_default();
    ("Authorization".to_owned(), basic_auth::encode("X", key))
}
