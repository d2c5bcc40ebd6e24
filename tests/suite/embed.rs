//! `MockServer`, the embedding API.

use std::io::ErrorKind;
use std::net::TcpStream;

use leadconduit_mock::MockServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{HANG_GUARD, Mock};
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
        let error = TcpStream::connect(address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{address} is still served");
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
