//! Flows: references, nested ids, and the saved and the live revision.

use std::collections::HashSet;

use http::Method;
use serde_json::{Value, json};

use crate::support::{BUYER, FLOW, GLOBEX, JANE, Mock, SUPERUSER, TestResponse};

pub const SOLAR: &str = "66a1c0de940df5a34a3889f2";
const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";
const BRIGHTPATH: &str = "64b8f2a0940df5a34a3888c2";
const UNKNOWN_ID: &str = "000000000000000000000000";

fn body() -> Value {
    json!({
        "name": "Roofing, Nevada",
        "enabled": true,
        "fields": ["first_name", "email", "loan_amount_acme"],
        "acceptance_criteria": {
            "outcome": "failure",
            "rule_set": {"op": "and", "rules": [
                {"lhv": "lead.email", "op": "is not blank"},
                {"op": "or", "rules": [{"lhv": "lead.state", "op": "is equal to", "rhv": "NV"}]},
            ]},
        },
        "caps": [{"name": "all", "maximum": 9, "duration": 1, "duration_units": "day", "caps": [{"name": "inner"}]}],
        "ping_limits": [{"name": "hourly", "maximum": 3, "duration": 1, "duration_units": "hour"}],
        "pricing": {"prices": [{"amount": 3}, {"amount": 4.5}]},
        "sources": [{
            "entity": {"id": SUMMIT},
            "integration": {"module_id": "leadconduit-default.inbound", "mappings": [{"property": "a", "value": "b"}]},
        }],
        "steps": [
            {"type": "filter", "outcome": "failure", "rule_set": {"op": "and", "rules": [{"lhv": "lead.email", "op": "is blank"}]}},
            {"type": "recipient", "entity": {"id": BRIGHTPATH}, "integration": {"module_id": "leadconduit-default.outbound"}},
        ],
    })
}

/// Sets the value at a pointer, and creates missing parents.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = match document.pointer_mut(parent) {
        Some(parent) => parent,
        None => {
            put(document, parent, json!({}));
            document.pointer_mut(parent).unwrap()
        }
    };
    match parent {
        Value::Array(items) => match name.parse::<usize>() {
            Ok(at) if at < items.len() => items[at] = value,
            _ => items.push(value),
        },
        parent => parent[name] = value,
    }
}

fn deploy(mock: &Mock, path: &str) -> TestResponse {
    mock.call(JANE, Method::POST, &format!("{path}/deploy"), None)
}

/// The status of a submission to the live flow.
fn submit(mock: &Mock, path: &str, source: &str) -> u16 {
    let lead = json!({"email": "a@example.com"});
    mock.call("", Method::POST, &format!("{path}/sources/{source}/submit"), Some(&lead)).status
}

fn path(id: &Value) -> String {
    format!("/flows/{}", id.as_str().unwrap())
}

/// Collects the nested ids, each with the key of its object.
fn ids(value: &Value, under: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            if let Some(id) = object.get("id").and_then(Value::as_str).filter(|_| under != "entity") {
                found.push((under.to_owned(), id.to_owned()));
            }
            object.iter().for_each(|(key, value)| ids(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, under, found)),
        _ => {}
    }
}

fn parts(flow: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    ids(flow, "flow", &mut found);
    found
}

