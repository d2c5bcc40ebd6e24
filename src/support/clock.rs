//! The clock of a sandbox, and parsing and formatting of times. No other file reads the system clock.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Span;
use jiff::fmt::rfc2822::DateTimePrinter;
pub use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// The clock of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The system clock.
    Real,
    /// The system clock plus an offset, which may be negative.
    Shifted(SignedDuration),
    /// A fixed time.
    Frozen(Timestamp),
}

/// The new time of a clock is outside the supported range, the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the new time is outside the supported range: write a shorter duration, such as 1h30m")]
pub struct ClockOutOfRange;

/// A text that is not a clock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `real` nor an RFC 3339 time from 1970 to 9999-12-30T22:00:00Z, such as 2026-01-15T09:00:00Z")]
pub struct InvalidClock(String);

impl Clock {
    /// The current time of this clock.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Real => system_time(),
            // An offset beyond the supported range saturates.
            Self::Shifted(offset) => system_time().saturating_add(offset).unwrap_or(Timestamp::MAX),
            Self::Frozen(at) => at,
        }
    }

    /// The offset from the system clock in milliseconds; 0 for a frozen clock.
    #[must_use]
    pub fn offset_ms(self) -> i64 {
        match self {
            Self::Shifted(offset) => i64::try_from(offset.as_millis()).unwrap_or(i64::MAX),
            Self::Real | Self::Frozen(_) => 0,
        }
    }

    /// This clock, moved forward by `by`.
    ///
    /// # Errors
    ///
    /// The new time is outside the supported range.
    pub fn advanced(self, by: SignedDuration) -> Result<Self, ClockOutOfRange> {
        let at = self.now().checked_add(by).map_err(|_| ClockOutOfRange)?;
        Ok(match self {
            Self::Real => Self::Shifted(by),
            Self::Shifted(offset) => Self::Shifted(offset.saturating_add(by)),
            Self::Frozen(_) => Self::Frozen(at),
        })
    }

    /// A running clock that continues from the current time of this one.
    #[must_use]
    pub fn resumed(self) -> Self {
        match self {
            Self::Real | Self::Shifted(_) => self,
            Self::Frozen(at) => Self::Shifted(at.duration_since(system_time())),
        }
    }
}

/// A time in the format of HTTP; empty before the year 0, which HTTP cannot express. `jiff` knows the format, so
/// `httpdate` would be a second library for times.
#[must_use]
pub fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

impl std::str::FromStr for Clock {
    type Err = InvalidClock;

    /// Parses `real`, `real + 90s`, `real - 90s`, or an RFC 3339 time for a frozen clock.
    fn from_str(text: &str) -> Result<Self, InvalidClock> {
        if text == "real" {
            return Ok(Self::Real);
        }
        if let Some(offset) = text.strip_prefix("real + ").and_then(parse_duration) {
            return Ok(Self::Shifted(offset));
        }
        if let Some(offset) = text.strip_prefix("real - ").and_then(parse_duration) {
            return Ok(Self::Shifted(-offset));
        }
        let at = text.parse().ok().filter(is_supported);
        at.map(Self::Frozen).ok_or_else(|| InvalidClock(text.to_owned()))
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Shifted(offset) if offset.is_negative() => write!(f, "real - {}", offset.abs()),
            Self::Shifted(offset) => write!(f, "real + {offset}"),
            Self::Frozen(at) => write!(f, "{at}"),
        }
    }
}

/// Whether a clock can be frozen at a time. Ids begin with the seconds since 1970, as those of LeadConduit do.
fn is_supported(at: &Timestamp) -> bool {
    *at >= Timestamp::UNIX_EPOCH
}

#[expect(clippy::disallowed_methods, reason = "the only reader of the system clock")]
fn system_time() -> Timestamp {
    Timestamp::now()
}

/// Formats a time as LeadConduit does: UTC with milliseconds, like JavaScript's `toISOString`.
#[must_use]
pub fn format_timestamp(at: Timestamp) -> String {
    thread_local! {
        /// The second of the time before, and its text up to the decimal point: times follow each other closely.
        static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let (second, ms) = (at.as_second(), at.subsec_millisecond());
    if at < Timestamp::UNIX_EPOCH {
        return format!("{at:.3}");
    }
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            *text = format!("{at:.3}");
            text.truncate(text.len().saturating_sub("000Z".len()));
            *last = second;
        }
        let mut formatted = String::with_capacity(text.len() + "000Z".len());
        formatted.push_str(text);
        for unit in [100, 10, 1] {
            formatted.push(char::from_digit(u32::try_from(ms / unit % 10).unwrap_or_default(), 10).unwrap_or('0'));
        }
        formatted.push('Z');
        formatted
    })
}

/// Parses a time relative to `now`: `now`, `now + 14d`, `now - 2h30m`. `None` when the text has another form.
#[must_use]
pub fn parse_relative_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let rest = text.trim().strip_prefix("now")?.trim();
    if rest.is_empty() {
        return Some(now);
    }
    let (sign, distance) = match rest.as_bytes()[0] {
        b'+' => (1, &rest[1..]),
        b'-' => (-1, &rest[1..]),
        _ => return None,
    };
    // Beyond the supported range, the time is the nearest one in it.
    let distance = parse_duration(distance)? * sign;
    Some(now.saturating_add(distance).unwrap_or(Timestamp::MAX))
}

/// Parses a duration such as `90s`, `1h30m` or `14d`. `None` when the text has another form.
#[must_use]
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    // A day is 24 hours because all times are in UTC.
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
}

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write milliseconds as a number, or text such as 2s, 90s or 1h30m")]
pub struct InvalidDuration(String);

