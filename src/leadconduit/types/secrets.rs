//! What is never stored: `ssn` and `credential`. Both leave here as stars.

use super::Read;

/// How many digits a social security number has.
const DIGITS: usize = 9;

/// A star for each character.
pub(super) fn mask(text: &str) -> String {
    "*".repeat(text.chars().count())
}

/// A star for each character, but fewer than a number has when the text is none: so stars alone still tell whether it was
/// one.
pub(super) fn mask_ssn(text: &str) -> String {
    let count = text.chars().count();
    "*".repeat(if is_ssn(text) { count } else { count.min(DIGITS - 1) })
}

/// Nine digits, whatever stands between them, or the stars of such a number.
fn is_ssn(text: &str) -> bool {
    let stars = text.chars().take_while(|c| *c == '*').count();
    text.chars().filter(char::is_ascii_digit).count() == DIGITS || (stars >= DIGITS && stars == text.len())
}

pub(super) fn ssn(text: &str) -> Option<Read> {
    let masked = Read::new("*********").with("first_three", "***").with("middle_two", "**").with("last_four", "****");
    is_ssn(text).then_some(masked)
}
