//! `boolean`, `gender` and `street`.

use super::Parsed;

/// Parses words such as `yes` and `false`. Only ASCII letters and digits count.
pub(super) fn parse_boolean(text: &str) -> Option<bool> {
    // The longest valid word has 5 characters, so the rest is not needed.
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

/// Parses a gender.
pub(super) fn parse_gender(text: &str) -> Option<Parsed> {
    let (normal, abbr) = match text.trim().to_lowercase().as_str() {
        "m" | "male" => ("male", "M"),
        "f" | "female" => ("female", "F"),
        "o" | "other" => ("other", "O"),
        _ => return None,
    };
    Some(Parsed::new(normal).with("abbr", abbr))
}

/// Parses a street: the first word is the number, the rest is the name.
pub(super) fn parse_street(text: &str) -> Option<Parsed> {
    let text = text.trim();
    let (number, name) = text.split_once(char::is_whitespace)?;
    Some(Parsed::new(text).with("number", number).with("name", name.trim_start()))
}
