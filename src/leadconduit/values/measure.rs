//! Numbers, ranges and points in time, read from what people write.

use serde_json::Value;

use super::{plain, text};
use crate::support::clock::{Timestamp, parse_timestamp};

/// Longer texts are no numbers, ranges or dates.
const LENGTH_MAX: usize = 64;

/// A range of numbers; of a single number all three are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) average: f64,
}

impl Extent {
    fn single(number: f64) -> Self {
        Self { min: number, max: number, average: number }
    }

    fn of(min: f64, max: f64) -> Self {
        // A range without an end counts as its beginning.
        let average = if max.is_finite() { f64::midpoint(min, max) } else { min };
        Self { min, max, average }
    }

    /// A range as it is written: `10-20`, `10 to 20`, `10+`.
    pub(crate) fn range(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LENGTH_MAX {
            return None;
        }
        if let Some(from) = text.strip_suffix('+') {
            return Some(Self::of(numeral(from)?, f64::INFINITY));
        }
        let lower = text.to_ascii_lowercase();
        let split = lower.split_once(" to ").or_else(|| lower.split_once('-'))?;
        let (min, max) = (numeral(split.0)?, numeral(split.1)?);
        (min <= max).then(|| Self::of(min, max))
    }
}

/// The number or range that a value is. A value of the type `range` brings its own numbers.
pub(crate) fn extent(value: &Value) -> Option<Extent> {
    let part = |name: &str| value.get(name).and_then(Value::as_f64);
    if let Some(average) = part("avg") {
        let (min, max) = (part("min").unwrap_or(average), part("max").unwrap_or(f64::INFINITY));
        return Some(Extent { min, max, average });
    }
    if let Some(number) = number(value) {
        return Some(Extent::single(number));
    }
    Extent::range(&text(value)?)
}

/// The number that a value is, be it written as a text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match plain(value) {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => numeral(text),
        _ => None,
    }
}

/// A number as people write it: a sign, a dollar, commas between groups of three.
pub(crate) fn numeral(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > LENGTH_MAX {
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

/// The point in time that a text names, when it looks like one at all: most texts do not.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let is_date = text.len() <= LENGTH_MAX && text.get(4..5) == Some("-") && text.get(..4)?.parse::<u16>().is_ok();
    if is_date { parse_timestamp(text) } else { None }
}
