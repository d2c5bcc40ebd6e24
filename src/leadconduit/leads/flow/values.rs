//! Values that the files of the lead handler share.

use crate::leadconduit::state::events::Outcome;
use crate::support::ids::ObjectId;

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

/// The random number of a lead, from 1 to 100. It depends on the lead's id only, so that runs are reproducible.
pub(super) fn random_number(lead_id: ObjectId) -> u32 {
    crc32fast::hash(lead_id.to_string().as_bytes()) % 100 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_spread_evenly_from_1_to_100() {
        let mut counts = [0_u32; 101];
        for number in 0..20_000 {
            counts[usize::try_from(random_number(ObjectId::new(1_777_000_000, [7; 5], number))).unwrap()] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|count| (120..=280).contains(count)), "{counts:?}");
    }
}
