//! HTTP/1.1: authentication, negotiation, methods, conditional requests, connections, CORS.

use std::io::Write;

use http::{Method, Request};
use http_body_util::Full;
use leadconduit_mock::MockServer;
use serde_json::json;

use crate::support::{INVITATION, JANE, Mock, basic, read_all, read_response};

const SAMPLE_401: &str = r#"{"error":"authentication failed"}"#;

#[test]
fn a_401_matches_the_documented_sample() {
    let mock = Mock::healthy();
    let response = mock.raw(b"GET /account HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, SAMPLE_401);
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "HTTP/1.1 401 Unauthorized");
    for line in [
        "Content-Type: application/json; charset=utf-8",
        "Content-Length: 33",
        "Connection: keep-alive",
        "Vary: Accept, Accept-Encoding, Origin",
        "Etag: W/\"21-48c58abe\"",
    ] {
        assert!(lines.contains(&line), "{line} in {head}");
    }
    assert!(!head.to_lowercase().contains("www-authenticate"), "the sample has none: {head}");
}

#[test]
fn basic_authentication_needs_a_valid_key() {
    let mock = Mock::healthy();
    let with = |value: &str| {
        let request = Request::get(format!("{}/user", mock.server.url())).header("authorization", value);
        mock.send(request.body(Full::default()).unwrap()).status
    };
    let encode = |text: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    for user in ["API", "X", "", "anyone at all"] {
        assert_eq!(with(&encode(&format!("{user}:{JANE}"))), 200, "{user}");
    }
    for bad in
        ["", "Basic", "Basic !!!", "Bearer abc", &encode("nothing"), &encode("API:"), &encode(&format!("{JANE}:"))]
    {
        assert_eq!(with(bad), 401, "{bad}");
    }
    assert_eq!(with(&format!("bAsIc {}", &encode(&format!("API:{JANE}"))[6..])), 200, "the scheme is case-insensitive");
}

