//! Connections and their repair: every combination of a row and an SSO connection.

use http::Method;
use serde_json::json;

use crate::support::{BUYER, GLOBEX, GLOBEX_ONLY, JANE, Mock, SELLER, SSO_ONLY, SUPERUSER};

fn ids(mock: &Mock, path: &str) -> Vec<(String, String)> {
    let list = mock.get(path).expect(200).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|entry| (text(&entry["id"]), text(&entry["status"]))).collect()
}

fn repair(mock: &Mock, key: &str, id: &str) -> crate::support::TestResponse {
    mock.call(key, Method::POST, "/connections", Some(&json!({"connection_id": id})))
}

fn pair(id: &str, status: &str) -> (String, String) {
    (id.to_owned(), status.to_owned())
}

#[test]
fn the_list_merges_rows_and_sso_connections() {
    let mock = Mock::healthy();
    let expected = [pair(SELLER, "completed"), pair(BUYER, "completed"), pair(SSO_ONLY, "sso_only")];
    assert_eq!(ids(&mock, "/connections"), expected);
    let list = mock.get("/connections");
    assert_eq!(list.header("x-connections-degraded"), None);
    let list = list.json();
    assert_eq!(list[0]["permissions"], json!(["request_domain_ownership_confirmation", "view_submission_docs"]));
    assert_eq!(list[0]["account_entity"]["name"], "Summit Lead Partners");
    assert_eq!(
        list[0]["custom_entities"],
        json!([{"id": "5d9a4c421d011c553e000003", "name": "Acme Source", "source": "seller", "recipient": null}])
    );
    for absent in ["ui_state", "account_entity", "custom_entities"] {
        assert_eq!(list[2].get(absent), None, "LeadConduit has no row to take {absent} from");
    }
}

#[test]
fn the_list_can_be_filtered_by_relationship_type() {
    let mock = Mock::healthy();
    assert_eq!(ids(&mock, "/connections?relationship_type=buyer"), [pair(BUYER, "completed")]);
    assert_eq!(
        ids(&mock, "/connections?relationship_type=seller"),
        [pair(SELLER, "completed"), pair(SSO_ONLY, "sso_only")]
    );
    let rejected = mock.get("/connections?relationship_type=sellr").expect(400);
    assert_eq!(rejected.error(), "relationship_type must be one of seller, buyer; did you mean seller?");
    assert_eq!(rejected.violations()[0]["location"], "/query/relationship_type");
    mock.get("/connections?relationship_type=").expect(400);
}

#[test]
fn an_sso_outage_degrades_the_list() {
    let mock = Mock::scenario("sso-outage");
    let list = mock.get("/connections").expect(200);
    assert_eq!(list.header("x-connections-degraded"), Some("true"));
    assert_eq!(list.header("x-mock-scenario"), Some("sso-outage"));
    assert_eq!(ids(&mock, "/connections"), [pair(SELLER, "completed"), pair(BUYER, "completed")]);
    assert_eq!(ids(&mock, "/connections?relationship_type=seller"), [pair(SELLER, "completed")]);
    assert_eq!(repair(&mock, SUPERUSER, SSO_ONLY).expect(503).error(), "single sign-on service is unreachable");
    mock.get(&format!("/connections/{SELLER}")).expect(200);
}

#[test]
fn a_second_repair_is_a_conflict() {
    let mock = Mock::healthy();
    mock.get(&format!("/connections/{SSO_ONLY}")).expect(404);
    assert_eq!(repair(&mock, SUPERUSER, SSO_ONLY).expect(201).json(), json!({"id": SSO_ONLY}));
    assert_eq!(ids(&mock, "/connections")[2], pair(SSO_ONLY, "completed"));
    let single = mock.get(&format!("/connections/{SSO_ONLY}")).expect(200).json();
    assert_eq!(single["external_id"], SSO_ONLY);
    assert_eq!(single["ui_state"], json!({"has_setup_buyer_delivery": false}));
    repair(&mock, SUPERUSER, SSO_ONLY).expect(409);
    let entry = &mock.get("/connections").json()[2];
    assert_eq!(entry.get("account_entity"), None, "a repair creates no entity");
    let sellers = mock.get("/account").json()["connected_sellers"].clone();
    assert_eq!(sellers.as_array().unwrap().len(), 2, "the account lists the seller now");
}

