//! Users and their settings.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ACME, GLOBEX, GLOBEX_USER_ID, JANE, JANE_ID, LUIS_ID, Mock, SUPERUSER, SUPERUSER_ID};

#[test]
fn the_api_key_selects_the_user() {
    let mock = Mock::healthy();
    for (key, name) in [(JANE, "Jane"), (ACME, "Jane"), (SUPERUSER, "Sam"), (GLOBEX, "Priya")] {
        assert_eq!(mock.call(key, Method::GET, "/user", None).expect(200).json()["first_name"], name, "{key}");
    }
    let jane = mock.get("/user").json();
    assert_eq!((&jane["superuser"], &jane["user_admin"]), (&json!(false), &json!(true)));
    assert_eq!(jane["accounts"][0], mock.get("/account").json(), "the same account as GET /account");
    assert_eq!(jane["products"][0]["id"], "lcx");
}

#[test]
fn flags_are_sent_as_booleans_and_returned_as_timestamps() {
    let mock = Mock::healthy();
    let set = |flag: bool| json!({"ui_state": {"has_seen_free_account_modal": flag}});
    let path = format!("/user/{JANE_ID}");
    let flag = |user: &Value| user["ui_state"]["has_seen_free_account_modal"].clone();
    assert_eq!(flag(&mock.get("/user").json()), Value::Null);
    let set_at = flag(&mock.put(&path, &set(true)).expect(200).json());
    assert!(set_at.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{set_at}");
    assert_eq!(flag(&mock.get("/user").json()), set_at);
    assert_eq!(flag(&mock.put(&path, &set(false)).expect(200).json()), Value::Null);
    mock.put(&path, &json!({"ui_state": {"has_seen_free_account_modal": "yes"}})).expect(400);
}

#[test]
fn user_admins_can_update_other_users_of_their_account() {
    let mock = Mock::healthy();
    let body = json!({"ui_state": {"has_seen_free_account_modal": true}});
    mock.put(&format!("/user/{LUIS_ID}"), &body).expect(200);
    mock.put(&format!("/user/{GLOBEX_USER_ID}"), &body).expect(404);
    mock.put("/user/000000000000000000000000", &body).expect(404);
    mock.put("/user/nobody", &body).expect(400);
}

#[test]
fn users_without_permission_get_401() {
    let scenario = format!(
        "version: 1\nname: luis\ndescription: Luis has a key and no rights.\nextends: healthy\n\
         world:\n  keys:\n    - {{ key: luis-key, account: 5fd4371e940df5a34a3888b2, user: {LUIS_ID} }}\n"
    );
    let mock = Mock::with_scenario("luis", &scenario);
    let body = json!({"ui_state": {"has_seen_free_account_modal": true}});
    let other = mock.call("luis-key", Method::PUT, &format!("/user/{JANE_ID}"), Some(&body)).expect(401);
    assert_eq!(other.error(), "not authorized");
    mock.call("luis-key", Method::PUT, &format!("/user/{LUIS_ID}"), Some(&body)).expect(200);
    mock.call("luis-key", Method::GET, &format!("/user_settings/{SUPERUSER_ID}"), None).expect(401);
}

#[test]
fn each_user_has_at_most_one_settings_document() {
    let mock = Mock::healthy();
    let body = json!({"notifications": {"connection_invites": {"enabled": true}}});
    let path = format!("/user_settings/{JANE_ID}");
    mock.get(&path).expect(404);
    mock.put(&path, &body).expect(404);
    let created = mock.post("/user_settings", &body).expect(201).json();
    assert_eq!(created["id"], JANE_ID, "the id is the user's id");
    assert_eq!(mock.get(&path).expect(200).json(), created);
    mock.post("/user_settings", &body).expect(409);
    let off =
        json!({"notifications": {"connection_invites": {"enabled": false, "unsubscribed_at": "2026-02-02T10:00:00Z"}}});
    let updated = mock.put(&path, &off).expect(200).json();
    assert_eq!(updated.as_array().unwrap().len(), 1, "the documented response is a list");
    assert_eq!(updated[0]["notifications"], off["notifications"]);
    assert_eq!(mock.get(&path).json(), updated[0]);
    mock.get(&format!("/user_settings/{SUPERUSER_ID}")).expect(200);
    mock.post("/user_settings", &json!({})).expect(400);
}
