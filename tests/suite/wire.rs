//! For thousands of requests: the built binary as a separate process, and a client with one kept-alive connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::support::{JANE, TestResponse, wait_until};

/// A server process with several worker threads, which is killed on drop.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    log: tempfile::NamedTempFile,
}

impl Process {
    pub fn start(workers: usize, arguments: &[&str]) -> Self {
        // A pipe that is not read would fill up.
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
        command.args(["serve", "--port", "0"]).args(arguments).env("TOKIO_WORKER_THREADS", workers.to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let Some(address) = address else { panic!("{line:?} {:?}", std::fs::read_to_string(log.path())) };
        Self { child, address, log }
    }

    /// Waits until the log contains these words, and returns it: lines are written shortly after their request.
    pub fn log_with(&self, words: &str) -> String {
        let read = || std::fs::read_to_string(self.log.path()).unwrap();
        wait_until(&format!("a log with `{words}`"), || read().contains(words), read);
        read()
    }

    /// The resident set size, in bytes.
    pub fn resident(&self) -> usize {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a response is waited for. A state of megabytes takes minutes next to processes with a higher priority.
const RESPONSE_WAIT: Duration = Duration::from_mins(10);

/// One kept-alive connection.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    pub fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(RESPONSE_WAIT)).unwrap();
        Self(BufReader::new(socket))
    }

    /// Sends the bytes of one request, and reads the head and the body of its response.
    pub fn exchange(&mut self, request: &[u8]) -> (String, Vec<u8>) {
        self.0.get_mut().write_all(request).unwrap();
        self.read_response(request.starts_with(b"HEAD"))
    }

    pub fn read_response(&mut self, is_head: bool) -> (String, Vec<u8>) {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let before = head.len();
            assert!(self.0.read_line(&mut head).unwrap() > 0, "closed after {head:?}");
            match &head[before..] {
                "\r\n" => break,
                line => length = line.strip_prefix("Content-Length: ").map_or(length, |n| n.trim().parse().unwrap()),
            }
        }
        let mut body = vec![0; if is_head { 0 } else { length }];
        self.0.read_exact(&mut body).unwrap();
        (head, body)
    }

    /// Reads one line, for responses without a length.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// Reads the lines up to the end of the connection.
    pub fn lines_to_end(&mut self) -> String {
        let mut lines = String::new();
        while self.0.read_line(&mut lines).unwrap() > 0 {}
        lines
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> TestResponse {
        let body = body.map(ToString::to_string);
        let (head, body) = self.exchange(&request(method, path, headers, body.as_deref()));
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        TestResponse { status: head[9..12].parse().unwrap(), headers, text: String::from_utf8(body).unwrap() }
    }
}

/// The bytes of a request, as Jane unless the headers have `Authorization`.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if !headers.iter().any(|(name, _)| *name == "Authorization") {
        text += &format!("Authorization: {}\r\n", authorization("API", JANE));
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    (text + "\r\n" + body.unwrap_or_default()).into_bytes()
}

pub fn authorization(user: &str, key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{key}")))
}
