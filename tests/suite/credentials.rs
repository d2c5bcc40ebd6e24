//! Credentials: create, get, list, replace and delete, separately for each account.

use http::Method;
use serde_json::json;

use crate::support::{GLOBEX, Mock};

fn input(name: &str) -> serde_json::Value {
    json!({"name": name, "type": "user", "package": "leadconduit-five9", "username": "u", "password": "p"})
}

#[test]
fn a_credential_can_be_created_replaced_and_deleted() {
    let mock = Mock::scenario("empty-account");
    let created = mock.post("/credentials", &input("first")).expect(201).json();
    let id = created["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(created["name"], "first");
    assert_eq!(created["created_at"], created["updated_at"]);

    let path = format!("/credentials/{id}");
    assert_eq!(mock.get(&path).expect(200).json(), created);
    assert_eq!(mock.get("/credentials").expect(200).json(), json!([created]));

    let replaced = mock.put(&path, &input("second")).expect(200).json();
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&created["id"], &created["created_at"]));
    assert_eq!(replaced["name"], "second");
    assert!(replaced["updated_at"].as_str() >= created["updated_at"].as_str());
    assert_eq!(mock.get(&path).expect(200).json(), replaced);

    assert_eq!(mock.delete(&path).expect(200).json(), replaced, "the response is the deleted document");
    mock.get(&path).expect(404);
    mock.delete(&path).expect(404);
    mock.put(&path, &input("third")).expect(404);
    assert_eq!(mock.get("/credentials").expect(200).json(), json!([]));
}

#[test]
fn the_documented_sample_is_accepted_unchanged() {
    let mock = Mock::scenario("empty-account");
    let sample = json!({
        "name": "string", "type": "string", "package": "string", "username": "string", "password": "string",
    });
    let created = mock.post("/credentials", &sample).expect(201);
    assert_eq!(created.json()["package"], "string");
    assert_eq!(created.violations()[0]["location"], "/body/package");
    assert_eq!(mock.post("/credentials", &input("known")).expect(201).violations(), [] as [serde_json::Value; 0]);
}

#[test]
fn replacing_removes_properties_that_are_not_sent() {
    let mock = Mock::scenario("empty-account");
    let mut with_more = input("first");
    with_more["note"] = "further properties are allowed".into();
    let created = mock.post("/credentials", &with_more).expect(201).json();
    assert_eq!(created["note"], with_more["note"]);
    let path = format!("/credentials/{}", created["id"].as_str().unwrap());
    assert_eq!(mock.put(&path, &input("second")).expect(200).json().get("note"), None);
}

#[test]
fn read_only_properties_in_the_body_are_ignored() {
    let mock = Mock::healthy();
    let mut body = input("mine");
    body["id"] = "5fd4371e940df5a34a3888b2".into();
    body["created_at"] = "2001-01-01T00:00:00Z".into();
    let created = mock.post("/credentials", &body).expect(201).json();
    assert_ne!(created["id"], body["id"]);
    assert_ne!(created["created_at"], body["created_at"]);
}

#[test]
fn the_list_is_in_creation_order() {
    let mock = Mock::scenario("empty-account");
    for at in 0..20 {
        mock.post("/credentials", &input(&format!("number {at}"))).expect(201);
    }
    let names: Vec<String> = mock
        .get("/credentials")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|credential| credential["name"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (0..20).map(|at| format!("number {at}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn credentials_of_other_accounts_are_not_found() {
    let mock = Mock::healthy();
    let mine = mock.post("/credentials", &input("mine")).expect(201).json();
    let path = format!("/credentials/{}", mine["id"].as_str().unwrap());
    for (method, body) in [(Method::GET, None), (Method::DELETE, None), (Method::PUT, Some(input("theirs")))] {
        assert_eq!(mock.call(GLOBEX, method, &path, body.as_ref()).expect(404).error(), "credential not found");
    }
    let theirs = mock.call(GLOBEX, Method::GET, "/credentials", None).json();
    assert!(!theirs.as_array().unwrap().contains(&mine));
    assert_eq!(mock.get(&path).expect(200).json(), mine, "it is unchanged");
}

#[test]
fn ids_are_case_insensitive_and_validated() {
    let mock = Mock::healthy();
    mock.get("/credentials/5FF33B53940DF5A34A388801").expect(200);
    let rejected = mock.get("/credentials/nope").expect(400);
    assert_eq!(rejected.error(), "id must be 24 hexadecimal characters, such as 5fd4371e940df5a34a3888b2");
    assert_eq!(rejected.violations()[0]["location"], "/path/id");
}

#[test]
fn missing_properties_are_reported_by_credential_type() {
    let mock = Mock::healthy();
    for missing in ["name", "type", "package", "username", "password"] {
        let mut body = input("x");
        body.as_object_mut().unwrap().remove(missing);
        let rejected = mock.post("/credentials", &body).expect(400);
        assert_eq!(rejected.violations()[0]["location"], format!("/body/{missing}"), "{}", rejected.text);
        assert!(rejected.error().starts_with(&format!("{missing} is missing")), "{}", rejected.text);
    }
    let mut token = input("x");
    token["type"] = "token".into();
    assert!(mock.post("/credentials", &token).expect(400).error().contains("token is missing"));
}
