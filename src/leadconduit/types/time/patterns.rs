//! Dates in numbers and with the names of months.

use std::sync::LazyLock;

use fancy_regex::{Captures, Regex};

use super::Context;
use super::components::{Components, Finding, Part, closest_year};

/// A character that is no part of a word.
pub(super) const NOT_WORD: &str = "[^0-9A-Za-z_]";

/// The end of a word.
pub(super) const WORD_END: &str = "(?=[^0-9A-Za-z_]|$)";

/// The names of months, longer ones first.
pub(super) const MONTH: &str = r"(?:september|february|november|december|january|october|august|march|april|sept\.|july|june|jan\.|feb\.|mar\.|apr\.|jun\.|jul\.|aug\.|sept|sep\.|oct\.|nov\.|dec\.|may|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)";

/// A day of the month as a number or a word.
const ORDINAL: &str = r"(?:twenty[ -](?:seventh|third|eighth|second|fourth|fifth|first|sixth|ninth)|thirty[ -]first|thirteenth|fourteenth|seventeenth|eighteenth|nineteenth|fifteenth|sixteenth|twentieth|thirtieth|eleventh|twelfth|seventh|second|fourth|eighth|first|third|fifth|sixth|ninth|tenth|[0-9]{1,2}(?:st|nd|rd|th)?)";

/// A year: with an era, of four digits, or of two that are not something else.
const YEAR: &str = r"(?:[1-9][0-9]{0,3}\s{0,2}(?:BE|AD|BC|BCE|CE)|[1-9][0-9]{3}|[0-9]{2}(?![0-9A-Za-z_]|:[0-9]|\s+(?:am|pm|o\s*clock|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))";

/// The year of an era, or of four digits.
const LONG_YEAR: &str = r"(?:[1-9][0-9]{0,3}\s{0,2}(?:BE|AD|BC|BCE|CE)|[1-9][0-9]{3})";

/// A match in the remaining text.
pub(super) struct Match<'t> {
    pub(super) context: &'t Context<'t>,
    captures: Captures<'t, str>,
    /// Where the remaining text begins.
    base: usize,
    /// The length of what stands before the match proper.
    header: usize,
}

impl<'t> Match<'t> {
    pub(super) fn group(&self, index: usize) -> Option<&'t str> {
        self.captures.get(index).map(|group| group.as_str())
    }

    pub(super) fn number(&self, index: usize) -> Option<i64> {
        self.group(index)?.parse().ok()
    }

    pub(super) fn start(&self) -> usize {
        self.base + self.captures.get(0).map_or(0, |whole| whole.start()) + self.header
    }

    pub(super) fn end(&self) -> usize {
        self.base + self.captures.get(0).map_or(0, |whole| whole.end())
    }

    pub(super) fn finding(&self, at: Components) -> Finding {
        Finding { start: self.start(), end: self.end(), at, until: None }
    }
}

/// Where a pattern is looked for next: a byte position after which it goes on by one character.
pub(super) type Rejected = usize;

/// Finds a pattern in a text again and again.
pub(super) fn find_each<'t>(
    context: &'t Context<'t>,
    pattern: Option<&Regex>,
    extract: impl Fn(&Match<'t>) -> Result<Finding, Rejected>,
    has_header: bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut base = 0;
    let Some(pattern) = pattern else { return found };
    while let Some(captures) = context.text.get(base..).and_then(|rest| pattern.captures(rest).ok().flatten()) {
        let header = captures.get(1).filter(|_| has_header).map_or(0, |header| header.as_str().len());
        let next = Match { context, captures, base, header };
        base = match extract(&next) {
            Ok(finding) => {
                let end = finding.end;
                found.push(finding);
                end
            }
            Err(at) => {
                let skipped = context.text.get(at..).and_then(|rest| rest.chars().next());
                at + skipped.map_or(1, char::len_utf8)
            }
        };
    }
    found
}

