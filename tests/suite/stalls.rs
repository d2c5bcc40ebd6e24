//! A request that waits or computes for long does not hold up other requests. The tests count; they measure no time.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use http::Method;
use leadconduit_mock::{MockServer, Settings};

use serde_json::{Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, events, kinds, recipient, scenario_with, submit};
use crate::support::{HANG_GUARD, JANE, Mock, basic, read_response, wait_until};

fn start(scenario: &Value, change: impl FnOnce(&mut Settings)) -> Mock {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario.to_string()).unwrap();
    Mock::start(MockServer::builder().scenarios(folder.path()).scenario("own").configure(change))
}

/// A step that delivers to a URL.
fn delivery_to(url: &str) -> Value {
    recipient("bb0001", json!({"integration": {"mappings": [{"property": "url", "value": url}]}}))
}

/// Sends a submission on a connection of its own, and leaves the response unread.
fn begin_submission(mock: &Mock, lead: &str) -> TcpStream {
    let mut socket = mock.socket();
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json");
    write!(socket, "{head}\r\nContent-Length: {}\r\n\r\n{lead}", lead.len()).unwrap();
    socket
}

fn usage(mock: &Mock, resource: &str, name: &str) -> u64 {
    mock.get("/__admin/health").expect(200).json()["usage"][resource][name].as_u64().unwrap()
}

#[test]
fn leads_that_wait_for_a_silent_recipient_hold_up_no_other_request() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/leads", silent.local_addr().unwrap());
    let mock = start(&scenario_with(json!({"steps": [delivery_to(&url)]}), json!({})), |settings| {
        settings.delivery.is_enabled = true;
        settings.limits.deliver_timeout_ms = 60_000;
        settings.limits.deliver_retries = 0;
        settings.limits.deliver_calls_max = 4;
        settings.limits.deliver_waiting_max = 20;
        settings.limits.drain_ms_max = 0;
    });
    let mut waiting: Vec<TcpStream> = (0..24).map(|_| begin_submission(&mock, "{}")).collect();
    let count = |name: &str| usage(&mock, "deliveries", name);
    wait_until("24 deliveries", || count("running") + count("waiting") == 24, || count("waiting").to_string());
    assert_eq!((count("running"), count("running_max"), count("waiting_max")), (4, 4, 20));
    // Beyond the queue, the recipient is not called.
    let result = submit(&mock, &json!({}));
    let found = events(&mock, &result);
    assert_eq!(kinds(&found)[0], ("recipient", "error"));
    let reason = found[0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("4 deliveries are running and 20 are waiting, which is the maximum"), "{reason}");
    // Reads, writes and control calls, in the same sandbox and in another one.
    for _ in 0..25 {
        mock.get("/connections").expect(200);
        mock.get("/__sandbox/other/connections").expect(200);
        mock.post("/user_settings", &json!({"notifications": {}}));
        mock.put("/__sandbox/other/__admin/clock", &json!({"advance": "1s"})).expect(200);
    }
    assert_eq!(count("running") + count("waiting"), 24, "every lead still waits");
    // The lead is stored when its recipient has failed, even when the source has disconnected.
    drop(waiting.split_off(1));
    drop(silent);
    let first = read_response(&mut waiting[0]);
    assert!(first.starts_with("HTTP/1.1 201"), "{first}");
    wait_until("no delivery", || count("running") == 0, || count("running").to_string());
    let sources = || {
        let found = mock.get("/events?type=source&limit=1000").expect(200).json();
        found.as_array().unwrap().iter().filter(|event| event["vars"]["flow"]["id"] == TEST_FLOW).count()
    };
    wait_until("25 leads", || sources() == 25, || sources().to_string());
}

#[test]
fn a_flow_that_delivers_to_itself_ends_with_an_error_event() {
    let mock = start(&scenario_with(json!({"steps": [delivery_to("{{lead.first_name}}")]}), json!({})), |settings| {
        settings.delivery.is_enabled = true;
        settings.limits.deliver_timeout_ms = 60_000;
    });
    let url = format!("{}/flows/{TEST_FLOW}/sources/{SUMMIT}/submit", mock.server.url());
    submit(&mock, &json!({"first_name": url}));
    let found = mock.get("/events?type=recipient&limit=100").expect(200).json();
    let found: Vec<&Value> =
        found.as_array().unwrap().iter().filter(|event| event["vars"]["flow"]["id"] == TEST_FLOW).collect();
    assert_eq!(found.len(), 5, "four deliveries, and the event of the one that was not made: {found:#?}");
    let errors: Vec<&str> = found.iter().filter_map(|event| event["reason"].as_str()).collect();
    let refused: Vec<&&str> = errors.iter().filter(|reason| reason.starts_with("not sent: ")).collect();
    assert_eq!(
        refused,
        [&"not sent: 4 deliveries in a row led to this lead, which is the maximum; a recipient's URL is probably the \
           submission URL of its own flow"]
    );
}

