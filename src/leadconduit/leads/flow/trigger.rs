//! Trigger domains: an e-mail address at one of them forces an outcome, without configuration of the server.

use serde_json::Value;

use super::values::FlowResult;
use crate::leadconduit::outbound_log::RecipientOutcome;
use crate::leadconduit::state::events::Outcome;

const FORCED_FAILURE: &str = "Failure forced by the e-mail domain";
const FORCED_ERROR: &str = "Error forced by the e-mail domain";

/// Simulated duration of a recipient whose outcome is forced, in milliseconds.
const FORCED_RECIPIENT_MS: i64 = 85;

/// The outcome that an e-mail domain forces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The lead is rejected.
    Failure,
    /// The lead is rejected as a duplicate.
    Duplicate,
    /// The lead ends with an error.
    Error,
    /// The lead is rejected as if a cap were reached.
    Cap,
    /// The lead has no price.
    NoBid,
    /// Every recipient rejects the lead.
    RecipientFailure,
    /// Every recipient returns an error.
    RecipientError,
    /// No recipient responds in time.
    RecipientTimeout,
    /// The lead handler is overloaded: status 503.
    Overload,
}

impl Trigger {
    /// Every domain, its trigger, and a short description.
    pub const ALL: [(&'static str, Self, &'static str); 9] = [
        ("failure.example", Self::Failure, "the lead is rejected"),
        ("duplicate.example", Self::Duplicate, "the lead is rejected as a duplicate"),
        ("error.example", Self::Error, "the lead ends with an error"),
        ("cap.example", Self::Cap, "a cap rejects the lead"),
        ("no-bid.example", Self::NoBid, "the lead has no price, a ping no bid"),
        ("recipient-failure.example", Self::RecipientFailure, "every recipient rejects the lead"),
        ("recipient-error.example", Self::RecipientError, "every recipient returns an error"),
        ("recipient-timeout.example", Self::RecipientTimeout, "no recipient responds in time"),
        ("overload.example", Self::Overload, "status 503, as if overloaded"),
    ];

    /// The trigger of the first such address in the parameters of a request.
    #[must_use]
    pub(super) fn find(submitted: &Value) -> Option<Self> {
        match submitted {
            Value::String(text) => {
                let (_, domain) = text.trim().rsplit_once('@')?;
                let matches = |(name, _, _): &&(&str, Self, &str)| domain.eq_ignore_ascii_case(name);
                Self::ALL.iter().find(matches).map(|(_, trigger, _)| *trigger)
            }
            Value::Array(items) => items.iter().find_map(Self::find),
            Value::Object(object) => object.values().find_map(Self::find),
            _ => None,
        }
    }

    /// The forced result of the flow; `None` when the flow runs.
    pub(super) fn flow_result(self) -> Option<FlowResult> {
        let result = |outcome, reason: &str| Some(FlowResult::new(outcome, reason));
        match self {
            Self::Failure => result(Outcome::Failure, FORCED_FAILURE),
            Self::Duplicate => result(Outcome::Failure, "duplicate"),
            Self::Error => result(Outcome::Error, FORCED_ERROR),
            Self::Cap => Some(FlowResult { is_cap_reached: true, ..FlowResult::new(Outcome::Failure, "Cap reached") }),
            _ => None,
        }
    }

    /// The forced outcome of every recipient.
    pub(super) fn recipient_outcome(self) -> Option<RecipientOutcome> {
        let outcome = |outcome, reason| Some(RecipientOutcome::new(outcome, reason, FORCED_RECIPIENT_MS));
        match self {
            Self::RecipientFailure => outcome(Outcome::Failure, FORCED_FAILURE),
            Self::RecipientError => outcome(Outcome::Error, FORCED_ERROR),
            Self::RecipientTimeout => Some(RecipientOutcome::timeout()),
            _ => None,
        }
    }
}