/// Compiles a pattern that begins a word. Its groups begin at 2.
pub(super) fn word(inner: &str) -> Option<Regex> {
    Regex::new(&format!("(?i)({NOT_WORD}|^){inner}")).ok()
}

static YEAR_MONTH_DAY: LazyLock<Option<Regex>> =
    LazyLock::new(|| word(&format!(r"([0-9]{{4}})[-./\s](?:({MONTH})|([0-9]{{1,2}}))[-./\s]([0-9]{{1,2}}){WORD_END}")));
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(
        r"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?:T([0-9]{{1,2}}):([0-9]{{1,2}})(?::([0-9]{{1,2}})(?:\.([0-9]{{1,4}}))?)?(Z|([+-][0-9]{{2}}):?([0-9]{{2}})?)?)?{WORD_END}"
    ))
});
static SLASHES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"([^0-9]|^)([0-3]?[0-9])[/.\-]([0-3]?[0-9])(?:[/.\-]([0-9]{{4}}|[0-9]{{2}}))?({NOT_WORD}|$)"))
        .ok()
});
static DAY_MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(
        r"(?:on\s{{0,3}})?({ORDINAL})(?:\s{{0,3}}(?:to|-|–|until|through|till)\s{{0,3}}({ORDINAL}))?(?:-|/|\s{{0,3}}(?:of)?\s{{0,3}})({MONTH})(?:(?:-|/|,?\s{{0,3}})({YEAR}(?![0-9A-Za-z_])))?{WORD_END}"
    ))
});
static MONTH_DAY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(
        r"({MONTH})(?:-|/|\s*,?\s*)({ORDINAL})(?!\s*(?:am|pm))\s*(?:(?:to|-)\s*({ORDINAL})\s*)?(?:(?:-|/|\s*,\s*|\s+)({YEAR}))?{WORD_END}(?!:[0-9])"
    ))
});
static SLASH_MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| word(r"([0-9]|0[1-9]|1[012])/([0-9]{4})"));
static YEAR_MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(r"({LONG_YEAR})(?:\s*[-./,]?\s*|\s+of\s+)({MONTH})(?=[^\s0-9A-Za-z_]|\s+[^0-9]|\s+$|$)"))
});
static MONTH_ONLY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(r"((?:in)\s*)?({MONTH})\s*(?:(?:,|-|of)?\s*({YEAR})?)?(?=[^\s0-9A-Za-z_]|\s+[^0-9]|\s+$|$)"))
});
static YEAR_SUFFIX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!(r"(?i)^\s*({YEAR})")).ok());

/// All findings of these patterns, with the rank of the pattern.
pub(super) fn find_all<'t>(context: &'t Context<'t>) -> Vec<(u8, Finding)> {
    let ranked = |rank: u8, findings: Vec<Finding>| findings.into_iter().map(move |finding| (rank, finding));
    let mut found = Vec::new();
    found.extend(ranked(0, find_each(context, YEAR_MONTH_DAY.as_ref(), year_month_day, true)));
    found.extend(ranked(1, find_each(context, ISO.as_ref(), iso, true)));
    found.extend(ranked(2, find_each(context, SLASHES.as_ref(), slashes, false)));
    found.extend(ranked(4, find_each(context, DAY_MONTH.as_ref(), day_month, true)));
    found.extend(ranked(5, find_each(context, MONTH_DAY.as_ref(), month_day, true)));
    found.extend(ranked(7, find_each(context, SLASH_MONTH.as_ref(), slash_month, true)));
    found.extend(ranked(11, find_each(context, YEAR_MONTH.as_ref(), year_month, true)));
    found.extend(ranked(15, find_each(context, MONTH_ONLY.as_ref(), month_only, true)));
    found
}

/// The number of a month, from 1.
pub(super) fn month_number(name: &str) -> Option<i64> {
    let known = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = name.get(..3)?.to_ascii_lowercase();
    i64::try_from(known.iter().position(|month| *month == start)? + 1).ok()
}

