//! Credentials that are secrets by the form of their value: in a URL, after `Basic` or `Bearer`, and JSON Web Tokens.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{REDACTED, base64};

/// What can begin such a value, as a part of a pattern without Unicode.
pub(super) const BEGINNINGS: &str = r#"://[^/?#\s"'<>]*@|(?i:basic|bearer)\s|eyJ"#;

/// Shorter texts after `Basic` and `Bearer` can be words.
const TOKEN_BYTES_MIN: usize = 8;

static CREDENTIALS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let in_url = r#"://(?<user>[^/?#\s@:"'<>]*:)?[^/?#\s@"'<>]+@"#;
    let after_scheme = r"\b(?<scheme>(?i:basic|bearer)\s+)(?<token>[A-Za-z0-9+/_.~-]+=*)";
    let web_token = r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*";
    Regex::new(&format!("{in_url}|{after_scheme}|{web_token}")).ok()
});

/// Replaces credentials. The user name of a URL and the name of the scheme stay.
pub(super) fn redact_credentials(text: &str) -> Cow<'_, str> {
    let Some(pattern) = CREDENTIALS.as_ref() else { return Cow::Borrowed(REDACTED) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |found| found.as_str());
        if let (Some(scheme), Some(token)) = (found.name("scheme"), found.name("token")) {
            let is_secret = is_token(token.as_str());
            return if is_secret { format!("{}{REDACTED}", scheme.as_str()) } else { whole.to_owned() };
        }
        if whole.starts_with("://") {
            return format!("://{}{REDACTED}@", found.name("user").map_or("", |user| user.as_str()));
        }
        REDACTED.to_owned()
    })
}

/// Replaces whatever follows `Bearer` in the value of a header, which is not prose.
pub(super) fn redact_bearer(text: &str) -> Cow<'_, str> {
    static BEARER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\b(?<scheme>(?i:bearer)\s+["']?)[^\s"']+"#).ok());
    let Some(pattern) = BEARER.as_ref() else { return Cow::Borrowed(REDACTED) };
    pattern.replace_all(text, format!("${{scheme}}{REDACTED}"))
}

/// Whether a text is nothing but `Bearer` and one word, which is then a token even when it looks like a word.
pub(super) fn is_only_bearer(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|first| first.eq_ignore_ascii_case("bearer")) && words.count() == 1
}

/// Whether a token can follow `Bearer` somewhere in a text.
pub(super) fn has_bearer(text: &str) -> bool {
    static BEARER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\bbearer[\s+%]").ok());
    BEARER.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// The paths of URLs in a text.
pub(super) fn paths_of_urls(text: &str) -> impl Iterator<Item = Range<usize>> {
    static URLS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"://[^\s/?#"'<>\\]+(?<path>/[^\s?#"'<>\\]+)"#).ok());
    let urls = URLS.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(text));
    urls.filter_map(|found| Some(found.name("path")?.range()))
}

/// Whether a text after `Basic` or `Bearer` is no word: `Basic coverage` is prose.
fn is_token(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() >= TOKEN_BYTES_MIN && (has_digit || base64::decode(text).contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_follows_bearer_in_a_header_is_replaced() {
        let rows = [
            ("Bearer abcdefSECRETX", "Bearer ***"),
            ("x; bearer  a,b c", "x; bearer  *** c"),
            (r#"{"a":"Bearer abc","b":1}"#, r#"{"a":"Bearer ***","b":1}"#),
            ("Bearer 'abc'", "Bearer '***'"),
            ("Bearer", "Bearer"),
            ("forbearer abc", "forbearer abc"),
        ];
        for (text, expected) in rows {
            assert_eq!(redact_bearer(text), expected, "{text}");
        }
    }

    #[test]
    fn credentials_are_replaced_by_their_form() {
        let rows = [
            ("http://joe:hush@h.example/x?y=1", "http://joe:***@h.example/x?y=1"),
            ("ftp://:hush@h", "ftp://:***@h"),
            ("see https://hush@h.example and http://a/b", "see https://***@h.example and http://a/b"),
            ("Bearer abcdef12 x", "Bearer *** x"),
            ("curl -H basic  QVBJOmh1c2g=", "curl -H basic  ***"),
            ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln b", "a *** b"),
        ];
        for (text, expected) in rows {
            assert_eq!(redact_credentials(text), expected, "{text}");
        }
        for text in [
            "http://h.example/joe@example.com",
            "http://h.example/?email=a:b@example.com",
            "basic information, bearer certificates",
            "Basic plan2",
            "a://b",
        ] {
            assert_eq!(redact_credentials(text), text);
        }
    }
}
