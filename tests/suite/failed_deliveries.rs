//! Deliveries without a response, and recipients that are simulated although deliveries are on: what events, traces,
//! explanations and the log say about them.

use std::io::Read as _;
use std::net::TcpListener;

use leadconduit_mock::Settings;
use serde_json::{Value, json};

use crate::deliver::{Listener, start, start_with_deliveries};
use crate::lead_flow::{SUMMIT, TEST_FLOW, events, kinds, recipient, scenario_with, submit};
use crate::log::Server;
use crate::recipient_modules::flow_with_destination;
use crate::support::Mock;
use crate::wire::{Wire, request};

const STANDARD: &str = "leadconduit-default.outbound";

const JSON: &str = "leadconduit-custom.outbound.json";

const PORT: &str = "the port is not valid; write a number from 1 to 65535";

/// URLs that are never called, and why.
const REFUSED: [(&str, &str); 9] = [
    ("http://localhost:99999/leads", PORT),
    ("http://localhost:90OO/leads", PORT),
    ("http://localhost:0/leads", PORT),
    (
        "http://amy:hush-4711-hush@localhost:9000/leads",
        "user names in URLs are not supported; remove the part before @",
    ),
    ("https://127.0.0.1:9000/leads", "https is not supported; write an http URL of the recipient"),
    ("http://0.0.0.0:9000/leads", "host 0.0.0.0 is not allowed; see --deliver-allow"),
    ("http://169.254.169.254/latest", "host 169.254.169.254 is not allowed; see --deliver-allow"),
    ("http://example.com/", "host example.com is not allowed; see --deliver-allow"),
    ("http://buyer.example:81/", "port 81 of host buyer.example is not allowed; see --deliver-allow"),
];

fn step(id: &str, module: &str, url: &str, mappings: &[(&str, &str)]) -> Value {
    let rows = [("url", url)].into_iter().chain(mappings.iter().copied());
    let rows: Vec<Value> = rows.map(|(property, value)| json!({"property": property, "value": value})).collect();
    recipient(id, json!({"integration": {"module_id": module, "mappings": rows}}))
}

fn refused_steps() -> Value {
    let steps = REFUSED.iter().enumerate().map(|(at, (url, _))| step(&format!("bb000{at}"), STANDARD, url, &[]));
    json!({"steps": steps.collect::<Vec<_>>()})
}

fn explained(mock: &Mock) -> String {
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    mock.post("/__admin/explain", &json!({"method": "POST", "path": path, "body": {"state": "TX"}})).expect(200).text
}

#[test]
fn a_recipient_that_cannot_be_called_is_marked_as_simulated() {
    let configure = |settings: &mut Settings| {
        settings.delivery.is_enabled = true;
        settings.delivery.allowed_hosts = vec!["buyer.example:80".parse().unwrap()];
    };
    let mock = start(refused_steps(), configure);
    let result = submit(&mock, &json!({"state": "TX"}));
    let id = result["lead"]["id"].as_str().unwrap();
    let trace = mock.get(&format!("/__admin/leads/{id}/trace")).expect(200).text;
    let exchange = mock.get("/__admin/requests?operation=submit_lead&limit=1").expect(200).text;
    let explained = explained(&mock);
    let found = events(&mock, &result);
    for ((url, why), event) in REFUSED.iter().zip(&found) {
        assert_eq!(event["outcome"], "success", "{url}");
        let call = &event["transactions"][0];
        assert_eq!(call["response"]["headers"]["X-Mock-Simulated"], *why, "{url}: {event}");
        assert!(!call.to_string().contains("hush"), "{call}");
        assert!(trace.contains(why), "{url}: {trace}");
        for text in [&exchange, &explained] {
            assert!(text.contains(&format!("success (simulated: {why})")), "{url}: {text}");
        }
    }
    let uri = |at: usize| &found[at]["transactions"][0]["request"]["uri"];
    assert_eq!(uri(7), "http://example.com/");
    assert_eq!(uri(1), "about:invalid", "the schema allows only valid URLs");
    // A result that was asked for, and a server without deliveries, simulate every recipient.
    let forced = events(&mock, &submit(&mock, &json!({"email": "a@recipient-failure.example"})));
    let off = start(refused_steps(), |_| {});
    let others = events(&off, &submit(&off, &json!({"state": "TX"})));
    assert_eq!((kinds(&forced)[0], kinds(&others)[0]), (("recipient", "failure"), ("recipient", "success")));
    for event in forced.iter().chain(&others) {
        assert!(!event.to_string().contains("X-Mock-Simulated"), "{event}");
    }
}

#[test]
fn a_configured_outcome_of_a_recipient_that_cannot_be_called_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = json!({"recipients": [{"id": "all", "response": {"content_type": "text/plain", "body": "no"}}]});
    let steps = json!({"steps": [step("bb0001", JSON, "http://example.com/", &[("json_property.a", "1")])]});
    std::fs::write(folder.path().join("own.yaml"), scenario_with(steps, outcomes).to_string()).unwrap();
    let builder = leadconduit_mock::MockServer::builder().scenarios(folder.path()).scenario("own");
    let mock = Mock::start(builder.configure(|settings| settings.delivery.is_enabled = true));
    let event = &events(&mock, &submit(&mock, &json!({"state": "TX"})))[0];
    let response = &event["transactions"][0]["response"];
    assert_eq!(response["body"], "no");
    assert_eq!(response["headers"]["X-Mock-Simulated"], "host example.com is not allowed; see --deliver-allow");
}

