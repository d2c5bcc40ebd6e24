//! Hours of operation: the weekly schedule in which a flow accepts leads.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::leadconduit::timeframe;
use crate::support::clock::Timestamp;
use crate::support::document::{items, text};

/// The days of the week, as the property names them, with Monday first.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// The weekly schedule of a flow.
#[derive(Debug)]
pub(crate) struct HoursOfOperation {
    /// The time zone of the schedule; `None` for that of the account.
    zone: Option<TimeZone>,
    /// The periods of each day, from Monday: first minute, and the minute at which it ends.
    days: [Vec<(u16, u16)>; 7],
}

impl HoursOfOperation {
    /// The property `hours_of_operation` of a flow; `None` when leads are accepted at any time.
    pub(super) fn of(flow: &Value) -> Option<Self> {
        let hours = flow.get("hours_of_operation")?;
        if hours.get("enabled") != Some(&Value::Bool(true)) {
            return None;
        }
        let zone = hours.get("time_zone").and_then(Value::as_str).map(timeframe::time_zone_or_utc);
        Some(Self { zone, days: DAYS.map(|day| periods(hours.get(day).unwrap_or(&Value::Null))) })
    }

    /// Whether leads are accepted at a time. `account_zone` is the name of the account's time zone.
    pub(crate) fn contain(&self, at: Timestamp, account_zone: &str) -> bool {
        let zone = self.zone.clone().unwrap_or_else(|| timeframe::time_zone_or_utc(account_zone));
        let local = at.to_zoned(zone);
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let today = day_index(local.weekday());
        let is_in = |(start, end): &(u16, u16)| minute >= *start && (minute < *end || end <= start);
        // A period that does not end after it starts ends on the next day.
        let is_in_rest = |(start, end): &(u16, u16)| end <= start && minute < *end;
        self.days[today].iter().any(is_in) || self.days[(today + 6) % 7].iter().any(is_in_rest)
    }
}

fn day_index(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}

/// The periods of a day. An open day without periods is open for 24 hours; a day that is not open has none.
fn periods(day: &Value) -> Vec<(u16, u16)> {
    if day.get("open") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    match items(day, "periods") {
        [] => vec![(0, DAY_MINUTES)],
        periods => periods.iter().filter_map(period).collect(),
    }
}

fn period(period: &Value) -> Option<(u16, u16)> {
    Some((minute_of(text(period, "start"))?, minute_of(text(period, "end"))?))
}

/// The minute of the day of a time such as `09:30`; `24:00` is the end of the day.
fn minute_of(time: &str) -> Option<u16> {
    let (hours, minutes) = time.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}
