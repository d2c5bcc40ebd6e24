//! Paths of URLs, and paths in texts. A segment after the name of a secret is its value: `/token/...`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::decode::decode;
use super::names::{is_only_secret_name, is_suspicious};
use super::{REDACTED, Redactor};

/// Longer words after a name are values: `/password/reset/...` has the value behind the word.
const ACTION_BYTES_MAX: usize = 12;

/// What the segment before says about a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// It is the name of a secret.
    Name,
    /// It is a word after the name of a secret.
    Action,
}

impl Redactor {
    /// Redacts a path.
    pub(super) fn path(&self, path: &str) -> String {
        let mut before = Before::Nothing;
        let mut redact = |segment: &str| {
            // The empty segment of a double slash separates nothing.
            if segment.is_empty() {
                return String::new();
            }
            let decoded = decode(segment);
            let hides_pair = decoded.len() != segment.len() && decoded.contains('/') && self.path(&decoded) != *decoded;
            let is_value = before != Before::Nothing;
            if is_value {
                self.remember(&decoded);
            }
            before = match before {
                _ if is_only_secret_name(segment) => Before::Name,
                Before::Name if is_action(segment) => Before::Action,
                _ => Before::Nothing,
            };
            if is_value || hides_pair { REDACTED.to_owned() } else { self.text(segment).into_owned() }
        };
        path.split('/').map(&mut redact).collect::<Vec<_>>().join("/")
    }

    /// Replaces the segments after names. Words with slashes between them are more often alternatives: `password/PIN`.
    fn relative_path(&self, path: &str) -> String {
        let mut is_after_name = false;
        let mut redact = |segment: &str| {
            let is_value = is_after_name && !is_word(segment);
            if is_value {
                self.remember(segment);
            }
            is_after_name = if segment.is_empty() { is_after_name } else { is_only_secret_name(segment) };
            if is_value { REDACTED.to_owned() } else { segment.to_owned() }
        };
        path.split('/').map(&mut redact).collect::<Vec<_>>().join("/")
    }

    /// Replaces secret segments in the paths and URLs of a text.
    pub(super) fn replace_in_paths<'t>(&self, mut text: Cow<'t, str>) -> Cow<'t, str> {
        if !text.contains('/') {
            return text;
        }
        if is_relative_path(&text) {
            let redacted = self.relative_path(&text);
            return if redacted == *text { text } else { Cow::Owned(redacted) };
        }
        let paths: Vec<Range<usize>> = paths(&text).collect();
        for range in paths.into_iter().rev() {
            let path = &text[range.clone()];
            let redacted = if is_suspicious(path.as_bytes()) { self.path(path) } else { continue };
            if redacted != *path {
                text.to_mut().replace_range(range, &redacted);
            }
        }
        text
    }
}

/// Whether a segment after the name of a secret can say what is done with it.
fn is_action(segment: &str) -> bool {
    segment.len() <= ACTION_BYTES_MAX && segment.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
}

fn is_word(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
        || segment.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text is nothing but a path that does not begin with a slash: `v1/token/...`.
fn is_relative_path(text: &str) -> bool {
    let is_of_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$*+,;:@()".contains(&byte);
    !text.starts_with('/') && !text.contains("://") && is_suspicious(text.as_bytes()) && text.bytes().all(is_of_path)
}

/// The paths in a text: of URLs, and those that begin with a slash.
fn paths(text: &str) -> impl Iterator<Item = Range<usize>> {
    static PATHS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let beginning = r#"://[^\s/?#"'<>\\]+|^|[\s"'`(\[=,;:>]"#;
        Regex::new(&format!(r#"(?:{beginning})(?<path>/[^\s?#"'`<>\\]+)"#)).ok()
    });
    let paths = PATHS.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(text));
    paths.filter_map(|found| Some(found.name("path")?.range()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_after_a_name_is_replaced() {
        let rows = [
            ("/v1/token/S3cr3tS3cr3t/x", "/v1/token/***/x"),
            ("/token//S3cr3tS3cr3t", "/token//***"),
            ("//token///S3cr3tS3cr3t/", "//token///***/"),
            ("/tokens/S3cr3t/password/reset/S3cr3tS3cr3t/x", "/tokens/***/password/***/***/x"),
            ("/tokens/me/password/reset/S3cr3tS3cr3t/x", "/tokens/***/***/***/***/x"),
            ("/token/abc/def/ghi", "/token/***/***/ghi"),
            ("/x%2Ftoken%2FS3cr3t", "/***"),
        ];
        for (path, expected) in rows {
            assert_eq!(Redactor::default().path(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_in_texts_need_no_scheme() {
        let rows = [
            ("/token/S3cr3t", "/token/***"),
            ("//token//S3cr3t", "//token//***"),
            ("see /v1/token/S3cr3t/x for more", "see /v1/token/***/x for more"),
            ("POST:/token/S3cr3t", "POST:/token/***"),
            ("`/token/S3cr3t`, (/token/S3cr3t)", "`/token/***`, (/token/***"),
            ("http://h.test/token/S3cr3t?x=1 or /token/S3cr3t", "http://h.test/token/***?x=1 or /token/***"),
            ("v1/token/S3cr3t", "v1/token/***"),
        ];
        for (text, expected) in rows {
            assert_eq!(Redactor::default().text(text), expected, "{text}");
        }
        for text in
            ["password/PIN", "token/reset", "a password and/or a token", "text/html", "/x/y", "1/2", "a / token"]
        {
            assert_eq!(Redactor::default().text(text), text);
        }
    }
}
