//! `date`, `dob` and `time`.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use regex::Regex;

use super::Read;
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp, parse_timestamp};
use crate::support::document;

/// The longest text that is looked at as a date or time.
const LENGTH_BYTES_MAX: usize = 80;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// A time of day, its half of the day and its zone, at the end of a text.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let clock = r"(?:^|[T\s,])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?\s*([AaPp])?(?:[Mm])?";
    let zone = r"\s*(?:Z|UTC|GMT)?\s*([+-][0-9]{2}:?[0-9]{2})?\s*(?:\([A-Za-z ]{1,40}\))?$";
    Regex::new(&format!("{clock}{zone}")).ok()
});

/// A date; its normal form is the moment at which it begins in UTC, as live data shows it.
pub(super) fn date(text: &str) -> Option<Read> {
    let start = day(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Read::new(format_timestamp(start)))
}

/// A date with the year, and the age in years of 365 days with one decimal (observed).
pub(super) fn dob(text: &str, now: Timestamp) -> Option<Read> {
    let day = day(text)?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let days = now.duration_since(start).as_hours() / 24;
    // Ten years' days are few enough for any kind of number.
    let age = f64::from(i32::try_from(days).ok()?) / 365.0;
    let age = document::number((age * 10.0).round() / 10.0);
    Some(Read::new(format_timestamp(start)).with("age", age).with("year", day.year()))
}

/// A moment. A date alone is at noon, a time alone is today, and no zone is UTC (inferred: the library asks a reader of
/// free text that does so).
pub(super) fn time(text: &str, now: Timestamp) -> Option<Read> {
    let text = short(text)?;
    if let Some(at) = parse_timestamp(text).filter(|_| text.contains(':')) {
        return Some(Read::new(format_timestamp(at)));
    }
    let noon = Time::constant(12, 0, 0, 0);
    let (date, time, offset) = match TIME.as_ref().and_then(|time| time.captures(text)) {
        Some(found) => {
            let before = text.get(..found.get(0)?.start())?.trim();
            let date = if before.is_empty() { TimeZone::UTC.to_datetime(now).date() } else { day(before)? };
            (date, time_of_day(&found)?, offset(found.get(6).map(|zone| zone.as_str()))?)
        }
        None => (day(text)?, noon, Offset::UTC),
    };
    let at = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Read::new(format_timestamp(at)))
}

/// A moment, or a day's beginning in UTC.
pub(super) fn moment_of(text: &str) -> Option<Timestamp> {
    let text = short(text)?;
    parse_timestamp(text).or_else(|| Some(day(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

fn short(text: &str) -> Option<&str> {
    let text = text.trim();
    (text.len() <= LENGTH_BYTES_MAX).then_some(text)
}

fn time_of_day(found: &regex::Captures<'_>) -> Option<Time> {
    let number = |at: usize| found.get(at).map_or(Some(0), |part| part.as_str().parse::<i8>().ok());
    let hour = number(1)?;
    let hour = match found.get(5).map(|half| half.as_str()) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("p" | "P") => hour % 12 + 12,
        Some(_) => hour % 12,
        None => hour,
    };
    let fraction = found.get(4).map_or("", |part| part.as_str());
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    Time::new(hour, number(2)?, number(3)?, nanoseconds).ok()
}

/// `-0500`, `-05:00`, or nothing for UTC.
fn offset(text: Option<&str>) -> Option<Offset> {
    let Some(text) = text else { return Some(Offset::UTC) };
    let (hours, minutes) = (text.get(1..3)?.parse::<i64>().ok()?, text.get(text.len() - 2..)?.parse::<i64>().ok()?);
    let seconds = (hours * 60 + minutes) * 60 * if text.starts_with('-') { -1 } else { 1 };
    Offset::UTC.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// The forms that the documentation lists, the American order first, and a moment's day.
fn day(text: &str) -> Option<Date> {
    let text = short(text)?;
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "/-.,".contains(c)).collect();
    words.retain(|word| !word.is_empty());
    if words.len() > 3 && words.first().is_some_and(|word| named(word, &WEEKDAYS).is_some()) {
        words.remove(0);
    }
    let found = match words.as_slice() {
        [digits] if digits.len() == 8 => together(digits),
        [a, b, c] => apart(a, b, c, text.contains('/')),
        _ => None,
    };
    found.or_else(|| Some(TimeZone::UTC.to_datetime(parse_timestamp(text)?).date()))
}

/// Three parts, one of which may be the name of a month.
fn apart(a: &str, b: &str, c: &str, slashes: bool) -> Option<Date> {
    if let Some(month) = named(a, &MONTHS) {
        return civil(year(c, false)?, month, number(b)?);
    }
    if let Some(month) = named(b, &MONTHS) {
        return civil(year(c, false)?, month, number(a)?);
    }
    let (year, first, second) = match year(a, false) {
        Some(year) => (year, number(b)?, number(c)?),
        None => (year(c, slashes)?, number(a)?, number(b)?),
    };
    civil(year, first, second).or_else(|| civil(year, second, first))
}

/// Eight digits: the year at the end or at the beginning, the month before the day or behind it.
fn together(digits: &str) -> Option<Date> {
    let part = |at: std::ops::Range<usize>| digits.get(at).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let at_end = (part(4..8)?, number(part(0..2)?)?, number(part(2..4)?)?);
    let at_start = (part(0..4)?, number(part(4..6)?)?, number(part(6..8)?)?);
    let forms = |swapped: bool| {
        [at_end, at_start].into_iter().find_map(|(year, a, b)| {
            let (month, day) = if swapped { (b, a) } else { (a, b) };
            civil(year.parse().ok()?, month, day)
        })
    };
    forms(false).or_else(|| forms(true))
}

fn civil(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok()
}

/// One or two digits.
fn number(text: &str) -> Option<i8> {
    let tame = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    tame.then(|| text.parse().ok())?
}

/// Four digits; where two will do, those above 68 are of the last century.
fn year(text: &str, short: bool) -> Option<i16> {
    let year: i16 = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if short => Some(if year > 68 { 1900 + year } else { 2000 + year }),
        _ => None,
    }
}

/// A name or its first three letters, counted from one.
fn named(word: &str, names: &[&str]) -> Option<i8> {
    let is_meant = |name: &&str| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]);
    i8::try_from(names.iter().position(is_meant)? + 1).ok()
}
