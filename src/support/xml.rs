//! Which characters XML 1.0 allows.

/// Whether XML 1.0 allows the character, also as a reference.
#[must_use]
pub fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The character, or U+FFFD in place of one that XML 1.0 does not allow.
#[must_use]
pub fn replace_non_xml(c: char) -> char {
    if is_xml_char(c) { c } else { char::REPLACEMENT_CHARACTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_of_xml_are_replaced() {
        let text: String =
            "a\u{0}\u{b}\u{1f}\u{fffe}\u{ffff}\t\n\r\u{7f}\u{85}\u{e000}\u{fffd}\u{1fffe}".chars().collect();
        let replaced: String = text.chars().map(replace_non_xml).collect();
        assert_eq!(replaced, "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\t\n\r\u{7f}\u{85}\u{e000}\u{fffd}\u{1fffe}");
    }
}
