//! `SuppressionList`: the steps of flows that use it, and its own API, on the lists of the world.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use http::Method;
use leadconduit_mock::internals::{CompiledSchema, DELIVER_TIMEOUT_MS_MAX};
use leadconduit_mock::{MockServer, Settings};
use serde_json::{Value, json};

use crate::lead_flow::{TEST_FLOW, events, kinds, outcome_of, recipient, rules, scenario_with, submit};
use crate::support::{GLOBEX, JANE, Mock, TestResponse};

const SERVICE: &str = "/__services/suppressionlist";
/// MD5 of `ann@example.com`.
const ANN_HASH: &str = "257c57037d384ae37ea27a07e8a01665";

/// A recipient step with a module and mappings.
pub fn service_step(id: &str, module: &str, mappings: &Value) -> Value {
    let mappings: Vec<Value> = mappings
        .as_object()
        .unwrap()
        .iter()
        .map(|(property, value)| json!({"property": property, "value": value}))
        .collect();
    recipient(id, json!({"integration": {"module_id": module, "mappings": mappings}}))
}

fn list_step(id: &str, module: &str, mappings: Value) -> Value {
    service_step(id, &format!("leadconduit-suppressionlist.outbound.{module}"), &mappings)
}

fn lists() -> Value {
    json!({
        "lists": [{"id": "dnc", "name": "DNC"}],
        "list_entries": [
            {"id": "past_buyers/ann@example.com", "list_name": "past_buyers", "value": "Ann@Example.com",
             "added_at": "2026-02-04T10:00:00.000Z"},
        ],
    })
}

fn mock_with(steps: Value) -> Mock {
    let flow = json!({"fields": ["email", "phone_1", "ssn"], "steps": steps});
    Mock::with_scenario("own", &scenario_with(flow, lists()).to_string())
}

fn get(mock: &Mock, path: &str) -> TestResponse {
    mock.get(&format!("{SERVICE}{path}"))
}

fn is_found(mock: &Mock, list: &str, value: &str) -> bool {
    get(mock, &format!("/exists/{list}/{value}")).json()["found"].as_bool().unwrap()
}

