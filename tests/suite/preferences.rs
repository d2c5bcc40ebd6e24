//! Preferences of single requests, end to end.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{GLOBEX, Mock, SUPERUSER, TestResponse};

const APPLIED: &str = "preference-applied";

fn prefer(mock: &Mock, line: &str, value: &str) -> TestResponse {
    mock.request(line, &[("prefer", value)], "")
}

/// Asserts a problem about a preference, and returns its detail.
fn rejected(response: TestResponse) -> String {
    let response = response.expect(400);
    assert_eq!((response.header("content-type"), response.header(APPLIED)), (Some("application/problem+json"), None));
    let problem = response.json();
    assert_eq!(problem["type"], "/__admin/docs/problems#bad-preference");
    problem["detail"].as_str().unwrap().to_owned()
}

#[test]
fn a_preferred_status_or_example_is_returned_from_the_contract() {
    let mock = Mock::healthy();
    // Path, headers, `Preference-Applied`, status, error.
    let rows: &[(&str, &[(&str, &str)], &str, u16, Option<&str>)] = &[
        ("/connections", &[("prefer", "code=400")], "code=400", 400, Some("relationship_type must be seller or buyer")),
        ("/connections", &[("x-mock-response-code", "400")], "code=400", 400, None),
        ("/connections?__code=401", &[], "code=401", 401, Some("authentication failed")),
        (
            "/connections",
            &[("prefer", "Code=\"401\", example=not_authorized")],
            "code=401, example=not_authorized",
            401,
            Some("not authorized"),
        ),
        (
            "/connections",
            &[("prefer", "example=invalid_relationship_type")],
            "example=invalid_relationship_type",
            400,
            None,
        ),
        (
            "/connections",
            &[("x-mock-response-name", "invalid_relationship_type")],
            "example=invalid_relationship_type",
            400,
            None,
        ),
        ("/connections?__example=documented", &[], "example=documented", 200, None),
        // For each preference the first source applies; unknown preferences are ignored.
        (
            "/connections?__code=401&__delay=1",
            &[("prefer", "code=403, respond-async, wait=5"), ("x-mock-response-code", "400")],
            "code=403, delay=1",
            403,
            None,
        ),
    ];
    for (path, headers, applied, status, error) in rows {
        let response = mock.request(&format!("GET {path}"), headers, "").expect(*status);
        assert_eq!(response.header(APPLIED), Some(*applied), "{path} {headers:?}");
        assert_eq!(response.header("vary"), Some("Accept, Accept-Encoding, Origin, Prefer"));
        if let Some(error) = error {
            assert_eq!(response.error(), *error, "{path} {headers:?}");
        }
        // Preferences do not affect later requests.
        let next = mock.get("/connections").expect(200);
        assert_eq!((next.header(APPLIED), next.json().as_array().unwrap().len()), (None, 3));
    }
    let created = mock
        .request(
            "POST /credentials?__code=201",
            &[],
            r#"{"name": "n", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"}"#,
        )
        .expect(201);
    mock.get(&format!("/credentials/{}", created.json()["id"].as_str().unwrap())).expect(404);
}

#[test]
fn invalid_preferences_are_rejected_with_a_correction() {
    let mock = Mock::healthy();
    let rows = [
        ("code=418", "list_connections has no response 418; write one of 200, 400, 401, 403"),
        ("code=700", "`Prefer: code=700` is not a status"),
        ("code=abc", "`Prefer: code=abc` is not a status"),
        ("example=documentd", "did you mean `documented`?"),
        ("code=400, example=documented", "response 400 of list_connections has no example `documented`"),
        ("delay=300001", "write milliseconds from 0 to 300000"),
        ("dynamic=perhaps", "is neither true nor false"),
        ("seed=7", "add `dynamic=true`"),
        ("dynamic, example=documented", "exclude each other"),
        ("scenario=sso-outge", "did you mean `sso-outage`?"),
        ("scenario=", "does not name a scenario"),
        ("code=\"400", "an unclosed quote"),
    ];
    for (value, word) in rows {
        let detail = rejected(prefer(&mock, "GET /connections", value));
        assert!(detail.contains(word), "{value}: {detail}");
    }
    let detail = rejected(mock.get("/connections?__cod=400"));
    assert!(detail.contains("did you mean `__code`?"), "{detail}");
    let detail = rejected(mock.request("GET /connections", &[("x-mock-faults", "never")], ""));
    assert!(detail.contains("neither on nor off"), "{detail}");
}

