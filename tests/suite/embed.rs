//! The mock inside a Rust test.

use std::net::TcpStream;

use leadconduit_mock::MockServer;

use crate::support::Mock;

#[test]
fn many_at_once_and_each_stops_when_dropped() {
    let servers: Vec<MockServer> = (0..5).map(|_| MockServer::builder().start().unwrap()).collect();
    let addresses: Vec<_> = servers.iter().map(MockServer::address).collect();
    for address in &addresses {
        TcpStream::connect(address).unwrap();
    }
    drop(servers);
    for address in &addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} is still served");
    }
}

#[tokio::test]
async fn it_starts_inside_a_runtime_too() {
    let server = MockServer::builder().scenario("sso-outage").start().unwrap();
    assert!(tokio::net::TcpStream::connect(server.address()).await.is_ok());
}

#[test]
fn a_scenario_that_does_not_exist_is_an_error_with_a_hint() {
    let error = MockServer::builder().scenario("sso-outge").start().unwrap_err().to_string();
    assert!(error.contains("there is no scenario `sso-outge`") && error.contains("sso-outage"), "{error}");
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let mock = Mock::healthy();
    let port = mock.server.address().port();
    let error = MockServer::builder().configure(|settings| settings.port = port).start().unwrap_err().to_string();
    assert!(error.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{error}");
}
