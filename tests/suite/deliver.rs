//! Real deliveries of leads to recipients on this machine, which the tests provide.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use leadconduit_mock::internals::DELIVER_TIMEOUT_MS_MAX;
use leadconduit_mock::{MockServer, Settings};
use serde_json::{Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, events, kinds, merge, outcome_of, recipient, rules, scenario_with, submit};
use crate::support::{ClosedPort, HANG_GUARD, Mock};

/// The request line of a request that the test itself makes to a recipient.
const SENTINEL: &str = "GET /sentinel HTTP/1.1";

/// A request that a recipient received.
pub struct ReceivedRequest {
    pub line: String,
    /// The request line and the headers.
    pub head: String,
    /// How many calls of a mock led to the request.
    depth: Option<String>,
    pub body: String,
}

impl ReceivedRequest {
    fn form(&self) -> Value {
        let mut form = json!({});
        for (name, value) in form_urlencoded::parse(self.body.as_bytes()) {
            form[name.as_ref()] = value.into();
        }
        form
    }
}

/// A recipient that responds with a status and JSON, and returns the requests that it received.
pub struct Listener {
    pub url: String,
    received: Receiver<ReceivedRequest>,
}

impl Listener {
    pub fn start(mut respond: impl FnMut(usize, &ReceivedRequest) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/leads", listener.local_addr().unwrap());
        let (sender, received) = channel();
        std::thread::spawn(move || {
            for count in 0.. {
                let Ok((mut socket, _)) = listener.accept() else { return };
                let request = read(&mut socket);
                let (status, body) = if request.line == SENTINEL { (200, json!({})) } else { respond(count, &request) };
                // A text is sent as it is.
                let (media_type, body) = match body {
                    Value::String(text) => ("text/xml", text),
                    body => ("application/json", body.to_string()),
                };
                let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nX-Token: abc\r\n");
                let _ = write!(socket, "{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = socket.shutdown(Shutdown::Write);
                let _ = socket.read(&mut [0; 64]);
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { url, received }
    }

    pub fn responding(response: Value) -> Self {
        Self::start(move |_, _| (200, response.clone()))
    }

    pub fn next(&self) -> ReceivedRequest {
        self.received.recv_timeout(HANG_GUARD).expect("the recipient receives a request")
    }

    /// Fails when the recipient received a request that the test has not read. Stopping the mock completes its calls, and
    /// a recipient accepts connections in order, so the request that is sent here must be the next one.
    #[track_caller]
    pub fn received_nothing_more(&self, mock: Mock) {
        drop(mock);
        let address = self.url.trim_start_matches("http://").trim_end_matches("/leads");
        let mut socket = TcpStream::connect(address).unwrap();
        write!(socket, "{SENTINEL}\r\nHost: x\r\n\r\n").unwrap();
        crate::support::read_all(&mut socket);
        drop(socket);
        let next = self.next();
        assert_eq!(next.line, SENTINEL, "{}", next.body);
    }
}

fn read(socket: &mut TcpStream) -> ReceivedRequest {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let depth = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("x-mock-outbound").then(|| value.to_owned())
                });
                let line = head.lines().next().unwrap().to_owned();
                return ReceivedRequest { line, head: head.to_owned(), depth, body: body.to_owned() };
            }
        }
        let length = socket.read(&mut chunk).unwrap();
        assert!(length > 0, "the request ends too early: {text}");
        bytes.extend_from_slice(&chunk[..length]);
    }
}

pub fn start(flow: Value, change: impl FnOnce(&mut Settings)) -> Mock {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario_with(flow, json!({})).to_string()).unwrap();
    let configure = |settings: &mut Settings| {
        // The recipients of these tests respond, but on a busy machine that may take a while.
        settings.limits.deliver_timeout_ms = DELIVER_TIMEOUT_MS_MAX;
        change(settings);
    };
    Mock::start(MockServer::builder().scenarios(folder.path()).scenario("own").configure(configure))
}

pub fn start_with_deliveries(flow: Value) -> Mock {
    start(flow, |settings| settings.delivery.is_enabled = true)
}

/// A step that delivers to a URL, with more mappings as pairs of property and value.
fn step(id: &str, url: &str, mappings: &[(&str, &str)], more: Value) -> Value {
    let rows = [("url", url)].into_iter().chain(mappings.iter().copied());
    let rows: Vec<Value> = rows.map(|(property, value)| json!({"property": property, "value": value})).collect();
    let mut step = recipient(id, json!({"integration": {"mappings": rows}}));
    merge(&mut step, more);
    step
}

