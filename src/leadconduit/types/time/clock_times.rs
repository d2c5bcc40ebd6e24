//! Times of day, and ranges of them.

use std::sync::LazyLock;

use fancy_regex::Regex;

use super::Context;
use super::components::{Components, Finding, Part};
use super::patterns::{Match, Rejected, WORD_END, find_each};

const BEFORE_NOON: i64 = 0;
const AFTER_NOON: i64 = 1;

static FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(^|\s|T|(?<![0-9A-Za-z_]))(?:(?:at|from)\s*)??([0-9]{{1,4}})(?:(?:\.|:|：)([0-9]{{1,2}})(?:(?::|：)([0-9]{{2}})(?:\.([0-9]{{1,6}}))?)?)?(?:\s*(a\.m\.|p\.m\.|am?|pm?))?(?:\s*(?:o[^0-9A-Za-z_]*clock|at\s*night|in\s*the\s*(?:morning|afternoon)))?(?!/){WORD_END}"
    ))
    .ok()
});
static SECOND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)^(\s*(?:-|–|~|〜|to|until|through|till|\?)\s*)([0-9]{{1,4}})(?:(?:\.|:|：)([0-9]{{1,2}})(?:(?:\.|:|：)([0-9]{{1,2}})(?:\.([0-9]{{1,6}}))?)?)?(?:\s*(a\.m\.|p\.m\.|am?|pm?))?(?!/){WORD_END}"
    ))
    .ok()
});

/// What makes a number no time.
struct Unlikely {
    digits: Option<Regex>,
    long_number: Option<Regex>,
    half_word: Option<Regex>,
    last_number: Option<Regex>,
    last_range: Option<Regex>,
    clock_like: Option<Regex>,
    year_before: Option<Regex>,
    offset: Option<Regex>,
    offset_or_month: Option<Regex>,
    date: Option<Regex>,
}

static UNLIKELY: LazyLock<Unlikely> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(pattern).ok();
    Unlikely {
        digits: compile(r"^[0-9]+-[0-9]+$"),
        long_number: compile(r"^(?:[0-9]|[0-9]{3,})$"),
        half_word: compile(r"[0-9][apAP]$"),
        last_number: compile(r"[^0-9:.]([0-9][0-9.]+)$"),
        last_range: compile(r"[^0-9:.]([0-9][0-9.]+)\s*-\s*([0-9][0-9.]+)$"),
        clock_like: compile(r"[0-9](?:\.[0-9]{2})+$"),
        year_before: compile(r"^[0-9]{3,4}"),
        offset: compile(r"^\s*[+-]\s*[0-9]{3,4}$"),
        offset_or_month: compile(r"^\s*[+-]\s*[0-9]{2,4}$"),
        date: compile(r"^\s*[+-]\s*[0-9]{2}[^0-9A-Za-z_][0-9]{2}"),
    }
});

fn is_match(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_some_and(|pattern| pattern.is_match(text).unwrap_or(false))
}

fn group<'t>(pattern: Option<&Regex>, text: &'t str, index: usize) -> Option<&'t str> {
    Some(pattern?.captures(text).ok()??.get(index)?.as_str())
}

/// All findings, with the rank of the pattern.
pub(super) fn find_all<'t>(context: &'t Context<'t>) -> Vec<(u8, Finding)> {
    find_each(context, FIRST.as_ref(), extract, false).into_iter().map(|finding| (8, finding)).collect()
}

fn extract(found: &Match<'_>) -> Result<Finding, Rejected> {
    let context = found.context;
    let Some(at) = first(found) else {
        let shown = &context.text[found.start()..found.end()];
        let is_year = shown.len() >= 4 && shown.bytes().take(4).all(|byte| byte.is_ascii_digit());
        return Err(if is_year { found.start() + 4 } else { found.end() });
    };
    let (start, end) = (found.start() + found.group(1).map_or(0, str::len), found.end());
    let shown = &context.text[start..end];
    let rest = &context.text[end..];
    let following = SECOND.as_ref().and_then(|second| second.captures(rest).ok().flatten());
    let mut finding = Finding { start, end, at, until: None };
    let Some(following) = following else {
        return if is_likely(shown) { Ok(finding) } else { Err(end) };
    };
    let behind = following.get(0).map_or("", |whole| whole.as_str());
    if is_match(UNLIKELY.year_before.as_ref(), shown)
        && (is_match(UNLIKELY.offset_or_month.as_ref(), behind) || is_match(UNLIKELY.date.as_ref(), behind))
    {
        return Err(end);
    }
    if is_match(UNLIKELY.offset.as_ref(), behind) {
        return if is_likely(shown) { Ok(finding) } else { Err(end) };
    }
    let part = |index: usize| following.get(index).map(|group| group.as_str());
    finding.until = second(context, &part, &mut finding.at);
    if finding.until.is_some() {
        finding.end += behind.len();
    }
    if is_likely_range(&context.text[start..finding.end]) { Ok(finding) } else { Err(end) }
}

/// The parts of a fraction and the seconds; `None` if they are too large.
fn assign_seconds(at: &mut Components, second: Option<&str>, fraction: Option<&str>) -> Option<()> {
    if let Some(fraction) = fraction {
        at.assign(Part::Millisecond, fraction.get(..fraction.len().min(3))?.parse().ok()?);
    }
    if let Some(second) = second {
        at.assign(Part::Second, second.parse().ok().filter(|second| *second < 60)?);
    }
    Some(())
}

