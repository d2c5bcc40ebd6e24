//! What both benches need: the mock and a bare server as child processes, and one request at a time to either.
//!
//! The bare server is the yardstick: hyper on tokio and nothing else. It gives every request the bytes that the mock
//! gave once, so that what is left between the two is what the mock does beyond receiving and sending.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Jane Doe of Acme, Inc. in the scenario `healthy`.
const CREDENTIALS: &str = "API:2f1d5f29915b866c7a2fa5de29613104";

/// How long one reply may take before the bench gives up: something is broken then.
const REPLY_WAIT: Duration = Duration::from_secs(10);

/// A server of ours in a process of its own. It ends with this value.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The real binary with its default settings and these arguments, on a free port.
    pub(crate) fn mock(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
        // Settings of whoever runs the bench must not decide what is measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LEADCONDUIT_MOCK_"))
        {
            command.env_remove(name);
        }
        Self::start(command.args(["serve", "--port", "0"]).args(arguments), &[])
    }

    /// A command that reads its input and then says where it listens.
    pub(crate) fn start(command: &mut Command, input: &[u8]) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        child.stdin.take().unwrap().write_all(input).expect("the server reads its input");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("instead of its address the server said {line:?}"));
        Self { child, address }
    }

    /// What the kernel says of the process in a file under `/proc`.
    pub(crate) fn kernel(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the server is still running")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as bytes, with credentials; a body makes it a POST.
pub(crate) fn request(path: &str, body: Option<&str>) -> Vec<u8> {
    let method = if body.is_some() { "POST" } else { "GET" };
    let credentials = STANDARD.encode(CREDENTIALS);
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {credentials}\r\n");
    text.push_str("Accept: application/json\r\n");
    if let Some(body) = body {
        write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()).unwrap();
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

/// One request on a connection of its own, and all bytes of its reply.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).expect("the server accepts");
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(REPLY_WAIT)).unwrap();
    socket.write_all(request).unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    let mut head = 0;
    loop {
        match reply_length(&bytes, &mut head) {
            Some(length) if length == bytes.len() => return bytes,
            _ => {}
        }
        let count = socket.read(&mut part).expect("the server answers in time");
        assert!(count > 0, "the server closed the connection instead of answering");
        bytes.extend_from_slice(&part[..count]);
    }
}

/// Whether a reply begins with this status line.
pub(crate) fn has_status(reply: &[u8], status: u16) -> bool {
    // `HTTP/1.1 200 `
    reply.len() > 12 && reply[9..12] == [digit(status / 100), digit(status / 10), digit(status)]
}

fn digit(number: u16) -> u8 {
    b'0' + (number % 10).to_le_bytes()[0]
}

/// How long the reply is that the bytes begin with; `None` while its head is not whole.
///
/// The head's length from last time is tried first: replies to one request hardly differ, and what the generator
/// saves the servers can use.
pub(crate) fn reply_length(bytes: &[u8], head: &mut usize) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    const LENGTH: &[u8] = b"Content-Length: ";
    if *head < END.len() || bytes.get(*head - END.len()..*head) != Some(END) {
        *head = bytes.windows(END.len()).position(|window| window == END)? + END.len();
    }
    // hyper writes the length last.
    let at = bytes[..*head].windows(LENGTH.len()).rposition(|window| window == LENGTH).expect("the length is said");
    let digits = bytes[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(*head + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

/// The middle of some measurements, with the least and the greatest.
pub(crate) struct Spread {
    /// The least.
    pub(crate) least: f64,
    /// The middle.
    pub(crate) median: f64,
    /// The greatest.
    pub(crate) greatest: f64,
}

impl Spread {
    /// The spread of at least one measurement.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Self { least: values[0], median, greatest: values[values.len() - 1] }
    }
}

/// Whether the bench was given this argument. Others, such as cargo's `--bench`, mean nothing here.
pub(crate) fn flag(name: &str) -> bool {
    std::env::args().skip(1).any(|argument| argument == name)
}

/// The state of the machine in one line: who reads a ratio wants to know who else was at work.
pub(crate) fn machine() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, load {} before the run", load.join(" "))
}

/// Says whether a target is met, in one word.
pub(crate) fn verdict(met: bool) -> &'static str {
    if met { "PASS" } else { "MISS" }
}
