//! No recorded exchange and no response of the control API contains a secret of a client.

use std::cell::Cell;

use leadconduit_mock::MockServer;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Mock, TestResponse};

/// A location of a secret in a request.
#[derive(Clone, Copy, Debug)]
enum SecretLocation {
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

use SecretLocation::*;

const LOCATIONS: [SecretLocation; 13] = [
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

fn send(mock: &Mock, location: SecretLocation, secret: &str, name: &str, sandbox: &str) -> TestResponse {
    let mut headers: Vec<(String, String)> = vec![("x-mock-sandbox".into(), sandbox.into())];
    let (mut line, mut body) = ("POST /credentials".to_owned(), r#"{"name":1}"#.to_owned());
    let mut key = crate::support::JANE.to_owned();
    match location {
        Password | KeyInPath | KeyInQuery | KeyInBody | KeyInHeader => secret.clone_into(&mut key),
        _ => {}
    }
    match location {
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
    mock.request(&line, &headers, &body)
}

/// The responses of all control calls that return data of exchanges.
fn outputs(mock: &Mock, sandbox: &str) -> Vec<(String, String)> {
    let at = [("x-mock-sandbox", sandbox)];
    let get = |path: &str| (path.to_owned(), mock.request(&format!("GET /__admin{path}"), &at, "").text);
    let post =
        |path: &str, body: &str| (path.to_owned(), mock.request(&format!("POST /__admin{path}"), &at, body).text);
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
fn no_output_contains_a_secret() {
    let mock = Mock::start(MockServer::builder());
    let names =
        ["password", "api_key", "apiKey", "access_token", "refresh-token", "client_secret", "privateKey", "PASSWD"];
    let count = Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: 120,
        failure_persistence: None,
        ..Default::default()
    });
    let strategy = (0..LOCATIONS.len(), "[a-z0-9]{12,40}", 0..names.len());
    runner
        .run(&strategy, |(location, secret, name)| {
            count.set(count.get() + 1);
            let (location, name, sandbox) = (LOCATIONS[location], names[name], format!("s{}", count.get()));
            let response = send(&mock, location, &secret, name, &sandbox);
            prop_assert!(response.status >= 200);
            let outputs = outputs(&mock, &sandbox);
            let journal = &outputs[0].1;
            prop_assert!(journal.contains("/credentials"), "the exchange is not recorded: {journal}");
            for (path, text) in &outputs {
                prop_assert!(!text.contains(&secret), "{path} contains the secret of {location:?} ({name}): {text}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn other_data_is_recorded_unchanged() {
    let mock = Mock::healthy();
    let body = r#"{ "name":  "a b", "type":"user",  "package": "leadconduit-default", "username": "u\/v" }"#;
    mock.request("POST /credentials?limit=1&x=a%20b", &[("x-trace", "t-1")], body);
    let request = &mock.get("/__admin/requests").json()["requests"][0]["request"];
    assert_eq!(request["body"], body);
    assert_eq!(request["url"], "/credentials?limit=1&x=a%20b");
    assert_eq!(request["headers"]["X-Trace"], "t-1");
    // Only the value of the secret is replaced.
    mock.request(
        "POST /credentials",
        &[],
        r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"hidden"}"#,
    );
    let body = mock.get("/__admin/requests").json()["requests"][0]["request"]["body"].as_str().unwrap().to_owned();
    assert_eq!(body, r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"***"}"#);
}
