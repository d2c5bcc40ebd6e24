//! Abbreviations of time zones. Some stand for a zone with daylight saving time, others for one offset.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::support::clock::Timestamp;

/// Offsets in minutes east of UTC, by abbreviation: the best known ones.
const OFFSETS: [(&str, i64); 72] = [
    ("ACDT", 630),
    ("ACST", 570),
    ("ADT", -180),
    ("AEDT", 660),
    ("AEST", 600),
    ("AKDT", -480),
    ("AKST", -540),
    ("AMT", -240),
    ("ART", -180),
    ("AST", -240),
    ("AWST", 480),
    ("AZT", 240),
    ("BOT", -240),
    ("BRST", -120),
    ("BRT", -180),
    ("BST", 60),
    ("CAT", 120),
    ("CDT", -300),
    ("CEST", 120),
    ("CLST", -180),
    ("CLT", -240),
    ("COT", -300),
    ("CST", -360),
    ("EAT", 180),
    ("ECT", -300),
    ("EDT", -240),
    ("EEST", 180),
    ("EET", 120),
    ("EST", -300),
    ("FJT", 720),
    ("GET", 240),
    ("GMT", 0),
    ("GST", 240),
    ("HADT", -540),
    ("HAST", -600),
    ("HKT", 480),
    ("ICT", 420),
    ("IDT", 180),
    ("IRDT", 270),
    ("IRST", 210),
    ("IST", 330),
    ("JST", 540),
    ("KST", 540),
    ("MDT", -360),
    ("MMT", 390),
    ("MSD", 240),
    ("MSK", 180),
    ("MST", -420),
    ("MYT", 480),
    ("NDT", -90),
    ("NPT", 345),
    ("NST", -150),
    ("NZDT", 780),
    ("NZST", 720),
    ("PDT", -420),
    ("PET", -300),
    ("PHT", 480),
    ("PKT", 300),
    ("PST", -480),
    ("PYT", -240),
    ("SAST", 120),
    ("SGT", 480),
    ("SST", -660),
    ("UTC", 0),
    ("UYT", -180),
    ("UZT", 300),
    ("VET", -210),
    ("WAT", 60),
    ("WEST", 60),
    ("WET", 0),
    ("WIB", 420),
    ("WIT", 540),
];

/// Abbreviations of zones with daylight saving time: the offset in winter, and whether the zone is European.
const ZONES: [(&str, i64, bool); 5] =
    [("CET", 60, true), ("CT", -360, false), ("ET", -300, false), ("MT", -420, false), ("PT", -480, false)];

/// The offset of an abbreviation in upper case, at a time that is given in UTC although it is meant in the zone. The
/// rules of today hold for every year.
pub(super) fn offset(name: &str, at: Timestamp) -> Option<i64> {
    if let Ok(position) = OFFSETS.binary_search_by(|(known, _)| (*known).cmp(name)) {
        return OFFSETS.get(position).map(|(_, offset)| *offset);
    }
    let (_, winter, is_european) = ZONES.iter().find(|(known, ..)| *known == name)?;
    let local = TimeZone::UTC.to_datetime(at);
    // The month, the number of the Sunday, from the end if it is negative, and the hour.
    let [start, end] = if *is_european { [(3, -1, 2), (10, -1, 3)] } else { [(3, 2, 2), (11, 1, 2)] };
    let change = |(month, week, hour): (i8, i8, i8)| {
        let sunday = Date::new(local.year(), month, 1).ok()?.nth_weekday_of_month(week, Weekday::Sunday).ok()?;
        Some(sunday.at(hour, 0, 0, 0))
    };
    let is_summer = local > change(start)? && local <= change(end)?;
    Some(winter + if is_summer { 60 } else { 0 })
}
