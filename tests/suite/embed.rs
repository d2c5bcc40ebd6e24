//! `MockServer`, the embedding API.

use std::net::TcpListener;

use leadconduit_mock::{Clock, ControlError, MockServer};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{HANG_GUARD, JANE, Mock, SSO_ONLY, SUPERUSER, wait_until};
use crate::wire::request;

#[test]
fn several_servers_run_at_once_and_stop_when_dropped() {
    let scenarios = ["healthy", "sso-outage", "healthy", "sso-outage", "maintenance"];
    // An address that no other test uses: nothing else listens there when the servers have stopped.
    let builder = || MockServer::builder().configure(|settings| settings.host = [127, 0, 0, 44].into());
    let mocks = scenarios.map(|name| Mock::start(builder().scenario(name)));
    let addresses = mocks.each_ref().map(|mock| mock.server.address());
    for (name, mock) in scenarios.iter().zip(&mocks) {
        let response = mock.get("/connections");
        assert_eq!(response.header("x-mock-scenario"), Some(*name));
        assert_eq!(response.header("x-connections-degraded").is_some(), *name == "sso-outage", "{name}");
        assert_eq!(response.status, if *name == "maintenance" { 503 } else { 200 }, "{name}");
    }
    drop(mocks);
    for address in &addresses {
        // Another test can listen to all addresses with this port for a while; a server of this one would go on forever.
        wait_until("the end of the server", || TcpListener::bind(address).is_ok(), || address.to_string());
    }
}

#[tokio::test]
async fn a_server_starts_inside_a_runtime() {
    let server = MockServer::builder().scenario("sso-outage").start().unwrap();
    let mut socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let request = request("GET", "/connections", &[("Connection", "close")], None);
    socket.write_all(&request).await.unwrap();
    let mut response = String::new();
    tokio::time::timeout(HANG_GUARD, socket.read_to_string(&mut response)).await.unwrap().unwrap();
    assert!(
        response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("X-Connections-Degraded: true"),
        "{response}"
    );
    // Stopping waits for the server's own thread only, so it works inside a runtime.
    drop(server);
}

#[test]
fn an_unknown_scenario_is_an_error_with_a_hint() {
    let error = MockServer::builder().scenario("sso-outge").start().unwrap_err().to_string();
    assert!(error.contains("there is no scenario `sso-outge`") && error.contains("sso-outage"), "{error}");
}

#[test]
fn a_port_in_use_is_an_error() {
    let mock = Mock::healthy();
    let port = mock.server.address().port();
    let error = MockServer::builder().configure(|settings| settings.port = port).start().unwrap_err().to_string();
    assert!(error.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{error}");
}

#[test]
fn sandboxes_are_controlled_in_process_and_isolated() {
    let mock = Mock::healthy();
    let [one, two] = ["one", "two"].map(|name| mock.server.sandbox(name).unwrap());
    one.use_scenario("sso-outage").unwrap();
    let rule = json!({"when": {"operation": "get_account"}, "then": {"status": 503}});
    let fault = one.fault(&rule).unwrap();
    one.freeze_clock(Some("2030-01-01T00:00:00Z".parse().unwrap())).unwrap();
    one.advance_clock(std::time::Duration::from_secs(90)).unwrap();

    let status = |key: &str, path: &str| mock.call(key, http::Method::GET, path, None).status;
    assert_eq!(status(&one.key(JANE), "/account"), 503);
    assert_eq!(status(&two.key(JANE), "/account"), 200);
    assert_eq!(status(JANE, "/account"), 200);
    let Clock::Frozen(time) = one.clock() else { panic!("the clock is frozen") };
    assert_eq!(time.to_string(), "2030-01-01T00:01:30Z");
    assert_eq!(two.clock(), Clock::Real);
    one.resume_clock().unwrap();
    assert!(!matches!(one.clock(), Clock::Frozen(_)));

    one.remove_fault(&fault).unwrap();
    assert_eq!(status(&one.key(JANE), "/account"), 200);
    let requests = one.requests().unwrap();
    assert_eq!(requests.iter().map(|one| one["response"]["status"].clone()).collect::<Vec<_>>(), [200, 503]);
    assert_eq!(two.requests().unwrap().len(), 1);
    let explanation = one.explain(&json!({"exchange": requests[1]["number"]})).unwrap();
    assert_eq!(explanation["reply"]["status"], 503, "{explanation}");
    let expectations = mock.server.expectations(&json!([{"operation": "get_account", "exactly": 2}])).unwrap();
    assert!(one.verify(&expectations).passed);
    assert!(!two.verify(&expectations).passed);
    let pattern = mock.server.pattern(&json!({"urlPath": "/account"})).unwrap();
    assert_eq!((one.count(&pattern), two.count(&pattern)), (Some(2), Some(1)));

    // A snapshot restores the world.
    two.snapshot("before").unwrap();
    let repair = || {
        mock.call(&two.key(SUPERUSER), http::Method::POST, "/connections", Some(&json!({"connection_id": SSO_ONLY})))
    };
    assert_eq!((repair().status, repair().status), (201, 409));
    two.restore("before").unwrap();
    assert_eq!(repair().status, 201);
    two.reset().unwrap();
    assert_eq!(two.requests().unwrap().len(), 0);
}

#[test]
fn operations_of_the_server_act_on_the_default_sandbox() {
    let mock = Mock::healthy();
    let server = &mock.server;
    server.fault(&json!({"when": {"operation": "get_account"}, "then": {"status": 503}})).unwrap();
    assert_eq!(mock.get("/account").status, 503);
    server.remove_faults().unwrap();
    assert_eq!(mock.get("/account").status, 200);
    server.use_scenario("maintenance").unwrap();
    assert_eq!(mock.get("/account").status, 503);
    assert_eq!(server.requests().unwrap().len(), 3);
    server.reset().unwrap();
    assert_eq!(server.requests().unwrap().len(), 0);
}

#[test]
fn rejected_operations_say_what_to_write_instead() {
    let mock = Mock::healthy();
    let error = mock.server.sandbox("no name").unwrap_err();
    assert_eq!(error, ControlError::SandboxName("no name".to_owned()));
    let error = mock.server.use_scenario("sso-outge").unwrap_err();
    let ControlError::Rejected { call, status, detail } = &error else { panic!("{error:?}") };
    assert_eq!((call.as_str(), *status), ("PUT /__admin/scenario", 404));
    assert!(detail.contains("did you mean `sso-outage`?"), "{error}");
    let error = mock.server.fault(&json!({"then": {"stauts": 503}})).unwrap_err().to_string();
    assert!(error.contains("stauts") && error.contains("status"), "{error}");
    let error = mock.server.restore("with space").unwrap_err().to_string();
    assert!(error.contains("/__admin/snapshots/with space/restore"), "{error}");
    // The operations also work on a server whose control API needs a token.
    let token = leadconduit_mock::AdminToken::from("a-token-of-the-test");
    let server = MockServer::builder().configure(|settings| settings.admin_token = Some(token)).start().unwrap();
    server.use_scenario("sso-outage").unwrap();
}
