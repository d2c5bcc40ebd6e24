//! What caps have counted so far, so that counting can resume where it stopped. A cap count is derived from the events:
//! one that is outdated is dropped, and the events are counted again.

use std::sync::Arc;

use super::events::EventLog;
use crate::support::document::Document;
use crate::support::ids::ObjectId;

/// What one cap has counted in one interval.
#[derive(Clone, Debug)]
pub struct CapCount {
    /// The revision of the flow that has the cap.
    pub flow: Arc<Document>,
    /// Start of the interval, in milliseconds since 1970.
    pub since_ms: i64,
    /// [`EventLog::rewrites`] at the time of counting.
    pub rewrites: u64,
    /// The last event that was examined.
    pub last_event: Option<ObjectId>,
    /// Accepted leads.
    pub count: u64,
    /// Rejected leads.
    pub failed_count: u64,
    /// Start of the latest counted event, in milliseconds since 1970.
    pub latest_ms: Option<i64>,
}

impl CapCount {
    /// Whether counting can resume from here: same revision of the flow, same interval, and nothing but appended events
    /// in the log since.
    #[must_use]
    pub fn is_current(&self, flow: &Arc<Document>, since_ms: i64, log: &EventLog) -> bool {
        Arc::ptr_eq(&self.flow, flow) && self.since_ms == since_ms && self.rewrites == log.rewrites()
    }
}
