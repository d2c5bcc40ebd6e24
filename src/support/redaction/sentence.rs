//! Sentences: reasons, and the messages of the mock that quote them.

use std::borrow::Cow;

use super::decode::decode;
use super::names::{assigns_secret, find_assignment};
use super::{REDACTED, Redactor};

/// What formats separate values with; sentences do not have it.
const SEPARATORS: [char; 10] = ['=', '"', '<', '>', '{', '}', '[', ']', '|', '&'];

/// How many parts of a sentence are looked at one by one.
const PARTS_MAX: usize = 8;

impl Redactor {
    /// Redacts a sentence. Of a sentence that names a secret, what precedes the value stays.
    #[must_use]
    pub fn sentence<'t>(&self, sentence: &'t str) -> Cow<'t, str> {
        self.sentence_of(sentence, PARTS_MAX)
    }

    fn sentence_of<'t>(&self, sentence: &'t str, parts: usize) -> Cow<'t, str> {
        let redacted = self.text(sentence);
        if *redacted != *REDACTED {
            return redacted;
        }
        if let Some(redacted) = self.replace_assigned(sentence) {
            return Cow::Owned(redacted);
        }
        let Some(parts) = parts.checked_sub(1) else { return redacted };
        let first = [": ", ", "].iter().filter_map(|separator| sentence.find(separator)).min();
        let Some((head, tail)) = first.map(|at| sentence.split_at(at + 2)) else { return redacted };
        // What a secret is assigned to stays with its value.
        if head.contains(SEPARATORS) || assigns_secret(head) || *self.text(head) != *head {
            return redacted;
        }
        Cow::Owned(format!("{head}{}", self.sentence_of(tail, parts)))
    }

    /// Replaces what follows the name of a secret up to the end of the sentence; `None` when something else than words
    /// precedes the name, so that it can be a part of a structure.
    fn replace_assigned(&self, sentence: &str) -> Option<String> {
        if sentence.contains(['\n', '\r', '\t', '\0']) || *decode(sentence) != *sentence {
            return None;
        }
        let (name, value) = find_assignment(sentence)?;
        let is_prose = !sentence[..name].contains(SEPARATORS);
        let before = self.text(&sentence[..name]);
        if !is_prose || *before == *REDACTED {
            return None;
        }
        let rest = &sentence[value..];
        let text = rest.trim_start();
        self.remember(text);
        self.remember(text.split(|c: char| c.is_whitespace() || ",;)".contains(c)).next().unwrap_or_default());
        let assigned = &sentence[name..sentence.len() - text.len()];
        let shown = if text.is_empty() { "" } else { REDACTED };
        Some(format!("{before}{assigned}{shown}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_part_of_a_sentence_is_replaced() {
        let rows = [
            ("bad password: S3cr3t", "bad password: ***"),
            ("api_key=S3cr3t is wrong", "api_key=***"),
            (
                "recipient `Own`, step 1 (bb0001): failure, bad password: S3cr3t (simulated: x)",
                "recipient `Own`, step 1 (bb0001): failure, bad password: ***",
            ),
            ("filter x: failure, {\"password\": \"S3cr3t\", ", "filter x: failure, ***"),
            ("filter x: failure, value=S3cr3t, name=\"password\": no", "filter x: failure, ***"),
            ("filter x: failure, pass%77ord: S3cr3t", "filter x: failure, ***"),
            ("name,password: S3cr3t\nS3cr3t", "***"),
            ("the password:", "the password:"),
            ("no password was sent", "no password was sent"),
        ];
        for (sentence, expected) in rows {
            assert_eq!(Redactor::default().sentence(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn the_value_in_a_sentence_is_replaced_elsewhere() {
        let redactor = Redactor::default();
        assert_eq!(redactor.sentence("bad password: S3cr3tS3cr3t, sorry"), "bad password: ***");
        assert_eq!(redactor.with_found_values().unwrap().text("is S3cr3tS3cr3t"), "is ***");
    }
}
