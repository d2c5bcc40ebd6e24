//! The access rules, request by request.

use super::*;
use crate::config::intercept::InterceptSettings;
use crate::config::settings::CorsPolicy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    let (page, file, link) = (Some("may not use the control API; start"), Some("without an origin"), Some("a link"));
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
    let text = include_str!("../../../schemas/admin/openapi.yaml");
    let document = contract_files::yaml::Source::new("openapi.yaml", text.to_owned()).parse_json().unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path_below = path.strip_prefix("/__admin").unwrap();
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
            let has_errors = operation["responses"].get("401").is_some() && operation["responses"].get("403").is_some();
            assert_eq!(
                (is_public, has_errors),
                (Access::is_public(path_below), !Access::is_public(path_below)),
                "{method} {path}"
            );
        }
    }
    assert!(PUBLIC_PATHS.iter().all(|path| document["paths"].get(format!("/__admin{path}")).is_some()));
}

#[test]
fn hosts_of_the_proxy_are_allowed_only_while_it_is_enabled() {
    let host = ("host", "app.leadconduit.com");
    let other = Some("accepts localhost");
    check(&access("127.0.0.1", None, &[]), 403, &[(&[host], other)]);
    let intercept = Some(InterceptSettings::default());
    let proxy = Access::new(&Settings { intercept, ..Settings::default() });
    check(
        &proxy,
        403,
        &[
            (&[host], None),
            (&[("host", "App.LeadConduit.com.:443")], None),
            (&[("host", "app.suppressionlist.com")], None),
            (&[("host", "localhost")], None),
            (&[host, ("origin", "https://app.leadconduit.com")], None),
            (&[host, ("origin", "https://evil.example")], Some("may not use the control API; start")),
            (&[host, ("origin", "https://next.leadconduit.com")], Some("may not use the control API; start")),
            (&[host, ("sec-fetch-site", "cross-site")], Some("a link")),
            (&[("host", "evil.example")], other),
            (&[("host", "leadconduit.com")], other),
            (&[("host", "app.leadconduit.com.evil.example")], other),
            (&[("host", "app.leadconduit.com@evil.example")], other),
            (&[("host", "evil.example@app.leadconduit.com")], other),
        ],
    );
    // On other addresses, the token alone counts.
    let settings = Settings { intercept, host: "0.0.0.0".parse().unwrap(), ..Settings::default() };
    check(&Access::new(&settings), 403, &[(&[host], Some("--admin-token"))]);
}

#[test]
fn the_proxy_needs_the_token_where_the_control_api_needs_it() {
    let connect = |headers: &[(&'static str, &str)]| {
        let mut request = request(headers);
        request.method = Method::CONNECT;
        request
    };
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    assert!(access("127.0.0.1", None, &[]).check_proxy(&connect(&[])).is_ok());
    let closed = access("0.0.0.0", None, &[]).check_proxy(&connect(&[])).unwrap_err();
    assert_eq!((closed.status.as_u16(), closed.kind), (403, ProblemType::ProxyRefused));
    assert!(closed.detail.contains("--admin-token"), "{}", closed.detail);
    for host in ["127.0.0.1", "0.0.0.0"] {
        let access = access(host, Some("s3c:ret"), &[]);
        for accepted in [basic("proxy:s3c:ret"), basic(":s3c:ret"), basic("x:s3c:ret").replace("Basic", "bAsIc")] {
            assert!(access.check_proxy(&connect(&[("proxy-authorization", &accepted)])).is_ok(), "{accepted}");
        }
        for rejected in [
            basic("proxy:s3c:re"),
            basic("s3c:ret"),
            basic("proxy:"),
            "Basic".to_owned(),
            "Basic %%%".to_owned(),
            "Bearer s3c:ret".to_owned(),
            String::new(),
        ] {
            let problem = access.check_proxy(&connect(&[("proxy-authorization", &rejected)])).unwrap_err();
            assert!(!problem.detail.contains("s3c"), "{}", problem.detail);
            let response = problem.into_response();
            assert_eq!(response.status.as_u16(), 407, "{rejected}");
            assert!(response.headers.contains_key(http::header::PROXY_AUTHENTICATE));
        }
        // The token of the control API is another header.
        let bearer = connect(&[("authorization", "Bearer s3c:ret")]);
        assert_eq!(access.check_proxy(&bearer).unwrap_err().status.as_u16(), 407);
    }
}
