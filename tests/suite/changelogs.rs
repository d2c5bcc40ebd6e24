//! Changelogs: the entries of writes.

use http::Method;
use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE_ID, Mock, SUPERUSER, SUPERUSER_ID};

const REPORT: &str = "65c2d4e6940df5a34a388a01";

fn last(mock: &Mock, path: &str) -> Value {
    mock.get(path).expect(200).json().as_array().unwrap().last().cloned().unwrap_or_default()
}

#[test]
fn the_target_of_a_change_is_the_last_name_of_its_path() {
    let mock = Mock::healthy();
    let created = mock.post("/reports", &json!({"name": "First", "": 1, "0": {"_1": [1]}})).expect(201).json();
    let path = format!("/reports/{}", created["id"].as_str().unwrap());
    let changed = json!({"name": "First", "": 2, "0": {"_1": [2], "_": true}, "7": null});
    mock.put(&path, &changed).expect(200);
    let changes = last(&mock, "/changelogs")["changes"].clone();
    let changes: Vec<(&str, &str)> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["target"].as_str().unwrap(), change["delta_path"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, [("", ""), ("_1", "0._1._0"), ("_1", "0._1.0"), ("_", "0._"), ("7", "7")]);
}

#[test]
fn a_write_records_its_changes_and_its_user() {
    let mock = Mock::healthy();
    let created = mock.post("/reports", &json!({"name": "First", "group_by": ["a", "b"]})).expect(201).json();
    let path = format!("/reports/{}", created["id"].as_str().unwrap());
    let entry = last(&mock, "/changelogs");
    assert_eq!(
        (&entry["type"], &entry["action"], &entry["user"]["id"]),
        (&json!("report"), &json!("create"), &json!(JANE_ID))
    );
    assert_eq!((&entry["current_revision"], &entry["delta_from_last_revision"]), (&created, &json!({})));
    assert_eq!(entry["changes"], json!([{"action": "create", "target": "report", "current": {"value": "First"}}]));

    let body = json!({"name": "Second", "group_by": ["b", "c"], "description": "More"});
    let replaced = mock.call(SUPERUSER, Method::PUT, &path, Some(&body)).expect(200).json();
    let entry = last(&mock, "/changelogs");
    assert_eq!((&entry["action"], &entry["user"]["id"]), (&json!("update"), &json!(SUPERUSER_ID)));
    assert_eq!(entry["current_revision"], replaced);
    let change = |action: &str, target: &str, at: &str, previous: Value, current: Value| {
        let mut change = json!({"action": action, "target": target, "delta_path": at});
        for (name, side) in [("previous", previous), ("current", current)] {
            if !side.is_null() {
                change[name] = side;
            }
        }
        change
    };
    assert_eq!(
        entry["changes"],
        json!([
            change("changed", "name", "name", json!({"value": "First"}), json!({"value": "Second"})),
            change("removed", "group_by", "group_by._0", json!({"value": "a", "index": 0}), Value::Null),
            change("added", "group_by", "group_by.1", Value::Null, json!({"value": "c", "index": 1})),
            change("added", "description", "description", Value::Null, json!({"value": "More"})),
        ])
    );
    assert_eq!(
        entry["delta_from_last_revision"],
        json!({"name": ["First", "Second"], "group_by": {"_t": "a", "_0": ["a", 0, 0], "1": ["c"]}, "description": ["More"]})
    );
    mock.delete(&path).expect(200);
    let entry = last(&mock, "/changelogs");
    assert_eq!((&entry["action"], &entry["current_revision"]), (&json!("delete"), &replaced));
    let id = entry["id"].as_str().unwrap();
    assert_eq!(mock.get(&format!("/changelogs/{id}")).expect(200).json(), entry);
    assert_eq!(
        mock.call(GLOBEX, Method::GET, &format!("/changelogs/{id}"), None).expect(404).error(),
        "changelog not found"
    );
    assert_eq!(mock.call(GLOBEX, Method::GET, "/changelogs", None).expect(200).json(), json!([]));
}

#[test]
fn failed_writes_and_reads_record_nothing() {
    let mock = Mock::healthy();
    let before = mock.get("/changelogs").expect(200).json();
    assert_eq!(before[0]["id"], "66a1c0df940df5a34a388d01");
    mock.put(&format!("/reports/{REPORT}"), &json!({"name": 7})).expect(400);
    mock.put(&format!("/reports/{REPORT}"), &json!({"name": "x", "rules": [{"lhv": "a", "op": "is equal to"}]}))
        .expect(422);
    mock.post("/events", &json!({})).expect(200);
    assert_eq!(mock.get("/changelogs").json(), before);
}

#[test]
fn flows_entities_and_fields_have_changelogs() {
    let mock = Mock::healthy();
    let path = "/flows/66a1c0de940df5a34a3889f2";
    assert_eq!(mock.get(&format!("{path}/changelogs")).expect(200).json(), json!([]));
    let mut flow = mock.get(path).expect(200).json();
    flow["enabled"] = json!(false);
    mock.put(path, &flow).expect(200);
    let entry = last(&mock, &format!("{path}/changelogs"));
    let enabled = json!({"action": "changed", "target": "enabled", "delta_path": "enabled", "previous": {"value": true}, "current": {"value": false}});
    assert_eq!((&entry["type"], &entry["changes"][0]), (&json!("flow"), &enabled));
    assert_eq!(mock.get(&format!("{path}/changelogs")).json().as_array().unwrap().len(), 1);
    assert_eq!(mock.get("/fields/loan_amount_acme/changelogs").expect(200).json(), json!([]));
    assert_eq!(mock.get("/entities/5d9a4c421d011c553e000003/changelogs").expect(200).json(), json!([]));
    mock.get("/flows/000000000000000000000000/changelogs").expect(404);
    mock.get("/fields/nothing_acme/changelogs").expect(404);
    mock.call(GLOBEX, Method::GET, &format!("{path}/changelogs"), None).expect(404);
}
