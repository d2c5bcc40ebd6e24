//! Effects and rules that end by themselves: `for`, `ttl` and `ttl_from`.

use serde_json::json;

use crate::support::{BUYER, Mock, SUPERUSER};

const HEAD: &str = "version: 1\nname: own\ndescription: d\nextends: healthy\nclock: 2026-01-15T09:00:00Z\n";

/// A server with these rules.
fn with_rules(rules: &str) -> Mock {
    Mock::with_scenario("own", &format!("{HEAD}rules:\n{rules}"))
}

/// Whether the list of connections is degraded, as it is while the single sign-on service is down.
fn is_degraded(mock: &Mock) -> bool {
    mock.get("/connections").expect(200).header("x-connections-degraded").is_some()
}

fn repair(mock: &Mock) -> u16 {
    let body = json!({"connection_id": BUYER}).to_string();
    mock.request("POST /connections", &[("key", SUPERUSER)], &body).status
}

/// The scenario of the guide, unchanged.
#[test]
fn the_example_of_the_guide_works_as_described() {
    let guide = std::fs::read_to_string(GUIDE).unwrap();
    let (_, rest) = guide.split_once("name: third-repair\n").expect("the guide has the scenario");
    let text = format!("version: 1\nname: third-repair\n{}", rest.split("```").next().unwrap());
    assert_eq!(text.trim_end().lines().count(), 10, "{text}");
    let mock = Mock::with_scenario("third-repair", &text);
    assert_eq!([repair(&mock), repair(&mock)], [409, 409]);
    assert!(!is_degraded(&mock));
    assert_eq!(repair(&mock), 422);
    assert!(is_degraded(&mock));
    mock.put("/__admin/clock", &json!({"freeze": true})).expect(200);
    mock.advance("31s");
    assert!(!is_degraded(&mock));
    assert_eq!(repair(&mock), 409);
}

#[test]
fn a_change_of_sso_ends_and_the_health_before_it_returns() {
    let mock = with_rules(
        "  - { when: { operation: get_user, call: { every: 2 } }, then: { sso: { status: down }, for: 30s } }\n",
    );
    let call = || mock.get("/user").expect(200);
    call();
    assert!(!is_degraded(&mock));
    call();
    assert!(is_degraded(&mock));
    // The second change begins before the first has ended, and lasts 30 s from there.
    mock.advance("20s");
    call();
    call();
    mock.advance("29s");
    assert!(is_degraded(&mock));
    mock.advance("1s");
    assert!(!is_degraded(&mock));
    // The state says when a change ends, and what follows.
    call();
    call();
    let state = mock.get("/__admin/state").expect(200);
    assert_eq!(state.json()["sso"]["status"], "up");
    assert_eq!(state.json()["sso_temporary"], json!({"until": "2026-01-15T09:01:20Z", "sso": {"status": "down"}}));
    mock.post("/__admin/reset", &json!({})).expect(200);
    assert!(!is_degraded(&mock));
    mock.put("/__admin/state", &state.json()).expect(200);
    assert_eq!(mock.get("/__admin/state").text, state.text);
    assert!(is_degraded(&mock));
    mock.advance("30s");
    assert!(!is_degraded(&mock));
}

#[test]
fn effects_on_requests_last_from_the_first_request_on() {
    let mock = with_rules("  - { when: { operation: get_user }, then: { status: 503, for: 30s } }\n");
    mock.advance("1h");
    assert_eq!(mock.get("/user").status, 503);
    mock.advance("29s");
    assert_eq!(mock.get("/user").status, 503);
    mock.advance("1s");
    assert_eq!(mock.get("/user").status, 200);
}

#[test]
fn steps_can_last_for_a_time() {
    let steps = "[{ status: 500 }, { status: 503, for: 10s }, { status: 504, for: 10s, times: 2 }]";
    let rule = |repeat: &str| format!("  - {{ when: {{ operation: get_user }}, steps: {steps}{repeat} }}\n");
    let mock = with_rules(&rule(""));
    let statuses = |mock: &Mock, count: usize| (0..count).map(|_| mock.get("/user").status).collect::<Vec<_>>();
    assert_eq!(statuses(&mock, 4), [500, 503, 503, 503]);
    mock.advance("10s");
    assert_eq!(statuses(&mock, 4), [504, 504, 200, 200]);
    let mock = with_rules(&rule(", repeat: true"));
    assert_eq!(statuses(&mock, 2), [500, 503]);
    mock.advance("10s");
    assert_eq!(statuses(&mock, 1), [504]);
    mock.advance("10s");
    assert_eq!(statuses(&mock, 2), [500, 503]);
}

#[test]
fn the_time_of_a_rule_begins_at_the_start_or_with_the_first_match() {
    for (terms, expected) in [
        ("ttl: 30s", [503, 200, 200]),
        ("ttl_ms: 30000", [503, 200, 200]),
        ("ttl: 30s, ttl_from: start", [503, 200, 200]),
        ("ttl: 30s, ttl_from: first_match", [503, 503, 200]),
    ] {
        for rule in [
            format!("  - {{ when: {{ operation: get_user }}, then: {{ status: 503 }}, {terms} }}\n"),
            format!("  - {{ when: {{ operation: get_user }}, then: {{ status: 503, {terms} }} }}\n"),
        ] {
            let mock = with_rules(&rule);
            mock.advance("29s");
            let statuses = [0, 29, 1].map(|seconds: u64| {
                mock.advance(&format!("{seconds}s"));
                mock.get("/user").status
            });
            assert_eq!(statuses, expected, "{rule}");
        }
    }
}

