//! Control calls that the console uses: requests of all sandboxes, replay, comparison, lead traces, sandboxes, single
//! documents, the single sign-on service.

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::control::Control;
use crate::support::{ACME_ID, FLOW, GLOBEX_ONLY, Mock, SELLER, SSO_ONLY, SUPERUSER};
use crate::wire::authorization;

const SOURCE: &str = "1aacd0";

/// The number of the newest request in the journal. Control calls are numbered too, but not recorded.
fn newest(control: &mut Control) -> Value {
    control.get("/requests?limit=1")["requests"][0]["number"].clone()
}

fn repair(control: &mut Control, status: u16) -> Value {
    let key = authorization("API", SUPERUSER);
    let body = json!({"connection_id": SSO_ONLY});
    control.wire.request("POST", "/connections", &[("Authorization", &key)], Some(&body)).expect(status).json()
}

#[test]
fn requests_of_all_sandboxes_are_listed_with_their_sandbox() {
    let mut control = Control::healthy();
    control.jane(200, "GET", "/__sandbox/one/user", None);
    control.jane(404, "GET", "/__sandbox/two/usr", None);
    control.jane(200, "GET", "/user?colour=blue", None);
    let names = |list: &Value| -> Vec<String> {
        let mut names: Vec<String> = list["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["sandbox"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&control.get("/requests?sandbox=*")), ["default", "one", "two"]);
    let summaries = control.get("/requests/summaries?sandbox=*");
    assert_eq!((names(&summaries).len(), &summaries["meta"]["total"]), (3, &json!(3)));
    let unmatched = control.get("/requests/summaries?sandbox=*&unmatched=true");
    assert_eq!(
        (&unmatched["requests"][0]["path"], &unmatched["requests"][0]["unmatched"]),
        (&json!("/usr"), &json!(true))
    );
    assert_eq!(control.get("/requests?sandbox=*&limit=1")["requests"].as_array().unwrap().len(), 1);
    assert_eq!(names(&control.get("/requests/summaries")), ["default"]);
    for query in ["sandbox=one", "sandbox=*&before=3", "view=summary"] {
        control.call(400, "GET", &format!("/requests?{query}"), None);
    }
}

#[test]
fn a_replay_runs_the_request_again_with_a_key_of_its_caller() {
    let mut control = Control::healthy();
    repair(&mut control, 201);
    let first = newest(&mut control);
    let replay = control.call(200, "POST", &format!("/requests/{first}/replay"), None).json();
    let exchange = &replay["exchange"];
    assert_eq!((&replay["replayed"], &exchange["operation"]), (&first, &json!("repair_connection")));
    assert_eq!((&exchange["response"]["status"], &replay["notes"]), (&json!(409), &json!([])), "the row exists now");
    assert_eq!(exchange["caller"], control.get(&format!("/requests/{first}"))["caller"]);
    let number = exchange["number"].clone();
    assert_eq!(control.get(&format!("/requests/{number}"))["response"]["status"], 409, "it is in the journal");

    let compared = control.get(&format!("/requests/{first}/compare?with={number}"));
    let locations: Vec<&str> =
        compared["differences"].as_array().unwrap().iter().map(|one| one["location"].as_str().unwrap()).collect();
    assert!(locations.contains(&"/response/status") && locations.contains(&"/response/body/error"), "{compared}");
    assert!(!locations.iter().any(|location| location.starts_with("/request/")), "{compared}");
    assert_eq!((&compared["equal"], &compared["second"]["status"]), (&json!(false), &json!(409)));
    assert_eq!(control.get(&format!("/requests/{first}/compare?with={first}"))["equal"], true);
    for query in ["", "?with=", "?with=none", "?with=99", "?wiht=1"] {
        let status = if query.contains("with=") { 404 } else { 400 };
        control.call(status, "GET", &format!("/requests/{first}/compare{query}"), None);
    }
}

#[test]
fn a_replay_names_what_it_cannot_repeat() {
    let mut control = Control::start(MockServer::builder().configure(|settings| {
        settings.limits.journal_body_bytes_max = 64;
    }));
    let wrong = authorization("API", "0123456789abcdef0123456789abcdef");
    control.wire.request("GET", "/user", &[("Authorization", &wrong)], None).expect(401);
    let first = newest(&mut control);
    let replay = control.call(200, "POST", &format!("/requests/{first}/replay"), None).json();
    assert_eq!(replay["exchange"]["response"]["status"], 401);
    assert!(replay["notes"][0].as_str().unwrap().contains("unknown API key"), "{replay}");
    control.jane(400, "POST", "/credentials", Some(json!({"name": "x".repeat(100)})));
    let long = newest(&mut control);
    let problem = control.call(409, "POST", &format!("/requests/{long}/replay"), None).json();
    assert!(problem["detail"].as_str().unwrap().contains("--journal-body-bytes-max"), "{problem}");
    control.call(404, "POST", "/requests/99/replay", None);
}

#[test]
fn a_replay_waits_for_its_recipients_and_stays_in_its_sandbox() {
    let mut control = Control::healthy();
    let lead = json!({"email": "ann@example.com", "state": "TX"});
    let path = format!("/flows/{FLOW}/sources/{SOURCE}/submit");
    control.jane(201, "POST", &format!("/__sandbox/leads{path}"), Some(lead));
    let sandbox = [("X-Mock-Sandbox", "leads")];
    let replay = control.wire.request("POST", "/__admin/requests/1/replay", &sandbox, None).expect(200).json();
    assert_eq!(
        (&replay["exchange"]["sandbox"], &replay["exchange"]["number"]),
        (&json!("leads"), &json!(3)),
        "{replay}"
    );
    assert_eq!(replay["exchange"]["lead"]["outcome"], "success", "{replay}");
    assert_eq!(control.get("/requests")["meta"]["total"], 0, "nothing happened in the default sandbox");
}

#[test]
fn the_trace_of_a_lead_has_its_steps_and_what_decided() {
    let mut control = Control::healthy();
    let path = format!("/flows/{FLOW}/sources/{SOURCE}/submit");
    let lead = json!({"email": "ann@example.com", "state": "OH"});
    let submitted = control.jane(201, "POST", &path, Some(lead)).json();
    let id = submitted["lead"]["id"].as_str().unwrap().to_owned();
    let trace = control.get(&format!("/leads/{id}/trace"));
    assert_eq!((&trace["lead"], &trace["outcome"]), (&json!(id), &json!("failure")), "{trace}");
    assert_eq!(
        (&trace["decided_by"]["kind"], &trace["decided_by"]["id"]),
        (&json!("filter"), &json!("1bbcd4")),
        "{trace}"
    );
    assert_eq!((&trace["exchange"], &trace["flow"]["id"]), (&newest(&mut control), &json!(FLOW)));
    let types: Vec<&str> = trace["steps"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["filter", "source"], "{trace}");
    // Without the submission in the journal, the events are still there.
    control.call(200, "DELETE", "/requests", None);
    let trace = control.get(&format!("/leads/{id}/trace"));
    assert_eq!((&trace["decided_by"], &trace["meta"]["total"]), (&Value::Null, &json!(2)));
    for unknown in ["000000000000000000000000", "lead"] {
        control.call(404, "GET", &format!("/leads/{unknown}/trace"), None);
    }
}

#[test]
fn a_sandbox_can_be_created_before_its_first_request() {
    let mut control = Control::healthy();
    let start = control.get("/sandboxes")["start"].clone();
    assert_eq!(start, json!({"scenario": "healthy", "clock": "real"}));
    assert_eq!(control.call(201, "PUT", "/sandboxes/one", None).json()["scenario"], "healthy");
    let outage = json!({"scenario": "sso-outage"});
    let created = control.call(201, "PUT", "/sandboxes/two", Some(&outage)).json();
    assert_eq!((&created["scenario"], &created["sso"]), (&json!("sso-outage"), &json!("down")));
    // Existing ones are kept, unless another scenario is named.
    control.jane(200, "GET", "/__sandbox/two/user", None);
    assert_eq!(control.call(200, "PUT", "/sandboxes/two", Some(&outage)).json()["requests"], 1);
    assert_eq!(control.call(200, "PUT", "/sandboxes/two", None).json()["scenario"], "sso-outage");
    let healthy = json!({"scenario": "healthy"});
    assert_eq!(control.call(200, "PUT", "/sandboxes/two", Some(&healthy)).json()["sso"], "up");
    assert_eq!(control.get("/sandboxes")["meta"]["total"], 3);
    control.call(400, "PUT", "/sandboxes/a%20b", None);
    control.call(400, "PUT", "/sandboxes/three", Some(&json!({"name": "healthy"})));
    control.call(404, "PUT", "/sandboxes/three", Some(&json!({"scenario": "helthy"})));
    assert_eq!(control.get("/sandboxes")["meta"]["total"], 3, "an error creates nothing");
}

#[test]
fn single_documents_decide_about_responses() {
    let mut control = Control::healthy();
    let connections = control.get("/state/sso_connections");
    assert!(connections["documents"].as_array().unwrap().iter().any(|one| one["id"] == GLOBEX_ONLY));
    let entry = control.get(&format!("/state/sso_connections/{SSO_ONLY}"));
    assert_eq!(entry["account"], Value::Null);
    // Without the entry of the service, a repair fails; with it, it succeeds.
    control.call(204, "DELETE", &format!("/state/sso_connections/{SSO_ONLY}"), None);
    repair(&mut control, 422);
    control.call(404, "GET", &format!("/state/sso_connections/{SSO_ONLY}"), None);
    control.call(201, "PUT", &format!("/state/sso_connections/{SSO_ONLY}"), Some(&entry["document"]));
    repair(&mut control, 201);
    // Without the row, it can be repaired again.
    let row = control.get(&format!("/state/connections/{SSO_ONLY}"));
    assert_eq!(row["account"], ACME_ID);
    control.call(204, "DELETE", &format!("/state/connections/{SSO_ONLY}"), None);
    repair(&mut control, 201);
    control.call(200, "PUT", &format!("/state/connections/{SSO_ONLY}"), Some(&row["document"]));
    assert_eq!(control.jane(200, "GET", &format!("/connections/{SELLER}"), None).json()["id"], SELLER);
    control.call(204, "DELETE", &format!("/state/connections/{SELLER}"), None);
    control.jane(404, "GET", &format!("/connections/{SELLER}"), None);
}

#[test]
fn invalid_documents_are_rejected_and_change_nothing() {
    let mut control = Control::healthy();
    let row = control.get(&format!("/state/connections/{SELLER}"));
    let with = |name: &str, value: Value| {
        let mut document = row["document"].clone();
        document[name] = value;
        document
    };
    let path = format!("/state/connections/{SELLER}");
    for (path, document, part) in [
        (&path, with("relationship_type", json!("friend")), "relationship_type"),
        (&path, with("id", json!("5d9a4c421d011c553e0000ff")), "another id"),
        (&path, json!([]), "object"),
        (&format!("{path}?account=none"), row["document"].clone(), ACME_ID),
    ] {
        let problem = control.call(400, "PUT", path, Some(&document)).json();
        assert!(problem["diagnostics"][0].as_str().unwrap().contains(part), "{problem}");
    }
    assert_eq!(control.get(&path), row);
    control.call(404, "GET", "/state/conections", None);
    let problem = control.call(404, "GET", "/state/conections/1", None).json();
    assert!(problem["detail"].as_str().unwrap().contains("`connections`"), "{problem}");
    control.call(404, "DELETE", "/state/flows/none", None);
    control.call(400, "DELETE", &format!("/state/accounts/{ACME_ID}"), None);
    let mut account = control.get(&format!("/state/accounts/{ACME_ID}"))["document"].clone();
    account["name"] = json!("Acme Two");
    control.call(200, "PUT", &format!("/state/accounts/{ACME_ID}"), Some(&account));
    assert_eq!(control.jane(200, "GET", "/account", None).json()["name"], "Acme Two");
}

#[test]
fn the_single_sign_on_service_can_be_stopped_and_started() {
    let mut control = Control::healthy();
    assert_eq!(control.get("/sso"), json!({"status": "up"}));
    assert_eq!(control.put("/sso", json!({"status": "down"})), json!({"status": "down"}));
    let degraded = control.jane(200, "GET", "/connections", None);
    assert_eq!(degraded.header("x-connections-degraded"), Some("true"));
    assert_eq!(control.get("/sandboxes")["sandboxes"][0]["sso"], "down");
    let slow = json!({"status": "slow", "latency": 5});
    assert_eq!(control.put("/sso", slow.clone()), slow);
    assert_eq!(control.get("/scenario")["sso"], slow);
    control.put("/sso", json!({"status": "partial", "operations": ["repair_connection"]}));
    repair(&mut control, 503);
    control.put("/sso", json!({"status": "up"}));
    repair(&mut control, 201);
    for body in [
        json!({}),
        json!({"status": "lame"}),
        json!({"status": "up", "latency": 5}),
        json!({"status": "partial", "operations": ["repair"]}),
        json!({"status": "up", "connections": [{}]}),
        json!({"status": "down", "for": 0}),
        json!({"status": "down", "for": "soon"}),
        json!({"for": "30s"}),
    ] {
        control.call(400, "PUT", "/sso", Some(&body));
    }
}

#[test]
fn a_health_of_the_single_sign_on_service_ends_by_itself() {
    let mut control = Control::healthy();
    control.put("/clock", json!({"freeze": "2026-01-15T09:00:00Z"}));
    control.put("/sso", json!({"status": "slow", "latency": 1}));
    let down = json!({"status": "down", "ends_at": "2026-01-15T09:00:30.000Z"});
    assert_eq!(control.put("/sso", json!({"status": "down", "for": "30s"})), down);
    assert_eq!(control.get("/sso"), down);
    assert_eq!(control.get("/scenario")["sso"], down);
    let sandbox = control.get("/sandboxes")["sandboxes"][0].clone();
    assert_eq!((&sandbox["sso"], &sandbox["sso_ends_at"]), (&json!("down"), &json!("2026-01-15T09:00:30.000Z")));
    repair(&mut control, 503);
    control.put("/clock", json!({"advance": "30s"}));
    assert_eq!(control.get("/sso"), json!({"status": "slow", "latency": 1}));
    let sandbox = control.get("/sandboxes")["sandboxes"][0].clone();
    assert_eq!((&sandbox["sso"], sandbox.get("sso_ends_at")), (&json!("slow"), None));
    repair(&mut control, 201);
    // A second change during the first keeps what follows, and one without an end replaces it.
    control.put("/sso", json!({"status": "down", "for": 60000}));
    control.put("/sso", json!({"status": "flapping", "for": "1m"}));
    control.put("/clock", json!({"advance": "1m"}));
    assert_eq!(control.get("/sso")["status"], "slow");
    control.put("/sso", json!({"status": "down", "for": "1m"}));
    assert_eq!(control.put("/sso", json!({"status": "up"})), json!({"status": "up"}));
    control.put("/clock", json!({"advance": "1h"}));
    assert_eq!(control.get("/sso"), json!({"status": "up"}));
}

#[test]
fn a_scenario_shows_its_rules_and_the_clock_can_be_reset() {
    let mut control = Control::start(MockServer::builder().scenario("maintenance"));
    control.jane(503, "GET", "/user", None);
    let scenario = control.get("/scenario");
    let rules = scenario["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["applied"] == 1), "{scenario}");
    assert!(scenario["since"].is_string());
    control.put("/clock", json!({"advance": "1d"}));
    control.put("/clock", json!({"freeze": true}));
    let clock = control.put("/clock", json!({"reset": true}));
    assert_eq!((&clock["mode"], &clock["offset_ms"]), (&json!("real"), &json!(0)));
}

#[test]
fn the_console_loads_without_a_token_and_its_data_does_not() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.admin_token = Some("s3cret".into())));
    let page = mock.request("GET /__admin/ui/", &[("key", "")], "").expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    // Every file that the page names is there, and unchanged files are not sent again.
    let mut files = vec!["/__admin/ui/".to_owned(), "/__admin/docs".to_owned(), "/__admin/docs/control".to_owned()];
    for path in files.clone() {
        let page = mock.request(&format!("GET {path}"), &[("key", "")], "").expect(200);
        assert!(!page.text.contains("onclick") && !page.text.contains("style="), "{path}");
        for part in page.text.split("=\"/__admin/ui/").skip(1) {
            files.push(format!("/__admin/ui/{}", part.split('"').next().unwrap()));
        }
    }
    assert!(files.len() > 10, "{files:?}");
    for path in &files {
        let file = mock.request(&format!("GET {path}"), &[("key", "")], "").expect(200);
        assert_eq!(file.header("cache-control"), Some("no-cache"), "{path}");
        let tag = file.header("etag").unwrap();
        mock.request(&format!("GET {path}"), &[("key", ""), ("if-none-match", tag)], "").expect(304);
    }
    mock.request("GET /__admin/ui", &[("key", "")], "").expect(302);
    mock.request("GET /__admin/ui/none.js", &[("key", "")], "").expect(404);
    mock.request("GET /__admin/requests", &[("key", "")], "").expect(401);
}

#[test]
fn a_browser_that_opens_the_address_is_led_to_the_console() {
    let mock = Mock::healthy();
    let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let redirect = mock.request("GET /", &[("key", ""), html], "").expect(302);
    assert_eq!(redirect.header("location"), Some("/__admin/ui/"));
    let redirect = mock.request("GET /__sandbox/one/", &[("key", ""), html], "").expect(302);
    assert_eq!(redirect.header("location"), Some("/__admin/ui/?sandbox=one"));
    mock.request("GET /", &[("key", ""), ("accept", "application/json")], "").expect(404);
}
