//! Verification: each kind of expectation, met and not met; the text of the verdict; inconclusive outcomes.

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{GLOBEX_ONLY, Mock, SELLER, SSO_ONLY, SUPERUSER};

impl Mock {
    /// The verdict, after a check that `passed` and `outcome` agree.
    #[track_caller]
    fn verdict(&self, expectations: &Value) -> Value {
        let verdict = self.post("/__admin/verify", expectations).expect(200).json();
        let all = verdict["expectations"].as_array().unwrap();
        assert_eq!(verdict["passed"], all.iter().all(|one| one["passed"] == true));
        assert!(all.iter().all(|one| (one["outcome"] == "passed") == (one["passed"] == true)));
        verdict
    }

    #[track_caller]
    fn verified(&self, expectation: &Value) -> Value {
        self.verdict(&json!([expectation]))["expectations"][0].clone()
    }

    fn repair(&self, id: &str) -> u16 {
        self.call(SUPERUSER, Method::POST, "/connections", Some(&json!({"connection_id": id}))).status
    }

    fn text(&self, expectations: &Value) -> String {
        let response = self.post("/__admin/verify?format=text", expectations).expect(200);
        assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        response.text
    }
}

#[test]
fn counts_are_evaluated() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    mock.get("/user").expect(200);
    mock.get("/connections?relationship_type=buyer").expect(200);
    let rows = [
        (json!({"operation": "get_user"}), true, "2", json!([1, 2])),
        (json!({"operation": "get_user", "exactly": 2}), true, "2", json!([1, 2])),
        (json!({"operation": "get_user", "exactly": 1}), false, "2", json!([1, 2])),
        (json!({"operation": "get_user", "at_least": 3}), false, "2", json!([1, 2])),
        (json!({"operation": "get_user", "at_most": 2}), true, "2", json!([1, 2])),
        (json!({"operation": "get_user", "at_most": 1}), false, "2", json!([1, 2])),
        (json!({"operation": "get_user", "at_least": 1, "at_most": 2}), true, "2", json!([1, 2])),
        (json!({"operation": "get_user", "never": true}), false, "2", json!([1, 2])),
        (json!({"operation": "get_account", "never": true}), true, "0", json!([])),
        (json!({"operation": "get_account", "at_most": 1}), true, "0", json!([])),
        (json!({"operation": "get_account"}), false, "0", json!([])),
        (
            json!({"request": {"urlPath": "/connections", "queryParameters": {"relationship_type": {"equalTo": "buyer"}}}}),
            true,
            "1",
            json!([3]),
        ),
        (json!({"request": {"method": "GET"}, "status": 200, "exactly": 3}), true, "3", json!([1, 2, 3])),
        (json!({"request": {"method": "GET"}, "status": [404, 500]}), false, "0", json!([])),
        (json!({"exactly": 3}), true, "3", json!([1, 2, 3])),
        (json!({"operation": "get_user", "after": 1, "exactly": 1}), true, "1", json!([2])),
        (json!({"operation": "get_user", "since": "2000-01-01T00:00:00Z", "exactly": 2}), true, "2", json!([1, 2])),
    ];
    for (expectation, passed, found, matched) in rows {
        let result = mock.verified(&expectation);
        assert_eq!(result["passed"], passed, "{expectation}: {result}");
        assert_eq!((result["found"].as_str(), &result["matched"]), (Some(found), &matched), "{expectation}");
    }
    let part = mock.verdict(&json!({"after": 2, "expectations": [{"exactly": 1}, {"after": 0, "exactly": 3}]}));
    assert_eq!((&part["passed"], &part["exchanges"], &part["dropped"]), (&json!(true), &json!(3), &json!(0)));
    let counts = [&part["expectations"][0]["exchanges"], &part["expectations"][1]["exchanges"]];
    assert_eq!(counts, [&json!(1), &json!(3)], "each range has its own");
}

