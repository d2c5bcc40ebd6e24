//! Faults that are added while the server runs, and the bytes that clients receive.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{HANG_GUARD, JANE, Mock, basic, read_all, read_response};

/// Adds a fault; returns its id.
fn add(mock: &Mock, fault: &str) -> String {
    mock.request("POST /__admin/faults", &[], fault).expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// Sends a request; returns all bytes that arrive, and how the connection ended.
fn exchange(mock: &Mock, target: &str) -> (Vec<u8>, Result<usize, ErrorKind>) {
    let mut socket = mock.socket();
    socket.write_all(request(target).as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).map_err(|error| error.kind());
    (bytes, end)
}

fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", basic(JANE))
}

/// Splits a response into head and body.
fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8(bytes[..end].to_vec()).unwrap(), bytes[end..].to_vec())
}

/// Whether the bytes are neither text nor a chunk size.
fn is_garbage(bytes: &[u8]) -> bool {
    (32..=96).contains(&bytes.len()) && bytes.iter().all(|byte| *byte >= 0x80)
}

#[test]
fn each_connection_fault_sends_the_documented_bytes() {
    let mock = Mock::healthy();
    let whole = mock.get("/user").expect(200).text;
    let fault = |name: &str| {
        mock.request("DELETE /__admin/faults", &[], "").expect(204);
        add(&mock, &format!(r#"{{"name": "f", "then": {{"fault": "{name}"}}}}"#));
    };

    fault("EMPTY_RESPONSE");
    assert_eq!(exchange(&mock, "/user"), (Vec::new(), Ok(0)));

    fault("CONNECTION_RESET_BY_PEER");
    assert_eq!(exchange(&mock, "/user"), (Vec::new(), Err(ErrorKind::ConnectionReset)));

    fault("RANDOM_DATA_THEN_CLOSE");
    let (bytes, end) = exchange(&mock, "/user");
    assert!(end.is_ok() && is_garbage(&bytes), "{bytes:?}");

    fault("MALFORMED_RESPONSE_CHUNK");
    let (bytes, end) = exchange(&mock, "/user");
    let (head, rest) = split(&bytes);
    assert!(end.is_ok() && is_garbage(&rest), "{rest:?}");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
    assert!(!head.contains("Content-Length"), "{head}");
    assert!(head.contains("X-Mock-Fault: MALFORMED_RESPONSE_CHUNK; rule=\"f\"\r\n"), "{head}");

    fault("TRUNCATED_BODY");
    let (bytes, end) = exchange(&mock, "/user");
    let (head, rest) = split(&bytes);
    assert!(end.is_ok() && head.contains(&format!("Content-Length: {}\r\n", whole.len())), "{head}");
    assert_eq!(rest, &whole.as_bytes()[..whole.len() / 2]);

    // The server still works, and the control API was never affected.
    mock.request("DELETE /__admin/faults", &[], "").expect(204);
    assert_eq!(mock.get("/user").expect(200).text, whole);
}

#[test]
fn a_hang_ends_at_its_limit() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.hang_ms_max = 400));
    add(&mock, r#"{"then": {"fault": "HANG", "work": "skipped"}}"#);
    let start = Instant::now();
    assert_eq!(exchange(&mock, "/user"), (Vec::new(), Ok(0)));
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
}

#[test]
fn random_data_depends_on_the_seed_only() {
    let garbage = |seed: u64| {
        let mock = Mock::start(MockServer::builder().seed(seed));
        add(&mock, "then: { fault: RANDOM_DATA_THEN_CLOSE }");
        exchange(&mock, "/user").0
    };
    let first = garbage(5);
    assert_eq!(garbage(5), first);
    assert_ne!(garbage(6), first);
}

/// The number in `delay=N`.
fn delay(label: &str) -> u64 {
    let number = label.strip_prefix("delay=").unwrap_or_else(|| panic!("{label}"));
    number.split(';').next().unwrap().parse().unwrap()
}