#[test]
fn an_accept_header_without_json_is_forbidden() {
    let mock = Mock::healthy();
    let with = |accept: &str| {
        let request = Request::get(format!("{}/user", mock.server.url())).header("authorization", basic(JANE));
        mock.send(request.header("accept", accept).body(Full::default()).unwrap())
    };
    for good in ["application/json", "*/*", "text/html,*/*;q=0.8", "application/vnd.com.leadconduit.flow+json"] {
        let response = with(good).expect(200);
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    }
    for bad in ["text/html", "application/json;q=0", "image/png"] {
        let refused = with(bad).expect(403);
        assert_eq!(refused.text, r#"{"error":"misconfigured csrf: check Accept header is set properly"}"#);
        assert_eq!(refused.header("etag"), Some("W/\"43-4f285622\""));
    }
}

#[test]
fn unknown_paths_name_the_nearest_operation() {
    let mock = Mock::healthy();
    let response = mock.get("/conections").expect(404);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = response.json();
    assert_eq!(problem["nearest"]["operation"], "list_connections");
    assert_eq!(problem["type"], "/__admin/docs/problems#no-such-operation");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean GET /connections"), "{problem}");
    let far = mock.get("/x/y/z/1/2/3").expect(404).json();
    assert_eq!(far.get("nearest"), None);
    assert!(far["detail"].as_str().unwrap().contains("leadconduit-mock operations"));
    for (line, nearest) in [
        ("GET /v1/connections", "list_connections"),
        ("GET /connections/", "list_connections"),
        ("POST /flows/64b8f0f5e4b0c3a1d5e6f7ab/submit", "submit_lead"),
    ] {
        let problem = mock.request(line, &[], "").expect(404).json();
        assert_eq!(problem["nearest"]["operation"], nearest, "{line}");
    }
    let control = mock.get("/_admin/health").expect(404).json();
    assert_eq!(control["nearest"], json!({"method": "GET", "path": "/__admin/health"}));
    let docs = mock.get("/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/docs").expect(404).json();
    let detail = docs["detail"].as_str().unwrap();
    assert!(
        detail.contains("the web page with the submission docs of a source, which the mock does not have"),
        "{detail}"
    );
    assert!(detail.ends_with("(get_source_meta)"), "{detail}");
    let nested = mock.get("/credential/5ff33b53940df5a34a388801").expect(404).json();
    assert_eq!(nested["nearest"]["operation"], "get_credential");
}

#[test]
fn unsupported_methods_get_the_allowed_methods() {
    let mock = Mock::healthy();
    let response = mock.call(JANE, Method::PATCH, "/credentials/5ff33b53940df5a34a388801", None).expect(405);
    assert_eq!(response.header("allow"), Some("GET, HEAD, PUT, DELETE, OPTIONS"));
    assert!(response.json()["detail"].as_str().unwrap().contains("update_credential"), "{}", response.text);
    let options = mock.call("", Method::OPTIONS, "/account", None).expect(204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, PUT, OPTIONS"));
}

#[test]
fn head_is_get_without_its_body() {
    let mock = Mock::healthy();
    let get = mock.get("/account");
    let head = mock.call(JANE, Method::HEAD, "/account", None).expect(200);
    assert_eq!(head.text, "");
    assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
    assert_eq!(head.header("etag"), get.header("etag"));
    mock.call(JANE, Method::HEAD, "/onboard/buyer", None).expect(405);
}

#[test]
fn responses_with_transient_headers_cannot_be_cached() {
    // In a world without connections that only the service knows, both lists have the same body.
    let text = "version: 1\nname: own\ndescription: Both lists are equal.\nextends: healthy\nsso:\n  remove: [5d9a4c421d011c553e000004]\n";
    let mock = Mock::with_scenario("own", text);
    let get = |tag: &str| mock.request("GET /connections", &[("if-none-match", tag)], "");
    let complete = mock.get("/connections").expect(200);
    let tag = complete.header("etag").unwrap().to_owned();
    assert_eq!((get(&tag).status, complete.header("cache-control")), (304, None));

    let down = json!({"when": {"operation": "get_user"}, "then": {"sso": {"status": "down"}}});
    mock.post("/__admin/faults", &down).expect(201);
    mock.get("/user").expect(200);
    for value in ["", tag.as_str(), "*"] {
        let degraded = get(value).expect(200);
        assert_eq!(degraded.text, complete.text, "the headers alone tell the two apart");
        assert_eq!(degraded.header("x-connections-degraded"), Some("true"));
        assert_eq!((degraded.header("etag"), degraded.header("cache-control")), (None, Some("no-store")));
    }

    // The same holds for headers of a rule, unless it sets its own ETag, and for preferences.
    let mock = Mock::healthy();
    let tag = mock.get("/account").header("etag").unwrap().to_owned();
    let get = |prefer: &str| mock.request("GET /account", &[("if-none-match", &tag), ("prefer", prefer)], "");
    let preferred = get("delay=1").expect(200);
    assert_eq!((preferred.header("etag"), preferred.header("cache-control")), (None, Some("no-store")));
    let fault = json!({"when": {"operation": "get_account"}, "then": {"delay": 1}});
    mock.post("/__admin/faults", &fault).expect(201);
    get("").expect(304);
    let fault = json!({"when": {"operation": "get_account"}, "then": {"headers": {"X-Rate-Limit": "5"}}});
    mock.post("/__admin/faults", &fault).expect(201);
    let limited = get("").expect(200);
    assert_eq!((limited.header("etag"), limited.header("cache-control")), (None, Some("no-store")));
    let fault = json!({"when": {"operation": "get_account"}, "then": {"headers": {"ETag": tag}}});
    mock.post("/__admin/faults", &fault).expect(201);
    get("").expect(304);
}

#[test]
fn a_matching_etag_returns_304() {
    let mock = Mock::healthy();
    let tag = mock.get("/account").header("etag").unwrap().to_owned();
    let with = |method: Method, value: &str| {
        let request = Request::builder().method(method).uri(format!("{}/account", mock.server.url()));
        let request = request.header("authorization", basic(JANE)).header("if-none-match", value);
        mock.send(request.body(Full::default()).unwrap())
    };
    for value in [tag.as_str(), "*", &format!("\"x\", {tag}"), tag.trim_start_matches("W/")] {
        let response = with(Method::GET, value).expect(304);
        assert_eq!((response.text.as_str(), response.header("etag")), ("", Some(tag.as_str())), "{value}");
        assert!(response.header("access-control-allow-origin").is_some());
    }
    with(Method::HEAD, &tag).expect(304);
    with(Method::GET, "W/\"1-1\"").expect(200);
    mock.put("/account", &json!({"data_retention_in_days": 7})).expect(200);
    with(Method::GET, &tag).expect(200);
}

#[test]
fn invalid_bodies_are_rejected() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.body_bytes_max = 1000));
    let send = |content_type: Option<&str>, body: &str| {
        let mut request = Request::post(format!("{}/onboards", mock.server.url())).header("authorization", basic(JANE));
        if let Some(value) = content_type {
            request = request.header("content-type", value);
        }
        mock.send(request.body(Full::from(body.to_owned())).unwrap())
    };
    let good = format!(r#"{{"invitation_id":"{INVITATION}"}}"#);
    let json = Some("application/json");
    send(json, &good).expect(201);
    send(Some("application/json; charset=utf-8"), &good).expect(201);
    send(Some("application/vnd.com.leadconduit.onboard+json"), &good).expect(201);
    assert_eq!(send(None, &good).expect(415).error(), "Content-Type is missing; send application/json");
    assert_eq!(
        send(Some("text/plain"), &good).expect(415).error(),
        "Content-Type must be application/json, not text/plain"
    );
    assert_eq!(send(json, "").expect(400).error(), "the body is missing");
    assert_eq!(send(None, "").expect(400).error(), "the body is missing");
    let broken = send(json, "{\n  \"invitation_id\": nope }").expect(400);
    assert!(broken.error().contains("line 2, column"), "{}", broken.text);
    assert_eq!(send(json, "[]").expect(400).error(), "the body must be an object, not an array");
    let large = send(json, &"x".repeat(1001)).expect(413);
    assert_eq!(large.error(), "the body is larger than 1000 bytes");
    assert_eq!(large.violations()[0]["code"], "size");
    send(json, &"9".repeat(1000)).expect(400);
}

