//! Texts that contain no secret. A client sends the same paths and bodies again most of the time, so that they are searched
//! once.

use std::cell::RefCell;

use crate::support::redaction::{Redactor, SecretTexts};

/// How many texts a thread remembers.
const TEXTS_MAX: usize = 16;

/// The longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// True when a text certainly contains no secret: [`Redactor::is_clean`], for texts that are likely to come again.
pub(super) fn is_clean(text: &str, redactor: &Redactor) -> bool {
    thread_local! {
        static RECENT: RefCell<CleanTexts> = RefCell::default();
    }
    RECENT.with_borrow_mut(|recent| recent.has_or_insert(text, redactor))
}

/// Texts, each with the known secrets that it does not contain. They are compared byte by byte.
#[derive(Default)]
struct CleanTexts {
    texts: Vec<(Box<str>, SecretTexts)>,
    /// The index of the one that is replaced next.
    next: usize,
}

impl CleanTexts {
    fn has_or_insert(&mut self, text: &str, redactor: &Redactor) -> bool {
        if self.texts.iter().any(|(known, secrets)| **known == *text && secrets.are_shared_with(redactor.texts())) {
            return true;
        }
        let is_clean = redactor.is_clean(text);
        if is_clean && text.len() <= TEXT_BYTES_MAX {
            let new = (text.into(), redactor.texts().clone());
            match self.texts.get_mut(self.next) {
                Some(oldest) => *oldest = new,
                None => self.texts.push(new),
            }
            self.next = (self.next + 1) % TEXTS_MAX;
        }
        is_clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secret: &str) -> Redactor {
        Redactor::new(SecretTexts::new([secret.to_owned()]))
    }

    #[test]
    fn a_text_is_remembered_with_the_secrets_that_it_does_not_contain() {
        let (one, other) = (redactor("t0p-s3cret"), redactor("0ther-s3cret"));
        let mut recent = CleanTexts::default();
        for _ in 0..2 {
            assert!(recent.has_or_insert("state=TX&note=0ther-s3cret", &one));
            assert!(!recent.has_or_insert("state=TX&note=0ther-s3cret", &other));
            assert!(!recent.has_or_insert("password=abc", &one));
        }
        assert_eq!(recent.texts.len(), 1, "what is not clean is not kept");
        // Secrets are compared by identity, which costs nothing.
        assert!(recent.has_or_insert("state=TX&note=0ther-s3cret", &redactor("t0p-s3cret")));
        assert_eq!(recent.texts.len(), 2);
    }

    #[test]
    fn the_number_and_length_of_remembered_texts_are_bounded() {
        let redactor = redactor("t0p-s3cret");
        let mut recent = CleanTexts::default();
        for number in 0..3 * TEXTS_MAX {
            assert!(recent.has_or_insert(&format!("/flows/{number}"), &redactor));
        }
        assert_eq!(recent.texts.len(), TEXTS_MAX);
        let mut recent = CleanTexts::default();
        assert!(recent.has_or_insert(&"a ".repeat(TEXT_BYTES_MAX), &redactor));
        assert!(recent.texts.is_empty());
    }
}
