//! Shared by the tests: a server, a client, and raw sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use leadconduit_mock::{MockServer, MockServerBuilder, Settings};
use serde_json::Value;

/// The time after which a waiting test fails. No result depends on it.
pub const HANG_GUARD: Duration = Duration::from_mins(2);

/// The write timeout of a server for a client that does not read.
pub const WRITE_WAIT: Duration = Duration::from_secs(30);

/// Jane Doe of Acme, Inc., user admin.
pub const JANE: &str = "2f1d5f29915b866c7a2fa5de29613104";
/// Acme's own key.
pub const ACME: &str = "1f1b96c9150d8050e858c043d543bb4eadae0e6f";
/// A superuser of Acme.
pub const SUPERUSER: &str = "00000000000000000000000000000000000000aa";
/// A user of Globex.
pub const GLOBEX: &str = "00000000000000000000000000000000000000bb";

pub const ACME_ID: &str = "5fd4371e940df5a34a3888b2";
pub const JANE_ID: &str = "5fd438f91f0d12766e2bfee5";
pub const SUPERUSER_ID: &str = "5fd43a031f0d12766e2bfeaa";
pub const LUIS_ID: &str = "5fe0b6d21f0d12766e2bfecc";
pub const GLOBEX_USER_ID: &str = "60a5e21e1f0d12766e2bfebb";
pub const SELLER: &str = "5d9a4c421d011c553e000001";
pub const BUYER: &str = "5d9a4c421d011c553e000002";
pub const SSO_ONLY: &str = "5d9a4c421d011c553e000004";
pub const GLOBEX_ONLY: &str = "5d9a4c421d011c553e0000fe";
pub const INVITATION: &str = "64b8f0f5e4b0c3a1d5e6f7a8";
pub const FLOW: &str = "64b8f0f5e4b0c3a1d5e6f7ab";

/// A server with a client, which uses Jane's key by default.
pub struct Mock {
    pub server: MockServer,
    runtime: tokio::runtime::Runtime,
    client: HyperClient<HttpConnector, Full<Bytes>>,
}

/// A response, with its body as text.
#[derive(Debug)]
pub struct TestResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl TestResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("the body is not JSON: {} {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("the body has no `error`: {}", self.text)).to_owned()
    }

    pub fn violations(&self) -> Vec<Value> {
        self.header("x-mock-violations").map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
    }

    /// The value of `X-Mock-Fault`; empty without rules and faults.
    pub fn fault(&self) -> &str {
        self.header("x-mock-fault").unwrap_or_default()
    }

    /// Asserts the status; fails with the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// The limit of computations in tests, in milliseconds of processor time.
pub const COMPUTE_MS_MAX: u64 = 60_000;

/// How long servers of tests wait for the next request or the rest of one.
const CLIENT_WAIT_MS_MAX: u64 = 600_000;

impl Mock {
    pub fn healthy() -> Self {
        Self::start(MockServer::builder())
    }

    pub fn scenario(name: &str) -> Self {
        Self::start(MockServer::builder().scenario(name))
    }

    /// A server with a scenario that the test defines.
    pub fn with_scenario(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.yaml"), text).unwrap();
        Self::start(MockServer::builder().scenarios(folder.path()).scenario(name))
    }

    /// Starts a server that validates its own responses.
    pub fn start(builder: MockServerBuilder) -> Self {
        let configure = |settings: &mut Settings| {
            settings.check_replies = true;
            // A computation takes longer without optimisation.
            let default = Settings::default().limits;
            if settings.limits.compute_ms_max == default.compute_ms_max {
                settings.limits.compute_ms_max = COMPUTE_MS_MAX;
            }
            // On a busy machine, the test itself is the slow client, also between two requests of a connection.
            let limits = &mut settings.limits;
            for (wait, default) in [
                (&mut limits.head_wait_ms_max, default.head_wait_ms_max),
                (&mut limits.body_wait_ms_max, default.body_wait_ms_max),
            ] {
                if *wait == default {
                    *wait = CLIENT_WAIT_MS_MAX;
                }
            }
        };
        let server = builder.configure(configure).start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = HyperClient::builder(TokioExecutor::new()).build_http();
        Self { server, runtime, client }
    }

    pub fn send(&self, request: Request<Full<Bytes>>) -> TestResponse {
        self.runtime.block_on(async {
            let sent = tokio::time::timeout(HANG_GUARD, self.client.request(request));
            let (head, body) = sent.await.expect("a response in time").unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            TestResponse {
                status: head.status.as_u16(),
                headers: head.headers,
                text: String::from_utf8(body.to_vec()).unwrap(),
            }
        })
    }

    pub fn call(&self, key: &str, method: Method, path: &str, body: Option<&Value>) -> TestResponse {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server.url()));
        if !key.is_empty() {
            request = request.header("authorization", basic(key));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send(request.body(Full::new(bytes)).unwrap())
    }

    /// Sends a request such as `GET /user` as Jane. The pseudo header `key` sets another API key; an empty one sends none.
    pub fn request(&self, line: &str, headers: &[(&str, &str)], body: &str) -> TestResponse {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("{}{target}", self.server.url()));
        let key = headers.iter().find(|(name, _)| *name == "key").map_or(JANE, |(_, key)| key);
        if !key.is_empty() {
            request = request.header("authorization", basic(key));
        }
        for (name, value) in headers.iter().filter(|(name, _)| *name != "key") {
            request = request.header(*name, *value);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Full::from(body.to_owned())).unwrap())
    }

    /// Moves the clock of the default sandbox forward.
    pub fn advance(&self, by: &str) {
        self.put("/__admin/clock", &serde_json::json!({"advance": by})).expect(200);
    }

    pub fn get(&self, path: &str) -> TestResponse {
        self.call(JANE, Method::GET, path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> TestResponse {
        self.call(JANE, Method::POST, path, Some(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> TestResponse {
        self.call(JANE, Method::PUT, path, Some(body))
    }

    pub fn delete(&self, path: &str) -> TestResponse {
        self.call(JANE, Method::DELETE, path, None)
    }

    /// Sends bytes, closes the sending side, and reads until the server closes the connection.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut socket = self.socket();
        // The server may close the connection before it has read everything.
        match socket.write_all(bytes) {
            Err(error) if is_closed(error.kind()) => {}
            written => written.unwrap(),
        }
        let _ = socket.shutdown(Shutdown::Write);
        read_all(&mut socket)
    }

    pub fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.server.address()).unwrap();
        socket.set_read_timeout(Some(HANG_GUARD)).unwrap();
        socket
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
}

/// Everything that arrives until the other side closes or resets the connection.
pub fn read_all(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match socket.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(error) if is_closed(error.kind()) => break,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until a condition holds; fails with `state` after the hang guard.
#[track_caller]
pub fn wait_until(what: &str, condition: impl Fn() -> bool, state: impl Fn() -> String) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG_GUARD, "{what} did not happen; the state is {}", state());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a process exits.
#[track_caller]
pub fn wait_for_exit(child: &mut std::process::Child) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < HANG_GUARD, "the process does not exit");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A loopback address that refuses connections. It is reserved while this value exists, so that no server of another test
/// can use it.
pub struct ClosedPort(tokio::net::TcpSocket);

impl ClosedPort {
    pub fn reserve() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// Reads one response with a `Content-Length` from a socket that stays open.
pub fn read_response(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    socket.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

pub fn basic(key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("API:{key}")))
}
