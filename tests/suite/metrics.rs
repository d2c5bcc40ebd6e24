//! `GET /__admin/metrics`: what is counted, that counters never decrease, and that clients cannot add samples.

use leadconduit_mock::MockServer;
use serde_json::json;

use crate::support::{Mock, SSO_ONLY};

/// The value of a sample; 0 when it is absent.
fn value(mock: &Mock, sample: &str) -> f64 {
    let text = mock.get("/__admin/metrics").expect(200).text;
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("leadconduit_mock_{sample} ")));
    found.map_or(0.0, |value| value.parse().unwrap())
}

#[track_caller]
fn expect(mock: &Mock, rows: &[(&str, f64)]) {
    for (sample, expected) in rows {
        let found = value(mock, sample);
        assert!((found - expected).abs() < 1e-9, "{sample} is {found}: {}", mock.get("/__admin/metrics").text);
    }
}

#[test]
fn requests_violations_and_faults_are_counted_by_operation() {
    let mock = Mock::healthy();
    let response = mock.get("/__admin/metrics").expect(200);
    assert_eq!(response.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(response.text.ends_with("# EOF\n"), "{}", response.text);
    assert!(!response.text.contains("_bucket"), "operations without requests have no histogram");
    mock.get("/connections").expect(200);
    mock.get("/__sandbox/other/connections").expect(200);
    mock.post("/connections", &json!({"connection_id": SSO_ONLY, "x": 1}));
    mock.post("/connections", &json!({"connection_id": 7})).expect(400);
    mock.get("/nothing").expect(404);
    let fault = json!({"when": {"operation": "get_account"}, "then": {"fault": "EMPTY_RESPONSE"}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.raw(b"GET /account HTTP/1.1\r\nHost: x\r\nAuthorization: Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0\r\n\r\n");
    expect(
        &mock,
        &[
            ("build_info{version=\"0.1.0\"}", 1.0),
            ("requests_total{operation=\"list_connections\",status=\"200\"}", 2.0),
            ("requests_total{operation=\"none\",status=\"404\"}", 1.0),
            ("request_duration_seconds_count{operation=\"list_connections\"}", 2.0),
            ("request_duration_seconds_bucket{le=\"+Inf\",operation=\"list_connections\"}", 2.0),
            ("violations_total{operation=\"repair_connection\",code=\"type\"}", 1.0),
            ("faults_total{kind=\"EMPTY_RESPONSE\"}", 1.0),
            ("unmatched_total", 1.0),
            ("sandboxes", 2.0),
            ("journal_entries", 6.0),
            ("journal_dropped_total", 0.0),
        ],
    );
    assert!(value(&mock, "journal_bytes") > 1000.0);
}

#[test]
fn counters_never_decrease() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_entries_max = 3));
    for sandbox in ["default", "other"] {
        for _ in 0..5 {
            mock.get(&format!("/__sandbox/{sandbox}/user")).expect(200);
        }
    }
    let counted = [
        ("requests_total{operation=\"get_user\",status=\"200\"}", 10.0),
        ("request_duration_seconds_count{operation=\"get_user\"}", 10.0),
        ("journal_dropped_total", 4.0),
    ];
    expect(&mock, &counted);
    expect(&mock, &[("journal_entries", 6.0)]);
    mock.post("/__admin/reset", &json!({})).expect(200);
    expect(&mock, &counted);
    expect(&mock, &[("journal_entries", 3.0)]);
    mock.delete("/__admin/sandboxes").expect(204);
    expect(&mock, &counted);
    expect(&mock, &[("journal_entries", 0.0), ("journal_bytes", 0.0), ("sandboxes", 1.0)]);
}

#[test]
fn clients_cannot_add_samples() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    mock.get("/nothing").expect(404);
    let lines = |mock: &Mock| mock.get("/__admin/metrics").text.lines().count();
    let before = lines(&mock);
    for number in 0..300 {
        mock.get(&format!("/nothing/{number}?{number}={number}")).expect(404);
        mock.get(&format!("/__sandbox/s{number}/user")).expect(200);
    }
    assert_eq!(lines(&mock), before);
    expect(&mock, &[("unmatched_total", 301.0), ("sandboxes", 301.0)]);
}
