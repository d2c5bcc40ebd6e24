//! The helper `format` for numbers, with the symbols of the table in the documentation.

use super::locale::{Locale, english_ordinal_suffix};

/// Longer formats are truncated.
const FORMAT_CHARS_MAX: usize = 64;

/// Whether a format contains a symbol, such as `$` or `%`, and whether a space separates it from the number.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Symbol {
    Absent,
    Adjacent,
    Spaced,
}

impl Symbol {
    fn separator(self) -> &'static str {
        if self == Self::Spaced { " " } else { "" }
    }
}

/// Formats a number: `$0,0.00`, `0.0a`, `0o`, `0.[00]%`, `(0,0)`, `+0`.
pub(super) fn format(number: f64, format: &str, locale: &Locale) -> String {
    let mut format: String = format.chars().take(FORMAT_CHARS_MAX).collect();
    let is_currency_first = format.trim_start_matches(['(', '+', '-', ' ']).starts_with('$');
    let mut take = |symbol: &str| {
        let found = format.contains(symbol);
        format = format.replace(symbol, "");
        found
    };
    let (has_parentheses, has_plus) = (take("(") | take(")"), take("+"));
    let mut take_symbol = |spaced: [&str; 2], adjacent: &str| {
        if take(spaced[0]) | take(spaced[1]) {
            Symbol::Spaced
        } else if take(adjacent) {
            Symbol::Adjacent
        } else {
            Symbol::Absent
        }
    };
    let currency = take_symbol(["$ ", " $"], "$");
    let percent = take_symbol([" %", "% "], "%");
    let abbreviation = take_symbol([" a", "a "], "a");
    let ordinal = take_symbol([" o", "o "], "o");
    let format: String = format.chars().filter(|c| "0,.[]".contains(*c)).collect();

    let mut number = number;
    if percent != Symbol::Absent {
        number *= 100.0;
    }
    let mut suffixes = ["", "k", "m", "b", "t"].into_iter();
    let mut suffix = suffixes.next().unwrap_or_default();
    if abbreviation != Symbol::Absent {
        // A number that rounds up to 1000 gets the next suffix.
        while digits(number, &format).0.trim_start_matches('-').parse::<f64>().is_ok_and(|whole| whole >= 1000.0) {
            let Some(next) = suffixes.next() else { break };
            (number, suffix) = (number / 1000.0, next);
        }
    }
    let (whole, part) = digits(number, &format);
    let is_negative = whole.starts_with('-');
    let mut output = grouped(whole.trim_start_matches('-'), &format, locale) + &part;
    if suffix.is_empty() {
        if ordinal != Symbol::Absent {
            output.push_str(ordinal.separator());
            #[expect(clippy::cast_possible_truncation, reason = "only the last two digits matter")]
            output.push_str(english_ordinal_suffix(number.round() as i64));
        }
    } else {
        output.push_str(abbreviation.separator());
        output.push_str(suffix);
    }
    if percent != Symbol::Absent {
        output.push_str(percent.separator());
        output.push('%');
    }
    match (currency, is_currency_first) {
        (Symbol::Absent, _) => {}
        (symbol, true) => output = format!("{}{}{output}", locale.currency, symbol.separator()),
        (symbol, false) => output = format!("{output}{}{}", symbol.separator(), locale.currency),
    }
    match (is_negative, has_parentheses) {
        (true, true) => format!("({output})"),
        (true, false) => format!("-{output}"),
        (false, _) if has_plus => format!("+{output}"),
        (false, _) => output,
    }
}

/// Returns the integer part with its sign, and the fraction with the decimal point.
fn digits(number: f64, format: &str) -> (String, String) {
    let (is_point_optional, format) = (format.contains("[.]"), format.replace("[.]", "."));
    let Some((_, fraction)) = format.split_once('.') else { return (fixed(number, 0), String::new()) };
    let (required, optional) = fraction.split_once('[').unwrap_or((fraction, ""));
    let count = |text: &str| text.bytes().filter(|b| *b == b'0').count();
    let (required, optional) = (count(required), count(optional));
    let output = fixed(number, required + optional);
    let (whole, part) = output.split_once('.').unwrap_or((&output, ""));
    let kept = part.trim_end_matches('0').len().max(required);
    let part = &part[..kept.min(part.len())];
    let is_omitted = part.is_empty() || (is_point_optional && part.bytes().all(|b| b == b'0'));
    (whole.to_owned(), if is_omitted { String::new() } else { format!(".{part}") })
}

/// Formats a number with a fixed number of decimals, halves rounded away from zero.
fn fixed(number: f64, decimals: usize) -> String {
    // Scaling by way of text avoids binary rounding errors, such as that of 1.005.
    let scaled: f64 = format!("{number}e{decimals}").parse().unwrap_or(number);
    let rounded: f64 = format!("{}e-{decimals}", scaled.round()).parse().unwrap_or(number);
    format!("{rounded:.decimals$}")
}

/// Adds leading zeros and thousands separators.
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
    let mut output = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            output.push(locale.thousands);
        }
        output.push(c);
    }
    output
}