#[test]
fn delivery_requests_match_the_vendors_module() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let mappings = [
        ("lead.state", "Texas"),
        ("default.custom.partner", "P {{lead.first_name}}"),
        ("event_id", "{{event_id}}"),
        ("api_token", "secret-1"),
    ];
    let pricing = json!({"pricing": {"prices": [{"id": "a00001", "amount": 7.5}]}});
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &mappings, pricing)]}));
    let lead = json!({"first_name": "Ann", "phone_1": "(512) 555-0142", "email": "Ann@Example.com"});
    let result = submit(&mock, &lead);
    assert_eq!(outcome_of(&result), ("success", "", 0.0));
    let received = listener.next();
    assert_eq!(received.line, "POST /leads HTTP/1.1");
    let events = events(&mock, &result);
    assert_eq!(kinds(&events), [("recipient", "success"), ("source", "success")]);
    let event = &events[0];
    assert_eq!(
        received.form(),
        json!({
            "id": result["lead"]["id"], "first_name": "Ann", "phone_1": "5125550142", "email": "ann@example.com",
            "state": "TX", "partner": "P Ann", "event_id": event["id"], "api_token": "secret-1", "price": "7.5",
        })
    );
    let call = &event["transactions"][0];
    assert_eq!((&call["request"]["method"], &call["request"]["uri"]), (&json!("POST"), &json!(listener.url)));
    let recorded = call["request"]["body"].as_str().unwrap();
    assert!(recorded.contains("first_name=Ann&") && recorded.contains("api_token=***"), "{recorded}");
    assert_eq!((&call["response"]["status"], &call["response"]["status_text"]), (&json!(200), &json!("OK")));
    assert_eq!(call["response"]["body"], r#"{"outcome":"success"}"#);
    assert_eq!(call["response"]["headers"]["x-token"], "***");
    assert_eq!(event["vars"].get("url"), None, "mappings are not variables");
    assert!(events.iter().map(|event| event["id"].as_str().unwrap()).is_sorted());
    assert!(events[0]["id"].as_str() > result["lead"]["id"].as_str());
}

#[test]
fn the_response_decides_the_outcome_and_is_available_to_later_steps() {
    let pricing = json!({"pricing": {"override": true}});
    let filter = json!({"id": "cc0001", "type": "filter", "outcome": "failure", "reason": "{{outbound.ticket.code}}",
                        "rule_set": rules("outbound.ticket.code", "is equal to", json!("T-1"))});
    for (response, outcome, reason, sale) in [
        (json!({"outcome": "success", "price": "$21.50", "ticket": {"code": "T-1"}}), "success", "", 21.5),
        (
            json!({"outcome": "failure", "reason": "full", "price": 3, "ticket": {"code": "T-1"}}),
            "failure",
            "full",
            0.0,
        ),
        (json!({"outcome": "error", "ticket": {"code": "T-1"}}), "error", "", 0.0),
        (json!({"outcome": "maybe"}), "error", "Unrecognized outcome: maybe", 0.0),
        (json!({"message": "what?"}), "error", "what?", 0.0),
    ] {
        let listener = Listener::responding(response.clone());
        let mock =
            start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &[], pricing.clone()), filter]}));
        let result = submit(&mock, &json!({"state": "TX"}));
        let events = events(&mock, &result);
        let event = &events[0];
        assert_eq!((&event["outcome"], &event["reason"]), (&json!(outcome), &json!(reason)), "{response}");
        assert_eq!(event["sale_price"].as_f64(), Some(sale), "{response}");
        assert_eq!(event["outbound"].get("ticket"), response.get("ticket"));
        let stopped = response.get("ticket").is_some();
        assert_eq!(outcome_of(&result).1, if stopped { "T-1" } else { "" }, "{response}");
        assert_eq!(listener.next().line, "POST /leads HTTP/1.1");
        listener.received_nothing_more(mock);
    }
}

#[test]
fn a_busy_recipient_is_retried() {
    let listener =
        Listener::start(|count, _| if count < 2 { (503, json!({})) } else { (201, json!({"outcome": "success"})) });
    let mock =
        start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &[], json!({"retry_enabled": true}))]}));
    let result = submit(&mock, &json!({"state": "TX"}));
    let events = events(&mock, &result);
    assert_eq!(kinds(&events), [("recipient", "success"), ("source", "success")]);
    assert!(events[0]["wait_ms"].as_i64().unwrap() >= 300, "the pauses before both retries");
    let bodies: Vec<String> = (0..3).map(|_| listener.next().body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    listener.received_nothing_more(mock);
}

