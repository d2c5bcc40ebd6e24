//! Credentials of HTTP Basic (RFC 7617), as `Authorization` and `Proxy-Authorization` have them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SCHEME: &[u8] = b"Basic ";

/// The value of a header with these credentials.
#[must_use]
pub fn encode(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// User name and password with a colon between them, from the value of a header; `None` for another scheme, or text that
/// is not Base64.
#[must_use]
pub fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, credentials) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    STANDARD.decode(credentials.trim_ascii()).ok()
}
