//! `format` for numbers, by the signs that the documentation's table shows.

use super::locale::{Locale, english_end};

/// Longer formats count up to here.
const FORMAT_CHARS_MAX: usize = 64;

/// A number that cannot be negative as one that says so.
pub(super) fn whole(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// Where a sign of a format goes: nowhere, or at the number, with a blank between or without.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Nowhere,
    Close,
    Apart,
}

impl Place {
    fn blank(self) -> &'static str {
        if self == Self::Apart { " " } else { "" }
    }
}

/// A number as a format says: `$0,0.00`, `0.0a`, `0o`, `0.[00]%`, `(0,0)`, `+0`.
pub(super) fn format(number: f64, format: &str, locale: &Locale) -> String {
    let mut format: String = format.chars().take(FORMAT_CHARS_MAX).collect();
    let is_first = format.trim_start_matches(['(', '+', '-', ' ']).starts_with('$');
    let mut take = |sign: &str| {
        let found = format.contains(sign);
        format = format.replace(sign, "");
        found
    };
    let (brackets, plus) = (take("(") | take(")"), take("+"));
    let mut place = |apart: [&str; 2], close: &str| {
        if take(apart[0]) | take(apart[1]) {
            Place::Apart
        } else if take(close) {
            Place::Close
        } else {
            Place::Nowhere
        }
    };
    let currency = place(["$ ", " $"], "$");
    let percent = place([" %", "% "], "%");
    let short = place([" a", "a "], "a");
    let ordinal = place([" o", "o "], "o");
    let format: String = format.chars().filter(|c| "0,.[]".contains(*c)).collect();

    let mut number = number;
    if percent != Place::Nowhere {
        number *= 100.0;
    }
    let mut ends = ["", "k", "m", "b", "t"].into_iter();
    let mut end = ends.next().unwrap_or_default();
    if short != Place::Nowhere {
        // What rounds up to a thousand is a unit of the next kind.
        while digits(number, &format).0.trim_start_matches('-').parse::<f64>().is_ok_and(|whole| whole >= 1000.0) {
            let Some(next) = ends.next() else { break };
            (number, end) = (number / 1000.0, next);
        }
    }
    let (whole, part) = digits(number, &format);
    let negative = whole.starts_with('-');
    let mut written = grouped(whole.trim_start_matches('-'), &format, locale) + &part;
    if end.is_empty() {
        if ordinal != Place::Nowhere {
            written.push_str(ordinal.blank());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a place in a row; a huge one has an end like any other"
            )]
            written.push_str(english_end(number.round() as i64));
        }
    } else {
        written.push_str(short.blank());
        written.push_str(end);
    }
    if percent != Place::Nowhere {
        written.push_str(percent.blank());
        written.push('%');
    }
    match (currency, is_first) {
        (Place::Nowhere, _) => {}
        (place, true) => written = format!("{}{}{written}", locale.currency, place.blank()),
        (place, false) => written = format!("{written}{}{}", place.blank(), locale.currency),
    }
    match (negative, brackets) {
        (true, true) => format!("({written})"),
        (true, false) => format!("-{written}"),
        (false, _) if plus => format!("+{written}"),
        (false, _) => written,
    }
}

/// The digits before the point, with a minus, and those behind it, with the point.
fn digits(number: f64, format: &str) -> (String, String) {
    let (optional_point, format) = (format.contains("[.]"), format.replace("[.]", "."));
    let Some((_, behind)) = format.split_once('.') else { return (fixed(number, 0), String::new()) };
    let (needed, optional) = behind.split_once('[').unwrap_or((behind, ""));
    let count = |text: &str| text.bytes().filter(|b| *b == b'0').count();
    let (needed, optional) = (count(needed), count(optional));
    let written = fixed(number, needed + optional);
    let (whole, part) = written.split_once('.').unwrap_or((&written, ""));
    let kept = part.trim_end_matches('0').len().max(needed);
    let part = &part[..kept.min(part.len())];
    let is_nothing = part.is_empty() || (optional_point && part.bytes().all(|b| b == b'0'));
    (whole.to_owned(), if is_nothing { String::new() } else { format!(".{part}") })
}

/// A number with so many digits behind the point, a half rounded away from nought.
fn fixed(number: f64, places: usize) -> String {
    // Written out and read again, so that 1.005 is the 1.005 that people see.
    let moved: f64 = format!("{number}e{places}").parse().unwrap_or(number);
    let back: f64 = format!("{}e-{places}", moved.round()).parse().unwrap_or(number);
    format!("{back:.places$}")
}

/// Leading noughts, and a sign after every third digit from the right.
fn grouped(whole: &str, format: &str, locale: &Locale) -> String {
    if format.starts_with('.') {
        return String::new();
    }
    let before = format.split(['.', ',', '[']).next().unwrap_or_default();
    let leading = before.bytes().filter(|b| *b == b'0').count();
    let whole = format!("{whole:0>leading$}");
    if !format.contains(',') {
        return whole;
    }
    let mut written = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            written.push(locale.thousands);
        }
        written.push(c);
    }
    written
}
