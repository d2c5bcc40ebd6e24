//! The values that the steps of the pipeline pass on: the context of a request, and why a step ends it early.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::preferences::Preferences;
use crate::contract::problem::Problem;
use crate::contract::validate::OperationInput;
use crate::contract::{Evidence, Operation, Violation};
use crate::http::message::{Response, SendOptions};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::delivery::{OutboundError, OutboundResponse};
use crate::leadconduit::lead_report::LeadReport;
use crate::leadconduit::outbound_log::{OutboundLog, PendingCall};
use crate::recording::journal::{ContractCheck, Exchange};
use crate::sandbox::{RequestSession, Sandbox, StaleEpoch};
use crate::scenario::rule::respond::AppliedRule;
use crate::scenario::rule::schedule::RuleMatch;
use crate::support::clock::uptime;

/// What the steps have found out about a request so far.
#[derive(Debug, Default)]
pub(super) struct RequestContext<'p> {
    pub(super) session: Option<RequestSession>,
    pub(super) is_control_call: bool,
    pub(super) preferences: Preferences,
    pub(super) operation: Option<&'p Operation>,
    /// True when the request is for a service beside LeadConduit.
    pub(super) is_service_call: bool,
    /// True when no operation has the method and path of the request.
    pub(super) is_unrouted: bool,
    /// The decoded request; empty when an earlier step ended it.
    pub(super) input: OperationInput,
    pub(super) violations: Vec<Violation>,
    /// What the lead handler decided.
    pub(super) lead: Option<Box<LeadReport>>,
    pub(super) contract_check: ContractCheck,
    pub(super) effects: RuleEffects,
    /// Secrets of the request that nothing but its operation knows for such.
    pub(super) secrets: Vec<String>,
    /// The evidence for the response, where it is another than that of its status.
    pub(super) evidence: Option<Evidence>,
}

/// What a request keeps when its steps start again, so that nothing happens twice: it is counted once, rules are selected
/// once, and recipients are called once.
#[derive(Debug)]
pub(super) struct Progress {
    /// When the request arrived, since the start of the process.
    pub(super) started: Duration,
    pub(super) session: Option<RequestSession>,
    /// The number of the request in its sandbox, after the state of the sandbox was replaced.
    pub(super) number: Option<u64>,
    /// The rules that were selected before authentication, and before the operation.
    pub(super) gate_rule: Selection,
    pub(super) operation_rule: Selection,
    pub(super) effect_log: Option<OutboundLog>,
    pub(super) restarts: usize,
    /// Whether the request has computed for longer than a thread of the server allows.
    pub(super) is_long: bool,
}

/// The selection of a rule.
#[derive(Debug)]
pub(super) enum Selection {
    /// No rule was selected yet.
    Open,
    /// The rule that was selected, if any matched.
    Done(Option<Box<RuleMatch>>),
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            started: uptime(),
            session: None,
            number: None,
            gate_rule: Selection::Open,
            operation_rule: Selection::Open,
            effect_log: None,
            restarts: 0,
            is_long: false,
        }
    }

    /// The selection of a rule before authentication (`gate`), or before the operation.
    pub(super) fn selected_rule(&mut self, gate: bool) -> &mut Selection {
        if gate { &mut self.gate_rule } else { &mut self.operation_rule }
    }

    /// Whether a recipient has been called. Starting over would deliver the lead a second time.
    pub(super) fn has_made_calls(&self) -> bool {
        self.effect_log.as_ref().is_some_and(OutboundLog::has_made_calls)
    }

    /// Forgets all but the number of the request: the state of its sandbox was replaced.
    pub(super) fn start_over(&mut self, session: Option<RequestSession>) {
        let number = session.map(|session| session.number);
        *self =
            Self { started: self.started, number, restarts: self.restarts + 1, is_long: self.is_long, ..Self::new() };
    }

    /// Records the result of a pending call, which began at `started`.
    pub(super) fn record_response(
        &mut self,
        call: PendingCall,
        result: Result<OutboundResponse, OutboundError>,
        started: Duration,
    ) {
        let ms = uptime().saturating_sub(started).as_millis();
        if let Some(effect_log) = &mut self.effect_log {
            effect_log.record_response(call, result, u64::try_from(ms).unwrap_or(u64::MAX));
        }
    }
}

/// What a request waits for before its steps run again.
#[derive(Debug)]
pub(super) enum Suspension {
    /// The response of a recipient.
    Call(Box<PendingCall>),
    /// A thread for long computations.
    Computation,
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

    /// Adds the delay, the drip and the wire fault of a rule. Delays add up; of two wire faults or drips the first one
    /// applies.
    pub(super) fn add_send_options(&mut self, added: SendOptions) {
        let Some(current) = &mut self.send_options else {
            self.send_options = Some(Box::new(added));
            return;
        };
        current.delay_ms = current.delay_ms.saturating_add(added.delay_ms);
        current.slow_headers = current.slow_headers.or(added.slow_headers);
        current.drip = current.drip.or(added.drip);
        if current.wire_fault.is_none() {
            current.wire_fault = added.wire_fault;
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
    /// The operation needs the response of a recipient: the steps run again with it.
    PendingCall(Box<PendingCall>),
    /// The steps take too long for a thread that serves connections: they run again on another one.
    LongComputation,
}

impl EarlyExit {
    /// The evidence for the response, where it is another than that of its status.
    pub(super) fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::ApiError(error) => error.evidence,
            _ => None,
        }
    }
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
