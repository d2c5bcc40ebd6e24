//! The option `operator` of the helper `format`: adds a span to a date, or subtracts it.

use jiff::Span;
use jiff::tz::TimeZone;

use super::format_date;
use crate::support::clock::Timestamp;

/// The units, by the names of their options.
pub(super) const UNITS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];

/// The values of `operator`.
pub(super) const OPERATORS: [&str; 2] = ["add", "subtract"];

/// Parses the count of a unit, a whole number.
pub(super) fn parse_count(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// A date plus or minus the counts of [`UNITS`], on the calendar of a time zone, by default UTC. `None` for another
/// operator, and for a result outside the supported range of years.
pub(super) fn apply(
    at: Timestamp,
    operator: &str,
    counts: [Option<i64>; UNITS.len()],
    zone_name: Option<&str>,
) -> Option<Timestamp> {
    let sign = match operator {
        "add" => 1,
        "subtract" => -1,
        _ => return None,
    };
    let mut moved = at.to_zoned(zone_name.and_then(format_date::time_zone).unwrap_or(TimeZone::UTC));
    // One after another, because the counts can have different signs, and a span has one.
    for (unit, count) in UNITS.iter().zip(counts).filter_map(|(unit, count)| Some((*unit, count?))) {
        let count = count.checked_mul(sign)?;
        let span = Span::new();
        // `try_` throughout: counts can come from variables, and the other methods panic on counts out of range.
        let span = match unit {
            "years" => span.try_years(count),
            "months" => span.try_months(count),
            "weeks" => span.try_weeks(count),
            "days" => span.try_days(count),
            "hours" => span.try_hours(count),
            "minutes" => span.try_minutes(count),
            _ => span.try_seconds(count),
        };
        moved = moved.checked_add(span.ok()?).ok()?;
    }
    Some(moved.timestamp())
}
