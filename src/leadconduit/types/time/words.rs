//! Weekdays, and words such as `today` and `noon`.

use std::sync::LazyLock;

use fancy_regex::Regex;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Context;
use super::components::{Components, Finding, Part, weekday};
use super::patterns::{Match, Rejected, WORD_END, find_each, word};

const WEEKDAY: &str = r"(?:wednesday|thursday|saturday|tuesday|thurs\.|sunday|monday|friday|thurs|thur\.|sun\.|mon\.|tue\.|wed\.|thur|thu\.|fri\.|sat\.|sun|mon|tue|wed|thu|fri|sat)";

static DAY_OF_WEEK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(
        r"(?:(?:,|\(|（)\s*)?(?:on\s*?)?(?:(this|last|past|next)\s*)?({WEEKDAY}|weekend|weekday)(?:\s*(?:,|\)|）))?(?:\s*(?:of\s*)?(this|last|past|next)\s*week)?{WORD_END}"
    ))
});
static DAY_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(r"(now|today|tonight|tomorrow|overmorrow|tmr|tmrw|yesterday|last\s*night){WORD_END}"))
});
static TIME_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    word(&format!(r"(?:this)?\s{{0,3}}(morning|afternoon|evening|night|midnight|midday|noon){WORD_END}"))
});

/// All findings, with the rank of the pattern.
pub(super) fn find_all<'t>(context: &'t Context<'t>) -> Vec<(u8, Finding)> {
    let ranked = |rank: u8, findings: Vec<Finding>| findings.into_iter().map(move |finding| (rank, finding));
    let mut found = Vec::new();
    found.extend(ranked(6, find_each(context, DAY_OF_WEEK.as_ref(), day_of_week, true)));
    found.extend(ranked(12, find_each(context, DAY_WORD.as_ref(), day_word, true)));
    found.extend(ranked(13, find_each(context, TIME_WORD.as_ref(), time_word, true)));
    found
}

fn today(context: &Context<'_>) -> Date {
    TimeZone::UTC.to_datetime(context.now).date()
}

fn day_of_week(found: &Match<'_>) -> Result<Finding, Rejected> {
    let names = ["su", "mo", "tu", "we", "th", "fr", "sa"];
    let today = weekday(today(found.context));
    let modifier = found.group(2).or_else(|| found.group(4)).map(str::to_ascii_lowercase);
    let is_past = matches!(modifier.as_deref(), Some("last" | "past"));
    let name = found.group(3).unwrap_or_default().to_ascii_lowercase();
    let day = match name.as_str() {
        "weekend" => {
            if is_past {
                0
            } else {
                6
            }
        }
        "weekday" if today == 0 || today == 6 => {
            if is_past {
                5
            } else {
                1
            }
        }
        "weekday" => (if is_past { today - 2 } else { today }) % 5 + 1,
        name => {
            let index = names.iter().position(|known| name.starts_with(known));
            index.and_then(|index| i64::try_from(index).ok()).ok_or(found.start())?
        }
    };
    let forward = (day - today).rem_euclid(7);
    let backward = forward - 7;
    let days = match modifier.as_deref() {
        Some("this") => forward,
        Some("last" | "past") => backward,
        Some(_) => days_to_next(today, day, forward),
        None => {
            if forward < -backward {
                forward
            } else {
                backward
            }
        }
    };
    let mut at = found.context.components();
    at.move_days(days);
    at.assign(Part::Weekday, day);
    Ok(found.finding(at))
}

/// The days to the next weekday of a name, from a weekday.
fn days_to_next(today: i64, day: i64, forward: i64) -> i64 {
    match (today, day) {
        (0, 0) | (6, 6) => 7,
        (0, day) => day,
        (6, 0) => 8,
        (6, day) => 1 + day,
        (today, day) if day < today && day != 0 => forward,
        _ => forward + 7,
    }
}

fn day_word(found: &Match<'_>) -> Result<Finding, Rejected> {
    let context = found.context;
    let now = TimeZone::UTC.to_datetime(context.now);
    let mut at = context.components();
    let word = found.group(2).unwrap_or_default().to_ascii_lowercase();
    let days = match word.as_str() {
        "yesterday" => -1,
        "tomorrow" | "tmr" | "tmrw" => 1,
        "overmorrow" => 2,
        "now" | "today" | "tonight" => 0,
        _ => -i64::from(now.hour() > 6),
    };
    at.assign_date(now.date().checked_add(days.days()).map_err(|_| found.start())?);
    let time = [
        (Part::Hour, i64::from(now.hour())),
        (Part::Minute, now.minute().into()),
        (Part::Second, now.second().into()),
        (Part::Millisecond, now.millisecond().into()),
    ];
    match word.as_str() {
        "now" => {
            for (part, value) in time {
                at.assign(part, value);
            }
            at.assign(Part::Meridiem, i64::from(now.hour() >= 12));
            at.assign(Part::Offset, 0);
        }
        "tonight" => {
            at.imply(Part::Hour, 22);
            at.imply(Part::Meridiem, 1);
        }
        word if word.ends_with("night") => at.imply(Part::Hour, 0),
        _ => time.iter().for_each(|(part, value)| at.imply(*part, *value)),
    }
    at.is_casual = matches!(word.as_str(), "now" | "today" | "tonight" | "tomorrow" | "tmr" | "tmrw" | "yesterday");
    Ok(found.finding(at))
}

fn time_word(found: &Match<'_>) -> Result<Finding, Rejected> {
    let mut at: Components = found.context.components();
    at.is_casual = true;
    match found.group(2).unwrap_or_default().to_ascii_lowercase().as_str() {
        "morning" => {
            at.imply(Part::Meridiem, 0);
            at.imply(Part::Hour, 6);
        }
        "afternoon" => {
            at.imply(Part::Meridiem, 1);
            at.imply(Part::Hour, 15);
        }
        "evening" | "night" => {
            at.imply(Part::Meridiem, 1);
            at.imply(Part::Hour, 20);
        }
        "midnight" => {
            if TimeZone::UTC.to_datetime(found.context.now).hour() > 2 {
                at.move_days(1);
            }
            at.assign(Part::Hour, 0);
        }
        _ => {
            at.imply(Part::Meridiem, 0);
            at.assign(Part::Hour, 12);
        }
    }
    Ok(found.finding(at))
}