#[test]
fn the_text_of_a_verdict_lists_expectations_and_differences() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    mock.get("/connections?relationship_type=buyer").expect(200);
    mock.get("/connection").expect(404);
    mock.get("/connections?relationship_type=x").expect(400);
    let text = mock.text(&json!({"expectations": [
        {"name": "the user is read", "operation": "get_user", "exactly": 1},
        {"name": "sellers are asked for", "request": {"method": "GET", "urlPath": "/connections", "queryParameters": {"relationship_type": {"equalTo": "seller"}}}},
        {"operation": "list_connections", "at_most": 1},
        {"name": "the list, then the user", "order": [{"operation": "list_connections"}, {"operation": "get_user"}]},
        {"no_violations": true},
        {"no_unmatched": true},
    ]}));
    assert_eq!(
        text,
        "failed: 1 of 6 expectations met, in 4 exchanges

ok      the user is read

FAILED  sellers are asked for
  expected at least 1 of method `GET`, path `/connections`, query parameter relationship_type `seller`
  found    0
  nearest  request 2, GET /connections?relationship_type=buyer, response 200
    query parameter relationship_type: expected `seller`, found `buyer`
  nearest  request 4, GET /connections?relationship_type=x, response 400
    query parameter relationship_type: expected `seller`, found `x`
  nearest  request 3, GET /connection, response 404
    path: expected `/connections`, found `/connection`
    query parameter relationship_type: expected `seller`, found nothing

FAILED  at most 1 of operation `list_connections`
  found    2
    request 2, GET /connections?relationship_type=buyer, response 200
    request 4, GET /connections?relationship_type=x, response 400

FAILED  the list, then the user
  expected in this order: operation `list_connections`; then operation `get_user`
  found    1 of 2 steps
    step 2, operation `get_user`, was not found after request 2
    an earlier request matches: request 1, GET /user, response 200

FAILED  no violations in any request
  found    1 with violations
    request 4, GET /connections?relationship_type=x, response 400: relationship_type must be one of seller, buyer

FAILED  no unmatched requests in any request
  found    1 unmatched
    request 3, GET /connection, response 404: there is no such path; did you mean GET /connections?
"
    );
}

#[test]
fn orders_are_evaluated() {
    let mock = Mock::healthy();
    for path in ["/user", "/connections", "/user", "/account"] {
        mock.get(path).expect(200);
    }
    let step = |id: &str| json!({"operation": id});
    let (user, list, account) = (step("get_user"), step("list_connections"), step("get_account"));
    let rows = [
        (json!({"order": [user, account]}), true, json!([1, 4])),
        (json!({"order": [user, user, account]}), true, json!([1, 3, 4])),
        (json!({"order": [user, account], "strict": true}), true, json!([3, 4])),
        (json!({"order": [list, account], "strict": true}), false, json!([2])),
        (json!({"order": [account, user]}), false, json!([4])),
        (json!({"order": [user, user, user]}), false, json!([1, 3])),
        (json!({"order": [user, {"request": {"urlPath": "/account"}, "status": 200}]}), true, json!([1, 4])),
    ];
    for (expectation, passed, matched) in rows {
        let result = mock.verified(&expectation);
        assert_eq!((&result["passed"], &result["matched"]), (&json!(passed), &matched), "{expectation}: {result}");
    }
    let strict = mock.verified(&json!({"order": [list, account], "strict": true}));
    let differences = [
        "step 2, operation `get_account`, was not found directly after request 2",
        "the next request was request 3, GET /user, response 200",
    ];
    assert_eq!(strict["differences"], json!(differences));
}

#[test]
fn a_rejection_is_repaired_by_a_later_success_of_the_account() {
    let repaired = json!({"repaired": {"operation": "repair_connection", "status": 409}});
    let by = json!({"repaired": {"operation": "repair_connection", "by": {"operation": "get_connection"}}});
    let mock = Mock::scenario("repair-conflicts");
    let nothing = mock.verified(&repaired);
    assert_eq!((&nothing["passed"], &nothing["found"]), (&json!(false), &json!("no rejected request")));

    assert_eq!(mock.repair(SELLER), 409);
    let stopped = mock.verified(&repaired);
    let why = "request 2, POST /connections, response 409: no later request of the account succeeded";
    assert_eq!((&stopped["passed"], &stopped["differences"]), (&json!(false), &json!([why])));

    // A success of another account does not count.
    mock.call(crate::support::GLOBEX, Method::GET, "/user", None).expect(200);
    assert_eq!(mock.verified(&repaired)["passed"], false);

    mock.get("/connections").expect(200);
    let went_on = mock.verified(&repaired);
    assert_eq!((&went_on["passed"], &went_on["matched"]), (&json!(true), &json!([2])), "{went_on}");
    assert_eq!(went_on["found"], "1 rejected, 1 of them repaired");
    assert_eq!(mock.verified(&by)["passed"], false, "the connections were listed, none was read");
    mock.get(&format!("/connections/{SELLER}")).expect(200);
    assert_eq!(mock.verified(&by)["passed"], true);

    assert_eq!(mock.repair(SELLER), 409);
    mock.get("/connections").expect(200);
    let again = mock.verified(&repaired);
    let why = "request 2, POST /connections, response 409: the same request was repeated as request 11, response 409";
    assert_eq!(again["differences"], json!([why]), "a repetition that is rejected again is not a repair");

    // Every rejection must be repaired.
    mock.post("/__admin/reset", &json!({})).expect(200);
    assert_eq!((mock.repair(SELLER), mock.repair(GLOBEX_ONLY)), (409, 422));
    mock.get("/connections").expect(200);
    let both = mock.verified(&json!({"repaired": {"operation": "repair_connection"}}));
    assert_eq!((&both["passed"], &both["found"]), (&json!(true), &json!("2 rejected, 2 of them repaired")));
    assert_eq!(mock.repair(GLOBEX_ONLY), 422);
    let both = mock.verified(&json!({"repaired": {"operation": "repair_connection"}}));
    assert_eq!((&both["passed"], &both["found"]), (&json!(false), &json!("2 rejected, 1 of them repaired")));
    assert_eq!(mock.verified(&repaired)["passed"], true, "the 409 was repaired");
}

