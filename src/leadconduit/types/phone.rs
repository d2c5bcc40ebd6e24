//! `phone`: the North American numbering plan, then the United Kingdom.

use std::sync::LazyLock;

use regex::Regex;

use super::Parsed;

/// Toll-free area codes (documented).
const TOLL_FREE: [&str; 6] = ["800", "844", "855", "866", "877", "888"];

/// Area codes of Canada.
const CANADA: [&str; 48] = [
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365", "367", "368", "382", "387",
    "403", "416", "418", "428", "431", "437", "438", "450", "468", "474", "506", "514", "519", "548", "579", "581",
    "584", "587", "604", "613", "639", "647", "672", "683", "705", "709", "742", "753", "778", "780", "782", "819",
];

/// A number, an extension, and a hint such as `m` or `(h)`.
static PARTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([0-9*() .+/\-]*?)\s*(?:(?:[xX#]|[eE]xt\.?|[eE]xtension)\s*([0-9*]{1,7}))?\s*(?:\(?([hwcm])\)?)?$")
        .ok()
});

/// Parses a phone number. Its normal form is the national number with its extension: `5127891111x42`. Stars stand for
/// digits that the sender masked (observed).
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let found = PARTS.as_ref()?.captures(text.trim())?;
    let number = found.get(1)?.as_str();
    let (extension, hint) = (found.get(2).map(|part| part.as_str()), found.get(3).map(|part| part.as_str()));
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let is_international = number.trim_start().starts_with('+') && !digits.starts_with('1');
    let parsed =
        if is_international { parse_uk(&digits) } else { parse_north_american(&digits).or_else(|| parse_uk(&digits)) };
    let (mut parsed, national) = parsed?;
    parsed.normal = extension.map_or_else(|| national.clone(), |extension| format!("{national}x{extension}")).into();
    let line_type = match hint {
        Some("h") => Some("home"),
        Some("w") => Some("work"),
        Some(_) => Some("mobile"),
        None => None,
    };
    Some(parsed.with("extension", extension).with("type", line_type))
}

/// Parses ten digits, or eleven with the country code 1.
fn parse_north_american(digits: &str) -> Option<(Parsed, String)> {
    let national = digits.strip_prefix('1').filter(|_| digits.len() == 11).unwrap_or(digits);
    if national.len() != 10 {
        return None;
    }
    let (area, number) = national.split_at(3);
    let (exchange, line) = number.split_at(3);
    let is_masked = national.contains('*');
    // Area codes and exchanges begin with 2 to 9. Area codes with 9 in the middle are reserved, and those that end in
    // 11 are service codes. Masked numbers are not checked.
    let has_valid_start = |part: &str| !part.starts_with(['0', '1']);
    let is_area = has_valid_start(area) && !area[1..].starts_with('9') && !area.ends_with("11");
    let is_valid = is_area && has_valid_start(exchange);
    if !is_valid && !is_masked {
        return None;
    }
    let country = if CANADA.contains(&area) { "CA" } else { "US" };
    let parsed = Parsed::new(national).with("area", area).with("exchange", exchange).with("line", line);
    let parsed = parsed.with("number", number).with("country_code", country);
    Some((parsed.with("is_tollfree", TOLL_FREE.contains(&area)), national.to_owned()))
}

/// Parses ten digits after 0 or 44. The first digits determine the length of the area code.
fn parse_uk(digits: &str) -> Option<(Parsed, String)> {
    let national = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44")).unwrap_or(digits);
    let national = national.strip_prefix('0').or((national.len() < digits.len()).then_some(national))?;
    let is_plain = national.len() == 10 && !national.contains('*');
    let area = match national.as_bytes() {
        [b'2', ..] => 2,
        [b'3' | b'8', ..] | [b'1', b'1', ..] | [b'1', _, b'1', ..] => 3,
        [b'1' | b'7', ..] => 4,
        _ => return None,
    };
    let (area, number) = national.split_at_checked(area).filter(|_| is_plain)?;
    let is_tollfree = TOLL_FREE.contains(&area);
    let parsed = Parsed::new(national).with("area", area).with("number", number).with("country_code", "GB");
    Some((parsed.with("is_tollfree", is_tollfree), national.to_owned()))
}
