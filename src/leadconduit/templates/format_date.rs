//! The helper `format` for dates, with the tokens that the documentation lists.

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::locale::Locale;
use crate::leadconduit::types;
use crate::leadconduit::values;
use crate::support::clock::Timestamp;

/// The largest result.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// The tokens of a format. Longer tokens precede their prefixes.
const TOKENS: [&str; 55] = [
    "LTS", "LT", "LLLL", "LLL", "LL", "L", "llll", "lll", "ll", "l", "MMMM", "MMM", "MM", "Mo", "M", "Qo", "Q", "DDDD",
    "DDDo", "DDD", "DD", "Do", "D", "dddd", "ddd", "dd", "do", "d", "e", "E", "ww", "wo", "w", "WW", "Wo", "W", "YYYY",
    "YY", "Y", "gggg", "gg", "GGGG", "GG", "A", "a", "HH", "H", "hh", "h", "kk", "k", "mm", "m", "ss", "s",
];

/// Parses a value as a timestamp: by its field type if that is known, else if the text is a date and not a number.
pub(super) fn parse_timestamp(value: &Value, text: &str, field_type: Option<&str>) -> Option<Timestamp> {
    let is_date = matches!(field_type, Some("date" | "dob" | "time"));
    let is_number = matches!(field_type, Some("number" | "range")) || values::plain(value).is_number();
    if is_number || (!is_date && values::parse_number(text).is_some()) {
        return None;
    }
    types::parse_timestamp(text)
}

/// Returns the time zone with a name.
pub(super) fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// Formats a timestamp, in UTC if there is no time zone.
pub(super) fn format(at: Timestamp, format: &str, locale: &Locale, zone_name: Option<&str>) -> String {
    let zone = zone_name.and_then(time_zone);
    let has_zone = zone.is_some();
    let formatter = DateFormatter { at: at.to_zoned(zone.unwrap_or(TimeZone::UTC)), locale, has_zone };
    let mut output = String::new();
    formatter.write(format, &mut output);
    output
}

/// Formats a date by tokens.
struct DateFormatter<'l> {
    at: Zoned,
    locale: &'l Locale,
    /// True if the template has a valid time zone; only then `z` prints its name.
    has_zone: bool,
}

impl DateFormatter<'_> {
    fn write(&self, format: &str, output: &mut String) {
        let mut rest = format;
        while !rest.is_empty() && output.len() < OUTPUT_BYTES_MAX {
            // Text in square brackets is literal.
            if let Some((literal, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
                output.push_str(literal);
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
                output.push_str(&rest[..end]);
                rest = &rest[end..];
            } else {
                self.token(&rest[..length], output);
                rest = &rest[length..];
            }
        }
    }

    /// Formats a token; tokens of long formats are formats themselves.
    fn token(&self, token: &str, output: &mut String) {
        let long = |at: usize| self.locale.long_formats[at];
        match token {
            "LT" => self.write(long(0), output),
            "LTS" => self.write(long(1), output),
            "L" => self.write(long(2), output),
            "LL" => self.write(long(3), output),
            "LLL" => self.write(long(4), output),
            "LLLL" => self.write(long(5), output),
            "l" => self.write(&shorten(long(2)), output),
            "ll" => self.write(&shorten(long(3)), output),
            "lll" => self.write(&shorten(long(4)), output),
            "llll" => self.write(&shorten(long(5)), output),
            token => output.push_str(&self.field(token)),
        }
    }

    fn field(&self, token: &str) -> String {
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
            "dd" => self.locale.narrow_weekdays[index(self.weekday())].to_owned(),
            "ddd" => self.locale.short_weekdays[index(self.weekday())].to_owned(),
            "dddd" => self.locale.weekdays[index(self.weekday())].to_owned(),
            "e" => (if self.locale.weeks_from_sunday { self.weekday() } else { (self.weekday() + 6) % 7 }).to_string(),
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
            "z" | "zz" if self.has_zone => at.strftime("%Z").to_string(),
            "z" | "zz" => "UTC".to_owned(),
            "Z" => at.strftime("%:z").to_string(),
            "ZZ" => at.strftime("%z").to_string(),
            "X" => at.timestamp().as_second().to_string(),
            "x" => at.timestamp().as_millisecond().to_string(),
            // Fractions of a second have milliseconds, followed by zeros.
            fraction => format!("{:03}000000", at.millisecond())[..fraction.len()].to_owned(),
        }
    }

    /// Formats a number: with two digits for a doubled letter, as an ordinal for a token that ends in `o`.
    fn number(&self, number: i64, token: &str) -> String {
        match token.as_bytes() {
            [.., b'o'] => self.locale.ordinal(number),
            [first, second] if first == second => format!("{number:02}"),
            _ => number.to_string(),
        }
    }

    /// Returns the weekday, from 0 for Sunday.
    fn weekday(&self) -> i64 {
        i64::from(self.at.weekday().to_sunday_zero_offset())
    }

    /// Returns the year and week of ISO 8601.
    fn iso_week(&self) -> (i64, i64) {
        let week = self.at.date().iso_week_date();
        (i64::from(week.year()), i64::from(week.week()))
    }

    /// Returns the year and week of the locale.
    fn local_week(&self) -> (i64, i64) {
        if !self.locale.weeks_from_sunday {
            return self.iso_week();
        }
        // The week number of the next Saturday, since January 1 is always in the first week.
        let saturday = self.at.date().saturating_add(jiff::Span::new().days(6 - self.weekday()));
        (i64::from(saturday.year()), (i64::from(saturday.day_of_year()) + 6) / 7)
    }
}

/// Converts a long format to short names and single digits.
fn shorten(format: &str) -> String {
    format.replace("MMMM", "MMM").replace("MM/", "M/").replace("DD", "D").replace("dddd", "ddd")
}

/// Converts a number of a calendar to an index of a table of names.
fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