#[test]
fn an_error_outcome_is_retried_as_a_separate_delivery() {
    let listener = Listener::start(|count, _| (200, json!({"outcome": if count == 0 { "error" } else { "success" }})));
    let mappings = [("event_id", "{{event_id}}")];
    let retried = json!({"retry_enabled": true});
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &mappings, retried)]}));
    let result = submit(&mock, &json!({"state": "TX"}));
    let events = events(&mock, &result);
    assert_eq!(kinds(&events), [("recipient", "error"), ("retry", "success"), ("source", "success")]);
    for event in &events[..2] {
        assert_eq!(listener.next().form()["event_id"], event["id"]);
    }
}

#[test]
fn an_unreachable_recipient_is_an_error_and_the_flow_continues() {
    let reserved = ClosedPort::reserve();
    let closed = reserved.address();
    let url = format!("http://{closed}/leads?key=1");
    let listener = Listener::responding(json!({"outcome": "success"}));
    let steps = json!({"steps": [step("bb0001", &url, &[], json!({})), step("bb0002", &listener.url, &[], json!({}))]});
    let mock = start(steps, |settings| {
        settings.delivery.is_enabled = true;
        settings.limits.deliver_retries = 0;
    });
    let result = submit(&mock, &json!({"state": "TX"}));
    let events = events(&mock, &result);
    assert_eq!(kinds(&events), [("recipient", "error"), ("recipient", "success"), ("source", "success")]);
    let reason = events[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with(&format!("http://{closed}/leads was not reached: Connection refused")), "{reason}");
    assert_eq!(events[0].get("transactions"), None);
    listener.next();
}

#[test]
fn a_recipient_timeout_is_an_error() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mock = start(json!({"steps": [step("bb0001", &url, &[], json!({}))]}), |settings| {
        settings.delivery.is_enabled = true;
        settings.limits.deliver_retries = 0;
        settings.limits.deliver_timeout_ms = 200;
    });
    let result = submit(&mock, &json!({"state": "TX"}));
    let reason = events(&mock, &result)[0]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, format!("delivery to {url} failed: no response within 200 ms"));
    let exchange = &mock.get("/__admin/requests?operation=submit_lead&limit=1").json()["requests"][0];
    assert!(exchange["took_us"].as_u64() >= Some(200_000), "the wait is part of the time: {exchange}");
}

#[test]
fn deliveries_to_other_machines_are_simulated() {
    let urls = ["http://192.0.2.7/leads", "https://127.0.0.1/leads", "http://buyer.example.com/leads"];
    let steps: Vec<Value> =
        urls.iter().enumerate().map(|(at, url)| step(&format!("bb000{at}"), url, &[], json!({}))).collect();
    let mock = start_with_deliveries(json!({"steps": steps}));
    let result = submit(&mock, &json!({"state": "TX"}));
    let events = events(&mock, &result);
    assert_eq!(kinds(&events)[..3], [("recipient", "success"); 3]);
    for (event, url) in events.iter().zip(urls) {
        let call = &event["transactions"][0];
        assert_eq!(call["request"]["uri"], url, "the URI of the simulated request");
        assert_eq!((&call["response"]["status"], &call["ms"]), (&json!(200), &event["ms"]));
        assert_eq!(call["response"]["body"], r#"{"outcome":"success"}"#);
    }
}

#[test]
fn recipients_are_called_by_submissions_with_enabled_deliveries_only() {
    let listener = Listener::responding(json!({"outcome": "failure"}));
    let flow = json!({"steps": [step("bb0001", &listener.url, &[], json!({}))]});
    let off = start(flow.clone(), |_| {});
    let result = submit(&off, &json!({"state": "TX"}));
    assert_eq!(kinds(&events(&off, &result))[0], ("recipient", "success"));
    let on = start_with_deliveries(flow);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let request = json!({"method": "POST", "path": path, "headers": {"Content-Type": "application/json"}, "body": {"state": "TX"}});
    let explanation = on.post("/__admin/explain", &request).expect(200).json();
    let reply = &explanation["reply"];
    assert_eq!((&reply["status"], &reply["body"]["outcome"]), (&json!(201), &json!("success")));
    let preference = [("key", ""), ("prefer", "scenario=sso-outage")];
    on.request(&format!("POST {path}"), &preference, r#"{"state":"TX"}"#).expect(201);
    on.post(&format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/ping"), &json!({"state": "TX"}));
    let trigger = submit(&on, &json!({"email": "a@recipient-failure.example"}));
    assert_eq!(kinds(&events(&on, &trigger))[0], ("recipient", "failure"));
    drop(off);
    listener.received_nothing_more(on);
}

#[test]
fn feedback_accepts_the_delivered_event_id() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let accepts_feedback = json!({"feedback": {"integration": {"module_id": "leadconduit-standard.inbound.feedback"}}});
    let mappings = [("event_id", "{{event_id}}")];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &mappings, accepts_feedback)]}));
    submit(&mock, &json!({"state": "TX"}));
    let id = listener.next().form()["event_id"].as_str().unwrap().to_owned();
    let response = mock.request(&format!("POST /feedback?event_id={id}"), &[("key", "")], r#"{"type":"conversion"}"#);
    assert_eq!(response.expect(201).json()["outcome"], "success");
}

