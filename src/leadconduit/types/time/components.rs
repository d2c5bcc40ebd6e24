//! The parts of a time: those that the text contains, and those that are implied.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::support::clock::Timestamp;

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Month,
    Day,
    /// From 0, Sunday.
    Weekday,
    Hour,
    Minute,
    Second,
    Millisecond,
    /// 0 before noon, 1 after it.
    Meridiem,
    /// Minutes east of UTC.
    Offset,
}

pub(super) const ALL: [Part; 10] = [
    Part::Year,
    Part::Month,
    Part::Day,
    Part::Weekday,
    Part::Hour,
    Part::Minute,
    Part::Second,
    Part::Millisecond,
    Part::Meridiem,
    Part::Offset,
];

/// The parts of a time.
#[derive(Clone, Debug)]
pub(super) struct Components {
    known: [Option<i64>; ALL.len()],
    implied: [Option<i64>; ALL.len()],
    /// True for words such as `today`, whose time of day is a guess.
    pub(super) is_casual: bool,
}

impl Components {
    /// Noon of the current day, all of it implied.
    pub(super) fn of_noon(now: Timestamp) -> Self {
        let mut components = Self { known: [None; ALL.len()], implied: [None; ALL.len()], is_casual: false };
        components.imply_date(TimeZone::UTC.to_datetime(now).date());
        for (part, value) in [(Part::Hour, 12), (Part::Minute, 0), (Part::Second, 0), (Part::Millisecond, 0)] {
            components.imply(part, value);
        }
        components
    }

    pub(super) fn get(&self, part: Part) -> Option<i64> {
        self.known[part as usize].or(self.implied[part as usize])
    }

    /// The value of a part that always has one.
    pub(super) fn number(&self, part: Part) -> i64 {
        self.get(part).unwrap_or_default()
    }

    pub(super) fn is_certain(&self, part: Part) -> bool {
        self.known[part as usize].is_some()
    }

    /// Sets a part that the text does not contain; a known one is unchanged.
    pub(super) fn imply(&mut self, part: Part, value: i64) {
        if !self.is_certain(part) {
            self.implied[part as usize] = Some(value);
        }
    }

    /// Sets a part that the text contains.
    pub(super) fn assign(&mut self, part: Part, value: i64) {
        self.known[part as usize] = Some(value);
        self.implied[part as usize] = None;
    }

    pub(super) fn remove(&mut self, part: Part) {
        self.known[part as usize] = None;
        self.implied[part as usize] = None;
    }

    pub(super) fn with(mut self, part: Part, value: i64) -> Self {
        self.assign(part, value);
        self
    }

    pub(super) fn imply_date(&mut self, date: Date) {
        for (part, value) in parts_of(date) {
            self.imply(part, value);
        }
    }

    pub(super) fn assign_date(&mut self, date: Date) {
        for (part, value) in parts_of(date) {
            self.assign(part, value);
        }
    }

    pub(super) fn is_only_date(&self) -> bool {
        ![Part::Hour, Part::Minute, Part::Second].iter().any(|part| self.is_certain(*part))
    }

    pub(super) fn is_only_time(&self) -> bool {
        ![Part::Weekday, Part::Day, Part::Month, Part::Year].iter().any(|part| self.is_certain(*part))
    }

    pub(super) fn is_only_weekday(&self) -> bool {
        self.is_certain(Part::Weekday) && !self.is_certain(Part::Day) && !self.is_certain(Part::Month)
    }

    pub(super) fn has_unknown_year(&self) -> bool {
        self.is_certain(Part::Month) && !self.is_certain(Part::Year)
    }

    /// The time of day and the date, if the calendar has them.
    pub(super) fn civil(&self) -> Option<DateTime> {
        let part = |part| self.get(part);
        let small = |value: Option<i64>| value.and_then(|value| i8::try_from(value).ok());
        let year = i16::try_from(part(Part::Year)?).ok()?;
        let date = Date::new(year, small(part(Part::Month))?, small(part(Part::Day))?).ok()?;
        // Up to 9,999 milliseconds were written; they count as seconds.
        let (milliseconds, second) = (self.number(Part::Millisecond), part(Part::Second)?);
        let second = small(Some(second + milliseconds / 1000))?;
        let nanoseconds = i32::try_from(milliseconds % 1000 * 1_000_000).ok()?;
        let (hour, minute) = (small(part(Part::Hour))?, small(part(Part::Minute))?);
        Some(date.to_datetime(Time::new(hour, minute, second, nanoseconds).ok()?))
    }

    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        let offset = self.number(Part::Offset).minutes();
        let at = self.civil()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        at.checked_sub(offset).ok()
    }

    /// Moves the date by days and makes it implied.
    pub(super) fn move_days(&mut self, days: i64) {
        let Some(date) = self.civil().and_then(|at| at.date().checked_add(days.days()).ok()) else { return };
        for part in [Part::Year, Part::Month, Part::Day, Part::Weekday] {
            self.remove(part);
        }
        self.imply_date(date);
        self.imply(Part::Weekday, weekday(date));
    }
}

fn parts_of(date: Date) -> [(Part, i64); 3] {
    [(Part::Year, date.year().into()), (Part::Month, date.month().into()), (Part::Day, date.day().into())]
}

/// The weekday of a date, from 0, Sunday.
pub(super) fn weekday(date: Date) -> i64 {
    date.weekday().to_sunday_zero_offset().into()
}

/// A time that was found in a text, or a range of times.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Byte positions in the text.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) at: Components,
    /// The end of a range.
    pub(super) until: Option<Components>,
}

/// The year in which a day is closest to the current time.
pub(super) fn closest_year(now: Timestamp, month: i64, day: i64) -> i64 {
    let now = TimeZone::UTC.to_datetime(now);
    let year = i64::from(now.year());
    // Days that the month lacks run over into the next one; years are compared by the middle of the day.
    let distance = |year: i64| {
        let first = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
        let date = first.checked_add((day - 1).days()).ok()?.to_datetime(now.time());
        Some(date.duration_since(now).unsigned_abs())
    };
    let Some(this) = distance(year) else { return year };
    let is_closer = |other: i64| distance(other).is_some_and(|other| other < this);
    if is_closer(year + 1) {
        year + 1
    } else if is_closer(year - 1) {
        year - 1
    } else {
        year
    }
}