#[test]
fn a_computation_that_takes_too_long_gets_a_problem_that_states_the_limit() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.compute_ms_max = 0));
    for _ in 0..10 {
        mock.get("/connections").expect(200);
    }
    let problem = mock.post("/__admin/requests/find", &json!({})).expect(503);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    let detail = problem.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("the request used more than 0 ms of processor time, which is the limit; "), "{detail}");
    assert!(detail.ends_with("or raise --compute-ms-max"), "{detail}");
    mock.get("/connections").expect(200);
}

/// A template that takes long: it searches the first name with a pattern that backtracks.
const LONG_TEMPLATE: &str = r#"{{extract lead.first_name pattern="(?:(a|aa)+(?<!c)c|a+b)"}}"#;

/// A first name for it.
fn long_name() -> String {
    "aaaaaaaaaaaaaaaaab ".repeat(200)
}

/// A flow that computes for long in the rules of its filters.
fn long_flow(filters: usize) -> Value {
    let rule = json!({"lhv": LONG_TEMPLATE, "op": "is equal to", "rhv": "x"});
    let step = |number: usize| {
        json!({
            "id": format!("cc{number:04}"), "type": "filter", "outcome": "failure", "reason": "no",
            "rule_set": {"op": "or", "rules": vec![rule.clone(); 50]},
        })
    };
    json!({"steps": (0..filters).map(step).collect::<Vec<_>>()})
}

#[test]
fn a_long_computation_holds_up_no_other_request() {
    let mock = start(&scenario_with(long_flow(10), json!({})), |settings| {
        settings.limits.compute_ms_max = 20_000;
        settings.limits.drain_ms_max = 0;
    });
    let lead = json!({"first_name": long_name()}).to_string();
    let mut sockets: Vec<TcpStream> = (0..2).map(|_| begin_submission(&mock, &lead)).collect();
    let running = || usage(&mock, "computations", "running");
    wait_until("two computations", || running() == 2, || running().to_string());
    for number in 0..5 {
        mock.get("/connections").expect(200);
        mock.get("/__sandbox/other/connections").expect(200);
        mock.call(JANE, Method::GET, &format!("/__sandbox/new-{number}/account"), None).expect(200);
        mock.post("/__admin/requests/count", &json!({})).expect(200);
    }
    assert_eq!(running(), 2, "both leads still compute");
    // The server is dropped while they compute; nothing waits for them.
    for socket in &mut sockets {
        socket.set_read_timeout(Some(HANG_GUARD)).unwrap();
    }
    drop(mock);
    let mut rest = Vec::new();
    let _ = sockets[0].read_to_end(&mut rest);
}

#[test]
fn rules_of_events_and_of_statistics_that_compute_for_long_hold_up_no_other_request() {
    let mock = start(&scenario_with(json!({"fields": ["first_name"]}), json!({})), |settings| {
        settings.limits.compute_ms_max = 20_000;
        settings.limits.drain_ms_max = 0;
    });
    for _ in 0..40 {
        submit(&mock, &json!({"first_name": long_name()}));
    }
    let rule = json!({"lhv": LONG_TEMPLATE, "op": "is not equal to", "rhv": "x"});
    let events = json!({"rules": vec![&rule; 100]}).to_string();
    let rules: Vec<String> = (0..20)
        .map(|_| format!("rule={}", form_urlencoded::byte_serialize(rule.to_string().as_bytes()).collect::<String>()))
        .collect();
    let span = "start=2000-01-01T00:00:00Z&end=2099-01-01T00:00:00Z";
    let statistics = format!("/events/stats?{span}&column=source-submitted&{}", rules.join("&"));
    let sockets: Vec<TcpStream> = [("POST", "/events", &*events), ("GET", &*statistics, "")]
        .into_iter()
        .map(|(method, target, body)| {
            let mut socket = mock.socket();
            let (key, length) = (basic(JANE), body.len());
            let headers = "Host: x\r\nContent-Type: application/json\r\nAccept: application/json";
            let head = format!("{method} {target} HTTP/1.1\r\n{headers}\r\nAuthorization: {key}");
            write!(socket, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
            socket
        })
        .collect();
    let running = || usage(&mock, "computations", "running");
    wait_until("two computations", || running() == 2, || running().to_string());
    for _ in 0..3 {
        mock.get("/connections").expect(200);
        submit(&mock, &json!({"first_name": "Ann"}));
        mock.get("/events?limit=1").expect(200);
    }
    assert_eq!(running(), 2, "both queries still compute");
    drop(mock);
    drop(sockets);
}
