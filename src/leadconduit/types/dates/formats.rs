//! Dates in the formats that LeadConduit tries in turn: strictly first, then forgivingly. Both passes follow the rules
//! of moment.js, which the vendor's library uses: each part of a format is looked for anywhere in the rest of the text,
//! what lies before it is skipped, and the format that leaves the least unread is taken.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::Date;
use regex::Regex;

use super::super::js;

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    WeekdayName,
    MonthName,
    /// One or two digits, also when strict.
    Month,
    /// Two digits when strict.
    PaddedMonth,
    /// One or two digits, also when strict.
    Day,
    /// Two digits when strict.
    PaddedDay,
    /// Four digits when strict.
    Year,
    /// Two digits when strict.
    ShortYear,
    /// A separator.
    Literal(char),
}

use Token::{Day, Literal, Month, MonthName, PaddedDay, PaddedMonth, ShortYear, WeekdayName, Year};

const SPACE: Token = Literal(' ');
const SLASH: Token = Literal('/');
const DASH: Token = Literal('-');

/// The formats in their order: the month first, then the day first. One is there twice, which matters when a format
/// between the two is valid.
const FORMATS: [&[Token]; 17] = [
    &[WeekdayName, SPACE, MonthName, SPACE, PaddedDay, SPACE, Year],
    &[MonthName, SPACE, PaddedDay, SPACE, Year],
    &[Month, SLASH, Day, SLASH, Year],
    &[Month, SLASH, Day, SLASH, ShortYear],
    &[Year, DASH, PaddedMonth, DASH, PaddedDay],
    &[PaddedMonth, DASH, PaddedDay, DASH, Year],
    &[PaddedMonth, PaddedDay, Year],
    &[Year, PaddedMonth, PaddedDay],
    &[WeekdayName, SPACE, PaddedDay, SPACE, MonthName, SPACE, Year],
    &[PaddedDay, SPACE, MonthName, SPACE, Year],
    &[Day, SLASH, Month, SLASH, Year],
    &[Day, SLASH, Month, SLASH, ShortYear],
    &[Year, DASH, PaddedDay, DASH, PaddedMonth],
    &[PaddedDay, DASH, PaddedMonth, DASH, Year],
    &[PaddedDay, PaddedMonth, Year],
    &[Year, DASH, PaddedDay, DASH, PaddedMonth],
    &[Year, PaddedDay, PaddedMonth],
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What counts as a word: letters, most of those that are not ASCII, and digits before them.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let letters = r"'a-zA-Z\x{A0}-\x{5FF}\x{700}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FF07}\x{FF10}-\x{FFEF}";
    let arabic = format!(r"[\x{{600}}-\x{{6FF}}/]+(?:[{}]*?[\x{{600}}-\x{{6FF}}]+){{1,2}}", js::SPACES);
    Regex::new(&format!("[0-9]*[{letters}]+|{arabic}")).ok()
});

/// How many characters [`parse_whole`] leaves unread.
const SEPARATORS_MAX: usize = 2;

/// Parses a date. Parts that are missing are those of today.
pub(super) fn parse(text: &str, today: Date) -> Option<Date> {
    let read = |is_strict| best(text, today, is_strict)?.date;
    read(true).or_else(|| read(false))
}

/// Parses a date that is the whole text, up to a few separators, and of which no part is missing.
pub(super) fn parse_whole(text: &str) -> Option<Date> {
    let read = |is_strict| best(text, Date::ZERO, is_strict);
    let is_whole = |attempt: &Attempt| attempt.score <= SEPARATORS_MAX;
    read(true)?.date.or_else(|| read(false).filter(is_whole)?.date)
}

/// What one format reads from a text.
struct Attempt {
    date: Option<Date>,
    /// The characters that were not read, and ten for each part that was not found.
    score: usize,
}

/// The format that fits best. The first valid format wins over any before it; after that, a lower score wins, even that
/// of an invalid format.
fn best(text: &str, today: Date, is_strict: bool) -> Option<Attempt> {
    let mut best: Option<Attempt> = None;
    let mut has_valid = false;
    for format in FORMATS {
        let attempt = Reader { rest: text, today, is_strict, parts: Parts::default() }.read(format);
        let is_better = best.as_ref().is_none_or(|best| attempt.score < best.score);
        if is_better || (!has_valid && attempt.date.is_some()) {
            has_valid = has_valid || attempt.date.is_some();
            best = Some(attempt);
        }
    }
    best
}

/// The parts of a date, as they were read.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    /// From 1.
    month: Option<i64>,
    day: Option<i64>,
    /// From 0, Sunday.
    weekday: Option<i64>,
    is_read: bool,
    has_unknown_name: bool,
}

struct Reader<'t> {
    rest: &'t str,
    today: Date,
    is_strict: bool,
    parts: Parts,
}