#[test]
fn one_connection_serves_many_requests() {
    let mock = Mock::healthy();
    let mut socket = mock.socket();
    let request = format!("GET /connections HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", basic(JANE));
    for _ in 0..3 {
        socket.write_all(request.as_bytes()).unwrap();
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 OK"));
    }
    // Pipelined: three requests in one write, three responses in the same order.
    let three = ["/user", "/account", "/nowhere"].map(|path| request.replace("/connections", path)).concat();
    socket.write_all(three.as_bytes()).unwrap();
    let responses: Vec<String> = (0..3).map(|_| read_response(&mut socket)).collect();
    assert!(responses[0].contains("X-Mock-Operation: get_user"), "{}", responses[0]);
    assert!(responses[1].contains("X-Mock-Operation: get_account"), "{}", responses[1]);
    assert!(responses[2].starts_with("HTTP/1.1 404"), "{}", responses[2]);
}

#[test]
fn a_response_does_not_wait_for_the_next_request() {
    let mock = Mock::healthy();
    let mut socket = mock.socket();
    let request = format!("GET /user HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", basic(JANE));
    socket.write_all(format!("{request}GET /acc").as_bytes()).unwrap();
    assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 OK"));
    let response = mock.raw(format!("{request}this is not HTTP\r\n\r\n").as_bytes());
    assert!(response.starts_with("HTTP/1.1 200 OK") && response.contains("HTTP/1.1 400"), "{response}");
    // A client that closes its sending side still receives the response.
    let mut socket = mock.socket();
    socket.write_all(request.as_bytes()).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(read_all(&mut socket).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn a_request_needs_exactly_one_host_header() {
    let mock = Mock::healthy();
    for hosts in ["", "Host: a\r\nHost: b\r\n"] {
        let response = mock.raw(format!("GET /user HTTP/1.1\r\n{hosts}\r\n").as_bytes());
        assert!(response.starts_with("HTTP/1.1 400"), "{response}");
        assert!(response.contains("Connection: close") && response.contains("exactly one Host header"), "{response}");
    }
    let old = mock.raw(b"GET /user HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 401") && !old.contains("keep-alive"), "{old}");
    assert!(mock.raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 204"));
}

#[test]
fn chunked_bodies_and_100_continue_are_supported() {
    let mock = Mock::healthy();
    let head = format!(
        "POST /onboards HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\nConnection: close\r\n",
        basic(JANE)
    );
    let body = format!(r#"{{"invitation_id":"{INVITATION}"}}"#);
    let (one, two) = body.split_at(10);
    let chunks = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    let response = mock.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes());
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");

    let mut socket = mock.socket();
    socket
        .write_all(format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes())
        .unwrap();
    assert!(read_response(&mut socket).starts_with("HTTP/1.1 100 Continue"));
    socket.write_all(body.as_bytes()).unwrap();
    assert!(read_all(&mut socket).starts_with("HTTP/1.1 201"));

    // The announced length is too large: the response is sent instead of 100 Continue.
    let mut socket = mock.socket();
    socket.write_all(format!("{head}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n").as_bytes()).unwrap();
    assert!(read_all(&mut socket).starts_with("HTTP/1.1 413"));
}

#[test]
fn a_chunked_body_over_the_limit_is_413() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.body_bytes_max = 100));
    let head = format!(
        "POST /onboards HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        basic(JANE)
    );
    let response = mock.raw(format!("{head}80\r\n{}\r\n0\r\n\r\n", "x".repeat(128)).as_bytes());
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
}

