//! The server with fixed handlers: the bytes that a client receives.

mod http2;
mod tls;

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::*;
use crate::http::message::{Drip, SendOptions};
use crate::http::wire_fault::WireFault;
use crate::support::event_bus::EventBus;

const HEAD: &str = "HTTP/1.1 200 OK\r\nX-Mock-Request-Id: 7\r\n";

/// The time after which a waiting test fails. No result depends on it.
const HANG_GUARD: Duration = Duration::from_mins(2);

/// How long servers in these tests let requests finish when they stop: longer than any test takes.
const DRAIN_MS: u64 = 3_600_000;

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits, handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::start_with(limits, None, handler).await
    }

    /// Sends `/` at once, and every other path with these options.
    async fn with_options(options: SendOptions) -> Self {
        Self::start(Limits::default(), handler(options)).await
    }

    async fn start_with(
        limits: Limits,
        acceptor: Option<TlsAcceptor>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let limits = Limits { drain_ms_max: DRAIN_MS, ..limits };
        let task = tokio::spawn(serve(listener, acceptor, Arc::new(handler), limits, stopped));
        Self { address, stop: Some(stop), task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which a request has been sent.
    async fn request(&self, target: &str) -> TcpStream {
        let mut socket = self.connect().await;
        send(&mut socket, target).await;
        socket
    }

    /// All bytes that arrive after a request.
    async fn response(&self, target: &str) -> String {
        read_all(&mut self.request(target).await).await
    }

    /// Stops the server and waits until all connections are closed. The drain time is longer than this wait.
    async fn stop(&mut self) {
        drop(self.stop.take());
        timeout(HANG_GUARD, &mut self.task).await.expect("the server stops before the end of the drain time").unwrap();
    }
}

fn handler(options: SendOptions) -> impl Fn(&Request) -> Response + Send + Sync + 'static {
    move |request| {
        let mut response = plain();
        response.send_options = (request.path() != "/").then(|| Box::new(options.clone()));
        response
    }
}

fn plain() -> Response {
    let id = crate::http::headers::REQUEST_ID;
    Response::new(StatusCode::OK, "0123456789a").with_header(id, HeaderValue::from(7))
}

