//! Reads a phone number from a text, as libphonenumber does it.

use std::sync::LazyLock;

use regex::Regex;

use super::super::js;
use super::plan::{self, Length};

/// The longest text, in UTF-16 code units.
const LENGTH_MAX: usize = 250;

/// Lengths of a national number.
const NATIONAL_LENGTHS: std::ops::RangeInclusive<usize> = 2..=17;

/// Digits: ASCII, full width, Arabic-Indic and Eastern Arabic.
const DIGITS: &str = "0-9\u{ff10}-\u{ff19}\u{660}-\u{669}\u{6f0}-\u{6f9}";

/// Punctuation in numbers.
const PUNCTUATION: &str = r"\-x\x{2010}-\x{2015}\x{2212}\x{30FC}\x{FF0D}-\x{FF0F} \x{A0}\x{AD}\x{200B}\x{2060}\x{3000}()\x{FF08}\x{FF09}\x{FF3B}\x{FF3D}.\[\]/~\x{2053}\x{223C}\x{FF5E}";

/// Numbers of so many digits are below 2^53.
const EXACT_DIGITS_MAX: usize = 15;

/// What is dialled in the United States for numbers of other countries.
const INTERNATIONAL_PREFIX: &str = "011";

const UNITED_STATES: u16 = 1;

/// A number that was read from a text.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) calling_code: u16,
    /// The digits without the calling code and what is dialled before national numbers.
    pub(super) national: String,
    pub(super) extension: Option<String>,
}

/// The ways to write an extension, at the end of a text. Each has one group with the digits.
fn extension_pattern() -> String {
    let digits = |max: usize| format!("([{DIGITS}]{{1,{max}}})");
    let space = r"[ \x{A0}\t]*";
    let space_or_comma = r"[ \x{A0}\t,]*";
    let after_label = r"[:.\x{FF0E}]?[ \x{A0}\t,\-]*";
    let label =
        r"(?:e?xt(?:ensi(?:o\x{301}?|\x{F3}))?n?|\x{FF45}?\x{FF58}\x{FF54}\x{FF4E}?|\x{434}\x{43E}\x{431}|anexo)";
    let short_label = r"(?:[x\x{FF58}#\x{FF03}~\x{FF5E}]|int|\x{FF49}\x{FF4E}\x{FF54})";
    let ways = [
        format!(";ext={}", digits(20)),
        format!("{space_or_comma}{label}{after_label}{}#?", digits(20)),
        format!("{space_or_comma}{short_label}{after_label}{}#?", digits(9)),
        format!(r"[\- ]+{}#", digits(6)),
        format!("{space}(?:,{{2}}|;){after_label}{}#?", digits(15)),
        format!("{space},+{after_label}{}#?", digits(9)),
    ];
    ways.join("|")
}

static EXTENSION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("(?i)(?:{})$", extension_pattern())).ok());

/// A text that can be a number: two digits, or three and more with punctuation and letters, and an extension.
static VIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = format!(r"[+\x{{FF0B}}]*(?:[{PUNCTUATION}*]*[{DIGITS}]){{3,}}[{PUNCTUATION}*A-Za-z{DIGITS}]*");
    Regex::new(&format!("(?i)^(?:[{DIGITS}]{{2}}|{number}(?:{})?)$", extension_pattern())).ok()
});

fn is_viable(text: &str) -> bool {
    js::length(text) >= 2 && VIABLE.as_ref().is_some_and(|viable| viable.is_match(text))
}

/// Whether a text is nothing but ASCII digits, at least three, and the usual punctuation between them, as nearly all are. It
/// is viable and has no extension: the patterns, which are large, find the same, which a test compares.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte| matches!(byte, b'0'..=b'9' | b' ' | b'(' | b')' | b'-' | b'.');
    text.bytes().all(is_plain) && text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{ff0b}')
}

/// The value of a digit.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// The key of a letter on a telephone.
fn key(c: char) -> Option<char> {
    Some(match c.to_ascii_uppercase() {
        'A'..='C' => '2',
        'D'..='F' => '3',
        'G'..='I' => '4',
        'J'..='L' => '5',
        'M'..='O' => '6',
        'P'..='S' => '7',
        'T'..='V' => '8',
        'W'..='Z' => '9',
        _ => return None,
    })
}

/// The digits of a text. Three letters or more are read as keys of a telephone, fewer are ignored.
fn normalize(text: &str) -> String {
    let is_vanity = text.chars().filter(char::is_ascii_alphabetic).count() >= 3 && !text.contains(js::is_line_end);
    text.chars().filter_map(|c| digit(c).or_else(|| if is_vanity { key(c) } else { None })).collect()
}

