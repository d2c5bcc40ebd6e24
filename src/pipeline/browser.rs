//! What browsers request on their own: the address of the server, and its icon. Neither is a request of a client, so
//! both are handled by the mock itself, and reports do not count them as unmatched.

use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::control;
use crate::http::message::{Request, Response};
use crate::sandbox::selector;

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The files that browsers look for without being asked to.
const ICONS: [&str; 3] = ["/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png"];

/// The response to a request that a browser makes on its own; `None` for every other request.
pub(super) fn response(request: &Request, path: &str) -> Option<Response> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return None;
    }
    if ICONS.contains(&path) {
        // So that the browser does not ask for it with every page.
        let cache = HeaderValue::from_static("max-age=86400");
        return Some(Response::new(StatusCode::NO_CONTENT, "").with_header(CACHE_CONTROL, cache));
    }
    let (sandbox, _) = selector::split_sandbox_path(request.path());
    (path == "/" && is_page_request(request)).then(|| control::redirect_to_console(sandbox))
}

/// Whether a browser opens the address as a page. A script of a page, or a client library, does not accept HTML.
fn is_page_request(request: &Request) -> bool {
    let accepts_html = || request.header(&ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    request.header(&SEC_FETCH_DEST).map_or_else(accepts_html, |destination| destination == "document")
}