fn fault(fault: WireFault) -> SendOptions {
    SendOptions { wire_fault: Some(fault), garbage: Bytes::from_static(b"\x00no chunk\xff"), ..SendOptions::default() }
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

async fn send(socket: &mut (impl AsyncWrite + Unpin), target: &str) {
    let (method, path) = target.split_once(' ').unwrap_or(("GET", target));
    socket.write_all(format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
}

/// All bytes but keep-alives until the end of the stream. Panics on a reset.
async fn read_all(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    timeout(HANG_GUARD, socket.read_to_end(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8_lossy(&bytes).replace(": keep-alive\n\n", "")
}

/// All bytes up to and including the given text.
async fn read_until(socket: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(timeout(HANG_GUARD, socket.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// The next bytes, exactly as many as requested.
async fn read_exactly(socket: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    timeout(HANG_GUARD, socket.read_exact(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

fn full_response() -> String {
    format!("{HEAD}Content-Length: 11\r\n\r\n0123456789a")
}

/// The runtime's clock.
fn now() -> tokio::time::Instant {
    sleep(Duration::ZERO).deadline()
}

#[tokio::test]
async fn faults_send_the_expected_bytes() {
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    let rows = [
        (WireFault::EmptyResponse, "/x", String::new()),
        (WireFault::RandomDataThenClose, "/x", "\0no chunk\u{fffd}".to_owned()),
        (WireFault::MalformedResponseChunk, "/x", format!("{chunked}\0no chunk\u{fffd}")),
        (WireFault::MalformedResponseChunk, "HEAD /x", chunked),
        (WireFault::TruncatedBody, "/x", format!("{HEAD}Content-Length: 11\r\n\r\n01234")),
        (WireFault::TruncatedBody, "HEAD /x", format!("{HEAD}Content-Length: 11\r\n\r\n")),
    ];
    for (kind, target, expected) in rows {
        let server = Server::with_options(fault(kind)).await;
        assert_eq!(server.response(target).await, expected, "{kind:?}");
        // Earlier responses arrive, later requests get no response, and the connection is not reset.
        let mut socket = server.connect().await;
        let (method, path) = target.split_once(' ').unwrap_or(("GET", target));
        let many = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000);
        let pipelined = format!("GET / HTTP/1.1\r\nHost: x\r\n\r\n{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n{many}");
        socket.write_all(pipelined.as_bytes()).await.unwrap();
        assert_eq!(read_all(&mut socket).await, full_response() + &expected, "{kind:?}");
    }
}

#[tokio::test]
async fn truncated_response_without_a_body_is_only_its_head() {
    let server = Server::start(Limits::default(), |request| {
        let mut response =
            Response::new(if request.path() == "/204" { StatusCode::NO_CONTENT } else { StatusCode::OK }, "");
        response.send_options = Some(Box::new(fault(WireFault::TruncatedBody)));
        response
    });
    let server = server.await;
    assert_eq!(server.response("/204").await, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(server.response("/200").await, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut socket = server.connect().await;
    socket.write_all(b"GET /200 HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(read_all(&mut socket).await.starts_with("HTTP/1.0 200 OK\r\n"));
}

#[tokio::test]
async fn reset_fault_resets_the_connection() {
    let server = Server::with_options(fault(WireFault::ConnectionResetByPeer)).await;
    let error = server.request("/x").await.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut socket = server.request("/").await;
    read_until(&mut socket, "789a").await;
    send(&mut socket, "/x").await;
    assert_eq!(socket.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn delay_precedes_response_and_fault() {
    for wire_fault in [None, Some(WireFault::EmptyResponse)] {
        let server = Server::with_options(SendOptions { delay_ms: 120, wire_fault, ..SendOptions::default() }).await;
        let start = now();
        let mut socket = server.request("/x").await;
        if wire_fault.is_none() {
            assert_eq!(read_until(&mut socket, "789a").await, full_response());
        } else {
            assert_eq!(read_all(&mut socket).await, "");
        }
        assert!(start.elapsed() >= Duration::from_millis(120));
    }
}

#[tokio::test]
async fn throttled_body_keeps_the_connection_usable() {
    let drip = Drip { chunks: 4, over_ms: 300 };
    let server = Server::with_options(SendOptions { drip: Some(drip), ..SendOptions::default() }).await;
    let mut socket = server.connect().await;
    for _ in 0..2 {
        let start = now();
        send(&mut socket, "/x").await;
        assert_eq!(read_exactly(&mut socket, full_response().len()).await, full_response());
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
    send(&mut socket, "HEAD /x").await;
    assert_eq!(read_until(&mut socket, "\r\n\r\n").await, format!("{HEAD}Content-Length: 11\r\n\r\n"));
    send(&mut socket, "/").await;
    assert_eq!(read_until(&mut socket, "789a").await, full_response());
}

#[tokio::test]
async fn chunks_are_even_and_no_more_than_bytes() {
    let rows: [(u32, u64, &[&str]); 5] = [
        (4, 60, &["01", "234", "567", "89a"]),
        (u32::MAX, 50, &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a"]),
        (1, 50, &["0123456789a"]),
        (0, 50, &["0123456789a"]),
        (5, 0, &["01", "23", "45", "67", "89a"]),
    ];
    for (chunks, over_ms, expected) in rows {
        let drip = Drip { chunks, over_ms };
        let start = now();
        let (mut dripping, mut pieces) = (drip::DripStream::new(plain().body, drip), Vec::new());
        while let Some(piece) = dripping.next_chunk().await {
            pieces.push(piece);
        }
        assert_eq!(pieces, expected, "{chunks} chunks");
        assert!(start.elapsed() >= Duration::from_millis(over_ms), "{chunks} chunks");
        // The same over a socket, where the system may put pieces together.
        let server = Server::with_options(SendOptions { drip: Some(drip), ..SendOptions::default() }).await;
        let start = now();
        let mut socket = server.request("/x").await;
        assert_eq!(read_exactly(&mut socket, full_response().len()).await, full_response(), "{chunks} chunks");
        assert!(start.elapsed() >= Duration::from_millis(over_ms), "{chunks} chunks");
    }
}

#[tokio::test]
async fn first_chunk_is_sent_at_once() {
    // The other chunks take an hour.
    let slow = Some(Drip { chunks: 4, over_ms: 3_600_000 });
    let server = Server::with_options(SendOptions { drip: slow, ..SendOptions::default() }).await;
    read_until(&mut server.request("/x").await, "\r\n\r\n01").await;
    let server = Server::with_options(SendOptions { slow_headers: slow, ..SendOptions::default() }).await;
    assert_eq!(read_exactly(&mut server.request("/x").await, 15).await, "HTTP/1.1 200 OK");
    let server = Server::with_options(SendOptions { drip: slow, ..fault(WireFault::TruncatedBody) }).await;
    read_until(&mut server.request("/x").await, "\r\n\r\n0").await;
}

#[tokio::test]
async fn throttled_headers_precede_a_throttled_body() {
    let slow = Drip { chunks: 3, over_ms: 200 };
    let server = Server::with_options(SendOptions {
        slow_headers: Some(slow),
        drip: Some(Drip { chunks: 11, over_ms: 330 }),
        ..SendOptions::default()
    })
    .await;
    let expected = format!("{HEAD}Connection: close\r\nContent-Length: 11\r\n\r\n0123456789a");
    let start = now();
    let mut socket = server.request("/x").await;
    let response = read_exactly(&mut socket, expected.len()).await;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines(&response), lines(&expected));
    assert!(start.elapsed() >= Duration::from_millis(530));
    assert_eq!(read_all(&mut socket).await, "", "the connection is closed");
}

#[tokio::test]
async fn hang_ends_when_the_client_disconnects() {
    let (respond, released) = (handler(fault(WireFault::Hang)), Arc::new(AtomicBool::new(false)));
    let (received, mut requests) = mpsc::unbounded_channel();
    let has_disconnected = Arc::clone(&released);
    let server = Server::start(limits(|limits| limits.connections_max = 1), move |request| {
        // There is one connection slot, so that the second request is read when the first connection has ended.
        assert!(request.path() == "/x" || has_disconnected.load(Ordering::SeqCst), "the first client is still there");
        let _ = received.send(());
        respond(request)
    })
    .await;
    for half in [false, true] {
        released.store(false, Ordering::SeqCst);
        let mut hanging = server.request("/x").await;
        timeout(HANG_GUARD, requests.recv()).await.unwrap().unwrap();
        let mut next = server.request("/").await;
        released.store(true, Ordering::SeqCst);
        if half {
            hanging.shutdown().await.unwrap();
            assert_eq!(read_all(&mut hanging).await, "");
        }
        drop(hanging);
        assert_eq!(read_until(&mut next, "789a").await, full_response());
        timeout(HANG_GUARD, requests.recv()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn hang_ends_at_its_limit() {
    let server = Server::start(limits(|limits| limits.hang_ms_max = 150), handler(fault(WireFault::Hang))).await;
    let start = now();
    assert_eq!(server.response("/x").await, "");
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn stop_ends_hangs_and_waits_for_short_delays() {
    let (received, mut requests) = mpsc::unbounded_channel();
    let mut server = Server::start(Limits::default(), move |request| {
        let _ = received.send(());
        let mut response = plain();
        let options = match request.path() {
            "/hang" => fault(WireFault::Hang),
            "/delay" => SendOptions { delay_ms: 300, ..SendOptions::default() },
            "/never" => SendOptions { delay_ms: 2 * DRAIN_MS, ..SendOptions::default() },
            _ => SendOptions { drip: Some(Drip { chunks: 3, over_ms: 300 }), ..SendOptions::default() },
        };
        response.send_options = Some(Box::new(options));
        response
    })
    .await;
    let (mut hanging, mut too_late) = (server.request("/hang").await, server.request("/never").await);
    let (mut delayed, mut dripping) = (server.request("/delay").await, server.request("/drip").await);
    read_until(&mut dripping, "012").await;
    // All four requests have been read.
    for _ in 0..4 {
        timeout(HANG_GUARD, requests.recv()).await.unwrap().unwrap();
    }
    server.stop().await;
    assert_eq!(read_all(&mut hanging).await, "");
    assert_eq!(read_all(&mut too_late).await, "", "the delay ends after the drain time");
    assert!(read_all(&mut delayed).await.ends_with("\r\n\r\n0123456789a"));
    assert_eq!(read_all(&mut dripping).await, "3456789a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_hanging_clients_do_not_block_others() {
    let mut server = Server::with_options(fault(WireFault::Hang)).await;
    server.request("/").await;
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let mut hanging = Vec::new();
    for _ in 0..1000 {
        hanging.push(server.request("/x").await);
    }
    let requests = async {
        let mut socket = server.connect().await;
        for _ in 0..200 {
            send(&mut socket, "/").await;
            assert_eq!(read_until(&mut socket, "789a").await, full_response());
        }
    };
    timeout(HANG_GUARD, requests).await.unwrap();
    // Other tests have threads too, but not a thousand.
    assert!(threads() < before + 100, "{before} threads before, {} now", threads());
    server.stop().await;
    for mut socket in hanging {
        assert_eq!(read_all(&mut socket).await, "");
    }
}

/// A server whose `/x` streams the events of a bus.
async fn event_server(limits: Limits) -> (Server, Arc<EventBus>) {
    let event_bus = Arc::new(EventBus::default());
    let weak_bus = Arc::downgrade(&event_bus);
    let server = Server::start(limits, move |request| {
        let mut response =
            Response::new(StatusCode::OK, "").with_header(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        let events = (request.path() == "/x").then(|| weak_bus.upgrade()).flatten();
        response.send_options = Some(Box::new(SendOptions { events, ..SendOptions::default() }));
        response
    });
    (server.await, event_bus)
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: listening\n\n";

#[tokio::test]
async fn events_are_streamed_until_the_server_stops() {
    let (mut server, event_bus) = event_server(Limits::default()).await;
    let mut socket = server.request("/x").await;
    assert_eq!(read_until(&mut socket, ": listening\n\n").await, STREAM);
    for number in 0..3 {
        event_bus.publish("exchange", &json!({"number": number}));
        let event = format!("event: exchange\ndata: {{\"number\":{number}}}\n\n");
        assert_eq!(read_until(&mut socket, &event).await.replace(": keep-alive\n\n", ""), event);
    }
    assert_eq!(server.response("HEAD /x").await, STREAM.strip_suffix(": listening\n\n").unwrap());
    server.stop().await;
    assert_eq!(read_all(&mut socket).await, "");
    assert!(!event_bus.has_subscribers());
}

#[tokio::test]
async fn stream_ends_when_the_event_bus_is_dropped() {
    let (server, event_bus) = event_server(Limits::default()).await;
    let mut socket = server.request("/x").await;
    read_until(&mut socket, ": listening\n\n").await;
    event_bus.publish("last", &json!(1));
    drop(event_bus);
    assert_eq!(read_all(&mut socket).await, "event: last\ndata: 1\n\n");
}

#[tokio::test]
async fn disconnected_subscriber_releases_its_connection() {
    let (server, event_bus) = event_server(limits(|limits| limits.connections_max = 1)).await;
    for _ in 0..2 {
        let mut socket = server.request("/x").await;
        read_until(&mut socket, ": listening\n\n").await;
        drop(socket);
    }
    // A client that only closes its sending side still gets events.
    let mut socket = server.request("/x").await;
    read_until(&mut socket, ": listening\n\n").await;
    socket.shutdown().await.unwrap();
    assert_eq!(read_until(&mut socket, "\n\n").await, ": keep-alive\n\n");
    event_bus.publish("news", &json!(1));
    read_until(&mut socket, "event: news\ndata: 1\n\n").await;
    drop(socket);
    let mut next = server.request("/").await;
    assert!(read_until(&mut next, "\r\n\r\n").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn slow_subscriber_is_disconnected() {
    let (server, event_bus) = event_server(Limits::default()).await;
    let mut socket = server.request("/x").await;
    read_until(&mut socket, ": listening\n\n").await;
    // Encoded once: a busy machine must not need longer for all of them than the timeout of a write.
    let long = EventBus::frame("exchange", &json!("x".repeat(10_000)));
    for _ in 0..3000 {
        event_bus.publish_frame(long.clone());
        // The server writes until the client's buffers are full.
        tokio::task::yield_now().await;
    }
    assert!(read_all(&mut socket).await.ends_with("\n\n: closed, the client reads too slowly\n\n"));
}
