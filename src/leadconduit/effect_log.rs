//! What leaves the server because of a call: deliveries that are waited for, and copies of events.
//!
//! A behaviour cannot wait: it holds the sandbox. So a run that needs an answer from outside ends unkept and leaves the
//! delivery here. It is made when nothing is held, and the run is repeated with the answer. What was told outside, or
//! said, stays the same then: ids that were drawn, and what each recipient said.

use std::collections::BTreeMap;
use std::sync::{Arc, Once};

use serde_json::{Map, Value};

use crate::leadconduit::delivery::{Call, CallError, Outbound, Received, firehose_call};
use crate::leadconduit::response::ApiError;
use crate::leadconduit::state::events::Outcome;
use crate::support::document::{self, text};

/// How many deliveries of one lead are made; further ones are simulated.
const CALLS_MAX: usize = 100;

/// A place on a lead's way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StepKey {
    /// The number of the step, from 1.
    pub(crate) at: usize,
    /// Its id. Somebody may have deployed another flow while an answer was waited for.
    pub(crate) step: String,
    /// Which attempt it is, from 0.
    pub(crate) attempt: u8,
}

/// A delivery that was made.
#[derive(Clone, Debug)]
pub(crate) struct RecordedCall {
    /// What was sent.
    pub(crate) call: Call,
    /// What came back.
    pub(crate) received: Result<Received, CallError>,
    /// How long it took, further attempts included, in milliseconds.
    pub(crate) ms: u64,
}

/// What a recipient said.
#[derive(Clone, Debug)]
pub(crate) struct RecipientOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    /// The price that it names.
    pub(crate) price: Option<f64>,
    /// What else it says, for later steps to use.
    pub(crate) append: Map<String, Value>,
    pub(crate) ms: i64,
    /// Whether nothing was said at all: there was no answer in time.
    pub(crate) is_silent: bool,
    /// The call that was made for it, and its answer.
    pub(crate) transaction: Option<Value>,
}

/// What leaves the server because of a call. The default lets nothing out.
#[derive(Debug, Default)]
pub struct EffectLog {
    /// Where deliveries may go; nothing when none is made.
    reach: Option<Outbound>,
    firehose_url: Option<Arc<str>>,
    ids: BTreeMap<StepKey, String>,
    made: BTreeMap<StepKey, RecordedCall>,
    said: BTreeMap<StepKey, RecipientOutcome>,
    waiting: Option<(StepKey, Call)>,
    copies: Vec<Call>,
}

impl EffectLog {
    /// With where deliveries may go and what takes copies of events, as far as anything may leave.
    #[must_use]
    pub fn new(reach: Option<Outbound>, firehose_url: Option<Arc<str>>) -> Self {
        Self { reach, firehose_url, ..Self::default() }
    }

    /// A run begins: what the one before it wanted to leave is forgotten.
    pub fn begin(&mut self) {
        self.waiting = None;
        self.copies.clear();
    }

    /// The delivery whose answer is waited for.
    #[must_use]
    pub fn waiting(&self) -> Option<&Call> {
        self.waiting.as_ref().map(|(_, call)| call)
    }

    /// What the delivery that was waited for brought, and after how many milliseconds.
    pub fn answer(&mut self, received: Result<Received, CallError>, ms: u64) {
        if let Some((spot, call)) = self.waiting.take() {
            self.made.insert(spot, RecordedCall { call, received, ms });
        }
    }

    /// Whether anybody outside has been called.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.made.is_empty()
    }

    /// The files that are to be written because of the last run.
    pub fn take_copies(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.copies)
    }

    /// The id that was drawn here before, or a new one.
    pub(crate) fn id(&mut self, spot: &StepKey, draw: impl FnOnce() -> String) -> String {
        if self.reach.is_none() {
            return draw();
        }
        self.ids.entry(spot.clone()).or_insert_with(draw).clone()
    }

    /// Whether an address is really called. That another one is not is worth a line, once.
    pub(crate) fn reaches(&self, url: &str) -> bool {
        static TOLD: Once = Once::new();
        let Some(reach) = &self.reach else { return false };
        let reaches = reach.reaches(url) && self.made.len() < CALLS_MAX;
        if !reaches {
            TOLD.call_once(|| {
                tracing::debug!(
                    "a recipient is simulated: its address is not one on this machine with http, nor an allowed one"
                );
            });
        }
        reaches
    }

    /// Leaves a delivery to be made. The run ends with this refusal, which nobody is told.
    pub(crate) fn wait_for(&mut self, spot: &StepKey, call: Call) -> ApiError {
        self.waiting = Some((spot.clone(), call));
        ApiError::internal("a lead waits for an answer that nobody asks for")
    }

    /// The delivery that was made from here.
    pub(crate) fn made(&self, spot: &StepKey) -> Option<&RecordedCall> {
        self.made.get(spot)
    }

    /// What a recipient said here in an earlier run.
    pub(crate) fn said(&self, spot: &StepKey) -> Option<&RecipientOutcome> {
        self.said.get(spot)
    }

    /// Whether the recipient here has had the lead already.
    pub(crate) fn is_asked(&self, spot: &StepKey) -> bool {
        self.made.contains_key(spot) || self.said.contains_key(spot)
    }

    /// Remembers what a recipient said.
    pub(crate) fn remember(&mut self, spot: &StepKey, said: &RecipientOutcome) {
        if self.reach.is_some() {
            self.said.insert(spot.clone(), said.clone());
        }
    }

    /// Whether copies of events go anywhere. Making one that does not would be for nothing.
    pub(crate) fn takes_copies(&self) -> bool {
        self.firehose_url.is_some()
    }

    /// Leaves a copy of an event, for a flow's firehose.
    pub(crate) fn copy(&mut self, firehose: &Value, event: &Value) {
        let Some(url) = &self.firehose_url else { return };
        let lead = text(&event["vars"]["lead"], "id");
        self.copies.push(firehose_call(url, firehose, lead, text(event, "id"), document::serialise(event)));
    }
}
