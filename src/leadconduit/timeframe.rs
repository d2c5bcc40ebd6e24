//! Time frames in a time zone: by name, such as `this_14_days`, and as consecutive intervals.
//!
//! The documentation shows the names in a few samples only. They have the meaning that they have in the analytics
//! service they come from (inferred): `this_` includes the current unit, `previous_` ends before it. Weeks begin on
//! Monday, because the vendor's help states that weekly caps end on Sunday night.

use jiff::tz::{Offset, TimeZone};
use jiff::{RoundMode, ToSpan as _, Zoned, ZonedRound};

use crate::support::clock::Timestamp;
use contract_files::yaml::nearest;

/// The largest number of units that a name can have.
const COUNT_MAX: i64 = 9999;

/// How much of an unknown name is compared with those of time zones.
const NAME_CHARS_MAX: usize = 64;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Minute,
    Hour,
    /// From midnight to midnight; 23 or 25 hours where daylight saving time changes.
    Day,
    /// From Monday to Sunday.
    Week,
    Month,
    Year,
}

impl Unit {
    /// Parses a name in the singular or the plural, such as `day` or `days`.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.strip_suffix('s').unwrap_or(name) {
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// The start of the unit that contains `at`; `None` outside the supported range of years.
    #[must_use]
    pub(crate) fn start(self, at: &Zoned) -> Option<Zoned> {
        let truncated = |unit| at.round(ZonedRound::new().smallest(unit).mode(RoundMode::Trunc)).ok();
        let date = at.date();
        let first = match self {
            Self::Minute => return truncated(jiff::Unit::Minute),
            Self::Hour => return truncated(jiff::Unit::Hour),
            Self::Day => date,
            Self::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        };
        // The day starts after midnight where daylight saving time skips midnight.
        first.to_zoned(at.time_zone().clone()).ok()?.start_of_day().ok()
    }

    /// Adds `count` units, or subtracts them when the count is negative; `None` outside the supported range of years.
    #[must_use]
    pub(crate) fn add(self, at: &Zoned, count: i64) -> Option<Zoned> {
        // `try_` throughout: counts come from documents, and the other methods panic on counts out of range.
        let span = jiff::Span::new();
        let span = match self {
            Self::Minute => span.try_minutes(count),
            Self::Hour => span.try_hours(count),
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        };
        at.checked_add(span.ok()?).ok()
    }

    /// The number of units between two starts of units.
    fn units_between(self, from: &Zoned, to: &Zoned) -> i64 {
        let seconds = to.timestamp().as_second() - from.timestamp().as_second();
        let days = || i64::from((to.date() - from.date()).get_days());
        let years = i64::from(to.year()) - i64::from(from.year());
        match self {
            Self::Minute => seconds / 60,
            Self::Hour => seconds / 3600,
            Self::Day => days(),
            Self::Week => days() / 7,
            Self::Month => years * 12 + i64::from(to.month()) - i64::from(from.month()),
            Self::Year => years,
        }
    }
}

/// A range of time: `start` is included, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeframe {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Timeframe {
    /// Parses a name: `today`, `yesterday`, `this_month`, `previous_30_days` and so on.
    #[must_use]
    pub(crate) fn from_name(name: &str, now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let (includes_current, count, unit) = match name {
            "today" => (true, 1, Unit::Day),
            "yesterday" => (false, 1, Unit::Day),
            _ => {
                let (prefix, rest) = name.split_once('_')?;
                let (count, unit) = rest.split_once('_').unwrap_or(("1", rest));
                let includes_current = match prefix {
                    "this" => true,
                    "previous" => false,
                    _ => return None,
                };
                (includes_current, parse_count(count)?, Unit::from_name(unit)?)
            }
        };
        let current = unit.start(&now.to_zoned(zone.clone()))?;
        let end = if includes_current { unit.add(&current, 1)? } else { current };
        let start = unit.add(&end, -count)?;
        Some(Self { start: start.timestamp(), end: end.timestamp() })
    }

    /// The interval that contains `now`, of consecutive intervals of `count` units. One of them begins with the unit
    /// that contains `anchor`.
    #[must_use]
    pub(crate) fn interval_containing(
        anchor: Timestamp,
        now: Timestamp,
        count: i64,
        unit: Unit,
        zone: &TimeZone,
    ) -> Option<Self> {
        let first = unit.start(&anchor.to_zoned(zone.clone()))?;
        let current = unit.start(&now.to_zoned(zone.clone()))?;
        let count = count.clamp(1, COUNT_MAX);
        let passed = unit.units_between(&first, &current).div_euclid(count);
        let start = unit.add(&first, passed.checked_mul(count)?)?;
        let end = unit.add(&start, count)?;
        Some(Self { start: start.timestamp(), end: end.timestamp() })
    }

    #[must_use]
    pub(crate) fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

fn parse_count(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|count| is_number && (1..=COUNT_MAX).contains(count))
}

/// The time zone with this name; UTC when the name is unknown.
#[must_use]
pub(crate) fn time_zone_or_utc(name: &str) -> TimeZone {
    find_time_zone(name).unwrap_or(TimeZone::UTC)
}

/// The time zone with this name. A space counts as `_`, because a documented sample has one.
#[must_use]
pub(crate) fn find_time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).or_else(|_| TimeZone::get(&name.replace(' ', "_"))).ok()
}

