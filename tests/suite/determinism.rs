//! Determinism: the same seed and the same requests give the same bytes; another seed gives others.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::json;

use crate::support::{ACME, GLOBEX, INVITATION, JANE, Mock, SSO_ONLY, SUPERUSER};
use crate::wire::{Process, Wire, authorization, request};

/// The responses to a list of requests: every header and body, including dates and request ids.
fn transcript(seed: u64) -> String {
    let mock = Mock::start(MockServer::builder().seed(seed).clock("2026-03-01T12:00:00Z".parse().unwrap()));
    let mut text = String::new();
    let credential =
        json!({"name": "x", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
    let mut send = |key: &str, method: Method, path: &str, body: Option<&serde_json::Value>| {
        let response = mock.call(key, method, path, body);
        let _ = writeln!(text, "{} {:?} {}", response.status, response.headers, response.text);
    };
    for _ in 0..5 {
        send(JANE, Method::POST, "/credentials", Some(&credential));
        send(JANE, Method::GET, "/credentials", None);
        send(JANE, Method::POST, "/onboards", Some(&json!({"invitation_id": INVITATION})));
        send(JANE, Method::POST, "/invitations/source", Some(&json!({"email": "a@example.com"})));
        send(JANE, Method::POST, "/onboard/buyer", Some(&json!({"invitation_id": INVITATION})));
        send(SUPERUSER, Method::POST, "/connections", Some(&json!({"connection_id": SSO_ONLY})));
        send(JANE, Method::GET, "/connections", None);
        send(JANE, Method::GET, "/account", None);
        send(JANE, Method::GET, "/nowhere", None);
    }
    text
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(transcript(7), transcript(7));
}

#[test]
fn another_seed_gives_other_bytes() {
    assert_ne!(transcript(7), transcript(8));
}

#[test]
fn cached_responses_equal_fresh_ones() {
    // The same reads from one server and from a fresh one: the response cache must not be observable.
    let clock = "2026-03-01T12:00:00Z".parse().unwrap();
    let mock = Mock::start(MockServer::builder().clock(clock));
    let fresh = Mock::start(MockServer::builder().clock(clock));
    for path in
        ["/account", "/user", "/connections", "/connections?relationship_type=seller", "/credentials", "/onboards"]
    {
        let first = mock.get(path);
        assert_eq!(first.text, mock.get(path).text, "{path}");
        assert_eq!(first.text, fresh.get(path).text, "{path}");
    }
    let other = mock.call(crate::support::GLOBEX, Method::GET, "/account", None);
    assert_ne!(other.text, mock.get("/account").text, "responses are cached per caller");
}

/// Rules with probabilities, delays, a gate and headers.
const RULES: &str = "
version: 1
name: lively
description: rules with chance
extends: healthy
rules:
  - name: sometimes-busy
    when: { operation: [list_credentials, get_user] }
    probability: 0.3
    then: { status: 503, body: { error: busy } }
  - name: sometimes-late
    when: { operation: list_connections }
    probability: 0.2
    then: { delay: { type: uniform, lower_ms: 0, upper_ms: 2 } }
  - name: every-fourth
    gate: true
    when: { path: /account, call: { every: 4 } }
    then: { headers: { X-Fourth: 'yes' } }
";

/// 5,000 requests, the same in every run, by sandbox.
fn recorded() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut last = 7u64;
    let mut draw = |below: usize| {
        last = last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(last >> 33).unwrap() % below
    };
    let fault = |status: usize| json!({"then": {"status": status, "body": {"error": "e"}}, "times": 2, "probability": 0.5, "when": {"operation": "get_account"}});
    let mut recorded: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for number in 0..5_000 {
        let key = authorization("API", [JANE, JANE, JANE, ACME, SUPERUSER, GLOBEX, "wrong"][draw(7)]);
        let sandbox = ["default", "a", "b", "c"][draw(4)];
        let credential =
            json!({"name": number, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
        let named = json!({"name": format!("n{number}"), "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
        let (method, path, body, preference) = match draw(100) {
            0..8 => ("POST", "/credentials", Some(named), None),
            8..10 => ("POST", "/credentials", Some(credential), None),
            10..15 => ("POST", "/onboards", Some(json!({"invitation_id": INVITATION})), None),
            15..20 => ("POST", "/invitations/source", Some(json!({"email": format!("a{number}@example.com")})), None),
            20..24 => ("POST", "/connections", Some(json!({"connection_id": SSO_ONLY})), None),
            24..28 => ("PUT", "/account", Some(json!({"data_retention_in_days": draw(90)})), None),
            28..40 => ("GET", "/credentials", None, None),
            40..50 => ("GET", "/connections", None, None),
            50..60 => ("GET", "/account", None, None),
            60..70 => ("GET", "/user", None, None),
            70..74 => ("GET", "/nowhere", None, None),
            74..76 => ("PATCH", "/account", None, None),
            76..79 => ("GET", "/account", None, Some("code=200, dynamic=true")),
            79..81 => ("GET", "/connections", None, Some("scenario=sso-outage")),
            81..83 => ("GET", "/user", None, Some("code=401")),
            83..84 => ("GET", "/account", None, Some("colour=red")),
            84..88 => ("POST", "/__admin/faults", Some(fault([500, 503, 429][draw(3)])), None),
            88..89 => ("GET", "/__admin/faults", None, None),
            89..91 => ("PUT", "/__admin/clock", Some(json!({"advance": "90s"})), None),
            91..92 => ("GET", "/__admin/state", None, None),
            92..93 => ("POST", "/__admin/snapshots/one", None, None),
            93..94 => ("POST", "/__admin/snapshots/one/restore", None, None),
            94..95 => ("POST", "/__admin/reset", None, None),
            95..96 => ("PUT", "/__admin/scenario", Some(json!({"name": (["lively", "sso-outage"][draw(2)])})), None),
            96..97 => ("PUT", "/__admin/scenario", Some(json!({"name": "livly"})), None),
            97..98 => ("DELETE", "/__admin/faults", None, None),
            _ => ("HEAD", "/account", None, None),
        };
        let mut headers = vec![("Authorization", key.as_str()), ("X-Mock-Sandbox", sandbox)];
        headers.extend(preference.map(|preference| ("Prefer", preference)));
        let request = request(method, path, &headers, body.map(|body| body.to_string()).as_deref());
        recorded.entry(sandbox).or_default().push(request);
    }
    recorded
}

#[test]
fn two_processes_respond_to_the_same_requests_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lively.yaml"), RULES).unwrap();
    let serve = |workers, seed| {
        let folder = folder.path().to_str().unwrap();
        let own = ["--scenarios", folder, "--scenario", "lively", "--clock", "2026-03-01T12:00:00Z", "--seed", seed];
        Process::start(workers, &own)
    };
    let servers = [serve(1, "7"), serve(2, "7"), serve(2, "8")];
    // What happens in a sandbox does not change the responses of another, so that each has a thread.
    let recorded = recorded();
    let transcripts = std::thread::scope(|scope| {
        let threads: Vec<_> = recorded
            .values()
            .map(|requests| {
                let mut wires = servers.each_ref().map(|server| Wire::open(server.address));
                scope.spawn(move || {
                    requests.iter().map(|request| wires.each_mut().map(|wire| wire.exchange(request))).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<Vec<[(String, Vec<u8>); 3]>>>()
    });
    let (mut statuses, mut differing, mut faults) = (BTreeMap::new(), 0, 0);
    for (request, [one, two, other]) in recorded.values().flatten().zip(transcripts.iter().flatten()) {
        assert!(one == two, "{}:\n{one:?}\n{two:?}", String::from_utf8_lossy(request));
        *statuses.entry(one.0[9..12].to_owned()).or_insert(0) += 1;
        differing += usize::from(one != other);
        faults += usize::from(one.0.contains("X-Mock-Fault"));
    }
    // The list must exercise much of the server.
    for status in ["200", "201", "400", "401", "404", "405", "503"] {
        assert!(statuses.get(status).is_some_and(|count| *count > 30), "{status}: {statuses:?}");
    }
    assert!(differing > 500 && faults > 250, "{differing} differ, {faults} have a fault");
}
