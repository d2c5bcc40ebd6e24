//! Inputs that become larger when they are read: memory stays bounded, and the server lives.

use std::io::Read as _;
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{ACME_ID, FLOW, JANE, Mock, WRITE_WAIT};
use crate::wire::{Process, Wire, authorization};

const MIB: usize = 1024 * 1024;

/// Sends a request as Jane, and returns the text of a response with the expected status.
fn ask(wire: &mut Wire, line: &str, headers: &[(&str, &str)], body: &str, status: u16) -> String {
    let (method, path) = line.split_once(' ').unwrap();
    let authorization = authorization("API", JANE);
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n");
    for (name, value) in headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    bytes += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let (head, text) = wire.exchange(bytes.as_bytes());
    let text = String::from_utf8(text).unwrap();
    assert_eq!(head[9..12], status.to_string(), "{line}: {head}{text}");
    text
}

/// How much the memory of the process grows while requests are handled.
fn growth(server: &Process, requests: impl FnOnce(&mut Wire)) -> usize {
    let mut wire = Wire::open(server.address);
    // What is allocated once, on first use.
    ask(&mut wire, "GET /connections", &[], "", 200);
    let before = server.resident();
    requests(&mut wire);
    let after = server.resident();
    ask(&mut wire, "GET /connections", &[], "", 200);
    after.saturating_sub(before)
}

/// 90 names with 90 levels of `.999`, of which each would create a thousand items.
fn deep_names() -> String {
    let names: Vec<String> = (0..90).map(|number| format!("a{number}{}=x", ".999".repeat(90))).collect();
    names.join("&")
}

#[test]
fn names_with_indexes_do_not_allocate_what_they_index() {
    let server = Process::start(2, &[]);
    let path = format!("/flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/submit");
    let of_type = |media: &'static str| [("Content-Type", media)];
    let used = growth(&server, |wire| {
        let post = format!("POST {path}");
        let text = ask(wire, &post, &of_type("application/x-www-form-urlencoded"), &deep_names(), 400);
        assert!(text.contains("more than 10000 values"), "{text}");
        let text = ask(wire, &format!("GET {path}?{}", deep_names()), &[], "", 400);
        assert!(text.contains("more than 10000 values"), "{text}");
        let json = format!("{{\"a\": [{}0]}}", "0,".repeat(400_000));
        let text = ask(wire, &post, &of_type("application/json"), &json, 400);
        assert!(text.contains("more than 10000 values"), "{text}");
        let text = ask(wire, &post, &of_type("text/xml"), &format!("<a>{}</a>", "<b/>".repeat(200_000)), 400);
        assert!(text.contains("more than 10000 elements"), "{text}");
        ask(wire, "POST /onboards", &of_type("application/json"), &json, 413);
    });
    assert!(used < 50 * MIB, "{} MiB", used / MIB);
}