#[test]
fn a_stalled_request_times_out() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.body_wait_ms_max = 100));
    let head =
        format!("POST /onboards HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: 50\r\n\r\n{{", basic(JANE));
    let mut socket = mock.socket();
    socket.write_all(head.as_bytes()).unwrap();
    let response = read_all(&mut socket);
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
    assert!(
        response.contains("Access-Control-Allow-Origin"),
        "pages must be able to read this response too: {response}"
    );
}

#[test]
fn bytes_that_are_no_request_do_not_disturb_others() {
    let mock = Mock::healthy();
    for bytes in [&b"GET\r\n\r\n"[..], &[0xff; 100], &[0; 1000]] {
        let response = mock.raw(bytes);
        assert!(response.starts_with("HTTP/1.1 400 "), "{bytes:?}: {response}");
    }
    assert_eq!(mock.raw(b"\r\n\r\n\r\n"), "", "empty lines are not a request");
    mock.get("/user").expect(200);
}

#[test]
fn every_response_allows_cross_origin_reads() {
    let mock = Mock::healthy();
    let send = |method: Method, path: &str, key: &str| {
        let request = Request::builder().method(method).uri(format!("{}{path}", mock.server.url()));
        let request = request.header("origin", "http://localhost:3000").header("authorization", basic(key));
        mock.send(request.body(Full::default()).unwrap())
    };
    let rows = [
        (Method::GET, "/user", JANE, 200),
        (Method::GET, "/user", "wrong", 401),
        (Method::GET, "/nowhere", JANE, 404),
        (Method::PATCH, "/user", JANE, 405),
        (Method::POST, "/onboards", JANE, 400),
        (Method::GET, "/__admin/health", "", 200),
        // Pages may not use the control API, but they may read the error.
        (Method::GET, "/__admin/state", "", 403),
    ];
    for (method, path, key, status) in rows {
        let response = send(method, path, key).expect(status);
        assert_eq!(response.header("access-control-allow-origin"), Some("http://localhost:3000"), "{path}");
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "{path}");
        let exposed = response.header("access-control-expose-headers").unwrap();
        for name in ["X-Connections-Degraded", "ETag", "Retry-After", "X-Mock-Violations", "X-Mock-Fault"] {
            assert!(exposed.contains(name), "{name} on {path}");
        }
        assert!(response.header("vary").unwrap().contains("Origin"), "{path}");
    }
}

