//! Selects the sandbox of a request, and separates its name from the path and the API key.
//!
//! A request names its sandbox in a header, in the base URL, in a cookie, in the user name or in the API key.

use std::borrow::Cow;
use std::cell::RefCell;

use http::header::{AUTHORIZATION, COOKIE};
use percent_encoding::percent_decode_str;

use super::DEFAULT;
use crate::http::message::Request;
use crate::http::{basic_auth, headers};
use crate::recording::journal::CredentialKind;
use crate::support::redaction::decode_base64;

const PATH_PREFIX: &str = "/__sandbox/";
const COOKIE_NAME: &str = "mock_sandbox";

/// The shortest user name that can be a key.
const KEY_BYTES_MIN: usize = 16;

/// The maximum length of an `Authorization` header that is decoded.
const AUTHORIZATION_BYTES_MAX: usize = 4 * 1024;

/// The sandbox, path and API key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<'r> {
    /// The sandbox that the request names, if any.
    pub named: Option<Cow<'r, str>>,
    /// The path without `/__sandbox/NAME`.
    pub path: &'r str,
    /// The API key without `+NAME`; `None` without credentials.
    pub key: Option<String>,
}

impl Selection<'_> {
    /// The name of the selected sandbox.
    #[must_use]
    pub fn sandbox(&self) -> &str {
        self.named.as_deref().unwrap_or(DEFAULT)
    }
}

/// An invalid sandbox name. `None` when it is in the credentials, where it can be a part of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSandboxName(pub Option<String>);

/// Selects the sandbox. The first name that is present wins: header, base URL, cookie, user name, API key.
///
/// `is_key` decides whether a text is an API key, given the name of a sandbox. The end of an unknown key is not taken for
/// the name of a sandbox: it would be a visible part of a secret. The same goes for a key that stands in the place of
/// the user name, and for e-mail addresses such as `joe+leads@example.com`.
///
/// # Errors
///
/// The name is not valid.
pub fn select(request: &Request, is_key: impl Fn(&str, &str) -> bool) -> Result<Selection<'_>, InvalidSandboxName> {
    let (in_path, path) = split_sandbox_path(request.path());
    let (in_credentials, key) = credentials(request, is_key);
    let named = request.header(&headers::SANDBOX).map(Cow::Borrowed);
    let named = named.or(in_path.map(Cow::Borrowed)).or_else(|| cookie(request).map(Cow::Borrowed));
    match (named, in_credentials) {
        (Some(named), _) if !is_valid_name(&named) => Err(InvalidSandboxName(Some(named.into_owned()))),
        (None, Some(named)) if !is_valid_name(&named) => Err(InvalidSandboxName(None)),
        (named, in_credentials) => Ok(Selection { named: named.or(in_credentials.map(Cow::Owned)), path, key }),
    }
}

/// Whether a text is a valid sandbox name: 1 to 64 letters, digits, `.`, `_` or `-`.
#[must_use]
pub fn is_valid_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Splits `/__sandbox/NAME` from a path.
#[must_use]
pub fn split_sandbox_path(path: &str) -> (Option<&str>, &str) {
    let Some(rest) = path.strip_prefix(PATH_PREFIX) else { return (None, path) };
    match rest.find('/') {
        Some(end) => (Some(&rest[..end]), &rest[end..]),
        None => (Some(rest), "/"),
    }
}

/// The value of the cookie. One name is looked up in one header, so the crate `cookie` would not make this shorter.
fn cookie(request: &Request) -> Option<&str> {
    request.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|cookies| {
        cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .map(|(_, value)| value)
    })
}

/// The texts in the credentials of a request that no output may contain: the credentials as they were sent, and the API
/// key with and without `+NAME`.
#[must_use]
pub fn credential_texts(request: &Request) -> Vec<String> {
    let mut texts = Vec::new();
    for value in request.headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok()) {
        let sent = value.split_once(' ').map_or(value, |(_, credentials)| credentials).trim();
        texts.push(sent.to_owned());
        // Credentials that are not accepted, because they are too long or not encoded as they must be, are secret too.
        let decoded = decode_base64(sent);
        let Some((user, key)) = decoded.split_once(':') else { continue };
        texts.extend(key.rsplit_once('+').map(|(bare, _)| bare.to_owned()));
        texts.push(key.to_owned());
        // Some clients send the key as the user name.
        if user.len() >= KEY_BYTES_MIN {
            texts.extend(user.rsplit_once('+').map(|(bare, _)| bare.to_owned()));
            texts.push(user.to_owned());
        }
    }
    texts
}

