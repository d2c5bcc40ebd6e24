//! Same seed, same requests: same bytes. Another seed: others.

use std::fmt::Write as _;

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::json;

use crate::support::{INVITATION, JANE, Mock, SSO_ONLY, SUPERUSER};

/// A recorded list of requests, answered; every header and body, dates and request ids included.
fn transcript(seed: u64) -> String {
    let mock = Mock::start(MockServer::builder().seed(seed).clock("2026-03-01T12:00:00Z".parse().unwrap()));
    let mut text = String::new();
    let credential = json!({"name": "x", "type": "user", "package": "p", "username": "u", "password": "p"});
    let mut ask = |key: &str, method: Method, path: &str, body: Option<&serde_json::Value>| {
        let reply = mock.call(key, method, path, body);
        let _ = writeln!(text, "{} {:?} {}", reply.status, reply.headers, reply.text);
    };
    for _ in 0..5 {
        ask(JANE, Method::POST, "/credentials", Some(&credential));
        ask(JANE, Method::GET, "/credentials", None);
        ask(JANE, Method::POST, "/onboards", Some(&json!({"invitation_id": INVITATION})));
        ask(JANE, Method::POST, "/invitations/source", Some(&json!({"email": "a@example.com"})));
        ask(JANE, Method::POST, "/onboard/buyer", Some(&json!({"invitation_id": INVITATION})));
        ask(SUPERUSER, Method::POST, "/connections", Some(&json!({"connection_id": SSO_ONLY})));
        ask(JANE, Method::GET, "/connections", None);
        ask(JANE, Method::GET, "/account", None);
        ask(JANE, Method::GET, "/nowhere", None);
    }
    text
}

#[test]
fn a_seed_repeats_every_byte() {
    assert_eq!(transcript(7), transcript(7));
}

#[test]
fn another_seed_differs() {
    assert_ne!(transcript(7), transcript(8));
}

#[test]
fn what_is_remembered_is_what_would_be_made_again() {
    // The same reads with and without writes between them: remembering answers must not show.
    let clock = "2026-03-01T12:00:00Z".parse().unwrap();
    let mock = Mock::start(MockServer::builder().clock(clock));
    let fresh = Mock::start(MockServer::builder().clock(clock));
    for path in
        ["/account", "/user", "/connections", "/connections?relationship_type=seller", "/credentials", "/onboards"]
    {
        let first = mock.get(path);
        assert_eq!(first.text, mock.get(path).text, "{path}");
        assert_eq!(first.text, fresh.get(path).text, "{path}");
    }
    let other = mock.call(crate::support::GLOBEX, Method::GET, "/account", None);
    assert_ne!(other.text, mock.get("/account").text, "each caller has answers of their own");
}