#[test]
fn generated_responses_depend_on_the_seed_only() {
    let mock = Mock::healthy();
    let generate = |value: &str| {
        let response = prefer(&mock, "GET /connections", value).expect(200);
        (response.header(APPLIED).unwrap().to_owned(), response.text)
    };
    let first = generate("dynamic=true, seed=7");
    assert_eq!(first.0, "dynamic=true, seed=7");
    assert_eq!(generate("seed=7; x, dynamic"), first);
    assert_eq!(mock.get("/connections?__dynamic=true&__seed=7").expect(200).text, first.1);
    assert_eq!(Mock::healthy().get("/connections?__dynamic=true&__seed=7").text, first.1, "on any server");
    assert_ne!(generate("dynamic=true, seed=8").1, first.1);
    assert_ne!(mock.get("/connections").text, first.1);
}

#[test]
fn a_preferred_delay_is_applied() {
    let mock = Mock::healthy();
    for (line, headers) in [
        ("GET /user", [("prefer", "delay=120")]),
        ("GET /user", [("x-mock-response-delay", "120")]),
        ("GET /user?__delay=120", [("x-a", "b")]),
        ("GET /nowhere", [("prefer", "delay=120")]),
    ] {
        let start = Instant::now();
        let response = mock.request(line, &headers, "");
        assert!(start.elapsed() >= Duration::from_millis(120), "{line} {:?}", start.elapsed());
        assert_eq!(response.header(APPLIED), (response.status == 200).then_some("delay=120"), "{line}");
    }
}

const REPAIR: &str = r#"{"connection_id": "5d9a4c421d011c553e000004"}"#;

#[test]
fn conditions_of_another_scenario_apply_to_one_request() {
    let mock = Mock::healthy();
    let outage = [("key", SUPERUSER), ("prefer", "scenario=sso-outage")];
    let degraded = |headers: &[(&str, &str)]| {
        let response = mock.request("GET /connections", headers, "").expect(200);
        (response.header("x-connections-degraded").is_some(), response.json().as_array().unwrap().len())
    };
    let response = mock.request("GET /connections", &outage, "").expect(200);
    assert_eq!(
        (response.header(APPLIED), response.header("x-mock-scenario")),
        (Some("scenario=sso-outage"), Some("sso-outage"))
    );
    assert_eq!(degraded(&outage), (true, 2));
    assert_eq!(degraded(&[]), (false, 3), "the next request is not affected");
    assert_eq!(
        mock.request("POST /connections", &outage, REPAIR).expect(503).header(APPLIED),
        Some("scenario=sso-outage")
    );
    // Writes go to the world of the sandbox.
    let input =
        r#"{"name": "kept", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"}"#;
    let id = mock.request("POST /credentials", &outage, input).expect(201).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(mock.get(&format!("/credentials/{id}")).expect(200).json()["name"], "kept");
    assert_eq!(mock.request(&format!("GET /credentials/{id}"), &outage, "").expect(200).json()["name"], "kept");
    assert_eq!(mock.get("/__admin/scenario").json()["name"], "healthy");
    assert_eq!(mock.request("POST /connections", &[("key", SUPERUSER)], REPAIR).status, 201, "the service is up again");
    assert_eq!(degraded(&[]), (false, 3));
}

