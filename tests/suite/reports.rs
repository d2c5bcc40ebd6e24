//! Reports: saved, run, and shared by token.

use http::Method;
use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE, Mock};

const REPORT: &str = "65c2d4e6940df5a34a388a01";
const TOKEN: &str = "9b1f6c20d4e8a7735fb0c1e2";
const SPAN: &str = "start=2020-01-01T00:00:00Z&end=2099-01-01T00:00:00Z";

fn texas_rows() -> Value {
    json!([{"vars.source.name": "Summit Lead Partners", "source-success": 1, "source-failure": 1, "cost": 12, "revenue": 25.5}])
}

/// A request without an API key.
fn get_anonymously(mock: &Mock, path: &str) -> crate::support::TestResponse {
    mock.call("", Method::GET, path, None)
}

#[test]
fn a_report_can_be_created_run_and_deleted() {
    let mock = Mock::healthy();
    let definition = json!({"name": "By city", "columns": [{"source-submitted": 7}, "recipient-success"], "group_by": ["lead.city"],
        "rules": [{"lhv": "outcome", "op": "is included in", "rhv": "success, failure"}], "token": TOKEN, "id": REPORT});
    let report = mock.post("/reports", &definition).expect(201).json();
    assert_ne!(report["id"], REPORT);
    assert_eq!(report.get("token"), None, "a new report is not shared, even with a token in the body");
    let path = format!("/reports/{}", report["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).expect(200).json(), report);
    assert_eq!(mock.get("/reports").json().as_array().unwrap().last(), Some(&report));
    let rows = mock.get(&format!("{path}/run?{SPAN}")).expect(200).json();
    assert_eq!(
        rows,
        json!([{"lead.city": "Austin", "source-submitted": 1, "recipient-success": 1},
            {"lead.city": "Dallas", "source-submitted": 1, "recipient-success": 0}])
    );
    let preview = format!("/reports/preview?{SPAN}&columns=source-submitted&columns=recipient-success");
    assert_eq!(mock.post(&preview, &definition).expect(200).json(), rows, "a preview has the same rows");
    let replaced = mock.put(&path, &json!({"name": "Plain"})).expect(200).json();
    assert_eq!((replaced.get("rules"), &replaced["created_at"]), (None, &report["created_at"]));
    assert_eq!(
        mock.get(&format!("{path}/run?{SPAN}")).json(),
        json!([{"source-success": 1, "source-failure": 1, "source-error": 0}])
    );
    assert_eq!(mock.delete(&path).expect(200).json(), replaced);
    mock.get(&path).expect(404);
    mock.get(&format!("{path}/run?{SPAN}")).expect(404);
}

#[test]
fn invalid_rules_are_rejected() {
    let mock = Mock::healthy();
    for (rule, status, words) in [
        (json!({"lhv": "outcome", "op": "is equal to"}), 422, "/rules/0"),
        (json!({"lhv": "outcome", "op": "is less than or equal to", "rhv": "1"}), 400, ""),
        (json!({"lhv": "outcome", "op": "is blank", "rule_set": {}}), 422, "/rules/0/rule_set"),
        (json!({"op": "is blank"}), 400, ""),
    ] {
        let body = json!({"name": "Wrong", "rules": [rule]});
        for path in ["/reports", &format!("/reports/preview?{SPAN}&columns=cost")] {
            let error = mock.post(path, &body).expect(status).error();
            assert!(error.contains(words), "{error}");
        }
        mock.put(&format!("/reports/{REPORT}"), &body).expect(status);
    }
    mock.post("/reports", &json!({"columns": []})).expect(400);
    mock.get(&format!("/reports/{REPORT}/run?start=2026-01-01")).expect(400);
    mock.post(&format!("/reports/preview?{SPAN}"), &json!({})).expect(400);
}

#[test]
fn a_token_gives_anonymous_access_to_one_report() {
    let mock = Mock::healthy();
    assert_eq!(mock.get(&format!("/reports/{REPORT}/run?{SPAN}")).expect(200).json(), texas_rows());
    assert_eq!(get_anonymously(&mock, &format!("/reports/{TOKEN}/run?{SPAN}")).expect(200).json(), texas_rows());
    assert_eq!(get_anonymously(&mock, &format!("/reports/{TOKEN}")).expect(200).json()["id"], REPORT);
    let of_another = mock.call(GLOBEX, Method::GET, &format!("/reports/{TOKEN}/run?{SPAN}"), None);
    assert_eq!(of_another.expect(200).json(), texas_rows(), "users of other accounts see the same rows");
    let meta = get_anonymously(&mock, &format!("/reports/{TOKEN}/meta")).expect(200).json();
    assert_eq!((&meta["token"], &meta["account_name"]), (&json!(TOKEN), &json!("Acme, Inc.")));
    assert_eq!(meta["flows"][0], json!({"id": crate::support::FLOW, "name": "Auto insurance, Texas"}));
    let names: Vec<&Value> = meta["entities"].as_array().unwrap().iter().map(|entity| &entity["name"]).collect();
    assert!(
        names.contains(&&json!("Brightpath Insurance")) && names.contains(&&json!("Blue Harbor Media")),
        "{names:?}"
    );
    assert!(meta["vars"].as_array().unwrap().iter().any(|var| var["name"] == "submission.timestamp"));

    // The token gives no access to other reports, and no write access.
    assert_eq!(get_anonymously(&mock, &format!("/reports/{REPORT}")).expect(401).error(), "authentication failed");
    get_anonymously(&mock, "/reports/660b1c20940df5a34a388a02/run?start=2026-01-01&end=2026-01-02").expect(401);
    get_anonymously(&mock, &format!("/reports/{REPORT}/meta")).expect(404);
    mock.call(GLOBEX, Method::GET, &format!("/reports/{REPORT}"), None).expect(404);
    mock.put(&format!("/reports/{TOKEN}"), &json!({"name": "Mine"})).expect(404);
    mock.call("", Method::DELETE, &format!("/reports/{TOKEN}"), None).expect(401);
}

#[test]
fn sharing_again_or_unsharing_revokes_the_token() {
    let mock = Mock::healthy();
    let share = |path: &str| mock.call(JANE, Method::PUT, path, None).expect(200).json()["token"].clone();
    let first = share(&format!("/reports/{REPORT}/share"));
    let first = first.as_str().unwrap();
    assert!(first.len() == 24 && first.bytes().all(|b| b.is_ascii_hexdigit()) && first != TOKEN, "{first}");
    get_anonymously(&mock, &format!("/reports/{TOKEN}")).expect(401);
    assert_eq!(get_anonymously(&mock, &format!("/reports/{first}")).expect(200).json()["token"], first);
    // An update keeps the token.
    mock.put(&format!("/reports/{REPORT}"), &json!({"name": "Texas again", "token": null})).expect(200);
    assert_eq!(get_anonymously(&mock, &format!("/reports/{first}")).expect(200).json()["name"], "Texas again");
    assert_ne!(share(&format!("/reports/{REPORT}/share")), first);
    assert_eq!(share(&format!("/reports/{REPORT}/unshare")), Value::Null);
    get_anonymously(&mock, &format!("/reports/{first}")).expect(401);
    get_anonymously(&mock, &format!("/reports/{first}/meta")).expect(404);
    assert_eq!(mock.get(&format!("/reports/{REPORT}")).json()["token"], Value::Null);
    mock.call(GLOBEX, Method::PUT, &format!("/reports/{REPORT}/share"), None).expect(404);
}
