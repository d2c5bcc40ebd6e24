//! Reports: what clients have exercised, and how they broke the contract. Servers return a [`Report`] as JSON; it can be
//! saved, merged with others, judged against criteria and written as text, `JUnit` XML or HTML.
//!
//! **What 100 % means.** A unit is a documented status of an operation, one of its query parameters, or a body field that
//! clients send. A status is covered once it was returned, a parameter or field once it was sent. Statuses from 500 on are
//! shown but are not units: no client can cause them on its own. The percentage is truncated after one decimal, never rounded
//! up.

mod build;
mod criteria;
mod html;
mod junit;
mod merge;
mod model;
mod selection;
mod text;

pub use build::build;
pub use criteria::{FailOn, PassCriteria, Percentage, ReportVerdict};
pub use html::html;
pub use junit::{JunitError, junit};
pub use merge::merge;
pub use model::{ExpectationReport, Report};
pub use selection::{OperationSelection, UnknownOperation};
pub use text::{ColorMode, brief_text, text};

/// The format of a written report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// Text for a terminal
    Text,
    /// JSON, which `report` can read and merge
    Json,
    /// XML for CI servers
    Junit,
    /// A single HTML page
    Html,
}

/// Why a report cannot be written in a format.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum WriteError {
    /// The JSON serialiser fails.
    Json(#[from] serde_json::Error),
    /// The XML serialiser fails.
    Junit(#[from] JunitError),
    /// The template engine fails.
    Html(#[from] minijinja::Error),
}

impl Format {
    /// The format for a file extension.
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

    /// Writes a report in this format.
    ///
    /// # Errors
    ///
    /// The error of the serialiser or template engine.
    pub fn write(self, report: &Report, verdict: &ReportVerdict, color_mode: ColorMode) -> Result<String, WriteError> {
        Ok(match self {
            Self::Text => text(report, verdict, color_mode),
            Self::Json => report.json()?,
            Self::Junit => junit(report, verdict)?,
            Self::Html => html(report, verdict)?,
        })
    }
}
