//! Nothing that the mock keeps or tells holds a secret of the client's.

use std::cell::Cell;

use leadconduit_mock::MockServer;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Mock, OperationResponse};

/// Where a secret can stand in a request.
#[derive(Clone, Copy, Debug)]
enum Place {
    Password,
    Bearer,
    Cookie,
    Header,
    Query,
    Body,
    Nested,
    BrokenJson,
    Form,
    KeyInPath,
    KeyInQuery,
    KeyInBody,
    KeyInHeader,
}

use Place::*;

const PLACES: [Place; 13] = [
    Password,
    Bearer,
    Cookie,
    Header,
    Query,
    Body,
    Nested,
    BrokenJson,
    Form,
    KeyInPath,
    KeyInQuery,
    KeyInBody,
    KeyInHeader,
];

fn send(mock: &Mock, place: Place, secret: &str, name: &str, sandbox: &str) -> OperationResponse {
    let mut headers: Vec<(String, String)> = vec![("x-mock-sandbox".into(), sandbox.into())];
    let (mut line, mut body) = ("POST /credentials".to_owned(), r#"{"name":1}"#.to_owned());
    let mut key = crate::support::JANE.to_owned();
    match place {
        Password | KeyInPath | KeyInQuery | KeyInBody | KeyInHeader => secret.clone_into(&mut key),
        _ => {}
    }
    match place {
        Password => {}
        Bearer => {
            key = String::new();
            headers.push(("authorization".into(), format!("Bearer {secret}")));
        }
        Cookie => headers.push(("cookie".into(), format!("session={secret}"))),
        Header => headers.push((format!("x-{}", name.replace('_', "-")), secret.into())),
        Query => line += &format!("?{name}={secret}&limit=1"),
        Body => {
            let package = "leadconduit-default";
            body = json!({"name": "a", "type": "user", "package": package, "username": "u", name: secret}).to_string();
        }
        Nested => body = json!({"name": [{"deep": {name: [secret]}}]}).to_string(),
        BrokenJson => body = format!(r#"{{"name": "x", "{name}": "{secret}", "#),
        Form => {
            headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
            body = format!("a=b&{name}={secret}&c=d");
        }
        KeyInPath => line = format!("POST /credentials/{secret}/x"),
        KeyInQuery => line += &format!("?page={secret}"),
        KeyInBody => body = json!({"name": format!("key {secret}!"), "other": [secret]}).to_string(),
        KeyInHeader => headers.push(("x-trace".into(), format!("of-{secret}"))),
    }
    headers.push(("key".into(), key));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    mock.ask(&line, &headers, &body)
}

/// Everything that tells of exchanges.
fn outputs(mock: &Mock, sandbox: &str) -> Vec<(String, String)> {
    let at = [("x-mock-sandbox", sandbox)];
    let get = |path: &str| (path.to_owned(), mock.ask(&format!("GET /__admin{path}"), &at, "").text);
    let post = |path: &str, body: &str| (path.to_owned(), mock.ask(&format!("POST /__admin{path}"), &at, body).text);
    vec![
        get("/requests"),
        get("/requests/1"),
        get("/requests/unmatched"),
        get("/requests/unmatched/near-misses"),
        get("/coverage"),
        get("/coverage?sandbox=*"),
        get("/metrics"),
        get("/sandboxes"),
        post("/requests/find", r#"{"method":"ANY"}"#),
        post("/explain", r#"{"exchange":1}"#),
        post(
            "/verify",
            r#"{"expectations":[{"operation":"list_credentials"},{"request":{"urlPath":"/x"}},{"no_violations":true}]}"#,
        ),
    ]
}

#[test]
fn no_output_holds_a_secret() {
    let mock = Mock::start(MockServer::builder());
    let names =
        ["password", "api_key", "apiKey", "access_token", "refresh-token", "client_secret", "privateKey", "PASSWD"];
    let count = Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: 120,
        failure_persistence: None,
        ..Default::default()
    });
    let strategy = (0..PLACES.len(), "[a-z0-9]{12,40}", 0..names.len());
    runner
        .run(&strategy, |(place, secret, name)| {
            count.set(count.get() + 1);
            let (place, name, sandbox) = (PLACES[place], names[name], format!("s{}", count.get()));
            let answer = send(&mock, place, &secret, name, &sandbox);
            prop_assert!(answer.status >= 200);
            let outputs = outputs(&mock, &sandbox);
            let journal = &outputs[0].1;
            prop_assert!(journal.contains("/credentials"), "the exchange is not there: {journal}");
            for (path, text) in &outputs {
                prop_assert!(!text.contains(&secret), "{path} tells what stood in {place:?} ({name}): {text}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_no_secret_is_kept_as_it_was() {
    let mock = Mock::healthy();
    let body = r#"{ "name":  "a b", "type":"user",  "package": "leadconduit-default", "username": "u\/v" }"#;
    mock.ask("POST /credentials?limit=1&x=a%20b", &[("x-trace", "t-1")], body);
    let kept = &mock.get("/__admin/requests").json()["requests"][0]["request"];
    assert_eq!(kept["body"], body);
    assert_eq!(kept["url"], "/credentials?limit=1&x=a%20b");
    assert_eq!(kept["headers"]["X-Trace"], "t-1");
    // The name of a secret alone hides nothing else of the body.
    mock.ask(
        "POST /credentials",
        &[],
        r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"hidden"}"#,
    );
    let kept = mock.get("/__admin/requests").json()["requests"][0]["request"]["body"].as_str().unwrap().to_owned();
    assert_eq!(kept, r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"***"}"#);
}
