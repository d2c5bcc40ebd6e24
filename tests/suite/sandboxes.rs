//! Several sandboxes: they are isolated, a scenario switch is atomic, and their number is bounded.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use leadconduit_mock::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{HANG_GUARD, JANE, Mock, TestResponse, wait_until};
use crate::wire::{Process, Wire, authorization};

const CLIENTS: usize = 64;
const ROUNDS: usize = 16;

/// A client with its own sandbox, and the expected state of that sandbox.
struct Client {
    wire: Wire,
    number: usize,
    name: String,
    prefix: String,
    headers: Vec<(&'static str, String)>,
    scenario: &'static str,
    /// The number of requests to the sandbox since its start.
    requests: usize,
    credentials: Vec<String>,
}

impl Client {
    fn new(number: usize, address: std::net::SocketAddr) -> Self {
        let name = format!("box-{number}");
        let mut prefix = String::new();
        let headers = match number % 5 {
            0 => vec![("X-Mock-Sandbox", name.clone())],
            1 => vec![("Cookie", format!("a=b; mock_sandbox={name}"))],
            2 => vec![("Authorization", authorization(&format!("API+{name}"), JANE))],
            3 => vec![("Authorization", authorization("API", &format!("{JANE}+{name}")))],
            _ => {
                prefix = format!("/__sandbox/{name}");
                Vec::new()
            }
        };
        let wire = Wire::open(address);
        Self { wire, number, name, prefix, headers, scenario: "healthy", requests: 0, credentials: Vec::new() }
    }

    #[track_caller]
    fn request(&mut self, status: u16, method: &str, path: &str, body: Option<&Value>) -> TestResponse {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = self.wire.request(method, &format!("{}{path}", self.prefix), &headers, body).expect(status);
        self.requests += 1;
        assert_eq!(response.header("x-mock-sandbox"), Some(self.name.as_str()));
        assert_eq!(response.header("x-mock-request-id"), Some(self.requests.to_string().as_str()), "{method} {path}");
        response
    }

    /// Sends a call that restarts the sandbox. The call itself still belongs to the previous state. Only a reset restarts
    /// the numbers of requests, because a switch keeps the journal.
    fn restart(&mut self, method: &str, path: &str, body: Option<&Value>, scenario: &'static str) {
        self.request(200, method, path, body);
        self.scenario = scenario;
        if method == "POST" {
            self.requests = 0;
        }
        self.credentials.clear();
    }

    #[track_caller]
    fn list(&mut self) -> TestResponse {
        let response = self.request(200, "GET", "/credentials", None);
        assert_eq!(response.header("x-mock-scenario"), Some(self.scenario));
        assert_eq!(response.header("x-mock-fault"), None);
        let rows = response.json();
        let names = rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap());
        let mut names: Vec<&str> = names.filter(|name| name.starts_with("box-")).collect();
        names.sort_unstable();
        assert_eq!(names, self.credentials);
        response
    }

