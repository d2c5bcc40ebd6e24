//! What an operation causes outside the sandbox: calls to recipients, whose responses it needs, and firehose files.
//!
//! An operation holds the sandbox lock, so it cannot wait for a recipient. It ends with [`WriteError::PendingCall`],
//! which rolls its changes back. The pipeline performs the call without the lock and runs the operation again with the
//! recorded response. The later runs use the ids and recipient outcomes of the earlier ones, because they may have been
//! sent to a recipient.

use std::collections::BTreeMap;
use std::sync::{Arc, Once};

use serde_json::{Map, Value};

use crate::config::limits::DELIVERY_DEPTH_MAX;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::delivery::{
    HttpClient, OutboundError, OutboundRequest, OutboundResponse, Refusal, firehose_request,
};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::budget::BudgetExceeded;
use crate::leadconduit::state::events::Outcome;
use crate::support::document::{self, number, text};
use crate::support::ids::ObjectId;

/// How many calls are made for one lead; further ones are simulated.
const CALLS_MAX: usize = 100;

/// How long LeadConduit waits for a recipient, in milliseconds.
const RECIPIENT_TIMEOUT_MS: i64 = 30_000;

/// Identifies an attempt of a step of a flow, for one lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StepKey {
    /// The number of the step, from 1.
    pub(crate) number: usize,
    /// The id of the step. Another revision of the flow may have been deployed while a call was pending.
    pub(crate) step_id: String,
    /// The number of the attempt, from 0.
    pub(crate) attempt: u8,
}

/// An outbound call that an operation needs the response of.
#[derive(Clone, Debug)]
pub struct PendingCall {
    key: StepKey,
    /// The request to send.
    pub request: OutboundRequest,
}

/// Why a run of a writing operation has no successful response.
#[derive(Clone, Debug)]
pub enum WriteError {
    /// The response is an error.
    Api(ApiError),
    /// The call has to be performed; then the operation runs again. No client sees this.
    PendingCall(Box<PendingCall>),
    /// The write would exceed a budget of the mock.
    Budget(BudgetExceeded),
    /// The sandbox was written to again and again while the operation computed.
    Overtaken,
    /// The write depends on what concurrent writes change, so it must be prepared with the sandbox locked. No client sees
    /// this.
    NeedsLock,
}

impl From<ApiError> for WriteError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// The result of a run of an operation that may need the responses of outbound calls.
pub type WriteResult = Result<OperationResponse, WriteError>;

/// A call that was made.
#[derive(Clone, Debug)]
pub(crate) struct CompletedCall {
    pub(crate) request: OutboundRequest,
    pub(crate) result: Result<OutboundResponse, OutboundError>,
    /// Duration in milliseconds, retries included.
    pub(crate) ms: u64,
}

/// The outcome of a recipient step.
#[derive(Clone, Debug)]
pub(crate) struct RecipientOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    /// The price that the recipient offers, in dollars.
    pub(crate) price: Option<f64>,
    /// Further properties of the response, for later steps.
    pub(crate) append: Map<String, Value>,
    /// Whether `append` is all that later steps find; otherwise outcome, reason and price come first.
    pub(crate) is_complete: bool,
    /// Duration in milliseconds.
    pub(crate) ms: i64,
    /// Whether there was no response in time.
    pub(crate) is_timeout: bool,
    /// Why the recipient was simulated although deliveries are on.
    pub(crate) simulated: Option<String>,
    /// The calls as an event shows them, each with its request and its response.
    pub(crate) transactions: Vec<Value>,
}

impl RecipientOutcome {
    pub(crate) fn new(outcome: Outcome, reason: &str, ms: i64) -> Self {
        Self {
            outcome,
            reason: reason.to_owned(),
            price: None,
            append: Map::new(),
            is_complete: false,
            ms,
            is_timeout: false,
            simulated: None,
            transactions: Vec::new(),
        }
    }

    /// The recipient did not respond in time.
    pub(crate) fn timeout() -> Self {
        Self { is_timeout: true, ..Self::new(Outcome::Error, "Timed out", RECIPIENT_TIMEOUT_MS) }
    }

    /// The step did not run.
    pub(crate) fn skipped(reason: &str) -> Self {
        Self::new(Outcome::Skip, reason, 0)
    }

    /// The value that later steps find under the key of the step.
    pub(crate) fn appended(&self) -> Value {
        if self.is_complete {
            return Value::Object(self.append.clone());
        }
        let mut appended = Map::new();
        appended.insert("outcome".to_owned(), self.outcome.name().into());
        if !self.reason.is_empty() {
            appended.insert("reason".to_owned(), self.reason.clone().into());
        }
        if let Some(price) = self.price {
            appended.insert("price".to_owned(), number(price));
        }
        appended.extend(self.append.clone());
        Value::Object(appended)
    }
}

/// The outbound effects of one operation. The default one allows none.
#[derive(Debug, Default)]
pub struct OutboundLog {
    /// Decides which recipients can be called; `None` when deliveries are off.
    client: Option<HttpClient>,
    /// The same for an operation that makes no calls, to explain which recipients would not be called.
    dry_run_client: Option<HttpClient>,
    firehose_url: Option<Arc<str>>,
    /// How many deliveries of a mock have led to this operation.
    depth: u8,
    /// The ids and outcomes before the current run.
    before_run: (BTreeMap<StepKey, ObjectId>, BTreeMap<StepKey, RecipientOutcome>),
    ids: BTreeMap<StepKey, ObjectId>,
    calls: BTreeMap<StepKey, Vec<CompletedCall>>,
    outcomes: BTreeMap<StepKey, RecipientOutcome>,
    firehose_writes: Vec<OutboundRequest>,
}

