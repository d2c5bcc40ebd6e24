//! `phone`: the North American plan first, then Britain.

use std::sync::LazyLock;

use regex::Regex;

use super::Read;

/// Area codes that are free for the caller, as the documentation lists them.
const TOLL_FREE: [&str; 6] = ["800", "844", "855", "866", "877", "888"];

/// Area codes of Canada.
const CANADA: [&str; 48] = [
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365", "367", "368", "382", "387",
    "403", "416", "418", "428", "431", "437", "438", "450", "468", "474", "506", "514", "519", "548", "579", "581",
    "584", "587", "604", "613", "639", "647", "672", "683", "705", "709", "742", "753", "778", "780", "782", "819",
];

/// What stands behind the number: an extension, then a hint such as `m` or `(h)`.
static PARTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([0-9*() .+/\-]*?)\s*(?:(?:[xX#]|[eE]xt\.?|[eE]xtension)\s*([0-9*]{1,7}))?\s*(?:\(?([hwcm])\)?)?$")
        .ok()
});

/// A number. Its normal form is the national number with its extension: `5127891111x42`. Stars stand for digits that
/// were masked by the sender (observed).
pub(super) fn phone(text: &str) -> Option<Read> {
    let found = PARTS.as_ref()?.captures(text.trim())?;
    let written = found.get(1)?.as_str();
    let (extension, hint) = (found.get(2).map(|part| part.as_str()), found.get(3).map(|part| part.as_str()));
    let digits: String = written.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let is_foreign = written.trim_start().starts_with('+') && !digits.starts_with('1');
    let read = if is_foreign { british(&digits) } else { american(&digits).or_else(|| british(&digits)) };
    let (mut read, national) = read?;
    read.normal = extension.map_or_else(|| national.clone(), |extension| format!("{national}x{extension}")).into();
    let kind = match hint {
        Some("h") => Some("home"),
        Some("w") => Some("work"),
        Some(_) => Some("mobile"),
        None => None,
    };
    Some(read.with("extension", extension).with("type", kind))
}

/// Ten digits, or eleven with the country's one.
fn american(digits: &str) -> Option<(Read, String)> {
    let national = digits.strip_prefix('1').filter(|_| digits.len() == 11).unwrap_or(digits);
    if national.len() != 10 {
        return None;
    }
    let (area, number) = national.split_at(3);
    let (exchange, line) = number.split_at(3);
    let masked = national.contains('*');
    // Neither begins with 0 or 1; a nine in the middle of an area code is kept for later, and 911 is no area. Of a masked
    // number nothing is known.
    let begins = |part: &str| !part.starts_with(['0', '1']);
    let is_area = begins(area) && !area[1..].starts_with('9') && !area.ends_with("11");
    let is_number = is_area && begins(exchange);
    if !is_number && !masked {
        return None;
    }
    let country = if CANADA.contains(&area) { "CA" } else { "US" };
    let read = Read::new(national).with("area", area).with("exchange", exchange).with("line", line);
    let read = read.with("number", number).with("country_code", country);
    Some((read.with("is_tollfree", TOLL_FREE.contains(&area)), national.to_owned()))
}

/// Ten digits behind a nought or 44. How long the code of the area is follows from its first digits.
fn british(digits: &str) -> Option<(Read, String)> {
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
    let read = Read::new(national).with("area", area).with("number", number).with("country_code", "GB");
    Some((read.with("is_tollfree", is_tollfree), national.to_owned()))
}
