//! The log of `serve`: a line for each exchange, without secrets, and without blocking requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{HANG_GUARD, JANE, wait_for_exit};
use crate::wire::{Wire, request};

/// A serving process whose standard error is a pipe. It is killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: std::net::SocketAddr,
}

impl Server {
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
        command.args(["serve", "--port", "0"]).args(arguments).env_remove("LEADCONDUIT_MOCK_LOG");
        command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Stops the server; returns the unread rest of standard error.
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a valid request, one that breaks the contract, one with a fault, and one without an operation in another sandbox.
fn send_requests(server: &Server) {
    let mut wire = Wire::open(server.address);
    wire.request("GET", "/connections?relationship_type=seller", &[], None).expect(200);
    wire.request("POST", "/connections", &[], Some(&json!({"connection_id": "\u{1b}[31mred"}))).expect(400);
    let fault = json!({"name": "busy", "when": {"operation": "list_credentials"},
                       "then": {"status": 503, "body": {"error": "busy"}, "delay": 5}});
    wire.request("POST", "/__admin/faults", &[], Some(&fault)).expect(201);
    wire.request("GET", "/credentials", &[], None).expect(503);
    wire.request("GET", "/nothing", &[("X-Mock-Sandbox", "mine")], None).expect(404);
}

#[test]
fn every_exchange_is_a_line_of_the_human_log() {
    let server = Server::start(&[], &[]);
    send_requests(&server);
    let text = server.stop();
    let text = text.split_once("'{\"name\":\"sso-outage\"}'\n\n").unwrap_or_else(|| panic!("{text}")).1;
    assert!(!text.contains('\u{1b}'), "neither colours nor escape sequences of the client: {text}");
    let mut times = regex::Regex::new(r"\d\d:\d\d:\d\d\.\d{3}Z").unwrap().replace_all(text, "TIME").into_owned();
    times = regex::Regex::new(r" *\d+\.\d\d ms").unwrap().replace_all(&times, " N ms").into_owned();
    insta::assert_snapshot!(times);
}

/// As for flags, an empty variable is one that is not set.
#[test]
fn an_empty_filter_selects_what_none_selects() {
    let server = Server::start(&[], &[("LEADCONDUIT_MOCK_LOG", " ")]);
    send_requests(&server);
    let text = server.stop();
    assert!(text.contains("get_user") || text.contains("list_connections"), "{text}");
    let server = Server::start(&[], &[("LEADCONDUIT_MOCK_LOG", "exchange=off")]);
    send_requests(&server);
    let text = server.stop();
    assert!(!text.contains("list_connections"), "{text}");
}

#[test]
fn every_line_of_the_json_log_is_an_object() {
    let server = Server::start(&["--log-format", "json"], &[]);
    send_requests(&server);
    let text = server.stop();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines[0]["message"].as_str().unwrap().contains("serves the scenario healthy on http://"), "{text}");
    assert!(lines.iter().all(|line| line["time"].is_string() && line["level"] == "INFO"), "{text}");
    let exchanges: Vec<&Value> = lines.iter().filter(|line| line["event"] == "exchange").collect();
    let shown = |line: &Value| {
        json!([
            line["sandbox"],
            line["id"],
            line["method"],
            line["path"],
            line["query"],
            line["operation"],
            line["status"]
        ])
    };
    assert_eq!(
        exchanges.iter().map(|line| shown(line)).collect::<Vec<_>>(),
        [
            json!(["default", 1, "GET", "/connections", "relationship_type=seller", "list_connections", 200]),
            json!(["default", 2, "POST", "/connections", null, "repair_connection", 400]),
            json!(["default", 4, "GET", "/credentials", null, "list_credentials", 503]),
            json!(["mine", 1, "GET", "/nothing", null, null, 404]),
        ]
    );
    assert_eq!(exchanges[1]["violations"][0]["location"], "/body/connection_id");
    assert_eq!((&exchanges[0]["violations"], &exchanges[0]["applied_rules"]), (&json!([]), &json!([])));
    assert_eq!(exchanges[2]["applied_rules"], json!([{"rule": "busy", "effects": ["status=503", "delay=5"]}]));
    assert_eq!((&exchanges[2]["delay_ms"], &exchanges[2]["scenario"]), (&json!(5), &json!("healthy")));
    assert!(exchanges.iter().all(|line| line["took_us"].is_u64()), "{text}");
}

