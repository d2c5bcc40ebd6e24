//! How we know what the contract says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a fact of the contract is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// A page of the vendor says so.
    Documented,
    /// Seen in real traffic or in the vendor's public code.
    Observed,
    /// Our reading, where nothing says anything.
    Inferred,
}

impl Evidence {
    /// Every kind, the strongest first.
    pub const ALL: [Self; 3] = [Self::Documented, Self::Observed, Self::Inferred];

    /// The word for it, as in `x-evidence`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Inferred => "inferred",
        }
    }
}

impl std::str::FromStr for Evidence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|evidence| evidence.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no evidence: write documented, observed or inferred"))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