impl InvalidDuration {
    fn of(text: &str) -> Self {
        Self(text.chars().take(60).collect())
    }
}

/// Parses a duration as it is written everywhere, in scenarios, control calls and on the command line: a number of
/// milliseconds, or text such as `2s`, `90s`, `1h30m`.
///
/// # Errors
///
/// The text is neither, or the duration is negative.
pub fn parse_any_duration(text: &str) -> Result<SignedDuration, InvalidDuration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let ms: i64 = text.parse().map_err(|_| InvalidDuration::of(text))?;
        return Ok(SignedDuration::from_millis(ms));
    }
    parse_duration(text).filter(|duration| !duration.is_negative()).ok_or_else(|| InvalidDuration::of(text))
}

/// The same as a number of milliseconds; parts of a millisecond are cut.
///
/// # Errors
///
/// See [`parse_any_duration`].
pub fn parse_ms(text: &str) -> Result<u64, InvalidDuration> {
    let duration = parse_any_duration(text)?;
    u64::try_from(duration.as_millis()).map_err(|_| InvalidDuration::of(text))
}

/// Milliseconds as people write them: `500ms`, `30s`, `1h 30m`.
#[must_use]
pub fn format_ms(ms: u64) -> String {
    format!("{:#}", SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
}

/// Time since the first call in this process, for measuring durations. It never enters a response of the simulated
/// service, which would not be repeatable.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "measured durations appear in logs and the journal only")]
pub fn uptime() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The processor time that the current thread has used. It is a system call.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The present for deadlines of timers. It never enters a response of the simulated service.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "timers of the server need it")]
pub fn instant() -> Instant {
    Instant::now()
}

/// Parses a time that a client sends: a date with or without a time; without a zone it is UTC.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
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
    fn times_are_formatted_as_jiff_does_with_milliseconds() {
        // Same and other seconds, ends of seconds, and times before 1970.
        for ns in [0, 1, 999_999, 1_000_000, 999_999_999, 1_000_000_000, 1_234_567_890_123_456_789, -1, -1_500_000_000]
        {
            let at = Timestamp::from_nanosecond(ns).unwrap();
            assert_eq!(format_timestamp(at), format!("{at:.3}"), "{ns}");
        }
        for text in ["9999-12-30T22:00:00.9999Z", "2026-02-28T23:59:59.0005Z", "2026-02-28T23:59:59.0995Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(format_timestamp(at), format!("{at:.3}"), "{text}");
        }
    }

    #[test]
    fn frozen_clocks_return_a_fixed_time() {
        let clock: Clock = "2026-01-15T09:00:00Z".parse().unwrap();
        assert_eq!(format_timestamp(clock.now()), "2026-01-15T09:00:00.000Z");
        assert_eq!(clock.now(), clock.now());
    }

    #[test]
    fn durations_are_milliseconds_or_text() {
        let rows = [
            ("0", 0),
            ("250", 250),
            ("2s", 2_000),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            (" 1m 30s ", 90_000),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("14d", 1_209_600_000),
        ];
        for (text, ms) in rows {
            assert_eq!(parse_ms(text), Ok(ms), "{text}");
        }
        for text in ["", "-1", "-2s", "soon", "1.5", "5 parsecs", "99999999999999999999"] {
            let message = parse_ms(text).unwrap_err().to_string();
            assert!(message.ends_with("write milliseconds as a number, or text such as 2s, 90s or 1h30m"), "{message}");
        }
    }

    #[test]
    fn relative_times_are_parsed() {
        let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let rows = [
            ("now", Some("2026-01-15T09:00:00.000Z")),
            ("now + 14d", Some("2026-01-29T09:00:00.000Z")),
            ("now-90d", Some("2025-10-17T09:00:00.000Z")),
            ("now - 2h30m", Some("2026-01-15T06:30:00.000Z")),
            ("now and then", None),
            ("now + 9000y", None),
            ("now + 90000000h", Some("9999-12-30T22:00:00.999Z")),
            ("now +", None),
            ("tomorrow", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_relative_time(text, now).map(format_timestamp).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn displayed_clocks_parse_to_the_same_clock() {
        for offset in [SignedDuration::from_millis(90_500), SignedDuration::from_secs(-3600)] {
            let clock = Clock::Shifted(offset);
            assert_eq!(clock.to_string().parse(), Ok(clock), "{clock}");
        }
    }

    #[test]
    fn clocks_can_be_advanced_and_resumed() {
        let frozen: Clock = "2026-01-15T09:00:00Z".parse().unwrap();
        let later = frozen.advanced(SignedDuration::from_hours(24)).unwrap();
        assert_eq!(format_timestamp(later.now()), "2026-01-16T09:00:00.000Z");
        assert!(matches!(later.resumed(), Clock::Shifted(_)));
        let (real, ahead) = (Clock::Real.now(), Clock::Real.advanced(SignedDuration::from_hours(1)).unwrap());
        assert!(ahead.now().duration_since(real) >= SignedDuration::from_hours(1));
        assert_eq!(ahead.advanced(SignedDuration::from_hours(1)).unwrap().offset_ms(), 7_200_000);
        assert!(frozen.advanced(SignedDuration::MAX).is_err());
    }

    #[test]
    fn invalid_clocks_return_the_accepted_forms() {
        let error = "noon".parse::<Clock>().unwrap_err().to_string();
        assert!(error.contains("real") && error.contains("2026-01-15T09:00:00Z"), "{error}");
    }
}
