//! Evidence: how a fact of the contract is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a fact of the contract is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Stated on a page of the vendor.
    Documented,
    /// Seen in real traffic or in the vendor's public code.
    Observed,
    /// Our reading, where no source states it.
    Inferred,
}

impl Evidence {
    /// Every value, the strongest first.
    pub const ALL: [Self; 3] = [Self::Documented, Self::Observed, Self::Inferred];

    /// The value of `x-evidence`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Inferred => "inferred",
        }
    }
}

/// A text that is not a kind of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of evidence: write documented, observed or inferred")]
pub struct UnknownEvidence(String);

impl std::str::FromStr for Evidence {
    type Err = UnknownEvidence;

    fn from_str(text: &str) -> Result<Self, UnknownEvidence> {
        Self::ALL.into_iter().find(|evidence| evidence.as_str() == text).ok_or_else(|| UnknownEvidence(text.to_owned()))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
