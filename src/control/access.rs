//! Who may use the control API. It can change everything, so a web page must not drive it behind the user's back.

use std::fmt;
use std::hint::black_box;
use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::config::settings::{CorsPolicy, Settings};
use crate::contract::problem::Problem;
use crate::http::message::Request;

const SECTION: &str = "control-api";
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Calls that give nothing away and change nothing, below `/__admin`.
const OPEN: [&str; 4] = ["/health", "/version", "/openapi.json", "/admin-openapi.json"];

/// The rules by which control calls are let in, settled at start.
#[derive(Clone, Debug)]
pub struct Access {
    guard: Guard,
    /// The origins whose pages may drive the server; those that may read anything anyway are not among them.
    origins: Vec<String>,
}

/// What stands between a caller and the control API.
#[derive(Clone, Debug)]
enum Guard {
    /// Who knows the token may come from anywhere.
    Token(Token),
    /// Who is on this machine.
    Loopback,
    /// The server can be reached from elsewhere and has no token, so nobody.
    Closed,
}

/// The token, which is never printed.
#[derive(Clone)]
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Access {
    /// The rules that follow from a server's settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        // An empty variable is how a compose file says that there is no token.
        let guard = match settings.admin_token.as_deref().map(str::trim) {
            Some(token) if !token.is_empty() => Guard::Token(Token(token.to_owned())),
            _ if settings.host.to_canonical().is_loopback() => Guard::Loopback,
            _ => Guard::Closed,
        };
        let origins = match &settings.cors {
            CorsPolicy::Any => Vec::new(),
            CorsPolicy::Only(origins) => origins.clone(),
        };
        Self { guard, origins }
    }

    /// Whether nobody may use the control API, because others could reach it and it has no token.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.guard, Guard::Closed)
    }

    /// Whether a control call must bring a token.
    #[must_use]
    pub fn wants_token(&self) -> bool {
        matches!(self.guard, Guard::Token(_))
    }

    /// Whether a request may make the call at `path`, which is the path below `/__admin`.
    ///
    /// What browsers ask before a call (OPTIONS) carries no token and does nothing: answer it before this.
    pub fn check(&self, request: &Request, path: &str) -> Result<(), Problem> {
        if OPEN.contains(&path) {
            return Ok(());
        }
        match &self.guard {
            Guard::Token(token) => knows(token, request),
            Guard::Loopback => {
                named_as_local(request)?;
                self.not_a_strange_page(request)
            }
            Guard::Closed => Err(forbidden(
                "the control API is closed, because this server listens on more than loopback and has no token; \
                 start it with --admin-token TOKEN and send `Authorization: Bearer TOKEN`",
            )),
        }
    }

    /// A page of another origin is let in only when it was named at start.
    fn not_a_strange_page(&self, request: &Request) -> Result<(), Problem> {
        if let Some(origin) = request.headers.get(ORIGIN) {
            let listed = self.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
            if listed || is_own(origin, request) {
                return Ok(());
            }
            let origin = shown(&String::from_utf8_lossy(origin.as_bytes()));
            let detail = if origin == "null" {
                "a page without an origin (a file, a sandboxed frame) may not use the control API; serve it over http \
                 and start the mock with --cors-origin ORIGIN, or start it with --admin-token and send the token"
                    .to_owned()
            } else {
                format!(
                    "pages of {origin} may not use the control API; start the mock with --cors-origin {origin}, or \
                     with --admin-token and send the token"
                )
            };
            return Err(forbidden(detail));
        }
        // Browsers leave `Origin` away when a page embeds an image or follows a link, but say this.
        match request.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
            None | Some(b"none" | b"same-origin") => Ok(()),
            Some(_) => Err(forbidden(
                "a page of another site may not use the control API by a link or an embedded resource; open the \
                 address itself, or call it from a script of an origin that --cors-origin names",
            )),
        }
    }
}

/// The right token stands in the request.
fn knows(token: &Token, request: &Request) -> Result<(), Problem> {
    match request.headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
        Some(given) if same(given, token.0.as_bytes()) => Ok(()),
        Some(_) => Err(unauthorized(
            "that is not the token of this server; send `Authorization: Bearer TOKEN` with the one it was started with",
        )),
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

/// Compares in a time that depends on the length only, so that a token cannot be guessed letter by letter.
fn same(given: &[u8], token: &[u8]) -> bool {
    let different = given.iter().zip(token).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    given.len() == token.len() && different == 0
}

/// A page of `evil.example` whose name leads to 127.0.0.1 (DNS rebinding) still calls us by that name.
fn named_as_local(request: &Request) -> Result<(), Problem> {
    let Some(name) = host(request) else {
        return Err(forbidden("the control API needs to know by which name it is called; send `Host: localhost`"));
    };
    let local = name.parse::<Authority>().is_ok_and(|authority| is_local(authority.host()));
    if local {
        return Ok(());
    }
    Err(forbidden(format!(
        "this server is `{}` to the caller, and without a token the control API answers to localhost and loopback \
         addresses only; call it as http://localhost, or start it with --admin-token TOKEN",
        shown(name)
    )))
}

fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost")),
    }
}

