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
    let in_url = r#"://(?<user>[^/?#\s@:"'<>]*:)?(?<password>[^/?#\s@"'<>]+)@"#;
    let after_scheme = r"\b(?<scheme>(?i:basic|bearer)\s+)(?<token>[A-Za-z0-9+/_.~-]+=*)";
    let web_token = r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*";
    Regex::new(&format!("{in_url}|{after_scheme}|{web_token}")).ok()
});

/// Replaces credentials. The user name of a URL and the name of the scheme stay.
///
/// Calls `remember` with each of them.
pub(super) fn redact_credentials(text: &str, remember: impl Fn(&str)) -> Cow<'_, str> {
    let Some(pattern) = CREDENTIALS.as_ref() else { return Cow::Borrowed(REDACTED) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |found| found.as_str());
        if let (Some(scheme), Some(token)) = (found.name("scheme"), found.name("token")) {
            let is_secret = is_token(token.as_str());
            if is_secret {
                remember(token.as_str());
            }
            return if is_secret { format!("{}{REDACTED}", scheme.as_str()) } else { whole.to_owned() };
        }
        if let Some(password) = found.name("password") {
            remember(password.as_str());
            return format!("://{}{REDACTED}@", found.name("user").map_or("", |user| user.as_str()));
        }
        remember(whole);
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

/// Words that follow `Bearer` in sentences.
const WORDS_AFTER_BEARER: [&str; 34] = [
    "a",
    "and",
    "are",
    "as",
    "auth",
    "authentication",
    "authorisation",
    "authorization",
    "by",
    "certificate",
    "certificates",
    "credential",
    "credentials",
    "does",
    "error",
    "for",
    "from",
    "has",
    "header",
    "in",
    "is",
    "must",
    "not",
    "of",
    "on",
    "or",
    "prefix",
    "realm",
    "scheme",
    "to",
    "token",
    "tokens",
    "was",
    "with",
];

/// Replaces the word after `Bearer`, however short it is, unless sentences have it there. It is a token even then when the
/// text has nothing else.
pub(super) fn redact_bearer_in_text(text: &str) -> Cow<'_, str> {
    static BEARER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b(?<scheme>(?i:bearer)\s+)(?<token>[A-Za-z0-9._~+/%:|@!$*-]+=*)").ok());
    let Some(pattern) = BEARER.as_ref() else { return Cow::Borrowed(REDACTED) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let [whole, scheme, token] =
            [found.get(0), found.name("scheme"), found.name("token")].map(|part| part.map_or("", |part| part.as_str()));
        let word = token.trim_end_matches(['.', ':', '!', '-']).to_ascii_lowercase();
        let is_word = whole.len() < text.trim().len() && WORDS_AFTER_BEARER.contains(&&*word);
        if is_word { whole.to_owned() } else { format!("{scheme}{REDACTED}") }
    })
}

/// Whether a token can follow `Bearer` somewhere in a text.
pub(super) fn has_bearer(text: &str) -> bool {
    static BEARER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\bbearer[\s+%]").ok());
    BEARER.as_ref().is_none_or(|pattern| pattern.is_match(text))
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
            assert_eq!(redact_credentials(text, |_| {}), expected, "{text}");
        }
        for text in [
            "http://h.example/joe@example.com",
            "http://h.example/?email=a:b@example.com",
            "basic information, bearer certificates",
            "Basic plan2",
            "a://b",
        ] {
            assert_eq!(redact_credentials(text, |_| {}), text);
        }
    }

    #[test]
    fn a_short_token_in_a_text_is_replaced() {
        let rows = [
            ("bad Bearer abc here", "bad Bearer *** here"),
            (r#"{"why":"bad Bearer abc"}"#, r#"{"why":"bad Bearer ***"}"#),
            (r#"{\"why\":\"bad Bearer abc\"}"#, r#"{\"why\":\"bad Bearer ***\"}"#),
            ("Bearer token", "Bearer ***"),
            ("a Bearer token is required", "a Bearer token is required"),
            ("bearer certificates are not supported.", "bearer certificates are not supported."),
            ("forbearer abc", "forbearer abc"),
        ];
        for (text, expected) in rows {
            assert_eq!(redact_bearer_in_text(text), expected, "{text}");
        }
    }
}