impl<'t> Reader<'t> {
    fn read(mut self, format: &[Token]) -> Attempt {
        let length = js::length(self.rest);
        let (mut read, mut missing) = (0, 0);
        for token in format {
            let is_literal = matches!(token, Literal(_));
            let Some(found) = self.find(*token) else {
                missing += usize::from(!is_literal || self.is_strict);
                continue;
            };
            read += js::length(found);
            let at = self.rest.find(found).unwrap_or_default();
            self.rest = &self.rest[at + found.len()..];
            if !is_literal {
                self.parts.is_read = true;
                self.set(*token, found);
            }
        }
        let unread = length - read;
        let is_complete = !self.is_strict || (unread == 0 && missing == 0);
        Attempt { date: self.date().filter(|_| is_complete), score: unread + missing * 10 }
    }

    /// The first part of the remaining text that a token matches.
    fn find(&self, token: Token) -> Option<&'t str> {
        match token {
            Literal(c) => self.rest.find(c).map(|at| &self.rest[at..at + c.len_utf8()]),
            MonthName | WeekdayName => Some(WORD.as_ref()?.find(self.rest)?.as_str()),
            Month | Day => self.find_digits(1, 2),
            PaddedMonth | PaddedDay | ShortYear => self.find_digits(if self.is_strict { 2 } else { 1 }, 2),
            Year => self.find_digits(if self.is_strict { 4 } else { 1 }, 4),
        }
    }

    /// The first digits: at least `min` of them, and no more than `max`.
    fn find_digits(&self, min: usize, max: usize) -> Option<&'t str> {
        let bytes = self.rest.as_bytes();
        let start = (0..bytes.len())
            .find(|at| bytes.get(*at..at + min).is_some_and(|run| run.iter().all(u8::is_ascii_digit)))?;
        let length = bytes[start..].iter().take(max).take_while(|byte| byte.is_ascii_digit()).count();
        self.rest.get(start..start + length)
    }

    fn set(&mut self, token: Token, found: &str) {
        let number = found.parse().ok();
        let parts = &mut self.parts;
        let full_year = |year: i64| year + if year > 68 { 1900 } else { 2000 };
        match token {
            Month | PaddedMonth => parts.month = number,
            Day | PaddedDay => parts.day = number,
            Year if found.len() != 2 => parts.year = number,
            Year | ShortYear => parts.year = number.map(full_year),
            MonthName => match position(found, &MONTHS, 3, self.is_strict) {
                Some(index) => parts.month = Some(index + 1),
                None => parts.has_unknown_name = true,
            },
            WeekdayName => match position(found, &WEEKDAYS, 2, self.is_strict) {
                Some(index) => parts.weekday = Some(index),
                None => parts.has_unknown_name = true,
            },
            Literal(_) => {}
        }
    }

    /// The date, if the parts are those of a day in the calendar.
    fn date(&self) -> Option<Date> {
        let parts = &self.parts;
        if !parts.is_read || parts.has_unknown_name {
            return None;
        }
        if let (Some(weekday), None, None) = (parts.weekday, parts.month, parts.day) {
            return self.day_of_week(weekday);
        }
        let today = [i64::from(self.today.year()), i64::from(self.today.month()), i64::from(self.today.day())];
        let first = [0, 1, 1];
        // What stands before the largest given part is today's, what stands behind it is the first.
        let mut values = [parts.year, parts.month, parts.day];
        let given = values.iter().position(Option::is_some).unwrap_or(values.len());
        for (index, value) in values.iter_mut().enumerate() {
            value.get_or_insert(if index < given { today[index] } else { first[index] });
        }
        let [Some(year), Some(month), Some(day)] = values else { return None };
        let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let weekday = i64::from(date.weekday().to_sunday_zero_offset());
        (parts.weekday.is_none_or(|expected| expected == weekday)).then_some(date)
    }

    /// A weekday of the current week, which begins on Sunday, or of the week with its number in another year.
    fn day_of_week(&self, weekday: i64) -> Option<Date> {
        let sunday = |date: Date| date.checked_sub(i64::from(date.weekday().to_sunday_zero_offset()).days()).ok();
        let this_week = sunday(self.today)?;
        let Some(year) = self.parts.year else { return this_week.checked_add(weekday.days()).ok() };
        // The first week of a year contains 1 January.
        let first_week = |year: i16| sunday(Date::new(year, 1, 1).ok()?);
        let week_year = this_week.checked_add(6.days()).ok()?.year();
        let week_days = this_week.since(first_week(week_year)?).ok()?.get_days();
        let year = i16::try_from(year).ok()?;
        let start = first_week(year)?.checked_add(week_days.days()).ok()?;
        (start < first_week(year.checked_add(1)?)?).then(|| start.checked_add(weekday.days()).ok())?
    }
}

/// The index of a name. A strict name has the length of those in the list; otherwise its first letters count.
fn position(found: &str, names: &[&str], letters: usize, is_strict: bool) -> Option<i64> {
    let found = found.to_ascii_lowercase();
    let is_match = |name: &&str| if is_strict { found == **name } else { found.starts_with(&name[..letters]) };
    i64::try_from(names.iter().position(is_match)?).ok()
}