#[test]
fn the_log_level_can_hide_exchanges() {
    for (level, shown) in [("warn", false), ("info,exchange=off", false), ("exchange=info", true), ("info", true)] {
        let server = Server::start(&[], &[("LEADCONDUIT_MOCK_LOG", level)]);
        send_requests(&server);
        let text = server.stop();
        assert_eq!(text.contains("relationship_type=seller"), shown, "{level}: {text}");
    }
    // The format can be set by an environment variable.
    let server = Server::start(&[], &[("LEADCONDUIT_MOCK_LOG_FORMAT", "json")]);
    assert!(server.stop().lines().all(|line| line.starts_with('{')));
}

/// A client that resets many streams before they are accepted makes the HTTP/2 library warn in its own words.
#[test]
fn the_log_has_no_lines_of_libraries() {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    for stream in (1..120).step_by(2) {
        // GET / of the host x, then RST_STREAM.
        bytes.extend(frame(1, 5, stream, b"\x82\x86\x84\x41\x01x"));
        bytes.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    for (level, is_shown) in [(&[][..], false), (&[("LEADCONDUIT_MOCK_LOG", "info")], true)] {
        let server = Server::start(&[], level);
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.set_read_timeout(Some(HANG_GUARD)).unwrap();
        socket.write_all(&bytes).unwrap();
        // The connection is closed for it.
        let mut received = Vec::new();
        let _ = socket.read_to_end(&mut received);
        assert!(received.windows(15).any(|window| window == b"too_many_resets"), "{received:?}");
        let text = server.stop();
        assert_eq!(text.contains("recv_reset"), is_shown, "{text}");
    }
}

/// What breaks no contract, and the report counts as no violation, has another word.
#[test]
fn findings_are_not_called_violations() {
    let server = Server::start(&[], &[]);
    let mut wire = Wire::open(server.address);
    wire.request("GET", "/user", &[("Prefer", "cod=401")], None).expect(200);
    let package = json!({"name": "n", "type": "user", "package": "leadconduit-nope", "username": "u", "password": "p"});
    wire.request("POST", "/credentials", &[], Some(&package)).expect(201);
    wire.request("GET", "/user", &[("Prefer", "code=abc")], None).expect(400);
    wire.request("POST", "/connections", &[], Some(&json!({}))).expect(400);
    let text = server.stop();
    let labelled = |label: &str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(label));
        lines.map(|line| line.trim().split(' ').next().unwrap()).collect()
    };
    assert_eq!(labelled("finding"), ["/headers/prefer", "/body/package"], "{text}");
    assert_eq!(labelled("violation").last(), Some(&"/body/connection_id"), "{text}");
}

