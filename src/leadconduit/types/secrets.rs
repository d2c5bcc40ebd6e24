//! `ssn` and `credential`, which are never stored: both are masked with stars.

use super::Parsed;

/// The digits of a social security number.
const SSN_DIGITS: usize = 9;

/// Returns one star per character.
pub(super) fn mask(text: &str) -> String {
    "*".repeat(text.chars().count())
}

/// Returns one star per character, but fewer than nine for an invalid number, so that a masked value is valid only if
/// the original was.
pub(super) fn mask_ssn(text: &str) -> String {
    let count = text.chars().count();
    "*".repeat(if is_ssn(text) { count } else { count.min(SSN_DIGITS - 1) })
}

/// True for nine digits with any separators, or the stars of such a number.
fn is_ssn(text: &str) -> bool {
    let stars = text.chars().take_while(|c| *c == '*').count();
    text.chars().filter(char::is_ascii_digit).count() == SSN_DIGITS || (stars >= SSN_DIGITS && stars == text.len())
}

/// Parses a social security number.
pub(super) fn parse_ssn(text: &str) -> Option<Parsed> {
    let masked = Parsed::new("*********").with("first_three", "***").with("middle_two", "**").with("last_four", "****");
    is_ssn(text).then_some(masked)
}