#[test]
fn preflight_requests_are_allowed() {
    let mock = Mock::healthy();
    let preflight = |origin: &str, path: &str| {
        let request = Request::builder().method(Method::OPTIONS).uri(format!("{}{path}", mock.server.url()));
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,content-type,x-mine")
            .header("access-control-request-private-network", "true");
        mock.send(request.body(Full::default()).unwrap())
    };
    for path in ["/account", "/nowhere"] {
        let response = preflight("https://app.example.com", path).expect(204);
        assert_eq!(response.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(response.header("access-control-allow-headers"), Some("authorization,content-type,x-mine"));
        assert_eq!(response.header("access-control-allow-private-network"), Some("true"));
        assert!(response.header("access-control-allow-methods").unwrap().contains("PUT"));
    }
}

#[test]
fn cross_origin_reads_can_be_limited_to_some_origins() {
    let mock = Mock::start(MockServer::builder().configure(|settings| {
        settings.cors = leadconduit_mock::CorsPolicy::Only(vec!["http://localhost:3000".to_owned()]);
    }));
    let send = |origin: &str| {
        let request = Request::get(format!("{}/user", mock.server.url())).header("origin", origin);
        mock.send(request.body(Full::default()).unwrap())
    };
    assert_eq!(send("http://localhost:3000").header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(send("http://evil.example.com").header("access-control-allow-origin"), None);
}

#[test]
fn mock_headers_can_be_hidden() {
    let mock = Mock::start(MockServer::builder().configure(|settings| {
        settings.mock_headers = leadconduit_mock::MockHeaders::Hidden;
    }));
    let response = mock.post("/onboards", &json!({})).expect(400);
    assert!(!response.headers.keys().any(|name| name.as_str().starts_with("x-mock-")), "{:?}", response.headers);
}

#[test]
fn the_control_api_reports_health_and_version() {
    let mock = Mock::scenario("empty-account");
    let health = mock.call("", Method::GET, "/__admin/health", None).expect(200).json();
    assert_eq!((&health["status"], &health["scenario"]), (&json!("healthy"), &json!("empty-account")));
    assert_eq!(mock.get("/__admin/version").json()["name"], "leadconduit-mock");
    let wrong = mock.call("", Method::POST, "/__admin/health", None).expect(405);
    assert!(wrong.json()["detail"].as_str().unwrap().contains("send GET /__admin/health"));
    let typo = mock.get("/__admin/helth").expect(404).json();
    assert!(typo["detail"].as_str().unwrap().contains("did you mean /__admin/health?"), "{typo}");
}

#[test]
fn sandboxes_are_isolated() {
    let mock = Mock::healthy();
    let credential =
        json!({"name": "x", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
    let count = |path: &str| mock.get(path).expect(200).json().as_array().unwrap().len();
    let before = count("/credentials");
    let made = mock.post("/__sandbox/mine/credentials", &credential).expect(201);
    assert_eq!(made.header("x-mock-sandbox"), Some("mine"));
    assert_eq!((count("/credentials"), count("/__sandbox/mine/credentials")), (before, before + 1));
    let suffixed = mock.call(&format!("{JANE}+mine"), Method::GET, "/credentials", None).expect(200);
    assert_eq!(suffixed.header("x-mock-sandbox"), Some("mine"));
    let bad = Request::get(format!("{}/user", mock.server.url())).header("x-mock-sandbox", "no way");
    let bad = mock.send(bad.body(Full::default()).unwrap()).expect(400);
    assert_eq!(bad.json()["type"], "/__admin/docs/problems#bad-sandbox-name");
}

#[test]
fn the_number_of_sandboxes_is_bounded() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.sandboxes_max = 3));
    let settings = json!({"notifications": {}});
    for name in ["a", "b", "c"] {
        mock.post(&format!("/__sandbox/{name}/user_settings"), &settings).expect(201);
    }
    // `default`, `b` and `c` exist; `a` was used least recently, was removed, and is created again.
    mock.post("/__sandbox/c/user_settings", &settings).expect(409);
    mock.post("/__sandbox/b/user_settings", &settings).expect(409);
    mock.post("/__sandbox/a/user_settings", &settings).expect(201);
}