#[test]
fn delays_are_applied_and_depend_on_the_seed_only() {
    let rows = [
        ("delay: 40", 40, 40, false),
        ("delay: { ms: 30 }", 30, 30, false),
        ("delay: { type: fixed, ms: 0 }", 0, 0, false),
        ("delay: { type: uniform, lower_ms: 10, upper_ms: 60 }", 10, 60, true),
        ("delay: { type: lognormal, median_ms: 20, sigma: 0.5, max_ms: 80 }", 1, 80, true),
        ("delay: { type: lognormal, median_ms: 20, sigma: 3, max_ms: 25 }", 0, 25, false),
    ];
    for (terms, least, most, varies) in rows {
        let drawn = |seed: u64| {
            let mock = Mock::start(MockServer::builder().seed(seed));
            add(&mock, &format!("name: late\nthen: {{ {terms} }}"));
            let times = (0..5).map(|_| {
                let start = Instant::now();
                let response = mock.get("/user").expect(200);
                let ms = delay(response.fault());
                assert!(start.elapsed() >= Duration::from_millis(ms), "{terms}: {:?} of {ms}", start.elapsed());
                assert!((least..=most).contains(&ms), "{terms}: {ms}");
                ms
            });
            times.collect::<Vec<_>>()
        };
        let first = drawn(3);
        assert_eq!(drawn(3), first, "{terms}");
        if varies {
            assert_ne!(drawn(4), first, "{terms}");
            assert!(first.iter().any(|ms| *ms != first[0]), "{terms}: {first:?}");
        }
    }
}

#[test]
fn responses_can_be_throttled() {
    let mock = Mock::healthy();
    let whole = mock.get("/user").expect(200).text;
    for (then, least) in [
        ("drip: { chunks: 4, over_ms: 300 }", 300),
        ("drip: { chunks: 1, over_ms: 0 }", 0),
        ("delay: 100, drip: { chunks: 2, over_ms: 100 }", 200),
    ] {
        let id = add(&mock, &format!("{{ name: d, then: {{ {then} }} }}"));
        let mut socket = mock.socket();
        // Twice: the connection stays usable.
        for _ in 0..2 {
            let start = Instant::now();
            socket.write_all(request("/user").as_bytes()).unwrap();
            let response = read_response(&mut socket);
            assert!(
                response.ends_with(&whole) && start.elapsed() >= Duration::from_millis(least),
                "{then}: {response}"
            );
            assert!(response.contains("drip; rule=\"d\"\r\n"), "{response}");
        }
        mock.request(&format!("DELETE /__admin/faults/{id}"), &[], "").expect(204);
    }
    add(&mock, "{ name: s, then: { slow_headers: { chunks: 5, over_ms: 250 } } }");
    let start = Instant::now();
    let mut socket = mock.socket();
    socket.write_all(request("/user").as_bytes()).unwrap();
    let response = read_all(&mut socket);
    assert!(start.elapsed() >= Duration::from_millis(250));
    assert!(response.ends_with(&whole) && response.contains("slow_headers; rule=\"s\"\r\n"), "{response}");
}

