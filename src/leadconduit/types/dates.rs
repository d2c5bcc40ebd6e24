//! `date`, `dob` and `time`.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use regex::Regex;

use super::Parsed;
use crate::support::clock::{self, SignedDuration, Timestamp, format_timestamp};
use crate::support::document;

/// The longest text that is parsed as a date or time.
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

/// A time of day with `am` or `pm` and a time zone, at the end of a text.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let clock = r"(?:^|[T\s,])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?\s*([AaPp])?(?:[Mm])?";
    let zone = r"\s*(?:Z|UTC|GMT)?\s*([+-][0-9]{2}:?[0-9]{2})?\s*(?:\([A-Za-z ]{1,40}\))?$";
    Regex::new(&format!("{clock}{zone}")).ok()
});

/// Parses a date. Its normal form is the beginning of the day in UTC (observed).
pub(super) fn parse_date(text: &str) -> Option<Parsed> {
    let start = parse_day(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Parsed::new(format_timestamp(start)))
}

/// Parses a date of birth, with the year, and the age in years of 365 days with one decimal (observed).
pub(super) fn parse_dob(text: &str, now: Timestamp) -> Option<Parsed> {
    let day = parse_day(text)?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let days = now.duration_since(start).as_hours() / 24;
    // The number of days fits in `i32`, which converts to `f64` without loss.
    let age = f64::from(i32::try_from(days).ok()?) / 365.0;
    let age = document::number((age * 10.0).round() / 10.0);
    Some(Parsed::new(format_timestamp(start)).with("age", age).with("year", day.year()))
}

/// Parses a time. A date without a time is at noon, a time without a date is today, and the default time zone is UTC
/// (inferred from the free-text parser that LeadConduit's library uses).
pub(super) fn parse_time(text: &str, now: Timestamp) -> Option<Parsed> {
    let text = trim(text)?;
    if let Some(at) = clock::parse_timestamp(text).filter(|_| text.contains(':')) {
        return Some(Parsed::new(format_timestamp(at)));
    }
    let noon = Time::constant(12, 0, 0, 0);
    let (date, time, offset) = match TIME.as_ref().and_then(|time| time.captures(text)) {
        Some(found) => {
            let before = text.get(..found.get(0)?.start())?.trim();
            let date = if before.is_empty() { TimeZone::UTC.to_datetime(now).date() } else { parse_day(before)? };
            (date, parse_time_of_day(&found)?, parse_offset(found.get(6).map(|zone| zone.as_str()))?)
        }
        None => (parse_day(text)?, noon, Offset::UTC),
    };
    let at = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Parsed::new(format_timestamp(at)))
}

/// Parses a timestamp, or the beginning of a day in UTC.
pub(super) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = trim(text)?;
    clock::parse_timestamp(text).or_else(|| Some(parse_day(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// Trims a text; `None` if it is too long.
fn trim(text: &str) -> Option<&str> {
    let text = text.trim();
    (text.len() <= LENGTH_BYTES_MAX).then_some(text)
}

/// Converts the captures of [`TIME`].
fn parse_time_of_day(found: &regex::Captures<'_>) -> Option<Time> {
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

/// Parses `-0500` or `-05:00`; a missing offset is UTC.
fn parse_offset(text: Option<&str>) -> Option<Offset> {
    let Some(text) = text else { return Some(Offset::UTC) };
    let (hours, minutes) = (text.get(1..3)?.parse::<i64>().ok()?, text.get(text.len() - 2..)?.parse::<i64>().ok()?);
    let seconds = (hours * 60 + minutes) * 60 * if text.starts_with('-') { -1 } else { 1 };
    Offset::UTC.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// Parses the formats that the documentation lists, month before day first, and the day of a timestamp.
fn parse_day(text: &str) -> Option<Date> {
    let text = trim(text)?;
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "/-.,".contains(c)).collect();
    words.retain(|word| !word.is_empty());
    if words.len() > 3 && words.first().is_some_and(|word| index_of_name(word, &WEEKDAYS).is_some()) {
        words.remove(0);
    }
    let found = match words.as_slice() {
        [digits] if digits.len() == 8 => parse_eight_digits(digits),
        [a, b, c] => parse_parts(a, b, c, text.contains('/')),
        _ => None,
    };
    found.or_else(|| Some(TimeZone::UTC.to_datetime(clock::parse_timestamp(text)?).date()))
}

/// Parses three parts. One can be the name of a month.
fn parse_parts(a: &str, b: &str, c: &str, has_slashes: bool) -> Option<Date> {
    if let Some(month) = index_of_name(a, &MONTHS) {
        return civil(parse_year(c, false)?, month, parse_number(b)?);
    }
    if let Some(month) = index_of_name(b, &MONTHS) {
        return civil(parse_year(c, false)?, month, parse_number(a)?);
    }
    let (year, first, second) = match parse_year(a, false) {
        Some(year) => (year, parse_number(b)?, parse_number(c)?),
        None => (parse_year(c, has_slashes)?, parse_number(a)?, parse_number(b)?),
    };
    civil(year, first, second).or_else(|| civil(year, second, first))
}

/// Parses eight digits: the year last or first, the month before or after the day.
fn parse_eight_digits(digits: &str) -> Option<Date> {
    let part = |at: std::ops::Range<usize>| digits.get(at).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let at_end = (part(4..8)?, parse_number(part(0..2)?)?, parse_number(part(2..4)?)?);
    let at_start = (part(0..4)?, parse_number(part(4..6)?)?, parse_number(part(6..8)?)?);
    let parse = |is_day_first: bool| {
        [at_end, at_start].into_iter().find_map(|(year, a, b)| {
            let (month, day) = if is_day_first { (b, a) } else { (a, b) };
            civil(year.parse().ok()?, month, day)
        })
    };
    parse(false).or_else(|| parse(true))
}

fn civil(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok()
}

/// Parses one or two digits.
fn parse_number(text: &str) -> Option<i8> {
    let is_short_number = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_short_number.then(|| text.parse().ok())?
}

/// Parses a year of four digits, or of two if `allows_two_digits`: those above 68 are in the twentieth century.
fn parse_year(text: &str, allows_two_digits: bool) -> Option<i16> {
    let year: i16 = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if allows_two_digits => Some(if year > 68 { 1900 + year } else { 2000 + year }),
        _ => None,
    }
}

/// Returns the number of a name, from 1. The first three letters are enough.
fn index_of_name(word: &str, names: &[&str]) -> Option<i8> {
    let is_match = |name: &&str| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]);
    i8::try_from(names.iter().position(is_match)? + 1).ok()
}
