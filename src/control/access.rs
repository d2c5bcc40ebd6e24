//! Access control of the control API. The API can change everything, so web pages of other origins must not reach it
//! through the browser of a user.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::config::settings::{AdminToken, Settings};
use crate::contract::problem::{Problem, ProblemType};
use crate::http::headers;
use crate::http::message::Request;
use crate::sandbox::selector::credential_texts;
use crate::support::redaction::{Redactor, SecretTexts};

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
        Self { guard, origins: settings.control_origins.clone() }
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
                check_host(request)?;
                self.check_origin(request)
            }
            Guard::Closed => Err(forbidden(
                "the control API is disabled: this server listens on more than loopback and has no token; \
                 start it with --admin-token TOKEN and send `Authorization: Bearer TOKEN`",
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

/// Protects against DNS rebinding: a page of `evil.example` whose name resolves to 127.0.0.1 still sends that name.
fn check_host(request: &Request) -> Result<(), Problem> {
    let Some(name) = host(request) else {
        return Err(forbidden("the control API needs a host name; send `Host: localhost`"));
    };
    // Only a port may follow the host, and nothing may stand before it: `[::1].evil.example`, `evil.example@[::1]`.
    let is_bare = |authority: &Authority| {
        authority.as_str().strip_prefix(authority.host()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    if name.parse::<Authority>().is_ok_and(|authority| is_bare(&authority) && is_local(authority.host())) {
        return Ok(());
    }
    Err(forbidden(format!(
        "`{}` is not an allowed host: without a token, the control API accepts localhost and loopback addresses only; \
         call it as http://localhost, or start the mock with --admin-token TOKEN",
        truncated(name)
    )))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::CorsPolicy;
    use http::Method;

    fn access(host: &str, token: Option<&str>, origins: &[&str]) -> Access {
        let control_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        let (host, admin_token) = (host.parse().unwrap(), token.map(AdminToken::from));
        Access::new(&Settings { host, control_origins, admin_token, ..Settings::default() })
    }

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Method::PUT, "/__admin/scenario".parse().unwrap());
        for (name, value) in headers {
            request.headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    /// Headers, and a part of the message when they are rejected.
    type Row<'a> = (&'a [(&'static str, &'a str)], Option<&'a str>);

    fn check(access: &Access, status: u16, rows: &[Row<'_>]) {
        for (headers, message) in rows {
            let result = access.check(&request(headers), "/scenario");
            let found = result.as_ref().err().map(|problem| problem.detail.as_str());
            match message {
                None => assert_eq!(found, None, "{headers:?}"),
                Some(part) => assert!(found.is_some_and(|text| text.contains(part)), "{headers:?}: {found:?}"),
            }
            assert!(result.err().is_none_or(|problem| problem.status == status));
        }
    }

    #[test]
    fn public_paths_need_no_authorisation() {
        for access in [access("0.0.0.0", None, &[]), access("127.0.0.1", None, &[]), access("::1", Some("t"), &[])] {
            let foreign = request(&[("host", "evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]);
            for path in PUBLIC_PATHS {
                assert!(access.check(&foreign, path).is_ok(), "{path}");
            }
            for path in ["", "/", "/scenario", "/health/", "/health/x", "/HEALTH"] {
                assert!(access.check(&foreign, path).is_err(), "{path}");
            }
        }
    }

    #[test]
    fn with_a_token_only_the_token_is_checked() {
        let wrong = Some("the token is wrong");
        let missing = Some("needs its token");
        for host in ["127.0.0.1", "0.0.0.0"] {
            check(
                &access(host, Some("s3cret"), &[]),
                401,
                &[
                    (&[("authorization", "Bearer s3cret"), ("host", "mock.test")], None),
                    (&[("authorization", "bearer  s3cret ")], None),
                    (
                        &[
                            ("authorization", "Bearer s3cret"),
                            ("origin", "https://page.test"),
                            ("sec-fetch-site", "cross-site"),
                        ],
                        None,
                    ),
                    (&[("host", "localhost")], missing),
                    (&[("authorization", "Basic czNjcmV0")], missing),
                    (&[("authorization", "Bearer")], missing),
                    (&[("authorization", "Bearers3cret")], missing),
                    (&[("authorization", "Bearer ")], wrong),
                    (&[("authorization", "Bearer s3cre")], wrong),
                    (&[("authorization", "Bearer s3crets")], wrong),
                    (&[("authorization", "Bearer S3cret")], wrong),
                ],
            );
        }
    }

    #[test]
    fn beyond_loopback_without_a_token_every_call_is_forbidden() {
        let closed = Some("--admin-token");
        for (host, token) in [("0.0.0.0", None), ("::", None), ("192.168.1.2", None), ("0.0.0.0", Some(" "))] {
            check(
                &access(host, token, &["http://localhost:3000"]),
                403,
                &[
                    (&[("host", "localhost")], closed),
                    (&[("host", "localhost"), ("origin", "http://localhost:3000")], closed),
                    (&[("host", "localhost"), ("authorization", "Bearer ")], closed),
                ],
            );
        }
    }

    #[test]
    fn on_loopback_the_host_must_be_local() {
        let (other, none) = (Some("accepts localhost"), Some("send `Host: localhost`"));
        for host in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            check(
                &access(host, None, &[]),
                403,
                &[
                    (&[("host", "localhost")], None),
                    (&[("host", "LocalHost:4010")], None),
                    (&[("host", "mock.localhost:4010")], None),
                    (&[("host", "127.0.0.1:4010")], None),
                    (&[("host", "127.1.2.3")], None),
                    (&[("host", "[::1]:4010")], None),
                    (&[("host", "[::1]")], None),
                    (&[], none),
                    (&[("host", "")], other),
                    (&[("host", "evil.example:4010")], other),
                    (&[("host", "localhost.evil.example")], other),
                    (&[("host", "notlocalhost")], other),
                    (&[("host", "localhost@evil.example")], other),
                    (&[("host", "127.0.0.1.evil.example")], other),
                    (&[("host", "0.0.0.0:4010")], other),
                    (&[("host", "10.0.0.1")], other),
                    (&[("host", "[::2]:4010")], other),
                    (&[("host", "[::1].evil.example")], other),
                    (&[("host", "evil.example@127.0.0.1")], other),
                    (&[("host", "evil.example:80@localhost")], other),
                ],
            );
        }
    }

    #[test]
    fn the_host_in_the_request_line_takes_precedence() {
        let mut request = request(&[("host", "localhost")]);
        request.uri = "http://evil.example/__admin/scenario".parse().unwrap();
        assert!(access("127.0.0.1", None, &[]).check(&request, "/scenario").is_err());
    }

    #[test]
    fn foreign_origins_are_forbidden() {
        let host = ("host", "localhost:4010");
        let (page, file, link) =
            (Some("may not use the control API; start"), Some("without an origin"), Some("a link"));
        check(
            &access("127.0.0.1", None, &["http://localhost:3000"]),
            403,
            &[
                (&[host, ("origin", "http://localhost:4010")], None),
                (&[host, ("origin", "https://localhost:4010")], None),
                (&[host, ("origin", "http://localhost:3000")], None),
                (&[host, ("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site")], None),
                (&[host, ("sec-fetch-site", "none")], None),
                (&[host, ("sec-fetch-site", "same-origin")], None),
                (&[host, ("origin", "null")], file),
                (&[host, ("origin", "http://localhost:4010"), ("origin", "http://evil.example")], page),
                (&[host, ("origin", "")], page),
                (&[host, ("origin", "https://localhost:3000")], page),
                (&[host, ("origin", "http://127.0.0.1:4010")], page),
                (&[host, ("origin", "http://localhost:40100")], page),
                (&[host, ("origin", "ftp://localhost:4010")], page),
                (&[host, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], page),
                (&[host, ("sec-fetch-site", "cross-site")], link),
                (&[host, ("sec-fetch-site", "same-site")], link),
            ],
        );
        // CORS policies cover LeadConduit's API only, not the control API.
        let origin = ("origin", "http://localhost:3000");
        check(&access("127.0.0.1", None, &[]), 403, &[(&[host, origin], page)]);
        let cors = CorsPolicy::Only(vec![origin.1.to_owned()]);
        check(&Access::new(&Settings { cors, ..Settings::default() }), 403, &[(&[host, origin], page)]);
    }

    #[test]
    fn calls_of_the_mock_itself_are_forbidden() {
        let (host, marker) = (("host", "localhost"), ("x-mock-outbound", "1"));
        let rejected = Some("deliveries and firehose files");
        check(&access("127.0.0.1", None, &[]), 403, &[(&[host, marker], rejected)]);
        let token = ("authorization", "Bearer s3cret");
        check(&access("0.0.0.0", Some("s3cret"), &[]), 403, &[(&[host, token, marker], rejected)]);
        for path in PUBLIC_PATHS {
            assert!(access("127.0.0.1", None, &[]).check(&request(&[host, marker]), path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_wrong_token_gives_www_authenticate_and_the_token_is_never_printed() {
        let access = access("0.0.0.0", Some("s3cret"), &[]);
        let problem = access.check(&request(&[("authorization", "Bearer guess")]), "/reset").unwrap_err();
        assert!(!format!("{access:?} {problem:?}").contains("s3cret"));
        let response = problem.into_response();
        assert_eq!((response.status.as_u16(), &response.headers[WWW_AUTHENTICATE]), (401, &BEARER));
    }

    #[test]
    fn the_openapi_document_marks_the_same_public_paths() {
        let text = include_str!("../../schemas/admin/openapi.yaml");
        let document = contract_files::yaml::Source::new("openapi.yaml", text.to_owned()).parse_json().unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            let path_below = path.strip_prefix("/__admin").unwrap();
            for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
                let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
                let has_errors =
                    operation["responses"].get("401").is_some() && operation["responses"].get("403").is_some();
                assert_eq!(
                    (is_public, has_errors),
                    (Access::is_public(path_below), !Access::is_public(path_below)),
                    "{method} {path}"
                );
            }
        }
        assert!(PUBLIC_PATHS.iter().all(|path| document["paths"].get(format!("/__admin{path}")).is_some()));
    }
}