#[test]
fn a_query_appends_what_the_module_returns_and_its_event_shows_the_call() {
    let mock = mock_with(json!([
        list_step("cc0001", "query_item", json!({"list_names": "DNC, Past Buyers", "value": "{{lead.email}}"})),
        {"id": "cc0002", "type": "filter", "outcome": "failure", "reason": "on {{suppressionlist.query_item.found_in.0}}",
         "rule_set": rules("suppressionlist.query_item.found", "is true", Value::Null)},
    ]));
    let found = submit(&mock, &json!({"email": "Ann@example.com"}));
    assert_eq!(outcome_of(&found), ("failure", "on past_buyers", 0.0));
    let recorded = events(&mock, &found);
    assert_eq!(kinds(&recorded), [("recipient", "success"), ("filter", "stop"), ("source", "failure")]);
    let step = &recorded[0];
    assert_eq!(
        step["suppressionlist"],
        json!({"query_item": {
            "specified_lists": ["dnc", "past_buyers"], "key": "ann@example.com", "found": true, "outcome": "success",
            "reason": null, "duration": "0.080", "found_in": ["past_buyers"], "added_at": "2026-02-04T10:00:00.000Z",
        }})
    );
    assert_eq!(recorded[1]["vars"]["suppressionlist"], step["suppressionlist"]);
    let call = &step["transactions"][0];
    assert_eq!(call["request"]["method"], "GET");
    assert_eq!(call["request"]["uri"], "https://app.suppressionlist.com/exists/dnc%7Cpast_buyers/ann%40example.com");
    assert_eq!(call["request"]["headers"]["Accept"], "application/json");
    assert_eq!(call["response"]["status"], 200);
    let body: Value = serde_json::from_str(call["response"]["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["found"], &body["entries"][0]["list_url_name"]), (&json!(true), &json!("past_buyers")));

    let absent = submit(&mock, &json!({"email": "bob@example.com"}));
    assert_eq!(outcome_of(&absent).0, "success", "a query never rejects");
    let step = &events(&mock, &absent)[0];
    assert_eq!((&step["outcome"], &step["transactions"][0]["response"]["status"]), (&json!("success"), &json!(404)));
    assert_eq!(step["suppressionlist"]["query_item"]["found"], false);
    assert_eq!(step["suppressionlist"]["query_item"].get("found_in"), None);
}

#[test]
fn steps_add_and_delete_values_and_keep_the_data_of_earlier_ones() {
    let mock = mock_with(json!([
        list_step("cc0001", "query_item", json!({"list_name": "dnc", "value": "{{lead.phone_1}}"})),
        list_step("cc0002", "add_item", json!({"list_name": "DNC", "values": "{{lead.phone_1}},{{lead.email}}"})),
        list_step(
            "cc0003",
            "delete_item",
            json!({"list_name": "Past Buyers", "values": "{{lead.email}}, absent@x.test"})
        ),
    ]));
    let result = submit(&mock, &json!({"email": "ann@example.com", "phone_1": "(512) 555-0100"}));
    let recorded = events(&mock, &result);
    let (added, deleted) = (&recorded[1]["suppressionlist"], &recorded[2]["suppressionlist"]);
    assert_eq!((&added["add_item"]["accepted"], &added["add_item"]["rejected"]), (&json!(2), &json!(0)));
    assert_eq!((&deleted["delete_item"]["deleted"], &deleted["delete_item"]["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(recorded[1]["transactions"][0]["request"]["body"], r#"{"values":["5125550100","ann@example.com"]}"#);
    let all: Vec<&String> = recorded[3]["appended"]["suppressionlist"].as_object().unwrap().keys().collect();
    assert_eq!(all, ["query_item", "add_item", "delete_item"], "each module appends under a name of its own");
    assert!(is_found(&mock, "dnc", "5125550100") && is_found(&mock, "dnc", "ANN@example.com"));
    assert!(!is_found(&mock, "past_buyers", "ann@example.com"));
}

#[test]
fn a_value_is_unique_once() {
    let mock = mock_with(json!([
        list_step("cc0001", "is_unique", json!({"list_name": "dnc", "value": "{{lead.email}}"})),
        {"id": "cc0002", "type": "filter", "outcome": "{{suppressionlist.is_unique.outcome}}",
         "reason": "{{suppressionlist.is_unique.reason}}",
         "rule_set": rules("suppressionlist.is_unique.outcome", "is equal to", json!("failure"))},
    ]));
    let first = submit(&mock, &json!({"email": "bob@example.com"}));
    assert_eq!(outcome_of(&first).0, "success");
    let step = events(&mock, &first)[0].clone();
    assert_eq!(step["transactions"].as_array().unwrap().len(), 2, "queried, then added");
    assert_eq!(step["suppressionlist"]["is_unique"]["add_item"]["accepted"], 1);
    assert_eq!(step["suppressionlist"]["query_item"], step["suppressionlist"]["is_unique"]["query_item"]);
    let second = submit(&mock, &json!({"email": "Bob@Example.com"}));
    assert_eq!(outcome_of(&second), ("failure", "Duplicate", 0.0));
    let step = events(&mock, &second)[0].clone();
    assert_eq!((&step["outcome"], &step["reason"]), (&json!("failure"), &json!("Duplicate")));
    assert_eq!(step["suppressionlist"].get("add_item"), None);
}

#[test]
fn unknown_lists_are_errors_and_count_as_not_found_for_is_unique() {
    let mock = mock_with(json!([
        list_step("cc0001", "add_item", json!({"list_name": "nope", "values": "x"})),
        list_step("cc0002", "is_unique", json!({"list_name": "nope", "value": "x"})),
    ]));
    let recorded = events(&mock, &submit(&mock, &json!({"email": "a@example.com"})));
    let failed = json!({"outcome": "error", "reason": "List not found"});
    assert_eq!(recorded[0]["suppressionlist"], json!({"add_item": failed}));
    assert_eq!((&recorded[0]["outcome"], &recorded[0]["reason"]), (&json!("error"), &json!("List not found")));
    let unique = &recorded[1]["suppressionlist"];
    assert_eq!(
        (&recorded[1]["outcome"], &unique["query_item"], &unique["add_item"]),
        (&json!("success"), &failed, &failed)
    );
}

#[test]
fn steps_without_what_the_module_needs_are_skipped_with_its_reason() {
    let rows = [
        ("query_item", json!({"list_names": "dnc", "value": "{{lead.email}}"}), "values must not be blank"),
        ("query_item", json!({"list_names": "!!", "value": "x"}), "a list name is required"),
        ("query_item", json!({"list_names": "\"dnc", "value": "x"}), "invalid list name format"),
        ("add_item", json!({"list_name": "dnc", "values": "\"7375550163"}), "invalid values format"),
        ("delete_item", json!({"values": "x"}), "a list name is required"),
        ("is_unique", json!({"list_name": "a,b", "value": "x"}), "multiple lists not supported"),
        ("is_unique", json!({"list_name": "dnc", "value": "{{lead.email}}"}), "value required"),
        ("is_unique", json!({"list_name": "dnc", "value": "a,b"}), "multiple values not supported"),
        ("is_unique", json!({"list_name": "dnc", "value": "\"a"}), "invalid value format"),
        ("is_unique", json!({"value": "x"}), "a list name is required"),
    ];
    let steps = rows
        .iter()
        .enumerate()
        .map(|(at, (module, mappings, _))| list_step(&format!("cc00{at:02}"), module, mappings.clone()));
    let mock = mock_with(steps.collect());
    let recorded = events(&mock, &submit(&mock, &json!({"phone_1": "5125550100"})));
    for ((module, mappings, reason), event) in rows.iter().zip(&recorded) {
        assert_eq!((&event["outcome"], &event["reason"]), (&json!("skip"), &json!(reason)), "{module} {mappings}");
        assert_eq!((event.get("suppressionlist"), event.get("transactions")), (None, None), "nothing is sent");
    }
}

#[test]
fn clients_query_and_change_the_lists_by_path_and_by_host() {
    let mock = mock_with(json!([]));
    let items = format!("{SERVICE}/lists/dnc/items");
    let found = get(&mock, "/exists/past_buyers/Ann@example.com").expect(200).json();
    let id = found["entries"][0]["list_id"].as_str().unwrap();
    assert!(id.len() == 24, "{id}");
    assert_eq!(
        found,
        json!({
            "specified_lists": ["past_buyers"], "key": "Ann@example.com", "found": true,
            "exists_in_lists": ["past_buyers"],
            "entries": [{"list_id": id, "list_url_name": "past_buyers", "added_at": "2026-02-04T10:00:00.000Z"}],
        })
    );
    let absent = json!({"specified_lists": ["dnc"], "key": "x", "found": false});
    assert_eq!(get(&mock, "/exists/dnc/x").expect(404).json(), absent);
    assert!(is_found(&mock, "dnc%7Cpast_buyers", ANN_HASH), "by the hash of the value");

    // A text with several values, a list, a form and a query.
    let accepted = |count: u32| json!({"accepted": count, "rejected": 0});
    assert_eq!(mock.post(&items, &json!({"values": "a|b"})).expect(200).json(), accepted(2));
    let dated = json!({"values": ["c", 5_125_550_100_u64], "timestamp": "2015-08-26T17:29:32Z"});
    assert_eq!(mock.post(&items, &dated).expect(200).json(), accepted(2));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(mock.request(&format!("POST {items}"), &form, "values=d%7Ce").expect(200).json(), accepted(2));
    let added_at = get(&mock, "/exists/dnc/5125550100").json()["entries"][0]["added_at"].clone();
    assert_eq!(added_at, "2015-08-26T17:29:32.000Z");
    let deleted = mock.request(&format!("DELETE {items}?values=a%7Cz"), &[], "").expect(200).json();
    assert_eq!(deleted, json!({"deleted": 1, "rejected": 1}));
    assert_eq!(mock.post(&items, &json!({"values": [" ", "x".repeat(2000)]})).expect(200).json()["rejected"], 2);

    // By host, the same paths have no prefix.
    let host = [("host", "app.suppressionlist.com")];
    assert_eq!(mock.request("GET /exists/dnc/d", &host, "").expect(200).json()["found"], true);
    assert_eq!(
        mock.request("GET /flows", &host, "").expect(404).json()["error"].as_str().unwrap().get(..15),
        Some("no such address")
    );

    // The key decides about the account.
    let foreign = mock.call(GLOBEX, Method::GET, &format!("{SERVICE}/exists/dnc/d"), None);
    assert_eq!(foreign.expect(404).json(), json!({"error": "List not found."}));
    let none = mock.call("", Method::GET, &format!("{SERVICE}/exists/dnc/d"), None).expect(401);
    assert_eq!(none.text, "");
}

/// The schema of a response in the service's document, with everything that it refers to.
fn schema_of(document: &Value, path: &str, method: &str, status: &str) -> Value {
    let mut response = &document["paths"][path][method]["responses"][status];
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.trim_start_matches('#')).unwrap();
    }
    let mut schema = response["content"]["application/json"]["schema"].clone();
    schema["components"] = document["components"].clone();
    schema
}

#[test]
fn the_responses_of_the_service_conform_to_its_openapi_document() {
    let mock = mock_with(json!([]));
    let document = mock.call("", Method::GET, &format!("{SERVICE}/openapi.json"), None).expect(200).json();
    let (exists, items) = ("/exists/{lists}/{value}", "/lists/{lists}/items");
    let values = json!({"values": ["a", "b"]});
    for (pattern, method, path, body, status) in [
        (exists, "get", "/exists/past_buyers/ann@example.com", None, 200),
        (exists, "get", "/exists/dnc/ann@example.com", None, 404),
        (exists, "get", "/exists/nope/x", None, 404),
        (exists, "get", "/exists/dnc/%20", None, 422),
        (items, "post", "/lists/dnc/items", Some(&values), 200),
        (items, "post", "/lists/dnc/items", Some(&json!([])), 400),
        (items, "post", "/lists/nope/items", Some(&values), 404),
        (items, "delete", "/lists/dnc/items", Some(&values), 200),
        (items, "delete", "/lists/dnc/items", Some(&json!({})), 422),
    ] {
        let name = method.to_uppercase().parse().unwrap();
        let response = mock.call(JANE, name, &format!("{SERVICE}{path}"), body).expect(status).json();
        let schema = schema_of(&document, pattern, method, &status.to_string());
        let check = CompiledSchema::standalone(&schema).unwrap();
        assert!(check.accepts(&response), "{method} {path}: {response} {:?}", check.violations("", &response));
    }
}

#[test]
fn calls_that_are_not_valid_change_nothing_and_say_what_to_write() {
    let mock = mock_with(json!([]));
    let items = format!("{SERVICE}/lists/dnc/items");
    let many: Vec<String> = (0..10_001).map(|number| number.to_string()).collect();
    for (line, body, status, text) in [
        (
            format!("POST {items}"),
            json!({"values": ["a"], "timestamp": "soon"}).to_string(),
            422,
            "cannot be understood",
        ),
        (format!("POST {items}"), json!({"value": "a"}).to_string(), 422, "`values` must be"),
        (format!("POST {items}"), "[1]".to_owned(), 400, "JSON object such as"),
        (format!("POST {items}"), "{".to_owned(), 400, "JSON object such as"),
        (format!("POST {items}"), json!({"values": many}).to_string(), 422, "10000 items at most"),
        (format!("PUT {items}"), "{}".to_owned(), 405, "POST or DELETE"),
        (format!("POST {SERVICE}/lists/!!/items"), json!({"values": "a"}).to_string(), 404, "List not found."),
        (format!("GET {SERVICE}/exists/dnc/%20"), String::new(), 422, "must not be blank"),
        (format!("GET {SERVICE}/lists"), String::new(), 404, "GET /exists/{lists}/{value}"),
    ] {
        let response = mock.request(&line, &[], &body).expect(status);
        assert!(response.error().contains(text), "{line}: {}", response.text);
    }
    assert!(!is_found(&mock, "dnc", "a"));
    let preferred = mock.request(&format!("GET {SERVICE}/exists/dnc/a"), &[("prefer", "code=422")], "").expect(400);
    assert!(preferred.text.contains("a service beside LeadConduit"), "{}", preferred.text);
    mock.get("/__services/nothing").expect(404);
}

#[test]
fn calls_of_the_service_are_in_the_journal_and_rules_can_respond_to_them() {
    let mut scenario = scenario_with(json!({}), lists());
    scenario["rules"] = json!([{
        "name": "unpaid", "gate": true, "when": {"path": format!("{SERVICE}/exists/dnc/unpaid")},
        "then": {"status": 402, "body": {"error": "Payment required"}},
    }]);
    let mock = Mock::with_scenario("own", &scenario.to_string());
    assert_eq!(get(&mock, "/exists/dnc/unpaid").expect(402).fault(), "status=402; rule=\"unpaid\"");
    get(&mock, "/exists/dnc/x").expect(404);
    let recorded = mock.get("/__admin/requests").expect(200).json();
    let paths: Vec<&str> =
        recorded["requests"].as_array().unwrap().iter().map(|one| one["request"]["url"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths.iter().all(|path| path.starts_with(SERVICE)), "{paths:?}");
    assert!(!recorded.to_string().contains(JANE), "the key is not recorded");
    let unmatched = mock.get("/__admin/requests/unmatched").expect(200).json();
    assert_eq!(unmatched["requests"], json!([]), "a call of the service is not unmatched");
}

#[test]
fn lists_survive_an_export_and_an_import_and_count_in_the_budget() {
    let mock = mock_with(json!([]));
    mock.post(&format!("{SERVICE}/lists/dnc/items"), &json!({"values": "bob@example.com"})).expect(200);
    let state = mock.get("/__admin/state").expect(200).json();
    let other = Mock::healthy();
    other.put("/__admin/state", &state).expect(200);
    assert!(is_found(&other, "dnc", "bob@example.com") && is_found(&other, "past_buyers", "ann@example.com"));
    assert_eq!(other.get("/__admin/state").expect(200).json()["world"], state["world"], "the same state");

    let small = Mock::start(MockServer::builder().configure(|settings| settings.limits.documents_max = 1));
    let items = format!("{SERVICE}/lists/past_buyers/items");
    let problem = small.post(&items, &json!({"values": "x"})).expect(507).json();
    assert!(problem["detail"].as_str().unwrap().contains("the maximum is 1"), "{problem}");
    assert!(!is_found(&small, "past_buyers", "x"), "nothing was stored");
}

#[test]
fn secrets_are_on_a_list_as_their_hash_and_in_no_event() {
    let mock =
        mock_with(json!([list_step("cc0001", "is_unique", json!({"list_name": "dnc", "value": "{{lead.ssn}}"})),]));
    let lead = json!({"ssn": "219-09-9999"});
    let first = submit(&mock, &lead);
    let second = events(&mock, &submit(&mock, &lead));
    assert_eq!(second[0]["reason"], "Duplicate");
    let everything = format!(
        "{}{second:?}{}{}",
        Value::from(events(&mock, &first)),
        mock.get("/__admin/state").expect(200).text,
        mock.get("/__admin/requests").expect(200).text
    );
    assert!(!everything.contains("219099999") && !everything.contains("219-09-9999"), "{everything}");
    let authorization = &second[0]["transactions"][0]["request"]["headers"]["Authorization"];
    assert!(!authorization.as_str().unwrap().starts_with("Basic"), "{authorization}");
}

/// A number of nine digits can be anything elsewhere; a value of a list identifies a person.
#[test]
fn social_security_numbers_without_hyphens_are_not_recorded() {
    let mock = mock_with(json!([]));
    let items = format!("{SERVICE}/lists/dnc/items");
    mock.post(&items, &json!({"values": ["219099999", 219_099_998, "x"]})).expect(200);
    mock.request(&format!("DELETE {items}?values=219099997%7Cy"), &[], "").expect(200);
    assert_eq!(get(&mock, "/exists/dnc/219099999").expect(200).json()["found"], true);
    get(&mock, "/exists/dnc/%32190999%396").expect(404);
    get(&mock, "/exists/dnc/5125550100").expect(404);
    mock.get("/connections?page=219099995").expect(200);
    let recorded = mock.get("/__admin/requests?limit=100").expect(200).text;
    let explained = mock.post(
        "/__admin/explain",
        &json!({"method": "GET", "path": format!("{SERVICE}/exists/dnc/219099999"), "key": JANE}),
    );
    for text in [&recorded, &explained.expect(200).text] {
        assert!(
            !["219099999", "219099998", "219099997", "219099996"].iter().any(|number| text.contains(number)),
            "{text}"
        );
        assert!(!text.contains("%32190999%396"), "{text}");
    }
    assert!(recorded.contains("/exists/dnc/***") && recorded.contains("/exists/dnc/5125550100"), "{recorded}");
    assert!(recorded.contains("219099995"), "it is not a value of a list: {recorded}");
}

#[test]
fn the_same_leads_leave_the_same_events() {
    let transcript = || {
        let mock = mock_with(json!([
            list_step("cc0001", "is_unique", json!({"list_name": "dnc", "value": "{{lead.email}}"})),
            list_step("cc0002", "add_item", json!({"list_name": "dnc", "values": "{{lead.phone_1}}"})),
        ]));
        let leads = ["a@example.com", "b@example.com", "a@example.com"];
        let results = leads.map(|email| submit(&mock, &json!({"email": email, "phone_1": "5125550100"})));
        results.map(|result| events(&mock, &result))
    };
    assert_eq!(transcript(), transcript());
}

#[test]
fn a_list_entry_that_would_never_be_found_is_an_error_of_the_file() {
    let entry = json!({"id": "dnc/5125550100", "list_name": "dnc", "value": "512-555-0100"});
    let text = scenario_with(json!({}), json!({"list_entries": [entry]})).to_string();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), text).unwrap();
    let started = MockServer::builder().scenarios(folder.path()).scenario("own").start();
    let message = started.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("dnc/5125550100 is not that of this value"), "{message}");
    assert!(message.contains("write `id: dnc/512-555-0100`"), "{message}");
}

#[test]
fn an_entry_that_would_never_be_found_is_rejected_at_run_time() {
    let mock = Mock::healthy();
    let put = |id: &str, list: &str| {
        let entry = json!({"id": id, "list_name": list, "value": "Ann@Example.com"}).to_string();
        let path = id.replace('/', "%2F");
        mock.request(&format!("PUT /__admin/state/list_entries/{path}"), &[], &entry)
    };
    for id in ["x", "past_buyers/Ann", "do_not_call/ann@example.com"] {
        let rejected = put(id, "past_buyers").expect(400).text;
        let text = format!("the id {id} is not that of this value on this list, so that it would never be found");
        assert!(rejected.contains(&text), "{rejected}");
        assert!(rejected.contains("write `id: past_buyers/ann@example.com`"), "{rejected}");
    }
    put("past_buyers/ann@example.com", "past_buyers").expect(201);
}

#[test]
fn modules_and_lists_that_do_not_exist_are_found_by_check() {
    let module = json!({"integration": {"module_id": "leadconduit-custom.outbound.jsn", "mappings": []}});
    let flow = json!({"steps": [crate::lead_flow::recipient("bb0001", module)]});
    let entry = json!({"id": "past_buyer/x", "list_name": "past_buyer", "value": "x"});
    let folder = tempfile::tempdir().unwrap();
    let check = |flow: Value, account: Value| {
        std::fs::write(folder.path().join("own.yaml"), scenario_with(flow, account).to_string()).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"))
            .args(["check", folder.path().to_str().unwrap()])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let (is_valid, text) = check(flow, json!({}));
    assert!(!is_valid && text.contains("module leadconduit-custom.outbound.jsn not found"), "{text}");
    assert!(
        text.contains("own.yaml:1:") && text.contains("did you mean `leadconduit-custom.outbound.json`?"),
        "{text}"
    );
    let (is_valid, text) = check(json!({}), json!({"list_entries": [entry]}));
    assert!(is_valid && text.contains("no list `past_buyer` is declared"), "{text}");
    assert!(text.contains("did you mean `past_buyers`?"), "{text}");
}

/// A recipient that accepts `count` leads.
fn start_recipient(count: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/leads", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for _ in 0..count {
            let (mut socket, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            let mut chunk = [0; 4096];
            let is_complete = |received: &[u8]| {
                let text = String::from_utf8_lossy(received).to_ascii_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                body.len() >= length.unwrap_or(0)
            };
            while !is_complete(&received) {
                let length = socket.read(&mut chunk).unwrap();
                received.extend_from_slice(&chunk[..length]);
            }
            let body = r#"{"outcome":"success"}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            write!(socket, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    url
}

#[test]
fn a_step_before_a_delivery_keeps_its_outcome_and_its_value() {
    let mappings = json!({"url": start_recipient(1)});
    let flow = json!({"fields": ["email"], "steps": [
        list_step("cc0001", "is_unique", json!({"list_name": "dnc", "value": "{{lead.email}}"})),
        {"id": "cc0002", "type": "filter", "outcome": "failure", "reason": "{{suppressionlist.is_unique.reason}}",
         "rule_set": rules("suppressionlist.is_unique.outcome", "is equal to", json!("failure"))},
        service_step("cc0003", "leadconduit-default.outbound", &mappings),
    ]});
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario_with(flow, lists()).to_string()).unwrap();
    let settings = |settings: &mut Settings| {
        settings.delivery.is_enabled = true;
        settings.limits.deliver_timeout_ms = DELIVER_TIMEOUT_MS_MAX;
    };
    let builder = MockServer::builder().scenarios(folder.path()).scenario("own").configure(settings);
    let mock = Mock::start(builder);
    // The lead runs again after the response of the recipient; the value that it added itself does not count.
    let first = submit(&mock, &json!({"email": "bob@example.com"}));
    assert_eq!(outcome_of(&first).0, "success");
    let recorded = events(&mock, &first);
    assert_eq!(recorded[0]["suppressionlist"]["is_unique"]["outcome"], "success");
    assert_eq!(recorded[2]["transactions"][0]["response"]["status"], 200);
    assert_eq!(outcome_of(&submit(&mock, &json!({"email": "bob@example.com"}))).1, "Duplicate");
}

#[test]
fn a_flow_of_the_api_can_use_the_service() {
    let mock = Mock::healthy();
    let mut flow = mock.get("/flows/64b8f0f5e4b0c3a1d5e6f7ab").expect(200).json();
    let step = json!({
        "type": "recipient", "enabled": true, "entity": {"id": "530cd1f2940df5a34a388002", "name": "SuppressionList"},
        "integration": {
            "module_id": "leadconduit-suppressionlist.outbound.is_unique",
            "mappings": [{"property": "list_name", "value": "Past Buyers"}, {"property": "value", "value": "{{lead.email}}"}],
        },
    });
    flow["steps"] = json!([step]);
    let id = flow["id"].as_str().unwrap().to_owned();
    mock.put(&format!("/flows/{id}"), &flow).expect(200);
    mock.post(&format!("/flows/{id}/deploy"), &json!({})).expect(200);
    let path = format!("/flows/{id}/sources/5d9a4b10940df5a34a3888c1/submit");
    let submit = || mock.call("", Method::POST, &path, Some(&json!({"email": "new@example.com"}))).expect(201).json();
    let reasons = [submit(), submit()].map(|result| events(&mock, &result)[0]["reason"].clone());
    assert_eq!(reasons[1], "Duplicate");
    assert_ne!(id, TEST_FLOW);
}
