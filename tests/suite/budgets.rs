//! The budgets of memory: what exceeds them is rejected or evicted, and `health` and `metrics` show their use.

use leadconduit_mock::Limits;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, scenario_with};
use crate::support::{FLOW, Mock, TestResponse};

fn with_limits(change: impl FnOnce(&mut Limits)) -> Mock {
    Mock::start(MockServer::builder().configure(|settings| change(&mut settings.limits)))
}

fn usage(mock: &Mock, resource: &str, name: &str) -> usize {
    let health = mock.get("/__admin/health").expect(200).json();
    usize::try_from(health["usage"][resource][name].as_u64().unwrap()).unwrap()
}

fn credential(bytes: usize) -> Value {
    json!({"name": "A", "type": "user", "package": "leadconduit-five9", "username": "u".repeat(bytes), "password": "p"})
}

/// Creates a credential of about that many bytes in a sandbox.
fn create_in(mock: &Mock, sandbox: &str, bytes: usize) -> TestResponse {
    mock.post(&format!("/__sandbox/{sandbox}/credentials"), &credential(bytes))
}

/// The detail of the problem of an exceeded budget.
#[track_caller]
fn detail(response: TestResponse) -> String {
    let response = response.expect(507);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = response.json();
    assert_eq!((&problem["type"], &problem["title"]), (&json!("README.md#limits"), &json!("Budget exceeded")));
    problem["detail"].as_str().unwrap().to_owned()
}

#[test]
fn the_number_of_documents_in_a_sandbox_is_bounded() {
    let mock = with_limits(|limits| limits.documents_max = 1);
    let before = mock.get("/credentials").expect(200).text;
    let text = detail(mock.post("/credentials", &credential(1)));
    assert!(text.starts_with("the sandbox would have ") && text.contains("and the maximum is 1; delete"), "{text}");
    assert_eq!(mock.get("/credentials").expect(200).text, before, "nothing was stored");
    // A deletion is allowed.
    let credentials = mock.get("/credentials").expect(200).json();
    let id = credentials[0]["id"].as_str().unwrap().to_owned();
    let deleted = mock.delete(&format!("/credentials/{id}"));
    assert!([200, 204].contains(&deleted.status), "{}", deleted.text);
}

#[test]
fn the_size_of_the_documents_in_a_sandbox_is_bounded_also_for_imported_states() {
    let mock = Mock::healthy();
    let state = mock.get("/__admin/state").expect(200).text;
    drop(mock);
    let mock = with_limits(|limits| limits.document_bytes_max = 1);
    let before = mock.get("/flows").expect(200).text;
    let found = detail(mock.request("PUT /__admin/state", &[], &state));
    assert!(found.starts_with("the documents of the sandbox would take "), "{found}");
    assert!(found.ends_with("bytes, and the maximum is 1; delete some, or reset the sandbox"), "{found}");
    assert_eq!(mock.get("/flows").expect(200).text, before, "the world is unchanged");
    detail(mock.post("/credentials", &credential(1)));
}

#[test]
fn the_documents_of_all_sandboxes_share_a_budget() {
    let mock = with_limits(|limits| limits.document_total_bytes_max = 20_000);
    create_in(&mock, "a", 9_000).expect(201);
    create_in(&mock, "b", 9_000).expect(201);
    let used = usage(&mock, "documents", "bytes");
    assert!((18_000..20_000).contains(&used), "{used}");
    let text = detail(create_in(&mock, "c", 9_000));
    assert!(text.starts_with("the documents of all sandboxes would take "), "{text}");
    assert!(text.contains("/__admin/sandboxes/NAME") && text.ends_with("--document-total-bytes-max"), "{text}");
    assert_eq!(usage(&mock, "documents", "bytes"), used, "a rejected write uses nothing");
    // A snapshot keeps what is deleted afterwards; sharing costs nothing.
    mock.post("/__sandbox/a/__admin/snapshots/one", &json!({})).expect(201);
    assert_eq!(usage(&mock, "documents", "bytes"), used);
    mock.post("/__sandbox/a/__admin/reset", &json!({})).expect(200);
    detail(create_in(&mock, "c", 9_000));
    mock.delete("/__sandbox/a/__admin/snapshots/one").expect(204);
    create_in(&mock, "c", 9_000).expect(201);
    // The end of a sandbox frees its documents.
    detail(create_in(&mock, "d", 9_000));
    mock.delete("/__admin/sandboxes/b").expect(204);
    create_in(&mock, "d", 9_000).expect(201);
}

