//! Rules of a scenario: conditions, selection, and the responses that clients get. One feature per test.

use leadconduit_mock::{MockServer, MockServerBuilder};

use crate::support::{GLOBEX, JANE, Mock, SUPERUSER};

/// The clock is frozen, so that no test depends on its own duration.
const HEAD: &str =
    "version: 1\nname: own\ndescription: A test.\nextends: healthy\nclock: '2026-01-15T09:00:00Z'\nrules:\n";

/// A server whose scenario has these rules, each in YAML flow style.
pub fn with(rules: &[&str]) -> Mock {
    Mock::with_scenario("own", &text(rules))
}

fn text(rules: &[&str]) -> String {
    rules.iter().fold(HEAD.to_owned(), |text, rule| format!("{text}  - {rule}\n"))
}

/// Method and target, headers, body.
type TestRequest<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn plain(line: &str) -> TestRequest<'_> {
    (line, &[], "")
}

/// Sends equal requests; `+` for each to which a rule was applied, `-` for others.
fn pattern(mock: &Mock, line: &str, times: usize) -> String {
    (0..times).map(|_| if mock.request(line, &[], "").fault().is_empty() { '-' } else { '+' }).collect()
}

#[test]
fn conditions_match_one_request_and_not_another() {
    // A gate rule also matches requests that LeadConduit rejects, so that any body and query can be sent.
    let rows: &[(&str, TestRequest<'_>, TestRequest<'_>)] = &[
        ("when: { operation: get_account }", plain("GET /account"), plain("GET /user")),
        ("when: { operation: [get_account, get_user] }", plain("GET /user"), plain("GET /credentials")),
        ("when: { method: POST }", plain("POST /account_sso_sync"), plain("GET /account")),
        ("when: { method: [PUT, DELETE] }", plain("DELETE /x"), plain("GET /x")),
        (
            "when: { path: '/connections/{id}' }",
            plain("GET /connections/5d9a4c421d011c553e000001"),
            plain("GET /connections"),
        ),
        ("when: { path: '/connections/{id}' }", plain("GET /connections/1"), plain("GET /connections/1/2")),
        ("when: { path: '/a.b/{*rest}' }", plain("GET /a.b/c/d"), plain("GET /axb/c/d")),
        ("when: { path: '/a/{*rest}' }", plain("GET /a/b"), plain("GET /a")),
        ("when: { path: [/user, '/flows/{id}/x'] }", plain("GET /flows/1/x"), plain("GET /flows/1/y")),
        ("when: { query: { q: blue } }", plain("GET /user?q=blue"), plain("GET /user?q=blues")),
        ("when: { query: { q: 'a b&c' } }", plain("GET /user?q=a+b%26c"), plain("GET /user?q=a%2520b&c")),
        ("when: { query: { limit: 5 } }", plain("GET /user?limit=5"), plain("GET /user?limit=50")),
        ("when: { query: { limit: -5 } }", plain("GET /user?limit=-5"), plain("GET /user?limit=5")),
        ("when: { query: { deep: true } }", plain("GET /user?deep=true"), plain("GET /user?deep=1")),
        ("when: { query: { q: a } }", plain("GET /user?q=b&q=a"), plain("GET /user?r=a")),
        ("when: { query: { q: { contains: ell } } }", plain("GET /user?q=hello"), plain("GET /user?q=help")),
        ("when: { query: { q: { matches: '^s.*r$' } } }", plain("GET /user?q=seller"), plain("GET /user?q=sellers")),
        ("when: { query: { q: { absent: true } } }", plain("GET /user?p=1"), plain("GET /user?q")),
        ("when: { query: { q: { absent: false } } }", plain("GET /user?q="), plain("GET /user")),
        ("when: { query: { q: { not: a } } }", plain("GET /user"), plain("GET /user?q=a")),
        ("when: { query: { q: { contains: a, not: { contains: b } } } }", plain("GET /?q=ac"), plain("GET /?q=ab")),
        ("when: { query: { q: a, r: b } }", plain("GET /?r=b&q=a"), plain("GET /?q=a")),
        (
            "when: { headers: { X-Team: blue } }",
            ("GET /user", &[("x-team", "blue")], ""),
            ("GET /user", &[("x-team", "red")], ""),
        ),
        (
            "when: { headers: { user-agent: { matches: '^curl/[78]' } } }",
            ("GET /user", &[("user-agent", "curl/8.1")], ""),
            ("GET /user", &[("user-agent", "curl/6.0")], ""),
        ),
        (
            "when: { headers: { x-team: { absent: true } } }",
            plain("GET /user"),
            ("GET /user", &[("x-team", "red")], ""),
        ),
        (
            "when: { body: { at: { /a~1b/1: 5, /n: null } } }",
            ("POST /x", &[], r#"{"a/b": [4, 5], "n": null}"#),
            ("POST /x", &[], r#"{"a/b": [4, 5]}"#),
        ),
        (
            "when: { body: { at: { '': [1, { a: b }] } } }",
            ("POST /x", &[], r#"[1, {"a": "b"}]"#),
            ("POST /x", &[], r#"[1, {"a": "b", "c": 1}]"#),
        ),
        (
            "when: { body: { matches: { /email: '@acme[.]' } } }",
            ("POST /x", &[], r#"{"email": "a@acme.com"}"#),
            ("POST /x", &[], r#"{"email": 5}"#),
        ),
        (
            "when: { body: { schema: { required: [x], properties: { x: { type: integer } } } } }",
            ("POST /x", &[], r#"{"x": 1}"#),
            ("POST /x", &[], r#"{"x": "1"}"#),
        ),
        ("when: { body: { schema: { type: object } } }", ("POST /x", &[], "{}"), ("POST /x", &[], "{")),
        ("when: { caller: { known: true } }", plain("GET /user"), ("GET /user", &[("key", "nobody")], "")),
        ("when: { caller: { known: false } }", ("GET /user", &[("key", "")], ""), plain("GET /user")),
        ("when: { caller: { key: nobody } }", ("GET /user", &[("key", "nobody")], ""), plain("GET /user")),
        (
            "when: { caller: { account: 5fd4371e940df5a34a3888b2 } }",
            plain("GET /user"),
            ("GET /user", &[("key", GLOBEX)], ""),
        ),
        (
            "when: { caller: { user: 5fd438f91f0d12766e2bfee5 } }",
            plain("GET /user"),
            ("GET /user", &[("key", SUPERUSER)], ""),
        ),
        ("when: { caller: { superuser: true } }", ("GET /user", &[("key", SUPERUSER)], ""), plain("GET /user")),
        ("when: { caller: { superuser: false } }", plain("GET /user"), ("GET /user", &[("key", SUPERUSER)], "")),
        ("when: { sandbox: blue }", ("GET /user", &[("x-mock-sandbox", "blue")], ""), plain("GET /user")),
        ("when: { sandbox: [red, blue] }", plain("GET /__sandbox/blue/user"), plain("GET /__sandbox/green/user")),
        // The path does not include the prefix that selects the sandbox.
        ("when: { path: /user }", plain("GET /__sandbox/blue/user"), plain("GET /__sandbox/user")),
        ("when: { clock: { from: '2026-01-15T09:00:00Z' }, path: /a }", plain("GET /a"), plain("GET /b")),
        // All given conditions must hold.
        ("when: { method: GET, path: /a, query: { q: 1 } }", plain("GET /a?q=1"), plain("POST /a?q=1")),
        ("when: {}", plain("GET /anything"), ("OPTIONS /user", PREFLIGHT, "")),
        ("when: { method: OPTIONS }", ("OPTIONS /user", PREFLIGHT, ""), plain("GET /user")),
    ];
    for (when, (line, headers, body), other) in rows {
        let mock = with(&[&format!("{{ name: r, gate: true, {when}, then: {{ headers: {{ X-Applied: 'yes' }} }} }}")]);
        let matching = mock.request(line, headers, body);
        assert_eq!(matching.fault(), "headers; rule=\"r\"", "{when} and {line}");
        assert_eq!(matching.header("x-applied"), Some("yes"), "{when} and {line}");
        let other_response = mock.request(other.0, other.1, other.2);
        assert_eq!((other_response.fault(), other_response.header("x-applied")), ("", None), "{when} and {}", other.0);
    }
}

/// The headers of a CORS preflight.
const PREFLIGHT: &[(&str, &str)] =
    &[("key", ""), ("origin", "http://page.example"), ("access-control-request-method", "GET")];

#[test]
fn requests_are_selected_by_their_number() {
    let then = "then: { headers: { x: y } }";
    let rows = [
        ("when: { call: 2 }", "-+----"),
        ("when: { call: { from: 2, to: 3 } }", "-++---"),
        ("when: { call: { from: 5 } }", "----++"),
        ("when: { call: { to: 2 } }", "++----"),
        ("when: { call: { every: 3 } }", "--+--+"),
        ("when: { call: { from: 2, every: 2 } }", "-+-+-+"),
        ("when: { call: { from: 1, to: 4, every: 3 } }", "+--+--"),
        ("times: 2", "++----"),
        ("after: 4", "----++"),
        ("after: 1, times: 3", "-+++--"),
        ("succeed_first: 2", "--++++"),
        ("when: { call: { every: 2 } }, times: 2", "-+-+--"),
        ("probability: 0", "------"),
        ("probability: 1", "++++++"),
    ];
    for (terms, expected) in rows {
        assert_eq!(pattern(&with(&[&format!("{{ {terms}, {then} }}")]), "GET /user", 6), expected, "{terms}");
    }
    // The same keys are valid in `then`.
    for (terms, expected) in
        [("times: 1", "+--"), ("after: 1", "-++"), ("succeed_first: 1", "-++"), ("probability: 0", "---")]
    {
        let mock = with(&[&format!("{{ then: {{ headers: {{ x: y }}, {terms} }} }}")]);
        assert_eq!(pattern(&mock, "GET /user", 3), expected, "{terms}");
    }
}

#[test]
fn only_matching_requests_are_counted() {
    let mock = with(&["{ when: { operation: get_user, call: 2 }, then: { headers: { x: y } } }"]);
    let applied = ["/user", "/account", "/account", "/user", "/user"].map(|path| !mock.get(path).fault().is_empty());
    assert_eq!(applied, [false, false, false, true, false]);
}

#[test]
fn succeed_first_counts_each_caller() {
    let mock = with(&["{ succeed_first: 1, then: { status: 503, body: { error: no } } }"]);
    let keys = [JANE, SUPERUSER, GLOBEX, SUPERUSER, GLOBEX, GLOBEX];
    assert_eq!(keys.map(|key| mock.request("GET /user", &[("key", key)], "").status), [200, 200, 200, 503, 503, 503]);
}

#[test]
fn time_windows_and_ttl_use_the_sandbox_clock() {
    let rows = [
        ("when: { clock: { from: now + 30s } }", [false, true, true]),
        ("when: { clock: { until: now + 30s } }", [true, false, false]),
        ("when: { clock: { from: now + 30s, until: now + 1m } }", [false, true, false]),
        ("when: { clock: { from: '2026-01-15T09:00:30Z', until: '2026-01-15T09:00:31Z' } }", [false, true, false]),
        ("ttl_ms: 30000", [true, false, false]),
        ("ttl_ms: 30001", [true, true, false]),
    ];
    for (terms, expected) in rows {
        let mock = with(&[&format!("{{ {terms}, then: {{ headers: {{ x: y }} }} }}")]);
        let applied = [0, 1, 2].map(|step| {
            if step > 0 {
                mock.advance("30s");
            }
            pattern(&mock, "GET /user", 1) == "+"
        });
        assert_eq!(applied, expected, "{terms}");
    }
}

#[test]
fn rate_limits_count_per_key_or_per_sandbox() {
    let limit = |per: &str| {
        with(&[&format!(
            "{{ name: limit, gate: true, when: {{ rate: {{ calls: 2, within: 10s{per} }} }}, \
               then: {{ status: 429, headers: {{ Retry-After: '{{{{ retry_after }}}}' }}, body: {{ error: slow down }} }} }}"
        )])
    };
    let get_user = |mock: &Mock, key: &str| {
        let response = mock.request("GET /user", &[("key", key)], "");
        (response.status, response.header("retry-after").map(str::to_owned))
    };
    let limited = |seconds: &str| (429, Some(seconds.to_owned()));
    let mock = limit("");
    for (key, expected) in [
        (GLOBEX, (200, None)),
        (GLOBEX, (200, None)),
        (GLOBEX, limited("10")),
        (SUPERUSER, (200, None)),
        (GLOBEX, limited("10")),
    ] {
        assert_eq!(get_user(&mock, key), expected);
    }
    mock.advance("3500ms");
    assert_eq!(get_user(&mock, GLOBEX), limited("7"), "6.5 seconds are rounded up");
    mock.advance("6500ms");
    assert_eq!(get_user(&mock, GLOBEX), (200, None), "the next window");
    let mock = limit(", per: sandbox");
    assert_eq!([GLOBEX, SUPERUSER, "", GLOBEX].map(|key| get_user(&mock, key).0), [200, 200, 429, 429]);
    assert_eq!(
        mock.request("GET /user", &[("x-mock-sandbox", "other")], "").status,
        200,
        "another sandbox has its own count"
    );
}

/// A server whose scenario has these rules, with other settings.
pub fn start_with(rules: &[&str], change: impl FnOnce(MockServerBuilder) -> MockServerBuilder) -> Mock {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), text(rules)).unwrap();
    Mock::start(change(MockServer::builder().scenarios(folder.path()).scenario("own")))
}

#[test]
fn probability_depends_on_the_seed_only() {
    let random_rule = "{ name: random, probability: 0.5, when: { operation: get_user }, then: { headers: { x: y } } }";
    let seeded = |seed: u64| start_with(&[random_rule], |builder| builder.seed(seed));
    let first = pattern(&seeded(7), "GET /user", 40);
    assert!(first.contains('+') && first.contains('-'), "{first}");
    assert_eq!(pattern(&seeded(7), "GET /user", 40), first);
    assert_ne!(pattern(&seeded(8), "GET /user", 40), first);
    // Other requests, rules and faults, and the clock do not change the result.
    let other = "{ name: other, probability: 0.3, when: { operation: get_account }, then: { headers: { x: y } } }";
    let mock = start_with(&[random_rule, other], |builder| builder.seed(7));
    mock.request(
        "POST /__admin/faults",
        &[],
        r#"{"when": {"operation": "list_credentials"}, "then": {"delay": 1}, "probability": 0.5}"#,
    )
    .expect(201);
    let mut found = String::new();
    for round in 0..40 {
        for path in ["/account", "/credentials", "/nowhere"].iter().take(round % 4) {
            mock.get(path);
        }
        mock.advance("1s");
        found += &pattern(&mock, "GET /user", 1);
    }
    assert_eq!(found, first);
    mock.request("POST /__admin/reset", &[], "").expect(200);
    assert_eq!(pattern(&mock, "GET /user", 40), first, "a reset starts again");
}

#[test]
fn steps_apply_in_order() {
    let error = |status: u16| format!("status: {status}, body: {{ error: e }}");
    let (a, b) = (error(502), error(503));
    let rows = [
        (format!("steps: [{{ {a} }}, {{ {b} }}]"), vec![502, 503, 200, 200, 200]),
        (format!("steps: [{{ {a} }}, {{}}, {{ {b} }}]"), vec![502, 200, 503, 200, 200]),
        (format!("steps: [{{ {a}, times: 2 }}, {{ {b}, times: 2 }}]"), vec![502, 502, 503, 503, 200]),
        (format!("repeat: true, steps: [{{ {a} }}, {{ {b} }}]"), vec![502, 503, 502, 503, 502]),
        (format!("repeat: true, steps: [{{ {a} }}, {{ times: 2 }}]"), vec![502, 200, 200, 502, 200]),
        (format!("repeat: true, times: 3, steps: [{{ {a} }}, {{ {b} }}]"), vec![502, 503, 502, 200, 200]),
        (format!("after: 1, steps: [{{ {a} }}, {{ {b} }}]"), vec![200, 502, 503, 200, 200]),
    ];
    for (steps, expected) in rows {
        let mock = with(&[&format!("{{ {steps} }}")]);
        let found: Vec<u16> = (0..5).map(|_| mock.get("/user").status).collect();
        assert_eq!(found, expected, "{steps}");
    }
}

#[test]
fn only_the_first_selected_rule_is_applied() {
    let mock = with(&[
        "{ name: a, times: 1, then: { headers: { X-A: '1' } } }",
        "{ name: b, when: { call: 2 }, then: { headers: { X-B: '1' } } }",
        "{ name: c, then: { headers: { X-C: '1' } } }",
    ]);
    let applied: Vec<String> = (0..4).map(|_| mock.get("/user").fault().to_owned()).collect();
    let expected = ["a", "c", "b", "c"].map(|name| format!("headers; rule=\"{name}\""));
    assert_eq!(applied, expected, "a rule counts the requests for which no earlier rule was selected");
}

#[test]
fn gates_match_all_requests_and_other_rules_valid_ones_only() {
    let rules = [
        "{ name: gate, gate: true, then: { headers: { X-Gate: '1' } } }",
        "{ name: rule, then: { headers: { X-Rule: '1' } } }",
    ];
    let mock = with(&rules);
    let rows: &[(TestRequest<'_>, u16, bool)] = &[
        (plain("GET /user"), 200, true),
        (("GET /user", &[("key", "nobody")], ""), 401, false),
        (("GET /user", &[("accept", "text/html")], ""), 403, false),
        (plain("GET /nowhere"), 404, false),
        (plain("PATCH /user"), 405, false),
        (plain("GET /connections/x"), 400, false),
        (("POST /credentials", &[], "{"), 400, false),
        (plain("GET /credentials/5ff33b53940df5a34a3888ff"), 404, true),
    ];
    for ((line, headers, body), status, rule) in rows {
        let response = mock.request(line, headers, body).expect(*status);
        assert_eq!((response.header("x-gate").is_some(), response.header("x-rule").is_some()), (true, *rule), "{line}");
    }
    assert_eq!(mock.get("/user").fault(), "headers; rule=\"gate\", headers; rule=\"rule\"");
    let admin = mock.get("/__admin/health").expect(200);
    assert_eq!((admin.fault(), admin.header("x-gate")), ("", None), "rules do not apply to the control API");
    for (value, fault) in [("off", ""), ("OFF", ""), ("on", "headers; rule=\"gate\", headers; rule=\"rule\"")] {
        assert_eq!(mock.request("GET /user", &[("x-mock-faults", value)], "").expect(200).fault(), fault, "{value}");
    }
}

#[test]
fn browsers_can_read_the_response_of_a_rule() {
    let mock = with(&["{ name: down, gate: true, times: 1, then: { status: 503, body: { error: down } } }"]);
    // The rule does not apply to a preflight, and does not count it.
    let preflight = mock.request("OPTIONS /user", PREFLIGHT, "").expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("http://page.example"));
    let response = mock.request("GET /user", &[("origin", "http://page.example")], "").expect(503);
    assert_eq!(response.header("access-control-allow-origin"), Some("http://page.example"));
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
    assert!(response.header("access-control-expose-headers").unwrap().contains("X-Mock-Fault"));
    assert_eq!((response.fault(), response.header("x-mock-scenario")), ("status=503; rule=\"down\"", Some("own")));
    assert!(response.header("x-mock-request-id").is_some() && response.header("etag").is_some());
}

#[test]
fn rules_are_inherited_and_replaced_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let rule = |name: &str, status: u16, path: &str| {
        format!("  - {{ {name}when: {{ path: {path} }}, then: {{ status: {status}, body: {{ error: e }} }} }}\n")
    };
    let base = text(&[]).replace("name: own", "name: base")
        + &rule("name: a, ", 502, "/user")
        + &rule("name: b, ", 502, "/account")
        + &rule("", 504, "/credentials");
    let child = "version: 1\nname: child\ndescription: D.\nextends: base\nrules:\n".to_owned()
        + &rule("name: a, ", 500, "/onboards")
        + &rule("", 503, "/account");
    std::fs::write(folder.path().join("base.yaml"), base).unwrap();
    std::fs::write(folder.path().join("child.yaml"), child).unwrap();
    let statuses = |scenario: &str| {
        let mock = Mock::start(MockServer::builder().scenarios(folder.path()).scenario(scenario));
        ["/user", "/account", "/credentials", "/onboards"].map(|path| mock.get(path).status)
    };
    assert_eq!(statuses("base"), [502, 502, 504, 200]);
    assert_eq!(
        statuses("child"),
        [200, 503, 504, 500],
        "own rules come first, and replace inherited rules of the same name"
    );
}