/// The name that the caller has for us. One in the request line counts before the header (RFC 9112, section 3.2.2).
fn host(request: &Request) -> Option<&str> {
    request.uri.authority().map(Authority::as_str).or_else(|| request.header(&HOST))
}

/// Whether a page came from this server.
fn is_own(origin: &HeaderValue, request: &Request) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    of.zip(host(request)).is_some_and(|(of, host)| of.eq_ignore_ascii_case(host))
}

/// What a client sent, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, SECTION, "Not allowed", detail)
}

fn unauthorized(detail: &str) -> Problem {
    let mut problem = Problem::new(StatusCode::UNAUTHORIZED, SECTION, "Token needed", detail);
    problem.headers.insert(WWW_AUTHENTICATE, BEARER);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn access(host: &str, token: Option<&str>, origins: &[&str]) -> Access {
        let cors = match origins {
            [] => CorsPolicy::Any,
            some => CorsPolicy::Only(some.iter().map(|&origin| origin.to_owned()).collect()),
        };
        let (host, admin_token) = (host.parse().unwrap(), token.map(str::to_owned));
        Access::new(&Settings { host, cors, admin_token, ..Settings::default() })
    }

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Method::PUT, "/__admin/scenario".parse().unwrap());
        for (name, value) in headers {
            request.headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    /// Headers, and a part of the message when they are refused.
    type Row<'a> = (&'a [(&'static str, &'a str)], Option<&'a str>);

    fn check(access: &Access, status: u16, rows: &[Row<'_>]) {
        for (headers, refused) in rows {
            let result = access.check(&request(headers), "/scenario");
            let found = result.as_ref().err().map(|problem| problem.detail.as_str());
            match refused {
                None => assert_eq!(found, None, "{headers:?}"),
                Some(part) => assert!(found.is_some_and(|text| text.contains(part)), "{headers:?}: {found:?}"),
            }
            assert!(result.err().is_none_or(|problem| problem.status == status && problem.section == SECTION));
        }
    }

    #[test]
    fn open_calls_are_for_all() {
        for access in [access("0.0.0.0", None, &[]), access("127.0.0.1", None, &[]), access("::1", Some("t"), &[])] {
            let strange = request(&[("host", "evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]);
            for path in OPEN {
                assert!(access.check(&strange, path).is_ok(), "{path}");
            }
            for path in ["", "/", "/scenario", "/health/", "/health/x", "/HEALTH"] {
                assert!(access.check(&strange, path).is_err(), "{path}");
            }
        }
    }

    #[test]
    fn with_a_token_it_alone_counts() {
        let wrong = Some("that is not the token");
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
    fn elsewhere_without_a_token_it_is_closed() {
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
        let (other, none) = (Some("answers to localhost"), Some("send `Host: localhost`"));
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
                ],
            );
        }
    }

    #[test]
    fn the_name_in_the_request_line_counts_first() {
        let mut request = request(&[("host", "localhost")]);
        request.uri = "http://evil.example/__admin/scenario".parse().unwrap();
        assert!(access("127.0.0.1", None, &[]).check(&request, "/scenario").is_err());
    }

    #[test]
    fn strange_pages_are_refused() {
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
        // Any page may read LeadConduit's replies; that lets none drive the mock.
        let origin = ("origin", "http://localhost:3000");
        check(&access("127.0.0.1", None, &[]), 403, &[(&[host, origin], page)]);
    }

    #[test]
    fn a_token_is_asked_for_as_http_wants_it_and_never_shown() {
        let access = access("0.0.0.0", Some("s3cret"), &[]);
        let problem = access.check(&request(&[("authorization", "Bearer guess")]), "/reset").unwrap_err();
        assert!(!format!("{access:?} {problem:?}").contains("s3cret"));
        let reply = problem.into_response();
        assert_eq!((reply.status.as_u16(), &reply.headers[WWW_AUTHENTICATE]), (401, &BEARER));
    }

    #[test]
    fn the_document_says_the_same_of_open_calls() {
        let text = include_str!("../../schemas/admin/openapi.yaml");
        let document = contract_files::yaml::Source::new("openapi.yaml", text.to_owned()).parse_json().unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            let call = path.strip_prefix("/__admin").unwrap();
            for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
                let says_open = operation["security"].as_array().is_some_and(Vec::is_empty);
                let refuses =
                    operation["responses"].get("401").is_some() && operation["responses"].get("403").is_some();
                assert_eq!((says_open, refuses), (OPEN.contains(&call), !OPEN.contains(&call)), "{method} {path}");
            }
        }
        assert!(OPEN.iter().all(|call| document["paths"].get(format!("/__admin{call}")).is_some()));
    }
}
