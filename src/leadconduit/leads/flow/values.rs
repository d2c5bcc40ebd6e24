//! Values that the files of the lead handler share.

use crate::leadconduit::state::events::Outcome;

/// The result of a flow for a lead or a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FlowResult {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    /// Whether a cap rejected the lead.
    pub(super) is_cap_reached: bool,
    /// The id of that cap; `None` also when the rejection was forced by a [`Trigger`](super::Trigger).
    pub(super) cap_id: Option<String>,
}

impl FlowResult {
    pub(super) fn new(outcome: Outcome, reason: &str) -> Self {
        Self { outcome, reason: reason.to_owned(), is_cap_reached: false, cap_id: None }
    }

    /// The result of a ping without a price above 0, as in the vendor's module.
    pub(super) fn into_no_bid(mut self) -> Self {
        self.outcome = Outcome::Failure;
        if self.reason.is_empty() {
            "no bid".clone_into(&mut self.reason);
        }
        self
    }
}

/// The duration of an event, in simulated milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Duration of the step.
    pub(crate) ms: i64,
    /// The part of it that was spent waiting for a recipient.
    pub(crate) wait_ms: i64,
    /// Time since the lead was submitted.
    pub(crate) total_ms: i64,
}

impl Timing {
    /// A duration without waiting.
    pub(crate) fn without_wait(ms: i64) -> Self {
        Self { ms, wait_ms: 0, total_ms: ms }
    }
}
