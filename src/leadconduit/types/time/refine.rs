//! From findings to times: overlaps are removed, neighbours are joined, time zones are read, impossible times dropped.

use std::sync::LazyLock;

use fancy_regex::Regex;

use super::super::js;
use super::Context;
use super::components::{ALL, Components, Finding, Part};
use super::patterns::{WORD_END, year_after};
use super::zones;

/// The largest offset from UTC, in minutes.
const OFFSET_MINUTES_MAX: i64 = 14 * 60;

const AFTER_NOON: i64 = 1;

static OFFSET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:\(?(?:GMT|UTC)\s?)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?\)?").ok());
static ZONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(?i)^\s*,?\s*\(?([A-Z]{{2,4}})\)?{WORD_END}")).ok());
static BETWEEN_DATE_AND_TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(?:T|at|after|before|on|of|,|-|\.|∙|:)?\s*$").ok());
static BETWEEN_RANGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:to|-|–|until|through|till)\s*$").ok());
static AFTER_WEEKDAY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^,?\s*$").ok());
static NUMBER_ONLY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[0-9]*(?:\.[0-9]*)?$").ok());
static AFTER_IN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)(?<![0-9A-Za-z_])in$").ok());

fn is_match(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text).unwrap_or(false))
}

/// Refines findings, which are in the order of the text.
pub(super) fn refine(context: &Context<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let text = context.text;
    let mut findings = without_overlaps(text, findings);
    for finding in &mut findings {
        read_offset(text, finding);
    }
    findings = join(text, findings, join_weekday);
    findings = join(text, findings, join_date_and_time);
    for finding in &mut findings {
        read_zone(text, finding);
    }
    findings = without_overlaps(text, findings);
    findings.retain(|finding| is_possible(text, finding));
    findings = join(text, findings, join_date_and_time);
    for finding in &mut findings {
        read_year(text, finding);
    }
    findings = join(text, findings, join_range);
    findings.retain(|finding| is_likely(text, finding));
    findings
}

/// Of findings that overlap the longest remains.
fn without_overlaps(text: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let length = |finding: &Finding| js::length(&text[finding.start..finding.end]);
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        match kept.last_mut() {
            Some(last) if finding.start < last.end => {
                if length(&finding) > length(last) {
                    *last = finding;
                }
            }
            _ => kept.push(finding),
        }
    }
    kept
}

/// Joins neighbours; `rule` gets the text between them.
fn join(text: &str, findings: Vec<Finding>, rule: fn(&str, &Finding, &Finding) -> Option<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::new();
    for finding in findings {
        let one = joined.last().and_then(|last| rule(text.get(last.end..finding.start)?, last, &finding));
        match (one, joined.last_mut()) {
            (Some(one), Some(last)) => *last = one,
            _ => joined.push(finding),
        }
    }
    joined
}

/// A weekday and the date behind it.
fn join_weekday(between: &str, first: &Finding, second: &Finding) -> Option<Finding> {
    let is_weekday = first.at.is_only_weekday() && !first.at.is_certain(Part::Hour);
    if !is_weekday || !second.at.is_certain(Part::Day) || !is_match(&AFTER_WEEKDAY, between) {
        return None;
    }
    let mut joined = Finding { start: first.start, ..second.clone() };
    joined.at.assign(Part::Weekday, first.at.number(Part::Weekday));
    Some(joined)
}

/// A date and a time, in any order.
fn join_date_and_time(between: &str, first: &Finding, second: &Finding) -> Option<Finding> {
    let is_date_first = first.at.is_only_date() && second.at.is_only_time();
    let is_time_first = first.at.is_only_time() && second.at.is_only_date();
    if (is_time_first && between.trim() == ":")
        || !(is_date_first || is_time_first)
        || !is_match(&BETWEEN_DATE_AND_TIME, between)
    {
        return None;
    }
    let (date, time) = if first.at.is_only_date() { (first, second) } else { (second, first) };
    let at = merge(&date.at, &time.at);
    let until = (date.until.is_some() || time.until.is_some()).then(|| {
        let mut until = merge(date.until.as_ref().unwrap_or(&date.at), time.until.as_ref().unwrap_or(&time.at));
        if date.until.is_none() && until.timestamp() < at.timestamp() {
            let is_certain = until.is_certain(Part::Day);
            let mut next = until.clone();
            next.move_days(1);
            for part in [Part::Year, Part::Month, Part::Day] {
                let value = next.number(part);
                if is_certain { until.assign(part, value) } else { until.imply(part, value) }
            }
        }
        until
    });
    Some(Finding { start: first.start, end: second.end, at, until })
}

/// The parts of a date with those of a time.
fn merge(date: &Components, time: &Components) -> Components {
    let mut merged = date.clone();
    let is_given = time.is_certain(Part::Hour);
    let mut is_certain = is_given;
    for part in [Part::Hour, Part::Minute, Part::Second, Part::Millisecond] {
        // The hour and the minute come together; of the rest each needs the one before it.
        is_certain = is_certain && (matches!(part, Part::Hour | Part::Minute) || time.is_certain(part));
        let value = time.number(part);
        if is_certain { merged.assign(part, value) } else { merged.imply(part, value) }
    }
    if time.is_certain(Part::Offset) {
        merged.assign(Part::Offset, time.number(Part::Offset));
    }
    let has_half = date.get(Part::Meridiem).is_some() && (date.is_certain(Part::Meridiem) || date.is_casual);
    match time.get(Part::Meridiem) {
        Some(half) if time.is_certain(Part::Meridiem) => merged.assign(Part::Meridiem, half),
        Some(half) if !has_half => merged.imply(Part::Meridiem, half),
        _ => {}
    }
    let hour = merged.number(Part::Hour);
    if merged.get(Part::Meridiem) == Some(AFTER_NOON) && hour < 12 {
        if is_given { merged.assign(Part::Hour, hour + 12) } else { merged.imply(Part::Hour, hour + 12) }
    }
    merged.is_casual = date.is_casual || time.is_casual;
    merged
}