#[test]
fn a_flow_can_be_created_updated_and_deleted() {
    let mock = Mock::healthy();
    let before = mock.get("/flows").expect(200).json();
    assert_eq!((&before[0]["id"], &before[1]["id"]), (&json!(FLOW), &json!(SOLAR)), "in creation order");
    let mut sent = body();
    sent["created_at"] = "2001-01-01T00:00:00Z".into();
    sent["errors"] = json!({"fields": ["mine"]});
    let created = mock.post("/flows", &sent).expect(201).json();
    assert_eq!(created["name"], "Roofing, Nevada");
    assert_ne!(created["created_at"], sent["created_at"]);
    assert_eq!(created.get("errors"), None, "`errors` is read-only");
    let entity = json!({"id": SUMMIT, "name": "Summit Lead Partners", "time_zone": "America/Denver"});
    assert_eq!(created["sources"][0]["entity"], entity, "the name is the entity's");
    let path = path(&created["id"]);
    assert_eq!(mock.get(&path).expect(200).json(), created);
    assert_eq!(mock.get("/flows").json().as_array().unwrap().last(), Some(&created));

    let mut changed = created.clone();
    changed["name"] = "Roofing, Utah".into();
    changed["id"] = SOLAR.into();
    changed["sources"][0]["entity"]["name"] = "Whatever".into();
    changed.as_object_mut().unwrap().remove("pricing");
    let updated = mock.put(&path, &changed).expect(200).json();
    assert_eq!((&updated["id"], &updated["created_at"]), (&created["id"], &created["created_at"]));
    assert_eq!(updated["name"], "Roofing, Utah");
    assert_eq!(updated["sources"][0]["entity"], entity);
    assert_eq!(updated.get("pricing"), None, "properties that are not sent are removed");
    assert_eq!(mock.get(&format!("/flows/{SOLAR}")).json(), before[1], "the id in the body is ignored");

    let history = mock.get(&format!("{path}/changelogs")).expect(200).json();
    let actions: Vec<&str> =
        history.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "update"]);
    assert_eq!(history[1]["current_revision"], updated);

    assert_eq!(mock.delete(&path).expect(200).json(), updated);
    mock.get(&path).expect(404);
    mock.put(&path, &body()).expect(404);
    deploy(&mock, &path).expect(404);
    assert_eq!(mock.get("/flows").json(), before);
}

#[test]
fn references_of_a_flow_must_exist() {
    let mock = Mock::healthy();
    let before = mock.get("/flows").json();
    let inbound = "leadconduit-default.inboundd";
    let rows = [
        ("/fields/1", json!("shoe_size"), "field shoe_size"),
        ("/sources/0/entity/id", json!(UNKNOWN_ID), "entity 000000000000000000000000"),
        ("/sources/0/credential_id", json!(UNKNOWN_ID), "credential 000000000000000000000000"),
        ("/sources/0/integration/module_id", json!(inbound), "module leadconduit-default.inboundd"),
        ("/sources/0/feedback/integration/module_id", json!("nobody"), "module nobody"),
        ("/sources/0/pricing_service", json!({"service_id": UNKNOWN_ID, "fallback_price": 1}), "pricing service 0000"),
        ("/steps/1/entity/id", json!(UNKNOWN_ID), "entity 000000000000000000000000"),
        (
            "/steps/1/integration/module_id",
            json!("leadconduit-nowhere.outbound"),
            "module leadconduit-nowhere.outbound",
        ),
        ("/destinations", json!([{"instance_id": "nowhere"}]), "destination nowhere"),
        ("/pricing_service", json!({"service_id": UNKNOWN_ID, "fallback_price": 1}), "pricing service 0000"),
        ("/firehose", json!({"credential_id": UNKNOWN_ID, "bucket": "acme-leads", "enabled": true}), "credential 0000"),
    ];
    for (pointer, value, what) in rows {
        let mut sent = body();
        put(&mut sent, pointer, value);
        for response in [mock.post("/flows", &sent), mock.put(&format!("/flows/{FLOW}"), &sent)] {
            let error = response.expect(422).error();
            assert!(error.starts_with(pointer) && error.contains(what) && error.ends_with("not found"), "{error}");
        }
    }
    assert_eq!(mock.get("/flows").json(), before);
    // Documents of other accounts are not found; standard ones are.
    assert!(mock.call(GLOBEX, Method::POST, "/flows", Some(&body())).expect(422).error().starts_with("/fields/2"));
}

