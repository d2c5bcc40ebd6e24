//! Credentials that are secrets by the form of their value: in a URL, after `Basic` or `Bearer`, and JSON Web Tokens.

use std::borrow::Cow;
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

/// Whether a text after `Basic` or `Bearer` is no word: `Basic coverage` is prose.
fn is_token(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() >= TOKEN_BYTES_MIN && (has_digit || base64::decode(text).contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
