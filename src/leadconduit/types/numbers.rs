//! `number` and `range`.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::Value;

use super::{Parsed, js};
use crate::support::document::number as json;

static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(-?[0-9]+(?:\.[0-9]+)?)\s*\+").ok());
static CLOSED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(-?[0-9]+(?:\.[0-9]+)?)\s+([0-9]+(?:\.[0-9]+)?)").ok());
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,3})Z)?").ok()
});

/// Parses a number after removing everything but digits, minus and point: `$1,100 a month` is 1100. A number that is
/// too large is infinite.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    if text.len() > super::LENGTH_BYTES_MAX {
        return None;
    }
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || "-.".contains(*c)).collect();
    digits.parse().ok()
}

/// A number in JSON, which has no infinite ones.
pub(super) fn number_value(number: f64) -> Value {
    if number.is_finite() { json(number) } else { Value::Null }
}

/// Parses `10 to 20`, `10 - 20`, `10 20`, `10+` or a single number, with currency signs and commas. One or two ISO
/// dates are converted to milliseconds.
pub(super) fn parse_range(text: &str) -> Parsed {
    let dates = dates_in_ms(text);
    let text = dates.as_deref().unwrap_or(text);
    let cleaned = clean(text);
    let number = |found: &regex::Captures<'_>, at: usize| found.get(at)?.as_str().parse::<f64>().ok();
    if let Some(found) = OPEN.as_ref().and_then(|open| open.captures(&cleaned))
        && let Some(min) = number(&found, 1)
    {
        return of_numbers(&format!("{}+", js::number_text(min)), Some(min), None, None);
    }
    if let Some(found) = CLOSED.as_ref().and_then(|closed| closed.captures(&cleaned))
        && let (Some(min), Some(max)) = (number(&found, 1), number(&found, 2))
    {
        let normal = format!("{}-{}", js::number_text(min), js::number_text(max));
        return of_numbers(&normal, Some(min), Some(max), Some(f64::midpoint(min, max)));
    }
    let Some(single) = parse_number(text) else {
        return Parsed { is_valid: false, ..of_numbers(text, None, None, None) };
    };
    let single = number_value(single);
    ["mid", "max", "min", "avg"].into_iter().fold(Parsed::new(text), |parsed, name| parsed.with(name, single.clone()))
}

fn of_numbers(normal: &str, min: Option<f64>, max: Option<f64>, middle: Option<f64>) -> Parsed {
    let value = |number: Option<f64>| number.map_or(Value::Null, number_value);
    let mid = middle.map(|middle| js::leading_integer(&js::number_text(middle)));
    let parsed = Parsed::new(normal).with("mid", value(mid)).with("max", value(max)).with("min", value(min));
    parsed.with("avg", value(middle.map(js::round_to_cents)))
}

/// Removes words and signs. The last dash of a line, or else the word `to`, becomes a space.
fn clean(text: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_digit() || "- .+".contains(*c);
    let (left, right) = match split_bounds(text) {
        Some((at, length)) => (&text[..at], &text[at + length..]),
        None => return text.chars().filter(is_kept).collect(),
    };
    left.chars().chain([' ']).chain(right.chars()).filter(is_kept).collect()
}

/// The position and length of what separates the two bounds: in each line the last dash that has something before it,
/// or else the word `to`, whichever begins first.
fn split_bounds(text: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    for line in text.split_inclusive(js::is_line_end) {
        let first_length = line.chars().next().map_or(0, char::len_utf8);
        let dash = line.rfind('-').filter(|at| *at >= first_length);
        // A dash is looked for from the beginning of its line; the word counts only before that.
        if let Some(at) = dash {
            return Some((start + at, 1));
        }
        if let Some(at) = line.find("to") {
            return Some((start + at, 2));
        }
        start += line.len();
    }
    None
}

/// Returns the first two dates of a text in milliseconds, separated by `-`.
fn dates_in_ms(text: &str) -> Option<String> {
    let times: Vec<String> = ISO.as_ref()?.captures_iter(text).take(2).map(|found| ms_text(&found)).collect();
    (!times.is_empty()).then(|| times.join("-"))
}

/// The milliseconds of a date, as text. Days that the month lacks run over into the next one.
fn ms_text(found: &regex::Captures<'_>) -> String {
    let part = |at: usize| found.get(at).map_or("0", |part| part.as_str());
    let number = |at: usize| part(at).parse::<i64>().unwrap_or_default();
    let ms = || {
        let month = i8::try_from(number(2)).ok()?;
        let first = Date::new(i16::try_from(number(1)).ok()?, month, 1).ok()?;
        let start = first.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
        let (day, hour, minute, second) = (number(3), number(4), number(5), number(6));
        let fraction: i64 = format!("{:0<3}", part(7)).parse().ok()?;
        let is_time = (hour < 24 && minute < 60 && second < 60) || (hour == 24 && minute + second + fraction == 0);
        ((1..=31).contains(&day) && is_time)
            .then(|| start + ((((day - 1) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction)
    };
    ms().map_or_else(|| "NaN".to_owned(), |ms| ms.to_string())
}
