//! What a run has exercised, and what it did wrong: one [`Document`] that servers give out, that is kept in files, merged,
//! judged and shown.
//!
//! **What 100 % is.** A unit is a documented status of an operation, one of its query parameters, or a field of its body
//! that clients send. It is covered once it has been sent, or answered with. Statuses from 500 on are shown but are no
//! units: no client can bring them about on its own. The percentage is cut, never rounded up, after one digit.

mod build;
mod document;
mod html;
mod junit;
mod merge;
mod text;
mod verdict;

pub use build::build;
pub use document::{
    Covered, Deed, Document, Field, First, Operation, Parameter, Played, Status, Summary, Uncovered, Undocumented,
    Unmatched, VERSION, Violation,
};
pub use html::html;
pub use junit::junit;
pub use merge::merge;
pub use text::{Paint, text};
pub use verdict::{FailOn, Percent, Terms, Verdict};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, in a terminal.
    Text,
    /// The document itself, which `report` reads again.
    Json,
    /// XML for CI.
    Junit,
    /// One page that needs nothing else.
    Html,
}

impl Format {
    /// The format that a file's name ends with.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "xml" => Some(Self::Junit),
            "html" | "htm" => Some(Self::Html),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }

    /// A document in this format.
    pub fn write(self, document: &Document, verdict: &Verdict, paint: Paint) -> Result<String, String> {
        match self {
            Self::Text => Ok(text(document, verdict, paint)),
            Self::Json => document.json(),
            Self::Junit => junit(document, verdict),
            Self::Html => html(document, verdict),
        }
    }
}
