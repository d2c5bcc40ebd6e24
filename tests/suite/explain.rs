//! `POST /__admin/explain`: explanations of described requests and of recorded exchanges.

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{BUYER, GLOBEX_ONLY, JANE, Mock, SSO_ONLY, SUPERUSER};

/// Explains a request, which is sent as Jane unless it has credentials or none on purpose.
fn explain(mock: &Mock, mut request: Value) -> Value {
    let has_credentials = request.get("key").is_some() || request.pointer("/headers/authorization").is_some();
    if request.get("exchange").is_none() && !has_credentials {
        request["key"] = JANE.into();
    }
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
            &["the request has no API key", "so the response is 401", "the response is 401: authentication failed"],
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
            "a control call below a wrong prefix",
            json!({"method": "GET", "path": "/_admin/health"}),
            &["the nearest is the control call GET /__admin/health"],
        ),
        (
            "a submission without its source",
            json!({"method": "POST", "path": "/flows/64b8f0f5e4b0c3a1d5e6f7ab/submit"}),
            &["the nearest is POST /flows/{flow_id}/sources/{source_id}/submit (submit_lead): `sources` is missing"],
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

/// The texts of a request line, its headers (`key` sets the API key) and its body.
type Sent<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

const TEXAS: &str = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";

/// Runs a curl command of an explanation; returns the status and the body.
fn run_curl(line: &str, variables: &[(&str, &str)]) -> (String, String) {
    assert_eq!(line.matches("curl -i").count(), 1, "{line}");
    let line = line.replacen("curl -i", "curl -s -w '\\n%{http_code}'", 1);
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &line]).envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or_else(|| panic!("{line}: {output:?}"));
    (status.to_owned(), body.to_owned())
}

/// Explains the newest exchange, and checks that its curl command and its scenario reproduce it.
fn assert_reproducible(mock: &Mock, folder: &std::path::Path, variables: &[(&str, &str)]) {
    let list = mock.get("/__admin/requests?limit=1").json();
    let newest = &list["requests"][0];
    let explanation = explain(mock, json!({"exchange": newest["id"]}));
    let status = newest["response"]["status"].to_string();
    let snippet = explanation["snippet"].as_str().unwrap();
    assert_eq!(explanation["reply"]["status"].to_string(), status);
    let file = folder.join(format!("{}.yaml", newest["number"]));
    std::fs::write(&file, snippet).unwrap();
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    let output = check.arg("check").arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("1 example"), "{text}\n{snippet}");
    let line = explanation["curl"].as_str().unwrap();
    assert!(!line.contains(JANE) && !snippet.contains(JANE), "{line}\n{snippet}");
    assert_eq!(run_curl(line, variables).0, status, "{line}");
}