fn first(found: &Match<'_>) -> Option<Components> {
    let (hour_text, minute_text) = (found.group(2)?, found.group(3));
    let half = found.group(6).map(|half| half.as_bytes()[0].to_ascii_lowercase());
    let mut hour: i64 = hour_text.parse().ok()?;
    let mut minute = 0;
    if hour > 100 {
        // `2019` is rather a year.
        if (hour_text.len() == 4 && minute_text.is_none() && half.is_none()) || minute_text.is_some() {
            return None;
        }
        (hour, minute) = (hour / 100, hour % 100);
    }
    if hour > 24 {
        return None;
    }
    if let Some(text) = minute_text {
        // `at 1.1` is no time.
        if text.len() == 1 && half.is_none() {
            return None;
        }
        minute = text.parse().ok()?;
    }
    if minute >= 60 || (half.is_some() && hour > 12) {
        return None;
    }
    let mut meridiem = (hour > 12).then_some(AFTER_NOON);
    match half {
        Some(b'a') => (meridiem, hour) = (Some(BEFORE_NOON), hour % 12),
        Some(_) => (meridiem, hour) = (Some(AFTER_NOON), hour % 12 + 12),
        None => {}
    }
    let mut at = found.context.components().with(Part::Hour, hour).with(Part::Minute, minute);
    match meridiem {
        Some(meridiem) => at.assign(Part::Meridiem, meridiem),
        None => at.imply(Part::Meridiem, if hour < 12 { BEFORE_NOON } else { AFTER_NOON }),
    }
    assign_seconds(&mut at, found.group(4), found.group(5))?;
    let shown = &found.context.text[found.start()..found.end()];
    if shown.ends_with("night") {
        if (6..12).contains(&hour) {
            at.assign(Part::Hour, hour + 12);
            at.assign(Part::Meridiem, AFTER_NOON);
        } else if hour < 6 {
            at.assign(Part::Meridiem, BEFORE_NOON);
        }
    } else if shown.ends_with("afternoon") {
        at.assign(Part::Meridiem, AFTER_NOON);
        if (0..=6).contains(&hour) {
            at.assign(Part::Hour, hour + 12);
        }
    } else if shown.ends_with("morning") {
        at.assign(Part::Meridiem, BEFORE_NOON);
    }
    Some(at)
}

/// The end of a range; it can tell the half of the day of the beginning.
fn second<'t>(
    context: &Context<'_>,
    part: &dyn Fn(usize) -> Option<&'t str>,
    from: &mut Components,
) -> Option<Components> {
    let mut at = context.components();
    assign_seconds(&mut at, part(4), part(5))?;
    let mut hour: i64 = part(2)?.parse().ok()?;
    let mut minute = 0;
    if let Some(text) = part(3) {
        minute = text.parse().ok()?;
    } else if hour > 100 {
        (hour, minute) = (hour / 100, hour % 100);
    }
    if minute >= 60 || hour > 24 {
        return None;
    }
    let mut meridiem = (hour >= 12).then_some(AFTER_NOON);
    if let Some(half) = part(6) {
        if hour > 12 {
            return None;
        }
        let is_after = half.as_bytes()[0].eq_ignore_ascii_case(&b'p');
        if is_after {
            (meridiem, hour) = (Some(AFTER_NOON), hour % 12 + 12);
        } else {
            meridiem = Some(BEFORE_NOON);
            if hour == 12 {
                hour = 0;
                at.move_days(1);
            }
        }
        if !from.is_certain(Part::Meridiem) {
            let start = from.number(Part::Hour);
            from.imply(Part::Meridiem, if is_after { AFTER_NOON } else { BEFORE_NOON });
            if is_after && start != 12 {
                from.assign(Part::Hour, start + 12);
            } else if !is_after && start == 12 {
                from.assign(Part::Hour, 0);
            }
        }
    }
    at.assign(Part::Hour, hour);
    at.assign(Part::Minute, minute);
    let start = from.number(Part::Hour);
    match meridiem {
        Some(meridiem) => at.assign(Part::Meridiem, meridiem),
        None if from.is_certain(Part::Meridiem) && start > 12 => {
            if start - 12 > hour {
                at.imply(Part::Meridiem, BEFORE_NOON);
            } else if hour <= 12 {
                at.assign(Part::Hour, hour + 12);
                at.assign(Part::Meridiem, AFTER_NOON);
            }
        }
        None => at.imply(Part::Meridiem, if hour > 12 { AFTER_NOON } else { BEFORE_NOON }),
    }
    if at.timestamp() < from.timestamp() {
        at.move_days(1);
    }
    Some(at)
}

/// True if numbers that end an expression can be hours: `at 25` and `at 1.2` cannot.
fn are_hours(numbers: &str, others: &[&str]) -> bool {
    if numbers.contains('.') && !is_match(UNLIKELY.clock_like.as_ref(), numbers) {
        return false;
    }
    let whole = |text: &str| text.split('.').next().and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(u32::MAX);
    std::iter::once(&numbers).chain(others).all(|text| whole(text) <= 24)
}

fn is_likely(text: &str) -> bool {
    if is_match(UNLIKELY.long_number.as_ref(), text) || is_match(UNLIKELY.half_word.as_ref(), text) {
        return false;
    }
    group(UNLIKELY.last_number.as_ref(), text, 1).is_none_or(|numbers| are_hours(numbers, &[]))
}

fn is_likely_range(text: &str) -> bool {
    if is_match(UNLIKELY.digits.as_ref(), text) {
        return false;
    }
    let Some(last) = group(UNLIKELY.last_range.as_ref(), text, 2) else { return true };
    are_hours(last, &[group(UNLIKELY.last_range.as_ref(), text, 1).unwrap_or_default()])
}
