//! Request modes: requests that break the contract are rejected, served with a report, or served without one.

use http::{Method, Request};
use http_body_util::Full;
use leadconduit_mock::{MockServer, RequestMode};
use serde_json::json;

use crate::support::{ACME_ID, FLOW, INVITATION, JANE, Mock, basic};

fn with_mode(mode: RequestMode) -> Mock {
    Mock::start(MockServer::builder().requests(mode))
}

#[test]
fn strict_mode_rejects_and_lists_every_violation() {
    let mock = with_mode(RequestMode::Strict);
    let rejected = mock.post("/onboards", &json!({"invitatin_id": INVITATION, "flow_id": 7})).expect(400);
    insta::assert_json_snapshot!(json!({"body": rejected.json(), "violations": rejected.violations()}));
    assert_eq!(mock.get("/onboards").json(), json!([]), "the rejected request has no effect");
}

#[test]
fn warn_mode_serves_and_lists_every_violation() {
    let mock = with_mode(RequestMode::Warn);
    let served =
        mock.post("/onboards", &json!({"invitation_id": INVITATION, "flow_id": FLOW, "status": 1})).expect(201);
    assert_eq!(served.violations(), [] as [serde_json::Value; 0], "undocumented properties are allowed");
    let served = mock.put("/account", &json!({"features": {"firehose": "yes"}}));
    assert_eq!(served.violations()[0]["location"], "/body/features/firehose");
    let list = mock.get("/connections?relationship_type=sellr").expect(200);
    assert_eq!((list.json(), list.violations()[0]["code"].as_str()), (json!([]), Some("enum")));
    let request = Request::post(format!("{}/user_settings", mock.server.url())).header("authorization", basic(JANE));
    let plain =
        mock.send(request.header("content-type", "text/plain").body(Full::from(r#"{"notifications":{}}"#)).unwrap());
    assert_eq!(plain.expect(201).violations()[0]["code"], "content-type");
}

#[test]
fn off_mode_serves_without_a_report() {
    let mock = with_mode(RequestMode::Off);
    let list = mock.get("/connections?relationship_type=sellr").expect(200);
    assert_eq!(list.header("x-mock-violations"), None);
    let request = Request::post(format!("{}/user_settings", mock.server.url())).header("authorization", basic(JANE));
    mock.send(request.body(Full::from(r#"{"notifications":{}}"#)).unwrap()).expect(201);
}

#[test]
fn requests_that_cannot_be_served_are_rejected_in_every_mode() {
    for mode in [RequestMode::Strict, RequestMode::Warn, RequestMode::Off] {
        let mock = with_mode(mode);
        for body in ["", "nonsense", "[]", "{}", r#"{"invitation_id": 5}"#] {
            for path in ["/onboards", "/onboard/buyer", "/invitations/source", "/connections", "/credentials"] {
                let request = Request::post(format!("{}{path}", mock.server.url()));
                let request = request.header("authorization", basic(crate::support::SUPERUSER));
                let response =
                    mock.send(request.header("content-type", "application/json").body(Full::from(body)).unwrap());
                assert!(
                    matches!(response.status, 400 | 404),
                    "{mode:?} {path} {body}: {} {}",
                    response.status,
                    response.text
                );
            }
        }
    }
}

#[test]
fn undocumented_query_parameters_are_reported_and_served() {
    let mock = with_mode(RequestMode::Strict);
    let served = mock.get("/connections?relationship_typ=seller").expect(200);
    let violation = &served.violations()[0];
    assert_eq!((&violation["location"], &violation["code"]), (&json!("/query/relationship_typ"), &json!("unknown")));
    assert!(violation["message"].as_str().unwrap().contains("did you mean relationship_type?"), "{violation}");
    assert_eq!(mock.get("/connections?__anything=1").header("x-mock-violations"), None);
}

#[test]
fn repeated_parameters_are_rejected() {
    let mock = with_mode(RequestMode::Strict);
    let rejected = mock.get("/connections?relationship_type=seller&relationship_type=buyer").expect(400);
    assert_eq!(rejected.error(), "relationship_type may be given once, not 2 times");
}

#[test]
fn violation_locations_are_escaped_pointers() {
    let mock = with_mode(RequestMode::Strict);
    let served = mock.get("/connections?a%2Fb~c=1").expect(200);
    assert_eq!(served.violations()[0]["location"], "/query/a~1b~0c");
}

#[test]
fn the_violations_header_is_bounded() {
    let mock = with_mode(RequestMode::Strict);
    let query: Vec<String> = (0..200).map(|at| format!("parameter_number_{at}=1")).collect();
    let served = mock.get(&format!("/connections?{}", query.join("&"))).expect(200);
    assert!(served.header("x-mock-violations").unwrap().len() <= 4096);
    assert_eq!(served.violations().last().unwrap()["code"], "truncated");
}

#[test]
fn messages_contain_no_passwords() {
    let mock = with_mode(RequestMode::Strict);
    let body = json!({"name": "x", "type": "user", "package": "p", "username": 1, "password": ["hunter2"]});
    let rejected = mock.post("/credentials", &body).expect(400);
    let everything = format!("{:?} {}", rejected.headers, rejected.text);
    assert!(!everything.contains("hunter2"), "{everything}");
    assert!(everything.contains("/body/password"));
}

#[test]
fn read_only_properties_are_ignored() {
    let mock = with_mode(RequestMode::Strict);
    let body =
        json!({"invitation_id": INVITATION, "id": ACME_ID, "created_at": "2001-01-01T00:00:00Z", "account_id": FLOW});
    let created = mock.post("/onboards", &body).expect(201).json();
    assert_ne!(created["id"], body["id"]);
    assert_eq!(created["account_id"], ACME_ID);
    let read = mock.call(JANE, Method::GET, "/onboards", None).json();
    assert_eq!(read, json!([created]));
}

/// A hint names a property that is probably misspelt, never one that the body may have.
#[test]
fn hints_about_missing_properties_name_no_valid_ones() {
    let mock = Mock::healthy();
    let valid = json!({"name": "n", "type": "user", "package": "leadconduit-default"});
    let error = mock.post("/credentials", &valid).expect(400).error();
    assert!(error.contains("username is missing") && !error.contains("was that meant"), "{error}");
    let error = mock.post("/credentials", &json!({"nmae": "n", "type": "token"})).expect(400).error();
    assert!(error.contains("name is missing; `nmae` was sent: was that meant?"), "{error}");
}
