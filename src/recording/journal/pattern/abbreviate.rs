//! Abbreviation of values that messages quote.

/// How many characters of a value a message quotes.
const QUOTED_CHARS_MAX: usize = 200;

/// The beginning of a text, with `...` when it is longer.
pub(super) fn abbreviate(text: &str) -> String {
    let mut abbreviated: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    if abbreviated.len() < text.len() {
        abbreviated.push_str("...");
    }
    abbreviated
}
