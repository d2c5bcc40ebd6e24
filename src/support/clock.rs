//! The world's clock. No other file reads the time of the machine.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Span;
pub use jiff::{SignedDuration, Timestamp};

/// How a world's clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It follows the machine's clock.
    Real,
    /// It goes as fast as the machine's clock, ahead of it (or behind).
    Shifted(SignedDuration),
    /// It stands still at one moment.
    Frozen(Timestamp),
}

impl Clock {
    /// What the clock shows.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Real => machine_time(),
            // A clock that was moved beyond the end of time stands there.
            Self::Shifted(by) => machine_time().saturating_add(by).unwrap_or(Timestamp::MAX),
            Self::Frozen(at) => at,
        }
    }

    /// How far it is ahead of the machine's clock, in milliseconds; 0 when it stands still.
    #[must_use]
    pub fn offset_ms(self) -> i64 {
        match self {
            Self::Shifted(by) => i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Self::Real | Self::Frozen(_) => 0,
        }
    }

    /// The same clock, later by a span of time.
    pub fn advanced(self, by: SignedDuration) -> Result<Self, String> {
        let too_far = |_| "that is beyond the years that a clock can show".to_owned();
        let at = self.now().checked_add(by).map_err(too_far)?;
        Ok(match self {
            Self::Real => Self::Shifted(by),
            Self::Shifted(already) => Self::Shifted(already.saturating_add(by)),
            Self::Frozen(_) => Self::Frozen(at),
        })
    }

    /// A clock that shows the same now, and goes on from there.
    #[must_use]
    pub fn resumed(self) -> Self {
        match self {
            Self::Real | Self::Shifted(_) => self,
            Self::Frozen(at) => Self::Shifted(at.duration_since(machine_time())),
        }
    }
}

impl std::str::FromStr for Clock {
    type Err = String;

    /// `real`, `real + 90s`, or an RFC 3339 time at which the clock stands still.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "real" {
            return Ok(Self::Real);
        }
        if let Some(by) = text.strip_prefix("real + ").and_then(duration) {
            return Ok(Self::Shifted(by));
        }
        if let Some(by) = text.strip_prefix("real - ").and_then(duration) {
            return Ok(Self::Shifted(-by));
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
            Self::Shifted(by) if by.is_negative() => write!(f, "real - {}", by.abs()),
            Self::Shifted(by) => write!(f, "real + {by}"),
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
    now.checked_add(duration(length)? * sign).ok()
}

/// Reads a span of time such as `90s`, `1h30m` or `14d`. `None` when the text is none.
#[must_use]
pub fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    // Days are taken as 24 hours: the world keeps UTC.
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
}

/// Time since the first call in this process, for measuring how long an exchange took. It never enters a reply.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "durations are for logs only; nothing a client sees follows from them")]
pub fn uptime() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The point in time that a client names: a date with a time or without one, with a zone or in UTC.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
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
    fn a_clock_is_read_as_it_is_written() {
        for by in [SignedDuration::from_millis(90_500), SignedDuration::from_secs(-3600)] {
            let clock = Clock::Shifted(by);
            assert_eq!(clock.to_string().parse(), Ok(clock), "{clock}");
        }
    }

    #[test]
    fn clocks_move() {
        let frozen: Clock = "2026-01-15T09:00:00Z".parse().unwrap();
        let later = frozen.advanced(SignedDuration::from_hours(24)).unwrap();
        assert_eq!(stamp(later.now()), "2026-01-16T09:00:00.000Z");
        assert!(matches!(later.resumed(), Clock::Shifted(_)));
        let (real, ahead) = (Clock::Real.now(), Clock::Real.advanced(SignedDuration::from_hours(1)).unwrap());
        assert!(ahead.now().duration_since(real) >= SignedDuration::from_hours(1));
        assert_eq!(ahead.advanced(SignedDuration::from_hours(1)).unwrap().offset_ms(), 7_200_000);
        assert!(frozen.advanced(SignedDuration::MAX).is_err());
    }

    #[test]
    fn a_wrong_clock_says_what_to_write() {
        let error = "noon".parse::<Clock>().unwrap_err();
        assert!(error.contains("real") && error.contains("2026-01-15T09:00:00Z"), "{error}");
    }
}
