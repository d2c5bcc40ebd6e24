//! Onboards: from an invitation to a flow that accepts the seller's leads.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ACME_ID, BUYER, FLOW, GLOBEX, INVITATION, Mock, SELLER, SSO_ONLY, SUPERUSER};

fn create(mock: &Mock) -> Value {
    mock.post("/onboards", &json!({"invitation_id": INVITATION})).expect(201).json()
}

fn path(onboard: &Value) -> String {
    format!("/onboards/{}", onboard["id"].as_str().unwrap())
}

fn is_set_up(mock: &Mock, connection: &str) -> bool {
    mock.get(&format!("/connections/{connection}")).json()["ui_state"]["has_setup_buyer_delivery"] == true
}

#[test]
fn the_documented_sequence_sets_up_buyer_delivery() {
    let mock = Mock::healthy();
    let created = create(&mock);
    assert_eq!(created["connection_id"], BUYER, "the connection is found by its invitation");
    assert_eq!((&created["account_id"], &created["status"]), (&json!(ACME_ID), &json!("created")));
    assert_eq!(created["invitation_id"], INVITATION, "the invitation in the body");
    let minimal = mock.get(&format!("/flows/{}", created["flow_id"].as_str().unwrap())).expect(200).json();
    assert_eq!((&minimal["name"], &minimal["sources"]), (&json!("Leads from Brightpath Insurance"), &json!([])));
    assert_eq!(mock.get("/onboards").expect(200).json(), json!([created]));

    let body = json!({"invitation_id": INVITATION, "flow_id": FLOW, "status": "in_progress"});
    let started = mock.put(&path(&created), &body).expect(200).json();
    assert_eq!((&started["status"], &started["flow_id"]), (&json!("in_progress"), &json!(FLOW)));
    assert!(!is_set_up(&mock, BUYER));

    let done = json!({"invitation_id": INVITATION, "status": "completed"});
    let completed = mock.put(&path(&created), &done).expect(200).json();
    assert_eq!((&completed["status"], &completed["flow_id"]), (&json!("completed"), &json!(FLOW)));
    assert!(is_set_up(&mock, BUYER), "the connection is marked");
    assert_eq!(mock.get("/onboards").json(), json!([completed]));

    let again = mock.put(&path(&created), &done).expect(200).json();
    assert_eq!(again["status"], "completed", "a repeated update changes nothing");
    let other = create(&mock);
    assert_eq!(other["flow_id"], FLOW, "the flow of the last onboard of the invitation");
    let failed = mock.put(&path(&other), &done).expect(200).json();
    assert_eq!(failed["status"], "failed", "a connection is set up once");
}

#[test]
fn without_a_flow_id_a_flow_is_created() {
    let mock = Mock::healthy();
    let created = create(&mock);
    let done = json!({"invitation_id": INVITATION, "status": "completed"});
    let flow = mock.put(&path(&created), &done).expect(200).json()["flow_id"].as_str().unwrap().to_owned();
    assert!(flow.len() == 24 && flow != FLOW, "{flow}");
    assert_eq!(flow, created["flow_id"].as_str().unwrap(), "it exists since the creation of the onboard");
    let sources = mock.get(&format!("/flows/{flow}")).expect(200).json()["sources"].clone();
    assert_eq!(sources[0]["entity"]["name"], "Brightpath Insurance", "the set-up makes the seller its source");
}

#[test]
fn a_failed_set_up_is_rolled_back() {
    let mock = Mock::healthy();
    let created = create(&mock);
    let body = json!({"invitation_id": INVITATION, "flow_id": "000000000000000000000000", "status": "completed"});
    assert_eq!(mock.put(&path(&created), &body).expect(200).json()["status"], "failed");
    assert!(!is_set_up(&mock, BUYER));
    let corrected = json!({"invitation_id": INVITATION, "flow_id": FLOW, "status": "completed"});
    assert_eq!(
        mock.put(&path(&created), &corrected).expect(200).json()["status"],
        "completed",
        "the set-up can be repeated"
    );
}

#[test]
fn a_direct_set_up_succeeds_only_once() {
    let mock = Mock::healthy();
    let body = json!({"connection_id": BUYER, "flow_id": FLOW});
    let redirect = mock.post("/onboard/buyer", &body).expect(200).json();
    assert_eq!(redirect, json!({"redirect": format!("/flows/{FLOW}")}));
    assert!(is_set_up(&mock, BUYER));
    mock.post("/onboard/buyer", &body).expect(409);
    mock.post("/onboard/buyer", &json!({"invitation_id": INVITATION})).expect(409);
    mock.post("/onboard/buyer", &json!({"connection_id": SELLER})).expect(409);
}

#[test]
fn missing_references_are_404_and_malformed_ids_are_400() {
    let mock = Mock::healthy();
    let unknown = "000000000000000000000000";
    mock.post("/onboards", &json!({"invitation_id": unknown})).expect(404);
    mock.post("/onboards", &json!({"invitation_id": INVITATION, "flow_id": unknown})).expect(404);
    mock.put(&format!("/onboards/{unknown}"), &json!({"invitation_id": INVITATION})).expect(404);
    let known = path(&create(&mock));
    for name in ["flow_id", "connection_id"] {
        mock.put(&known, &json!({"invitation_id": INVITATION, "status": "in_progress", name: unknown})).expect(404);
    }
    mock.put(&known, &json!({"invitation_id": unknown})).expect(404);
    mock.post("/onboard/buyer", &json!({"connection_id": unknown})).expect(404);
    mock.post("/onboard/buyer", &json!({"invitation_id": unknown})).expect(404);
    mock.post("/onboards", &json!({"invitation_id": "x"})).expect(400);
    mock.post("/onboards", &json!({})).expect(400);
    let neither = mock.post("/onboard/buyer", &json!({"flow_id": FLOW})).expect(400);
    assert_eq!(neither.error(), "the body needs connection_id or invitation_id");
    mock.call(GLOBEX, Method::POST, "/onboards", Some(&json!({"invitation_id": INVITATION}))).expect(404);
    let created = create(&mock);
    let theirs = mock.call(GLOBEX, Method::PUT, &path(&created), Some(&json!({"invitation_id": INVITATION})));
    theirs.expect(404);
    assert_eq!(mock.call(GLOBEX, Method::GET, "/onboards", None).json(), json!([]));
}

#[test]
fn a_pending_invitation_has_no_connection() {
    let mock = Mock::healthy();
    let invited = mock.post("/invitations/recipient", &json!({"email": "new@example.com"})).expect(201).json();
    let invitation = &invited["entity"]["invitation_id"];
    let onboard = mock.post("/onboards", &json!({"invitation_id": invitation})).expect(201).json();
    assert_eq!(onboard.get("connection_id"), None);
    let done = json!({"invitation_id": invitation, "status": "completed"});
    assert_eq!(mock.put(&path(&onboard), &done).expect(200).json()["status"], "failed");
    mock.post("/onboard/buyer", &json!({"invitation_id": invitation})).expect(404);
}

#[test]
fn a_repaired_connection_without_an_entity_cannot_be_set_up() {
    let mock = Mock::healthy();
    mock.call(SUPERUSER, Method::POST, "/connections", Some(&json!({"connection_id": SSO_ONLY}))).expect(201);
    let rejected = mock.post("/onboard/buyer", &json!({"connection_id": SSO_ONLY})).expect(422);
    assert_eq!(rejected.error(), "the connected account has no entity that could be a source");
    assert!(!is_set_up(&mock, SSO_ONLY));
}
