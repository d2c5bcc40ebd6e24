//! `number` and `range`.

use std::sync::LazyLock;

use regex::Regex;

use super::Parsed;
use crate::support::clock::parse_timestamp;
use crate::support::document::number as json;

static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(-?[0-9]+(?:\.[0-9]+)?)\s*\+").ok());
static CLOSED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(-?[0-9]+(?:\.[0-9]+)?)\s+([0-9]+(?:\.[0-9]+)?)").ok());
static ISO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,3}Z)?").ok());

/// Parses a number after removing everything but digits, minus and point: `$1,100 a month` is 1100.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    if text.len() > super::LENGTH_BYTES_MAX {
        return None;
    }
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || "-.".contains(*c)).collect();
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Parses `10 to 20`, `10 - 20`, `10 20`, `10+` or a single number, with currency signs and commas. One or two ISO
/// dates are converted to milliseconds (observed).
pub(super) fn parse_range(text: &str) -> Option<Parsed> {
    let dates = dates_in_ms(text);
    let text = dates.as_deref().unwrap_or(text);
    let cleaned = clean(text);
    if let Some(found) = OPEN.as_ref().and_then(|open| open.captures(&cleaned)) {
        let min: f64 = found.get(1)?.as_str().parse().ok()?;
        let min = json(min);
        return Some(Parsed::new(format!("{min}+")).with("min", min));
    }
    if let Some(found) = CLOSED.as_ref().and_then(|closed| closed.captures(&cleaned)) {
        let (min, max): (f64, f64) = (found.get(1)?.as_str().parse().ok()?, found.get(2)?.as_str().parse().ok()?);
        let middle = f64::midpoint(min, max);
        let parsed = Parsed::new(format!("{}-{}", json(min), json(max))).with("mid", json(middle.trunc()));
        return Some(
            parsed.with("max", json(max)).with("min", json(min)).with("avg", json((middle * 100.0).round() / 100.0)),
        );
    }
    let single = json(parse_number(text)?);
    let parsed = Parsed::new(text).with("mid", single.clone()).with("max", single.clone());
    Some(parsed.with("min", single.clone()).with("avg", single))
}

/// Removes words and signs. The last dash, or else the word `to`, becomes a space.
fn clean(text: &str) -> String {
    let dash = text.rfind('-').filter(|at| *at > 0);
    let (left, right) = match dash {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => text.split_once("to").unwrap_or((text, "")),
    };
    let is_kept = |c: &char| c.is_ascii_digit() || "- .+".contains(*c);
    left.chars().chain([' ']).chain(right.chars()).filter(is_kept).collect()
}

/// Returns the first two dates of a text in milliseconds, separated by `-`.
fn dates_in_ms(text: &str) -> Option<String> {
    let found = ISO.as_ref()?.find_iter(text).take(2);
    let times: Vec<String> =
        found.filter_map(|date| parse_timestamp(date.as_str())).map(|at| at.as_millisecond().to_string()).collect();
    (!times.is_empty()).then(|| times.join("-"))
}