#[test]
fn a_rejection_is_repaired_when_the_last_attempt_succeeds() {
    let mock = Mock::scenario("missed-invitation");
    let fault = json!({"when": {"operation": "repair_connection"}, "times": 2,
                       "then": {"status": 422, "body": {"error": "not there yet"}}});
    mock.post("/__admin/faults", &fault).expect(201);
    let id = "5d9a4c421d011c553e000005";
    let repaired = json!({"repaired": {"operation": "repair_connection", "status": 422}});
    assert_eq!((mock.repair(id), mock.repair(id)), (422, 422));
    assert_eq!(mock.verified(&repaired)["passed"], false);
    assert_eq!(mock.repair(id), 201);
    let result = mock.verified(&repaired);
    assert_eq!((&result["passed"], &result["matched"]), (&json!(true), &json!([2])), "{result}");
    let body = json!({"bodyPatterns": [{"equalToJson": {"connection_id": id}}]});
    assert_eq!(
        mock.verified(&json!({"operation": "repair_connection", "request": body, "exactly": 3}))["passed"],
        true
    );
    let order = json!({"order": [
        {"operation": "repair_connection", "status": 422}, {"operation": "repair_connection", "status": 201}]});
    assert_eq!(mock.verified(&order)["matched"], json!([2, 5]));
    // No request was rejected with 409.
    assert_eq!(mock.verified(&json!({"repaired": {"operation": "repair_connection", "status": 409}}))["passed"], false);
    assert_eq!(mock.repair(SSO_ONLY), 201);
}