#[test]
fn faults_have_timed_effects_too() {
    let mock = with_rules("  - { when: { operation: get_account }, then: { delay: 0 } }\n");
    let fault =
        json!({"when": {"operation": "get_user"}, "then": {"status": 503}, "ttl": "30s", "ttl_from": "first_match"});
    let id = mock.post("/__admin/faults", &fault).expect(201).json()["id"].as_str().unwrap().to_owned();
    let status = || {
        let fault = mock.get(&format!("/__admin/faults/{id}")).expect(200).json();
        (fault.get("ends_at").cloned(), fault["active"].clone())
    };
    assert_eq!(status(), (None, json!(true)), "it has not matched yet");
    mock.advance("10s");
    mock.get("/user").expect(503);
    let end = Some(json!("2026-01-15T09:00:40.000Z"));
    assert_eq!(status(), (end.clone(), json!(true)));
    mock.advance("30s");
    assert_eq!(status(), (end, json!(false)));
}

/// Faults and rules whose effect ends after one request and 30 seconds are marked, and stay listed.
#[test]
fn faults_and_rules_that_have_ended_are_marked() {
    let end = Some(json!("2026-01-15T09:00:30.000Z"));
    let rows = [
        (json!({"then": {"status": 503, "for": "30s"}}), end.clone(), false),
        (json!({"steps": [{"status": 500}, {"status": 503, "for": "30s"}]}), None, true),
        (json!({"steps": [{"status": 500}, {"status": 503}]}), None, true),
        (json!({"steps": [{"status": 500}]}), None, false),
        (json!({"steps": [{"status": 500, "for": "30s"}], "repeat": true}), None, true),
        (json!({"then": {"status": 503}, "times": 1}), None, false),
        (json!({"when": {"call": 1}, "then": {"status": 503}}), None, false),
        (json!({"then": {"status": 503}, "ttl": "30s"}), end.clone(), false),
        (json!({"when": {"clock": {"until": "now + 30s"}}, "then": {"status": 503}}), end.clone(), false),
        (json!({"when": {"clock": {"until": "2026-01-15T09:00:30Z"}}, "then": {"status": 503}}), end, false),
        (json!({"then": {"status": 503}}), None, true),
    ];
    for (rule, ends_at, is_active) in rows {
        let mock = with_rules("  - { when: { operation: get_account }, then: { delay: 0 } }\n");
        assert_eq!(mock.post("/__admin/faults", &rule).expect(201).json()["active"], true, "{rule}");
        assert!(mock.get("/user").status >= 500, "{rule}");
        let listed = || mock.get("/__admin/faults").expect(200).json()["faults"][0].clone();
        assert_eq!(listed().get("ends_at").cloned(), ends_at, "{rule}");
        mock.advance("30s");
        assert_eq!(listed()["active"], is_active, "{rule}");
        assert_eq!(mock.get("/user").status >= 500, is_active, "{rule}");
        if !is_active {
            assert_eq!(listed().get("ends_at").cloned(), ends_at, "a later request does not change the end: {rule}");
        }
        // The same rule of a scenario.
        let mock = with_rules(&format!("  - {rule}\n"));
        let listed = || mock.get("/__admin/scenario").expect(200).json()["rules"][0].clone();
        assert_eq!(listed()["active"], true, "{rule}");
        mock.get("/user");
        mock.advance("30s");
        assert_eq!((listed().get("ends_at").cloned(), &listed()["active"]), (ends_at, &json!(is_active)), "{rule}");
    }
}

#[test]
fn mistakes_in_timed_effects_are_explained() {
    let mock = Mock::healthy();
    let rows = [
        (json!({"then": {"status": 503, "for": 0}}), "`for` must be longer than 0"),
        (json!({"then": {"world": {"revoke": ["k"]}, "for": "1s"}}), "a change of `world` is permanent"),
        (json!({"then": {"sso": {"status": "down", "remove": ["a"]}, "for": "1s"}}), "bounds the `status` of `sso`"),
        (json!({"then": {"status": 503}, "ttl": "1s", "ttl_ms": 5}), "`ttl_ms` is another name of `ttl`"),
        (json!({"then": {"status": 503}, "ttl_from": "start"}), "`ttl_from` needs `ttl`"),
        (json!({"then": {"status": 503}, "ttl": "1s", "ttl_from": "strat"}), "did you mean `start`?"),
        (json!({"then": {"status": 503}, "for": "1s"}), "`then`"),
        (json!({"steps": [{"status": 503, "ttl": "1s"}]}), "`ttl` cannot be used in a step"),
    ];
    for (rule, message) in rows {
        let text = mock.post("/__admin/faults", &rule).expect(400).text;
        assert!(text.contains(message), "{rule}: {text}");
    }
}

/// The page with the example.
const GUIDE: &str = "docs/src/how-to/simulate-failures.md";