/// The name of the time zone that is most similar to a text, or whose city it is.
#[must_use]
pub(crate) fn nearest_time_zone(text: &str) -> Option<String> {
    let text: String = text.chars().take(NAME_CHARS_MAX).map(|c| if c == ' ' { '_' } else { c }).collect();
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let is_city = |name: &&String| {
        name.rsplit_once('/').is_some_and(|(_, city)| !text.is_empty() && city.eq_ignore_ascii_case(&text))
    };
    let city = names.iter().find(is_city).cloned();
    city.or_else(|| nearest(&text, names.iter().map(String::as_str)).map(str::to_owned))
}

/// The time zone with a fixed offset from UTC in seconds.
#[must_use]
pub(crate) fn fixed_offset_zone(seconds: i64) -> Option<TimeZone> {
    Offset::from_seconds(i32::try_from(seconds).ok()?).ok().map(TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(frame: Option<Timeframe>) -> String {
        frame.map_or_else(|| "none".to_owned(), |frame| format!("{} {}", frame.start, frame.end))
    }

    /// Saturday evening in New York and Sunday in UTC; daylight saving time ends that Sunday.
    const NOW: &str = "2026-11-01T03:30:20Z";

    #[test]
    fn names_are_parsed() {
        let rows = [
            ("today", "2026-10-31T04:00:00Z 2026-11-01T04:00:00Z"),
            ("this_day", "2026-10-31T04:00:00Z 2026-11-01T04:00:00Z"),
            ("yesterday", "2026-10-30T04:00:00Z 2026-10-31T04:00:00Z"),
            ("this_14_days", "2026-10-18T04:00:00Z 2026-11-01T04:00:00Z"),
            ("previous_14_days", "2026-10-17T04:00:00Z 2026-10-31T04:00:00Z"),
            ("this_week", "2026-10-26T04:00:00Z 2026-11-02T05:00:00Z"),
            ("previous_2_weeks", "2026-10-12T04:00:00Z 2026-10-26T04:00:00Z"),
            ("this_month", "2026-10-01T04:00:00Z 2026-11-01T04:00:00Z"),
            ("previous_1_months", "2026-09-01T04:00:00Z 2026-10-01T04:00:00Z"),
            ("this_2_years", "2025-01-01T05:00:00Z 2027-01-01T05:00:00Z"),
            ("this_5_minutes", "2026-11-01T03:26:00Z 2026-11-01T03:31:00Z"),
            ("previous_3_hours", "2026-11-01T00:00:00Z 2026-11-01T03:00:00Z"),
        ];
        for (name, expected) in rows {
            assert_eq!(
                display(Timeframe::from_name(name, NOW.parse().unwrap(), &time_zone_or_utc("America/New_York"))),
                expected,
                "{name}"
            );
        }
        for name in
            ["", "tomorrow", "this_", "this_0_days", "this_+1_days", "this_10000_days", "next_2_days", "this_2_x"]
        {
            assert_eq!(Timeframe::from_name(name, NOW.parse().unwrap(), &TimeZone::UTC), None, "{name}");
        }
    }

    #[test]
    fn the_day_on_which_daylight_saving_time_ends_has_25_hours() {
        let now = "2026-11-01T18:00:00Z".parse().unwrap();
        let today = Timeframe::from_name("today", now, &time_zone_or_utc("America/New_York"));
        assert_eq!(display(today), "2026-11-01T04:00:00Z 2026-11-02T05:00:00Z");
    }

    #[test]
    fn intervals_are_aligned_to_the_anchor() {
        let rows = [
            (1, Unit::Month, "2026-03-17T12:00:00Z", "2026-10-01T04:00:00Z 2026-11-01T04:00:00Z"),
            (3, Unit::Month, "2026-03-17T12:00:00Z", "2026-09-01T04:00:00Z 2026-12-01T05:00:00Z"),
            (2, Unit::Day, "2026-10-28T12:00:00Z", "2026-10-30T04:00:00Z 2026-11-01T04:00:00Z"),
            (2, Unit::Day, "2026-10-29T12:00:00Z", "2026-10-31T04:00:00Z 2026-11-02T05:00:00Z"),
            (1, Unit::Week, "2020-01-01T00:00:00Z", "2026-10-26T04:00:00Z 2026-11-02T05:00:00Z"),
            (4, Unit::Hour, "2026-10-31T23:10:00Z", "2026-11-01T03:00:00Z 2026-11-01T07:00:00Z"),
            (30, Unit::Minute, "2026-11-01T03:00:00Z", "2026-11-01T03:30:00Z 2026-11-01T04:00:00Z"),
            // The anchor may be in the future.
            (2, Unit::Day, "2026-11-05T12:00:00Z", "2026-10-30T04:00:00Z 2026-11-01T04:00:00Z"),
        ];
        for (count, unit, anchor, expected) in rows {
            let zone = time_zone_or_utc("America/New_York");
            let found =
                Timeframe::interval_containing(anchor.parse().unwrap(), NOW.parse().unwrap(), count, unit, &zone);
            assert_eq!(display(found), expected, "{count} {unit:?} from {anchor}");
            assert!(found.unwrap().contains(NOW.parse().unwrap()));
        }
    }

    #[test]
    fn time_zones_have_names_or_offsets() {
        assert_eq!(time_zone_or_utc("America/Los Angeles").iana_name(), Some("America/Los_Angeles"));
        assert_eq!(time_zone_or_utc("Nowhere/At_All"), TimeZone::UTC);
        let now: Timestamp = NOW.parse().unwrap();
        let offset = fixed_offset_zone(-18000).unwrap();
        assert_eq!(display(Timeframe::from_name("today", now, &offset)), "2026-10-31T05:00:00Z 2026-11-01T05:00:00Z");
        assert_eq!(fixed_offset_zone(i64::MAX), None);
    }
}
