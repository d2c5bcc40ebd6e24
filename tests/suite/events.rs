//! Server-sent events: of one sandbox or of all, their content, and slow subscribers.

use std::io::Write as _;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{JANE, Mock, WRITE_WAIT, read_all};
use crate::wire::{Wire, request};

/// Opens an event stream, and returns when the subscription has started.
pub fn listen(mock: &Mock, target: &str) -> Wire {
    let mut wire = Wire::open(mock.server.address());
    wire.send(&request("GET", target, &[], None));
    while wire.line() != ": listening\n" {}
    wire.line();
    wire
}

/// The next events, as pairs of kind and data.
fn next(wire: &mut Wire, count: usize) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    while events.len() < count {
        let kind = wire.line();
        if kind == ": keep-alive\n" {
            wire.line();
            continue;
        }
        let Some(kind) = kind.strip_prefix("event: ") else { panic!("{kind:?} after {events:?}") };
        let data = wire.line();
        events.push((kind.trim().to_owned(), serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()));
        assert_eq!(wire.line(), "\n");
    }
    events
}

#[test]
fn a_subscriber_can_receive_the_events_of_all_sandboxes() {
    let mock = Mock::healthy();
    let (mut all, mut own) = (listen(&mock, "/__admin/events?sandbox=*"), listen(&mock, "/__admin/events"));
    mock.get("/__sandbox/a/user").expect(200);
    mock.put("/__sandbox/b/__admin/scenario", &json!({"name": "sso-outage"})).expect(200);
    mock.get("/connections").expect(200);
    let received: Vec<_> =
        next(&mut all, 3).into_iter().map(|(kind, data)| format!("{kind} of {}", data["sandbox"])).collect();
    assert_eq!(received, ["exchange of \"a\"", "switch of \"b\"", "exchange of \"default\""]);
    let (kind, data) = next(&mut own, 1).remove(0);
    assert_eq!((&*kind, &data["operation"]), ("exchange", &json!("list_connections")));
    for (query, words) in [("sandbox=a", "X-Mock-Sandbox"), ("sandbx=*", "did you mean `sandbox`?")] {
        let refused = mock.get(&format!("/__admin/events?{query}")).expect(400);
        assert!(refused.text.contains(words), "{}", refused.text);
    }
}

#[test]
fn violations_and_applied_faults_are_separate_events() {
    let mock = Mock::healthy();
    let fault = json!({"name": "slow", "when": {"operation": "get_account"}, "then": {"delay": 5}, "times": 1});
    let mut wire = listen(&mock, "/__admin/events");
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get(&format!("/account?fields={JANE}")).expect(200);
    mock.post("/connections", &json!({"connection_id": 7})).expect(400);
    mock.get("/account").expect(200);
    let events = next(&mut wire, 6);
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds[0], "fault");
    let rest = &kinds[1..];
    assert!(
        rest.starts_with(&["exchange"]) && rest.contains(&"fault_applied") && rest.contains(&"violation"),
        "{kinds:?}"
    );
    let of = |kind: &str| &events.iter().rfind(|(other, _)| other == kind).unwrap().1;
    assert_eq!(of("fault_applied")["applied_rules"], json!([{"rule": "slow", "effects": ["delay=5"]}]));
    assert_eq!(
        (&of("fault_applied")["operation"], &of("fault_applied")["delay_ms"]),
        (&json!("get_account"), &json!(5))
    );
    let violation = of("violation");
    assert_eq!((&violation["status"], &violation["operation"]), (&json!(400), &json!("repair_connection")));
    assert_eq!(violation["violations"][0]["location"], "/body/connection_id");
    let (_, exchange) = &events[1];
    assert_eq!((&exchange["delay_ms"], &exchange["query"]), (&json!(5), &json!("fields=***")));
    assert!(exchange["took_us"].is_u64(), "{exchange}");
    assert_eq!(exchange["applied_rules"], json!([{"rule": "slow", "effects": ["delay=5"]}]));
}

#[test]
fn a_slow_subscriber_is_disconnected_without_delaying_requests() {
    let mock = Mock::healthy();
    let start = Instant::now();
    let mut slow = mock.socket();
    slow.write_all(&request("GET", "/__admin/events?sandbox=*", &[], None)).unwrap();
    let mut reader = listen(&mock, "/__sandbox/quiet/__admin/events");
    let mut wire = Wire::open(mock.server.address());
    // Long paths fill the buffers of the connection that is not read; later events do not fit.
    let long = request("GET", &format!("/{}", "x".repeat(60_000)), &[], None);
    for _ in 0..200 {
        assert!(wire.exchange(&long).0.starts_with("HTTP/1.1 404"));
    }
    let short = request("GET", "/user", &[], None);
    // More events than a subscriber can lag behind.
    for _ in 0..170 {
        wire.send(&short.repeat(100));
        (0..100).for_each(|_| assert!(wire.read_response(false).0.starts_with("HTTP/1.1 200")));
    }
    mock.get("/__sandbox/quiet/user").expect(200);
    assert_eq!(next(&mut reader, 1)[0].0, "exchange", "other subscribers still receive events");
    let received = read_all(&mut slow);
    // On a very busy machine the server may have given up the connection before the client reads.
    let has_notice = received.ends_with("\n\n: closed, the client reads too slowly\n\n");
    assert!(has_notice || start.elapsed() > WRITE_WAIT, "{}", &received[received.len().saturating_sub(300)..]);
    // A new subscriber receives events of all sandboxes.
    mock.get("/user").expect(200);
    assert_eq!(next(&mut listen_again(&mock), 1)[0].0, "exchange");
}

fn listen_again(mock: &Mock) -> Wire {
    let wire = listen(mock, "/__admin/events?sandbox=*");
    mock.get("/user").expect(200);
    wire
}