#[test]
fn invalid_expectations_return_diagnostics_with_line_and_column() {
    let mock = Mock::healthy();
    let rows = [
        ("[]", "body:1:1: there are no expectations; write {\"expectations\": [{\"operation\": \"list_connections\""),
        ("{}", "body:1:1: `expectations` is missing"),
        ("7", "body:1:1: the body must be an object or an array; write {\"expectations\": [{\"operation\":"),
        (r#"{"expectation": []}"#, "body:1:2: the body has no key `expectation`; did you mean `expectations`?"),
        ("[{}]", "body:1:2: the expectation is empty; write one of operation, request"),
        (r#"[{"name": "x"}]"#, "body:1:2: the expectation is empty"),
        (
            r#"[{"operation": "list_conections"}]"#,
            "body:1:16: there is no operation `list_conections`; did you mean `list_connections`?",
        ),
        (
            r#"[{"operations": "list_connections", "never": true}]"#,
            "body:1:3: an expectation has no key `operations`; did you mean `operation`?",
        ),
        (
            r#"[{"request": {"urlpath": "/x"}}]"#,
            "body:1:15: a request pattern has no key `urlpath`; did you mean `urlPath`?",
        ),
        (r#"[{"exactly": -1}]"#, "body:1:14: `exactly` must be a whole number from 0"),
        (
            r#"[{"exactly": 1, "at_most": 2}]"#,
            "body:1:17: `exactly` cannot be combined with `at_most`; remove one of them",
        ),
        (r#"[{"at_least": 3, "at_most": 2}]"#, "`at_most` must not be below `at_least`, which is 3"),
        (r#"[{"at_least": 0}]"#, "`at_least: 0` is met by any client"),
        (r#"[{"never": false}]"#, "`never` must be true or absent"),
        (r#"[{"no_violations": false}]"#, "`no_violations` must be true or absent"),
        (
            r#"{"order": ["x"]}"#,
            "body:1:2: `order` belongs into an expectation; write {\"expectations\": [{\"order\": ...}]}",
        ),
        (
            r#"[{"order": ["x"]}]"#,
            "`order` must be an array of 2 to 100 steps, not 1; write [{\"operation\": \"list_connections\"}, {",
        ),
        (
            r#"[{"order": ["get_usr", {"status": 200}]}]"#,
            "body:1:13: a step must be an object; write {\"operation\": \"get_user\"}",
        ),
        (r#"[{"order": [{}, {"status": 200}]}]"#, "the step is empty; write one of operation, request, status"),
        (
            r#"[{"order": [{"status": 1}, {"status": 200}], "exactly": 1}]"#,
            "`exactly` cannot be combined with `order`; write two expectations",
        ),
        (r#"[{"operation": "list_connections", "strict": true}]"#, "`strict` requires `order`"),
        (r#"[{"repaired": {}}]"#, "`repaired` requires `operation`"),
        (
            r#"[{"repaired": {"operation": "repair_connection"}, "status": 409}]"#,
            "`status` cannot be combined with `repaired`; move it into `repaired`",
        ),
        (r#"[{"repaired": {"operation": "repair_connection", "status": 500}}]"#, "a status from 400 to 499"),
        (r#"[{"operation": "get_user", "exactly": 1, "exactly": 0}]"#, "body:1:50: the key `exactly` is given twice"),
        (
            r#"[{"request": {"bodyPatterns": [{"matchesJsonSchema": {"requird": ["a"]}}]}}]"#,
            "JSON Schema has no keyword `requird`, and would ignore it; did you mean `required`?",
        ),
        (r#"[{"exactly": 1, "since": 5}]"#, "for the number of a request, write `after`"),
        (r#"[{"exactly": 1, "after": "x"}]"#, "`after` must be the number of a request"),
        (r#"[{"exactly": 0, "allow_empty": "yes"}]"#, "`allow_empty` must be true or false"),
        (r#"{"allow_emtpy": true, "expectations": []}"#, "did you mean `allow_empty`?"),
        (
            r#"[{"request": {"bodyPatterns": [{"contains": "123-45-6789"}]}, "never": true}]"#,
            "the journal does not record secrets",
        ),
        (
            r#"[{"request": {"bodyPatterns": [{"equalToJson": {"password": "x"}}]}, "never": true}]"#,
            "the journal does not record secrets",
        ),
        (r#"[{"request": {"url": "/user?token=abc"}, "never": true}]"#, "the journal does not record secrets"),
        (
            r#"[{"request": {"formParameters": {"password": {"equalTo": "x"}}}, "never": true}]"#,
            "the value of `password` cannot be compared",
        ),
        (
            r#"[{"request": {"bodyPatterns": [{"matchesXPath": "//a[ends-with(., 'x')]"}]}, "never": true}]"#,
            "XPath 1.0 has no function `ends-with`",
        ),
        (
            "- operation: list_connections\n- operation: get_usr\n",
            "body:2:14: there is no operation `get_usr`; did you mean `get_user`?",
        ),
    ];
    for (body, expected) in rows {
        let problem =
            mock.request("POST /__admin/verify", &[("content-type", "application/yaml")], body).expect(400).json();
        let diagnostic = problem["diagnostics"][0].as_str().unwrap();
        assert!(diagnostic.contains(expected), "{body}: {diagnostic}");
    }
    let all = mock.post("/__admin/verify", &json!([{"operation": "x"}, {"status": 1}, {"exactly": "1"}])).expect(400);
    assert_eq!(all.json()["diagnostics"].as_array().unwrap().len(), 3);
    for (path, expected) in [
        ("/__admin/verify?format=xml", "`format` must be json, text or junit"),
        ("/__admin/verify?wait=soon", "`wait`: `soon` is not a duration: write milliseconds as a number"),
        ("/__admin/verify?wait=2m", "`wait` can be 60000 milliseconds at most"),
        ("/__admin/verify?wait=60001", "`wait` can be 60000 milliseconds at most"),
        ("/__admin/verify?fial=true", "did you mean `fail`?"),
        ("/__admin/verify?fail=yes", "write true or false"),
    ] {
        let problem = mock.post(path, &json!([{"exactly": 0}])).expect(400).json();
        assert!(problem["detail"].as_str().unwrap().contains(expected), "{problem}");
    }
}

#[test]
fn the_client_selects_the_format_of_the_verdict() {
    let mock = Mock::healthy();
    let expected = json!([{"operation": "get_user"}]).to_string();
    let verify_as = |line: &str, accept: &str| mock.request(line, &[("accept", accept)], &expected);
    let text = verify_as("POST /__admin/verify", "text/plain").expect(200);
    assert!(
        text.text.starts_with("inconclusive: 0 of 1 expectations met, in 0 exchanges\nnote: no exchange was recorded")
    );
    assert!(text.text.contains("\n\nFAILED  at least 1 of"));
    assert_eq!(verify_as("POST /__admin/verify?format=json", "text/plain").expect(200).json()["text"], text.text);
    assert_eq!(verify_as("POST /__admin/verify?fail=true", "*/*").expect(409).json()["passed"], false);
    mock.get("/user").expect(200);
    assert_eq!(verify_as("POST /__admin/verify?fail=true", "*/*").expect(200).json()["passed"], true);
    let yaml = "expectations:\n  - operation: get_user\n    exactly: 1\n";
    assert_eq!(mock.request("POST /__admin/verify", &[], yaml).expect(200).json()["passed"], true);
}

#[test]
fn dropped_exchanges_make_outcomes_inconclusive() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_entries_max = 2));
    for path in ["/user", "/connections", "/account"] {
        mock.get(path).expect(200);
    }
    let list = "list_connections";
    let rows = [
        (json!({"operation": list}), "passed"),
        (json!({"operation": list, "exactly": 1}), "inconclusive"),
        (json!({"operation": list, "at_most": 1}), "inconclusive"),
        (json!({"operation": list, "at_most": 2}), "passed"),
        (json!({"operation": list, "never": true}), "failed"),
        (json!({"operation": "get_user"}), "inconclusive"),
        (json!({"operation": "get_user", "at_least": 2}), "failed"),
        (json!({"operation": "get_user", "never": true}), "inconclusive"),
        (json!({"operation": "get_user", "never": true, "after": 2}), "passed"),
        (json!({"order": [{"operation": list}, {"operation": "get_account"}]}), "passed"),
        (json!({"order": [{"operation": "get_user"}, {"operation": list}]}), "inconclusive"),
        (json!({"no_violations": true}), "inconclusive"),
        (json!({"no_unmatched": true, "after": 2}), "passed"),
        (json!({"repaired": {"operation": "repair_connection"}}), "inconclusive"),
    ];
    for (expectation, outcome) in rows {
        let verdict = mock.verdict(&json!([expectation]));
        assert_eq!(verdict["expectations"][0]["outcome"], outcome, "{expectation}");
        assert_eq!(verdict["dropped"], 1);
        let reason = verdict["reason"].as_str().unwrap_or_default();
        assert_eq!(reason.contains("dropped 1 older exchange"), outcome == "inconclusive", "{reason}");
    }
    let text = mock.text(&json!([{"no_violations": true}]));
    assert!(
        text.contains("\nnote: the journal was full and dropped 1 older exchange")
            && text.contains("\nINCONCLUSIVE  no violations"),
        "{text}"
    );

    let off = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_entries_max = 0));
    let verdict = off.verdict(&json!([{"operation": list, "never": true}, {"no_violations": true}, {"exactly": 0}]));
    assert!(
        verdict["expectations"].as_array().unwrap().iter().all(|one| one["outcome"] == "inconclusive"),
        "{verdict}"
    );
    assert!(verdict["reason"].as_str().unwrap().contains("disabled"));
}

#[test]
fn verdicts_contain_no_secrets() {
    let mock = Mock::healthy();
    mock.get("/connections?api_key=sesame-open-123");
    let verdict = mock.text(&json!([
        {"request": {"urlPath": "/connections", "headers": {"accept": {"equalTo": "text/html"}}}},
        {"request": {"urlPath": "/connections", "headers": {"authorization": {"contains": "Bearer"}}}},
        {"operation": "list_connections", "never": true},
    ]));
    assert!(
        verdict.contains("header authorization: expected text containing `Bearer`, found `Basic ***`"),
        "{verdict}"
    );
    assert!(verdict.contains("api_key=***") && !verdict.contains("sesame"), "{verdict}");
}

#[test]
fn a_verdict_that_is_based_on_no_exchange_does_not_pass() {
    let mock = Mock::healthy();
    let vacuous = [
        json!({"no_violations": true}),
        json!({"no_unmatched": true}),
        json!({"operation": "get_user", "never": true}),
        json!({"operation": "get_user", "exactly": 0}),
        json!({"operation": "get_user", "at_most": 5}),
    ];
    for expectation in &vacuous {
        let verdict = mock.verdict(&json!([expectation]));
        let result = &verdict["expectations"][0];
        assert_eq!(
            (&verdict["outcome"], &result["outcome"]),
            (&json!("inconclusive"), &json!("inconclusive")),
            "{verdict}"
        );
        assert_eq!((&verdict["exchanges"], &result["exchanges"]), (&json!(0), &json!(0)));
        assert!(verdict["reason"].as_str().unwrap().contains("based on nothing"), "{verdict}");
        let mut allowed = expectation.clone();
        allowed["allow_empty"] = json!(true);
        assert_eq!(mock.verdict(&json!([allowed]))["outcome"], "passed", "{allowed}");
        let all = json!({"allow_empty": true, "expectations": [expectation]});
        assert_eq!(mock.verdict(&all)["passed"], true);
    }
    let missing = mock.verdict(&json!({"allow_empty": true, "expectations": [{"operation": "get_user"}]}));
    assert_eq!((&missing["passed"], &missing["outcome"]), (&json!(false), &json!("failed")));

    mock.get("/account").expect(200);
    for expectation in &vacuous {
        let result = mock.verified(expectation);
        assert_eq!((&result["outcome"], &result["exchanges"]), (&json!("passed"), &json!(1)), "{result}");
        let mut later = expectation.clone();
        later["since"] = json!("2100-01-01T00:00:00Z");
        assert_eq!(mock.verified(&later)["outcome"], "inconclusive", "nothing is in the examined range");
    }
    for kind in ["no_violations", "no_unmatched"] {
        let mut expectation = json!({"operation": "get_user", kind: true});
        let verdict = mock.verdict(&json!([expectation]));
        let result = &verdict["expectations"][0];
        assert_eq!(result["found"], "none, because no exchange matches");
        assert_eq!((&verdict["outcome"], &result["outcome"]), (&json!("inconclusive"), &json!("inconclusive")));
        assert!(verdict["reason"].as_str().unwrap().contains("no request matches"), "{verdict}");
        expectation["allow_empty"] = json!(true);
        assert_eq!(mock.verified(&expectation)["outcome"], "passed");
    }
    // Each range counts: one expectation with exchanges does not vouch for another without.
    let mixed = mock.verdict(&json!([{"operation": "get_account"}, {"no_violations": true, "after": 1000}]));
    assert_eq!((&mixed["passed"], &mixed["outcome"]), (&json!(false), &json!("inconclusive")));
}

#[test]
fn a_switch_keeps_the_record_and_a_reset_says_what_it_clears() {
    let mock = Mock::healthy();
    mock.get("/connections?relationship_type=x").expect(400);
    let no_violations = json!([{"no_violations": true}]);
    for switch in [json!({"name": "sso-outage"}), json!({"name": "healthy", "keep_world": true})] {
        mock.put("/__admin/scenario", &switch).expect(200);
        let verdict = mock.verdict(&no_violations);
        assert_eq!((&verdict["outcome"], &verdict["exchanges"]), (&json!("failed"), &json!(1)), "{switch}");
    }
    // Numbers do not repeat, so that `after` means the same as before.
    mock.get("/user").expect(200);
    let listed = mock.get("/__admin/requests").json();
    let numbers: Vec<u64> =
        listed["requests"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [6, 1]);
    assert_eq!(mock.get("/__admin/coverage").json()["exchanges"], 2);

    let reset = mock.post("/__admin/reset", &json!({})).expect(200).json();
    assert_eq!(reset["cleared"], json!({"exchanges": 2, "dropped": 0, "counted": 2}));
    assert_eq!(mock.verdict(&no_violations)["outcome"], "inconclusive");
    assert_eq!(mock.post("/__admin/reset", &json!({})).json()["cleared"]["exchanges"], 0);
}

#[test]
fn bodies_that_cannot_be_compared_make_outcomes_inconclusive() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_body_bytes_max = 64));
    let long = json!({"connection_id": SSO_ONLY, "note": "x".repeat(100), "state": "NY"});
    mock.call(SUPERUSER, Method::POST, "/connections", Some(&long));
    let pattern = json!({"bodyPatterns": [{"matchesJsonPath": "$[?(@.state == 'NY')]"}]});
    for expectation in [
        json!({"request": pattern, "never": true}),
        json!({"request": pattern, "at_least": 1}),
        json!({"request": pattern, "exactly": 1}),
        json!({"order": [{"request": pattern}, {"operation": "get_user"}]}),
    ] {
        let verdict = mock.verdict(&json!([expectation]));
        assert_eq!(verdict["expectations"][0]["outcome"], "inconclusive", "{expectation}");
        assert!(verdict["reason"].as_str().unwrap().contains("--journal-body-bytes-max"), "{verdict}");
    }
    assert_eq!(mock.verified(&json!({"request": pattern, "at_least": 2}))["outcome"], "failed");
    let count = mock.post("/__admin/requests/count", &pattern).expect(200).json();
    assert_eq!((&count["count"], &count["undecided"]), (&json!(-1), &json!(1)));

    // A redacted value may have been the compared one.
    let mock = Mock::healthy();
    let lead = format!("/flows/{}/sources/5d9a4b10940df5a34a3888c1/submit", crate::support::FLOW);
    mock.post(&lead, &json!({"first_name": "Ann", "ssn": "078-05-1120"})).expect(201);
    for (path, outcome) in [
        ("$[?(@.ssn == '1')]", "inconclusive"),
        ("$[?(@.first_name == 'Bob')]", "passed"),
        ("$[?(@.first_name == 'Ann')]", "failed"),
    ] {
        let pattern = json!({"bodyPatterns": [{"matchesJsonPath": path}]});
        assert_eq!(mock.verified(&json!({"request": pattern, "never": true}))["outcome"], outcome, "{path}");
    }
}

#[test]
fn verdicts_are_written_as_junit() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    let expectations = json!([
        {"name": "read <once> & \u{fffe}\u{1} \"quoted\"", "operation": "get_user", "exactly": 1},
        {"name": "listed", "operation": "list_connections"},
        {"name": "nothing later", "no_violations": true, "after": 100},
    ]);
    let xml = mock.post("/__admin/verify?format=junit", &expectations).expect(200);
    assert_eq!(xml.header("content-type"), Some("application/xml; charset=utf-8"));
    assert!(xml.text.contains("tests=\"3\""), "{}", xml.text);
    assert!(xml.text.contains("read &lt;once&gt; &amp; \u{fffd}\u{fffd} &quot;quoted&quot;"), "{}", xml.text);
    assert!(
        xml.text.contains("<failure")
            && xml.text.contains("expected at least 1 of operation `list_connections`, found 0")
    );
    assert!(xml.text.contains("<error") && xml.text.contains("no exchange was recorded"), "{}", xml.text);
    assert!(!xml.text.contains(['\u{fffe}', '\u{1}']));
    let accepted = mock.request("POST /__admin/verify", &[("accept", "application/xml")], &expectations.to_string());
    assert_eq!(accepted.expect(200).text.matches("<testcase").count(), 3);
}

#[test]
fn a_verification_waits_for_requests() {
    let mock = Mock::healthy();
    let expectations = json!([{"operation": "get_user", "exactly": 1}, {"operation": "get_account"}]);
    let mut waiting = crate::wire::Wire::open(mock.server.address());
    let body = expectations.to_string();
    let head = format!(
        "POST /__admin/verify?wait=60000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    waiting.send(format!("{head}{body}").as_bytes());
    // The response comes with the second of the two requests, whether the verification began before or after the first.
    mock.get("/user").expect(200);
    mock.get("/account").expect(200);
    let (head, body) = waiting.read_response(false);
    let verdict: Value = serde_json::from_slice(&body).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && verdict["passed"] == true, "{head}{verdict}");

    // Further requests cannot turn this into a pass, so that the response comes at once.
    let never = json!([{"operation": "get_user", "never": true}]);
    assert_eq!(mock.post("/__admin/verify?wait=60000", &never).expect(200).json()["outcome"], "failed");
    let missing = json!([{"operation": "list_flows"}]);
    assert_eq!(mock.post("/__admin/verify?wait=1&fail=true", &missing).expect(409).json()["outcome"], "failed");
}

#[test]
fn a_sandbox_that_was_removed_in_between_leaves_no_clean_verdict() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.sandboxes_max = 2));
    mock.get("/__sandbox/mine/connections?relationship_type=x").expect(400);
    mock.get("/__sandbox/other/user").expect(200);
    mock.get("/__sandbox/mine/user").expect(200);
    let verdict = mock.post("/__sandbox/mine/__admin/verify", &json!([{"no_violations": true}])).expect(200).json();
    assert_eq!((&verdict["outcome"], &verdict["dropped"]), (&json!("inconclusive"), &json!(1)), "{verdict}");
    assert!(verdict["reason"].as_str().unwrap().contains("the sandbox was removed"), "{verdict}");
    // After a deliberate end, the record begins anew.
    mock.delete("/__admin/sandboxes/mine").expect(204);
    mock.get("/__sandbox/mine/user").expect(200);
    let verdict = mock.post("/__sandbox/mine/__admin/verify", &json!([{"no_violations": true}])).expect(200).json();
    assert_eq!((&verdict["outcome"], &verdict["exchanges"]), (&json!("passed"), &json!(1)), "{verdict}");
}

#[test]
fn requests_that_were_not_compared_with_the_contract_prove_nothing() {
    let no_violations = json!([{"no_violations": true}]);
    let off = Mock::start(MockServer::builder().configure(|settings| {
        settings.requests = leadconduit_mock::RequestMode::Off;
    }));
    off.get("/connections?relationship_type=x");
    assert_eq!(off.verdict(&no_violations)["outcome"], "inconclusive");
    assert!(off.text(&no_violations).contains("the server runs with --requests off"));
    let never = json!([{"request": {"violations": true}, "never": true}]);
    assert_eq!(off.verdict(&never)["outcome"], "inconclusive");

    // A gate, or a wrong key, ends a request before it is compared.
    let mock = Mock::scenario("maintenance");
    mock.get("/connections?relationship_type=x").expect(503);
    let verdict = mock.verdict(&no_violations);
    assert_eq!(verdict["outcome"], "inconclusive", "{verdict}");
    assert_eq!(verdict["expectations"][0]["found"], "none in 0 of 1 matching exchanges");
    mock.put("/__admin/scenario", &json!({"name": "healthy"})).expect(200);
    mock.get("/connections").expect(200);
    let verdict = mock.verdict(&no_violations);
    assert_eq!(verdict["outcome"], "passed");
    assert!(
        verdict["text"].as_str().unwrap().contains("none in 1 of 2 matching exchanges\n    the others were not"),
        "{verdict}"
    );
}

#[test]
fn an_expectation_about_an_unknown_path_says_so() {
    let mock = Mock::healthy();
    mock.get("/connections").expect(200);
    let text = mock.text(&json!([
        {"name": "misspelt", "request": {"urlPath": "/conections"}, "never": true},
        {"name": "known", "request": {"urlPath": "/flows"}, "never": true},
    ]));
    assert!(text.starts_with("passed: 2 of 2"), "{text}");
    let note =
        "ok      misspelt\n  found    0\n    no operation has the path /conections; did you mean /connections?\n";
    assert!(text.contains(note) && text.ends_with("\nok      known\n"), "{text}");
}

#[test]
fn requests_that_browsers_make_on_their_own_are_no_basis_of_a_verdict() {
    let mock = Mock::healthy();
    mock.get("/favicon.ico").expect(204);
    let preflight = [("origin", "http://page.test"), ("access-control-request-method", "POST")];
    mock.request("OPTIONS /connections", &preflight, "").expect(204);
    for expectation in
        [json!({"no_violations": true}), json!({"no_unmatched": true}), json!({"operation": "get_user", "never": true})]
    {
        let verdict = mock.verdict(&json!([expectation]));
        assert_eq!((&verdict["outcome"], &verdict["exchanges"]), (&json!("inconclusive"), &json!(2)), "{verdict}");
        assert!(verdict["reason"].as_str().unwrap().starts_with("only CORS preflights"), "{verdict}");
    }
    mock.get("/account").expect(200);
    assert_eq!(mock.verified(&json!({"operation": "get_user", "never": true}))["outcome"], "passed");
}

/// A body that names a secret in an unknown structure, or is not UTF-8, is recorded as `***`: nothing is known about it.
#[test]
fn a_body_that_is_not_recorded_is_not_compared() {
    let mock = Mock::healthy();
    let body = "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nwrong text\r\n--x--";
    mock.request("POST /credentials", &[("content-type", "multipart/form-data; boundary=x")], body);
    for (pattern, never) in [
        (json!({"contains": "wrong"}), true),
        (json!({"matches": ".*wrong.*"}), true),
        (json!({"matchesJsonPath": "$[?(@.name == 'wrong')]"}), true),
        (json!({"doesNotContain": "wrong"}), false),
        (json!({"not": {"equalToJson": {"name": "wrong"}}}), false),
        (json!({"contains": "right"}), false),
    ] {
        let mut expectation = json!({"request": {"bodyPatterns": [pattern]}});
        if never {
            expectation["never"] = json!(true);
        }
        let verdict = mock.verdict(&json!([expectation]));
        assert_eq!((&verdict["passed"], &verdict["outcome"]), (&json!(false), &json!("inconclusive")), "{verdict}");
    }
    let absent = mock.verified(&json!({"request": {"bodyPatterns": [{"absent": true}]}, "never": true}));
    assert_eq!(absent["outcome"], "passed", "{absent}");
}

#[test]
fn patterns_that_match_no_request_are_rejected_or_named() {
    let mock = Mock::healthy();
    mock.get("/connections?limit=1").expect(200);
    for pattern in [json!({"urlPath": "/connections?limit=1"}), json!({"urlPathPattern": "/connections\\?limit=.*"})] {
        let problem = mock.post("/__admin/verify", &json!([{"request": pattern, "never": true}])).expect(400);
        assert!(problem.json()["detail"].as_str().unwrap().contains("a path has no query"), "{}", problem.text);
    }
    let result = mock.verified(&json!({"operation": "repair_connection", "status": 442, "never": true}));
    let note = result["differences"][0].as_str().unwrap();
    assert!(
        note.starts_with("repair_connection does not document the status 442; it documents 201, 400, 401"),
        "{note}"
    );
    let documented = mock.verified(&json!({"operation": "repair_connection", "status": 422, "never": true}));
    assert_eq!(documented["differences"], json!([]));
}

#[test]
fn an_accept_header_that_the_operation_cannot_satisfy_is_a_violation() {
    let mock = Mock::healthy();
    let response = mock.request("GET /connections", &[("accept", "text/html")], "").expect(403);
    let violations = response.header("x-mock-violations").unwrap();
    assert!(
        violations.contains("\"location\":\"/headers/accept\"") && violations.contains("application/json"),
        "{violations}"
    );
    assert_eq!(mock.verified(&json!({"no_violations": true}))["outcome"], "failed");
}
