//! The world's clock. No other file reads the time of the machine.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub use jiff::Timestamp;
use jiff::{SignedDuration, Span};

/// How a world's clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It follows the machine's clock.
    Real,
    /// It stands still at one moment.
    Frozen(Timestamp),
}

impl Clock {
    /// What the clock shows.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Real => machine_time(),
            Self::Frozen(at) => at,
        }
    }
}

impl std::str::FromStr for Clock {
    type Err = String;

    /// `real`, or an RFC 3339 time at which the clock stands still.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "real" {
            return Ok(Self::Real);
        }
        text.parse()
            .map(Self::Frozen)
            .map_err(|_| format!("`{text}` is neither `real` nor an RFC 3339 time such as 2026-01-15T09:00:00Z"))
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Frozen(at) => write!(f, "{at}"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// A time stamp as LeadConduit writes it: UTC with milliseconds, as JavaScript's `toISOString` does.
#[must_use]
pub fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Reads a time relative to `now`: `now`, `now + 14d`, `now - 2h30m`. `None` when the text is none of these.
#[must_use]
pub fn relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let rest = text.trim().strip_prefix("now")?.trim();
    if rest.is_empty() {
        return Some(now);
    }
    let (sign, length) = match rest.as_bytes()[0] {
        b'+' => (1, &rest[1..]),
        b'-' => (-1, &rest[1..]),
        _ => return None,
    };
    let span: Span = length.trim().parse().ok()?;
    // Days are taken as 24 hours: the world keeps UTC.
    let length: SignedDuration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    now.checked_add(length * sign).ok()
}

/// Time since the first call in this process, for measuring how long an exchange took. It never enters a reply.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "durations are for logs only; nothing a client sees follows from them")]
pub fn uptime() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_still() {
        let clock: Clock = "2026-01-15T09:00:00Z".parse().unwrap();
        assert_eq!(stamp(clock.now()), "2026-01-15T09:00:00.000Z");
        assert_eq!(clock.now(), clock.now());
    }

    #[test]
    fn relative_times() {
        let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let rows = [
            ("now", Some("2026-01-15T09:00:00.000Z")),
            ("now + 14d", Some("2026-01-29T09:00:00.000Z")),
            ("now-90d", Some("2025-10-17T09:00:00.000Z")),
            ("now - 2h30m", Some("2026-01-15T06:30:00.000Z")),
            ("now and then", None),
            ("now +", None),
            ("tomorrow", None),
        ];
        for (text, expected) in rows {
            assert_eq!(relative(text, now).map(stamp).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_clock_says_what_to_write() {
        let error = "noon".parse::<Clock>().unwrap_err();
        assert!(error.contains("real") && error.contains("2026-01-15T09:00:00Z"), "{error}");
    }
}