#[test]
fn the_world_of_another_scenario_is_read_only() {
    let mock = Mock::healthy();
    let empty = [("prefer", "scenario=empty-account")];
    for path in ["/connections", "/credentials", "/onboards", "/connections?__scenario=empty-account"] {
        let response = mock.request(&format!("GET {path}"), &empty, "").expect(200);
        assert_eq!((response.json(), response.header(APPLIED)), (json!([]), Some("scenario=empty-account")), "{path}");
    }
    let input =
        r#"{"name": "lost", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"}"#;
    let detail = rejected(mock.request("POST /credentials", &empty, input));
    assert!(detail.contains("would be lost") && detail.contains("PUT /__admin/scenario"), "{detail}");
    let credentials = mock.get("/credentials").expect(200).text;
    assert!(!credentials.contains("lost") && credentials.len() > 2, "{credentials}");
    mock.request("GET /connections", &[("prefer", "scenario=empty-account"), ("key", GLOBEX)], "").expect(200);
    mock.request("GET /connections", &[("prefer", "scenario=empty-account"), ("key", "nobody")], "").expect(401);
}

#[test]
fn rules_of_another_scenario_apply_to_one_request() {
    let mock = Mock::with_scenario(
        "own",
        "version: 1\nname: own\ndescription: A test.\nextends: healthy\n\
         rules: [{ name: down, times: 1, when: { operation: get_user }, then: { status: 503, body: { error: down } } }]\n",
    );
    assert_eq!(prefer(&mock, "GET /user", "scenario=healthy").expect(200).fault(), "");
    assert_eq!(mock.get("/user").expect(503).fault(), "status=503; rule=\"down\"");
    mock.get("/user").expect(200);
    // The counters of its rules are dropped after the request.
    for _ in 0..2 {
        prefer(&mock, "GET /user", "scenario=own").expect(503);
    }
    mock.get("/user").expect(200);
    for headers in [
        &[("prefer", "scenario=own"), ("x-mock-faults", "off")][..],
        &[("x-mock-faults", "off"), ("prefer", "scenario=own")],
    ] {
        assert_eq!(mock.request("GET /user", headers, "").expect(200).fault(), "");
    }
    mock.post("/__admin/faults", &json!({"then": {"status": 503, "body": {"error": "fault"}}})).expect(201);
    mock.request("GET /user", &[("x-mock-faults", "off")], "").expect(200);
    mock.get("/user").expect(503);
}

#[test]
fn preferences_do_not_bypass_authentication() {
    let mock = Mock::healthy();
    for value in ["code=200", "code=422", "example=documented", "dynamic=true, seed=1", "scenario=sso-outage"] {
        for key in ["", "nobody"] {
            let response = mock.request("GET /connections", &[("key", key), ("prefer", value)], "").expect(401);
            assert_eq!(response.error(), "authentication failed", "{value}");
        }
    }
}

/// Unknown preferences are ignored (RFC 7240), but a probable slip is a finding, because the test that has it proves
/// nothing.
#[test]
fn misspelt_preferences_are_findings() {
    let mock = Mock::healthy();
    for (prefer, expected) in [
        ("cod=401", Some(("cod", "code"))),
        ("respond-async, Exampel=documented, cod=4", Some(("Exampel", "example"))),
        ("secnario=sso-outage", Some(("secnario", "scenario"))),
        ("respond-async, wait=5, return=minimal, handling=strict, safe", None),
        ("code=200", None),
    ] {
        let response = mock.request("GET /user", &[("prefer", prefer)], "").expect(200);
        let expected = expected.map_or_else(Vec::new, |(name, near)| {
            let message = format!("the preference `{name}` is not known and has no effect; did you mean `{near}`?");
            vec![json!({"location": "/headers/prefer", "code": "unknown_preference", "message": message})]
        });
        assert_eq!(response.violations(), expected, "{prefer}");
    }
    // It breaks no contract.
    let expectation = json!({"expectations": [{"no_violations": true}]});
    assert_eq!(mock.post("/__admin/verify", &expectation).expect(200).json()["passed"], true);
}