#[test]
fn changelogs_are_evicted_within_their_budget() {
    let mock = with_limits(|limits| limits.changelog_bytes_max = 100_000);
    let mut flow = mock.get(&format!("/flows/{FLOW}")).expect(200).json();
    let size = flow.to_string().len();
    let writes = 100_000 / size + 10;
    for number in 0..writes {
        flow["name"] = format!("Name {number}").into();
        mock.put(&format!("/flows/{FLOW}"), &flow).expect(200);
    }
    let changelogs = mock.get(&format!("/flows/{FLOW}/changelogs")).expect(200).json();
    let changelogs = changelogs.as_array().unwrap();
    assert!((1..writes).contains(&changelogs.len()), "{} of {writes}", changelogs.len());
    let newest = format!("Name {}", writes - 1);
    assert!(changelogs.iter().any(|entry| entry["current_revision"]["name"] == *newest), "the newest one is kept");
    let used = usage(&mock, "changelogs", "bytes");
    assert!((1..=100_000).contains(&used), "{used}");
}

#[test]
fn events_are_evicted_within_the_budget_of_all_sandboxes() {
    const TOTAL: usize = 200_000;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario_with(json!({}), json!({})).to_string()).unwrap();
    let builder = MockServer::builder().scenarios(folder.path()).scenario("own");
    let mock = Mock::start(builder.configure(|settings| settings.limits.event_total_bytes_max = TOTAL));
    let lead = json!({"first_name": "x".repeat(2_000)});
    let mut last = String::new();
    for number in 0..200 {
        let sandbox = if number % 2 == 0 { "a" } else { "b" };
        let path = format!("/__sandbox/{sandbox}/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
        last = mock.post(&path, &lead).expect(201).json()["lead"]["id"].as_str().unwrap().to_owned();
    }
    let used = usage(&mock, "events", "bytes");
    assert!((1..=TOTAL).contains(&used), "{used}");
    assert!(usage(&mock, "events", "count") < 200);
    let events = mock.get(&format!("/__sandbox/b/events?lead_id={last}")).expect(200).json();
    assert_eq!(events.as_array().unwrap().len(), 1, "the newest lead is kept");
}

#[test]
fn cached_responses_share_a_budget() {
    let mock = with_limits(|limits| limits.response_cache_total_bytes_max = 1_000);
    for number in 0..50 {
        let path = format!("/__sandbox/{}/flows?x={number}", number % 3);
        assert_eq!(mock.get(&path).expect(200).text, mock.get(&path).expect(200).text);
    }
    assert!(usage(&mock, "response_caches", "bytes") <= 1_000);
    let mock = Mock::healthy();
    mock.get("/connections").expect(200);
    assert!(usage(&mock, "response_caches", "bytes") > 0);
}

#[test]
fn the_snapshots_of_all_sandboxes_are_bounded() {
    let mock = with_limits(|limits| limits.snapshots_total_max = 2);
    let take = |sandbox: &str| mock.post(&format!("/__sandbox/{sandbox}/__admin/snapshots/one"), &json!({}));
    take("a").expect(201);
    take("b").expect(201);
    let problem = take("c").expect(409).json();
    let expected = "the limit of 2 snapshots in all sandboxes is reached; remove some first, or end sandboxes";
    assert_eq!(problem["detail"], expected);
    take("a").expect(201);
    mock.delete("/__sandbox/a/__admin/snapshots/one").expect(204);
    take("c").expect(201);
    assert_eq!((usage(&mock, "snapshots", "count"), usage(&mock, "snapshots", "count_max")), (2, 2));
}

#[test]
fn metrics_show_usage_and_limits() {
    let mock = Mock::healthy();
    mock.post("/credentials", &credential(10)).expect(201);
    let text = mock.get("/__admin/metrics").expect(200).text;
    let health = mock.get("/__admin/health").expect(200).json();
    let sample = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("leadconduit_mock_{name} ")));
        json!(line.unwrap_or_else(|| panic!("{name} is not in {text}")).parse::<u64>().unwrap())
    };
    let usage = &health["usage"];
    for (name, value) in [
        ("sandboxes", &usage["sandboxes"]["count"]),
        ("sandboxes_max", &usage["sandboxes"]["count_max"]),
        ("documents", &usage["documents"]["count"]),
        ("documents_used_bytes", &usage["documents"]["bytes"]),
        ("documents_max_bytes", &usage["documents"]["bytes_max"]),
        ("changelogs_max_bytes", &usage["changelogs"]["bytes_max"]),
        ("events_used_bytes", &usage["events"]["bytes"]),
        ("events_max_bytes", &usage["events"]["bytes_max"]),
        ("response_caches_max_bytes", &usage["response_caches"]["bytes_max"]),
        ("snapshots_max", &usage["snapshots"]["count_max"]),
        ("deliveries_running", &usage["deliveries"]["running"]),
        ("deliveries_waiting_max", &usage["deliveries"]["waiting_max"]),
        ("computations_running_max", &usage["computations"]["running_max"]),
    ] {
        assert_eq!(sample(name), *value, "{name}");
    }
    assert!(usage["documents"]["bytes"].as_u64().unwrap() > 100, "{usage}");
    assert_eq!(usage["journals"]["count"], 1);
}