#[test]
fn valid_references_are_stored() {
    let mock = Mock::healthy();
    let mut sent = body();
    put(&mut sent, "/sources/0/credential_id", json!("5ff33b53940df5a34a388801"));
    put(&mut sent, "/pricing_service", json!({"service_id": "66b2f7aa940df5a34a388a51", "fallback_price": 2}));
    put(&mut sent, "/destinations", json!([{"instance_id": "SW5zdGFuY2U6YWNtZS1zaGVldA", "name": "Lead sheet"}]));
    let standard = mock.get("/entities").json()[0].clone();
    put(&mut sent, "/steps/1/entity/id", standard["id"].clone());
    let created = mock.post("/flows", &sent).expect(201).json();
    assert_eq!(created["sources"][0]["credential_id"], "5ff33b53940df5a34a388801");
    assert_eq!(created["pricing_service"], sent["pricing_service"]);
    assert_eq!(created["destinations"], sent["destinations"]);
    assert_eq!(created["steps"][1]["entity"]["name"], standard["name"]);
}

#[test]
fn invalid_rules_prices_and_templates_are_reported_with_pointers() {
    let mock = Mock::healthy();
    let rows = [
        ("/acceptance_criteria/rule_set/rules/0", json!({"lhv": "lead.email", "op": "matches pattern", "rhv": "(" })),
        (
            "/caps/0/caps/0/rule_set",
            json!({"op": "and", "rules": [{"lhv": "lead.email", "op": "matches pattern", "rhv": "[z-a]"}]}),
        ),
        ("/pricing/override", json!(true)),
        ("/acceptance_criteria/reason", json!("Not in {{shout lead.state}}")),
        ("/sources/0/integration/mappings/0/value", json!(["x", "{{lead.email"])),
    ];
    let locations = [
        "/acceptance_criteria/rule_set/rules/0",
        "/caps/0/caps/0/rule_set/rules/0",
        "/pricing/prices",
        "/acceptance_criteria/reason: ",
        "/sources/0/integration/mappings/0/value/1: ",
    ];
    for ((pointer, value), location) in rows.into_iter().zip(locations) {
        let mut sent = body();
        put(&mut sent, pointer, value);
        let error = mock.post("/flows", &sent).expect(422).error();
        assert!(error.starts_with(location), "{error}");
    }
    let mut sent = body();
    sent["pricing"] = json!({"override": true, "prices": []});
    mock.post("/flows", &sent).expect(201);
}

#[test]
fn unknown_time_zones_are_rejected_and_the_nearest_is_named() {
    let mock = Mock::healthy();
    let cap = |zone: &str| json!([{"maximum": 1, "duration": 1, "duration_units": "day", "time_zone": zone}]);
    let limit = |zone: &str| json!([{"maximum": 1, "duration": 1, "duration_units": "day", "time_zone": zone}]);
    let rows = [
        ("/caps", cap("America/New_Yrok"), "/caps/0/time_zone", "did you mean America/New_York?"),
        ("/caps", cap("chicago"), "/caps/0/time_zone", "did you mean America/Chicago?"),
        ("/caps", cap(""), "/caps/0/time_zone", "such as America/New_York"),
        ("/sources/0/caps", cap("Mars/Base"), "/sources/0/caps/0/time_zone", "`Mars/Base` is not a time zone"),
        ("/ping_limits", limit("Europe/Lodnon"), "/ping_limits/0/time_zone", "did you mean Europe/London?"),
        (
            "/hours_of_operation",
            json!({"enabled": true, "time_zone": "US/Pacifc"}),
            "/hours_of_operation/time_zone",
            "did you mean US/Pacific?",
        ),
    ];
    for (pointer, value, at, message) in rows {
        let mut sent = body();
        put(&mut sent, pointer, value);
        let error = mock.post("/flows", &sent).expect(422).error();
        assert!(error.starts_with(at) && error.contains(message), "{error}");
        let flow = mock.get(&format!("/flows/{FLOW}")).expect(200).json();
        let mut in_scenario = flow.clone();
        put(&mut in_scenario, pointer, sent.pointer(pointer).unwrap().clone());
        let text = mock.put(&format!("/__admin/state/flows/{FLOW}"), &in_scenario).expect(400).text;
        assert!(text.contains(message), "{text}");
    }
    // As in a documented sample.
    let mut sent = body();
    put(&mut sent, "/caps", cap("America/Los Angeles"));
    mock.post("/flows", &sent).expect(201);
}