#[test]
fn a_repair_returns_each_documented_status() {
    let mock = Mock::healthy();
    repair(&mock, SUPERUSER, SELLER).expect(409);
    repair(&mock, SUPERUSER, "5d9a4c3f542ea0521e2a4501").expect(409);
    repair(&mock, SUPERUSER, GLOBEX_ONLY).expect(422);
    repair(&mock, SUPERUSER, "5d9a4c421d011c553e000099").expect(422);
    repair(&mock, SUPERUSER, "5d9a").expect(400);
    mock.call(SUPERUSER, Method::POST, "/connections", Some(&json!({}))).expect(400);
    assert_eq!(repair(&mock, JANE, SSO_ONLY).expect(401).error(), "not authorized");
    assert_eq!(repair(&mock, "unknown", SSO_ONLY).expect(401).error(), "authentication failed");
    repair(&mock, SUPERUSER, &SSO_ONLY.to_uppercase()).expect(201);
}

#[test]
fn the_contract_and_the_responses_have_the_same_texts_for_a_repair() {
    let mock = Mock::healthy();
    for (status, id) in [(400, "5d9a"), (409, SELLER), (422, GLOBEX_ONLY)] {
        let real = repair(&mock, SUPERUSER, id).expect(status).error();
        let body = json!({"connection_id": SELLER}).to_string();
        let headers = [("key", SUPERUSER), ("prefer", &*format!("code={status}"))];
        let documented = mock.request("POST /connections", &headers, &body).expect(status).error();
        assert_eq!(real, documented, "{status}");
    }
}

#[test]
fn the_list_shows_every_documented_property_of_a_connection() {
    let mock = Mock::healthy();
    let list = mock.get("/connections").json();
    let entry = &list[0];
    for property in [
        "id",
        "status",
        "relationship_type",
        "invitation_id",
        "created_at",
        "updated_at",
        "created_by",
        "ui_state",
        "permissions",
        "connected_account",
        "account_entity",
        "custom_entities",
    ] {
        assert!(entry.get(property).is_some(), "{property}");
    }
    for property in [
        "id",
        "name",
        "description",
        "standard",
        "account",
        "pending",
        "connected",
        "connected_account_id",
        "deprecated",
        "see",
        "field_suffix",
        "invitation_id",
        "invitation_expires_at",
        "expired",
        "flow_ids",
        "logo_url",
        "module_ids",
        "source",
        "recipient",
        "time_zone",
        "trustedform_certified_vendor",
        "website",
        "created_at",
        "updated_at",
    ] {
        assert!(entry["account_entity"].get(property).is_some(), "account_entity.{property}");
    }
    assert_eq!(entry["account_entity"]["expired"], true, "the invitation expired in 2019, after it was accepted");
}

#[test]
fn a_connection_is_found_by_each_of_its_three_ids() {
    let mock = Mock::healthy();
    let own = mock.get(&format!("/connections/{SELLER}")).expect(200).json();
    let external = own["external_id"].as_str().unwrap();
    let invitation = own["invitation_id"].as_str().unwrap();
    assert_ne!(external, SELLER);
    assert_eq!(mock.get(&format!("/connections/{external}")).expect(200).json(), own);
    assert_eq!(mock.get(&format!("/connections/{invitation}")).expect(200).json(), own);
    for absent in ["status", "permissions", "account_entity", "custom_entities"] {
        assert_eq!(own.get(absent), None, "{absent}");
    }
    mock.get("/connections/000000000000000000000000").expect(404);
    mock.get("/connections/1").expect(400);
}

#[test]
fn accounts_see_only_their_own_connections() {
    let mock = Mock::healthy();
    let theirs = mock.call(GLOBEX, Method::GET, "/connections", None).expect(200).json();
    let seen: Vec<&str> = theirs.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(seen, [GLOBEX_ONLY]);
    mock.get(&format!("/connections/{GLOBEX_ONLY}")).expect(404);
    mock.call(GLOBEX, Method::GET, &format!("/connections/{SELLER}"), None).expect(404);
}

#[test]
fn a_row_without_an_sso_connection_is_listed_only_during_an_outage() {
    let row = "5d9a4c421d011c553e00000a";
    for (status, listed) in [("up", false), ("down", true)] {
        let scenario = format!(
            "version: 1\nname: stale\ndescription: A stale row.\nextends: healthy\nsso: {{ status: {status} }}\n\
             world:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n      connections:\n        \
             - {{ id: {row}, external_id: 5d9a4c421d011c553e00000b, relationship_type: seller, \
             connected_account: {{ id: 5d9a4b10940df5a34a3888c1, sso_id: 5d9a4b0f542ea0521e2a45c1, name: S }}, \
             created_at: now, updated_at: now }}\n"
        );
        let mock = Mock::with_scenario("stale", &scenario);
        assert_eq!(ids(&mock, "/connections").iter().any(|(id, _)| id == row), listed, "{status}");
        mock.get(&format!("/connections/{row}")).expect(200);
    }
}
