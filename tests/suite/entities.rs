//! Entities: standard ones and the account's own, and their use in flows.

use http::Method;
use serde_json::{Value, json};

use crate::support::{FLOW, GLOBEX, Mock};

/// A standard entity.
const TRUSTEDFORM: &str = "/entities/530cd1f2940df5a34a388001";
/// Represents a connected seller, and is the source of the first flow.
const SUMMIT: &str = "/entities/5d9a4b10940df5a34a3888c1";
/// Acme's own, in no flow.
const UNUSED: &str = "/entities/6120aa5e940df5a34a3888c7";
const UNUSED_ID: &str = "6120aa5e940df5a34a3888c7";

fn input(name: &str) -> Value {
    json!({"name": name, "module_ids": ["leadconduit-default.inbound"], "source": "seller", "recipient": null})
}

/// `healthy` with a flow that has the unused entity as two sources and as its recipient, and another flow that has it as its
/// recipient only.
fn mock_with_entity_in_use() -> Mock {
    let party = |id: &str| {
        format!(
            "{{ id: {id}, entity: {{ id: {UNUSED_ID}, name: Blue Harbor Media }}, integration: {{ module_id: leadconduit-default.inbound }}"
        )
    };
    let (first, second, step) = (party("aaaaa1"), party("aaaaa2"), party("aaaaa3"));
    Mock::with_scenario(
        "own",
        &format!(
            "version: 1\nname: own\ndescription: d\nextends: healthy\nworld:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n      \
             flows:\n        - id: 66b00000940df5a34a3889a1\n          name: Roofs\n          enabled: true\n          fields: []\n          \
             sources:\n            - {first} }}\n            - {second} }}\n          steps:\n            - {step}, type: recipient }}\n        \
             - id: 66b00000940df5a34a3889a2\n          name: Windows\n          enabled: true\n          fields: []\n          sources: []\n          \
             steps:\n            - {step}, type: recipient }}\n"
        ),
    )
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entity| entity["name"].as_str().unwrap()).collect()
}

#[test]
fn standard_entities_are_listed_by_name_before_own_entities_by_id() {
    let mock = Mock::healthy();
    let list = mock.get("/entities").expect(200).json();
    let entities = list.as_array().unwrap();
    let standard: Vec<&Value> = entities.iter().take_while(|entity| entity["standard"] == true).collect();
    assert!(standard.len() >= 20, "{} standard entities", standard.len());
    assert!(standard.is_sorted_by_key(|entity| entity["name"].as_str().unwrap().to_lowercase()));
    let own = &entities[standard.len()..];
    assert!(own.iter().all(|entity| entity["standard"] == false), "{own:?}");
    assert!(own.is_sorted_by_key(|entity| entity["id"].as_str().unwrap().to_owned()));
    assert!(names(&list).contains(&"TrustedForm") && names(&list).contains(&"Blue Harbor Media"));
    let theirs = mock.call(GLOBEX, Method::GET, "/entities", None).expect(200).json();
    assert_eq!(theirs.as_array().unwrap().len(), standard.len(), "another account has the standard ones only");
}

#[test]
fn listed_entities_equal_single_entities() {
    let mock = Mock::healthy();
    for entity in mock.get("/entities").json().as_array().unwrap() {
        assert_eq!(mock.get(&format!("/entities/{}", entity["id"].as_str().unwrap())).expect(200).json(), *entity);
    }
    assert_eq!(mock.call(GLOBEX, Method::GET, UNUSED, None).expect(404).error(), "entity not found");
    mock.call(GLOBEX, Method::GET, TRUSTEDFORM, None).expect(200);
}

#[test]
fn an_entity_can_be_created_replaced_and_deleted() {
    let mock = Mock::scenario("empty-account");
    let mut body = input("Northwind Leads");
    body["field_suffix"] = "nwind".into();
    let created = mock.post("/entities", &body).expect(201).json();
    let flags = ["standard", "account", "pending", "deprecated"].map(|flag| created[flag].clone());
    assert_eq!((flags, &created["flow_ids"]), ([false, false, false, false].map(Value::from), &json!([])));
    assert_eq!(created["created_at"], created["updated_at"]);
    let path = format!("/entities/{}", created["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).expect(200).json(), created);
    let list = mock.get("/entities").json();
    assert_eq!(list.as_array().unwrap().last(), Some(&created));

    mock.advance("1m");
    let replaced = mock.put(&path, &input("Southwind Leads")).expect(200).json();
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&created["id"], &created["created_at"]));
    assert_eq!((replaced["name"].as_str(), replaced.get("field_suffix")), (Some("Southwind Leads"), None));
    assert!(replaced["updated_at"].as_str() > created["updated_at"].as_str(), "{replaced}");
    assert_eq!(mock.get(&path).json(), replaced);

    assert_eq!(mock.delete(&path).expect(200).json(), replaced, "the response is the deleted document");
    mock.get(&path).expect(404);
    mock.delete(&path).expect(404);
    mock.put(&path, &body).expect(404);
}

#[test]
fn read_only_properties_in_the_body_are_ignored_and_kept() {
    let mock = Mock::healthy();
    let mut body = input("mine");
    for (name, value) in [
        ("id", json!(UNUSED_ID)),
        ("standard", json!(true)),
        ("account", json!(true)),
        ("connected", json!("buyer")),
        ("see", json!(UNUSED_ID)),
        ("flow_ids", json!([FLOW])),
        ("created_at", json!("2001-01-01T00:00:00Z")),
    ] {
        body[name] = value;
    }
    let created = mock.post("/entities", &body).expect(201).json();
    assert_ne!(created["id"], UNUSED_ID);
    assert_eq!(
        (&created["standard"], &created["account"], &created["flow_ids"]),
        (&json!(false), &json!(false), &json!([]))
    );
    assert_eq!((created.get("connected"), created.get("see")), (None, None));
    assert_ne!(created["created_at"], body["created_at"]);
    // An own entity for the connected seller keeps the id of the account that it represents.
    let renamed = mock.put("/entities/5d9a4c421d011c553e000003", &input("Summit, by another name")).expect(200).json();
    assert_eq!(renamed["connected_account_id"], "5d9a4b10940df5a34a3888c1");
}

