//! A test with a sandbox of its own, so that tests can share one server: `cargo test --example sandboxes`.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use leadconduit_mock::MockServer;
use serde_json::json;

/// The status line and headers of `GET /connections`. Put the client that you test in its place.
fn list_connections(url: &str, key: &str) -> Result<String, Box<dyn Error>> {
    let host = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(host)?;
    let credentials = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("API:{key}"));
    write!(
        socket,
        "GET /connections HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    Ok(response)
}

fn run() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().start()?;
    let sandbox = server.sandbox("one-test")?;
    sandbox.fault(&json!({ "when": { "operation": "list_connections" }, "then": { "status": 503 }, "times": 1 }))?;
    let key = sandbox.key("2f1d5f29915b866c7a2fa5de29613104");

    assert!(list_connections(&server.url(), &key)?.starts_with("HTTP/1.1 503"));
    assert!(list_connections(&server.url(), &key)?.starts_with("HTTP/1.1 200"));
    let calls = server
        .expectations(&json!([{ "operation": "list_connections", "exactly": 2 }]))
        .map_err(|errors| format!("{errors:?}"))?;
    let result = sandbox.verify(&calls);
    assert!(result.passed, "{result}");
    // Other sandboxes have not seen any of it.
    assert_eq!(server.requests()?.len(), 0);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run()
}

#[test]
fn the_client_handles_a_busy_service() -> Result<(), Box<dyn Error>> {
    run()
}