/// The number of a day of the month.
fn ordinal_number(text: &str) -> Option<i64> {
    let known = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    let text = text.to_ascii_lowercase();
    let index = |text: &str| known.iter().position(|word| *word == text).and_then(|at| i64::try_from(at + 1).ok());
    if let Some(unit) = text.strip_prefix("twenty-").or_else(|| text.strip_prefix("twenty ")) {
        return Some(20 + index(unit)?);
    }
    match text.as_str() {
        "thirtieth" => Some(30),
        "thirty first" | "thirty-first" => Some(31),
        text => index(text).or_else(|| text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()),
    }
}

/// The year of a number: of two digits, those above 50 are in the twentieth century.
fn full_year(year: i64) -> i64 {
    match year {
        0..=50 => year + 2000,
        51..=99 => year + 1900,
        year => year,
    }
}

fn year_number(text: &str) -> Option<i64> {
    let upper = text.to_ascii_uppercase();
    let digits: i64 = upper.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
    Some(match upper.trim_start_matches(|c: char| c.is_ascii_digit()).trim() {
        "" => full_year(digits),
        "BE" => digits - 543,
        "BC" | "BCE" => -digits,
        _ => digits,
    })
}

/// A year behind a finding without one, and the end of it.
pub(super) fn year_after(text: &str, at: usize) -> Option<(i64, usize)> {
    let found = YEAR_SUFFIX.as_ref()?.captures(text.get(at..)?).ok()??;
    let whole = found.get(0)?;
    // A short number is rarely a year: `14/4 90`.
    if whole.as_str().trim().len() <= 3 {
        return None;
    }
    Some((year_number(found.get(1)?.as_str())?, at + whole.end()))
}

/// Sets the day and the month, and the year or the closest one.
fn date(context: &Context<'_>, month: i64, day: i64, year: Option<i64>) -> Components {
    let mut at = context.components().with(Part::Day, day).with(Part::Month, month);
    match year {
        Some(year) => at.assign(Part::Year, year),
        None => at.imply(Part::Year, closest_year(context.now, month, day)),
    }
    at
}

fn year_month_day(found: &Match<'_>) -> Result<Finding, Rejected> {
    let rejected = found.start();
    let month = found.number(4).or_else(|| month_number(found.group(3)?));
    let (Some(year), Some(mut month), Some(mut day)) = (found.number(2), month, found.number(5)) else {
        return Err(rejected);
    };
    if !(1..=12).contains(&month) && (1..=12).contains(&day) {
        std::mem::swap(&mut month, &mut day);
    }
    if !(1..=31).contains(&day) {
        return Err(rejected);
    }
    Ok(found.finding(date(found.context, month, day, Some(year))))
}

fn iso(found: &Match<'_>) -> Result<Finding, Rejected> {
    let part = |index: usize| found.number(index).unwrap_or_default();
    let mut at = date(found.context, part(3), part(4), Some(part(2)));
    if let Some(hour) = found.number(5) {
        at.assign(Part::Hour, hour);
        at.assign(Part::Minute, part(6));
        for (part, index) in [(Part::Second, 7), (Part::Millisecond, 8)] {
            if let Some(number) = found.number(index) {
                at.assign(part, number);
            }
        }
        if found.group(9).is_some() {
            let (hours, minutes) = (part(10), part(11));
            at.assign(Part::Offset, hours * 60 + if hours < 0 { -minutes } else { minutes });
        }
    }
    Ok(found.finding(at))
}