    #[track_caller]
    fn expect_clock(&mut self, at: Timestamp) {
        let date = self.request(200, "GET", "/user", None).header("date").unwrap().to_owned();
        assert_eq!(date, at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }

    fn round(&mut self, round: usize) {
        let name = format!("{} {round:02}", self.name);
        let body =
            json!({"name": name, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
        let id = self.request(201, "POST", "/credentials", Some(&body)).json()["id"].as_str().unwrap().to_owned();
        self.credentials.push(name);
        self.list();
        if round % 2 == 1 {
            self.request(200, "DELETE", &format!("/credentials/{id}"), None);
            self.credentials.pop();
            self.list();
        }
        let fault = json!({
            "name": format!("fault-of-{}", self.name),
            "when": {"operation": "list_credentials"},
            "then": {"status": 503, "headers": {"Retry-After": self.number.to_string()}, "body": {"error": "busy"}},
            "times": 1,
        });
        self.request(201, "POST", "/__admin/faults", Some(&fault));
        let busy = self.request(503, "GET", "/credentials", None);
        assert_eq!(busy.header("retry-after"), Some(self.number.to_string().as_str()));
        assert!(busy.header("x-mock-fault").unwrap().contains(&format!("fault-of-{}", self.name)));
        self.list();
        // A time that no other client uses.
        let at: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        let at = at + SignedDuration::from_secs((self.number * 1000 + round).try_into().unwrap());
        self.request(200, "PUT", "/__admin/clock", Some(&json!({"freeze": at.to_string()})));
        self.expect_clock(at);
        self.request(200, "PUT", "/__admin/clock", Some(&json!({"advance": "90d"})));
        self.expect_clock(at + SignedDuration::from_hours(90 * 24));
        match round % 4 {
            0 => {
                let scenario = if self.scenario == "healthy" { "sso-outage" } else { "healthy" };
                self.restart("PUT", "/__admin/scenario", Some(&json!({"name": scenario})), scenario);
            }
            2 => self.restart("POST", "/__admin/reset", None, self.scenario),
            _ => return,
        }
        let response = self.list();
        assert!(!response.header("date").unwrap().contains("2030"), "the clock is reset too");
        assert_eq!(self.request(200, "GET", "/__admin/faults", None).json()["meta"]["total"], 0);
    }
}

#[test]
fn sandboxes_are_isolated_under_concurrent_requests() {
    let server = Process::start(4, &[]);
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let address = server.address;
            scope.spawn(move || {
                let mut client = Client::new(number, address);
                (0..ROUNDS).for_each(|round| client.round(round));
            });
        }
    });
    let mut wire = Wire::open(server.address);
    let rows = wire.request("GET", "/credentials", &[], None).expect(200);
    assert!(!rows.text.contains("box-"), "the default sandbox has no documents of the others");
    let list = wire.request("GET", "/__admin/sandboxes", &[], None).expect(200).json();
    assert_eq!((&list["meta"]["total"], &list["sandboxes"][0]["requests"]), (&json!(CLIENTS + 1), &json!(2)));
}

/// A scenario whose name is also the name of the account and the value of a header that a rule sets.
fn colour_scenario(name: &str) -> String {
    format!(
        "version: 1\nname: {name}\ndescription: everything is {name}\nextends: healthy\n\
         world:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2, name: {name} }}\n\
         rules:\n  - name: mark-{name}\n    when: {{ operation: get_account }}\n    then: {{ headers: {{ X-Rule: {name} }} }}\n"
    )
}

