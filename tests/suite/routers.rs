//! Routers: one per module, with routes to sources of flows.

use http::Method;
use serde_json::{Value, json};

use crate::support::{FLOW, GLOBEX, Mock};

const ROUTER: &str = "/routers/6650be10940df5a34a388c01";
const STANDARD: &str = "/routers/6650b8c2940df5a34a388c00";
/// A source of the flow, by its entity.
const SOURCE: &str = "5d9a4b10940df5a34a3888c1";

fn route(flow: &str, source: &str) -> Value {
    let rule = json!({"lhv": "lead.state", "op": "is equal to", "rhv": "TX"});
    let nested = json!({"op": "or", "rules": [{"lhv": "lead.email", "op": "is not blank"}]});
    json!({"flow_id": flow, "source_id": source, "rule_set": {"op": "and", "rules": [rule, nested]}})
}

fn input(module: &str, routes: &[Value]) -> Value {
    json!({"module_id": module, "routes": routes})
}

/// The ids of routes, rule sets and rules, in document order.
fn part_ids(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("id", Value::String(id)) if id.len() == 6 => vec![id.clone()],
                _ => part_ids(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(part_ids).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_module_has_one_router_and_responses_are_lists() {
    let mock = Mock::healthy();
    let body = input("leadconduit-facebook.inbound", &[route(FLOW, SOURCE), route(FLOW, "1aacd0")]);
    let made = mock.post("/routers", &body).expect(201).json();
    assert_eq!(made.as_array().unwrap().len(), 1, "{made}");
    let made = &made[0];
    let path = format!("/routers/{}", made["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).expect(200).json(), *made);
    assert!(mock.get("/routers").json().as_array().unwrap().contains(made));
    assert_eq!(made["routes"][1]["source_id"], "1aacd0");
    assert_eq!(made["created_at"], made["updated_at"]);
    let ids = part_ids(made);
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((ids.len(), distinct.len()), (10, 10), "each route, set and rule has a distinct id: {made}");
    let rejected = mock.post("/routers", &body).expect(422).error();
    assert_eq!(
        rejected,
        format!("/module_id: module leadconduit-facebook.inbound already has router {}", text(made, "id"))
    );
    assert_eq!(mock.call(GLOBEX, Method::GET, &path, None).expect(404).error(), "router not found");
    assert_eq!(mock.call(GLOBEX, Method::GET, "/routers", None).json(), json!([]));
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn routes_must_refer_to_a_source_of_a_flow() {
    let mock = Mock::healthy();
    let nowhere = "5fd4371e940df5a34a3888b2";
    let cases = [
        (
            input("leadconduit-nowhere.inbound", &[]),
            "/module_id: module leadconduit-nowhere.inbound not found".to_owned(),
        ),
        (json!({"routes": []}), "/module_id: a router needs a module".to_owned()),
        (
            input("leadconduit-facebook.inbound", &[route(FLOW, SOURCE), route(nowhere, SOURCE)]),
            format!("/routes/1/flow_id: flow {nowhere} not found"),
        ),
        (
            input("leadconduit-facebook.inbound", &[route(FLOW, nowhere)]),
            format!("/routes/0/source_id: {nowhere} is not a source of flow {FLOW}"),
        ),
        (
            // A recipient of the flow is not a source.
            input("leadconduit-facebook.inbound", &[route(FLOW, "64b8f2a0940df5a34a3888c2")]),
            format!("/routes/0/source_id: 64b8f2a0940df5a34a3888c2 is not a source of flow {FLOW}"),
        ),
        (
            input("leadconduit-facebook.inbound", &[json!({"flow_id": FLOW})]),
            "/routes/0/source_id: a route needs a flow and a source".to_owned(),
        ),
    ];
    let mut unreadable = input("leadconduit-facebook.inbound", &[route(FLOW, SOURCE)]);
    unreadable["routes"][0]["rule_set"] =
        json!({"op": "and", "rules": [{"lhv": "lead.state", "op": "matches pattern", "rhv": "("}]});
    let rejected = mock.post("/routers", &unreadable).expect(422).error();
    assert!(rejected.starts_with("/routes/0/rule_set/rules/0/rhv: "), "{rejected}");
    let before = mock.get("/routers").json();
    for (body, error) in cases {
        assert_eq!(mock.post("/routers", &body).expect(422).error(), error);
    }
    assert_eq!(mock.get("/routers").json(), before, "no router was created");
    let body = input("leadconduit-default.inbound", &[]);
    mock.call(GLOBEX, Method::POST, "/routers", Some(&body)).expect(201);
}

#[test]
fn an_update_keeps_omitted_properties_and_known_ids() {
    let mock = Mock::healthy();
    let before = mock.get(ROUTER).expect(200).json();
    let mut kept = before["routes"][0].clone();
    kept["rule_set"]["rules"][0]["rhv"] = "NM".into();
    let mut new = route(FLOW, SOURCE);
    new["id"] = "zzzzzz".into();
    let body = json!({"routes": [new, kept, kept]});
    let response = mock.put(ROUTER, &body).expect(200).json();
    assert_eq!(response.as_array().unwrap().len(), 1);
    let after = &response[0];
    assert_eq!((&after["module_id"], &after["created_at"]), (&before["module_id"], &before["created_at"]));
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
    let routes = after["routes"].as_array().unwrap();
    assert_ne!(routes[0]["id"], "zzzzzz", "the server replaces unknown ids");
    assert_eq!(routes[1], kept, "a known id is kept");
    assert_ne!(routes[2]["id"], kept["id"], "but only once");
    assert_eq!(mock.get(ROUTER).json(), *after);

    let moved = mock.put(ROUTER, &json!({"module_id": "leadconduit-facebook.inbound"})).expect(200).json();
    assert_eq!(
        (&moved[0]["module_id"], &moved[0]["routes"]),
        (&json!("leadconduit-facebook.inbound"), &after["routes"])
    );
    let taken = mock.put(ROUTER, &json!({"module_id": "leadconduit-integration-platform.inbound"})).expect(422).error();
    assert_eq!(
        taken,
        "/module_id: module leadconduit-integration-platform.inbound already has router 6650b8c2940df5a34a388c00"
    );
}

#[test]
fn standard_routers_cannot_be_changed() {
    let mock = Mock::healthy();
    let before = mock.get(STANDARD).expect(200).json();
    let rejected = mock.put(STANDARD, &json!({"routes": [route(FLOW, SOURCE)]})).expect(422).error();
    assert_eq!(rejected, "standard routers cannot be changed");
    assert_eq!(mock.get(STANDARD).json(), before);
    // Standard routers cannot be created.
    let mut body = input("leadconduit-facebook.inbound", &[]);
    body["standard"] = true.into();
    assert_eq!(mock.post("/routers", &body).expect(201).json()[0].get("standard"), None);
}