#[test]
fn the_log_contains_no_secrets() {
    for format in ["human", "json"] {
        let server = Server::start(&["--log-format", format], &[]);
        let mut wire = Wire::open(server.address);
        wire.request("GET", &format!("/connections/{JANE}?x={JANE}&api_key=in-the-query"), &[], None);
        wire.request("GET", "/user?token=in-the-query&page=in-the-page", &[("Cookie", "s=in-the-cookie")], None);
        let body = json!({"name": "n", "type": "user", "package": 7, "username": "u", "password": "in-the-body"});
        wire.request("POST", "/credentials", &[], Some(&body)).expect(400);
        wire.request("POST", "/connections", &[], Some(&json!({"connection_id": JANE}))).expect(400);
        let text = server.stop();
        // The banner of the human log has the built-in keys.
        let text = text.split_once("'{\"name\":\"sso-outage\"}'\n\n").map_or(&*text, |(_, rest)| rest);
        assert!(text.contains("/credentials") && text.contains("in-the-page"), "{text}");
        for secret in [JANE, "in-the-query", "in-the-cookie", "in-the-body", "Basic"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn refused_requests_of_pages_are_log_lines() {
    let server = Server::start(&["--cors-origin", "https://app.example"], &[]);
    let mut wire = Wire::open(server.address);
    let other = ("Origin", "https://other.example");
    wire.request("GET", &format!("/connections?api_key={JANE}"), &[other], None);
    wire.request("OPTIONS", "/user", &[other, ("Access-Control-Request-Method", "PUT")], None);
    wire.request("GET", "/account", &[("Origin", "https://app.example")], None);
    wire.request("DELETE", "/__admin/requests", &[other], None).expect(403);
    wire.request("GET", "/__admin/state", &[("Sec-Fetch-Site", "cross-site")], None).expect(403);
    wire.request("GET", "/__admin/requests", &[], None).expect(200);
    let text = server.stop();
    let warnings: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("  WARN  ")).map(|(_, rest)| rest).collect();
    let refused = "pages of https://other.example may not read responses, --cors-origin allows https://app.example";
    assert_eq!(warnings[0], format!("CORS refused GET /connections: {refused}"));
    assert_eq!(warnings[1], format!("CORS refused the preflight of OPTIONS /user: {refused}"));
    assert!(warnings.contains(&&*format!("CORS refused DELETE /__admin/requests: {refused}")), "{text}");
    let rejected: Vec<&&str> = warnings.iter().filter(|line| line.starts_with("rejected the control call")).collect();
    let page = "DELETE /__admin/requests: pages of https://other.example may not use the control API";
    assert!(rejected[0].contains(page), "{text}");
    assert!(rejected[1].contains("GET /__admin/state: a page of another site may not use the control API"), "{text}");
    assert_eq!((warnings.len(), rejected.len()), (5, 2), "{text}");
}

#[test]
fn an_unread_standard_error_does_not_block_requests() {
    const REQUESTS: usize = 20_000;
    let mut server = Server::start(&[], &[]);
    let mut wire = Wire::open(server.address);
    let bytes = request("GET", "/user", &[], None);
    for _ in 0..REQUESTS / 100 {
        wire.send(&bytes.repeat(100));
        for _ in 0..100 {
            assert!(wire.read_response(false).0.starts_with("HTTP/1.1 200 OK"));
        }
    }
    // The server stops although the remaining lines are not read.
    server.signal("-TERM");
    let status = wait_for_exit(&mut server.child);
    let mut rest = String::new();
    server.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "standard output is for the address alone");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn dropped_log_lines_are_counted_and_reported() {
    let mut server = Server::start(&[], &[]);
    let mut wire = Wire::open(server.address);
    let bytes = request("GET", "/user", &[], None);
    for _ in 0..150 {
        wire.send(&bytes.repeat(100));
        (0..100).for_each(|_| drop(wire.read_response(false)));
    }
    let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let (mut shown, mut lost) = (0, 0);
    while shown + lost < 15_000 {
        let line = lines.next().expect("every line is printed or counted as lost");
        shown += usize::from(line.contains("/user"));
        if let Some((_, words)) = line.split_once("  WARN  ") {
            lost += words
                .strip_suffix(" lines of this log are lost: standard error was not read fast enough")
                .unwrap()
                .parse::<usize>()
                .unwrap();
        }
    }
    assert_eq!(shown + lost, 15_000);
    assert!(lost > 0, "the pipe cannot hold all lines");
    // Later lines are written again.
    wire.request("GET", "/account", &[], None).expect(200);
    assert!(lines.next().unwrap().contains("/account"));
}

#[test]
fn a_closed_standard_error_does_not_fail_requests() {
    let mut server = Server::start(&[], &[]);
    drop(server.child.stderr.take());
    let mut wire = Wire::open(server.address);
    for _ in 0..100 {
        wire.request("GET", "/user", &[], None).expect(200);
    }
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// The column at which each exchange of a log or of `tail` shows its duration.
pub fn duration_columns(text: &str) -> Vec<usize> {
    let exchanges = text.lines().filter(|line| line.contains("Z  ") && line.contains(" ms  /"));
    exchanges.map(|line| line[..line.find(" ms  /").unwrap()].chars().count()).collect()
}

/// Requests whose methods, operations or paths are longer than usual.
pub const UNUSUAL_REQUESTS: [(&str, &str); 5] = [
    ("GET", "/user"),
    ("OPTIONS", "/connections"),
    ("PROPFIND", "/user"),
    ("PUT", "/submission_doc_access_logs/flow/64b8f0f5e4b0c3a1d5e6f7ab/source/5d9a4b10940df5a34a3888c1"),
    (
        "GET",
        "/connections/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
];

#[test]
fn columns_stay_aligned_for_long_methods_operations_and_paths() {
    let server = Server::start(&[], &[]);
    let mut wire = Wire::open(server.address);
    for (method, path) in UNUSUAL_REQUESTS {
        wire.request(method, path, &[], None);
    }
    let text = server.stop();
    let columns = duration_columns(&text);
    assert!(columns.len() == UNUSUAL_REQUESTS.len() && columns.iter().all(|column| *column == columns[0]), "{text}");
    assert!(text.contains("  OPTIONS  ") && text.contains("  PROP...  "), "{text}");
}
