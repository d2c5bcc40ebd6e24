//! Consistent timestamps.

use jiff::SignedDuration;

use super::schema::ObjectContext;
use super::{Timestamp, ValueGenerator, format};
use crate::support::clock::format_timestamp;

/// The age of the oldest generated documents.
const PAST_DAYS_MAX: i64 = 700;
const DAY_MS: i64 = 86_400_000;

impl ValueGenerator<'_> {
    /// Returns a random time in the last `days_max` days, in LeadConduit's format.
    pub fn past_timestamp(&mut self, days_max: u32) -> String {
        let from = add_days(self.now, -i64::from(days_max));
        self.timestamp_between(from, self.now)
    }

    /// Returns a random time from `from` to `to`, in LeadConduit's format.
    pub fn timestamp_between(&mut self, from: Timestamp, to: Timestamp) -> String {
        format_timestamp(self.random_timestamp(from, to))
    }

    /// Returns random times of creation and last change of a document.
    pub(super) fn created_and_updated(&mut self) -> (Timestamp, Timestamp) {
        let now = self.now;
        let created = self.random_timestamp(add_days(now, -PAST_DAYS_MAX), add_days(now, -1));
        (created, self.random_timestamp(created, now))
    }

    /// Returns a random time from `from` to `to`, in milliseconds.
    pub(super) fn random_timestamp(&mut self, from: Timestamp, to: Timestamp) -> Timestamp {
        let ms = self.integer(from.as_millisecond(), to.as_millisecond());
        Timestamp::from_millisecond(ms).unwrap_or(from)
    }

    /// Returns the time for the property `name` of an object.
    pub(super) fn timestamp_for(&mut self, name: &str, context: &ObjectContext) -> Timestamp {
        let contains_any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let ObjectContext { created, updated, .. } = *context;
        if contains_any(&["expire"]) {
            // Invitations and tokens expire two weeks after creation; some have expired already.
            let recent = self.random_timestamp(add_days(self.now, -20), self.now);
            add_days(created.max(recent), 14)
        } else if contains_any(&["ends", "next", "due", "until"]) {
            let days = self.integer(1, 30);
            add_days(self.now, days)
        } else if contains_any(&["updated", "modified", "changed", "inactive", "cancel", "delet", "ended", "completed"])
        {
            updated
        } else if contains_any(&["created", "active", "started", "submitted", "sent"]) {
            created
        } else {
            self.random_timestamp(created, updated)
        }
    }

    /// Formats the time for the property `name`; `None` if the format is not one of time.
    pub(super) fn formatted_timestamp(&mut self, format: &str, name: &str, context: &ObjectContext) -> Option<String> {
        let is_time = matches!(format, "date-time" | "date" | "time");
        if !is_time {
            return None;
        }
        let at = self.timestamp_for(name, context);
        format::format_as(format, at)
    }
}

/// Adds days, which can be negative; returns the same time if the result is out of range.
fn add_days(at: Timestamp, days: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(days.saturating_mul(DAY_MS))).unwrap_or(at)
}
