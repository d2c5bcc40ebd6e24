//! The edges of HTTP: malformed, late and oversized requests, and gzip. Raw sockets, so that the bytes are exact.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use leadconduit_mock::{CorsPolicy, MockServer, Settings};
use serde_json::{Value, json};

use crate::support::{INVITATION, JANE, Mock, basic, read_all, read_response};

/// A response with a problem document, after which the connection is closed.
#[track_caller]
fn problem(response: &str, status: u16) -> Value {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {response:?}"));
    assert!(head.lines().next().unwrap().contains(&format!(" {status} ")), "{response}");
    for header in
        ["Content-Type: application/problem+json", "Connection: close", "Access-Control-Allow-Origin: ", "Date: "]
    {
        assert!(head.contains(header), "{header} is missing: {response}");
    }
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{response}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], status);
    body
}

/// Sends bytes without closing the sending side, and reads until the server closes the connection.
fn send(mock: &Mock, bytes: &[u8]) -> String {
    let mut socket = mock.socket();
    socket.write_all(bytes).unwrap();
    read_all(&mut socket)
}

fn post(headers: &str) -> String {
    format!(
        "POST /onboards HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\n{headers}\r\n",
        basic(JANE)
    )
}

fn body() -> String {
    format!(r#"{{"invitation_id":"{INVITATION}"}}"#)
}

#[test]
fn malformed_requests_get_a_problem_that_says_what_is_wrong() {
    let mock = Mock::healthy();
    let long = "x".repeat(70_000);
    let many = "X: 1\r\n".repeat(101);
    let rows: &[(&str, u16, &str)] = &[
        ("hello\r\n\r\n", 400, "not valid HTTP/1.1"),
        ("GET /user HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400, "invalid HTTP header"),
        ("GET /user HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400, "invalid HTTP header"),
        ("GET /user HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400, "invalid HTTP header"),
        ("GET /us er HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not valid HTTP/1.1"),
        ("POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "content-length"),
        ("POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n{}", 400, "content-length"),
        ("POST /user HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}", 400, "transfer-encoding"),
        ("POST /user HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "transfer-encoding"),
        ("GET /user HTTP/9.9\r\nHost: x\r\n\r\n", 505, "HTTP/1.1, HTTP/1.0 and HTTP/2"),
        (&format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 414, "the request line is larger than 65536 bytes"),
        (
            &format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
            431,
            "the request head is larger than 65536 bytes",
        ),
        (&format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431, "more than 100 headers"),
    ];
    for (bytes, status, detail) in rows {
        let found = problem(&send(&mock, bytes.as_bytes()), *status);
        let text = found["detail"].as_str().unwrap();
        assert!(text.to_lowercase().contains(&detail.to_lowercase()), "{:?}: {text}", &bytes[..bytes.len().min(80)]);
        let found_type = found["type"].as_str().unwrap();
        assert!(found_type.starts_with("/__admin/docs/problems#"), "{found_type}");
    }
    // HTTP/1.0 gets its own version.
    let old = send(&mock, b"GET /user HTTP/1.0\r\nno colon\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{old}");
    // A head that is cut off: the client still reads.
    assert!(
        problem(&mock.raw(b"GET /user HTTP/1.1\r\nHost: x\r\n"), 400)["detail"]
            .as_str()
            .unwrap()
            .contains("incomplete")
    );
    let metrics = mock.get("/__admin/metrics").expect(200).text;
    for (reason, count) in [("malformed", 11), ("version", 1), ("target_too_long", 1), ("head_too_large", 2)] {
        let line = format!("leadconduit_mock_rejected_requests_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[test]
fn a_malformed_request_does_not_affect_the_response_before_it() {
    let mock = Mock::healthy();
    let good = format!("GET /user HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", basic(JANE));
    let response = send(&mock, format!("{good}{good}no HTTP\r\n\r\n{good}").as_bytes());
    let statuses: Vec<&str> = response.match_indices("HTTP/1.1 ").map(|(at, _)| &response[at + 9..at + 12]).collect();
    // The detail of the problem names the version too.
    assert_eq!(statuses[..3], ["200", "200", "400"], "{response}");
    problem(&response[response.rfind("HTTP/1.1 400").unwrap()..], 400);
}

#[test]
fn pages_can_read_that_their_url_is_too_long() {
    let mock = Mock::healthy();
    let long = "x".repeat(100_000);
    // `Origin` stands behind the part that is too long.
    for head in [format!("GET /{long} HTTP/1.1\r\n"), format!("GET / HTTP/1.1\r\nX: {long}\r\n")] {
        let response = send(&mock, format!("{head}Host: x\r\nOrigin: http://localhost:3000\r\n\r\n").as_bytes());
        for header in
            ["Access-Control-Allow-Origin: http://localhost:3000\r\n", "Access-Control-Allow-Credentials: true\r\n"]
        {
            assert!(response.contains(header), "{header} in {response}");
        }
    }
    let only = Mock::start(MockServer::builder().configure(|settings| {
        settings.cors = CorsPolicy::Only(vec!["http://localhost:3000".to_owned()]);
    }));
    let response = send(&only, format!("GET /{long} HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n").as_bytes());
    assert!(response.starts_with("HTTP/1.1 414") && !response.contains("Access-Control-Allow-Origin"), "{response}");
}

#[test]
fn the_limit_of_the_head_is_exact() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.head_bytes_max = 10_000));
    let head = |length: usize| {
        let start =
            format!("GET /user HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\nX: ", basic(JANE));
        let filler = "y".repeat(length - start.len() - 4);
        format!("{start}{filler}\r\n\r\n")
    };
    assert_eq!(head(10_000).len(), 10_000);
    for _ in 0..3 {
        assert!(send(&mock, head(10_000).as_bytes()).starts_with("HTTP/1.1 200"));
        problem(&send(&mock, head(10_001).as_bytes()), 431);
    }
}

#[test]
fn a_late_head_is_408_and_an_idle_connection_is_closed() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.head_wait_ms_max = 200));
    let late = problem(&send(&mock, b"GET /user HTTP/1.1\r\nHost"), 408);
    assert!(late["detail"].as_str().unwrap().contains("within 200 ms"), "{late}");
    assert_eq!(send(&mock, b""), "", "a connection without a request is closed without a response");
    // The same behind a complete request.
    let good = format!("GET /user HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", basic(JANE));
    let both = send(&mock, format!("{good}GET /us").as_bytes());
    problem(&both[both.rfind("HTTP/1.1 408").unwrap()..], 408);
    let idle = send(&mock, good.as_bytes());
    assert_eq!(idle.matches("HTTP/1.1").count(), 1, "{idle}");
}

#[test]
fn an_oversized_body_is_read_so_that_the_client_receives_the_413() {
    let mock = Mock::healthy();
    let large = "x".repeat(20_000_000);
    // A client that sends everything before it reads, as many do.
    for headers in [format!("Content-Length: {}\r\n", large.len()), "Transfer-Encoding: chunked\r\n".to_owned()] {
        let is_chunked = headers.contains("chunked");
        let mut socket = mock.socket();
        socket.write_all(post(&headers).as_bytes()).unwrap();
        if is_chunked {
            socket.write_all(format!("{:x}\r\n", large.len()).as_bytes()).unwrap();
        }
        socket.write_all(large.as_bytes()).unwrap();
        if is_chunked {
            socket.write_all(b"\r\n0\r\n\r\n").unwrap();
        }
        let response = read_all(&mut socket);
        assert!(
            response.starts_with("HTTP/1.1 413")
                && response.ends_with(r#"{"error":"the body is larger than 1048576 bytes"}"#),
            "{response}"
        );
        assert!(response.contains("Connection: close"), "{response}");
    }
    // With `Expect`, nothing needs to be read.
    let mut socket = mock.socket();
    socket.write_all(post("Expect: 100-continue\r\nContent-Length: 20000000\r\n").as_bytes()).unwrap();
    assert!(read_all(&mut socket).starts_with("HTTP/1.1 413"));
    // Far beyond the bound, the response does not wait for the body.
    let mut socket = mock.socket();
    socket.write_all(post("Content-Length: 10000000000\r\n").as_bytes()).unwrap();
    assert!(read_response(&mut socket).starts_with("HTTP/1.1 413"));
}

#[test]
fn only_allowed_control_calls_have_large_bodies() {
    let settings = |settings: &mut Settings| {
        settings.limits.body_bytes_max = 1000;
        settings.admin_token = Some("secret".into());
    };
    let mock = Mock::start(MockServer::builder().configure(settings));
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(5000));
    let send = |path: &str, token: &str| {
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {token}\r\nContent-Length: {}\r\n\r\n{large}",
            large.len()
        );
        send(&mock, request.as_bytes())
    };
    // The name is too long, but it has been read.
    for path in ["/__admin/scenario", "/__sandbox/a/__admin/scenario"] {
        assert!(send(path, "Bearer secret").contains("scenario"), "{}", send(path, "Bearer secret"));
        assert!(!send(path, "Bearer secret").starts_with("HTTP/1.1 413"));
        assert!(send(path, "Bearer wrong").starts_with("HTTP/1.1 401"));
        assert!(send(path, &basic(JANE)).starts_with("HTTP/1.1 401"));
    }
    // The journal shows how much was read: nothing of a body that is too large.
    for path in ["/x/__admin/y", "/__admins/scenario", "/connections/__admin/z"] {
        let response = send(path, &basic(JANE));
        assert!(response.starts_with("HTTP/1.1 404") || response.starts_with("HTTP/1.1 405"), "{path}: {response}");
        assert!(response.contains("Connection: close"), "{path}: the body was too large to keep: {response}");
    }
}

#[test]
fn unusual_requests_have_a_defined_outcome() {
    let mock = Mock::healthy();
    let key = format!("Authorization: {}\r\nConnection: close\r\n", basic(JANE));
    let chunks = |size: &str| {
        format!(
            "{}{size}\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
            post("Connection: close\r\nTransfer-Encoding: chunked\r\n"),
            body()
        )
    };
    let length = body().len();
    let rows: &[(&str, String, &str)] = &[
        ("bare LF", format!("GET /user HTTP/1.1\nHost: x\n{}\n", key.replace("\r\n", "\n")), "200"),
        ("an absolute form", format!("GET http://localhost/user HTTP/1.1\r\nHost: x\r\n{key}\r\n"), "200"),
        ("OPTIONS *", format!("OPTIONS * HTTP/1.1\r\nHost: x\r\n{key}\r\n"), "204"),
        ("CONNECT", format!("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n{key}\r\n"), "405"),
        ("an unknown method", format!("BREW /user HTTP/1.1\r\nHost: x\r\n{key}\r\n"), "405"),
        (
            "a header that is not ASCII",
            format!("GET /user HTTP/1.1\r\nHost: x\r\nX-Name: Zo\u{eb}\r\n{key}\r\n"),
            "200",
        ),
        ("one hundred headers", format!("GET /user HTTP/1.1\r\nHost: x\r\n{}{key}\r\n", "X: 1\r\n".repeat(97)), "200"),
        ("an extension of a chunk", chunks(&format!("{length:x};name=value")), "201"),
        ("a chunk with a wrong size", chunks("zz"), "400"),
        (
            "the same length twice",
            post(&format!("Content-Length: {length}\r\nContent-Length: {length}\r\nConnection: close\r\n")) + &body(),
            "201",
        ),
        (
            "a length and chunks",
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")
                + &format!("{length:x}\r\n{}\r\n0\r\n\r\n", body()),
            "201",
        ),
        ("no Host", format!("GET /user HTTP/1.1\r\n{key}\r\n"), "400"),
        ("a target that is no path", format!("GET user HTTP/1.1\r\nHost: x\r\n{key}\r\n"), "404"),
    ];
    for (name, request, status) in rows {
        let response = send(&mock, request.as_bytes());
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {response}");
        assert!(response.contains("Access-Control-Allow-Origin"), "{name}: {response}");
    }
}

#[test]
fn responses_are_compressed_on_request() {
    let mock = Mock::healthy();
    let get = |encoding: Option<&str>, method: &str, path: &str| {
        let accept = encoding.map(|encoding| format!("Accept-Encoding: {encoding}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nConnection: close\r\n{accept}\r\n",
            basic(JANE)
        );
        let mut socket = mock.socket();
        socket.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        (String::from_utf8(bytes[..end].to_vec()).unwrap(), bytes[end..].to_vec())
    };
    let etag = |head: &str| head.lines().find(|line| line.starts_with("Etag: ")).unwrap().to_owned();
    let (plain_head, plain) = get(None, "GET", "/connections");
    assert!(plain.len() > 1024 && !plain_head.contains("Content-Encoding"), "{plain_head}");
    let (head, compressed) = get(Some("gzip, deflate"), "GET", "/connections");
    assert!(head.contains("Content-Encoding: gzip\r\n") && head.contains("Vary: Accept, Accept-Encoding"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", compressed.len())), "{head}");
    assert!(compressed.len() < plain.len() / 2);
    assert_eq!(etag(&head), etag(&plain_head), "the tag is weak, so it is the same");
    let mut decoded = Vec::new();
    GzDecoder::new(&compressed[..]).read_to_end(&mut decoded).unwrap();
    assert_eq!(decoded, plain);
    assert_eq!(get(Some("gzip"), "GET", "/connections").1, compressed, "the same bytes each time");
    for (encoding, method, path) in [
        (Some("gzip;q=0"), "GET", "/connections"),
        (Some("br"), "GET", "/connections"),
        (Some("gzip"), "HEAD", "/connections"),
        (Some("gzip"), "GET", "/nothing"),
    ] {
        let (head, _) = get(encoding, method, path);
        assert!(!head.contains("Content-Encoding"), "{method} {path} {encoding:?}: {head}");
    }
    // A fault is about the bytes that were chosen.
    mock.post(
        "/__admin/faults",
        &json!({"when": {"operation": "list_connections"}, "then": {"fault": "TRUNCATED_BODY"}}),
    )
    .expect(201);
    let (head, body) = get(Some("gzip"), "GET", "/connections");
    assert!(!head.contains("Content-Encoding"), "{head}");
    assert_eq!(body, plain[..plain.len() / 2]);
    // The journal has the body before compression.
    let journal = mock.get("/__admin/requests?operation=list_connections&limit=1").expect(200);
    assert!(journal.text.contains("relationship_type"), "{}", journal.text);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_request_bodies_are_decoded_within_the_limit() {
    let mock = Mock::healthy();
    let send = |encoding: &str, bytes: &[u8]| {
        let head =
            post(&format!("Connection: close\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n", bytes.len()));
        let mut socket = mock.socket();
        socket.write_all(&[head.as_bytes(), bytes].concat()).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        read_all(&mut socket)
    };
    assert!(send("gzip", &gzip(body().as_bytes())).starts_with("HTTP/1.1 201"));
    assert!(send("X-GZIP", &gzip(body().as_bytes())).starts_with("HTTP/1.1 201"));
    assert!(send("identity", body().as_bytes()).starts_with("HTTP/1.1 201"));
    // 100 MB of spaces in 100 kB.
    let bomb = send("gzip", &gzip(&vec![b' '; 100_000_000]));
    assert!(bomb.starts_with("HTTP/1.1 413") && bomb.contains("the body is larger than 1048576 bytes"), "{bomb}");
    let damaged = send("gzip", body().as_bytes());
    assert!(problem(&damaged, 400)["detail"].as_str().unwrap().contains("not valid gzip"), "{damaged}");
    let other = send("br", body().as_bytes());
    assert!(
        other.starts_with("HTTP/1.1 415")
            && other.contains("Content-Encoding br is not supported; send the body unencoded or as gzip"),
        "{other}"
    );
    // Leads and control calls too.
    let lead = gzip(b"email=joe@example.com&state=TX");
    let lead_head = format!(
        "POST /flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        lead.len()
    );
    let mut socket = mock.socket();
    socket.write_all(&[lead_head.as_bytes(), &lead].concat()).unwrap();
    let response = read_all(&mut socket);
    assert!(response.starts_with("HTTP/1.1 201") && response.contains("\"lead\""), "{response}");
    // The journal has the decoded body, so the command that repeats the request has no coding.
    let list = mock.get("/__admin/requests").expect(200).json();
    let id =
        list["requests"].as_array().unwrap().iter().find(|one| one["request"]["url"] == "/onboards").unwrap()["id"]
            .clone();
    let explained = mock.post("/__admin/explain", &json!({"exchange": id})).expect(200);
    assert!(!explained.text.to_lowercase().contains("-h 'content-encoding"), "{}", explained.text);
    let control = gzip(br#"{"name": "sso-outage"}"#);
    let control_head = format!(
        "PUT /__admin/scenario HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        control.len()
    );
    let mut socket = mock.socket();
    socket.write_all(&[control_head.as_bytes(), &control].concat()).unwrap();
    assert!(read_all(&mut socket).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_state_larger_than_other_bodies_can_be_restored() {
    let mock = Mock::start(MockServer::builder().configure(|settings| {
        settings.limits.body_bytes_max = 1000;
        settings.limits.control_bytes_max = 1000;
    }));
    let exported = mock.get("/__admin/state").expect(200);
    assert!(exported.text.len() > 10_000);
    mock.put("/__admin/state", &exported.json()).expect(200);
    assert_eq!(mock.get("/__admin/state").expect(200).text, exported.text, "the same bytes");
    mock.put("/__admin/clock", &json!({"freeze": "x".repeat(2000)})).expect(413);
}