fn slashes(found: &Match<'_>) -> Result<Finding, Rejected> {
    let text = found.context.text;
    let length = |index: usize| found.group(index).map_or(0, str::len);
    let rejected = found.start();
    let (start, end) = (found.start() + length(1), found.end() - length(5));
    let before = text[..start].strip_suffix('/').unwrap_or(&text[..start]);
    let after = text[end..].strip_prefix('/').unwrap_or(&text[end..]);
    let is_digit = |c: char| c.is_ascii_digit();
    if before.ends_with(is_digit) || after.starts_with(is_digit) {
        return Err(rejected);
    }
    let shown = &text[start..end];
    let parts: Vec<&str> = shown.split('.').collect();
    // `1.12` and `1.12.12` are versions of software.
    let is_version = match parts.as_slice() {
        [major, minor] => major.len() == 1 && minor.len() == 1,
        [major, minor, patch] => major.len() == 1 && minor.len() <= 2 && patch.len() <= 2,
        _ => false,
    };
    if is_version || (found.group(4).is_none() && !shown.contains('/')) {
        return Err(rejected);
    }
    let (Some(mut month), Some(mut day)) = (found.number(2), found.number(3)) else { return Err(rejected) };
    if month > 12 {
        if !(1..=12).contains(&day) || month > 31 {
            return Err(rejected);
        }
        std::mem::swap(&mut month, &mut day);
    }
    if !(1..=31).contains(&day) {
        return Err(rejected);
    }
    let at = date(found.context, month, day, found.number(4).map(full_year));
    Ok(Finding { start, end, at, until: None })
}

fn named(
    found: &Match<'_>,
    (month, day, last, year): (usize, usize, usize, usize),
    too_large: Rejected,
) -> Result<Finding, Rejected> {
    let rejected = found.start();
    let month = found.group(month).and_then(month_number).ok_or(rejected)?;
    let day = found.group(day).and_then(ordinal_number).ok_or(rejected)?;
    if day > 31 {
        return Err(too_large);
    }
    let at = date(found.context, month, day, found.group(year).and_then(year_number));
    let last = found.group(last).and_then(ordinal_number);
    let until = last.map(|last| at.clone().with(Part::Day, last));
    Ok(Finding { until, ..found.finding(at) })
}

fn day_month(found: &Match<'_>) -> Result<Finding, Rejected> {
    // `96 Aug` is not `6 Aug`.
    let too_large = found.start() + found.group(2).map_or(0, str::len);
    named(found, (4, 2, 3, 5), too_large)
}

fn month_day(found: &Match<'_>) -> Result<Finding, Rejected> {
    named(found, (2, 3, 4, 5), found.start())
}

fn slash_month(found: &Match<'_>) -> Result<Finding, Rejected> {
    let rejected = found.start();
    let before = &found.context.text[..rejected];
    let (Some(month), Some(year)) = (found.number(2), found.number(3)) else { return Err(rejected) };
    if before.strip_suffix('/').unwrap_or(before).ends_with(|c: char| c.is_ascii_digit()) {
        return Err(rejected);
    }
    Ok(found.finding(first_of_month(found.context, month, Some(year))))
}

fn first_of_month(context: &Context<'_>, month: i64, year: Option<i64>) -> Components {
    let mut at = context.components();
    at.imply(Part::Day, 1);
    at.assign(Part::Month, month);
    match year {
        Some(year) => at.assign(Part::Year, year),
        None => at.imply(Part::Year, closest_year(context.now, month, 1)),
    }
    at
}

fn year_month(found: &Match<'_>) -> Result<Finding, Rejected> {
    let rejected = found.start();
    let year = found.group(2).and_then(year_number).ok_or(rejected)?;
    let month = found.group(3).and_then(month_number).ok_or(rejected)?;
    Ok(found.finding(first_of_month(found.context, month, Some(year))))
}

fn month_only(found: &Match<'_>) -> Result<Finding, Rejected> {
    let rejected = found.start();
    let name = found.group(3).ok_or(rejected)?;
    // `jan`, `mar` and others are often something else.
    if found.end() - rejected <= 3 && !name.eq_ignore_ascii_case("may") {
        return Err(rejected);
    }
    let month = month_number(name).ok_or(rejected)?;
    let start = rejected + found.group(2).map_or(0, str::len);
    let at = first_of_month(found.context, month, found.group(4).and_then(year_number));
    Ok(Finding { start, ..found.finding(at) })
}
