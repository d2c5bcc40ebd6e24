//! The control API: conformance of every call to its document, errors, and access.

use leadconduit_mock::internals::CompiledSchema;
use leadconduit_mock::{MockServer, SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{ACME, JANE, Mock, TestResponse};
use crate::wire::{Wire, authorization};

/// A server and a connection to it.
pub struct Control {
    pub mock: Mock,
    pub wire: Wire,
    document: Value,
}

impl Control {
    pub fn start(builder: leadconduit_mock::MockServerBuilder) -> Self {
        let mock = Mock::start(builder);
        let mut wire = Wire::open(mock.server.address());
        let document = wire.request("GET", "/__admin/admin-openapi.json", &[], None).expect(200).json();
        Self { mock, wire, document }
    }

    pub fn healthy() -> Self {
        Self::start(MockServer::builder())
    }

    /// A control call. The response is validated against the document.
    #[track_caller]
    pub fn call(&mut self, status: u16, method: &str, path: &str, body: Option<&Value>) -> TestResponse {
        let response = self.wire.request(method, &format!("/__admin{path}"), &[], body).expect(status);
        let paths = self.document["paths"].as_object().unwrap();
        let bare = path.split('?').next().unwrap();
        let pattern = paths.keys().filter(|pattern| matches_pattern(pattern, &format!("/__admin{bare}")));
        let item = &paths[pattern.min_by_key(|pattern| pattern.contains('{')).unwrap()];
        let described = &item[method.to_lowercase()]["responses"][status.to_string()];
        let described = match described["$ref"].as_str() {
            Some(pointer) => self.document.pointer(&pointer[1..]).unwrap(),
            None => described,
        };
        assert!(described.is_object(), "{method} {path} {status} is not in the document");
        let Some(content) = described["content"].as_object() else {
            assert_eq!(response.text, "");
            return response;
        };
        let (media_type, content) = content.iter().next().unwrap();
        assert!(response.header("content-type").unwrap().starts_with(media_type.as_str()));
        assert_valid(&self.document, &content["schema"], &response.json());
        response
    }

    pub fn get(&mut self, path: &str) -> Value {
        self.call(200, "GET", path, None).json()
    }

    pub fn put(&mut self, path: &str, body: Value) -> Value {
        self.call(200, "PUT", path, Some(&body)).json()
    }

    pub fn post(&mut self, status: u16, path: &str, body: Value) -> Value {
        self.call(status, "POST", path, Some(&body)).json()
    }

    fn state(&mut self) -> String {
        self.call(200, "GET", "/state", None).text
    }

    /// A call of the LeadConduit API, as Jane.
    #[track_caller]
    pub fn jane(&mut self, status: u16, method: &str, path: &str, body: Option<Value>) -> TestResponse {
        self.wire.request(method, path, &[], body.as_ref()).expect(status)
    }

    /// A call with the same result in every scenario: without rules, and with the account's key, which is never revoked.
    #[track_caller]
    fn call_without_rules(&mut self, status: u16, method: &str, path: &str, body: Option<Value>) -> TestResponse {
        let headers = [("Authorization", &*authorization("API", ACME)), ("X-Mock-Faults", "off")];
        self.wire.request(method, path, &headers, body.as_ref()).expect(status)
    }

    fn create(&mut self, name: &str) {
        let body =
            json!({"name": name, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"});
        self.call_without_rules(201, "POST", "/credentials", Some(body));
    }
}

fn matches_pattern(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(p, part)| p.starts_with('{') || *p == part)
}

/// Validates a value. The schema is compiled with the schemas of the document, so that its references resolve.
#[track_caller]
fn assert_valid(document: &Value, schema: &Value, value: &Value) {
    let mut whole = json!({"components": {"schemas": document["components"]["schemas"]}});
    whole.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
    let check = CompiledSchema::standalone(&whole).unwrap();
    assert!(check.accepts(value), "{value}: {:?}", check.violations("", value));
}

fn busy_fault(times: u64) -> Value {
    json!({"name": "busy", "when": {"operation": "list_credentials"}, "times": times,
           "then": {"status": 503, "headers": {"Retry-After": "3"}, "body": {"error": "busy"}}})
}

#[test]
fn every_call_conforms_to_its_openapi_document() {
    let mut control = Control::healthy();
    for path in ["/health", "/version", "/openapi.json", "/admin-openapi.json", "/scenarios", "/scenario", "/faults"] {
        let get = control.call(200, "GET", path, None);
        let head = control.wire.request("HEAD", &format!("/__admin{path}"), &[], None).expect(200);
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
    assert_eq!(control.put("/scenario", json!({"name": "sso-outage"}))["extends"], "healthy");
    assert_eq!(control.get("/scenario")["name"], "sso-outage");
    assert_eq!(control.call(200, "POST", "/reset", None).json()["requests"], 0);

    let added = control.post(201, "/faults", busy_fault(2));
    assert_eq!((&added["id"], &added["rule"]), (&json!("fault-1"), &busy_fault(2)));
    control.post(201, "/faults", json!({"then": {"delay": 1}, "ttl_ms": 60_000}));
    assert_eq!(control.get("/faults")["faults"][0]["id"], "fault-2", "the newest is tried first");
    assert!(control.get("/faults/fault-2")["ends_at"].is_string());
    control.call(204, "DELETE", "/faults/fault-2", None);
    control.jane(503, "GET", "/credentials", None);
    let fault = control.get("/faults/fault-1");
    assert_eq!((&fault["matched"], &fault["applied"]), (&json!(1), &json!(1)));
    control.call(204, "DELETE", "/faults", None);
    assert_eq!(control.get("/faults")["meta"]["total"], 0);
    control.jane(200, "GET", "/credentials", None);

    let state = control.get("/state");
    assert_eq!(control.put("/state", state)["scenario"], "sso-outage");
    assert_eq!(control.call(201, "POST", "/snapshots/one", None).json()["name"], "one");
    assert_eq!(control.get("/snapshots")["meta"]["total"], 1);
    assert_eq!(control.call(200, "POST", "/snapshots/one/restore", None).json()["snapshots"], json!(["one"]));
    control.call(204, "DELETE", "/snapshots/one", None);
    assert_eq!(control.get("/snapshots")["meta"]["total"], 0);

    let expected = json!([{"operation": "list_credentials", "exactly": 2}]);
    assert_eq!(control.post(200, "/verify", expected)["passed"], true);
    let expected = json!({"expectations": [{"operation": "list_connections"}]});
    assert_eq!(control.post(200, "/verify", expected)["passed"], false);
    control.jane(404, "GET", "/nothing?colour=blue", None);
    control.jane(200, "GET", "/user?colour=blue", None);
    assert_eq!(control.get("/coverage")["sandbox"], "default");
    assert_eq!(control.get("/coverage?sandbox=*")["violations"][0]["location"], "/query/colour");

    assert_eq!(control.get("/clock")["mode"], "real");
    assert_eq!(control.put("/clock", json!({"freeze": true}))["mode"], "frozen");
    control.jane(200, "GET", "/__sandbox/one/user", None);
    assert_eq!(control.get("/sandboxes")["sandboxes"][1]["name"], "one");
    control.call(204, "DELETE", "/sandboxes/one", None);
    control.call(204, "DELETE", "/sandboxes", None);
    let head = control.wire.request("HEAD", "/__admin/events", &[], None).expect(200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));

    control.jane(404, "GET", "/connection", None);
    assert_eq!(control.get("/requests")["meta"]["total"], 1, "the journals of deleted sandboxes are empty");
    let number = control.get("/requests")["requests"][0]["number"].clone();
    assert_eq!(control.get(&format!("/requests/{number}"))["wasMatched"], false);
    assert_eq!(control.get("/requests/unmatched")["requests"][0]["url"], "/connection");
    assert_eq!(control.get("/requests/unmatched/near-misses")["nearMisses"][0]["operation"], "list_connections");
    for path in ["/near-misses", "/requests/near-misses"] {
        let request = json!({"method": "GET", "url": "/user"});
        assert_eq!(control.post(200, &format!("{path}/request"), request)["nearMisses"][0]["operation"], "get_user");
        let found = control.post(200, &format!("{path}/request-pattern"), json!({"method": "PUT"}));
        assert_eq!(found["nearMisses"][0]["differences"][0]["expected"], "`PUT`");
    }
    assert_eq!(control.post(200, "/requests/count", json!({}))["count"], 1);
    assert_eq!(control.post(200, "/requests/find", json!({"method": "GET"}))["requests"][0]["method"], "GET");
    assert_eq!(control.post(200, "/requests/remove", json!({"method": "PUT"}))["serveEvents"], json!([]));
    control.call(200, "DELETE", &format!("/requests/{number}"), None);
    control.call(200, "POST", "/requests/reset", None);
    control.call(200, "DELETE", "/requests", None);
    let metrics = control.wire.request("GET", "/__admin/metrics", &[], None).expect(200);
    assert!(metrics.header("content-type").is_some_and(|found| found.starts_with("application/openmetrics-text;")));
}

#[test]
fn errors_are_reported_with_a_correction() {
    let mut control = Control::healthy();
    control.post(201, "/faults", busy_fault(1));
    control.call(201, "POST", "/snapshots/before", None);
    control.jane(200, "GET", "/__sandbox/mine/user", None);
    for (method, path, body, near) in [
        ("PUT", "/scenario", Some(json!({"name": "helthy"})), "`healthy`"),
        ("GET", "/faults/falt-1", None, "`fault-1`"),
        ("DELETE", "/faults/falt-1", None, "`fault-1`"),
        ("POST", "/snapshots/befor/restore", None, "`before`"),
        ("DELETE", "/snapshots/befor", None, "`before`"),
        ("DELETE", "/sandboxes/mime", None, "`mine`"),
        ("GET", "/requests/7", None, "is empty"),
        ("DELETE", "/requests/first", None, "X-Mock-Request-Id"),
    ] {
        let problem = control.call(404, method, path, body.as_ref()).json();
        assert!(problem["detail"].as_str().unwrap().contains(near), "{problem}");
    }
    for (method, path, body) in [
        ("PUT", "/scenario", json!({"name": "healthy", "keep": true})),
        ("PUT", "/scenario", json!({"name": [7]})),
        ("POST", "/faults", json!({"thn": {}})),
        ("POST", "/faults", json!({"when": {"operation": "list_credential"}, "then": {"status": 200}})),
        ("PUT", "/state", json!({"version": 1})),
        ("PUT", "/clock", json!({"advance": [90]})),
    ] {
        let problem = control.call(400, method, path, Some(&body)).json();
        assert!(problem["diagnostics"].as_array().is_some_and(|all| !all.is_empty()), "{method} {path}: {problem}");
    }
    for body in [
        json!({}),
        json!({"freeze": false}),
        json!({"freeze": "noon"}),
        json!({"advance": "-1s"}),
        json!({"advance": "20000y"}),
        json!({"advance": "90000000d"}),
        json!({"resume": true, "freeze": true}),
    ] {
        control.call(400, "PUT", "/clock", Some(&body));
    }
    assert_eq!(control.get("/clock")["mode"], "real");
    assert!(control.wire.request("POST", "/__admin/faults", &[], None).expect(400).text.contains("the body is empty"));
    for (method, path, allow, right) in [
        ("POST", "/health", "GET, HEAD", "GET /__admin/health"),
        ("PATCH", "/scenario", "GET, HEAD, PUT", "GET /__admin/scenario or PUT /__admin/scenario"),
        ("GET", "/reset", "POST", "POST /__admin/reset"),
        ("GET", "/snapshots/one", "POST, DELETE", "POST /__admin/snapshots/{name}"),
        ("GET", "/requests/find", "POST", "POST /__admin/requests/find"),
        ("DELETE", "/requests/unmatched", "GET, HEAD", "GET /__admin/requests/unmatched"),
        ("HEAD", "/snapshots/one/restore", "POST", ""),
    ] {
        let refused = control.wire.request(method, &format!("/__admin{path}"), &[], None).expect(405);
        assert_eq!(refused.header("allow"), Some(allow), "{path}");
        assert!(refused.text.contains(right), "{}", refused.text);
    }
    for (path, near) in [("/scenaros", "/__admin/scenarios?"), ("/fault", "/__admin/faults?"), ("", "there are GET")] {
        let unknown = control.wire.request("GET", &format!("/__admin{path}"), &[], None).expect(404);
        assert!(unknown.text.contains(near), "{}", unknown.text);
    }
}

#[test]
fn an_exported_state_is_restored_byte_by_byte() {
    let mut control = Control::healthy();
    let scenarios = control.get("/scenarios");
    let names = scenarios["scenarios"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
    for name in names {
        control.put("/scenario", json!({"name": name}));
        // The clock works the same in every scenario; the effect of an advance on documents does not.
        let steps = if name == "healthy" { vec![0, 1, 2, 3, 4, 5, 6, 7] } else { vec![0, 1, 3] };
        for step in steps {
            match step {
                0 => {}
                1 => control.create("a row"),
                2 => drop(control.put("/clock", json!({"freeze": true}))),
                3 => drop(control.put("/clock", json!({"advance": "90d1ms"}))),
                5 => drop(control.put("/clock", json!({"freeze": "2020-02-29T23:59:59.123456789Z"}))),
                6 => drop(control.call_without_rules(200, "GET", "/connections", None)),
                _ => drop(control.put("/clock", json!({"resume": true}))),
            }
            let before = control.state();
            control.put("/state", serde_json::from_str(&before).unwrap());
            assert_eq!(control.state(), before, "{name}, step {step}");
            assert!(step == 0 || before.contains("a row"));
        }
    }
    for sso in [
        json!({"status": "slow", "latency": 7}),
        json!({"status": "slow", "latency": {"type": "uniform", "lower_ms": 1, "upper_ms": 2}}),
        json!({"status": "slow", "latency": {"type": "lognormal", "median_ms": 5, "sigma": 0.3, "max_ms": 9}}),
        json!({"status": "flapping", "flapping": {"calls": {"up": 2, "down": 3}}}),
        json!({"status": "flapping", "flapping": {"seconds": {"up": 60, "down": 60}}}),
        json!({"status": "partial", "operations": ["repair_connection"]}),
    ] {
        let mut state = control.get("/state");
        let rest = state["sso"].as_object_mut().unwrap();
        rest.retain(|name, _| name == "accounts" || name == "connections");
        let mut sso = sso.as_object().unwrap().clone();
        sso.extend(rest.clone());
        state["sso"] = sso.into();
        control.put("/state", state.clone());
        assert_eq!(control.state(), state.to_string());
    }
}

#[test]
fn an_invalid_state_is_rejected_and_changes_nothing() {
    let mut control = Control::healthy();
    control.create("unchanged");
    let before = control.state();
    let good: Value = serde_json::from_str(&before).unwrap();
    let acme = |path: &str| {
        let accounts = good["world"]["accounts"].as_array().unwrap();
        let at = accounts.iter().position(|one| one.get("credentials").is_some()).unwrap();
        format!("/world/accounts/{at}{path}")
    };
    for (pointer, value) in [
        (acme("/credentials/0/name"), json!(7)),
        (acme("/account/name"), Value::Null),
        ("/world/keys/0/account".to_owned(), json!("000000000000000000000000")),
        ("/sso/status".to_owned(), json!("lame")),
        ("/sso/connections/0/id".to_owned(), json!(1)),
        ("/ids/process".to_owned(), json!("xyz")),
        ("/ids/counter".to_owned(), json!(16_777_216)),
        ("/clock".to_owned(), json!("noon")),
        ("/sso_since".to_owned(), json!("noon")),
        ("/version".to_owned(), json!(2)),
        ("/random_streams".to_owned(), json!(-1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        let problem = control.call(400, "PUT", "/state", Some(&bad)).json();
        assert!(problem["diagnostics"].is_array(), "{pointer}: {problem}");
        assert_eq!(control.state(), before, "{pointer}");
    }
    let problem = control.call(400, "PUT", "/state", Some(&json!({"flows": []}))).text;
    assert!(problem.contains("write the document that GET /__admin/state returns: {\\\"version\\\": 1"), "{problem}");
    for parent in ["", "/ids", "/sso", "/world", &acme("")] {
        let mut bad = good.clone();
        bad.pointer_mut(parent).unwrap()["unknown"] = json!(1);
        control.call(400, "PUT", "/state", Some(&bad));
        assert_eq!(control.state(), before, "{parent}");
    }
}

#[test]
fn a_snapshot_restores_the_world_rules_and_counts() {
    let mut control = Control::healthy();
    control.put("/clock", json!({"freeze": true}));
    control.post(201, "/faults", busy_fault(2));
    control.create("kept");
    control.jane(503, "GET", "/credentials", None);
    let (state, faults) = (control.state(), control.get("/faults"));
    control.call(201, "POST", "/snapshots/half-way", None);
    control.jane(503, "GET", "/credentials", None);
    control.jane(200, "GET", "/credentials", None);
    control.create("lost");
    control.call(204, "DELETE", "/faults", None);
    control.call(200, "POST", "/reset", None);
    control.put("/scenario", json!({"name": "empty-account"}));
    // Twice: a snapshot can be restored more than once.
    for _ in 0..2 {
        let shown = control.call(200, "POST", "/snapshots/half-way/restore", None).json();
        assert_eq!(shown["scenario"], "healthy");
        assert_eq!((control.state(), control.get("/faults")), (state.clone(), faults.clone()));
        control.jane(503, "GET", "/credentials", None);
        control.jane(200, "GET", "/credentials", None);
    }
    for name in ["a%20b", &"x".repeat(65), "%2e%2e", "a+b"] {
        control.call(400, "POST", &format!("/snapshots/{name}"), None);
    }
    for number in 1..32 {
        control.call(201, "POST", &format!("/snapshots/s{number}"), None);
    }
    control.call(409, "POST", "/snapshots/one-too-many", None);
    control.call(201, "POST", "/snapshots/s1", None);
    for _ in 0..1000 {
        control.wire.request("POST", "/__admin/faults", &[], Some(&busy_fault(1)));
    }
    control.post(409, "/faults", busy_fault(1));
    control.call(204, "DELETE", "/sandboxes/default", None);
    assert_eq!(control.get("/snapshots")["meta"]["total"], 0, "the snapshots are deleted with the sandbox");
}

#[test]
fn invitations_rate_limits_and_flapping_use_the_sandbox_clock() {
    let mut control = Control::healthy();
    control.put("/clock", json!({"freeze": "2026-04-19T18:15:00Z"}));
    let limit = json!({"name": "limit", "when": {"operation": "get_user", "rate": {"calls": 2, "within": "1m"}},
                       "then": {"status": 429, "body": {"error": "slow down"}}});
    control.post(201, "/faults", limit);
    let mut state = control.get("/state");
    state["sso"]["status"] = json!("flapping");
    state["sso"]["flapping"] = json!({"seconds": {"up": 60, "down": 60}});
    state["sso_since"] = json!("2026-04-19T18:15:00Z");
    control.put("/state", state);
    let observe = |control: &mut Control| {
        let account = control.jane(200, "GET", "/account", None);
        assert!(account.header("date").is_some_and(|date| date.starts_with("Sun, 19 Apr 2026 18:1")));
        let expired: Vec<bool> = ["pending_buyers", "pending_sellers"]
            .iter()
            .flat_map(|list| account.json()[list].as_array().cloned().unwrap_or_default())
            .map(|one| one["expired"].as_bool().unwrap())
            .collect();
        let degraded = control.jane(200, "GET", "/connections", None).header("x-connections-degraded").is_some();
        (expired.contains(&true), degraded, control.wire.request("GET", "/user", &[], None).status)
    };
    assert_eq!(observe(&mut control), (false, false, 200));
    assert_eq!(observe(&mut control), (false, false, 200));
    assert_eq!(observe(&mut control), (false, false, 429), "a frozen clock does not move");
    control.put("/clock", json!({"advance": "61s"}));
    assert_eq!(observe(&mut control), (true, true, 200));
    control.put("/clock", json!({"advance": "1m"}));
    assert_eq!(observe(&mut control), (true, false, 200));
    let resumed = control.put("/clock", json!({"resume": true}));
    let now = |shown: &Value| shown["now"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let start = now(&resumed);
    let mut later = start;
    let guard = std::time::Instant::now();
    while later == start {
        assert!(guard.elapsed() < crate::support::HANG_GUARD, "the clock stands still at {start}");
        later = now(&control.get("/clock"));
    }
    let passed = later.duration_since(start);
    assert!(
        passed.is_positive() && passed < SignedDuration::from_hours(1),
        "a resumed clock continues from the frozen time: {passed}"
    );
}

#[test]
fn a_scenario_switch_can_keep_the_world() {
    let mut control = Control::healthy();
    control.create("created before");
    let rows = control.jane(200, "GET", "/connections", None);
    assert_eq!(rows.header("x-connections-degraded"), None);
    control.put("/scenario", json!({"name": "sso-outage", "keep_world": true}));
    assert!(control.jane(200, "GET", "/credentials", None).text.contains("created before"));
    assert_eq!(control.jane(200, "GET", "/connections", None).header("x-connections-degraded"), Some("true"));
    control.put("/scenario", json!({"name": "healthy"}));
    assert!(!control.jane(200, "GET", "/credentials", None).text.contains("created before"));
}

#[test]
fn events_of_a_sandbox_contain_no_secrets() {
    let mut control = Control::healthy();
    let mut listener = Wire::open(control.mock.server.address());
    let get = format!(
        "GET /__admin/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\r\n",
        authorization("API", JANE)
    );
    listener.send(get.as_bytes());
    while listener.line() != "\r\n" {}
    control.jane(200, "GET", "/connections?relationship_type=seller&secret=in-the-query", None);
    control.jane(200, "GET", "/__sandbox/other/user", None);
    let state = control.get("/state");
    control.put("/scenario", json!({"name": "sso-outage"}));
    control.call(200, "POST", "/reset", None);
    control.post(201, "/faults", busy_fault(1));
    control.call(204, "DELETE", "/faults", None);
    control.put("/clock", json!({"advance": "1s"}));
    control.put("/state", state);
    control.call(201, "POST", "/snapshots/last", None);
    control.call(200, "POST", "/snapshots/last/restore", None);
    let (mut kinds, mut all) = (Vec::new(), String::new());
    while !all.contains(r#""restored":"last""#) {
        let line = listener.line();
        assert!(!line.is_empty(), "{all}");
        all += &line;
        if let Some(kind) = line.strip_prefix("event: ") {
            kinds.push(kind.trim().to_owned());
        } else if let Some(data) = line.strip_prefix("data: ") {
            assert!(serde_json::from_str::<Value>(data).unwrap().is_object(), "{data}");
        }
    }
    kinds.retain(|kind| kind != "exchange" && kind != "violation");
    assert_eq!(kinds, ["switch", "reset", "fault", "fault", "clock", "state", "state"]);
    assert!(all.contains(r#""operation":"list_connections","status":200"#), "{all}");
    let other = authorization("API", JANE);
    for secret in [JANE, &other["Basic ".len()..], "in-the-query", "Authorization", "other", "example-salesforce"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn the_control_api_rejects_unauthorized_requests() {
    const OPEN: [&str; 4] = ["/health", "/version", "/openapi.json", "/admin-openapi.json"];
    let get_status = |mock: &Mock, path: &str, headers: &str| {
        let headers =
            if headers.contains("Host:") { headers.to_owned() } else { format!("Host: localhost\r\n{headers}") };
        let response =
            mock.raw(format!("GET /__admin{path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").as_bytes());
        response[9..12].parse::<u16>().unwrap()
    };
    let local = Mock::healthy();
    let token = Mock::start(MockServer::builder().configure(|settings| settings.admin_token = Some("s3cret".into())));
    let public = Mock::start(MockServer::builder().configure(|settings| settings.host = [0, 0, 0, 0].into()));
    let rows: &[(&Mock, &str, u16)] = &[
        (&local, "", 200),
        (&local, "Origin: https://evil.example\r\n", 403),
        (&local, "Origin: null\r\n", 403),
        (&local, "Sec-Fetch-Site: cross-site\r\n", 403),
        (&local, "Host: evil.example\r\n", 403),
        (&token, "", 401),
        (&token, "Authorization: Bearer guess\r\n", 401),
        (&token, "Authorization: Bearer s3cret\r\n", 200),
        (&token, "Host: mock.test\r\nAuthorization: Bearer s3cret\r\n", 200),
        (&public, "", 403),
        (&public, "Authorization: Bearer s3cret\r\n", 403),
    ];
    for (mock, headers, status) in rows {
        for path in ["/state", "/sandboxes", "/nothing"] {
            let expected = if path == "/nothing" && *status == 200 { 404 } else { *status };
            assert_eq!(get_status(mock, path, headers), expected, "{path} {headers:?}");
        }
        for path in OPEN {
            assert_eq!(get_status(mock, path, headers), 200, "{path} {headers:?}");
        }
    }
}
