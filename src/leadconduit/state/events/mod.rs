//! The events of an account's leads, in the order of their ids, which is the order of time.
//!
//! An event log has two sources. Stored events, written by a scenario or by requests, are stored as documents or
//! rendered on demand from an [`EventRenderer`]. Generated histories ([`GeneratedEvents`]), such as the weeks of
//! a busy account, compute summaries and documents on demand, the same each time. A reader of the log sees no difference.

mod log;
mod summary;

use serde_json::Value;

use crate::support::document::text;
pub(super) use log::AppendedBatch;
pub use log::{Event, EventBatch, EventLog, EventRenderer, GeneratedEvents, TimeSpan, VariableLookup};
pub use summary::{EventSummary, EventType, EventTypes, Lead, Outcome};

/// The model of all events.
pub const MODEL: &str = "Event";

/// The model of events of the type of this one. Validating against it is several times faster than against [`MODEL`].
#[must_use]
pub fn model(event: &Value) -> &'static str {
    match EventType::from_name(text(event, "type")) {
        Some(EventType::Source) => "SourceEvent",
        Some(EventType::Recipient) => "RecipientEvent",
        Some(EventType::Filter) => "FilterEvent",
        Some(EventType::FeedbackReceived) => "FeedbackReceivedEvent",
        Some(EventType::FeedbackSent) => "FeedbackSentEvent",
        Some(EventType::Retry) => "RetryEvent",
        None => MODEL,
    }
}
