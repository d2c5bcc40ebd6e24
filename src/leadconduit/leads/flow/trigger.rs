//! Values of a lead that make something happen, for people who can send nothing else: an e-mail address at one of a few
//! domains that are nobody's.

use serde_json::Value;

use super::execution::Verdict;
use crate::leadconduit::effect_log::RecipientOutcome;
use crate::leadconduit::state::events::Outcome;

/// What a lead with an address at one of the domains brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The lead is refused.
    Failure,
    /// The lead is refused as one that was there before.
    Duplicate,
    /// Handling the lead ends in an error.
    Error,
    /// The lead is turned away as if a cap were used up.
    Cap,
    /// There is no price for it.
    NoBid,
    /// Every recipient refuses it.
    RecipientFailure,
    /// Every recipient ends in an error.
    RecipientError,
    /// No recipient answers in time.
    RecipientTimeout,
    /// The lead handler is overloaded: 503.
    Overload,
}

impl Trigger {
    /// Every trigger: its domain, and what it does in a few words.
    pub const ALL: [(&'static str, Self, &'static str); 9] = [
        ("failure.example", Self::Failure, "the lead is refused"),
        ("duplicate.example", Self::Duplicate, "the lead is refused as a duplicate"),
        ("error.example", Self::Error, "handling the lead ends in an error"),
        ("cap.example", Self::Cap, "a cap turns the lead away"),
        ("no-bid.example", Self::NoBid, "the lead has no price, a ping no bid"),
        ("recipient-failure.example", Self::RecipientFailure, "every recipient refuses the lead"),
        ("recipient-error.example", Self::RecipientError, "every recipient ends in an error"),
        ("recipient-timeout.example", Self::RecipientTimeout, "no recipient answers in time"),
        ("overload.example", Self::Overload, "503 instead of an answer"),
    ];

    /// The trigger in the parameters of a request, the first if there are several.
    #[must_use]
    pub(super) fn of(submitted: &Value) -> Option<Self> {
        match submitted {
            Value::String(text) => {
                let (_, domain) = text.trim().rsplit_once('@')?;
                let known = |(name, _, _): &&(&str, Self, &str)| domain.eq_ignore_ascii_case(name);
                Self::ALL.iter().find(known).map(|(_, trigger, _)| *trigger)
            }
            Value::Array(items) => items.iter().find_map(Self::of),
            Value::Object(object) => object.values().find_map(Self::of),
            _ => None,
        }
    }

    /// What becomes of the lead at once.
    pub(super) fn verdict(self) -> Option<Verdict> {
        let verdict = |outcome, reason: &str| Some(Verdict::new(outcome, reason));
        match self {
            Self::Failure => verdict(Outcome::Failure, "Refused, as the e-mail address asks for"),
            Self::Duplicate => verdict(Outcome::Failure, "duplicate"),
            Self::Error => verdict(Outcome::Error, "An error, as the e-mail address asks for"),
            Self::Cap => Some(Verdict { is_cap: true, ..Verdict::new(Outcome::Failure, "Cap reached") }),
            _ => None,
        }
    }

    /// What recipients say.
    pub(super) fn recipient(self) -> Option<RecipientOutcome> {
        match self {
            Self::RecipientFailure => {
                Some(RecipientOutcome::new(Outcome::Failure, "Refused, as the e-mail address asks for", 85))
            }
            Self::RecipientError => {
                Some(RecipientOutcome::new(Outcome::Error, "An error, as the e-mail address asks for", 85))
            }
            Self::RecipientTimeout => Some(RecipientOutcome::timeout()),
            _ => None,
        }
    }
}
