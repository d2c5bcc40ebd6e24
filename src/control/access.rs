//! Access control of the control API. The API can change everything, so web pages of other origins must not reach it
//! through the browser of a user.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, ORIGIN, PROXY_AUTHORIZATION, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::config::intercept::is_intercepted_host;
use crate::config::settings::{AdminToken, Settings};
use crate::config::tls::VENDOR_HOSTS;
use crate::contract::problem::{Problem, ProblemType};
use crate::http::message::Request;
use crate::http::{basic_auth, headers};
use crate::sandbox::selector::credential_texts;
use crate::support::redaction::{Redactor, SecretTexts};

/// Why the HTTPS proxy refuses every client.
const CLOSED_PROXY: &str = "the proxy is disabled: this server listens on more than loopback and has no token; start it with \
                            --admin-token TOKEN, and give the client http://proxy:TOKEN@HOST:PORT";
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Paths below `/__admin` that need no authorisation: they expose no data of a sandbox and change nothing.
const PUBLIC_PATHS: [&str; 9] = [
    "/health",
    "/version",
    "/openapi.json",
    "/admin-openapi.json",
    "/docs",
    "/docs/control",
    "/docs/problems",
    "/ui",
    "/ui/",
];

/// Below this path are the files of the console, which hold no data either.
const PUBLIC_PREFIX: &str = "/ui/";

/// The access rules, fixed at the start of the server.
#[derive(Clone, Debug)]
pub struct Access {
    guard: Guard,
    /// The origins of `--control-origin`, whose pages may use the control API.
    origins: Vec<String>,
    /// Whether clients can reach the server under the hosts of the HTTPS proxy.
    is_intercepting: bool,
}

/// How control calls are authorised.
#[derive(Clone, Debug)]
enum Guard {
    /// A bearer token, from any address.
    Token(AdminToken),
    /// Calls from this machine, on a server that listens on loopback only.
    Loopback,
    /// No calls: other machines can reach the server, and it has no token.
    Closed,
}