/// Reads a number; `None` if the text is not like one.
pub(super) fn parse(text: &str) -> Option<Number> {
    if js::length(text) > LENGTH_MAX {
        return None;
    }
    let candidate = candidate(text)?;
    let (candidate, extension) = match () {
        () if is_plain(candidate) => (candidate, None),
        () if is_viable(candidate) => split_extension(candidate),
        () => return None,
    };
    let (calling_code, digits) = match split_calling_code(candidate) {
        Ok(split) => split,
        // An unknown code: perhaps the plus sign is too much.
        Err(UnknownCode) if candidate.starts_with(is_plus) => {
            split_calling_code(candidate.trim_start_matches(is_plus)).ok().filter(|(code, _)| *code != 0)?
        }
        Err(UnknownCode) => return None,
    };
    let (calling_code, digits) =
        if calling_code == 0 { (UNITED_STATES, normalize(candidate)) } else { (calling_code, digits) };
    if digits.len() < *NATIONAL_LENGTHS.start() {
        return None;
    }
    let plan = plan::of(calling_code);
    let stripped = plan.main().and_then(|region| {
        let stripped = region.without_prefix(&digits).unwrap_or_else(|| digits.clone());
        let is_better = !matches!(region.length(&stripped), Length::TooShort | Length::Local | Length::Invalid);
        is_better.then_some(stripped)
    });
    let national = stripped.unwrap_or(digits);
    NATIONAL_LENGTHS.contains(&national.len()).then(|| Number {
        calling_code,
        national: as_stored(&national),
        extension,
    })
}

/// A national number after it was kept as a number: beyond 2^53 its last digits are inexact, as in the vendor's library.
fn as_stored(national: &str) -> String {
    if national.len() <= EXACT_DIGITS_MAX {
        return national.to_owned();
    }
    let digits = national.trim_start_matches('0');
    let zeros = if digits.is_empty() { national.len().saturating_sub(1) } else { national.len() - digits.len() };
    let number: f64 = digits.parse().unwrap_or_default();
    format!("{}{}", "0".repeat(zeros), js::number_text(number))
}

/// The part of a text that can be a number: from the first digit or plus sign, without what follows it.
fn candidate(text: &str) -> Option<&str> {
    let start = text.find(|c| is_plus(c) || digit(c).is_some())?;
    let is_end = |c: char| digit(c).is_none() && !c.is_ascii_alphabetic() && c != '#';
    let mut candidate = text[start..].trim_end_matches(is_end);
    // A second number: `/ x`.
    let second = candidate
        .match_indices(['/', '\\'])
        .find(|(at, _)| candidate[at + 1..].trim_start_matches(' ').starts_with('x'));
    if let Some((at, _)) = second {
        candidate = &candidate[..at];
    }
    match candidate.find(";isub=") {
        Some(at) if at > 0 => Some(&candidate[..at]),
        _ => Some(candidate),
    }
}

fn split_extension(text: &str) -> (&str, Option<String>) {
    let Some(found) = EXTENSION.as_ref().and_then(|extension| extension.captures(text)) else { return (text, None) };
    let start = found.get(0).map_or(0, |whole| whole.start());
    let digits = found.iter().skip(1).flatten().find(|group| !group.is_empty());
    match digits {
        Some(digits) if is_viable(&text[..start]) => (&text[..start], Some(digits.as_str().to_owned())),
        _ => (text, None),
    }
}

/// The number begins with a code that does not exist.
struct UnknownCode;

/// The calling code, 0 if there is none, and the digits behind it.
fn split_calling_code(text: &str) -> Result<(u16, String), UnknownCode> {
    let without_plus = text.trim_start_matches(is_plus);
    let digits = normalize(without_plus);
    let international = if without_plus.len() < text.len() {
        Some(digits.as_str())
    } else {
        digits.strip_prefix(INTERNATIONAL_PREFIX).filter(|rest| !rest.starts_with('0'))
    };
    if let Some(rest) = international {
        if rest.len() <= *NATIONAL_LENGTHS.start() || rest.starts_with('0') {
            return Err(UnknownCode);
        }
        let code = (1..=3).find_map(|length| {
            let code = rest.get(..length)?.parse().ok().filter(|code| plan::exists(*code))?;
            Some((code, rest[length..].to_owned()))
        });
        return code.ok_or(UnknownCode);
    }
    // A number of the United States that begins with their code.
    if let Some(rest) = digits.strip_prefix('1')
        && let Some(region) = plan::of(UNITED_STATES).main()
    {
        let rest = region.without_prefix(rest).unwrap_or_else(|| rest.to_owned());
        let is_better = !region.is_general(&digits) && region.is_general(&rest);
        if is_better || region.length(&digits) == Length::TooLong {
            return Ok((UNITED_STATES, rest));
        }
    }
    Ok((0, digits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_texts_are_viable_and_have_no_extension(text in "[0-9 ().-]{0,20}|[0-9 ().x#,;+*-]{0,20}") {
            if is_plain(&text) && text.starts_with(|c: char| c.is_ascii_digit()) {
                prop_assert!(is_viable(&text), "{}", text);
                prop_assert_eq!(split_extension(&text), (text.as_str(), None));
            }
        }

        #[test]
        fn short_numbers_are_exact(national in "[0-9]{1,17}") {
            let digits = national.trim_start_matches('0');
            let number: f64 = digits.parse().unwrap_or_default();
            let zeros = national.len() - digits.len().max(1);
            prop_assert_eq!(as_stored(&national), "0".repeat(zeros) + &js::number_text(number));
        }
    }
}
