//! `format` for dates, by the tokens that the documentation lists.

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::locale::Locale;
use super::numbers;
use crate::leadconduit::types;
use crate::leadconduit::values;
use crate::support::clock::Timestamp;

/// No result is longer.
const WRITTEN_BYTES_MAX: usize = 64 * 1024;

/// The tokens of a date, the longer before the shorter that they begin with.
const TOKENS: [&str; 55] = [
    "LTS", "LT", "LLLL", "LLL", "LL", "L", "llll", "lll", "ll", "l", "MMMM", "MMM", "MM", "Mo", "M", "Qo", "Q", "DDDD",
    "DDDo", "DDD", "DD", "Do", "D", "dddd", "ddd", "dd", "do", "d", "e", "E", "ww", "wo", "w", "WW", "Wo", "W", "YYYY",
    "YY", "Y", "gggg", "gg", "GGGG", "GG", "A", "a", "HH", "H", "hh", "h", "kk", "k", "mm", "m", "ss", "s",
];

/// The moment that a value names: by its type where that is known, else a text that is a date and no number.
pub(super) fn moment_of(value: &Value, text: &str, kind: Option<&str>) -> Option<Timestamp> {
    let is_date = matches!(kind, Some("date" | "dob" | "time"));
    let is_number = matches!(kind, Some("number" | "range")) || values::plain(value).is_number();
    if is_number || (!is_date && values::numeral(text).is_some()) {
        return None;
    }
    types::moment_of(text)
}

/// A time zone by its name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// A moment as a format says, in UTC when no time zone is named.
pub(super) fn format(at: Timestamp, format: &str, locale: &Locale, name: Option<&str>) -> String {
    let zone = name.and_then(zone);
    let named = zone.is_some();
    let at = Shown { at: at.to_zoned(zone.unwrap_or(TimeZone::UTC)), locale, named };
    let mut written = String::new();
    at.write(format, &mut written);
    written
}

struct Shown<'l> {
    at: Zoned,
    locale: &'l Locale,
    /// Whether the template names a time zone. Only then is it written.
    named: bool,
}

