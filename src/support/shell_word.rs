//! Texts as one word of a shell.

/// A text as one word of a shell, quoted if it must be.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_word_of_a_shell() {
        assert_eq!(shell_word("/a-b/c.d"), "/a-b/c.d");
        assert_eq!(shell_word("/a b/it's"), r"'/a b/it'\''s'");
        for text in ["", "~", "$HOME", "a;b", "a*"] {
            assert_eq!(shell_word(text), format!("'{text}'"));
        }
    }
}