/// The token of a shared report, which stands in the path: its holder needs no credentials. Reports have ids of the
/// same form, so that a request with credentials is taken to name an id.
#[must_use]
pub fn report_token(path: &str, has_caller: bool) -> Option<String> {
    let rest = path.trim_start_matches('/').strip_prefix("reports/")?;
    let mut segments = rest.splitn(2, '/');
    let segment = segments.next()?;
    let is_token = !has_caller || segments.next().is_some_and(|rest| rest.starts_with("meta"));
    (is_token && !segment.is_empty()).then(|| percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

/// The form of the credentials of a request. `is_key` decides whether a text is an API key.
#[must_use]
pub fn credential_kind(request: &Request, is_key: impl Fn(&str) -> bool) -> CredentialKind {
    let Some(value) = request.headers.get(AUTHORIZATION) else { return CredentialKind::Missing };
    let is_key = |text: &str| is_key(text) || text.rsplit_once('+').is_some_and(|(bare, _)| is_key(bare));
    if let Some((user, password)) = basic(request) {
        return match password.is_empty() {
            _ if is_key(&user) && !is_key(&password) => CredentialKind::KeyAsUser,
            true => CredentialKind::EmptyPassword,
            false => CredentialKind::Password,
        };
    }
    match value.to_str().ok().and_then(|value| value.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && value.len() <= AUTHORIZATION_BYTES_MAX => {
            if is_key(token.trim()) {
                CredentialKind::KeyAsBearer
            } else {
                CredentialKind::Bearer
            }
        }
        _ => CredentialKind::Other,
    }
}

/// The user name of HTTP Basic.
#[must_use]
pub fn user_name(request: &Request) -> Option<String> {
    basic(request).map(|(user, _)| user)
}

/// The sandbox name in the credentials, and the API key without it.
fn credentials(request: &Request, is_key: impl Fn(&str, &str) -> bool) -> (Option<String>, Option<String>) {
    let Some((user, mut key)) = basic(request) else { return (None, None) };
    let in_user = user.rsplit_once('+').filter(|(bare, name)| {
        let is_unknown_key = key.is_empty() && bare.len() >= KEY_BYTES_MIN && !is_key(bare, name);
        !name.contains('@') && !is_unknown_key
    });
    let in_user = in_user.map(|(_, name)| name.to_owned());
    let mut in_key = None;
    if let Some((bare, name)) = key.rsplit_once('+')
        && is_key(bare, name)
    {
        in_key = Some(name.to_owned());
        key = bare.to_owned();
    }
    (in_user.or(in_key), Some(key))
}

fn basic(request: &Request) -> Option<(String, String)> {
    let value = request.headers.get(AUTHORIZATION)?.as_bytes();
    if value.len() > AUTHORIZATION_BYTES_MAX {
        return None;
    }
    // Most requests of a client have the same credentials as the one before.
    LAST_BASIC.with_borrow_mut(|(last, decoded)| {
        if **last != *value {
            *decoded = decode_basic(value);
            last.clear();
            last.extend_from_slice(value);
        }
        decoded.clone()
    })
}

type UserAndKey = (String, String);

thread_local! {
    /// The last header with credentials on this thread, and what it says.
    static LAST_BASIC: RefCell<(Vec<u8>, Option<UserAndKey>)> = const { RefCell::new((Vec::new(), None)) };
}

fn decode_basic(header: &[u8]) -> Option<UserAndKey> {
    let mut user = String::from_utf8(basic_auth::decode(header)?).ok()?;
    let key = user.split_off(user.find(':')? + 1);
    user.pop();
    Some((user, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderValue, Method};

    fn request(path: &str, headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Method::GET, path.parse().unwrap());
        for (name, value) in headers {
            request.headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    /// Path and headers of the request; sandbox, path and key that are expected.
    type Row<'a> = (&'a str, &'a [(&'static str, &'a str)], &'a str, &'a str, Option<&'a str>);

    #[test]
    fn the_first_name_that_is_present_wins() {
        let (user, key) = (basic("API+in-user:KEY"), basic("API:KEY+in-key"));
        let (unknown, nested) = (basic("API:OTHER+tail"), basic("API:KEY+a+b"));
        let (email, as_user) = (basic("joe+leads@x.test:KEY"), basic("abcdef0123456789+tail:"));
        let long_user = basic("a-very-long-user+in-user:KEY");
        let rows: [Row<'_>; 14] = [
            ("/user", &[("authorization", &email)], "default", "/user", Some("KEY")),
            ("/user", &[("authorization", &as_user)], "default", "/user", Some("")),
            ("/user", &[("authorization", &long_user)], "in-user", "/user", Some("KEY")),
            ("/user", &[("authorization", &unknown)], "default", "/user", Some("OTHER+tail")),
            ("/user", &[("authorization", &nested)], "default", "/user", Some("KEY+a+b")),
            ("/user", &[], "default", "/user", None),
            ("/user", &[("authorization", &key)], "in-key", "/user", Some("KEY")),
            ("/user", &[("authorization", &user)], "in-user", "/user", Some("KEY")),
            (
                "/user",
                &[("authorization", &key), ("cookie", "a=b; mock_sandbox=in-cookie")],
                "in-cookie",
                "/user",
                Some("KEY"),
            ),
            ("/__sandbox/in-path/user", &[("cookie", "mock_sandbox=in-cookie")], "in-path", "/user", None),
            ("/__sandbox/in-path/user", &[("x-mock-sandbox", "in-header")], "in-header", "/user", None),
            ("/__sandbox/in-path", &[], "in-path", "/", None),
            ("/user", &[("authorization", "basic QTpL")], "default", "/user", Some("K")),
            ("/user", &[("authorization", "Bearer abc")], "default", "/user", None),
        ];
        for (path, headers, sandbox, rest, key) in rows {
            let request = request(path, headers);
            let selection = select(&request, |key, _| key == "KEY").unwrap();
            assert_eq!(
                (selection.sandbox(), selection.path, selection.key.as_deref()),
                (sandbox, rest, key),
                "{path} {headers:?}"
            );
        }
    }

    #[test]
    fn invalid_names_are_rejected() {
        for name in ["", "a b", "a/b", &"x".repeat(65)] {
            assert!(select(&request("/user", &[("x-mock-sandbox", name)]), |_, _| true).is_err(), "{name}");
            let in_user = request("/user", &[("authorization", &basic(&format!("API+{name}:k")))]);
            assert_eq!(select(&in_user, |_, _| true), Err(InvalidSandboxName(None)), "{name}");
        }
    }
}