#[test]
fn exchanges_are_reproduced_by_the_curl_command_and_the_scenario() {
    let mock = Mock::healthy();
    let faults = [
        json!({"name": "busy", "when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "it's {{ '{{' }} ${busy}"}, "headers": {"Retry-After": "7"}, "delay": 5}}),
        json!({"name": "limit", "when": {"operation": "list_fields"}, "then": {"status": 429, "headers": {"Retry-After": "30"}}}),
    ];
    for fault in &faults {
        mock.post("/__admin/faults", fault).expect(201);
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    let etag = mock.get("/account").header("etag").unwrap().to_owned();
    let tag = ("if-none-match", etag.as_str());
    let rows: &[Sent<'_>] = &[
        ("GET /account", &[], ""),
        ("HEAD /account", &[], ""),
        ("GET /account", &[tag], ""),
        ("GET /nowhere", &[], ""),
        ("GET //connections", &[], ""),
        ("PATCH /user", &[], ""),
        ("OPTIONS /account", &[], ""),
        ("GET /user", &[("key", "")], ""),
        ("GET /user", &[("accept", "text/html")], ""),
        ("GET /user?__code=401", &[], ""),
        ("GET /user?x=%27a%27&y=[1]&z=%7Bb%7D", &[], ""),
        ("GET /user", &[("prefer", "code=401"), ("x-empty", "")], ""),
        ("GET /user", &[("prefer", "scenario=maintenance")], ""),
        ("GET /credentials?a=%27b%27", &[], ""),
        ("GET /fields", &[], ""),
        ("GET /connections?relationship_type=sellr", &[], ""),
        ("POST /onboards", &[], r#"{"invitation_id":"nope"}"#),
        ("POST /onboards", &[], "{\"a\":"),
        ("POST /onboards", &[("content-type", "text/plain")], "@file 'quoted' ${HOME} $(id) \\"),
        ("POST /connections", &[], r#"{"connection_id":"5d9a4c421d011c553e000004"}"#),
        ("DELETE /credentials/64b8f0f5e4b0c3a1d5e6f7a8", &[], ""),
        (&format!("POST {TEXAS}"), &[("key", ""), form], "first_name=Ann&state=NY&note=it%27s+%7B%7B+x"),
        (&format!("POST {TEXAS}"), &[("key", ""), form], "firstname=Ann&state=TX"),
        (
            &format!("POST {TEXAS}"),
            &[("key", ""), ("content-type", "text/xml"), ("accept", "text/xml")],
            "<a><state>TX</state></a>",
        ),
        (&format!("POST {TEXAS}"), &[("key", "")], r#"{"state":"TX"}"#),
        (&format!("POST {TEXAS}"), &[("key", ""), ("content-type", "image/png")], "x"),
        (&format!("GET {TEXAS}?state=TX&redir_url=http%3A%2F%2Fexample.com%2F"), &[("key", "")], ""),
        (&format!("PUT {TEXAS}"), &[("key", "")], ""),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (line, headers, body) in rows {
        mock.request(line, headers, body);
        assert_reproducible(&mock, folder.path(), &[("LEADCONDUIT_API_KEY", JANE)]);
    }
    let repair = json!({"connection_id": BUYER});
    mock.call(SUPERUSER, http::Method::POST, "/connections", Some(&repair)).expect(409);
    assert_reproducible(&mock, folder.path(), &[("LEADCONDUIT_API_KEY", SUPERUSER)]);
    // The scenario has what the response had, and the whole request.
    mock.get("/credentials").expect(503);
    let snippet = explain(&mock, json!({"exchange": newest_id(&mock)}))["snippet"].as_str().unwrap().to_owned();
    assert!(snippet.contains(r#""retry-after":"7""#) && snippet.contains(r#""delay":5"#), "{snippet}");
    mock.request(&format!("POST {TEXAS}"), &[("key", ""), form], "first_name=Ann&state=NY").expect(201);
    let snippet = explain(&mock, json!({"exchange": newest_id(&mock)}))["snippet"].as_str().unwrap().to_owned();
    assert!(snippet.contains(r#""body":"first_name=Ann&state=NY""#) && snippet.contains(form.1), "{snippet}");
}

fn newest_id(mock: &Mock) -> Value {
    mock.get("/__admin/requests?limit=1").json()["requests"][0]["id"].clone()
}

#[test]
fn credentials_in_a_wrong_form_are_explained_and_reproduced() {
    let mock = Mock::healthy();
    let basic = |text: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let rows = [
        (basic(&format!("{JANE}:")), "was sent as the user name"),
        (basic(&format!("{JANE}:API")), "was sent as the user name"),
        (format!("Bearer {JANE}"), "was sent as a bearer token"),
        ("Bearer some-other-token".to_owned(), "the request has a bearer token"),
        (basic("API:"), "the password of HTTP Basic is empty"),
        (basic("API:no-such-key"), "the API key is unknown"),
        ("Basic !!!".to_owned(), "is not HTTP Basic with a user name and a password"),
        (format!("Digest {JANE}"), "is not HTTP Basic with a user name and a password"),
        (JANE.to_owned(), "is not HTTP Basic with a user name and a password"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (authorization, expected) in &rows {
        let request = json!({"method": "GET", "path": "/user", "headers": {"authorization": authorization}});
        let explanation = explain(&mock, request);
        let text = reasons(&explanation);
        assert!(text.contains(expected) && text.contains("so the response is 401"), "{authorization}: {text}");
        assert_eq!(explanation["caller"], Value::Null);
        assert!(!explanation.to_string().contains(JANE), "{explanation}");
        mock.request("GET /user", &[("key", ""), ("authorization", authorization)], "").expect(401);
        // The key of the variable is valid: the form alone is wrong. A password that is no key needs its own value.
        let key = if authorization == &basic("API:no-such-key") { "no-such-key" } else { JANE };
        let variables = [("LEADCONDUIT_API_KEY", key), ("LEADCONDUIT_AUTHORIZATION", authorization.as_str())];
        assert_reproducible(&mock, folder.path(), &variables);
    }
    let line = |authorization: &str| {
        let request = json!({"method": "GET", "path": "/user", "headers": {"authorization": authorization}});
        explain(&mock, request)["curl"].as_str().unwrap().to_owned()
    };
    assert!(line(&rows[0].0).contains(r#"-u "$LEADCONDUIT_API_KEY:""#));
    assert!(line(&rows[2].0).contains(r#"-H "Authorization: Bearer $LEADCONDUIT_API_KEY""#));
}

#[test]
fn requests_without_credentials_are_explained_as_such() {
    let mock = Mock::healthy();
    let ask = |request: Value| mock.post("/__admin/explain", &request).expect(200).json();
    let explanation = ask(json!({"method": "GET", "path": "/user"}));
    assert_eq!((&explanation["reply"]["status"], &explanation["caller"]), (&json!(401), &Value::Null));
    assert!(reasons(&explanation).contains("the request has no API key"), "{}", reasons(&explanation));
    let lead = json!({"method": "POST", "path": TEXAS, "body": {"first_name": "Ann", "state": "TX"}});
    let explanation = ask(lead);
    let text = reasons(&explanation);
    assert_eq!(explanation["reply"]["status"], 201);
    assert!(text.contains("submit_lead needs no API key") && !text.contains("so the response is 201"), "{text}");
    // The rights of the caller, not its key, are the reason of these.
    let repair = json!({"method": "POST", "path": "/connections", "key": JANE, "body": {"connection_id": SSO_ONLY}});
    assert!(reasons(&ask(repair)).contains("the user lacks a right that repair_connection requires"));
    let free = "version: 1\nname: own\ndescription: A test.\nextends: healthy\nworld: { accounts: [{ account: { id: 5fd4371e940df5a34a3888b2, features: { lead_transactions: false } } }] }\n";
    let mock = Mock::with_scenario("own", free);
    let flows = reasons(&explain(&mock, json!({"method": "GET", "path": "/flows"})));
    assert!(flows.contains("is not available to free accounts"), "{flows}");
}

#[test]
fn the_part_of_the_flow_that_decides_about_a_lead_is_named() {
    let healthy = Mock::healthy();
    let lead = |mock: &Mock, path: &str, body: Value| {
        let explanation = explain(mock, json!({"method": "POST", "path": path, "key": "", "body": body}));
        (explanation["lead"]["decided_by"]["kind"].as_str().unwrap().to_owned(), reasons(&explanation), explanation)
    };
    let (kind, text, explanation) = lead(&healthy, TEXAS, json!({"state": "NY"}));
    assert_eq!(kind, "filter");
    assert!(
        text.contains(
            "the filter `Texas only`, step 1 (1bbcd4) ended the flow: lead.state is not equal to TX (it is NY)"
        ),
        "{text}"
    );
    assert_eq!(explanation["lead"]["decided_by"]["id"], "1bbcd4");
    assert!(text.contains("the outcome is failure, Lead must live in TX"), "{text}");
    let (kind, text, _) = lead(&healthy, TEXAS, json!({"state": "TX"}));
    assert_eq!(kind, "completed");
    assert!(text.contains("recipient `Brightpath Insurance`, step 2 (2bbce1): success"), "{text}");
    let arizona = "/flows/66a1c0de940df5a34a3889f2/sources/5d9a4c421d011c553e000003/submit";
    let (kind, text, _) = lead(&healthy, arizona, json!({"state": "AZ"}));
    assert_eq!(kind, "flow_criteria");
    assert!(text.contains("are not met: lead.email is not blank (it is blank)"), "{text}");
    let (kind, text, _) = lead(&healthy, TEXAS, json!({"email": "a@failure.example"}));
    assert!(kind == "trigger" && text.contains("the domain of an e-mail address forces the result"), "{text}");
    let capped = Mock::scenario("caps-reached");
    capped.call("", http::Method::POST, TEXAS, Some(&json!({"state": "TX"}))).expect(201);
    let (kind, text, _) = lead(&capped, TEXAS, json!({"state": "TX"}));
    assert_eq!(kind, "cap");
    assert!(text.contains("the volume cap 66a1c0de940df5a34a3889ca of 1 leads of the flow is reached"), "{text}");
    let (kind, text, _) = lead(&capped, arizona, json!({"state": "AZ", "email": "a@example.com"}));
    assert!(kind == "completed" && text.contains("(5eef14): skip, Cap reached"), "{text}");
    let disabled = Mock::scenario("source-disabled");
    let list = disabled.get("/flows").json();
    let flow = list.as_array().unwrap().iter().find(|flow| flow["enabled"] == false).unwrap();
    let path = format!(
        "/flows/{}/sources/{}/submit",
        flow["id"].as_str().unwrap(),
        flow["sources"][0]["entity"]["id"].as_str().unwrap()
    );
    let (kind, text, _) = lead(&disabled, &path, json!({"state": "TX"}));
    assert!(kind == "disabled_flow" && text.contains("the flow is disabled"), "{text}");
    let ping = explain(
        &Mock::scenario("no-bid"),
        json!({"method": "POST", "path": TEXAS.replace("/submit", "/ping"), "body": {"state": "TX"}}),
    );
    assert!(["no_price", "pings_disabled"].contains(&ping["lead"]["decided_by"]["kind"].as_str().unwrap()), "{ping}");
    // Recorded exchanges keep the decision; secrets of the lead are in none of them.
    healthy.call("", http::Method::POST, TEXAS, Some(&json!({"state": "NY", "ssn": "123-45-6789"}))).expect(201);
    let recorded = explain(&healthy, json!({"exchange": newest_id(&healthy)}));
    assert_eq!(recorded["lead"]["decided_by"]["kind"], "filter");
    assert!(!recorded.to_string().contains("123-45-6789"), "{recorded}");
}

#[test]
fn the_sandbox_of_the_request_takes_precedence_over_that_of_the_call() {
    let mock = Mock::start(MockServer::builder());
    mock.put("/__sandbox/a/__admin/scenario", &json!({"name": "maintenance"})).expect(200);
    let explain_in = |base: &str, path: &str| {
        let explanation =
            mock.post(&format!("{base}/__admin/explain"), &json!({"method": "GET", "path": path, "key": JANE}));
        let explanation = explanation.expect(200).json();
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

#[test]
fn a_curl_command_says_what_the_journal_does_not_record() {
    let mock = Mock::healthy();
    let rows = [
        (
            r#"{"name":"a","password":"hunter2hunter2"}"#.to_owned(),
            "# secrets are not recorded: write them instead of ***",
        ),
        ("password: x".to_owned(), "# the body of 11 bytes is not recorded: it names a secret"),
        (format!(r#"{{"name":"{}"}}"#, "x".repeat(100_000)), "# truncated: the body had 100011 bytes"),
        (format!(r#"{{"name":"{}"}}"#, "x".repeat(2_000_000)), "# the body of 2000011 bytes is not recorded, because"),
    ];
    for (body, comment) in rows {
        mock.request("POST /credentials", &[], &body);
        let explanation = explain(&mock, json!({"exchange": newest_id(&mock)}));
        let line = explanation["curl"].as_str().unwrap();
        assert!(line.contains(comment), "{}", &line[..line.len().min(2000)]);
    }
}

#[test]
fn a_status_that_the_request_asked_for_is_not_explained_by_a_right() {
    let mock = Mock::healthy();
    mock.get("/connections?__code=401").expect(401);
    let reasons = explain(&mock, json!({"exchange": newest_id(&mock)}))["reasons"].to_string();
    assert!(reasons.contains("a preference of the request was applied: code=401"), "{reasons}");
    assert!(!reasons.contains("lacks a right"), "{reasons}");
    mock.post("/connections", &json!({"connection_id": BUYER})).expect(401);
    let reasons = explain(&mock, json!({"exchange": newest_id(&mock)}))["reasons"].to_string();
    assert!(reasons.contains("the user lacks a right that repair_connection requires"), "{reasons}");
}
