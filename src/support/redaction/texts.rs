//! Texts that are secret wherever they occur.

use std::fmt;
use std::sync::Arc;

use memchr::memchr_iter;
use memchr::memmem::Finder;

/// Shorter texts could be any word, so that replacing them everywhere would damage the record.
const TEXT_BYTES_MIN: usize = 6;

/// Texts of this length can be truncated ones, of which the end is the beginning of a secret: reasons of recipients have up to
/// 1,000 characters.
const TRUNCATED_BYTES_MIN: usize = 1_000;

/// Texts that are secret wherever they occur, each with a prepared search. Copies share them.
#[derive(Clone, Default)]
pub struct SecretTexts {
    texts: Arc<[SecretText]>,
    /// The memory of those that [`Self::with`] added, in bytes.
    added_bytes: usize,
}

struct SecretText {
    text: Box<str>,
    finder: Finder<'static>,
}

impl SecretTexts {
    /// Short texts are ignored.
    #[must_use]
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut texts: Vec<String> = texts.into_iter().filter(|text| text.len() >= TEXT_BYTES_MIN).collect();
        // The longest first, so that a part of a secret does not leave the rest behind.
        texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        let prepare = |text: String| SecretText { finder: Finder::new(&text).into_owned(), text: text.into() };
        Self { texts: texts.into_iter().map(prepare).collect(), added_bytes: 0 }
    }

    /// These texts and others.
    #[must_use]
    pub fn with(&self, others: impl IntoIterator<Item = String>) -> Self {
        let mut texts = Self::new(self.iter().map(str::to_owned).chain(others));
        let bytes = |texts: &Self| texts.iter().map(|text| 2 * text.len() + size_of::<SecretText>()).sum::<usize>();
        texts.added_bytes = self.added_bytes + bytes(&texts).saturating_sub(bytes(self));
        texts
    }

    /// The memory of the texts that an exchange has of its own, in bytes. It shares the others with other exchanges.
    #[must_use]
    pub fn added_bytes(&self) -> usize {
        self.added_bytes
    }

    /// True when one is a copy of the other.
    #[must_use]
    pub fn are_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.texts, &other.texts)
    }

    /// The texts, the longest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|secret| &*secret.text)
    }

    /// Those of the texts that occur in `text`, the longest first.
    pub(super) fn found_in<'s>(&'s self, text: &str) -> impl Iterator<Item = &'s str> {
        self.texts.iter().filter(|secret| secret.finder.find(text.as_bytes()).is_some()).map(|secret| &*secret.text)
    }

    /// Where the beginning of one of the texts is, if a long text ends with it.
    pub(super) fn truncated_in(&self, text: &str) -> Option<usize> {
        if text.len() < TRUNCATED_BYTES_MIN {
            return None;
        }
        self.iter().filter_map(|secret| beginning_at_end(text, secret)).min()
    }
}

/// Where the longest beginning of a secret is that a text ends with. Shorter ones than secrets can be are left.
fn beginning_at_end(text: &str, secret: &str) -> Option<usize> {
    let first = *secret.as_bytes().first()?;
    let end_at = text.len().saturating_sub(secret.len() - 1);
    let end = &text.as_bytes()[end_at..];
    let mut candidates = memchr_iter(first, end).take_while(|at| end.len() - at >= TEXT_BYTES_MIN);
    candidates.find(|at| secret.as_bytes().starts_with(&end[*at..])).map(|at| end_at + at)
}

impl fmt::Debug for SecretTexts {
    /// Their number only: this is printed in places that must not contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretTexts({})", self.texts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_of_a_text_is_found_at_the_end_of_a_long_one() {
        let texts = SecretTexts::new(["other-secret", "abcabcabcé!"].map(str::to_owned));
        let long = "x".repeat(TRUNCATED_BYTES_MIN);
        let cases = [
            ("abcabc", Some(0)),
            ("abcabcabcé", Some(0)),
            ("-abcabcabc", Some(1)),
            ("-other-s", Some(1)),
            ("abcab", None),
            ("abcabc.", None),
            // A whole secret is found by `found_in`.
            ("other-secret", None),
        ];
        for (end, expected) in cases {
            let text = format!("{long}{end}");
            assert_eq!(texts.truncated_in(&text), expected.map(|at| long.len() + at), "{end}");
            assert_eq!(texts.truncated_in(end), None, "a short text was not truncated");
        }
    }
}