#[test]
fn names_may_contain_braces() {
    let mock = Mock::healthy();
    let mut sent = body();
    sent["name"] = json!("Leads for {{the best}} buyer");
    put(&mut sent, "/caps/0/name", json!("Uses {{ and }} for {{#if}}."));
    let stored = mock.post("/flows", &sent).expect(201).json();
    assert_eq!((&stored["name"], &stored["caps"][0]["name"]), (&sent["name"], &sent["caps"][0]["name"]));
}

#[test]
fn the_server_assigns_nested_ids() {
    let mock = Mock::healthy();
    let mut sent = body();
    put(&mut sent, "/sources/0/id", json!("mine01"));
    put(&mut sent, "/caps/0/id", json!(UNKNOWN_ID));
    put(&mut sent, "/caps/0/created_at", json!("2001-01-01T00:00:00Z"));
    let created = mock.post("/flows", &sent).expect(201).json();
    let found = parts(&created);
    let expected = [
        "flow",
        "acceptance",
        "rules",
        "rules",
        "rules",
        "caps",
        "caps",
        "ping_limits",
        "prices",
        "prices",
        "sources",
        "mappings",
        "steps",
        "rule_set",
        "rules",
        "steps",
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    let distinct: HashSet<&String> = found.iter().map(|(_, id)| id).collect();
    assert_eq!(distinct.len(), found.len(), "{found:?}");
    for (under, id) in &found {
        let length = if ["flow", "caps", "ping_limits"].contains(&under.as_str()) { 24 } else { 6 };
        assert_eq!(id.len(), length, "{under} {id}");
        assert!(id != "mine01" && id != UNKNOWN_ID, "new objects get new ids: {under}");
    }
    for limit in ["/caps/0", "/caps/0/caps/0", "/ping_limits/0"] {
        assert_eq!(created.pointer(limit).unwrap()["created_at"], created["created_at"], "{limit}");
    }
}

#[test]
fn nested_ids_are_stable_across_updates() {
    let mock = Mock::healthy();
    mock.put("/__admin/clock", &json!({"freeze": "2026-03-01T12:00:00Z"})).expect(200);
    let created = mock.post("/flows", &body()).expect(201).json();
    let path = path(&created["id"]);
    mock.put("/__admin/clock", &json!({"freeze": "2026-03-02T12:00:00Z"})).expect(200);
    let same = mock.put(&path, &created).expect(200).json();
    assert_eq!(parts(&same), parts(&created));
    assert_eq!(same["caps"], created["caps"], "`created_at` is kept");
    assert_eq!(same["updated_at"], "2026-03-02T12:00:00.000Z");

    let mut changed = created.clone();
    // Steps in reverse order, a duplicate price, a new cap, and an unknown id.
    changed["steps"].as_array_mut().unwrap().reverse();
    changed["pricing"]["prices"][1] = created["pricing"]["prices"][0].clone();
    changed["caps"].as_array_mut().unwrap().push(json!({"name": "new"}));
    changed["sources"][0]["id"] = "mine01".into();
    let after = mock.put(&path, &changed).expect(200).json();
    assert_eq!(after["steps"][0]["id"], created["steps"][1]["id"]);
    assert_eq!(after["steps"][1]["id"], created["steps"][0]["id"]);
    assert_eq!(after["pricing"]["prices"][0]["id"], created["pricing"]["prices"][0]["id"]);
    assert!(!parts(&created).iter().any(|(_, id)| after["pricing"]["prices"][1]["id"] == id.as_str()));
    assert_eq!(after["caps"][1]["created_at"], "2026-03-02T12:00:00.000Z");
    assert!(after["sources"][0]["id"] != "mine01" && after["sources"][0]["id"] != created["sources"][0]["id"]);
}

#[test]
fn the_client_can_choose_an_unused_id() {
    let mock = Mock::healthy();
    let mut sent = body();
    sent["id"] = "ABCDEF00ABCDEF00ABCDEF00".into();
    let created = mock.post("/flows", &sent).expect(201).json();
    assert_eq!(created["id"], "abcdef00abcdef00abcdef00", "ids are stored in lower case");
    let rejected = mock.post("/flows", &sent).expect(422);
    assert!(rejected.error().starts_with("/id"), "{}", rejected.text);
    sent["id"] = "nope".into();
    mock.post("/flows", &sent).expect(400);
    // An id of another account counts as unused.
    sent["id"] = SOLAR.into();
    sent["fields"] = json!([]);
    sent["sources"] = json!([]);
    sent["steps"] = json!([]);
    mock.call(GLOBEX, Method::POST, "/flows", Some(&sent)).expect(201);
    assert_eq!(mock.get(&format!("/flows/{SOLAR}")).json()["name"], "Home solar, Arizona");
}

#[test]
fn the_live_revision_changes_only_on_deployment() {
    let mock = Mock::healthy();
    // Only live caps have counters, so they reveal the live revision.
    let mut created = mock.post("/flows", &body()).expect(201).json();
    let path = path(&created["id"]);
    let cap = |at: &Value| format!("/caps/{}", at["id"].as_str().unwrap());
    let first = cap(&created["caps"][0]);
    mock.get(&first).expect(404);
    assert_eq!(submit(&mock, &path, SUMMIT), 404, "a new flow accepts no leads");
    let message = "Your flow was deployed and the most recent changes are now live";
    assert_eq!(deploy(&mock, &path).expect(200).json(), json!({"message": message}));
    mock.get(&first).expect(200);
    assert_eq!(submit(&mock, &path, SUMMIT), 201);

    created["caps"] = json!([{"maximum": 1, "duration": 1, "duration_units": "day"}]);
    created["sources"] = json!([]);
    let second = cap(&mock.put(&path, &created).expect(200).json()["caps"][0]);
    assert_ne!(first, second);
    mock.get(&first).expect(200);
    mock.get(&second).expect(404);
    assert_eq!(submit(&mock, &path, SUMMIT), 201);
    created["name"] = "Another".into();
    let second = cap(&mock.put(&path, &created).expect(200).json()["caps"][0]);
    mock.get(&first).expect(200);
    deploy(&mock, &path).expect(200);
    mock.get(&first).expect(404);
    mock.get(&second).expect(200);
    assert_eq!(submit(&mock, &path, SUMMIT), 422);
    mock.delete(&path).expect(200);
    mock.get(&second).expect(404);
    assert_eq!(submit(&mock, &path, SUMMIT), 404);
}

#[test]
fn a_flow_from_buyer_set_up_is_live_at_once() {
    let mock = Mock::healthy();
    let mut flow = mock.get(&format!("/flows/{SOLAR}")).json();
    flow["name"] = "Home solar".into();
    mock.put(&format!("/flows/{SOLAR}"), &flow).expect(200);
    assert_eq!(submit(&mock, &format!("/flows/{SOLAR}"), BRIGHTPATH), 422);
    mock.post("/onboard/buyer", &json!({"connection_id": BUYER, "flow_id": SOLAR})).expect(200);
    assert_eq!(submit(&mock, &format!("/flows/{SOLAR}"), BRIGHTPATH), 201);
}

#[test]
fn a_superuser_can_touch_every_flow() {
    let mock = Mock::healthy();
    let before = mock.get("/flows").json();
    assert_eq!(mock.call(JANE, Method::PUT, "/flows", None).expect(401).error(), "not authorized");
    assert_eq!(mock.get("/flows").json(), before);
    mock.put("/__admin/clock", &json!({"freeze": "2027-01-01T00:00:00Z"})).expect(200);
    let touched = mock.call(SUPERUSER, Method::PUT, "/flows", None).expect(200);
    assert_eq!(touched.text, "");
    let after = mock.get("/flows").json();
    for (before, after) in before.as_array().unwrap().iter().zip(after.as_array().unwrap()) {
        assert_eq!(after["updated_at"], "2027-01-01T00:00:00.000Z");
        let mut expected = before.clone();
        expected["updated_at"] = after["updated_at"].clone();
        assert_eq!(*after, expected, "only `updated_at` changes");
    }
}

#[test]
fn flows_of_other_accounts_are_not_found() {
    let mock = Mock::healthy();
    for (method, path) in [
        (Method::GET, format!("/flows/{FLOW}")),
        (Method::DELETE, format!("/flows/{FLOW}")),
        (Method::POST, format!("/flows/{FLOW}/deploy")),
        (Method::GET, format!("/flows/{FLOW}/fields")),
        (Method::GET, format!("/flows/{FLOW}/fields/usage")),
        (Method::GET, format!("/flows/{FLOW}/sources/{SUMMIT}/meta")),
    ] {
        mock.call(GLOBEX, method, &path, None).expect(404);
    }
    assert_eq!(mock.call(GLOBEX, Method::GET, "/flows", None).expect(200).json(), json!([]));
}

#[test]
fn source_meta_is_computed_from_flow_fields_and_account() {
    let mock = Mock::healthy();
    let meta = mock.get(&format!("/flows/{SOLAR}/sources/5d9a4c421d011c553e000003/meta")).expect(200).json();
    assert_eq!(meta["account"], json!({"id": "5fd4371e940df5a34a3888b2", "name": "Acme, Inc."}));
    assert_eq!(meta["flow"], json!({"id": SOLAR, "name": "Home solar, Arizona"}));
    let source = json!({"id": "5d9a4c421d011c553e000003", "name": "Acme Source", "authentication_required": false});
    assert_eq!(meta["source"], source);
    assert_eq!(
        (&meta["enabled"], &meta["pingable"], &meta["ping_enabled"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(meta["flow_acceptance_criteria"]["reason"], "Lead must live in AZ");
    assert_eq!(meta["flow_pricing"]["prices"][0]["amount"], 18.5);
    assert_eq!(meta["source_pricing"], Value::Null);
    let params = meta["params"].as_array().unwrap();
    let listed: Vec<(&str, &str, &str)> = params
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["type"].as_str().unwrap(), p["required"].as_str().unwrap()))
        .collect();
    let expected = [
        ("first_name", "first_name", "no"),
        ("last_name", "last_name", "no"),
        ("email", "email", "yes"),
        ("phone_1", "phone", "no"),
        ("state", "state", "yes"),
        ("postal_code", "postal_code", "no"),
        ("own_home", "boolean", "no"),
        ("electric_bill", "range", "no"),
        ("loan_amount_acme", "number", "no"),
    ];
    assert_eq!(listed, expected, "the criteria require an address and a state");
    assert_eq!(params[0]["examples"], json!(["Mike", "Robert", "Janet"]));
    assert_eq!(params[8]["label"], "Loan Amount");

    // The short id of the source works too; a source of another flow is not found.
    assert_eq!(mock.get(&format!("/flows/{SOLAR}/sources/3ccdf2/meta")).expect(200).json(), meta);
    mock.get(&format!("/flows/{SOLAR}/sources/{SUMMIT}/meta")).expect(404);
    let mut flow = mock.get(&format!("/flows/{SOLAR}")).json();
    flow["sources"][0]["enabled"] = false.into();
    flow["acceptance_criteria"]["rule_set"]["op"] = "or".into();
    mock.put(&format!("/flows/{SOLAR}"), &flow).expect(200);
    let meta = mock.get(&format!("/flows/{SOLAR}/sources/3ccdf2/meta")).json();
    assert_eq!(meta["enabled"], false);
    assert!(
        meta["params"].as_array().unwrap().iter().all(|p| p["required"] == "no"),
        "an `or` requires no single rule"
    );
}
