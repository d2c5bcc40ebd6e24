//! Invitations: pending entities, and their expiry in the account.

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE, Mock};

const EXPIRED: &str = "69d2a6c8940df5a34a3888c6";

fn pending<'a>(account: &'a Value, list: &str, name: &str) -> Option<&'a Value> {
    account[list].as_array().unwrap().iter().find(|entity| entity["name"] == name)
}

#[test]
fn an_invitation_creates_a_pending_entity() {
    let mock = Mock::healthy();
    for (path, list, other) in [
        ("/invitations/source", "pending_sellers", "pending_buyers"),
        ("/invitations/recipient", "pending_buyers", "pending_sellers"),
    ] {
        let email = format!("{list}@example.com");
        let invited = mock.post(path, &json!({"email": email})).expect(201).json();
        assert_eq!(invited["message"], "Invitation was sent successfully");
        let entity = &invited["entity"];
        assert_eq!((&entity["pending"], &entity["expired"]), (&json!(true), &json!(false)));
        let account = mock.get("/account").json();
        let listed = pending(&account, list, &email).unwrap();
        assert_eq!((&listed["id"], &listed["expired"]), (&entity["id"], &json!(false)));
        assert_eq!(listed["invitation_expires_at"], entity["invitation_expires_at"]);
        assert!(pending(&account, other, &email).is_none());

        let again = mock.post(path, &json!({"email": email.to_uppercase()})).expect(200).json();
        assert_eq!(again["entity"], *entity, "no new entity is created");
        assert_eq!(again.get("message"), None, "no invitation is sent");
    }
    let mine = mock.call(GLOBEX, Method::GET, "/account", None).json();
    assert_eq!(mine["pending_sellers"], json!([]), "the other account has no invitations");
}

#[test]
fn one_address_can_be_invited_as_seller_and_as_buyer() {
    let mock = Mock::healthy();
    let seller = mock.post("/invitations/source", &json!({"email": "both@example.com"})).expect(201).json();
    let buyer = mock.post("/invitations/recipient", &json!({"email": "both@example.com"})).expect(201).json();
    assert_ne!(seller["entity"]["id"], buyer["entity"]["id"]);
    assert_eq!((&seller["entity"]["source"], &seller["entity"]["recipient"]), (&json!("seller"), &Value::Null));
    assert_eq!((&buyer["entity"]["source"], &buyer["entity"]["recipient"]), (&Value::Null, &json!("buyer")));
}

#[test]
fn resending_renews_the_expiry() {
    let mock = Mock::healthy();
    let account = mock.get("/account").json();
    let before = pending(&account, "pending_buyers", "orders@harborview.example.com").unwrap().clone();
    assert_eq!(before["expired"], true);
    let path = format!("/invitations/{EXPIRED}/resend");
    let resent = mock.call(JANE, Method::PUT, &path, None).expect(200).json();
    assert_eq!(resent["message"], "Invitation was sent successfully");
    assert_eq!(resent["entity"]["expired"], false);
    let account = mock.get("/account").json();
    let after = pending(&account, "pending_buyers", "orders@harborview.example.com").unwrap();
    assert_eq!(after["expired"], false);
    assert!(after["invitation_expires_at"].as_str() > before["invitation_expires_at"].as_str());
}

#[test]
fn only_pending_invitations_can_be_resent() {
    let mock = Mock::healthy();
    let send = |key: &str, id: &str| mock.call(key, Method::PUT, &format!("/invitations/{id}/resend"), None);
    send(JANE, "5d9a4b10940df5a34a3888c1").expect(422);
    send(JANE, "000000000000000000000000").expect(404);
    send(JANE, "anything").expect(404);
    send(GLOBEX, EXPIRED).expect(404);
}

#[test]
fn expired_is_computed_from_the_clock() {
    let at = |clock: &str| {
        let mock = Mock::start(MockServer::builder().clock(clock.parse().unwrap()));
        let account = mock.get("/account").json();
        pending(&account, "pending_buyers", "orders@harborview.example.com").unwrap()["expired"].clone()
    };
    assert_eq!(at("2026-04-19T18:15:35Z"), json!(false));
    assert_eq!(at("2026-04-19T18:15:36Z"), json!(true));
}

#[test]
fn the_email_address_is_validated() {
    let mock = Mock::healthy();
    let rejected = mock.post("/invitations/source", &json!({"email": "nobody"})).expect(400);
    assert_eq!(rejected.error(), "email must be an e-mail address, such as mike.jones@example.com");
    mock.post("/invitations/source", &json!({})).expect(400);
    mock.post("/invitations/recipient", &json!({"email": 7})).expect(400);
}