#[test]
fn patterns_with_thousands_of_mistakes_list_the_first_few() {
    let mock = Mock::healthy();
    let unknown: Value =
        (0..5000).map(|number| (format!("unknown_{number}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let response = mock.post("/__admin/requests/find", &unknown).expect(400).json();
    assert_eq!(response["diagnostics"].as_array().unwrap().len(), 5);
    assert!(response["diagnostics"][0].as_str().unwrap().contains("no key `unknown_0`"), "{response}");
    let expectations: Vec<Value> = (0..20).map(|_| unknown.clone()).collect();
    let response = mock.post("/__admin/verify", &json!({"expectations": expectations})).expect(400).json();
    assert!(response["diagnostics"].as_array().unwrap().len() <= 6, "{response}");
}

#[test]
fn states_with_thousands_of_mistakes_list_the_first_few() {
    let mock = Mock::healthy();
    let mut state = mock.get("/__admin/state").expect(200).json();
    let users: Vec<Value> = (0..2000).map(|number| json!({"id": number, "nmae": "x"})).collect();
    state["world"]["accounts"][0]["users"] = users.into();
    let response = mock.put("/__admin/state", &state).expect(400).json();
    let diagnostics = response["diagnostics"].as_array().unwrap();
    assert!(diagnostics.len() > 3 && diagnostics.len() <= 50, "{}", diagnostics.len());
    let last = diagnostics.last().unwrap().as_str().unwrap();
    assert!(last.contains("has further problems, which are not listed"), "{last}");
}

#[test]
fn regular_expressions_of_a_pattern_are_bounded_together() {
    let server = Process::start(2, &[]);
    let or = |count: usize| {
        let all: Vec<Value> = (0..count).map(|number| json!({"matches": format!(r"\w{{10}}{number}")})).collect();
        json!({"queryParameters": {"a": {"or": all}}}).to_string()
    };
    let used = growth(&server, |wire| {
        let text = ask(wire, "POST /__admin/requests/find", &[], &or(300), 400);
        assert!(text.contains("take more than 16 MB together"), "{text}");
        let simple: Vec<Value> = (0..300).map(|number| json!({"matches": format!("/flows/{number}/.*")})).collect();
        let simple = json!({"urlPath": "/x", "queryParameters": {"a": {"or": simple}}}).to_string();
        ask(wire, "POST /__admin/requests/find", &[], &simple, 200);
    });
    assert!(used < 64 * MIB, "{} MiB", used / MIB);
}

#[test]
fn templates_that_grow_are_errors_and_the_server_lives() {
    let server = Process::start(2, &[]);
    let chain = format!("{{{{ 1{} }}}}", "+1".repeat(5500));
    let invalid = [
        chain.as_str(),
        "{{ 'x'|indent(3000000000) }}",
        "{% set n = namespace() %}{% set n.a = n %}{{ n }}",
        "{% set n = namespace(x='x') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    ];
    let used = growth(&server, |wire| {
        for template in invalid {
            let fault = json!({"when": {"operation": "list_flows"}, "then": {"status": 200, "body": {"a": template}}});
            let text = ask(wire, "POST /__admin/faults", &[], &fault.to_string(), 400);
            let problem: Value = serde_json::from_str(&text).unwrap();
            let diagnostic = problem["diagnostics"][0].as_str().unwrap().to_owned();
            assert!(diagnostic.starts_with("body:1:"), "{diagnostic}");
        }
        // What depends on the request is a problem of that request.
        let template = "{% for i in range(4000) %}{{ request.headers.long }}{% endfor %}";
        let fault = json!({"when": {"operation": "list_flows"}, "then": {"status": 200, "body": {"a": template}}});
        ask(wire, "POST /__admin/faults", &[], &fault.to_string(), 201);
        let long = "x".repeat(10_000);
        let text = ask(wire, "GET /flows", &[("long", &long)], "", 500);
        assert!(text.contains("renders to more than 262144 bytes"), "{text}");
    });
    assert!(used < 50 * MIB, "{} MiB", used / MIB);
}

#[test]
fn counts_of_generate_in_the_billions_are_errors_with_a_line() {
    let generate = |counts: &str| {
        format!(
            "version: 1\nname: own\ndescription: A test.\nextends: empty-account\nworld:\n  accounts:\n    - account: {{ id: {ACME_ID} }}\n      generate: {{ {counts} }}\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    for (counts, expected) in [
        ("users: 4000000000", "own.yaml:8:26: a world can generate 50000 documents at most"),
        ("flows: 1, leads: 4000000000, events: 9", "own.yaml:8:36: a world can generate 200000 leads at most"),
    ] {
        let file = folder.path().join("own.yaml");
        std::fs::write(&file, generate(counts)).unwrap();
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock")).arg("check").arg(&file).output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(expected), "{text}");
    }
    let mock = Mock::healthy();
    let mut state = mock.get("/__admin/state").expect(200).json();
    let account = state["world"]["accounts"][0]["account"].clone();
    let plan = |leads: u64, events: u64| {
        json!({"seed": 1, "number": 1, "until": "2026-01-01T00:00:00Z", "leads": leads, "events": events,
            "account": {"id": account["id"], "sso_id": "s", "name": "A"},
            "flows": [{"id": FLOW, "name": "F", "source": {"id": "5d9a4b10940df5a34a3888c1", "name": "S"}, "price": 1, "steps": []}]})
    };
    for (leads, events, expected) in
        [(4_000_000_000, 4_000_000_000, "200000 leads at most"), (10, 3, "each of the 10 leads has at least one event")]
    {
        state["world"]["accounts"][0]["history"] = json!([plan(leads, events)]);
        let response = mock.put("/__admin/state", &state).expect(400);
        assert!(response.text.contains(expected), "{}", response.text);
    }
    state["world"]["accounts"][0]["history"] = json!([plan(3, 5)]);
    mock.put("/__admin/state", &state).expect(200);
}

#[test]
fn an_event_stream_that_is_not_read_ends_after_a_bounded_number_of_bytes() {
    let server = Process::start(2, &["--journal-entries-max", "0"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /__admin/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 64];
    assert!(stream.read(&mut first).unwrap() > 0);
    // Each event quotes the name four times: 40 events have 32 MB, of which 8 wait and a few are in the socket.
    let body = json!({"x".repeat(200_000): 1}).to_string();
    let mut wire = Wire::open(server.address);
    let began = Instant::now();
    for _ in 0..40 {
        ask(&mut wire, "POST /flows", &[("Content-Type", "application/json")], &body, 400);
    }
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    assert!(rest.len() < 20_000_000, "{} bytes", rest.len());
    // On a very busy machine the server may have given up the connection before that.
    let has_notice = rest.ends_with(b": closed, the client reads too slowly\n\n");
    assert!(has_notice || began.elapsed() > WRITE_WAIT, "{read:?}, {} bytes", rest.len());
}
