//! Redacted values. The journal has `***` in place of a secret, so a comparison with it can be undecided: the recorded
//! text differs from the expected one, and the sent text may not have.

use serde_json::Value;

use crate::support::redaction::{REDACTED, Redactor};

/// Why a pattern with a secret is rejected.
pub(super) const NEVER_RECORDED: &str = "the journal does not record secrets: it has `***` in their place, so that \
                                         this would never match; leave the secret out";

/// True when the journal would redact a text.
pub(super) fn is_never_recorded(text: &str) -> bool {
    *Redactor::default().text(text) != *text
}

/// The same for a regular expression, as far as it is a plain text.
pub(super) fn is_regex_never_recorded(pattern: &str) -> bool {
    let plain = pattern.trim_start_matches(".*").trim_end_matches(".*");
    !plain.contains(['[', '(', '*', '+', '?', '\\', '{', '|']) && is_never_recorded(plain)
}

/// True when the journal would redact a part of an expected JSON value.
pub(super) fn is_value_never_recorded(value: &Value) -> bool {
    let mut value = value.clone();
    accept_placeholders(&mut value);
    let mut redacted = value.clone();
    Redactor::default().value(&mut redacted);
    redacted != value
}

/// Replaces placeholders, which match redacted values too.
fn accept_placeholders(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("${json-unit.") => REDACTED.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(accept_placeholders),
        Value::Object(members) => members.values_mut().for_each(accept_placeholders),
        _ => {}
    }
}

/// True when a text, or an item of a list, has been redacted.
pub(super) fn has_redaction(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED),
        Value::Array(items) => items.iter().any(has_redaction),
        _ => false,
    }
}

/// True when a text that was recorded as `found` may have been `expected`.
pub(super) fn may_have_been(found: &str, expected: &str) -> bool {
    let mut pieces = found.split(REDACTED);
    let Some(first) = pieces.next() else { return false };
    let Some(mut rest) = expected.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_text_may_have_been_any_text_around_its_other_parts() {
        let rows = [
            ("***", "secret", true),
            ("a=***&b=1", "a=x&b=1", true),
            ("a=***&b=1", "a=x&b=2", false),
            ("a=***&b=***", "a=x&b=y", true),
            ("a=1", "a=1", false),
            ("a=1", "a=2", false),
        ];
        for (found, expected, is_possible) in rows {
            assert_eq!(may_have_been(found, expected), is_possible, "{found} {expected}");
        }
    }
}
