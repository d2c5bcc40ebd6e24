//! Numbers, ranges and timestamps, parsed from values and user input.

use serde_json::Value;

use super::{plain, text};
use crate::support::clock::{Timestamp, parse_timestamp};

/// Longer texts are not parsed as numbers, ranges or timestamps.
const LENGTH_BYTES_MAX: usize = 64;

/// A range of numbers. For a single number all three fields are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) average: f64,
}

impl Range {
    fn single(number: f64) -> Self {
        Self { min: number, max: number, average: number }
    }

    fn new(min: f64, max: f64) -> Self {
        // The average of an open range is its lower end.
        let average = if max.is_finite() { f64::midpoint(min, max) } else { min };
        Self { min, max, average }
    }

    /// Parses a range: `10-20`, `10 to 20` or `10+`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LENGTH_BYTES_MAX {
            return None;
        }
        if let Some(from) = text.strip_suffix('+') {
            return Some(Self::new(parse_number(from)?, f64::INFINITY));
        }
        let lower = text.to_ascii_lowercase();
        let split = lower.split_once(" to ").or_else(|| lower.split_once('-'))?;
        let (min, max) = (parse_number(split.0)?, parse_number(split.1)?);
        (min <= max).then(|| Self::new(min, max))
    }
}

/// Returns the range of a value: its `min`, `max` and `avg` if it is a typed range, else its number or the range in its
/// text.
pub(crate) fn range(value: &Value) -> Option<Range> {
    let part = |name: &str| value.get(name).and_then(Value::as_f64);
    if let Some(average) = part("avg") {
        let (min, max) = (part("min").unwrap_or(average), part("max").unwrap_or(f64::INFINITY));
        return Some(Range { min, max, average });
    }
    if let Some(number) = number(value) {
        return Some(Range::single(number));
    }
    Range::parse(&text(value)?)
}

/// Returns the number of a value, which can be text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match plain(value) {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => parse_number(text),
        _ => None,
    }
}

/// Parses a number with an optional sign, dollar sign and thousands separators.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > LENGTH_BYTES_MAX {
        return None;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let unsigned = unsigned.strip_prefix('$').unwrap_or(unsigned);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = first.len() <= 3 && !first.is_empty() && groups.all(|group| group.len() == 3 && digits(group));
    let well_formed = digits(first) && (!whole.contains(',') || grouped) && digits(part);
    if !well_formed || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let number: f64 = format!("0{}.{part}0", whole.replace(',', "")).parse().ok()?;
    Some(if text.starts_with('-') && number != 0.0 { -number } else { number })
}

/// Parses a timestamp; text that does not begin with a year is rejected early.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let is_date =
        text.len() <= LENGTH_BYTES_MAX && text.get(4..5) == Some("-") && text.get(..4)?.parse::<u16>().is_ok();
    if is_date { parse_timestamp(text) } else { None }
}
