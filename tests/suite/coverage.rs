//! Coverage: exact counts, kept when sandboxes are reset or end, without secrets.

use http::Method;
use leadconduit_mock::internals::Contract;
use serde_json::{Value, json};

use crate::support::{JANE, Mock};

/// The coverage of a sandbox.
fn sandbox_coverage(mock: &Mock, sandbox: &str) -> Value {
    mock.get(&format!("/__sandbox/{sandbox}/__admin/coverage")).expect(200).json()
}

/// The coverage of all sandboxes.
fn total_coverage(mock: &Mock) -> Value {
    mock.get("/__admin/coverage?sandbox=*").expect(200).json()
}

fn operation<'d>(document: &'d Value, id: &str) -> &'d Value {
    let all = document["operations"].as_array().unwrap();
    all.iter().find(|one| one["operation"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// The entries of a list with a count above 0: names (or statuses, or pointers) with their counts.
fn counted(list: &Value, name: &str) -> Vec<(String, u64)> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| (one[name].as_str().map_or(one[name].to_string(), str::to_owned), one["count"].as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn credential(name: &str) -> Value {
    json!({"name": name, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"})
}

#[test]
fn exactly_what_was_sent_is_counted() {
    let mock = Mock::healthy();
    let untouched = total_coverage(&mock);
    assert_eq!(untouched["summary"]["units"]["covered"], 0);
    assert_eq!((&untouched["exchanges"], &untouched["summary"]["percent"]), (&json!(0), &json!(0.0)));

    mock.get("/connections").expect(200);
    mock.get("/connections?relationship_type=seller&colour=blue&__delay=1").expect(200);
    mock.get("/connections?relationship_type=sellr").expect(400);
    mock.post("/credentials", &credential("one")).expect(201);
    let mut more = credential("two");
    more["shape"] = json!({"round": true});
    mock.post("/credentials", &more).expect(201);
    mock.get("/conections").expect(404);
    mock.call("", Method::GET, "/user", None).expect(401);
    mock.post(
        "/__admin/faults",
        &json!({"when": {"operation": "get_user"}, "then": {"status": 429, "body": {"error": "x"}}}),
    )
    .expect(201);
    mock.get("/user").expect(429);

    let document = sandbox_coverage(&mock, "default");
    assert_eq!(document["sandbox"], "default");
    let list = operation(&document, "list_connections");
    assert_eq!(list["calls"], 3);
    assert_eq!(counted(&list["statuses"], "status"), pairs(&[("200", 2), ("400", 1)]));
    assert_eq!(counted(&list["parameters"], "name"), pairs(&[("relationship_type", 2)]));
    assert_eq!(counted(&list["undocumented"]["parameters"], "name"), pairs(&[("colour", 1)]));
    let create = operation(&document, "create_credential");
    assert_eq!(counted(&create["statuses"], "status"), pairs(&[("201", 2)]));
    let fields = ["/name", "/package", "/password", "/type", "/username"].map(|pointer| (pointer, 2));
    assert_eq!(counted(&create["fields"], "pointer"), pairs(&fields));
    assert_eq!(counted(&create["undocumented"]["fields"], "pointer"), pairs(&[("/shape", 1)]));
    let user = operation(&document, "get_user");
    assert_eq!(counted(&user["statuses"], "status"), pairs(&[("401", 1)]));
    assert_eq!(counted(&user["undocumented"]["statuses"], "status"), pairs(&[("429", 1)]));

    assert_eq!(document["unmatched"], json!([{"method": "GET", "path": "/conections", "count": 1}]));
    assert_eq!(counted(&document["effects"], "effect"), pairs(&[("status", 1)]));
    assert_eq!(counted(&document["scenarios"], "scenario"), pairs(&[("healthy", 8)]));
    assert_eq!((&document["exchanges"], &document["violating"]), (&json!(8), &json!(2)));
    let violations = document["violations"].as_array().unwrap();
    let kinds: Vec<(&str, &str, bool, u64)> = violations
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("location"), text("code"), one["rejected"] == true, one["first"]["request"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(kinds, [("/query/colour", "unknown", false, 3), ("/query/relationship_type", "enum", true, 4)]);

    // 100 % means every documented status below 500, every parameter and every field.
    let units: u64 = ["statuses", "parameters", "fields"]
        .iter()
        .map(|kind| document["summary"][kind]["covered"].as_u64().unwrap())
        .sum();
    assert_eq!((units, &document["summary"]["units"]["covered"]), (10, &json!(10)));
    let left = document["left"].as_array().unwrap().iter().find(|one| one["operation"] == "list_connections").unwrap();
    assert_eq!(left, &json!({"operation": "list_connections", "statuses": [401, 403], "parameters": [], "fields": []}));
    let text = |document: &Value| document.to_string();
    assert_eq!(
        text(&sandbox_coverage(&mock, "default")),
        text(&document),
        "control calls are not counted, and equal counts give equal bytes"
    );
}

#[test]
fn everything_in_the_contract_is_listed() {
    let mock = Mock::healthy();
    let document = total_coverage(&mock);
    let contract = Contract::built_in().unwrap();
    assert_eq!(document["operations"].as_array().unwrap().len(), contract.operations.len());
    for expected in &contract.operations {
        let found = operation(&document, &expected.id);
        assert_eq!((&found["method"], &found["path"]), (&json!(expected.method.as_str()), &json!(expected.path)));
        let statuses: Vec<(u16, &str)> =
            expected.responses.iter().map(|(status, rule)| (*status, rule.evidence.as_str())).collect();
        let listed = found["statuses"].as_array().unwrap().iter();
        let listed: Vec<(u16, &str)> = listed
            .map(|one| (u16::try_from(one["status"].as_u64().unwrap()).unwrap(), one["evidence"].as_str().unwrap()))
            .collect();
        assert_eq!(listed, statuses, "{}", expected.id);
    }
    let reachable: usize =
        contract.operations.iter().map(|one| one.responses.keys().filter(|status| **status < 500).count()).sum();
    assert_eq!(document["summary"]["statuses"]["total"], reachable);
    assert!(reachable > 0 && !document["left"].to_string().contains("503"), "clients cannot cause a 503");
    let scenarios = document["scenarios"].as_array().unwrap();
    assert!(scenarios.len() > 10 && scenarios.iter().all(|one| one["count"] == 0 && one["built_in"] == true));
}

#[test]
fn sandboxes_that_are_reset_or_ended_stay_in_the_total() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    mock.get("/__sandbox/a/user").expect(200);
    mock.get("/__sandbox/a/user?colour=blue").expect(200);
    mock.get("/__sandbox/b/account").expect(200);
    assert_eq!(operation(&sandbox_coverage(&mock, "a"), "get_user")["calls"], 2);
    assert_eq!(operation(&sandbox_coverage(&mock, "a"), "get_account")["calls"], 0, "another sandbox had that request");
    let before = total_coverage(&mock);
    assert_eq!(before["sandbox"], "*");
    assert_eq!((&before["exchanges"], &operation(&before, "get_user")["calls"]), (&json!(4), &json!(3)));

    mock.call(JANE, Method::POST, "/__sandbox/a/__admin/reset", None).expect(200);
    assert_eq!(sandbox_coverage(&mock, "a")["exchanges"], 0, "a reset clears the counts of the sandbox");
    mock.delete("/__admin/sandboxes/b").expect(204);
    mock.put("/__admin/scenario", &json!({"name": "sso-outage"})).expect(200);
    assert_eq!(sandbox_coverage(&mock, "default")["exchanges"], 1, "a switch keeps the counts");
    assert_eq!(total_coverage(&mock), before, "the total keeps all counts");
    assert_eq!(before["violations"][0]["first"], json!({"sandbox": "a", "request": 2}));

    mock.get("/account").expect(200);
    let after = total_coverage(&mock);
    assert_eq!(counted(&after["scenarios"], "scenario"), pairs(&[("healthy", 4), ("sso-outage", 1)]));
}

#[test]
fn invalid_query_parameters_are_rejected() {
    let mock = Mock::healthy();
    for (query, message) in [
        ("?sandbox=a", "write `*` for all sandboxes"),
        ("?sanbox=*", "did you mean `sandbox`?"),
        ("?sandbox=*&sandbox=*", "may be given once"),
    ] {
        let problem = mock.get(&format!("/__admin/coverage{query}")).expect(400).json();
        assert!(problem["detail"].as_str().unwrap().contains(message), "{problem}");
    }
}

#[test]
fn secrets_are_redacted() {
    let mock = Mock::healthy();
    mock.get(&format!("/user?{JANE}=1&token=t0psecret"));
    mock.get(&format!("/nothing/{JANE}?api_key=t0psecret"));
    let mut body = credential(&format!("t0psecret {JANE}"));
    body[JANE] = json!({"inner": {JANE: 1}});
    mock.post("/credentials", &body);
    mock.post("/onboards", &json!({"invitation_id": JANE, JANE: JANE}));
    let text = total_coverage(&mock).to_string();
    assert!(text.contains("/nothing/***") && text.contains("\"/***\""), "{text}");
    assert!(!text.contains(JANE) && !text.contains("t0psecret"), "{text}");
}

#[test]
fn long_names_and_paths_are_cut() {
    let mock = Mock::healthy();
    let long = "x".repeat(100_000);
    mock.post("/credentials", &json!({ long.as_str(): {"y": 1} }));
    mock.get(&format!("/user?{}=1", "q".repeat(20_000)));
    mock.get(&format!("/{}", "p".repeat(20_000))).expect(404);
    let text = total_coverage(&mock).to_string();
    assert!(text.contains("/xxxx") && text.contains("qqqq") && text.contains("/pppp"));
    assert!(!text.contains(&"x".repeat(400)) && !text.contains(&"q".repeat(400)) && !text.contains(&"p".repeat(400)));
}