impl OutboundLog {
    /// An effect log. `None` disables deliveries or the firehose. `depth` is the number of deliveries of a mock that have
    /// led to the operation.
    #[must_use]
    pub fn new(client: Option<HttpClient>, firehose_url: Option<Arc<str>>, depth: u8) -> Self {
        Self { client, firehose_url, depth, ..Self::default() }
    }

    /// The effect log of an operation that makes no calls, on a server with or without deliveries.
    #[must_use]
    pub fn dry_run(client: Option<HttpClient>) -> Self {
        Self { dry_run_client: client, ..Self::default() }
    }

    /// Begins a run of the operation: drops the firehose files of the run before.
    pub fn start_run(&mut self) {
        self.firehose_writes.clear();
        if self.client.is_some() {
            self.before_run = (self.ids.clone(), self.outcomes.clone());
        }
    }

    /// Forgets what the current run has recorded, because the world forgets its ids too. Calls are kept.
    pub fn abort_run(&mut self) {
        self.firehose_writes.clear();
        (self.ids, self.outcomes) = std::mem::take(&mut self.before_run);
    }

    /// Whether so many deliveries have led to this operation that it may not make another one.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth >= DELIVERY_DEPTH_MAX
    }

    /// Records the result of a pending call, and its duration in milliseconds.
    pub fn record_response(&mut self, call: PendingCall, result: Result<OutboundResponse, OutboundError>, ms: u64) {
        let PendingCall { key, request } = call;
        self.calls.entry(key).or_default().push(CompletedCall { request, result, ms });
    }

    /// The error of an operation that needs the response of this call, for an attempt of a step.
    pub(crate) fn pending_call(&self, key: &StepKey, request: OutboundRequest) -> WriteError {
        let request = OutboundRequest { depth: self.depth + 1, ..request };
        WriteError::PendingCall(Box::new(PendingCall { key: key.clone(), request }))
    }

    /// Whether a recipient has been called.
    #[must_use]
    pub fn has_made_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The firehose files of the last run.
    pub fn take_firehose_writes(&mut self) -> Vec<OutboundRequest> {
        std::mem::take(&mut self.firehose_writes)
    }

    /// The id that an earlier run generated for a step, or a new one.
    pub(crate) fn id_for(&mut self, key: &StepKey, generate: impl FnOnce() -> ObjectId) -> ObjectId {
        if self.client.is_none() {
            return generate();
        }
        *self.ids.entry(key.clone()).or_insert_with(generate)
    }

    /// Whether recipients are called.
    pub(crate) fn has_deliveries(&self) -> bool {
        self.client.is_some()
    }

    /// Whether this is a dry run of a request that would call recipients.
    pub(crate) fn would_deliver(&self) -> bool {
        self.dry_run_client.is_some()
    }

    /// Why a recipient at this URL is simulated although deliveries are on.
    pub(crate) fn refusal(&self, url: &str) -> Option<Refusal> {
        let refusal = self.client.as_ref().or(self.dry_run_client.as_ref())?.refusal(url);
        let calls: usize = self.calls.values().map(Vec::len).sum();
        refusal.or_else(|| (calls >= CALLS_MAX).then_some(Refusal::Calls(CALLS_MAX)))
    }

    /// Logs why a recipient is simulated, unless no recipient would be called.
    pub(crate) fn log_simulated(&self, why: &str) {
        if let Some(client) = &self.client {
            client.log_simulated(why);
        }
    }

    /// The calls that were made for a step, in their order.
    pub(crate) fn calls(&self, key: &StepKey) -> &[CompletedCall] {
        self.calls.get(key).map_or(&[], Vec::as_slice)
    }

    /// The outcome of a step in an earlier run.
    pub(crate) fn recorded_outcome(&self, key: &StepKey) -> Option<&RecipientOutcome> {
        self.outcomes.get(key)
    }

    /// Whether the recipient of a step has received the lead already.
    pub(crate) fn has_contacted(&self, key: &StepKey) -> bool {
        self.calls.contains_key(key) || self.outcomes.contains_key(key)
    }

    /// Records the outcome of a step for later runs.
    pub(crate) fn record_outcome(&mut self, key: &StepKey, outcome: &RecipientOutcome) {
        if self.client.is_some() {
            self.outcomes.insert(key.clone(), outcome.clone());
        }
    }

    /// Whether events are written to the firehose. If not, there is no need to render them.
    pub(crate) fn has_firehose(&self) -> bool {
        self.firehose_url.is_some()
    }

    /// Adds the firehose file of an event. `firehose` is the configuration of the flow.
    pub(crate) fn write_firehose(&mut self, firehose: &Value, event: &Value) {
        static LOG_ONCE: Once = Once::new();
        let Some(url) = &self.firehose_url else { return };
        if self.is_too_deep() {
            LOG_ONCE.call_once(|| {
                tracing::warn!(
                    "an event was not written to the firehose: {DELIVERY_DEPTH_MAX} outbound requests in a row led to \
                     it, which is the maximum; the firehose or a recipient leads back to this mock"
                );
            });
            return;
        }
        let lead = text(&event["vars"]["lead"], "id");
        let body = document::serialise(event);
        let request = firehose_request(url, firehose, lead, text(event, "id"), body);
        self.firehose_writes.push(OutboundRequest { depth: self.depth + 1, ..request });
    }
}
