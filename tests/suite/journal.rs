//! The control calls of the journal. Every response is validated against the OpenAPI document of the control API.

use leadconduit_mock::{MockServer, RequestMode};
use serde_json::{Value, json};

use crate::control::Control;
use crate::support::{ACME_ID, BUYER, JANE, JANE_ID, Mock, TestResponse};
use crate::wire::authorization;

const AT: &str = "2026-01-15T09:00:00Z";

/// A server with a frozen clock, which serves requests that break the contract.
fn start_warning() -> Control {
    Control::start(MockServer::builder().requests(RequestMode::Warn).clock(AT.parse().unwrap()))
}

/// One line per request of a list: method, URL and status.
fn lines(list: &Value) -> Vec<String> {
    let line = |event: &Value| {
        let (request, status) = (&event["request"], &event["response"]["status"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {} {status}", text(&request["method"]), text(&request["url"]))
    };
    list["requests"].as_array().unwrap().iter().map(line).collect()
}

fn numbers(control: &mut Control, query: &str) -> Vec<u64> {
    let list = control.get(&format!("/requests{query}"));
    list["requests"].as_array().unwrap().iter().map(|event| event["number"].as_u64().unwrap()).collect()
}

/// The number of the newest request. Control calls are numbered too, so that it is not the number of requests.
fn newest_number(control: &mut Control) -> u64 {
    numbers(control, "?limit=1")[0]
}

#[test]
fn serve_events_contain_all_data_without_secrets() {
    let mut control = start_warning();
    let body = json!({"name": "n", "type": "user", "package": "leadconduit-default", "username": "u", "password": "hush-hush"});
    let headers = [
        ("X-Twice", "one"),
        ("x-twice", "two"),
        ("Cookie", "session=crumbs"),
        ("Authorization", &*authorization("API", JANE)),
    ];
    let path = "/credentials?limit=5&a=1&a=%32&access_token=in-the-query";
    let created = control.wire.request("POST", path, &headers, Some(&body)).expect(201);
    let number: u64 = created.header("x-mock-request-id").unwrap().parse().unwrap();
    let list = control.call(200, "GET", "/requests", None);
    for secret in [JANE, "hush-hush", "crumbs", "in-the-query", &authorization("API", JANE)["Basic ".len()..]] {
        assert!(!list.text.contains(secret), "{secret}: {}", list.text);
    }
    let event = &list.json()["requests"][0];
    let request = &event["request"];
    assert_eq!(
        (&event["number"], &event["id"]),
        (&json!(number), &json!(format!("00000000-0000-4000-8000-{number:012x}")))
    );
    assert_eq!(
        (&request["method"], &request["url"]),
        (&json!("POST"), &json!("/credentials?limit=5&a=1&a=%32&access_token=***"))
    );
    assert_eq!(request["absoluteUrl"], "http://localhost/credentials?limit=5&a=1&a=%32&access_token=***");
    assert_eq!(
        (&request["host"], &request["port"], &request["scheme"]),
        (&json!("localhost"), &json!(80), &json!("http"))
    );
    assert_eq!(
        (&request["loggedDate"], &request["loggedDateString"]),
        (&json!(1_768_467_600_000_u64), &json!("2026-01-15T09:00:00.000Z"))
    );
    assert_eq!(request["headers"]["X-Twice"], json!(["one", "two"]));
    assert_eq!(request["headers"]["Content-Type"], "application/json");
    assert_eq!(
        (&request["headers"]["Authorization"], &request["headers"]["Cookie"]),
        (&json!("Basic ***"), &json!("***"))
    );
    assert_eq!(request["queryParams"]["a"], json!({"key": "a", "values": ["1", "2"]}));
    let sent: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!((&sent["name"], &sent["password"]), (&json!("n"), &json!("***")));
    for (message, base64) in
        [(request, &request["bodyAsBase64"]), (&event["response"], &event["response"]["bodyAsBase64"])]
    {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(base64.as_str().unwrap()).unwrap();
        assert_eq!(message["body"], String::from_utf8(bytes).unwrap());
    }
    let response_body: Value = serde_json::from_str(event["response"]["body"].as_str().unwrap()).unwrap();
    assert_eq!((&event["response"]["status"], &response_body["name"]), (&json!(201), &json!("n")));
    assert_eq!(event["response"]["headers"]["X-Mock-Operation"], "create_credential");
    assert_eq!(event["responseDefinition"]["body"], event["response"]["body"]);
    assert_eq!(
        (&event["operation"], &event["scenario"], &event["sandbox"]),
        (&json!("create_credential"), &json!("healthy"), &json!("default"))
    );
    assert_eq!(event["caller"], json!({"account": ACME_ID, "user": JANE_ID}));
    assert_eq!(
        (&event["wasMatched"], &event["wire_fault"], &event["applied_rules"]),
        (&json!(true), &Value::Null, &json!([]))
    );
    assert!(["documented", "observed", "inferred"].contains(&event["evidence"].as_str().unwrap()));
    let length = body.to_string().len();
    assert_eq!(
        event["bodies"]["request"],
        json!({"bytes": length, "truncated": false}),
        "the original length; redaction is no truncation"
    );
    // By number and by id.
    assert_eq!(control.get(&format!("/requests/{number}")), *event);
    assert_eq!(control.get(&format!("/requests/{}", event["id"].as_str().unwrap())), *event);
}

#[test]
fn serve_events_contain_rules_faults_delays_and_violations() {
    let mut control = start_warning();
    let slow = json!({"name": "slow", "when": {"operation": "get_user"}, "then": {"delay": 20, "status": 503, "body": {"error": "x"}}});
    let cut = json!({"name": "cut", "when": {"operation": "get_account"}, "then": {"fault": "EMPTY_RESPONSE"}});
    control.post(201, "/faults", slow);
    control.post(201, "/faults", cut);
    control.jane(503, "GET", "/user", None);
    let created = control.jane(200, "GET", "/connections?relationship_type=neither", None);
    assert!(!created.violations().is_empty());
    control.mock.raw(b"GET /account HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0\r\n\r\n");
    let list = control.get("/requests");
    assert_eq!(lines(&list), ["GET /account 200", "GET /connections?relationship_type=neither 200", "GET /user 503"]);
    let [account, connections, user] = [0, 1, 2].map(|at| &list["requests"][at]);
    assert_eq!(user["applied_rules"], json!([{"rule": "slow", "effects": ["status=503", "delay=20"]}]));
    assert_eq!((&user["delay_ms"], &user["timing"]["addedDelay"]), (&json!(20), &json!(20)));
    assert!(user["timing"]["totalTime"].as_u64().unwrap() >= 20);
    assert_eq!(user["responseDefinition"]["fixedDelayMilliseconds"], 20);
    assert_eq!(connections["violations"], json!(created.violations()));
    assert_eq!(
        (&account["wire_fault"], &account["response"]["fault"]),
        (&json!("EMPTY_RESPONSE"), &json!("EMPTY_RESPONSE"))
    );
    assert_eq!(account["applied_rules"][0]["rule"], "cut");
}

#[test]
fn requests_are_filtered_and_paged() {
    let mut control = start_warning();
    control.jane(200, "GET", "/user", None);
    control.jane(404, "GET", "/nothing", None);
    control.jane(200, "GET", "/connections?relationship_type=neither", None);
    control.put("/clock", json!({"advance": "1m"}));
    control.jane(200, "GET", "/user", None);
    control.jane(405, "DELETE", "/account", None);
    // In the table, requests are counted from 1: the numbers have gaps, because control calls are numbered too.
    let mut all = numbers(&mut control, "");
    all.reverse();
    assert_eq!(all.len(), 5);
    for (query, expected) in [
        ("", &[5, 4, 3, 2, 1][..]),
        ("?operation=get_user", &[4, 1]),
        ("?status=404", &[2]),
        ("?status=200&method=get", &[4, 3, 1]),
        ("?method=DELETE", &[5]),
        ("?violations=true", &[3]),
        ("?violations=false&unmatched=false", &[4, 1]),
        ("?unmatched=true", &[5, 2]),
        ("?since=2026-01-15T09:01:00Z", &[5, 4]),
        ("?since=2026-01-15T09:00:00.000000001Z", &[5, 4]),
        ("?since=2026-01-15T10:01:00%2B01:00&operation=get_user", &[4]),
        ("?limit=2", &[5, 4]),
        ("?limit=2&before=#4", &[3, 2]),
        ("?after=#3", &[5, 4]),
        ("?after=#1&before=#4", &[3, 2]),
        ("?limit=0", &[]),
    ] {
        let sent = (1..=5).fold(query.to_owned(), |text, at| text.replace(&format!("#{at}"), &all[at - 1].to_string()));
        let expected: Vec<u64> = expected.iter().map(|at| all[at - 1]).collect();
        assert_eq!(numbers(&mut control, &sent), expected, "{query}");
    }
    // The pages contain every request once.
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = control.get(&format!("/requests{query}"));
        assert_eq!((&page["meta"]["total"], &page["meta"]["dropped"]), (&json!(5), &json!(0)));
        seen.extend(numbers(&mut control, &query));
        let Some(next) = page["meta"].get("next") else { break };
        query = format!("?limit=2&before={next}");
    }
    seen.reverse();
    assert_eq!(seen, all);
    let meta = json!({"total": 3, "dropped": 0, "next": all[3]});
    assert_eq!(control.get("/requests?status=200&limit=1")["meta"], meta);
    for (query, expected) in [
        ("?operation=get_usr", "did you mean `get_user`?"),
        ("?status=7", "is not an HTTP status"),
        ("?status=abc", "a status such as 422"),
        ("?status=65536", "a status such as 422"),
        ("?violations=yes", "true or false"),
        ("?since=yesterday", "2026-01-15T09:00:00Z"),
        ("?limit=-1", "such as 50"),
        ("?before=x", "X-Mock-Request-Id"),
        ("?method=%00", "not an HTTP method"),
        ("?limt=5", "did you mean `limit`?"),
        ("?limit=5&limit=6", "once"),
    ] {
        let refused = control.call(400, "GET", &format!("/requests{query}"), None).json();
        assert!(refused["detail"].as_str().unwrap().contains(expected), "{query}: {refused}");
    }
}

#[test]
fn patterns_select_requests_to_find_count_and_remove() {
    let mut control = Control::healthy();
    control.jane(200, "GET", "/user", None);
    control.jane(200, "GET", "/connections?relationship_type=seller", None);
    control.jane(200, "GET", "/connections", None);
    let connections = json!({"method": "GET", "urlPath": "/connections"});
    let found = control.post(200, "/requests/find", connections.clone());
    let urls: Vec<&Value> = found["requests"].as_array().unwrap().iter().map(|one| &one["url"]).collect();
    assert_eq!(urls, ["/connections?relationship_type=seller", "/connections"], "oldest first");
    assert_eq!(
        control.post(200, "/requests/count", connections.clone()),
        json!({"count": 2, "requestJournalDisabled": false})
    );
    assert_eq!(control.post(200, "/requests/count", json!({}))["count"], 3);
    let removed = control.post(200, "/requests/remove", connections.clone());
    let removed_urls: Vec<&Value> =
        removed["serveEvents"].as_array().unwrap().iter().map(|one| &one["request"]["url"]).collect();
    assert_eq!(removed_urls, urls);
    assert_eq!(control.post(200, "/requests/count", connections)["count"], 0);
    assert_eq!(lines(&control.get("/requests")), ["GET /user 200"]);
    for path in ["/requests/find", "/requests/count", "/requests/remove", "/near-misses/request-pattern"] {
        let wrong = json!({"urlPth": "/user"});
        let refused = control.post(400, path, wrong);
        assert!(refused["detail"].as_str().unwrap().contains("`urlPath`"), "{refused}");
        assert!(refused["diagnostics"][0].as_str().unwrap().contains("body:1:2"), "{refused}");
    }
    assert_eq!(lines(&control.get("/requests")), ["GET /user 200"], "an invalid pattern removes nothing");
}

#[test]
fn unmatched_requests_are_listed_with_near_misses() {
    let mut control = Control::healthy();
    control.jane(200, "GET", "/user", None);
    control.jane(404, "GET", "/conections?api_key=in-the-query", None);
    control.jane(405, "PATCH", &format!("/connections/{BUYER}"), None);
    let unmatched = control.get("/requests/unmatched");
    let urls: Vec<&Value> = unmatched["requests"].as_array().unwrap().iter().map(|one| &one["url"]).collect();
    assert_eq!(urls, [&json!(format!("/connections/{BUYER}")), &json!("/conections?api_key=***")]);
    let near = control.get("/requests/unmatched/near-misses");
    let near = near["nearMisses"].as_array().unwrap();
    assert_eq!(near.len(), 6, "three for each");
    let difference = "the method is PATCH, but the operation expects GET";
    assert_eq!((&near[0]["operation"], &near[0]["difference"]), (&json!("get_connection"), &json!(difference)));
    assert_eq!(near[0]["differences"], json!([{"what": "method", "expected": "GET", "found": "PATCH"}]));
    assert_eq!(near[0]["stubMapping"]["request"]["method"], "GET");
    let difference = "segment 1 of the path is `conections`, but the operation has `connections` there";
    assert_eq!((&near[3]["operation"], &near[3]["difference"]), (&json!("list_connections"), &json!(difference)));
    assert_eq!(near[3]["request"]["url"], "/conections?api_key=***");
    let distance = |at: usize| near[at]["matchResult"]["distance"].as_f64().unwrap();
    assert!(distance(0) > 0.0 && distance(0) <= distance(1) && distance(1) <= distance(2) && distance(2) <= 1.0);

    // A journal entry can be sent unchanged.
    let entry = unmatched["requests"][1].clone();
    let again = control.post(200, "/near-misses/request", entry);
    assert_eq!(
        (&again["nearMisses"][0]["operation"], again["nearMisses"].as_array().unwrap().len()),
        (&json!("list_connections"), 3)
    );
    let described = json!({"absoluteUrl": "http://h.test/user?token=hush", "headers": {"Authorization": authorization("API", JANE), "X-A": ["1", "2"]},
                           "body": "{\"password\": \"hush\"}"});
    let matching = control.call(200, "POST", "/near-misses/request", Some(&described));
    assert!(
        !matching.text.contains("hush") && !matching.text.contains(&authorization("API", JANE)),
        "{}",
        matching.text
    );
    let matching = &matching.json()["nearMisses"][0];
    assert_eq!(
        (&matching["operation"], &matching["difference"], &matching["matchResult"]["distance"]),
        (&json!("get_user"), &Value::Null, &json!(0.0))
    );
    assert_eq!(matching["request"]["headers"]["X-A"], json!(["1", "2"]));
    for (body, expected) in [
        (json!({}), "`url` is missing"),
        (json!([]), "describe a request"),
        (json!({"url": 7}), "`url` must be a string"),
        (json!({"url": "user"}), "/connections?limit=5"),
        (json!({"url": "/user", "method": "G T"}), "not an HTTP method"),
        (json!({"url": "/user", "headers": {"A": 1}}), "an array of strings"),
        (json!({"url": "/user", "headers": []}), "an object of names and values"),
        (json!({"url": "/user", "bodyAsBase64": "*"}), "not Base64"),
    ] {
        let refused = control.post(400, "/near-misses/request", body.clone());
        assert!(refused["detail"].as_str().unwrap().contains(expected), "{body}: {refused}");
    }
}

#[test]
fn near_misses_of_a_pattern_are_the_nearest_requests() {
    let mut control = Control::healthy();
    for path in ["/user", "/connections", "/credentials", "/account"] {
        control.jane(200, "GET", path, None);
    }
    let near = control.post(200, "/near-misses/request-pattern", json!({"method": "GET", "url": "/connection"}));
    let near = near["nearMisses"].as_array().unwrap();
    assert_eq!((near.len(), &near[0]["request"]["url"]), (3, &json!("/connections")));
    assert_eq!(near[0]["requestPattern"]["url"], "/connection");
    let differs: Vec<&Value> = near[0]["differences"].as_array().unwrap().iter().map(|one| &one["what"]).collect();
    assert!(differs.iter().any(|what| what.as_str().unwrap().contains("url")), "{differs:?}");
    let distance = |at: usize| near[at]["matchResult"]["distance"].as_f64().unwrap();
    assert!(distance(0) > 0.0 && distance(0) < distance(1) && distance(2) <= 1.0);
    let matching = control.post(200, "/near-misses/request-pattern", json!({"url": "/user"}));
    assert_eq!(matching["nearMisses"][0]["request"]["url"], "/user");
    assert_eq!(
        (&matching["nearMisses"][0]["matchResult"]["distance"], &matching["nearMisses"][0]["difference"]),
        (&json!(0.0), &Value::Null)
    );
}

#[test]
fn each_sandbox_has_its_own_journal() {
    let mut control = Control::healthy();
    control.jane(200, "GET", "/user", None);
    control.jane(200, "GET", "/__sandbox/other/account", None);
    control.jane(200, "GET", "/__sandbox/other/user", None);
    let call_other = |control: &mut Control, method: &str, path: &str| {
        control.wire.request(method, &format!("/__sandbox/other/__admin{path}"), &[], None).expect(200).json()
    };
    let others = call_other(&mut control, "GET", "/requests");
    assert_eq!(lines(&others), ["GET /user 200", "GET /account 200"]);
    assert_eq!(others["requests"][0]["sandbox"], "other");
    assert_eq!(lines(&control.get("/requests")), ["GET /user 200"]);
    // Removing a request and a reset do not affect the other sandbox.
    call_other(&mut control, "DELETE", &format!("/requests/{}", others["requests"][0]["number"]));
    assert_eq!(lines(&call_other(&mut control, "GET", "/requests")), ["GET /account 200"]);
    call_other(&mut control, "POST", "/reset");
    assert_eq!(lines(&call_other(&mut control, "GET", "/requests")), [""; 0]);
    assert_eq!(lines(&control.get("/requests")), ["GET /user 200"]);
}

#[test]
fn requests_can_be_removed() {
    let mut control = Control::healthy();
    control.jane(200, "GET", "/user", None);
    control.jane(200, "GET", "/account", None);
    let account = newest_number(&mut control);
    let user = numbers(&mut control, "")[1];
    control.call(200, "DELETE", &format!("/requests/{user}"), None);
    control.call(404, "DELETE", &format!("/requests/{user}"), None);
    control.call(404, "GET", &format!("/requests/00000000-0000-4000-8000-{user:012x}"), None);
    let missing = control.call(404, "GET", "/requests/999", None).json();
    let range = format!("has requests {account} to {account}; 0 were dropped");
    assert!(missing["detail"].as_str().unwrap().contains(&range), "{missing}");
    assert_eq!(numbers(&mut control, ""), [account]);
    for (method, path) in [("POST", "/requests/reset"), ("DELETE", "/requests"), ("POST", "/reset")] {
        control.jane(200, "GET", "/user", None);
        let number = newest_number(&mut control);
        control.call(200, method, path, None);
        assert_eq!(numbers(&mut control, ""), [0; 0], "{path}");
        control.jane(200, "GET", "/user", None);
        // Only a reset restarts the numbers, because it recreates the sandbox.
        assert_eq!(newest_number(&mut control) > number, path != "/reset", "{path}");
    }
}

#[test]
fn control_calls_are_not_recorded() {
    let mut control = Control::healthy();
    control.get("/requests");
    control.get("/scenarios");
    control.wire.request("GET", "/__admin/nothing", &[], None).expect(404);
    control.post(200, "/requests/count", json!({}));
    assert_eq!(control.get("/requests")["meta"]["total"], 0);
    // A request of a client is recorded.
    control.jane(200, "GET", "/user", None);
    assert_eq!(control.get("/requests")["meta"]["total"], 1);
}

#[test]
fn dropped_exchanges_are_counted_and_long_bodies_truncated() {
    let mut control = Control::start(MockServer::builder().configure(|settings| {
        settings.limits.journal_entries_max = 3;
        settings.limits.journal_body_bytes_max = 10;
    }));
    for _ in 0..5 {
        control.jane(200, "GET", "/user", None);
    }
    let list = control.get("/requests");
    assert_eq!(list["meta"], json!({"total": 3, "dropped": 2}));
    let (last, first) =
        (list["requests"][0]["number"].as_u64().unwrap(), list["requests"][2]["number"].as_u64().unwrap());
    assert_eq!(last, first + 2);
    let body = &list["requests"][0];
    assert_eq!(
        (body["response"]["body"].as_str().unwrap().len(), &body["bodies"]["response"]["truncated"]),
        (10, &json!(true))
    );
    assert!(body["bodies"]["response"]["bytes"].as_u64().unwrap() > 10);
    let missing = control.call(404, "GET", "/requests/1", None).json();
    assert!(
        missing["detail"].as_str().unwrap().contains(&format!("has requests {first} to {last}; 2 were dropped")),
        "{missing}"
    );
    control.call(200, "DELETE", "/requests", None);
    assert_eq!(control.get("/requests")["meta"], json!({"total": 0, "dropped": 0}));
}

#[test]
fn a_disabled_journal_is_reported() {
    let mut control =
        Control::start(MockServer::builder().configure(|settings| settings.limits.journal_entries_max = 0));
    control.jane(200, "GET", "/user", None);
    control.jane(404, "GET", "/nothing", None);
    let list = control.get("/requests");
    assert_eq!(list, json!({"requests": [], "meta": {"total": 0, "dropped": 0}, "requestJournalDisabled": true}));
    assert_eq!(control.post(200, "/requests/count", json!({})), json!({"count": -1, "requestJournalDisabled": true}));
    for path in ["/requests/find", "/near-misses/request-pattern"] {
        assert_eq!(control.post(200, path, json!({}))["requestJournalDisabled"], true);
    }
    assert_eq!(
        control.post(200, "/requests/remove", json!({})),
        json!({"serveEvents": [], "requestJournalDisabled": true})
    );
    for path in ["/requests/unmatched", "/requests/unmatched/near-misses"] {
        assert_eq!(control.get(path)["requestJournalDisabled"], true);
    }
    let missing = control.call(404, "GET", "/requests/1", None).json();
    assert!(missing["detail"].as_str().unwrap().contains("--journal-entries-max"), "{missing}");
}

/// Most headers of responses come from templates, which each thread of the server makes of its first response.
#[test]
fn the_headers_of_every_response_are_those_of_the_first_one_and_of_the_journal() {
    let mock = Mock::start(MockServer::builder().clock(AT.parse().unwrap()));
    let rows = [
        ("GET /connections", ""),
        ("GET /connections/5d9a4c421d011c553e000002", ""),
        ("GET /connections/5d9a4c421d011c553e0000ff", ""),
        ("POST /onboards", r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#),
        ("POST /onboards", r#"{"invitation_id":"größer"}"#),
        ("POST /onboards", r#"{"flow_id":1}"#),
    ];
    let pairs = |response: &TestResponse| -> Vec<(String, String)> {
        let pairs = response.headers.iter();
        pairs.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    };
    // What differs between the responses to one request.
    let differs = |name: &str| ["x-mock-request-id", "x-mock-sandbox", "etag", "content-length"].contains(&name);
    for (line, body) in rows {
        let mut first = None;
        for count in 0..24 {
            let sandbox = if count % 3 == 0 { "other" } else { "default" };
            let response = mock.request(line, &[("x-mock-sandbox", sandbox)], body);
            let sent = pairs(&response);
            let same: Vec<(String, String)> = sent
                .iter()
                .map(|(name, value)| (name.clone(), if differs(name) { "" } else { value }.into()))
                .collect();
            assert_eq!(first.get_or_insert_with(|| same.clone()), &same, "{line} {body}");
            assert_eq!(response.header("x-mock-sandbox"), Some(sandbox));
            let etag = format!("W/\"{:x}-{:x}\"", response.text.len(), crc32fast::hash(response.text.as_bytes()));
            assert_eq!(response.header("etag"), Some(&*etag));
            let number = response.header("x-mock-request-id").unwrap();
            let event = mock.get(&format!("/__sandbox/{sandbox}/__admin/requests/{number}")).expect(200).json();
            let recorded = event["response"]["headers"].as_object().unwrap();
            let recorded: Vec<(String, String)> = recorded
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().to_owned()))
                .collect();
            // The server adds the length.
            let expected: Vec<_> = sent.iter().filter(|(name, _)| name != "content-length").cloned().collect();
            assert_eq!(recorded, expected, "{line} {body}");
        }
    }
}
