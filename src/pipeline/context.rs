//! The values that the steps of the pipeline pass on: the context of a request, and why a step ends it early.

use std::sync::Arc;

use http::HeaderMap;

use super::preferences::Preferences;
use crate::contract::problem::Problem;
use crate::contract::validate::OperationInput;
use crate::contract::{Operation, Violation};
use crate::http::message::{Response, SendOptions};
use crate::leadconduit::api_error::ApiError;
use crate::recording::journal::{ContractCheck, Exchange};
use crate::sandbox::{RequestSession, Sandbox, StaleEpoch};
use crate::scenario::rule::respond::AppliedRule;

/// What the steps have found out about a request so far.
#[derive(Debug, Default)]
pub(super) struct RequestContext<'p> {
    pub(super) session: Option<RequestSession>,
    pub(super) is_control_call: bool,
    pub(super) preferences: Preferences,
    pub(super) operation: Option<&'p Operation>,
    /// True when no operation has the method and path of the request.
    pub(super) is_unrouted: bool,
    /// The decoded request; empty when an earlier step ended it.
    pub(super) input: OperationInput,
    pub(super) violations: Vec<Violation>,
    pub(super) contract_check: ContractCheck,
    pub(super) effects: RuleEffects,
}

/// The effects of rules and faults on a response.
#[derive(Debug, Default)]
pub(super) struct RuleEffects {
    pub(super) applied_rules: Vec<AppliedRule>,
    /// Headers to add to the response of the operation.
    pub(super) headers: HeaderMap,
    pub(super) send_options: Option<Box<SendOptions>>,
}

impl RuleEffects {
    /// Delays the response, in addition to other delays.
    pub(super) fn add_delay(&mut self, ms: u64) {
        if ms > 0 {
            let send_options = self.send_options.get_or_insert_default();
            send_options.delay_ms = send_options.delay_ms.saturating_add(ms);
        }
    }

    /// Adds the delay and the faults of a rule. Delays add up; of two faults or drips the first one applies.
    pub(super) fn add_send_options(&mut self, added: SendOptions) {
        let Some(current) = &mut self.send_options else {
            self.send_options = Some(Box::new(added));
            return;
        };
        current.delay_ms = current.delay_ms.saturating_add(added.delay_ms);
        current.slow_headers = current.slow_headers.or(added.slow_headers);
        current.drip = current.drip.or(added.drip);
        if current.fault.is_none() {
            current.fault = added.fault;
            current.garbage = added.garbage;
        }
    }
}

/// An exchange, and the sandbox whose journal it is in.
#[derive(Debug)]
pub(super) struct RecordedExchange {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) exchange: Arc<Exchange>,
}

/// Why a step ends the request before the operation responds.
#[derive(Debug)]
pub(super) enum EarlyExit {
    /// An error response of the simulated API.
    ApiError(ApiError),
    /// An error of the mock itself.
    Problem(Problem),
    /// A complete response.
    Response(Response),
    /// The state of the sandbox was replaced: the steps start again.
    StaleEpoch,
}

impl From<ApiError> for EarlyExit {
    fn from(error: ApiError) -> Self {
        Self::ApiError(error)
    }
}

impl From<Problem> for EarlyExit {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StaleEpoch> for EarlyExit {
    fn from(StaleEpoch: StaleEpoch) -> Self {
        Self::StaleEpoch
    }
}
