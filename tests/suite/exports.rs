//! Exports: the status of jobs, and their files.

use serde_json::{Value, json};

use crate::lead_submission::{LOANS, PAST, mock};
use crate::support::{GLOBEX, Mock};

fn create(mock: &Mock, body: &Value) -> Value {
    mock.post("/exports", body).expect(201).json()
}

fn loan_export(mut more: Value) -> Value {
    let rules = json!([{"lhv": "flow.id", "op": "is equal to", "rhv": LOANS}]);
    let mut body = json!({"start": "2026-04-01T00:00:00Z", "end": "2026-06-01T00:00:00Z", "filter_rules": rules});
    for (name, value) in more.as_object_mut().unwrap().iter_mut() {
        body[name] = value.take();
    }
    body
}

#[test]
fn the_status_of_a_job_follows_the_clock() {
    let mock = mock();
    let created =
        create(&mock, &loan_export(json!({"fields": ["id", "lead.email"], "email_to": ["jane@example.com"]})));
    let id = created["id"].as_str().unwrap();
    let mut expected = loan_export(json!({"fields": ["id", "lead.email"], "email_to": ["jane@example.com"]}));
    expected["id"] = json!(id);
    expected["created_at"] = json!("2026-05-01T12:00:00.000Z");
    expected["status"] = json!("created");
    expected["date_format"] = json!("standard");
    expected["expires_at"] = json!("2026-05-08T12:00:00.000Z");
    expected["downloads"] = json!([]);
    expected["user"] = created["user"].clone();
    assert_eq!(created, expected, "the result is omitted while the job is in progress");
    assert_eq!(created["user"]["last_name"], "Doe");
    let now = |status: &str| {
        let read = mock.get(&format!("/exports/{id}")).expect(200).json();
        assert_eq!(read["status"], status);
        assert_eq!(mock.get("/exports").expect(200).json()[0], read, "the newest first");
        read
    };
    now("created");
    mock.get(&format!("/exports/{id}/download")).expect(404);
    mock.advance("1s");
    now("processing");
    mock.get(&format!("/exports/{id}/download")).expect(404);
    mock.advance("2s");
    let done = now("complete");
    assert_eq!(done["exported_docs"], 3);
    assert_eq!(done["file_name"], format!("leadconduit-export-{id}.csv"));
    mock.advance("7d");
    mock.get(&format!("/exports/{id}")).expect(404);
    mock.get(&format!("/exports/{id}/download")).expect(404);
    let left = mock.get("/exports").expect(200).json();
    assert!(left.as_array().unwrap().iter().all(|export| export["id"] != id), "{left}");
}

#[test]
fn the_file_has_the_requested_columns_and_the_events_at_creation() {
    let mock = mock();
    let fields =
        json!(["id", "type", "lead.first_name", "lead.email", "vars.flow.name", "start_timestamp", "price", "reason"]);
    let rules = json!([
        {"lhv": "vars.flow.id", "op": "is equal to", "rhv": LOANS},
        {"lhv": "type", "op": "is included in", "rhv": ["recipient", "filter"]},
        {"lhv": "price", "op": "is greater than or equal", "rhv": "20"},
    ]);
    let created = create(&mock, &loan_export(json!({"fields": fields, "filter_rules": rules})));
    let id = created["id"].as_str().unwrap();
    // Later events are not part of the file.
    mock.request("GET /feedback?event_id=69f40001940df5a34a388b01&type=return", &[("key", "")], "").expect(201);
    mock.advance("3s");
    let file = mock.get(&format!("/exports/{id}/download")).expect(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"leadconduit-export-{id}.csv\"");
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    assert_eq!(
        file.text,
        "id,type,lead.first_name,lead.email,vars.flow.name,start_timestamp,price,reason\n\
         69f40001940df5a34a388b01,recipient,Joe,joe@example.com,Loans,2026-05-01T01:46:40.000Z,20,\n\
         69f40002940df5a34a388b02,recipient,Joe,joe@example.com,Loans,2026-05-01T01:46:41.000Z,20,\n"
    );
    let read = mock.get(&format!("/exports/{id}")).expect(200).json();
    assert_eq!(read["exported_docs"], 2);
    assert_eq!(read["downloads"].as_array().map(Vec::len), Some(1));
    assert_eq!(read["downloads"][0]["user"]["first_name"], "Jane");
    assert_eq!(read["downloads"][0]["downloaded_at"], "2026-05-01T12:00:03.000Z");
    mock.request(&format!("GET /exports/{id}/download"), &[("key", GLOBEX)], "").expect(404);
}

#[test]
fn the_range_includes_its_start_and_excludes_its_end() {
    let mock = mock();
    let count = |start: &str, end: &str| {
        let body =
            loan_export(json!({"start": start, "end": end, "date_format": "legacy", "fields": ["start_timestamp"]}));
        let id = create(&mock, &body)["id"].as_str().unwrap().to_owned();
        mock.advance("3s");
        mock.get(&format!("/exports/{id}/download")).expect(200).text
    };
    assert_eq!(count("2026-05-01T01:46:40Z", "2026-05-01T01:46:41Z"), "start_timestamp\n05/01/2026 01:46:40\n");
    assert_eq!(
        count("2026-05-01T03:46:41+02:00", "2026-05-01T01:46:41.001Z"),
        "start_timestamp\n05/01/2026 01:46:41\n"
    );
    assert_eq!(count("2026-05-01T01:46:43Z", "2026-05-01T01:46:44Z"), "start_timestamp\n");
}

#[test]
fn invalid_exports_are_rejected() {
    let mock = mock();
    let rows = [
        (json!({"end": "2026-03-01T00:00:00Z"}), "/end: the end must be after the start"),
        (json!({"fields": ["id", "colour"]}), "/fields/1: events have no property colour"),
        (json!({"fields": ["vars.outcome"]}), "/fields/0: events have no property vars.outcome"),
        (json!({"fields": ["lead.shoe_size"]}), "/fields/0: field shoe_size not found"),
    ];
    for (change, message) in rows {
        assert_eq!(mock.post("/exports", &loan_export(change)).expect(422).error(), message);
    }
    let rule =
        mock.post("/exports", &loan_export(json!({"filter_rules": [{"lhv": "type", "op": "resembles", "rhv": "x"}]})));
    assert!(rule.expect(422).error().starts_with("/filter_rules/0"));
    for change in [json!({"email_to": ["nobody"]}), json!({"start": "yesterday"}), json!({"date_format": "odd"})] {
        mock.post("/exports", &loan_export(change)).expect(400);
    }
    assert_eq!(
        mock.get("/exports").expect(200).json().as_array().map(Vec::len),
        Some(1),
        "but for that of the scenario"
    );
}

#[test]
fn a_file_has_at_most_ten_thousand_rows() {
    let mock = Mock::with_scenario("own", PAST);
    let body = json!({"start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "fields": ["id", "outcome"]});
    let id = create(&mock, &body)["id"].as_str().unwrap().to_owned();
    mock.advance("3s");
    let done = mock.get(&format!("/exports/{id}")).expect(200).json();
    assert_eq!((&done["status"], &done["exported_docs"]), (&json!("truncated"), &json!(10_000)));
    assert_eq!(done["reason"], json!({"message": "the file contains the first 10000 events only"}));
    let file = mock.get(&format!("/exports/{id}/download")).expect(200).text;
    assert_eq!(file.lines().count(), 10_001);
}
