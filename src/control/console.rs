//! The web console and the reference pages: files that are part of the binary. They hold no data; the pages read it from
//! the control API, with the token where the server has one.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use super::call::{ControlCall, ControlResult, not_found};
use crate::http::message::Response;

/// Where the console is.
pub(super) const PATH: &str = "/ui/";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file of the console: name, media type, content.
type Asset = (&'static str, &'static str, &'static str);

macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        ($name, $media_type, include_str!(concat!("console/", $name)))
    };
}

const INDEX: Asset = asset!("index.html", HTML);
const REFERENCE: Asset = asset!("reference.html", HTML);

const ASSETS: [Asset; 11] = [
    asset!("console.css", STYLE),
    asset!("icon.svg", IMAGE),
    asset!("app.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("status.js", SCRIPT),
    asset!("requests.js", SCRIPT),
    asset!("exchange.js", SCRIPT),
    asset!("scenarios.js", SCRIPT),
    asset!("worlds.js", SCRIPT),
    asset!("reference.js", SCRIPT),
];

/// Only files of this server: no inline script or style, no frame, no form to elsewhere, and no text that becomes
/// markup.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

/// Browsers ask again for each file, and get 304 while it is unchanged: a newer server has other files.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(super) fn index(_: &ControlCall<'_>) -> ControlResult {
    Ok(file(INDEX))
}

/// Redirects to the address that the relative links of the page need.
pub(super) fn redirect(_: &ControlCall<'_>) -> ControlResult {
    Ok(redirect_to_console(None))
}

pub(super) fn asset(call: &ControlCall<'_>) -> ControlResult {
    let found = ASSETS.iter().find(|(name, ..)| *name == call.name);
    found
        .map(|asset| file(*asset))
        .ok_or_else(|| not_found("file of the console", call.name, ASSETS.iter().map(|(name, ..)| *name)))
}

pub(super) fn reference(_: &ControlCall<'_>) -> ControlResult {
    Ok(file(REFERENCE))
}

/// Redirects a browser to the console, with a sandbox selected there.
pub fn redirect_to_console(sandbox: Option<&str>) -> Response {
    let mut location = format!("{}{PATH}", super::PREFIX);
    if let Some(sandbox) = sandbox {
        // Names of sandboxes need no escaping.
        location.push_str("?sandbox=");
        location.push_str(sandbox);
    }
    let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/__admin/ui/"));
    let response = Response::new(StatusCode::FOUND, "").with_header(LOCATION, location);
    response.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

fn file((_, media_type, content): Asset) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, REVALIDATE),
        (OPENER_POLICY, SAME_ORIGIN),
        (RESOURCE_POLICY, SAME_ORIGIN),
    ];
    let response = Response::new(StatusCode::OK, content);
    headers.into_iter().fold(response, |response, (name, value)| response.with_header(name, value))
}

#[cfg(test)]
mod tests {
    use super::ASSETS;
    use crate::contract::violation::FINDINGS;

    /// The console counts what breaks the contract as the server does.
    #[test]
    fn the_console_knows_the_findings() {
        let script = ASSETS.iter().find(|(name, ..)| *name == "dom.js").map(|(.., content)| *content).unwrap();
        let expected = FINDINGS.map(|code| format!("\"{code}\"")).join(", ");
        assert!(script.contains(&format!("const FINDINGS = new Set([{expected}]);")), "{expected}");
    }
}