#[test]
fn faults_can_be_added_listed_and_removed() {
    let mock = Mock::with_scenario(
        "own",
        "version: 1\nname: own\ndescription: A test.\nextends: healthy\nclock: '2026-01-15T09:00:00Z'\n\
         rules: [{ name: rule, then: { headers: { X-Rule: '1' } } }]\n",
    );
    assert_eq!(mock.get("/__admin/faults").expect(200).json(), json!({"faults": [], "meta": {"total": 0}}));
    let sent =
        json!({"name": "old", "when": {"operation": "get_user"}, "then": {"status": 503, "body": {"error": "old"}}});
    let first = mock.post("/__admin/faults", &sent).expect(201).json();
    assert_eq!(first, json!({"id": "fault-1", "rule": sent, "matched": 0, "applied": 0, "active": true}));
    let yaml = "# The newest is tried first.\nname: new\ntimes: 1\nttl_ms: 60000\nthen: { status: 502, body: { error: new } }\n";
    let second = mock.request("POST /__admin/faults", &[("content-type", "application/yaml")], yaml).expect(201).json();
    assert_eq!((&second["id"], &second["ends_at"]), (&json!("fault-2"), &json!("2026-01-15T09:01:00.000Z")));
    let statuses: Vec<u16> = ["/user", "/user", "/account"].map(|path| mock.get(path).status).into();
    assert_eq!(statuses, [502, 503, 200], "the newest, then the older one, then the scenario's rule");
    assert_eq!(mock.get("/account").fault(), "headers; rule=\"rule\"");
    let counts = |id: &str| {
        let shown = mock.get(&format!("/__admin/faults/{id}")).expect(200).json();
        (shown["matched"].as_u64().unwrap(), shown["applied"].as_u64().unwrap())
    };
    assert_eq!((counts("fault-1"), counts("fault-2")), ((1, 1), (4, 1)));
    let list = mock.get("/__admin/faults").json();
    assert_eq!((&list["faults"][0]["id"], &list["meta"]["total"]), (&json!("fault-2"), &json!(2)));

    let missing = mock.get("/__admin/faults/falt-1").expect(404).json();
    assert!(missing["detail"].as_str().unwrap().contains("did you mean `fault-1`?"), "{missing}");
    mock.request("DELETE /__admin/faults/fault-9", &[], "").expect(404);
    mock.request("DELETE /__admin/faults/fault-1", &[], "").expect(204);
    assert_eq!(mock.get("/user").expect(200).fault(), "headers; rule=\"rule\"", "the other keeps its counts");
    assert_eq!(counts("fault-2").1, 1);
    add(&mock, "then: { delay: 1 }");
    mock.request("DELETE /__admin/faults", &[], "").expect(204);
    assert_eq!(mock.get("/__admin/faults").json()["meta"]["total"], 0);
    assert_eq!(mock.get("/user").fault(), "headers; rule=\"rule\"");
}

#[test]
fn faults_belong_to_a_sandbox_and_expire_by_its_clock() {
    let mock = Mock::start(MockServer::builder().clock("2026-01-15T09:00:00Z".parse().unwrap()));
    mock.advance("1h");
    add(&mock, "{ name: short, ttl_ms: 5000, then: { headers: { X-A: '1' } } }");
    mock.request(
        "POST /__admin/faults",
        &[("x-mock-sandbox", "blue")],
        "{ name: blue, then: { headers: { X-B: '1' } } }",
    )
    .expect(201);
    let fault_in =
        |sandbox: &str| mock.request("GET /user", &[("x-mock-sandbox", sandbox)], "").expect(200).fault().to_owned();
    assert_eq!(["default", "blue", "green"].map(fault_in), ["headers; rule=\"short\"", "headers; rule=\"blue\"", ""]);
    mock.advance("4s");
    assert_eq!(fault_in("default"), "headers; rule=\"short\"");
    mock.advance("1s");
    assert_eq!(["default", "blue"].map(fault_in), ["", "headers; rule=\"blue\""]);
    mock.request("DELETE /__admin/faults", &[], "").expect(204);
    assert_eq!(fault_in("blue"), "headers; rule=\"blue\"", "only the faults of one sandbox are deleted");
}