#[test]
fn standard_and_account_entities_cannot_be_changed_or_deleted() {
    let mock = Mock::healthy();
    for (path, changed, deleted) in [
        (
            TRUSTEDFORM,
            "standard entity 530cd1f2940df5a34a388001 cannot be changed",
            "standard entity 530cd1f2940df5a34a388001 cannot be changed",
        ),
        (
            SUMMIT,
            "an entity that represents another account cannot be changed",
            "an entity that represents another account cannot be deleted",
        ),
    ] {
        let before = mock.get(path).json();
        assert_eq!(mock.put(path, &input("mine")).expect(422).error(), changed);
        assert_eq!(mock.delete(path).expect(422).error(), deleted);
        assert_eq!(mock.get(path).json(), before);
    }
}

#[test]
fn modules_must_exist_and_suffixes_must_be_unused() {
    let mock = Mock::healthy();
    for module in ["leadconduit-nowhere.inbound", "leadconduit-default.sideways", "leadconduit-default", ""] {
        let mut body = input("x");
        body["module_ids"] = json!(["leadconduit-default.inbound", module]);
        let rejected = mock.post("/entities", &body).expect(422).error();
        assert_eq!(rejected, format!("/module_ids/1: module {module} not found"));
        assert_eq!(mock.put(UNUSED, &body).expect(422).error(), rejected);
    }
    for suffix in ["acme", "ACME"] {
        let mut body = input("x");
        body["field_suffix"] = suffix.into();
        let rejected = mock.put(UNUSED, &body).expect(422).error();
        assert_eq!(rejected, format!("/field_suffix: entity 5d9a4c421d011c553e000003 already has the suffix {suffix}"));
        mock.post("/entities", &body).expect(422);
    }
    // An entity can keep its own suffix, and several entities can have none.
    let mut body = input("Acme Source");
    body["field_suffix"] = "acme".into();
    mock.put("/entities/5d9a4c421d011c553e000003", &body).expect(200);
    body["field_suffix"] = Value::Null;
    mock.post("/entities", &body).expect(201);
    mock.post("/entities", &body).expect(201);
    body["field_suffix"] = "acme".into();
    mock.call(GLOBEX, Method::POST, "/entities", Some(&body)).expect(201);
}

#[test]
fn flow_ids_are_computed_from_the_flows() {
    let mock = mock_with_entity_in_use();
    let ids = |path: &str| mock.get(path).expect(200).json()["flow_ids"].clone();
    assert_eq!(ids(SUMMIT), json!([FLOW]));
    assert_eq!(ids(UNUSED), json!(["66b00000940df5a34a3889a1"]), "flows with the entity as a source, each once");
    assert_eq!(ids("/entities/64b8f2a0940df5a34a3888c2"), json!([]), "not flows with the entity as a recipient");
    let list = mock.get("/entities").json();
    let listed = list.as_array().unwrap().iter().find(|entity| entity["id"] == UNUSED_ID).unwrap();
    assert_eq!(listed["flow_ids"], json!(["66b00000940df5a34a3889a1"]));
    let changed = mock.put(UNUSED, &input("Blue Harbor")).expect(200).json();
    assert_eq!(changed["flow_ids"], json!(["66b00000940df5a34a3889a1"]));
}

#[test]
fn an_entity_in_use_cannot_be_deleted() {
    let mock = mock_with_entity_in_use();
    assert_eq!(
        mock.delete(UNUSED).expect(422).error(),
        "the entity is used by flows 66b00000940df5a34a3889a1 (Roofs), 66b00000940df5a34a3889a2 (Windows)"
    );
    mock.get(UNUSED).expect(200);
    Mock::healthy().delete(UNUSED).expect(200);
}

#[test]
fn a_new_name_appears_in_the_flows() {
    let mock = mock_with_entity_in_use();
    mock.put(UNUSED, &input("Red Harbor Media")).expect(200);
    let named = |id: &str, part: &str| {
        let flow = mock.get(&format!("/flows/{id}")).expect(200).json();
        let parties = flow[part].as_array().unwrap().iter();
        parties.map(|party| party["entity"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named("66b00000940df5a34a3889a1", "sources"), ["Red Harbor Media"; 2]);
    assert_eq!(named("66b00000940df5a34a3889a1", "steps"), ["Red Harbor Media"]);
    assert_eq!(named("66b00000940df5a34a3889a2", "steps"), ["Red Harbor Media"]);
    assert_eq!(named(FLOW, "sources"), ["Summit Lead Partners"]);
    let actions = |path: &str| {
        let entries = mock.get(&format!("{path}/changelogs")).expect(200).json();
        entries.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(actions(UNUSED), ["update"], "the entity was changed");
    assert_eq!(actions("/flows/66b00000940df5a34a3889a1"), [""; 0], "the flow has no changelog entry");
}

#[test]
fn an_invitation_expires_in_the_list() {
    let mock = Mock::scenario("empty-account");
    let sent = mock.post("/invitations/source", &json!({"email": "new@example.com"})).expect(201).json();
    let path = format!("/entities/{}", sent["entity"]["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).expect(200).json()["expired"], false);
    mock.advance("15d");
    assert_eq!(mock.get(&path).json()["expired"], true);
    assert_eq!(mock.get("/entities").json().as_array().unwrap().last().unwrap()["expired"], true);
}
