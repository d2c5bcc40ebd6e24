//! Fault injection in a test: the first repair of a connection is cut off after its work was done, so that a client that
//! tries again meets its own success. `cargo test --example fault_injection`.

#![expect(clippy::unwrap_used, reason = "an example says in one word that its expectations are correct")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use leadconduit_mock::MockServer;
use serde_json::json;

/// The superuser's credentials, `API:00000000000000000000000000000000000000aa`, in Base64.
const SUPERUSER: &str = "QVBJOjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwYWE=";

/// Sends a POST request. `None` when the connection ends without a response.
fn post(url: &str, path: &str, body: &str) -> Result<Option<u16>, Box<dyn Error>> {
    let host = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(host)?;
    let length = body.len();
    write!(
        socket,
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {SUPERUSER}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    let status = response.split(' ').nth(1).map(str::parse).transpose()?;
    Ok(status)
}

/// The client under test: it repairs a connection, and tries again if there is no response.
fn repair(url: &str) -> Result<bool, Box<dyn Error>> {
    let body = r#"{"connection_id":"5d9a4c421d011c553e000004"}"#;
    for _attempt in 0..2 {
        match post(url, "/connections", body)? {
            None => {}
            // The first attempt has done the work: a conflict means that the connection exists.
            Some(201 | 409) => return Ok(true),
            Some(_) => return Ok(false),
        }
    }
    Ok(false)
}

fn run() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().start()?;
    let fault = r#"{"when": {"operation": "repair_connection"}, "then": {"fault": "EMPTY_RESPONSE", "times": 1}}"#;
    assert_eq!(post(&server.url(), "/__admin/faults", fault)?, Some(201));
    assert!(repair(&server.url())?);
    let calls = json!([
        { "operation": "repair_connection", "exactly": 2 },
        { "operation": "repair_connection", "status": 409, "exactly": 1 }
    ]);
    let result = server.verify(&server.expectations(&calls).unwrap());
    assert!(result.passed, "{result}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run()
}

#[test]
fn the_client_survives_a_lost_response() -> Result<(), Box<dyn Error>> {
    run()
}