#[test]
fn each_reason_for_a_simulated_recipient_is_logged_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario_with(refused_steps(), json!({})).to_string()).unwrap();
    let scenarios = folder.path().to_str().unwrap();
    let server = Server::start(&["--scenarios", scenarios, "--scenario", "own", "--deliver"], &[]);
    let mut wire = Wire::open(server.address);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    for _ in 0..2 {
        let response = wire.exchange(&request("POST", &path, &[], Some(r#"{"state":"TX"}"#)));
        assert!(format!("{response:?}").contains("201"), "{response:?}");
    }
    let log = server.stop();
    for why in [PORT, REFUSED[3].1, "host example.com is not allowed; see --deliver-allow"] {
        let line = format!("a recipient is simulated although deliveries are on: {why}");
        assert_eq!(log.matches(&line).count(), 1, "{log}");
    }
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn a_destination_that_cannot_be_called_is_marked() {
    let mock = start_with_deliveries(flow_with_destination("http://example.com/hook", json!([])));
    submit(&mock, &json!({"state": "TX"}));
    let note = "action `Add Lead`: simulated: host example.com is not allowed; see --deliver-allow";
    let exchange = mock.get("/__admin/requests?operation=submit_lead&limit=1").expect(200).text;
    for text in [exchange, explained(&mock)] {
        assert!(text.contains(note), "{text}");
    }
}

/// A recipient that reads the beginning of each request, and closes the connection.
fn start_closing_recipient() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let _ = socket.read(&mut [0; 4096]);
        }
    });
    format!("http://{address}")
}

#[test]
fn a_delivery_without_a_response_has_a_transaction_with_its_request() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let large = Listener::responding(json!({"outcome": "success", "text": "x".repeat(2_000)}));
    let secret = "zq7-value-in-path";
    let rows = [
        (format!("http://{}/leads", silent.local_addr().unwrap()), "no response within 200 ms"),
        (large.url.clone(), "the response is larger than 1000 bytes"),
        (format!("{}/token/{secret}/leads?key=1", start_closing_recipient()), ""),
    ];
    for (url, expected) in rows {
        let flow = json!({"steps": [step("bb0001", JSON, &url, &[("json_property.state", "{{lead.state}}")])]});
        let mock = start(flow, |settings| {
            settings.delivery.is_enabled = true;
            settings.limits.deliver_retries = 0;
            settings.limits.deliver_body_bytes_max = 1_000;
            if expected.starts_with("no response") {
                settings.limits.deliver_timeout_ms = 200;
            }
        });
        let result = submit(&mock, &json!({"state": "TX"}));
        let mut event = events(&mock, &result).swap_remove(0);
        event.as_object_mut().unwrap().shift_remove("mappings");
        let shown = url.replace(secret, "***").replace("?key=1", "");
        let reason = event["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("delivery to {shown} failed: {expected}")), "{reason}");
        assert_eq!(event["outcome"], "error");
        let call = &event["transactions"][0];
        assert_eq!(call["request"]["body"], r#"{"state":"TX"}"#, "{event}");
        assert_eq!((call["response"].get("status"), &call["response"]["body"]), (None, &json!("")), "{event}");
        assert_eq!(call["ms"], event["ms"]);
        let exchange = mock.get("/__admin/requests?operation=submit_lead&limit=1").expect(200).text;
        let texts = [event.to_string(), exchange];
        assert!(texts.iter().all(|text| !text.contains(secret)), "{texts:?}");
    }
}

#[test]
fn a_request_that_cannot_be_sent_has_no_transaction() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let mappings = [("header.X-Broken", "a\u{1}b"), ("json_property.a", "1")];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", JSON, &listener.url, &mappings)]}));
    let event = &events(&mock, &submit(&mock, &json!({"state": "TX"})))[0];
    assert_eq!(event["reason"], format!("{} was not called: the header X-Broken cannot be sent", listener.url));
    assert_eq!(event.get("transactions"), None);
    listener.received_nothing_more(mock);
}

#[test]
fn headers_that_are_not_sent_are_not_in_the_transaction() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let mappings = [
        ("header.Host", "other.example"),
        ("header.Transfer-Encoding", "chunked"),
        ("header.Connection", "X-Own"),
        ("header.X-Mock-Outbound", "other"),
        ("header.X-Own", "1"),
        ("json_property.a", "1"),
    ];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", JSON, &listener.url, &mappings)]}));
    let event = &events(&mock, &submit(&mock, &json!({"state": "TX"})))[0];
    let sent = listener.next().head;
    let recorded = event["transactions"][0]["request"]["headers"].as_object().unwrap();
    assert_eq!(recorded.get("X-Own"), Some(&json!("1")));
    for (name, value) in recorded {
        let line = format!("{}: {}", name.to_ascii_lowercase(), value.as_str().unwrap());
        assert!(sent.lines().any(|sent| sent == line), "{line} is not in {sent}");
    }
    for name in ["Host", "Transfer-Encoding", "Connection", "X-Mock-Outbound"] {
        assert_eq!(recorded.get(name), None);
    }
}
