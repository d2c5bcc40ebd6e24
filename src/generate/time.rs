//! Moments that agree with each other.

use jiff::SignedDuration;

use super::schema::Scene;
use super::{Maker, Timestamp, format};
use crate::support::clock::format_timestamp;

/// How far back made documents go.
const PAST_DAYS_MAX: i64 = 700;
const DAY_MS: i64 = 86_400_000;

impl Maker<'_> {
    /// A moment in the last `days_max` days, as `LeadConduit` writes it.
    pub fn past(&mut self, days_max: u32) -> String {
        let from = days_later(self.now, -i64::from(days_max));
        self.between(from, self.now)
    }

    /// A moment from `from` to `to`, as `LeadConduit` writes it.
    pub fn between(&mut self, from: Timestamp, to: Timestamp) -> String {
        format_timestamp(self.moment(from, to))
    }

    /// When a document was made and when it was last changed.
    pub(super) fn lifetime(&mut self) -> (Timestamp, Timestamp) {
        let now = self.now;
        let created = self.moment(days_later(now, -PAST_DAYS_MAX), days_later(now, -1));
        (created, self.moment(created, now))
    }

    /// A moment from `from` to `to`, to the millisecond.
    pub(super) fn moment(&mut self, from: Timestamp, to: Timestamp) -> Timestamp {
        let ms = self.whole(from.as_millisecond(), to.as_millisecond());
        Timestamp::from_millisecond(ms).unwrap_or(from)
    }

    /// The moment that the property `name` means in an object.
    pub(super) fn moment_of(&mut self, name: &str, scene: &Scene) -> Timestamp {
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let Scene { created, updated, .. } = *scene;
        if says(&["expire"]) {
            // Invitations and tokens run out two weeks after they were made; some have by now.
            let recent = self.moment(days_later(self.now, -20), self.now);
            days_later(created.max(recent), 14)
        } else if says(&["ends", "next", "due", "until"]) {
            let days = self.whole(1, 30);
            days_later(self.now, days)
        } else if says(&["updated", "modified", "changed", "inactive", "cancel", "delet", "ended", "completed"]) {
            updated
        } else if says(&["created", "active", "started", "submitted", "sent"]) {
            created
        } else {
            self.moment(created, updated)
        }
    }

    /// The moment that the property `name` means, when `format` is one of time.
    pub(super) fn timed(&mut self, format: &str, name: &str, scene: &Scene) -> Option<String> {
        let is_time = matches!(format, "date-time" | "date" | "time");
        if !is_time {
            return None;
        }
        let at = self.moment_of(name, scene);
        format::moment_as(format, at)
    }
}

/// Some days later, or earlier; the same moment when there is no such day.
fn days_later(at: Timestamp, days: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(days.saturating_mul(DAY_MS))).unwrap_or(at)
}
