//! Numbers that are secrets by their form: payment cards and social security numbers.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::REDACTED;

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&pattern(r"[\u{2010}-\u{2015}]")).ok());

/// A pattern for what can be such a number: `123-45-6789`, the digits of a card with spaces or dashes anywhere between
/// them, or its groups with other separators. A decimal fraction has none. `dash` is the pattern of dashes beyond ASCII.
pub(super) fn pattern(dash: &str) -> String {
    let social = ["-", r"\.", " ", r"\+", "_"].map(|by| format!("[0-9]{{3}}{by}[0-9]{{2}}{by}[0-9]{{4}}")).join("|");
    let by = format!("(?:[-_.+ ]{{1,2}}|{dash})");
    let groups = format!("[2-6][0-9]{{3}}(?:{by}[0-9]{{4}}){{3}}|3[0-9]{{3}}{by}[0-9]{{6}}{by}[0-9]{{5}}");
    format!("{social}|{groups}|[2-6](?:[ -]?[0-9]){{12,18}}")
}

/// Replaces card and social security numbers.
pub(super) fn redact_numbers(text: &str) -> Cow<'_, str> {
    let Some(pattern) = NUMBER.as_ref() else { return Cow::Borrowed(text) };
    if text.bytes().filter(u8::is_ascii_digit).count() < 9 {
        return Cow::Borrowed(text);
    }
    let mut redacted = String::new();
    let mut copied = 0;
    let mut start = 0;
    while let Some(found) = pattern.find_at(text, start) {
        let range = found.range();
        let is_whole = !text[..range.start].ends_with(|c: char| c.is_ascii_alphanumeric())
            && !text[range.end..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_whole && is_secret_number(found.as_str()) {
            redacted.push_str(&text[copied..range.start]);
            redacted.push_str(REDACTED);
            copied = range.end;
            start = range.end;
        } else {
            // Not from the end of the match: a card number can begin inside of another number.
            start = range.start + 1;
        }
    }
    if copied == 0 && redacted.is_empty() {
        return Cow::Borrowed(text);
    }
    redacted.push_str(&text[copied..]);
    Cow::Owned(redacted)
}

/// Whether a text has the form of a social security number without separators. So have many other numbers, so that this is
/// for values that are meant to identify a person. No number begins with 000, 666 or 9, or has a group of zeros.
#[must_use]
pub fn is_bare_social_security_number(text: &str) -> bool {
    let text = text.trim();
    let is_number = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_group = || text[3..5] != *"00" && text[5..] != *"0000";
    is_number && !text.starts_with('9') && !["000", "666"].contains(&&text[..3]) && has_group()
}

fn is_secret_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() == 9 {
        return true;
    }
    is_card_number(&digits)
}

/// Length and first digit of a card, and its check digit (Luhn).
fn is_card_number(digits: &[u32]) -> bool {
    let has_form = matches!(
        (digits.len(), digits.first()),
        (13 | 19, Some(4..=6)) | (14..=15, Some(3)) | (16, Some(2..=6)) | (17..=18, Some(5..=6))
    );
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match digit * 2 {
            _ if index.is_multiple_of(2) => *digit,
            double @ 10.. => double - 9,
            double => double,
        })
        .sum();
    has_form && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_separators_need_the_form_of_a_social_security_number() {
        for text in ["078051120", " 219099999 ", "899999999"] {
            assert!(is_bare_social_security_number(text), "{text}");
        }
        for text in
            ["000051120", "666051120", "900051120", "078001120", "078050000", "07805112", "5125550100", "07805112a", ""]
        {
            assert!(!is_bare_social_security_number(text), "{text}");
        }
    }

    #[test]
    fn card_and_social_security_numbers_are_replaced() {
        let rows = [
            ("4111111111111111", "***"),
            ("card 4111 1111 1111 1111.", "card ***."),
            ("5500-0000-0000-0004", "***"),
            ("340000000000009,6011000000000004", "***,***"),
            ("123-45-6789", "***"),
            ("99 4111111111111111", "99 ***"),
            ("4111.1111.1111.1111 4111+1111+1111+1111", "*** ***"),
            ("4111_1111_1111_1111,4111  1111  1111  1111", "***,***"),
            ("4111\u{2013}1111\u{2013}1111\u{2013}1111", "***"),
            ("3400 000000 00009", "***"),
            ("123 45 6789,123.45.6789,123+45+6789", "***,***,***"),
        ];
        for (text, expected) in rows {
            assert_eq!(redact_numbers(text), expected, "{text}");
        }
        for text in ["4111111111111112", "1764367598123", "5d9a4c421d011c553e000001", "a4111111111111111", "5125550100"]
            .into_iter()
            .chain(["4.111111111111111", "41.11111111111111", "512 555 0100", "123-45.6789", "2026-11-2912"])
        {
            assert_eq!(redact_numbers(text), text);
        }
    }
}