#[test]
fn a_recipient_can_send_requests_to_the_mock_during_a_delivery() {
    let own = std::sync::Arc::new(std::sync::OnceLock::<Mock>::new());
    let client = std::sync::Arc::clone(&own);
    let listener = Listener::start(move |_, _| {
        let mock = client.get().unwrap();
        let events = mock.get("/events?type=recipient&limit=1").expect(200).json();
        mock.put("/user/settings/seen", &json!({}));
        mock.post(&format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/ping"), &json!({}));
        (200, json!({"outcome": "success", "seen": events.as_array().unwrap().len()}))
    });
    let flow = json!({"steps": [step("bb0001", &listener.url, &[], json!({}))]});
    let mock = own.get_or_init(|| start_with_deliveries(flow));
    // Raw sockets, because the recipient uses the client of the mock.
    let lead = "state=TX";
    let request = format!(
        "POST /flows/{TEST_FLOW}/sources/{SUMMIT}/submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{lead}",
        lead.len()
    );
    let responses: Vec<String> = std::thread::scope(|scope| {
        let many: Vec<_> = (0..8).map(|_| scope.spawn(|| mock.raw(request.as_bytes()))).collect();
        many.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for response in &responses {
        assert!(response.starts_with("HTTP/1.1 201 ") && response.contains(r#""outcome":"success""#), "{response}");
    }
    let stored = mock.get("/events?type=recipient&limit=100").expect(200).json();
    let own: Vec<&Value> =
        stored.as_array().unwrap().iter().filter(|event| event["vars"]["flow"]["id"] == TEST_FLOW).collect();
    let mut ids: Vec<&str> = own.iter().map(|event| event["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8, "all ids are distinct");
    let state = mock.get("/__admin/state").expect(200).json();
    assert!(state["world"].is_object());
}

#[test]
fn caps_and_statistics_count_each_delivery_once() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let cap = json!({"caps": [{
        "id": "66d0c0de940df5a34a38a0c9", "type": "volume", "name": "Two a day", "maximum": 2, "duration": 1,
        "duration_units": "day", "created_at": "2024-08-29T18:58:54.000Z",
    }]});
    let two = [step("bb0001", &listener.url, &[], cap), step("bb0002", &listener.url, &[], json!({}))];
    let mock = start_with_deliveries(json!({"steps": two}));
    let results: Vec<Value> = (0..3).map(|_| submit(&mock, &json!({"state": "TX"}))).collect();
    let outcomes: Vec<Vec<Value>> = results
        .iter()
        .map(|result| events(&mock, result).iter().map(|event| event["outcome"].clone()).collect())
        .collect();
    assert_eq!(outcomes[..2], [vec![json!("success"); 3], vec![json!("success"); 3]]);
    assert_eq!(outcomes[2], [json!("skip"), json!("success"), json!("success")]);
    for _ in 0..5 {
        listener.next();
    }
    let stored = mock.get("/events?limit=1000").expect(200).json();
    let own = stored.as_array().unwrap().iter().filter(|event| event["vars"]["flow"]["id"] == TEST_FLOW).count();
    assert_eq!(own, 9, "an operation that runs again stores its events once");
    listener.received_nothing_more(mock);
}

#[test]
fn events_are_written_to_the_firehose() {
    let listener = Listener::responding(json!({}));
    let firehose = json!({"credential_id": "5fd4371e940df5a34a3888d1", "bucket": "acme-events", "prefix": "leads/", "enabled": true});
    let base = listener.url.replace("/leads", "/s3");
    let mut flow = json!({"firehose": firehose, "steps": [recipient("bb0001", json!({}))]});
    let on = |settings: &mut Settings| settings.delivery.firehose_url = Some(base.clone());
    let mock = start(flow.clone(), on);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    mock.post("/__admin/explain", &json!({"method": "POST", "path": path, "body": {"state": "TX"}})).expect(200);
    let result = submit(&mock, &json!({"state": "TX"}));
    let stored = events(&mock, &result);
    let lead = result["lead"]["id"].as_str().unwrap();
    let mut received = [listener.next(), listener.next()];
    received.sort_by(|one, other| one.line.cmp(&other.line));
    for (file, event) in received.iter().zip(&stored) {
        assert_eq!(event["firehose"], firehose);
        let name = event["id"].as_str().unwrap();
        assert_eq!(file.line, format!("PUT /s3/acme-events/leads/{lead}/{name}.json HTTP/1.1"));
        assert_eq!(serde_json::from_str::<Value>(&file.body).unwrap(), *event);
    }
    listener.received_nothing_more(mock);
    flow["firehose"]["enabled"] = false.into();
    let mock = start(flow, on);
    let result = submit(&mock, &json!({"state": "TX"}));
    assert_eq!(events(&mock, &result)[0].get("firehose"), None);
    listener.received_nothing_more(mock);
}

/// A store of files that submits a lead for each file, as a function behind a bucket can.
#[test]
fn firehose_files_that_lead_to_further_leads_end() {
    let address = std::sync::Arc::new(std::sync::OnceLock::<std::net::SocketAddr>::new());
    let mock_address = std::sync::Arc::clone(&address);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let listener = Listener::start(move |_, file| {
        let mut socket = TcpStream::connect(mock_address.get().unwrap()).unwrap();
        let depth = file.depth.as_deref().expect("the mock marks its own calls");
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Mock-Outbound: {depth}\r\n");
        write!(socket, "{head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n").unwrap();
        write!(socket, "Connection: close\r\n\r\nstate=TX").unwrap();
        let response = crate::support::read_all(&mut socket);
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        (200, json!({}))
    });
    let firehose = json!({"credential_id": "5fd4371e940df5a34a3888d1", "bucket": "acme-events", "enabled": true});
    let base = listener.url.clone();
    let mock = start(json!({"firehose": firehose, "steps": []}), |settings| {
        settings.delivery.firehose_url = Some(base);
    });
    address.set(mock.server.address()).unwrap();
    submit(&mock, &json!({"state": "TX"}));
    let depths: Vec<Option<String>> = (0..4).map(|_| listener.next().depth).collect();
    assert_eq!(depths, ["1", "2", "3", "4"].map(|depth| Some(depth.to_owned())));
    let stored = mock.get("/events?limit=1000").expect(200).json();
    let own = stored.as_array().unwrap().iter().filter(|event| event["vars"]["flow"]["id"] == TEST_FLOW).count();
    assert_eq!(own, 5, "the last lead is stored, and its event is not written");
    listener.received_nothing_more(mock);
}

#[test]
fn a_reset_during_a_delivery_fails_the_request_without_a_second_delivery() {
    let address = std::sync::Arc::new(std::sync::OnceLock::<std::net::SocketAddr>::new());
    let mock_address = std::sync::Arc::clone(&address);
    let listener = Listener::start(move |_, _| {
        let mut socket = TcpStream::connect(mock_address.get().unwrap()).unwrap();
        socket
            .write_all(
                b"POST /__admin/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            )
            .unwrap();
        let response = crate::support::read_all(&mut socket);
        assert!(response.starts_with("HTTP/1.1 20"), "{response}");
        (200, json!({"outcome": "success"}))
    });
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", &listener.url, &[], json!({}))]}));
    address.set(mock.server.address()).unwrap();
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let response = mock.post(&path, &json!({"state": "TX"})).expect(503);
    assert!(
        response.text.contains("the sandbox was reset or switched while a lead was delivered"),
        "{}",
        response.text
    );
    listener.next();
    let stored = mock.get("/events?limit=1000").expect(200).json();
    assert!(stored.as_array().unwrap().iter().all(|event| event["vars"]["flow"]["id"] != TEST_FLOW));
    listener.received_nothing_more(mock);
}

#[test]
fn an_allowed_host_is_called_and_get_sends_the_lead_as_query() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let mappings = [("method", "get"), ("default.custom.key", "k 1")];
    let url = format!("{}?a=1", listener.url.replace("127.0.0.1", "localhost"));
    let mock = start(json!({"steps": [step("bb0001", &url, &mappings, json!({}))]}), |settings| {
        settings.delivery.is_enabled = true;
        settings.delivery.allowed_hosts = vec!["localhost".parse().unwrap()];
    });
    let result = submit(&mock, &json!({"state": "TX"}));
    let id = result["lead"]["id"].as_str().unwrap();
    assert_eq!(listener.next().line, format!("GET /leads?a=1&id={id}&state=TX&key=k+1&price=0 HTTP/1.1"));
    let event = &events(&mock, &result)[0];
    assert_eq!(event["transactions"][0]["request"]["method"], "GET");
}
