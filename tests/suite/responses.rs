//! Effects of rules: responses, templates, changes of the world, and operations whose response is lost.

use leadconduit_mock::RequestMode;
use serde_json::{Value, json};

use crate::rules::{start_with, with};
use crate::support::{ACME, ACME_ID, JANE, JANE_ID, LUIS_ID, basic};

#[test]
fn a_rule_sends_its_response_and_headers() {
    let example = "5d9a4c421d011c553e000001";
    let rows: &[(&str, u16, Value, &str)] = &[
        ("status: 503, body: { error: down }", 503, json!({"error": "down"}), "status=503"),
        ("body: []", 200, json!([]), "status=200"),
        (
            "example: invalid_relationship_type",
            400,
            json!({"error": "relationship_type must be seller or buyer"}),
            "status=400",
        ),
        ("status: 200, body: { x: 1 }, intentionally_invalid: true", 200, json!({"x": 1}), "status=200"),
        ("status: 418, body: 5, intentionally_invalid: true", 418, json!(5), "status=418"),
    ];
    for (then, status, body, effect) in rows {
        let mock = with(&[&format!("{{ name: canned, when: {{ operation: list_connections }}, then: {{ {then} }} }}")]);
        let response = mock.get("/connections").expect(*status);
        assert_eq!(
            (&response.json(), response.fault()),
            (body, format!("{effect}; rule=\"canned\"").as_str()),
            "{then}"
        );
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    }
    let mock = with(&["{ when: { operation: repair_connection }, then: { status: 409, example: connection_exists } }"]);
    let response = mock.request("POST /connections", &[], &json!({"connection_id": example}).to_string()).expect(409);
    assert_eq!(response.error(), "connection already exists");
    assert_eq!(response.fault(), "status=409; rule=\"rule 1\"", "a rule without a name is named by its number");
    let mock =
        with(&["{ when: { operation: get_user }, then: { headers: { X-Team: blue, Cache-Control: no-store } } }"]);
    let response = mock.get("/user").expect(200);
    assert_eq!((response.header("x-team"), response.header("cache-control")), (Some("blue"), Some("no-store")));
    assert_eq!(response.json()["id"], JANE_ID, "the response of the operation");
    let page = "{ gate: true, then: { status: 503, headers: { Content-Type: text/html }, body: '<p>Back at noon</p>', \
                 intentionally_invalid: true } }";
    let response = with(&[page]).get("/user").expect(503);
    assert_eq!((response.text.as_str(), response.header("content-type")), ("<p>Back at noon</p>", Some("text/html")));
}

#[test]
fn changes_of_the_world_by_rules_are_permanent() {
    let change = "{ name: grow, times: 1, when: { operation: list_onboards }, then: { world: {
      keys: [{ key: new-key, account: 5fd4371e940df5a34a3888b2, user: 5fe0b6d21f0d12766e2bfecc }],
      revoke: ['1f1b96c9150d8050e858c043d543bb4eadae0e6f'],
      accounts: [{ account: { id: 5fd4371e940df5a34a3888b2, name: Acme Two }, remove: [5d9a4c421d011c553e000002],
        connections: [{ id: 5d9a4c421d011c553e000001, created_by: me@example.com }],
        credentials: [{ id: 5ff33b53940df5a34a3888ff, name: New, type: user, package: p, username: u, password: p,
                        created_at: now, updated_at: now - 1d }] }] } } }";
    let mock = with(&[change, "{ name: out, when: { operation: get_account }, then: { sso: { status: down } } }"]);
    let acme = [("key", ACME)];
    mock.request("GET /user", &acme, "").expect(200);
    mock.get("/credentials/5ff33b53940df5a34a3888ff").expect(404);
    let response = mock.get("/onboards").expect(200);
    assert_eq!(response.fault(), "world; rule=\"grow\"");
    mock.request("GET /user", &acme, "").expect(401);
    assert_eq!(mock.request("GET /user", &[("key", "new-key")], "").expect(200).json()["id"], LUIS_ID);
    let credential = mock.get("/credentials/5ff33b53940df5a34a3888ff").expect(200).json();
    assert_eq!(
        (&credential["created_at"], &credential["updated_at"]),
        (&json!("2026-01-15T09:00:00.000Z"), &json!("2026-01-14T09:00:00.000Z"))
    );
    let merged = mock.get("/connections/5d9a4c421d011c553e000001").expect(200).json();
    assert_eq!((&merged["created_by"], &merged["relationship_type"]), (&json!("me@example.com"), &json!("seller")));
    mock.get("/connections/5d9a4c421d011c553e000002").expect(404);
    let before = mock.get("/connections").expect(200);
    assert_eq!(before.header("x-connections-degraded"), None);
    assert_eq!(mock.get("/account").expect(200).json()["name"], "Acme Two");
    for _ in 0..2 {
        assert_eq!(mock.get("/connections").expect(200).header("x-connections-degraded"), Some("true"));
    }
    mock.request("POST /__admin/reset", &[], "").expect(200);
    mock.get("/credentials/5ff33b53940df5a34a3888ff").expect(404);
    mock.request("GET /user", &acme, "").expect(200);
}

