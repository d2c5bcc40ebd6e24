//! `POST /__admin/explain`: explanations of described requests and of recorded exchanges.

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{BUYER, GLOBEX_ONLY, Mock, SSO_ONLY, SUPERUSER};

fn explain(mock: &Mock, request: Value) -> Value {
    mock.post("/__admin/explain", &request).expect(200).json()
}

fn reasons(explanation: &Value) -> String {
    let reasons = explanation["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn explaining_a_request_changes_nothing_and_predicts_its_response() {
    let mock = Mock::healthy();
    let fault = json!({"name": "once", "when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "busy"}, "times": 1}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get("/user").expect(200);
    let snapshot = || {
        let paths = ["/state", "/faults", "/requests", "/coverage", "/coverage?sandbox=*"];
        paths.map(|path| mock.get(&format!("/__admin{path}")).text)
    };
    let before = snapshot();
    let repair =
        json!({"method": "POST", "path": "/connections", "key": SUPERUSER, "body": {"connection_id": SSO_ONLY}});
    for _ in 0..3 {
        let explanation = explain(&mock, repair.clone());
        assert_eq!(
            (&explanation["operation"]["id"], &explanation["reply"]["status"]),
            (&json!("repair_connection"), &json!(201))
        );
        assert_eq!(explanation["reply"]["body"], json!({"id": SSO_ONLY}));
        let explanation = explain(&mock, json!({"method": "GET", "path": "/credentials"}));
        assert_eq!(explanation["applied_rules"], json!([{"rule": "once", "effects": ["status=503"]}]));
        assert_eq!(explanation["reply"]["body"], json!({"error": "busy"}));
        explain(&mock, json!({"method": "GET", "path": "/__sandbox/never/user"}));
    }
    assert_eq!(snapshot(), before);
    let sandboxes = mock.get("/__admin/sandboxes").json();
    assert_eq!(sandboxes["meta"]["total"], 1, "{sandboxes}");
    // The real requests get the predicted responses.
    mock.get("/credentials").expect(503);
    mock.call(SUPERUSER, http::Method::POST, "/connections", Some(&repair["body"])).expect(201);
    assert_eq!(explain(&mock, repair)["reply"]["status"], 409);
}

#[test]
fn reasons_cover_every_step_to_the_response() {
    let mock = Mock::healthy();
    let rows: &[(&str, Value, &[&str])] = &[
        (
            "a valid request",
            json!({"method": "GET", "path": "/user"}),
            &["GET /user is get_user (", "the API key belongs to user", "the response is 200"],
        ),
        (
            "no key",
            json!({"method": "GET", "path": "/user", "key": ""}),
            &["the request has no API key", "the response is 401: authentication failed"],
        ),
        ("a wrong key", json!({"method": "GET", "path": "/user", "key": "unknown"}), &["the API key is unknown"]),
        (
            "a wrong body",
            json!({"method": "POST", "path": "/onboards", "body": {"invitation": "x"}}),
            &[
                "/body/invitation_id: invitation_id is missing; `invitation` was sent: was that meant? (rejected with 400)",
            ],
        ),
        (
            "a body that is not JSON",
            json!({"method": "POST", "path": "/onboards", "body": "{\"a\":"}),
            &["/body: the body is not JSON"],
        ),
        (
            "a mistyped path",
            json!({"method": "GET", "path": "/conections"}),
            &[
                "GET /conections matches no operation; the nearest is GET /connections (list_connections): ",
                "conections",
            ],
        ),
        ("a wrong method", json!({"method": "PATCH", "path": "/user"}), &["PATCH", "the response is 405"]),
        (
            "a preference",
            json!({"method": "GET", "path": "/user?__code=401"}),
            &["a preference of the request was applied: code=401", "the response is 401"],
        ),
        (
            "an undocumented parameter",
            json!({"method": "GET", "path": "/user?x=1"}),
            &["/query/x: ", "(reported only)"],
        ),
        (
            "a connection of another account",
            json!({"method": "POST", "path": "/connections", "key": SUPERUSER, "body": {"connection_id": GLOBEX_ONLY}}),
            &["the response is 422"],
        ),
    ];
    for (name, request, expected) in rows {
        let reasons = reasons(&explain(&mock, request.clone()));
        for part in *expected {
            assert!(reasons.contains(part), "{name} lacks {part:?}:\n{reasons}");
        }
    }
    mock.put("/__admin/scenario", &json!({"name": "sso-outage"})).expect(200);
    let text = reasons(&explain(&mock, json!({"method": "GET", "path": "/connections"})));
    for part in ["the scenario is `sso-outage`", "the single sign-on service is down", "only LeadConduit's own rows"] {
        assert!(text.contains(part), "{text}");
    }
    mock.post("/__admin/faults", &json!({"when": {"path": "/user"}, "then": {"fault": "HANG", "delay": 70}}))
        .expect(201);
    let text = reasons(&explain(&mock, json!({"method": "GET", "path": "/user"})));
    assert!(text.contains("the response is delayed by 70 ms\nthe connection fails: HANG"), "{text}");
}

#[test]
fn invalid_requests_are_rejected_with_a_hint() {
    let mock = Mock::healthy();
    let rows = [
        (json!({"method": "GET"}), "path"),
        (json!({"method": "GET", "path": "/user", "pth": 1}), "pth"),
        (json!({"exchange": 77}), "there is no exchange `77`"),
        (json!({"exchange": 1, "path": "/"}), "path"),
        (json!({"method": "GET", "path": "/__admin/health"}), "control calls cannot be explained"),
    ];
    for (request, part) in rows {
        let response = mock.post("/__admin/explain", &request);
        assert!((400..500).contains(&response.status) && response.text.contains(part), "{request}: {}", response.text);
    }
}

#[test]
fn exchanges_are_reproduced_by_the_curl_command_and_the_scenario() {
    let mock = Mock::healthy();
    let fault = json!({"name": "busy", "when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "it's busy"}, "delay": 5}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get("/credentials?a=%27b%27").expect(503);
    mock.post("/onboards", &json!({"invitation_id": "nope"})).expect(400);
    mock.request("GET /user", &[("key", "")], "").expect(401);
    mock.call(SUPERUSER, http::Method::POST, "/connections", Some(&json!({"connection_id": BUYER}))).expect(409);
    mock.get("/account").expect(200);
    mock.get("/nowhere").expect(404);
    let list = mock.get("/__admin/requests").json();
    let folder = tempfile::tempdir().unwrap();
    for exchange in list["requests"].as_array().unwrap() {
        let explanation = explain(&mock, json!({"exchange": exchange["id"]}));
        let (url, status) = (&exchange["request"]["url"], &exchange["response"]["status"]);
        assert_eq!(&explanation["reply"]["status"], status);
        // The scenario is valid, and its example passes.
        let file = folder.path().join(format!("{}.yaml", exchange["number"]));
        std::fs::write(&file, explanation["snippet"].as_str().unwrap()).unwrap();
        let check = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"))
            .arg("check")
            .arg(&file)
            .output()
            .unwrap();
        let output = String::from_utf8(check.stdout).unwrap();
        assert!(
            check.status.success() && output.contains("1 example"),
            "{url} {status}: {output}\n{}",
            explanation["snippet"]
        );
        // The curl command gets the same status.
        let line =
            explanation["curl"].as_str().unwrap().replacen("curl -i", "curl -s -o /dev/null -w '%{http_code}'", 1);
        let key = if url == "/connections" { SUPERUSER } else { crate::support::JANE };
        let run = std::process::Command::new("bash").args(["-c", &line]).env("LEADCONDUIT_KEY", key).output().unwrap();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), status.to_string(), "{line}");
    }
    assert_eq!(list["requests"].as_array().unwrap().len(), 6);
}

#[test]
fn the_sandbox_of_the_request_takes_precedence_over_that_of_the_call() {
    let mock = Mock::start(MockServer::builder());
    mock.put("/__sandbox/a/__admin/scenario", &json!({"name": "maintenance"})).expect(200);
    let explain_in = |base: &str, path: &str| {
        let explanation =
            mock.post(&format!("{base}/__admin/explain"), &json!({"method": "GET", "path": path})).expect(200).json();
        (explanation["sandbox"].as_str().unwrap().to_owned(), explanation["reply"]["status"].as_u64().unwrap())
    };
    assert_eq!(explain_in("", "/user"), ("default".to_owned(), 200));
    assert_eq!(explain_in("/__sandbox/a", "/user"), ("a".to_owned(), 503));
    assert_eq!(explain_in("", "/__sandbox/a/user"), ("a".to_owned(), 503));
    assert_eq!(explain_in("/__sandbox/a", "/__sandbox/default/user"), ("default".to_owned(), 200));
    // The curl command selects the sandbox of the request.
    let explanation = explain(&mock, json!({"method": "GET", "path": "/__sandbox/a/user"}));
    assert!(explanation["curl"].as_str().unwrap().contains("X-Mock-Sandbox: a"), "{}", explanation["curl"]);
}
