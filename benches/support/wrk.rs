//! Load from wrk, if it is installed: the tool whose figures others can compare with.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::load::CONNECTIONS;

/// The version of wrk; `None` when it is not installed.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("wrk").arg("-v").stderr(Stdio::null()).output().ok()?;
    // wrk ends with an error after it has printed its version.
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next()?.split('[').next().map(|version| version.trim().to_owned())
}

/// Sends a request for a number of seconds. Returns the number of responses, and their number per second.
pub(crate) fn load(address: SocketAddr, request: &[u8], status: u16, seconds: u64) -> (u64, f64) {
    let script = tempfile::Builder::new().suffix(".lua").tempfile().expect("temporary files can be written");
    std::fs::write(script.path(), lua(request)).expect("temporary files can be written");
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "-s"]);
    let output = command.arg(script.path()).arg(format!("http://{address}")).output().expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |name: &str| {
        // `9334 requests in 1.01s, 8.78MB read`, `Requests/sec:   9280.12`, `Non-2xx or 3xx responses: 12`
        let line = text.lines().find(|line| line.contains(name))?;
        let number = line.rsplit_once(": ").map_or(line, |(_, number)| number);
        number.split_whitespace().next()?.parse::<f64>().ok()
    };
    let count = number(" requests in ").unwrap_or_else(|| panic!("wrk printed:\n{text}"));
    let rate = number("Requests/sec:").unwrap_or_else(|| panic!("wrk printed:\n{text}"));
    assert!(!text.contains("Socket errors"), "wrk printed:\n{text}");
    let others = number("Non-2xx or 3xx responses").unwrap_or(0.0);
    let expected = if status < 400 { 0.0 } else { count };
    assert!((others - expected).abs() < 0.5, "status {status} was expected; wrk printed:\n{text}");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let count = count as u64;
    (count, rate)
}

/// A script that sends a request, without the headers that wrk adds itself.
fn lua(request: &[u8]) -> String {
    let text = std::str::from_utf8(request).expect("requests are ASCII");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.split("\r\n");
    let mut line = lines.next().expect("a request line").split(' ');
    let (method, path) = (line.next().expect("a method"), line.next().expect("a path"));
    let headers = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "Content-Length");
    let headers: Vec<String> = headers.map(|(name, value)| format!("[{name:?}] = {value:?}")).collect();
    let body = if body.is_empty() { "nil".to_owned() } else { format!("{body:?}") };
    format!("request = function() return wrk.format({method:?}, {path:?}, {{ {} }}, {body}) end\n", headers.join(", "))
}