impl Access {
    /// Derives the rules from the settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        // Compose files pass an absent token as an empty environment variable.
        let guard = match &settings.admin_token {
            Some(token) if !token.as_str().is_empty() => Guard::Token(token.clone()),
            _ if settings.host.to_canonical().is_loopback() => Guard::Loopback,
            _ => Guard::Closed,
        };
        Self { guard, origins: settings.control_origins.clone(), is_intercepting: settings.intercept.is_some() }
    }

    /// The token of control calls, so that it can be kept out of every output.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.guard {
            Guard::Token(token) => Some(token.as_str()),
            Guard::Loopback | Guard::Closed => None,
        }
    }

    /// Removes the token, and the credentials of a request, from what is logged about the request.
    #[must_use]
    pub fn redactor(&self, request: &Request) -> Redactor {
        let texts = credential_texts(request).into_iter().chain(self.token().map(str::to_owned));
        Redactor::new(SecretTexts::new(texts))
    }

    /// Whether pages of this origin may use the control API.
    #[must_use]
    pub fn allows_origin(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
    }

    /// Whether the endpoint at `path`, which is the path below `/__admin`, needs no authorisation.
    #[must_use]
    pub(super) fn is_public(path: &str) -> bool {
        PUBLIC_PATHS.contains(&path) || path.starts_with(PUBLIC_PREFIX)
    }

    /// Whether every control call is forbidden, because other machines can reach the server and it has no token.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.guard, Guard::Closed)
    }

    /// Whether control calls need a token.
    #[must_use]
    pub fn requires_token(&self) -> bool {
        matches!(self.guard, Guard::Token(_))
    }

    /// Checks whether a request may call the endpoint at `path`, which is the path below `/__admin`.
    ///
    /// CORS preflight requests carry no token: respond to them before this check.
    ///
    /// # Errors
    ///
    /// 401 without the right token; 403 for a closed control API, a foreign host name or a foreign origin.
    pub fn check(&self, request: &Request, path: &str) -> Result<(), Problem> {
        // The mock's own calls come from whoever configured a recipient, which can be a page that knows an API key.
        if request.headers.contains_key(headers::OUTBOUND) {
            return Err(forbidden(
                "deliveries and firehose files may not reach the control API; give the recipient another URL",
            ));
        }
        if Self::is_public(path) {
            return Ok(());
        }
        match &self.guard {
            Guard::Token(token) => check_token(token, request),
            Guard::Loopback => {
                self.check_host(request)?;
                self.check_origin(request)
            }
            Guard::Closed => Err(forbidden(
                "the control API is disabled: this server listens on more than loopback and has no token; \
                 start it with --admin-token TOKEN and send `Authorization: Bearer TOKEN`",
            )),
        }
    }

    /// Protects against DNS rebinding: a page of `evil.example` whose name resolves to 127.0.0.1 still sends that name.
    /// The owner of the hosts that the proxy intercepts is LeadConduit, so that no other page has their names.
    fn check_host(&self, request: &Request) -> Result<(), Problem> {
        let Some(name) = host(request) else {
            return Err(forbidden("the control API needs a host name; send `Host: localhost`"));
        };
        // Only a port may follow the host, and nothing may stand before it: `[::1].evil.example`, `evil.example@[::1]`.
        let is_bare = |authority: &Authority| {
            authority
                .as_str()
                .strip_prefix(authority.host())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        let is_allowed = |host: &str| is_local(host) || self.is_intercepting && is_intercepted_host(host);
        if name.parse::<Authority>().is_ok_and(|authority| is_bare(&authority) && is_allowed(authority.host())) {
            return Ok(());
        }
        let intercepted = if self.is_intercepting {
            format!(", loopback addresses and {}", VENDOR_HOSTS.join(", "))
        } else {
            " and loopback addresses".to_owned()
        };
        Err(forbidden(format!(
            "`{}` is not an allowed host: without a token, the control API accepts localhost{intercepted} only; call it as http://localhost, or start the mock with --admin-token TOKEN",
            truncated(name)
        )))
    }

    /// Checks whether a client may use the HTTPS proxy: on a server that listens on loopback only, or with the token as
    /// the password of `Proxy-Authorization`.
    ///
    /// # Errors
    ///
    /// 407 without the right token; 403 when other machines can reach the server, and it has no token.
    pub fn check_proxy(&self, request: &Request) -> Result<(), Problem> {
        let Guard::Token(token) = &self.guard else {
            let closed = || Problem::new(StatusCode::FORBIDDEN, ProblemType::ProxyRefused, CLOSED_PROXY);
            return if self.is_closed() { Err(closed()) } else { Ok(()) };
        };
        let given = request.headers.get(PROXY_AUTHORIZATION).and_then(|value| basic_password(value.as_bytes()));
        match given {
            Some(given) if token.matches(&given) => Ok(()),
            Some(_) => Err(Problem::proxy_token_needed(
                "the password of the proxy is wrong; write the one from --admin-token: http://proxy:TOKEN@HOST:PORT",
            )),
            None => Err(Problem::proxy_token_needed(
                "the proxy of this server needs its token as the password; write http://proxy:TOKEN@HOST:PORT with the \
                 one from --admin-token",
            )),
        }
    }

    /// A page of another origin is allowed only when `--control-origin` names it.
    fn check_origin(&self, request: &Request) -> Result<(), Problem> {
        let is_allowed = |origin: &&HeaderValue| self.allows_origin(origin) || is_same_origin(origin, request);
        let origins = request.headers.get_all(ORIGIN);
        if let Some(origin) = origins.iter().find(|origin| !is_allowed(origin)) {
            let origin = truncated(&String::from_utf8_lossy(origin.as_bytes()));
            let detail = if origin == "null" {
                "a page without an origin (a file, a sandboxed frame) may not use the control API; serve it over http \
                 and start the mock with --control-origin ORIGIN, or start it with --admin-token and send the token"
                    .to_owned()
            } else {
                format!(
                    "pages of {origin} may not use the control API; start the mock with --control-origin {origin}, \
                     or with --admin-token and send the token"
                )
            };
            return Err(forbidden(detail));
        }
        if request.headers.contains_key(ORIGIN) {
            return Ok(());
        }
        // Browsers send no `Origin` for embedded images and followed links, but they send `Sec-Fetch-Site`.
        match request.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
            None | Some(b"none" | b"same-origin") => Ok(()),
            Some(_) => Err(forbidden(
                "a page of another site may not use the control API by a link or an embedded resource; open the \
                 address itself, or call it from a script of an origin that --control-origin names",
            )),
        }
    }
}

/// Whether the request has the right token.
fn check_token(token: &AdminToken, request: &Request) -> Result<(), Problem> {
    match request.headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
        Some(given) if token.matches(given) => Ok(()),
        Some(_) => {
            Err(unauthorized("the token is wrong; send `Authorization: Bearer TOKEN` with the one from --admin-token"))
        }
        None => Err(unauthorized(
            "the control API of this server needs its token; send `Authorization: Bearer TOKEN` with the one from \
             --admin-token",
        )),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// The password of HTTP Basic credentials.
fn basic_password(value: &[u8]) -> Option<Vec<u8>> {
    let mut credentials = basic_auth::decode(value)?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some(credentials.split_off(colon + 1))
}

fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost")),
    }
}

/// The host in the request. One in the request line takes precedence over the header (RFC 9112, section 3.2.2).
fn host(request: &Request) -> Option<&str> {
    request.uri.authority().map(Authority::as_str).or_else(|| request.header(&HOST))
}

/// Whether an origin is this server.
fn is_same_origin(origin: &HeaderValue, request: &Request) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    of.zip(host(request)).is_some_and(|(of, host)| of.eq_ignore_ascii_case(host))
}

/// Client input, truncated for a message.
fn truncated(text: &str) -> String {
    text.chars().take(100).collect()
}

fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, ProblemType::NotAllowed, detail)
}

fn unauthorized(detail: &str) -> Problem {
    let mut problem = Problem::new(StatusCode::UNAUTHORIZED, ProblemType::TokenNeeded, detail);
    problem.headers.insert(WWW_AUTHENTICATE, BEARER);
    problem
}
