//! What happened to leads: the events of an account in the order of their ids, which is the order of time.
//!
//! Events come from two places. Those that were written (by a scenario, or by requests) are kept as documents. Years
//! of a busy account's events are made up, and these are kept as summaries only: their documents are made when
//! something asks for them, and are the same each time ([`EventHistory`]). Who reads the log does not see the difference.

/// The model that an event keeps.
pub const MODEL: &str = "Event";

/// The model that an event of its type keeps. Asking one is several times faster than asking all of them.
#[must_use]
pub fn model(event: &serde_json::Value) -> &'static str {
    match Kind::named(crate::support::document::text(event, "type")) {
        Some(Kind::Source) => "SourceEvent",
        Some(Kind::Recipient) => "RecipientEvent",
        Some(Kind::Filter) => "FilterEvent",
        Some(Kind::FeedbackReceived) => "FeedbackReceivedEvent",
        Some(Kind::FeedbackSent) => "FeedbackSentEvent",
        Some(Kind::Retry) => "RetryEvent",
        None => MODEL,
    }
}

mod log;
mod summary;

pub use log::{Event, EventBatch, EventHistory, EventLog, EventRenderer};
pub use summary::{Kind, Lead, Outcome, Summary};