impl Shown<'_> {
    fn write(&self, format: &str, written: &mut String) {
        let mut rest = format;
        while !rest.is_empty() && written.len() < WRITTEN_BYTES_MAX {
            // What stands in square brackets is written as it is.
            if let Some((plain, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
                written.push_str(plain);
                rest = after;
                continue;
            }
            let run = |c: char| rest.len() - rest.trim_start_matches(c).len();
            let length = match rest.as_bytes()[0] {
                b'S' => run('S').min(9),
                b'z' => run('z').min(2),
                b'Z' => run('Z').min(2),
                b'X' | b'x' => 1,
                _ => TOKENS.iter().find(|token| rest.starts_with(**token)).map_or(0, |token| token.len()),
            };
            if length == 0 {
                let end = rest.chars().next().map_or(1, char::len_utf8);
                written.push_str(&rest[..end]);
                rest = &rest[end..];
            } else {
                self.token(&rest[..length], written);
                rest = &rest[length..];
            }
        }
    }

    fn token(&self, token: &str, written: &mut String) {
        let long = |at: usize| self.locale.long[at];
        match token {
            "LT" => self.write(long(0), written),
            "LTS" => self.write(long(1), written),
            "L" => self.write(long(2), written),
            "LL" => self.write(long(3), written),
            "LLL" => self.write(long(4), written),
            "LLLL" => self.write(long(5), written),
            "l" => self.write(&shorter(long(2)), written),
            "ll" => self.write(&shorter(long(3)), written),
            "lll" => self.write(&shorter(long(4)), written),
            "llll" => self.write(&shorter(long(5)), written),
            token => written.push_str(&self.part(token)),
        }
    }

    fn part(&self, token: &str) -> String {
        let at = &self.at;
        let (month, day, year) = (i64::from(at.month()), i64::from(at.day()), i64::from(at.year()));
        let hour = i64::from(at.hour());
        match token {
            "M" | "Mo" | "MM" => self.number(month, token),
            "MMM" => self.locale.short_months[index(month - 1)].to_owned(),
            "MMMM" => self.locale.months[index(month - 1)].to_owned(),
            "Q" | "Qo" => self.number((month + 2) / 3, token),
            "D" | "Do" | "DD" => self.number(day, token),
            "DDD" | "DDDo" => self.number(i64::from(at.day_of_year()), token),
            "DDDD" => format!("{:03}", at.day_of_year()),
            "d" | "do" => self.number(self.weekday(), token),
            "dd" => self.locale.two_letters[index(self.weekday())].to_owned(),
            "ddd" => self.locale.short_weekdays[index(self.weekday())].to_owned(),
            "dddd" => self.locale.weekdays[index(self.weekday())].to_owned(),
            "e" => (if self.locale.from_sunday { self.weekday() } else { (self.weekday() + 6) % 7 }).to_string(),
            "E" => i64::from(at.weekday().to_monday_one_offset()).to_string(),
            "w" | "wo" | "ww" => self.number(self.local_week().1, token),
            "W" | "Wo" | "WW" => self.number(self.iso_week().1, token),
            "gg" => format!("{:02}", self.local_week().0 % 100),
            "gggg" => format!("{:04}", self.local_week().0),
            "GG" => format!("{:02}", self.iso_week().0 % 100),
            "GGGG" => format!("{:04}", self.iso_week().0),
            "YY" => format!("{:02}", year % 100),
            "YYYY" => format!("{year:04}"),
            "Y" => year.to_string(),
            "A" => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
            "a" => (if hour < 12 { "am" } else { "pm" }).to_owned(),
            "H" | "HH" => self.number(hour, token),
            "h" | "hh" => self.number((hour + 11) % 12 + 1, token),
            "k" | "kk" => self.number((hour + 23) % 24 + 1, token),
            "m" | "mm" => self.number(i64::from(at.minute()), token),
            "s" | "ss" => self.number(i64::from(at.second()), token),
            "z" | "zz" if self.named => at.strftime("%Z").to_string(),
            "z" | "zz" => "UTC".to_owned(),
            "Z" => at.strftime("%:z").to_string(),
            "ZZ" => at.strftime("%z").to_string(),
            "X" => at.timestamp().as_second().to_string(),
            "x" => at.timestamp().as_millisecond().to_string(),
            // Fractions of a second are known to the millisecond; noughts follow.
            fraction => format!("{:03}000000", at.millisecond())[..fraction.len()].to_owned(),
        }
    }

    /// Two letters of one kind give two digits, an `o` behind gives the place in a row.
    fn number(&self, number: i64, token: &str) -> String {
        match token.as_bytes() {
            [.., b'o'] => self.locale.ordinal(number),
            [first, second] if first == second => format!("{number:02}"),
            _ => number.to_string(),
        }
    }

    /// From Sunday, which is 0.
    fn weekday(&self) -> i64 {
        i64::from(self.at.weekday().to_sunday_zero_offset())
    }

    /// The year and the week of ISO 8601.
    fn iso_week(&self) -> (i64, i64) {
        let week = self.at.date().iso_week_date();
        (i64::from(week.year()), i64::from(week.week()))
    }

    /// The year and the week as the language counts them.
    fn local_week(&self) -> (i64, i64) {
        if !self.locale.from_sunday {
            return self.iso_week();
        }
        // The week of the next Saturday: the first of January is always in the first week.
        let saturday = self.at.date().saturating_add(jiff::Span::new().days(6 - self.weekday()));
        (i64::from(saturday.year()), (i64::from(saturday.day_of_year()) + 6) / 7)
    }
}

/// A long format with short names and single digits.
fn shorter(format: &str) -> String {
    format.replace("MMMM", "MMM").replace("MM/", "M/").replace("DD", "D").replace("dddd", "ddd")
}

/// A place in a table of names; the numbers come from a calendar and fit.
fn index(number: i64) -> usize {
    numbers::whole(number)
}