#[test]
fn invalid_faults_return_diagnostics_with_a_position() {
    let rows = [
        ("", None, "the body is empty"),
        ("{}", Some("body:1:1"), "the rule has no effect: it has neither `then` nor `steps`"),
        ("5", Some("body:1:1"), "expected a map"),
        ("{\"then\": {\"statsu\": 503}}", Some("body:1:11"), "did you mean `status`?"),
        ("{\n\t\"then\": {\n\t\t\"statsu\": 503\n\t}\n}", Some("body:3:3"), "did you mean `status`?"),
        ("{\"then\": {\"status\": 503}", Some("body:1:1"), "this `{` is not closed"),
        ("then:\n  fault: EMPTY_RESPONS\n", Some("body:2:10"), "did you mean `EMPTY_RESPONSE`?"),
        (
            "when: { operation: lst_connections }\nthen: { delay: 5 }",
            Some("body:1:20"),
            "did you mean `list_connections`?",
        ),
        ("when: { operation: get_user }\nthen: { status: 404 }", Some("body:2:17"), "get_user has no response 404"),
        ("then: { body: { error: '{{ reqest.path }}' }, status: 503 }", Some("body:1:24"), "did you mean `request`?"),
        ("probability: 2\nthen: { delay: 5 }", Some("body:1:14"), "from 0 to 1"),
    ];
    let mock = Mock::healthy();
    for (body, position, word) in rows {
        let problem = mock.request("POST /__admin/faults", &[], body).expect(400).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{body}: {detail}");
        let diagnostic = problem["diagnostics"].as_array().and_then(|list| list[0].as_str()).unwrap_or_default();
        assert!(position.is_none_or(|position| diagnostic.starts_with(position)), "{body}: {diagnostic}");
    }
    let both = mock
        .request("POST /__admin/faults", &[], "{ times: 1, probability: 7, then: { times: 2 } }")
        .expect(400)
        .json();
    assert_eq!(both["diagnostics"].as_array().map(Vec::len), Some(3), "all diagnostics: {both}");
    assert_eq!(mock.get("/__admin/faults").json()["meta"]["total"], 0);
}

/// `+` for a complete list of connections, `-` for a degraded one.
fn list(mock: &Mock) -> char {
    let response = mock.get("/connections").expect(200);
    let rows = response.json().as_array().unwrap().len();
    match response.header("x-connections-degraded") {
        None => {
            assert_eq!(rows, 3, "{}", response.text);
            '+'
        }
        Some(word) => {
            assert_eq!((word, rows), ("true", 2), "{}", response.text);
            '-'
        }
    }
}

fn sso(terms: &str) -> Mock {
    Mock::with_scenario(
        "own",
        &format!(
            "version: 1\nname: own\ndescription: A test.\nextends: healthy\nclock: '2026-01-15T09:00:00Z'\nsso: {{ {terms} }}\n"
        ),
    )
}

#[test]
fn the_sso_service_can_be_slow_flapping_or_partial() {
    let mock = sso("status: slow, latency: 300");
    let start = Instant::now();
    assert_eq!(list(&mock), '+');
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    // An operation that does not need the service does not wait for it, however long it takes.
    sso(&format!("status: slow, latency: {}", 2 * HANG_GUARD.as_millis())).get("/account").expect(200);

    let times = |mock: &Mock, count: usize| (0..count).map(|_| list(mock)).collect::<String>();
    assert_eq!(times(&sso("status: flapping"), 4), "+-+-");
    let mock = sso("status: flapping, flapping: { calls: { up: 2, down: 1 } }");
    assert_eq!(times(&mock, 5), "++-++");
    mock.get("/account").expect(200);
    assert_eq!(times(&mock, 2), "-+", "only calls to the service count");
    mock.request("POST /__admin/reset", &[], "").expect(200);
    assert_eq!(times(&mock, 3), "++-");

    let mock = sso("status: flapping, flapping: { seconds: { up: 10, down: 5 } }");
    let by_second = (0..6).map(|_| {
        let found = list(&mock);
        assert_eq!(list(&mock), found, "the number of calls does not matter");
        mock.advance("4s");
        found
    });
    assert_eq!(by_second.collect::<String>(), "+++-++", "at 0, 4, 8, 12, 16 and 20 seconds");

    let repair = |mock: &Mock| {
        let body = r#"{"connection_id": "5d9a4c421d011c553e000004"}"#;
        mock.request("POST /connections", &[("key", crate::support::SUPERUSER)], body).status
    };
    let mock = sso("status: partial, operations: [repair_connection]");
    assert_eq!((list(&mock), repair(&mock)), ('+', 503));
    let mock = sso("status: partial, operations: [list_connections, account_sso_sync]");
    assert_eq!(
        (list(&mock), repair(&mock), list_again(&mock)),
        ('-', 201, 3),
        "the repaired row is stored by LeadConduit"
    );
    mock.post("/account_sso_sync", &json!({})).expect(503);
}

fn list_again(mock: &Mock) -> usize {
    let rows: Value = mock.get("/connections").expect(200).json();
    rows.as_array().unwrap().len()
}
