//! `date` and `dob`.

mod formats;

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Parsed;
use crate::support::clock::{self, SignedDuration, Timestamp, format_timestamp};
use crate::support::document;

/// The longest text that is parsed as a date or time.
const LENGTH_BYTES_MAX: usize = 200;

/// Minutes that are added to the beginning of today when an age is computed: a tenth of a day.
const TENTH_OF_A_DAY: i64 = 144;

/// Days of 400 years, and the months in them.
const DAYS_OF_CYCLE: f64 = 146_097.0;
const MONTHS_OF_CYCLE: f64 = 4_800.0;

/// Parses a date. Its normal form is the beginning of the day in UTC.
pub(super) fn parse_date(text: &str, now: Timestamp) -> Parsed {
    match parse_day(text, now).and_then(start_of) {
        Some(start) => Parsed::new(format_timestamp(start)),
        None => Parsed::invalid(text),
    }
}

/// Parses a date of birth, with the year, and the age rounded down to one decimal.
pub(super) fn parse_dob(text: &str, now: Timestamp) -> Parsed {
    let Some((day, start)) = parse_day(text, now).and_then(|day| Some((day, start_of(day)?))) else {
        return Parsed::invalid(text).with("masked", false);
    };
    let parsed = Parsed::new(format_timestamp(start)).with("masked", false);
    parsed.with("age", age(day, now)).with("year", day.year())
}

/// Parses a timestamp, or the beginning of a day in UTC. Nothing but separators may be left unread, because the text
/// can be anything.
pub(super) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day = || start_of((text.len() <= LENGTH_BYTES_MAX).then(|| formats::parse_whole(text))??);
    clock::parse_timestamp(text).or_else(day)
}

fn parse_day(text: &str, now: Timestamp) -> Option<Date> {
    (text.len() <= LENGTH_BYTES_MAX).then(|| formats::parse(text, TimeZone::UTC.to_datetime(now).date()))?
}

fn start_of(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The age in years: the whole years, and the tenths of a year since the last birthday, rounded down and at most 0.9.
/// Null for births on 29 February when this year has no such day, as in the vendor's library.
fn age(birth: Date, now: Timestamp) -> Value {
    let today = TimeZone::UTC.to_datetime(now).date().to_datetime(Time::midnight());
    let today = today.saturating_add(SignedDuration::from_mins(TENTH_OF_A_DAY));
    let years = (months_between(today, birth.to_datetime(Time::midnight())) / 12.0).trunc();
    let Ok(birthday) = Date::new(today.year(), birth.month(), birth.day()) else { return Value::Null };
    let mut birthday = birthday.to_datetime(Time::midnight());
    if birthday > today {
        birthday = birthday.saturating_sub(Span::new().years(1));
    }
    let days = ms_between(birthday, today) / 86_400_000.0;
    let since = (days * MONTHS_OF_CYCLE / DAYS_OF_CYCLE / 12.0).min(0.9);
    document::number(years + (since * 10.0).floor() / 10.0)
}

/// Milliseconds from one time to another.
fn ms_between(from: DateTime, to: DateTime) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

/// Months from `birth` to `today`, with a fraction that is linear within a month.
fn months_between(today: DateTime, birth: DateTime) -> f64 {
    // The later day of the month is the anchor, so that the ends of months count as whole.
    if today.day() < birth.day() { -count_months(birth, today) } else { count_months(today, birth) }
}

fn count_months(a: DateTime, b: DateTime) -> f64 {
    let whole = (i64::from(b.year()) - i64::from(a.year())) * 12 + i64::from(b.month()) - i64::from(a.month());
    let plus = |months: i64| a.saturating_add(Span::new().months(months));
    let anchor = plus(whole);
    let rest = ms_between(anchor, b);
    let length = if rest < 0.0 { ms_between(plus(whole - 1), anchor) } else { ms_between(anchor, plus(whole + 1)) };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand years have few months")]
    let months = whole as f64 + rest / length;
    -months
}
