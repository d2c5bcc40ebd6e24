//! The partner plan: one flow, made with an onboard; the seller as its source; and the limits of the plan.

use http::Method;
use serde_json::{Value, json};

use crate::support::{INVITATION, Mock, TestResponse};

const PARTNER: &str = "00000000000000000000000000000000000000cc";
const FLOW: &str = "64b8f2c0940df5a34a3888c8";

fn call(mock: &Mock, method: Method, path: &str, body: Value) -> TestResponse {
    mock.call(PARTNER, method, path, (!body.is_null()).then_some(&body))
}

fn flows(mock: &Mock) -> Vec<Value> {
    call(mock, Method::GET, "/flows", Value::Null).expect(200).json().as_array().unwrap().clone()
}

#[test]
fn a_partner_has_one_flow_and_one_delivery() {
    let mock = Mock::scenario("partner");
    let mut flow = flows(&mock)[0].clone();
    let second = json!({"name": "Second", "enabled": true, "fields": ["email"], "sources": [], "steps": []});
    assert_eq!(call(&mock, Method::POST, "/flows", second.clone()).expect(401).error(), "not authorized");
    flow["steps"] = json!([{
        "type": "filter", "enabled": true, "reason": "TX only", "outcome": "failure",
        "rule_set": {"op": "and", "rules": [{"lhv": "lead.state", "op": "is not equal to", "rhv": "TX"}]},
    }]);
    call(&mock, Method::PUT, &format!("/flows/{FLOW}"), flow.clone()).expect(200);
    let destination = flow["destinations"][0].clone();
    flow["destinations"].as_array_mut().unwrap().push(destination);
    let rejected = call(&mock, Method::PUT, &format!("/flows/{FLOW}"), flow).expect(400);
    assert_eq!(rejected.error(), "the partner plan allows one delivery destination in a flow");
    // After the deletion of the one flow, there is room for another.
    call(&mock, Method::DELETE, &format!("/flows/{FLOW}"), Value::Null).expect(200);
    call(&mock, Method::POST, "/flows", second.clone()).expect(201);
    call(&mock, Method::POST, "/flows", second).expect(401);
    assert_eq!(flows(&mock).len(), 1);
}

#[test]
fn own_fields_and_invitations_need_a_paid_plan() {
    let mock = Mock::scenario("partner");
    let field = json!({"id": "roof_age", "name": "Roof age", "type": "number"});
    let email = json!({"email": "ann@example.com"});
    for (path, body) in [("/fields", &field), ("/invitations/source", &email), ("/invitations/recipient", &email)] {
        let rejected = call(&mock, Method::POST, path, body.clone()).expect(401);
        assert_eq!(rejected.error(), "not authorized", "{path}");
        assert_eq!(rejected.header("x-mock-evidence"), Some("inferred"), "no source shows the error: {path}");
        let recorded = mock.get("/__admin/requests?limit=1").expect(200).json()["requests"][0]["evidence"].clone();
        assert_eq!(recorded, "inferred", "{path}");
        mock.post(path, body).expect(201);
    }
    // The documented one of a caller without a key.
    let unknown = mock.call("", Method::POST, "/fields", Some(&field)).expect(401);
    assert_eq!(unknown.header("x-mock-evidence"), Some("documented"));
}

#[test]
fn an_explanation_names_the_partner_plan() {
    let mock = Mock::scenario("partner");
    let request = json!({"method": "POST", "path": "/fields", "key": PARTNER, "body": {"id": "roof_age", "name": "Roof age", "type": "number"}});
    let explained = mock.post("/__admin/explain", &request).expect(200);
    assert_eq!(explained.json()["reply"]["status"], 401, "{}", explained.text);
    assert!(explained.text.contains("the partner plan, which is the only plan of the account"), "{}", explained.text);
    assert!(!explained.text.contains("free accounts"), "{}", explained.text);
    assert_eq!(explained.json()["operation"]["evidence"], "inferred");
    // Another 401 has another reason.
    let request =
        json!({"method": "POST", "path": "/connections", "key": PARTNER, "body": {"connection_id": INVITATION}});
    let explained = mock.post("/__admin/explain", &request).expect(200);
    assert_eq!(explained.json()["reply"]["status"], 401, "{}", explained.text);
    assert!(!explained.text.contains("the partner plan"), "{}", explained.text);
}

#[test]
fn an_onboard_makes_the_minimal_flow_and_the_set_up_connects_the_seller() {
    let mock = Mock::scenario("partner");
    call(&mock, Method::DELETE, &format!("/flows/{FLOW}"), Value::Null).expect(200);
    let body = json!({"invitation_id": INVITATION});
    let onboard = call(&mock, Method::POST, "/onboards", body.clone()).expect(201).json();
    let minimal = flows(&mock);
    assert_eq!(minimal.len(), 1);
    assert_eq!((&minimal[0]["id"], &minimal[0]["sources"]), (&onboard["flow_id"], &json!([])));
    let again = call(&mock, Method::POST, "/onboards", body.clone()).expect(201).json();
    assert_eq!(again["flow_id"], onboard["flow_id"], "the same flow");
    // The set-up takes the one flow, also when the request names none.
    let redirect = call(&mock, Method::POST, "/onboard/buyer", body).expect(200).json()["redirect"].clone();
    let id = onboard["flow_id"].as_str().unwrap();
    assert_eq!(redirect, format!("/flows/{id}"));
    let connected = flows(&mock);
    assert_eq!(connected.len(), 1);
    let source = connected[0]["sources"][0]["entity"]["id"].as_str().unwrap().to_owned();
    assert_eq!(connected[0]["sources"][0]["entity"]["name"], "Acme, Inc.");
    let lead = json!({"first_name": "Ann", "email": "ann@example.com"});
    let result = mock.call("", Method::POST, &format!("/flows/{id}/sources/{source}/submit"), Some(&lead));
    assert_eq!(result.expect(201).json()["outcome"], "success");
}
