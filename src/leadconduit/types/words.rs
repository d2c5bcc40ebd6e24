//! `boolean`, `gender` and `street`.

use super::Read;

/// The words for yes and no, with nothing but their letters and digits looked at.
pub(super) fn boolean(text: &str) -> Option<bool> {
    // No word for yes or no is longer: the rest need not be looked at.
    let mut word = String::new();
    for c in text.chars().filter(char::is_ascii_alphanumeric).take(6) {
        word.push(c.to_ascii_lowercase());
    }
    match word.as_str() {
        "y" | "yes" | "t" | "true" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

pub(super) fn gender(text: &str) -> Option<Read> {
    let (normal, abbr) = match text.trim().to_lowercase().as_str() {
        "m" | "male" => ("male", "M"),
        "f" | "female" => ("female", "F"),
        "o" | "other" => ("other", "O"),
        _ => return None,
    };
    Some(Read::new(normal).with("abbr", abbr))
}

/// The first word is the number, the others are the name.
pub(super) fn street(text: &str) -> Option<Read> {
    let text = text.trim();
    let (number, name) = text.split_once(char::is_whitespace)?;
    Some(Read::new(text).with("number", number).with("name", name.trim_start()))
}
