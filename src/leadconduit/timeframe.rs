//! Spans of time in a time zone: by name, such as `this_14_days`, and as intervals that follow each other.
//!
//! The names are not documented but by a few samples; their meaning is that of the analytics service whose language
//! they are: `this_` ends with the unit that is running, `previous_` before it. Weeks begin on Monday, because the
//! vendor's help says that weekly caps end on Sunday night.

use jiff::tz::{Offset, TimeZone};
use jiff::{RoundMode, ToSpan as _, Zoned, ZonedRound};

use crate::support::clock::Timestamp;

/// More units than this in one span are no name of a time frame.
const COUNT_MAX: i64 = 9999;

/// A unit that time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A minute of the clock.
    Minute,
    /// An hour of the clock.
    Hour,
    /// From midnight to midnight, whatever the clocks do in between.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl Unit {
    /// The unit of that name, which may be a plural.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
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

    /// When the unit began that a moment lies in. `None` only at the end of the years that can be counted.
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
        // Where clocks jump at midnight, the day begins later.
        first.to_zoned(at.time_zone().clone()).ok()?.start_of_day().ok()
    }

    /// So many units later, or earlier when the count is negative.
    #[must_use]
    pub(crate) fn add(self, at: &Zoned, count: i64) -> Option<Zoned> {
        // `try_` throughout: counts come from documents, and a span refuses what no calendar holds.
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

    /// How many units lie between the beginnings of two.
    fn between(self, from: &Zoned, to: &Zoned) -> i64 {
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

/// From a moment on, up to another one that is no longer part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeframe {
    /// The first moment.
    pub(crate) start: Timestamp,
    /// The first moment after it.
    pub(crate) end: Timestamp,
}

impl Timeframe {
    /// The time frame of that name: `today`, `yesterday`, `this_month`, `previous_30_days` and so on.
    #[must_use]
    pub(crate) fn named(name: &str, now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let (running, count, unit) = match name {
            "today" => (true, 1, Unit::Day),
            "yesterday" => (false, 1, Unit::Day),
            _ => {
                let (which, rest) = name.split_once('_')?;
                let (count, unit) = rest.split_once('_').unwrap_or(("1", rest));
                let running = match which {
                    "this" => true,
                    "previous" => false,
                    _ => return None,
                };
                (running, count_of(count)?, Unit::named(unit)?)
            }
        };
        let this = unit.start(&now.to_zoned(zone.clone()))?;
        let end = if running { unit.add(&this, 1)? } else { this };
        let start = unit.add(&end, -count)?;
        Some(Self { start: start.timestamp(), end: end.timestamp() })
    }

    /// Of intervals of `count` units that follow each other, the one that `now` lies in. The first of them begins with
    /// the unit that `anchor` lies in.
    #[must_use]
    pub(crate) fn interval(anchor: Timestamp, now: Timestamp, count: i64, unit: Unit, zone: &TimeZone) -> Option<Self> {
        let first = unit.start(&anchor.to_zoned(zone.clone()))?;
        let this = unit.start(&now.to_zoned(zone.clone()))?;
        let count = count.clamp(1, COUNT_MAX);
        let passed = unit.between(&first, &this).div_euclid(count);
        let start = unit.add(&first, passed.checked_mul(count)?)?;
        let end = unit.add(&start, count)?;
        Some(Self { start: start.timestamp(), end: end.timestamp() })
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub(crate) fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

fn count_of(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|count| is_number && (1..=COUNT_MAX).contains(count))
}

/// The time zone of that name; UTC when there is none.
#[must_use]
pub(crate) fn zone(name: &str) -> TimeZone {
    known_zone(name).unwrap_or(TimeZone::UTC)
}

/// The time zone of that name. A documented sample has a blank where the name has `_`.
#[must_use]
pub(crate) fn known_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).or_else(|_| TimeZone::get(&name.replace(' ', "_"))).ok()
}

/// The time zone that is so many seconds ahead of UTC.
#[must_use]
pub(crate) fn zone_of_offset(seconds: i64) -> Option<TimeZone> {
    Offset::from_seconds(i32::try_from(seconds).ok()?).ok().map(TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(frame: Option<Timeframe>) -> String {
        frame.map_or_else(|| "none".to_owned(), |frame| format!("{} {}", frame.start, frame.end))
    }

    /// A Saturday evening in New York, Sunday already in UTC, on the day on which clocks go back.
    const NOW: &str = "2026-11-01T03:30:20Z";

    #[test]
    fn names() {
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
                shown(Timeframe::named(name, NOW.parse().unwrap(), &zone("America/New_York"))),
                expected,
                "{name}"
            );
        }
        for name in
            ["", "tomorrow", "this_", "this_0_days", "this_+1_days", "this_10000_days", "next_2_days", "this_2_x"]
        {
            assert_eq!(Timeframe::named(name, NOW.parse().unwrap(), &TimeZone::UTC), None, "{name}");
        }
    }

    #[test]
    fn a_day_on_which_clocks_go_back_is_longer() {
        let now = "2026-11-01T18:00:00Z".parse().unwrap();
        let today = Timeframe::named("today", now, &zone("America/New_York"));
        assert_eq!(shown(today), "2026-11-01T04:00:00Z 2026-11-02T05:00:00Z");
    }

    #[test]
    fn intervals_follow_each_other_from_the_anchor() {
        let rows = [
            (1, Unit::Month, "2026-03-17T12:00:00Z", "2026-10-01T04:00:00Z 2026-11-01T04:00:00Z"),
            (3, Unit::Month, "2026-03-17T12:00:00Z", "2026-09-01T04:00:00Z 2026-12-01T05:00:00Z"),
            (2, Unit::Day, "2026-10-28T12:00:00Z", "2026-10-30T04:00:00Z 2026-11-01T04:00:00Z"),
            (2, Unit::Day, "2026-10-29T12:00:00Z", "2026-10-31T04:00:00Z 2026-11-02T05:00:00Z"),
            (1, Unit::Week, "2020-01-01T00:00:00Z", "2026-10-26T04:00:00Z 2026-11-02T05:00:00Z"),
            (4, Unit::Hour, "2026-10-31T23:10:00Z", "2026-11-01T03:00:00Z 2026-11-01T07:00:00Z"),
            (30, Unit::Minute, "2026-11-01T03:00:00Z", "2026-11-01T03:30:00Z 2026-11-01T04:00:00Z"),
            // An anchor that lies ahead is as good as one that lies behind.
            (2, Unit::Day, "2026-11-05T12:00:00Z", "2026-10-30T04:00:00Z 2026-11-01T04:00:00Z"),
        ];
        for (count, unit, anchor, expected) in rows {
            let zone = zone("America/New_York");
            let found = Timeframe::interval(anchor.parse().unwrap(), NOW.parse().unwrap(), count, unit, &zone);
            assert_eq!(shown(found), expected, "{count} {unit:?} from {anchor}");
            assert!(found.unwrap().contains(NOW.parse().unwrap()));
        }
    }

    #[test]
    fn zones_by_name_and_by_offset() {
        assert_eq!(zone("America/Los Angeles").iana_name(), Some("America/Los_Angeles"));
        assert_eq!(zone("Nowhere/At_All"), TimeZone::UTC);
        let now: Timestamp = NOW.parse().unwrap();
        let offset = zone_of_offset(-18000).unwrap();
        assert_eq!(shown(Timeframe::named("today", now, &offset)), "2026-10-31T05:00:00Z 2026-11-01T05:00:00Z");
        assert_eq!(zone_of_offset(i64::MAX), None);
    }
}
