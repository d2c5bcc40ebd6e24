//! Shared code of the benchmarks: the mock and a bare server as child processes, and single requests to them.
//!
//! The bare server is the baseline: only hyper on tokio. It returns for every request the bytes that the mock returned
//! once, so the difference between the two is the cost of the mock beyond receiving and sending.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Jane Doe of Acme, Inc. in the scenario `healthy`.
pub(crate) const CREDENTIALS: &str = "API:2f1d5f29915b866c7a2fa5de29613104";

/// Timeout for a single response, far longer than any takes.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A server in its own process, which is killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    /// The address on which the server listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The real binary with its default settings and these arguments, on a free port. `BENCHMARK_BINARY` names another one
    /// than that of the same profile.
    pub(crate) fn mock(arguments: &[&str]) -> Self {
        let built = || env!("CARGO_BIN_EXE_leadconduit-mock").to_owned();
        let mut command = Command::new(std::env::var("BENCHMARK_BINARY").unwrap_or_else(|_| built()));
        // Environment variables of the user must not affect the result.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LEADCONDUIT_MOCK_"))
        {
            command.env_remove(name);
        }
        Self::start(command.args(["serve", "--port", "0"]).args(arguments), &[])
    }

    /// Starts a command that reads its input, then prints its address.
    pub(crate) fn start(command: &mut Command, input: &[u8]) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        child.stdin.take().unwrap().write_all(input).expect("the server reads its input");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("the server printed {line:?} instead of its address"));
        Self { child, address }
    }

    /// The content of a file of the process under `/proc`.
    pub(crate) fn proc_file(&self, file: &str) -> String {
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

/// Sends one request on a new connection, and returns all bytes of the response.
pub(crate) fn fetch(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).expect("the server accepts");
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(RESPONSE_TIMEOUT)).unwrap();
    socket.write_all(request).unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    let mut head = 0;
    loop {
        match response_length(&bytes, &mut head) {
            Some(length) if length == bytes.len() => return bytes,
            _ => {}
        }
        let count = socket.read(&mut part).expect("the server responds in time");
        assert!(count > 0, "the server closed the connection without a response");
        bytes.extend_from_slice(&part[..count]);
    }
}

/// Whether a response has this status.
pub(crate) fn has_status(response: &[u8], status: u16) -> bool {
    // `HTTP/1.1 200 `
    response.len() > 12 && response[9..12] == [digit(status / 100), digit(status / 10), digit(status)]
}

fn digit(number: u16) -> u8 {
    b'0' + (number % 10).to_le_bytes()[0]
}

/// The length of the response at the start of the bytes; `None` while its head is incomplete.
///
/// Tries the previous length of the head first: responses to one request rarely differ, and the servers can use the
/// processor time that the load generator saves.
pub(crate) fn response_length(bytes: &[u8], head: &mut usize) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    const LENGTH: &[u8] = b"Content-Length: ";
    if *head < END.len() || bytes.get(*head - END.len()..*head) != Some(END) {
        *head = bytes.windows(END.len()).position(|window| window == END)? + END.len();
    }
    // hyper writes the length last.
    let at =
        bytes[..*head].windows(LENGTH.len()).rposition(|window| window == LENGTH).expect("the response has a length");
    let digits = bytes[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(*head + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

/// Median, minimum and maximum of measurements.
pub(crate) struct Spread {
    pub(crate) minimum: f64,
    pub(crate) median: f64,
    pub(crate) maximum: f64,
}

impl Spread {
    /// The spread of at least one measurement.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Self { minimum: values[0], median, maximum: values[values.len() - 1] }
    }
}

/// Whether this argument was given. Others, such as cargo's `--bench`, are ignored.
pub(crate) fn flag(name: &str) -> bool {
    std::env::args().skip(1).any(|argument| argument == name)
}

/// Cores and load of the machine in one line, to judge how reliable a ratio is.
pub(crate) fn machine_state() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, load {} before the run", load.join(" "))
}

/// Whether a target is met, in one word.
pub(crate) fn pass_or_miss(met: bool) -> &'static str {
    if met { "PASS" } else { "MISS" }
}
