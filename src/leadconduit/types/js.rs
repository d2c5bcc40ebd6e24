//! Text as JavaScript reads it: the vendor's library runs on Node, and its results depend on these rules.

/// White space in JavaScript, for `trim` and `\s`.
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

/// The same for patterns, as the inside of a character class.
pub(super) const SPACES: &str =
    r"\t\n\x0B\x0C\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// What ends a line: `.` in a pattern does not match it.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Removes white space at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The length in UTF-16 code units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Formats a number: without exponent between 1e-6 and 1e21.
pub(super) fn number_text(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number.is_nan() || number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return if number.is_nan() { "NaN".to_owned() } else { format!("{sign}Infinity") };
    }
    if (1e-6..1e21).contains(&number.abs()) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// Rounds to two decimals; halves away from zero, by the exact value of the number.
pub(super) fn round_to_cents(number: f64) -> f64 {
    // 30 decimals are enough to tell a half from anything beside it.
    let digits = format!("{:.30}", number.abs());
    let Some((whole, decimals)) = digits.split_once('.') else { return number };
    let is_up = decimals.as_bytes().get(2).is_some_and(|digit| *digit >= b'5');
    let Ok(cents) = format!("{whole}{}", &decimals[..2]).parse::<u128>() else { return number };
    let cents = cents.saturating_add(u128::from(is_up));
    let rounded = format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap_or(number);
    if number < 0.0 { -rounded } else { rounded }
}

/// Reads the whole number at the beginning of a text; 0 if there is none.
pub(super) fn leading_integer(text: &str) -> f64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1.0, text), |digits| (-1.0, digits));
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    sign * digits[..end].parse::<f64>().unwrap_or(0.0)
}
