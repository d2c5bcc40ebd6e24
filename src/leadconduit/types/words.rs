//! `boolean`, `gender` and `street`.

use serde_json::Value;

use super::Parsed;
use super::js;

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
pub(super) fn parse_gender(text: &str) -> Parsed {
    let (normal, abbr) = match js::trim(&text.to_lowercase()) {
        "m" | "male" => ("male", "M"),
        "f" | "female" => ("female", "F"),
        "o" | "other" => ("other", "O"),
        _ => return Parsed::invalid(text).with("abbr", Value::Null),
    };
    Parsed::new(normal).with("abbr", abbr)
}

/// Parses a street: the first word is the number, whatever it is, and the rest of the line is the name.
pub(super) fn parse_street(text: &str) -> Parsed {
    let trimmed = js::trim(text);
    let Some((number, rest)) = trimmed.split_once(js::is_space) else { return Parsed::invalid(text) };
    let name = rest.trim_start_matches(js::is_space);
    if name.contains(js::is_line_end) {
        return Parsed::invalid(text);
    }
    Parsed::new(trimmed).with("number", number).with("name", name)
}
