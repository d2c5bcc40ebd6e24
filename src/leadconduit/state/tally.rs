//! What caps have counted so far, so that counting goes on where it stopped. All of it follows from the events: a tally
//! that does not fit any more is counted anew.

use std::sync::Arc;

use super::events::EventLog;
use crate::support::document::Document;
use crate::support::ids::ObjectId;

/// What one cap has counted in one interval.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The revision of the flow that has the cap.
    pub flow: Arc<Document>,
    /// From when on it counts, in milliseconds since 1970.
    pub since_ms: i64,
    /// How often the log's past had been changed.
    pub rewrites: u64,
    /// The last event that was looked at.
    pub upto: Option<ObjectId>,
    /// Leads that went through.
    pub count: u64,
    /// Leads that were turned away.
    pub failed_count: u64,
    /// When the latest of them came.
    pub latest_ms: Option<i64>,
}

impl Tally {
    /// Whether counting can go on from here: for the same revision of the flow, the same interval, and a log that has
    /// only grown since.
    #[must_use]
    pub fn goes_on(&self, flow: &Arc<Document>, since_ms: i64, log: &EventLog) -> bool {
        Arc::ptr_eq(&self.flow, flow) && self.since_ms == since_ms && self.rewrites == log.rewrites()
    }
}