/// Sets a part of the time and of the end of its range.
fn assign(finding: &mut Finding, part: Part, value: i64) {
    finding.at.assign(part, value);
    if let Some(until) = &mut finding.until {
        until.assign(part, value);
    }
}

/// Reads an offset such as `GMT+2` behind a finding.
fn read_offset(text: &str, finding: &mut Finding) {
    if finding.at.is_certain(Part::Offset) {
        return;
    }
    let found = OFFSET.as_ref().and_then(|pattern| pattern.captures(&text[finding.end..]).ok().flatten());
    let Some(found) = found else { return };
    let part = |index: usize| found.get(index).map_or("", |group| group.as_str());
    let minutes = part(2).parse::<i64>().unwrap_or_default() * 60 + part(3).parse::<i64>().unwrap_or_default();
    if minutes > OFFSET_MINUTES_MAX {
        return;
    }
    let end = finding.end + part(0).len();
    assign(finding, Part::Offset, if part(1) == "-" { -minutes } else { minutes });
    finding.end = end;
}

/// Reads the abbreviation of a time zone behind a finding.
fn read_zone(text: &str, finding: &mut Finding) {
    let found = ZONE.as_ref().and_then(|pattern| pattern.captures(&text[finding.end..]).ok().flatten());
    let Some((whole, name)) = found.and_then(|found| Some((found.get(0)?.as_str(), found.get(1)?.as_str()))) else {
        return;
    };
    let upper = name.to_ascii_uppercase();
    let Some(offset) = finding.at.timestamp().and_then(|at| zones::offset(&upper, at)) else { return };
    // A known offset counts more than an abbreviation.
    if finding.at.is_certain(Part::Offset) && finding.at.number(Part::Offset) != offset {
        return;
    }
    // Behind a date without a time, a word in lower case is rather a word.
    if finding.at.is_only_date() && upper != name {
        return;
    }
    finding.end += whole.len();
    if !finding.at.is_certain(Part::Offset) {
        finding.at.assign(Part::Offset, offset);
    }
    if let Some(until) = finding.until.as_mut().filter(|until| !until.is_certain(Part::Offset)) {
        until.assign(Part::Offset, offset);
    }
}

/// Reads a year behind a finding without one.
fn read_year(text: &str, finding: &mut Finding) {
    if !finding.at.has_unknown_year() {
        return;
    }
    if let Some((year, end)) = year_after(text, finding.end) {
        assign(finding, Part::Year, year);
        finding.end = end;
    }
}

/// False for bare numbers, and for dates and times that do not exist.
fn is_possible(text: &str, finding: &Finding) -> bool {
    let shown = text[finding.start..finding.end].replacen(' ', "", 1);
    let exists = |components: &Components| components.civil().is_some();
    !is_match(&NUMBER_ONLY, &shown) && exists(&finding.at) && finding.until.as_ref().is_none_or(exists)
}

/// Two times with `to` or a dash between them.
fn join_range(between: &str, first: &Finding, second: &Finding) -> Option<Finding> {
    if first.until.is_some() || second.until.is_some() || !is_match(&BETWEEN_RANGE, between) {
        return None;
    }
    let (mut from, mut to) = (first.at.clone(), second.at.clone());
    if !from.is_only_weekday() && !to.is_only_weekday() {
        let (from_given, to_given) = (from.clone(), to.clone());
        for part in ALL {
            if to_given.is_certain(part) && !from_given.is_certain(part) {
                from.imply(part, to_given.number(part));
            }
            if from_given.is_certain(part) && !to_given.is_certain(part) {
                to.imply(part, from_given.number(part));
            }
        }
    }
    if from.timestamp() > to.timestamp() {
        order(&mut from, &mut to);
    }
    Some(Finding { start: first.start, end: second.end, at: from, until: Some(to) })
}

/// Brings the ends of a range in order, by moving one of them or by exchanging them.
fn order(from: &mut Components, to: &mut Components) {
    let moved = |components: &Components, days: i64, years: i64| {
        let mut moved = components.clone();
        moved.move_days(days);
        moved.imply(Part::Year, moved.number(Part::Year) + years);
        moved
    };
    let set_date = |components: &mut Components, other: &Components| {
        for part in [Part::Year, Part::Month, Part::Day] {
            components.imply(part, other.number(part));
        }
    };
    let (next_week, next_year) = (moved(to, 7, 0), moved(to, 0, 1));
    let (last_week, last_year) = (moved(from, -7, 0), moved(from, 0, -1));
    if to.is_only_weekday() && next_week.timestamp() > from.timestamp() {
        set_date(to, &next_week);
    } else if from.is_only_weekday() && last_week.timestamp() < to.timestamp() {
        set_date(from, &last_week);
    } else if to.has_unknown_year() && next_year.timestamp() > from.timestamp() {
        to.imply(Part::Year, next_year.number(Part::Year));
    } else if from.has_unknown_year() && last_year.timestamp() < to.timestamp() {
        from.imply(Part::Year, last_year.number(Part::Year));
    } else {
        std::mem::swap(from, to);
    }
}

/// False for the word `may` without `in` before it, unless it is the whole text.
fn is_likely(text: &str, finding: &Finding) -> bool {
    let shown = text[finding.start..finding.end].trim();
    shown == text.trim() || !shown.eq_ignore_ascii_case("may") || is_match(&AFTER_IN, text[..finding.start].trim())
}
