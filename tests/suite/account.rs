//! The account: its properties, updates, and the sync with the single sign-on service.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ACME, ACME_ID, GLOBEX, JANE, Mock};

#[test]
fn the_api_key_selects_the_account() {
    let mock = Mock::healthy();
    assert_eq!(mock.get("/account").expect(200).json()["name"], "Acme, Inc.");
    assert_eq!(mock.call(ACME, Method::GET, "/account", None).json()["id"], ACME_ID);
    assert_eq!(mock.call(GLOBEX, Method::GET, "/account", None).json()["name"], "Globex Corporation");
}

#[test]
fn the_account_has_current_and_older_properties() {
    let account = Mock::healthy().get("/account").json();
    for current in ["billing_type", "financial_state", "subscriptions", "features", "pending_sellers", "pending_buyers"]
    {
        assert!(account.get(current).is_some(), "{current}");
    }
    for older in ["enterprise", "self_service_status", "self_service_status_updated_at", "subscription_id"] {
        assert!(account.get(older).is_some(), "{older}");
    }
    assert_eq!(account["connected_sellers"][0]["name"], "Summit Lead Partners");
    assert_eq!(account["connected_buyers"][0]["name"], "Brightpath Insurance");
}

#[test]
fn an_update_changes_writable_properties_only() {
    let mock = Mock::healthy();
    let before = mock.get("/account").json();
    let body = json!({
        "data_retention_in_days": 30,
        "data_truncated_at": "2026-02-01T00:00:00Z",
        "self_service_status_updated_at": "2026-02-02T00:00:00Z",
        "features": {"firehose": false},
        "subscriptions": {},
        "name": "Another account", "id": "000000000000000000000000", "api_key": "stolen", "state": "gone",
        "connected_buyers": [],
    });
    let after = mock.put("/account", &body).expect(200).json();
    let mut expected = before;
    for name in ["data_retention_in_days", "data_truncated_at", "self_service_status_updated_at"] {
        expected[name] = body[name].clone();
    }
    expected["features"]["firehose"] = Value::Bool(false);
    assert_eq!(after, expected);
    assert_eq!(mock.get("/account").json(), expected, "the update is stored");
    mock.put("/account", &json!({"data_retention_in_days": "30"})).expect(400);
    assert_eq!(mock.get("/account").json(), expected);
}

#[test]
fn a_sync_copies_the_account_data_of_the_sso_service() {
    let scenario = "version: 1\nname: renamed\ndescription: SSO has a newer name.\nextends: healthy\n\
        sso:\n  accounts:\n    - { id: 5fd4371e940df5a34a3888b2, sso_id: 6493820b542ea0521e2a4543, \
        name: Acme Holdings, time_zone: America/Denver }\n";
    let mock = Mock::with_scenario("renamed", scenario);
    assert_eq!(mock.get("/account").json()["name"], "Acme, Inc.", "LeadConduit has the former name before the sync");
    // As in the documented curl command: without a body and a content type.
    let synced = mock.call(JANE, Method::POST, "/account_sso_sync", None).expect(200).json();
    assert_eq!(synced["success"], true);
    assert_eq!(synced["account"]["name"], "Acme Holdings");
    let account = mock.get("/account").json();
    assert_eq!(account, synced["account"]);
    assert_eq!((&account["id"], &account["time_zone"]), (&json!(ACME_ID), &json!("America/Denver")));
    assert_eq!(account["connected_sellers"][0]["name"], "Summit Lead Partners", "the other properties are unchanged");
}

#[test]
fn control_calls_reject_an_unknown_time_zone() {
    let mock = Mock::healthy();
    let path = format!("/__admin/state/accounts/{ACME_ID}");
    let mut account = mock.get(&path).expect(200).json();
    account["time_zone"] = json!("America/New_Yrok");
    let text = mock.put(&path, &account).expect(400).text;
    assert!(text.contains("did you mean America/New_York?") && text.contains("body:1:"), "{text}");
}

#[test]
fn a_sync_accepts_the_id_of_the_callers_account_only() {
    let mock = Mock::healthy();
    let own = "6493820b542ea0521e2a4543";
    mock.call(JANE, Method::POST, &format!("/account_sso_sync?sso_account_id={own}"), None).expect(200);
    mock.post("/account_sso_sync", &json!({"sso_account_id": own})).expect(200);
    let globex = "64b1f0a2542ea0521e2a45bb";
    mock.post("/account_sso_sync", &json!({"sso_account_id": globex})).expect(404);
    mock.call(JANE, Method::POST, "/account_sso_sync?sso_account_id=64b1f0a2542ea0521e2a4500", None).expect(404);
    mock.call(JANE, Method::POST, "/account_sso_sync?sso_account_id=x", None).expect(400);
}

#[test]
fn an_sso_outage_affects_the_sync_but_not_the_account() {
    let mock = Mock::scenario("sso-outage");
    mock.call(JANE, Method::POST, "/account_sso_sync", None).expect(503);
    mock.get("/account").expect(200);
}