#[test]
fn a_scenario_switch_is_atomic() {
    const CONCURRENT_CLIENTS: usize = 200;
    const REQUESTS_PER_CLIENT: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    for name in ["red", "blue"] {
        std::fs::write(folder.path().join(format!("{name}.yaml")), colour_scenario(name)).unwrap();
    }
    let server = Process::start(4, &["--scenarios", folder.path().to_str().unwrap(), "--scenario", "red"]);
    let (seen, running) = ([AtomicUsize::new(0), AtomicUsize::new(0)], AtomicBool::new(true));
    let switches = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let switcher = scope.spawn(|| {
            let mut wire = Wire::open(server.address);
            while running.load(Ordering::Relaxed) {
                let name = ["blue", "red"][switches.load(Ordering::Relaxed) % 2];
                wire.request("PUT", "/__admin/scenario", &[], Some(&json!({"name": name}))).expect(200);
                switches.fetch_add(1, Ordering::Relaxed);
            }
        });
        let clients: Vec<_> = (0..CONCURRENT_CLIENTS)
            .map(|number| {
                let (seen, switches, address) = (&seen, &switches, server.address);
                scope.spawn(move || {
                    let mut wire = Wire::open(address);
                    let enough = || {
                        let [red, blue] = seen.each_ref().map(|count| count.load(Ordering::Relaxed));
                        red > 100 && blue > 100 && switches.load(Ordering::Relaxed) > 20
                    };
                    let start = Instant::now();
                    // On a busy machine more requests than usual may be handled between two switches.
                    for number_of_request in 0.. {
                        if number_of_request >= REQUESTS_PER_CLIENT && enough() {
                            break;
                        }
                        assert!(start.elapsed() < 5 * HANG_GUARD, "{seen:?} in {switches:?} switches");
                        // Reads and writes: a write must not go to a world that was replaced.
                        let (method, body) = match number % 4 {
                            0 => ("PUT", Some(json!({"data_retention_in_days": 30}))),
                            _ => ("GET", None),
                        };
                        let response = wire.request(method, "/account", &[], body.as_ref()).expect(200);
                        let scenario = response.header("x-mock-scenario").unwrap();
                        assert_eq!(response.json()["name"], scenario, "{method}");
                        if method == "GET" {
                            assert_eq!(response.header("x-rule"), Some(scenario));
                            assert!(response.header("x-mock-fault").is_none_or(|fault| fault.contains(scenario)));
                        }
                        seen[usize::from(scenario == "blue")].fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let results: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        running.store(false, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok), "a client received a mixture of both scenarios");
        switcher.join().unwrap();
    });
}

/// The names of the existing sandboxes.
fn names(wire: &mut Wire) -> Vec<String> {
    let list = wire.request("GET", "/__admin/sandboxes", &[], None).expect(200).json();
    let all = list["sandboxes"].as_array().unwrap();
    all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_least_recently_used_sandbox_is_removed_first_and_logged() {
    let server = Process::start(2, &["--sandboxes-max", "4"]);
    let mut wire = Wire::open(server.address);
    let mut touch = |name: &str| wire.request("GET", &format!("/__sandbox/{name}/user"), &[], None).expect(200);
    for name in ["a", "b", "c", "a", "d", "b"] {
        touch(name);
    }
    // `d` replaced `b`, the least recently used; then a new `b` replaced `c`.
    assert_eq!(names(&mut wire), ["default", "a", "b", "d"]);
    let log = server.log_with("sandbox c removed");
    assert!(log.contains("sandbox b removed") && !log.contains("sandbox a"), "{log}");
}

#[test]
fn idle_sandboxes_are_removed_except_the_default() {
    let server = Process::start(2, &["--sandbox-idle-ms-max", "300"]);
    let mut wire = Wire::open(server.address);
    let settings = json!({"notifications": {}});
    for prefix in ["", "/__sandbox/a"] {
        wire.request("POST", &format!("{prefix}/user_settings"), &[], Some(&settings)).expect(201);
    }
    // Listing the sandboxes uses the default sandbox only.
    let list = RefCell::new(&mut wire);
    let listed = || names(&mut list.borrow_mut());
    wait_until("the removal of sandbox a", || listed() == ["default"], || format!("{:?}", listed()));
    // The sandbox is created again, without its stored settings; the default sandbox still has its settings.
    wire.request("POST", "/__sandbox/a/user_settings", &[], Some(&settings)).expect(201);
    wire.request("POST", "/user_settings", &[], Some(&settings)).expect(409);
    server.log_with("sandbox a reset: idle for more than 300 ms");
}

#[test]
fn ten_thousand_sandboxes_that_were_read_use_little_memory() {
    let server = Process::start(2, &[]);
    let mut wire = Wire::open(server.address);
    wire.request("GET", "/connections", &[], None).expect(200);
    let before = server.resident();
    for number in 1..10_000 {
        wire.request("GET", "/connections", &[("X-Mock-Sandbox", &format!("box-{number}"))], None).expect(200);
    }
    let grown = server.resident().saturating_sub(before) / 1_000_000;
    assert_eq!(names(&mut wire).len(), 10_000, "no sandbox was removed");
    println!("10,000 sandboxes: {grown} MB");
    assert!(grown < 60, "{grown} MB");
}

#[test]
fn sandboxes_share_cached_responses_until_they_are_changed() {
    let mock = Mock::healthy();
    let caches = || mock.get("/__admin/health").expect(200).json()["usage"]["response_caches"]["count"].clone();
    let list = |sandbox: &str| mock.get(&format!("/__sandbox/{sandbox}/credentials")).expect(200).json();
    let first = list("a");
    assert_eq!((list("b"), list("c"), caches()), (first.clone(), first.clone(), json!(1)));
    // A write, a fault, another clock or another status of the service: from then on a sandbox has its own responses.
    let credential =
        json!({"name": "x", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
    let created = mock.post("/__sandbox/b/credentials", &credential).expect(201).json();
    assert_eq!(list("b").as_array().unwrap().last(), Some(&created));
    assert_eq!((list("a"), list("c"), caches()), (first.clone(), first.clone(), json!(2)));
    mock.put("/__sandbox/c/__admin/sso", &json!({"status": "down"})).expect(200);
    assert_eq!((list("c"), list("d"), caches()), (first.clone(), first.clone(), json!(3)));
    // Sandboxes that were reset share responses too, of the world as it is generated at that time.
    for sandbox in ["b", "d"] {
        mock.post(&format!("/__sandbox/{sandbox}/__admin/reset"), &json!({})).expect(200);
    }
    let reset = list("b");
    assert_eq!(reset.as_array().unwrap().len(), first.as_array().unwrap().len());
    assert_eq!((list("d"), list("a"), caches()), (reset, first, json!(3)));
}