#[test]
fn rules_change_documents_of_the_sso_service_by_id() {
    let change = "{ name: learn, when: { operation: get_user }, then: { sso: { remove: [5d9a4c3f542ea0521e2a4501],
      accounts: [{ id: 68f1c2d0940df5a34a3888c4, time_zone: America/Denver }],
      connections: [{ id: 5d9a4c421d011c553e000004, permissions: [] }] } } }";
    let mock = with(&[change]);
    let permissions = || {
        let list = mock.get("/connections").expect(200).json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|c| (c["id"].as_str().unwrap().to_owned(), c["permissions"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(permissions().len(), 3);
    mock.get("/user").expect(200);
    let after = permissions();
    assert_eq!(
        after.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["5d9a4c421d011c553e000002", "5d9a4c421d011c553e000004"]
    );
    assert_eq!(after[1].1, json!([]));
}

#[test]
fn the_operation_runs_or_is_skipped_when_the_response_is_lost() {
    for (work, created) in [("", 1), (", work: done", 1), (", work: skipped", 0)] {
        let mock = with(&[&format!(
            "{{ times: 1, when: {{ operation: create_credential }}, then: {{ fault: EMPTY_RESPONSE{work} }} }}"
        )]);
        let count = || mock.get("/credentials").expect(200).json().as_array().unwrap().len();
        let before = count();
        let input =
            json!({"name": "n", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"})
                .to_string();
        let head = format!("POST /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n", basic(JANE));
        let length = input.len();
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{input}");
        assert_eq!(mock.raw(request.as_bytes()), "", "{work}");
        assert_eq!(count(), before + created, "{work}");
    }
}

#[test]
fn templates_have_the_request_and_the_world() {
    let rows = [
        ("{{ request.method }} {{ request.path }} {{ request.query.q }}", json!("POST /echo a b")),
        ("{{ request.headers['x-team'] }}{{ request.headers.authorization }}", json!("blue")),
        ("{{ request.body.count }}", json!(3)),
        ("{{- request.body.count -}}", json!(3)),
        ("{{ request.body.count + 1 }}!", json!("4!")),
        ("{{ request.body.list }}", json!([1, {"a": null}])),
        ("{{ request.body.list | length == 2 }}", json!(true)),
        ("{{ request.body.nothing.at.all }}", json!(null)),
        ("[{{ request.body.nothing.at.all }}]", json!("[]")),
        ("{% if request.body.nothing is defined %}a{% else %}b{% endif %}", json!("b")),
        ("{{ caller.user }}", json!(JANE_ID)),
        ("{{ caller['key'] }}", json!(null)),
        ("{{ world.account.id }}", json!(ACME_ID)),
        ("{{ world.user.first_name }} {{ world.sso.status }}", json!("Jane up")),
        ("{{ world.connections['5d9a4c421d011c553e000001'].relationship_type }}", json!("seller")),
        ("{{ world.connections[request.body.id].ui_state }}", json!({"has_setup_buyer_delivery": false})),
        // Of another account.
        ("{{ world.connections['5d9a4c421d011c553e0000fe'] }}", json!(null)),
        ("{{ world.connections | length }}", json!(2)),
        ("{{ call }}", json!(1)),
        ("{{ retry_after }}", json!(0)),
        ("{{ now }} {{ sandbox }} {{ scenario }}", json!("2026-01-15T09:00:00.000Z blue own")),
    ];
    for (template, expected) in rows {
        let body = format!("[{{ x: {} }}]", json!(template));
        let mock = with(&[&format!(
            "{{ gate: true, then: {{ headers: {{ X-Call: 'n{{{{ call }}}}' }}, body: {body}, intentionally_invalid: true }} }}"
        )]);
        let sent = json!({"count": 3, "list": [1, {"a": null}], "id": "5d9a4c421d011c553e000002"}).to_string();
        let headers = [("x-team", "blue"), ("x-mock-sandbox", "blue")];
        let response = mock.request("POST /echo?q=a%20b", &headers, &sent).expect(200);
        assert_eq!(response.json(), json!([{"x": expected}]), "{template}");
        assert_eq!(response.header("x-call"), Some("n1"));
    }
}

#[test]
fn rendered_responses_are_validated_against_the_contract() {
    let rule = |more: &str| {
        format!(
            "{{ name: echo, when: {{ operation: get_user }}, then: {{ status: 503, body: {{ error: '{{{{ request.query.e }}}}' }}{more} }} }}"
        )
    };
    let mock = start_with(&[&rule("")], |builder| builder.requests(RequestMode::Off));
    assert_eq!(mock.get("/user?e=down").expect(503).error(), "down");
    let response = mock.get("/user").expect(500);
    assert_eq!(
        (response.header("content-type"), response.fault()),
        (Some("application/problem+json"), "status=503; rule=\"echo\"")
    );
    let problem = response.json();
    assert_eq!(problem["type"], "/__admin/docs/problems#rule-failed");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("the rule `echo` of the scenario `own`") && detail.contains("503 breaks the contract"),
        "{detail}"
    );
    assert!(!problem["violations"].as_array().unwrap().is_empty(), "{problem}");
    let mock = with(&[&rule(", intentionally_invalid: true")]);
    assert_eq!(mock.get("/user").expect(503).json(), json!({"error": null}));
    // A template can exceed its budget, or render an invalid header value.
    for then in [
        "{ body: ['{% if request.body.n %}{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}{% endif %}'], intentionally_invalid: true }",
        "{ headers: { X-Name: '{{ request.body.name }}' } }",
    ] {
        let mock = with(&[&format!("{{ name: bad, gate: true, then: {then} }}")]);
        let problem = mock.request("POST /x", &[], r#"{"name": "a\nb", "n": 1}"#).expect(500).json();
        assert!(problem["detail"].as_str().unwrap().contains("`bad`"), "{problem}");
    }
}
