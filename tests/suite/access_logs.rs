//! Access logs of submission docs: listed, hidden and shown again.

use http::Method;
use serde_json::{Value, json};

use crate::support::{GLOBEX, Mock};

const BRIGHTPATH: &str = "/submission_doc_access_logs/account/64b8f2a0940df5a34a3888c2";
const FLOW: &str = "/submission_doc_access_logs/flow/64c0a1b2940df5a34a3889e1";
const HOME: &str = "64c0a9d3940df5a34a388e51";
const RENTERS: &str = "652f3c18940df5a34a388e52";
const HIDDEN: &str = "64c0b7e9940df5a34a388e53";

fn listed(mock: &Mock, query: &str) -> Vec<String> {
    let list = mock.get(&format!("/submission_doc_access_logs{query}")).expect(200).json();
    list.as_array().unwrap().iter().map(|log| log["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn hidden_logs_are_listed_only_on_request() {
    let mock = Mock::healthy();
    assert_eq!(listed(&mock, ""), [HOME, RENTERS]);
    assert_eq!(listed(&mock, "?show_hidden=false"), [HOME, RENTERS]);
    assert_eq!(listed(&mock, "?show_hidden=true"), [HOME, HIDDEN, RENTERS]);
    mock.get("/submission_doc_access_logs?show_hidden=maybe").expect(400);
    assert_eq!(mock.call(GLOBEX, Method::GET, "/submission_doc_access_logs?show_hidden=true", None).json(), json!([]));
}

#[test]
fn logs_are_hidden_by_account_flow_or_source() {
    let (hide, show) = (json!({"ui_state": {"hidden": true}}), json!({"hidden": false}));
    let source = format!("{FLOW}/source/5fd4371e940df5a34a3888b2");
    for (path, left, back) in [
        (BRIGHTPATH, vec![], vec![HOME, HIDDEN, RENTERS]),
        (FLOW, vec![RENTERS], vec![HOME, HIDDEN, RENTERS]),
        (source.as_str(), vec![RENTERS], vec![HOME, RENTERS]),
    ] {
        let mock = Mock::healthy();
        assert_eq!(mock.put(path, &hide).expect(200).text, "", "no body is documented");
        assert_eq!(listed(&mock, ""), left, "{path}");
        assert_eq!(listed(&mock, "?show_hidden=true").len(), 3);
        mock.put(path, &show).expect(200);
        assert_eq!(listed(&mock, ""), back, "{path}");
    }
}

#[test]
fn unknown_logs_are_404_and_a_missing_boolean_is_400() {
    let mock = Mock::healthy();
    let hide = json!({"ui_state": {"hidden": true}});
    for path in [
        "/submission_doc_access_logs/account/5fd4371e940df5a34a3888b2".to_owned(),
        "/submission_doc_access_logs/flow/64b8f0f5e4b0c3a1d5e6f7ab".to_owned(),
        format!("{FLOW}/source/64b8f2a0940df5a34a3888c2"),
        "/submission_doc_access_logs/flow/652e9a04940df5a34a3889e2/source/64c0b70a940df5a34a3888d7".to_owned(),
    ] {
        mock.put(&path, &hide).expect(404);
    }
    mock.call(GLOBEX, Method::PUT, BRIGHTPATH, Some(&hide)).expect(404);
    for body in [json!({}), json!({"ui_state": {}})] {
        let rejected = mock.put(FLOW, &body).expect(400);
        assert_eq!(rejected.error(), "Missing mandatory body field \"hidden\" with type \"boolean\"");
    }
    for body in [json!({"hidden": "true"}), json!({"ui_state": {"hidden": 1}}), Value::Null] {
        mock.put(FLOW, &body).expect(400);
    }
    assert_eq!(listed(&mock, ""), [HOME, RENTERS], "no log was hidden");
}
