//! Texts in XML documents.

use std::borrow::Cow;

/// The text with U+FFFD in place of characters that XML 1.0 cannot contain, not even escaped: most control characters,
/// U+FFFE and U+FFFF.
#[must_use]
pub fn valid_xml_text(text: &str) -> Cow<'_, str> {
    let is_valid = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_valid) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if is_valid(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_cannot_contain_are_replaced() {
        assert_eq!(valid_xml_text("a\t\n\r <&> \u{10ffff}\u{fffd}"), "a\t\n\r <&> \u{10ffff}\u{fffd}");
        assert_eq!(valid_xml_text("\u{0}\u{b}\u{1b}\u{fffe}\u{ffff}x"), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}x");
    }
}
