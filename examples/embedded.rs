//! A test of a client, with the server in the test process: `cargo test --example embedded`.
//!
//! The client here is a few lines on a socket. Put the client that you test in its place.

#![expect(clippy::unwrap_used, reason = "an example says in one word that its expectations are correct")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use leadconduit_mock::MockServer;
use serde_json::json;

/// The credentials of Jane Doe, `API:2f1d5f29915b866c7a2fa5de29613104`, in Base64.
const JANE: &str = "QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0";

/// The status line and headers of `GET /connections`.
fn list_connections(url: &str) -> Result<String, Box<dyn Error>> {
    let host = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(host)?;
    write!(
        socket,
        "GET /connections HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {JANE}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    let (head, _body) = response.split_once("\r\n\r\n").ok_or("the response has no end of its headers")?;
    Ok(head.to_owned())
}

fn run() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().scenario("sso-outage").start()?;
    let response = list_connections(&server.url())?; // http://127.0.0.1:PORT
    assert!(response.contains("X-Connections-Degraded: true"));
    let calls = server.expectations(&json!([{ "operation": "list_connections", "exactly": 1 }])).unwrap();
    let result = server.verify(&calls);
    assert!(result.passed, "{result}"); // the server stops when it is dropped
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run()
}

#[test]
fn the_client_handles_an_outage() -> Result<(), Box<dyn Error>> {
    run()
}
