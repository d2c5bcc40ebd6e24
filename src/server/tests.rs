//! The server against replies made up here: what arrives at a client, byte by byte.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::*;
use crate::config::settings::TlsFiles;
use crate::http::message::{Delivery, Drip, WireFault};
use crate::support::event_bus::EventBus;

const HEAD: &str = "HTTP/1.1 200 OK\r\nX-Mock-Request-Id: 7\r\n";

/// What no test should take.
const LONG: Duration = Duration::from_secs(20);

/// A server on loopback. Its answers depend on the path.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::start_with(limits, None, answer).await
    }

    /// `/` is answered at once, everything else as told.
    async fn delivering(delivery: Delivery) -> Self {
        Self::start(Limits::default(), delivers(delivery)).await
    }

    async fn start_with(
        limits: Limits,
        acceptor: Option<Acceptor>,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve(listener, acceptor, Arc::new(answer), limits, stopped));
        Self { address, stop: Some(stop), task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which something has been asked.
    async fn ask(&self, target: &str) -> TcpStream {
        let mut socket = self.connect().await;
        send(&mut socket, target).await;
        socket
    }

    /// All that arrives after a question.
    async fn all(&self, target: &str) -> String {
        all(&mut self.ask(target).await).await
    }

    /// Stops; returns when all connections are done, but not when the drain time is over.
    async fn stop(&mut self) {
        drop(self.stop.take());
        timeout(Duration::from_secs(5), &mut self.task).await.expect("it stops before the drain time is over").unwrap();
    }
}

fn delivers(delivery: Delivery) -> impl Fn(&Request) -> Response + Send + Sync + 'static {
    move |request| {
        let mut reply = plain();
        reply.delivery = (request.path() != "/").then(|| Box::new(delivery.clone()));
        reply
    }
}

fn plain() -> Response {
    let id = HeaderName::from_static("x-mock-request-id");
    Response::new(StatusCode::OK, "0123456789a").with(id, HeaderValue::from(7))
}

fn fault(fault: WireFault) -> Delivery {
    Delivery { fault: Some(fault), garbage: Bytes::from_static(b"\x00no chunk\xff"), ..Delivery::default() }
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

/// Everything up to the end of the connection, which must be in good order.
async fn all(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    timeout(LONG, socket.read_to_end(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Everything up to the given text.
async fn until(socket: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(timeout(LONG, socket.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// What arrives piece by piece, up to the given number of bytes. Pieces are further apart than a read takes.
async fn pieces(socket: &mut TcpStream, length: usize) -> Vec<String> {
    let (mut pieces, mut buffer) = (Vec::new(), [0; 4096]);
    while pieces.iter().map(String::len).sum::<usize>() < length {
        let read = timeout(LONG, socket.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "{pieces:?}");
        pieces.push(String::from_utf8(buffer[..read].to_vec()).unwrap());
    }
    pieces
}

fn whole_reply() -> String {
    format!("{HEAD}Content-Length: 11\r\n\r\n0123456789a")
}

/// Reads the clock of the runtime.
fn now() -> tokio::time::Instant {
    sleep(Duration::ZERO).deadline()
}

#[tokio::test]
async fn faults_byte_by_byte() {
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
        let server = Server::delivering(fault(kind)).await;
        assert_eq!(server.all(target).await, expected, "{kind:?}");
        // Earlier replies arrive, later requests are never answered, and there is no reset either.
        let mut socket = server.connect().await;
        let (method, path) = target.split_once(' ').unwrap_or(("GET", target));
        let many = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000);
        let pipelined = format!("GET / HTTP/1.1\r\nHost: x\r\n\r\n{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n{many}");
        socket.write_all(pipelined.as_bytes()).await.unwrap();
        assert_eq!(all(&mut socket).await, whole_reply() + &expected, "{kind:?}");
    }
}

#[tokio::test]
async fn a_truncated_reply_without_a_body_is_its_head() {
    let server = Server::start(Limits::default(), |request| {
        let mut reply =
            Response::new(if request.path() == "/204" { StatusCode::NO_CONTENT } else { StatusCode::OK }, "");
        reply.delivery = Some(Box::new(fault(WireFault::TruncatedBody)));
        reply
    });
    let server = server.await;
    assert_eq!(server.all("/204").await, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(server.all("/200").await, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut socket = server.connect().await;
    socket.write_all(b"GET /200 HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(all(&mut socket).await.starts_with("HTTP/1.0 200 OK\r\n"));
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let server = Server::delivering(fault(WireFault::ConnectionResetByPeer)).await;
    let error = server.ask("/x").await.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut socket = server.ask("/").await;
    until(&mut socket, "789a").await;
    send(&mut socket, "/x").await;
    assert_eq!(socket.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn faults_above_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.cert).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client.with_no_client_auth()));
    let rows = [
        (WireFault::EmptyResponse, Some(String::new())),
        (WireFault::TruncatedBody, Some(format!("{HEAD}Content-Length: 11\r\n\r\n01234"))),
        (WireFault::ConnectionResetByPeer, None),
    ];
    for (kind, expected) in rows {
        let acceptor = Acceptor::new(&files).unwrap();
        let server = Server::start_with(Limits::default(), Some(acceptor), delivers(fault(kind))).await;
        let name = ServerName::try_from("localhost").unwrap();
        let mut socket = connector.connect(name, server.connect().await).await.unwrap();
        send(&mut socket, "/").await;
        assert_eq!(until(&mut socket, "789a").await, whole_reply());
        send(&mut socket, "/x").await;
        match expected {
            Some(expected) => assert_eq!(all(&mut socket).await, expected),
            None => assert_eq!(socket.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
    }
}

fn certificate(folder: &Path) -> TlsFiles {
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&files.key)
        .arg("-out")
        .arg(&files.cert)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    files
}

#[tokio::test]
async fn a_delay_comes_before_the_reply_and_before_the_fault() {
    for kind in [None, Some(WireFault::EmptyResponse)] {
        let server = Server::delivering(Delivery { delay_ms: 120, fault: kind, ..Delivery::default() }).await;
        let start = now();
        let mut socket = server.ask("/x").await;
        if kind.is_none() {
            assert_eq!(until(&mut socket, "789a").await, whole_reply());
        } else {
            assert_eq!(all(&mut socket).await, "");
        }
        assert!(start.elapsed() >= Duration::from_millis(120));
    }
}

#[tokio::test]
async fn a_body_drips_and_the_connection_stays_of_use() {
    let drip = Drip { chunks: 4, over_ms: 600 };
    let server = Server::delivering(Delivery { drip: Some(drip), ..Delivery::default() }).await;
    let mut socket = server.connect().await;
    for _ in 0..2 {
        let start = now();
        send(&mut socket, "/x").await;
        let pieces = pieces(&mut socket, whole_reply().len()).await;
        assert!(start.elapsed() >= Duration::from_millis(600));
        assert_eq!(pieces.concat(), whole_reply());
        // Head and first piece may leave together.
        assert!(pieces.ends_with(&["234".to_owned(), "567".to_owned(), "89a".to_owned()]), "{pieces:?}");
    }
    send(&mut socket, "HEAD /x").await;
    assert_eq!(until(&mut socket, "\r\n\r\n").await, format!("{HEAD}Content-Length: 11\r\n\r\n"));
    send(&mut socket, "/").await;
    assert_eq!(until(&mut socket, "789a").await, whole_reply());
}

#[tokio::test]
async fn more_pieces_than_bytes_are_bytes_and_a_lone_piece_is_the_last() {
    let drip =
        |chunks, over_ms| Server::delivering(Delivery { drip: Some(Drip { chunks, over_ms }), ..Delivery::default() });
    for (chunks, over_ms, least) in [(u32::MAX, 550, 8), (1, 100, 1), (0, 100, 1), (5, 0, 1)] {
        let server = drip(chunks, over_ms).await;
        let start = now();
        let pieces = pieces(&mut server.ask("/x").await, whole_reply().len()).await;
        assert_eq!(pieces.concat(), whole_reply());
        assert!(pieces.len() >= least, "{pieces:?}");
        assert!(start.elapsed() >= Duration::from_millis(over_ms));
    }
}

#[tokio::test]
async fn slow_headers_and_a_slow_body_after_them() {
    let slow = Drip { chunks: 3, over_ms: 200 };
    let server = Server::delivering(Delivery {
        slow_headers: Some(slow),
        drip: Some(Drip { chunks: 11, over_ms: 330 }),
        ..Delivery::default()
    })
    .await;
    let expected = format!("{HEAD}Connection: close\r\nContent-Length: 11\r\n\r\n0123456789a");
    let start = now();
    let mut socket = server.ask("/x").await;
    let pieces = pieces(&mut socket, expected.len()).await;
    assert_eq!(pieces.concat().len(), expected.len());
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines(&pieces.concat()), lines(&expected));
    // Fourteen pieces leave; on a busy machine some of them arrive together.
    assert!((8..=14).contains(&pieces.len()), "{pieces:?}");
    assert!(start.elapsed() >= Duration::from_millis(530));
    assert_eq!(all(&mut socket).await, "", "it is closed");
}

#[tokio::test]
async fn a_hang_ends_when_the_client_goes() {
    let server = Server::start(limits(|limits| limits.connections_max = 1), delivers(fault(WireFault::Hang))).await;
    for half in [false, true] {
        let mut hanging = server.ask("/x").await;
        assert!(timeout(Duration::from_millis(100), hanging.read_u8()).await.is_err());
        if half {
            hanging.shutdown().await.unwrap();
            assert_eq!(all(&mut hanging).await, "");
        }
        drop(hanging);
        // There is one place: this is answered once it is free.
        let mut next = server.ask("/").await;
        assert_eq!(until(&mut next, "789a").await, whole_reply());
    }
}

#[tokio::test]
async fn a_hang_ends_at_its_limit() {
    let server = Server::start(limits(|limits| limits.hang_ms_max = 150), delivers(fault(WireFault::Hang))).await;
    let start = now();
    assert_eq!(server.all("/x").await, "");
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn hangs_end_when_the_server_stops_and_delays_are_waited_for() {
    let mut server = Server::start(Limits::default(), |request| {
        let mut reply = plain();
        let delivery = match request.path() {
            "/hang" => fault(WireFault::Hang),
            "/delay" => Delivery { delay_ms: 300, ..Delivery::default() },
            "/never" => Delivery { delay_ms: 3_600_000, ..Delivery::default() },
            _ => Delivery { drip: Some(Drip { chunks: 3, over_ms: 300 }), ..Delivery::default() },
        };
        reply.delivery = Some(Box::new(delivery));
        reply
    })
    .await;
    let (mut hanging, mut waiting) = (server.ask("/hang").await, server.ask("/never").await);
    let (mut delayed, mut dripping) = (server.ask("/delay").await, server.ask("/drip").await);
    until(&mut dripping, "012").await;
    server.stop().await;
    assert_eq!(all(&mut hanging).await, "");
    assert_eq!(all(&mut waiting).await, "", "it would not have come to an end");
    assert!(all(&mut delayed).await.ends_with("\r\n\r\n0123456789a"));
    assert_eq!(all(&mut dripping).await, "3456789a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_hanging_clients_are_in_nobodys_way() {
    let mut server = Server::delivering(fault(WireFault::Hang)).await;
    server.ask("/").await;
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let mut hanging = Vec::new();
    for _ in 0..1000 {
        hanging.push(server.ask("/x").await);
    }
    let replies = async {
        let mut socket = server.connect().await;
        for _ in 0..200 {
            send(&mut socket, "/").await;
            assert_eq!(until(&mut socket, "789a").await, whole_reply());
        }
    };
    timeout(LONG, replies).await.unwrap();
    // Other tests have threads too, but not a thousand.
    assert!(threads() < before + 100, "{before} threads have become {}", threads());
    server.stop().await;
    for mut socket in hanging {
        assert_eq!(all(&mut socket).await, "");
    }
}

/// A server whose `/x` listens to a hub.
async fn telling(limits: Limits) -> (Server, Arc<EventBus>) {
    let hub = Arc::new(EventBus::default());
    let heard = Arc::downgrade(&hub);
    let server = Server::start(limits, move |request| {
        let mut reply =
            Response::new(StatusCode::OK, "").with(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        let events = (request.path() == "/x").then(|| heard.upgrade()).flatten();
        reply.delivery = Some(Box::new(Delivery { events, ..Delivery::default() }));
        reply
    });
    (server.await, hub)
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: listening\n\n";

#[tokio::test]
async fn events_arrive_until_the_server_stops() {
    let (mut server, hub) = telling(Limits::default()).await;
    let mut socket = server.ask("/x").await;
    assert_eq!(until(&mut socket, ": listening\n\n").await, STREAM);
    for number in 0..3 {
        hub.tell("exchange", &json!({"number": number}));
        let event = until(&mut socket, "\n\n").await;
        assert_eq!(event, format!("event: exchange\ndata: {{\"number\":{number}}}\n\n"));
    }
    assert_eq!(server.all("HEAD /x").await, STREAM.strip_suffix(": listening\n\n").unwrap());
    server.stop().await;
    assert_eq!(all(&mut socket).await, "");
    assert!(!hub.is_heard());
}

#[tokio::test]
async fn events_end_with_the_sandbox() {
    let (server, hub) = telling(Limits::default()).await;
    let mut socket = server.ask("/x").await;
    until(&mut socket, ": listening\n\n").await;
    hub.tell("last", &json!(1));
    drop(hub);
    assert_eq!(all(&mut socket).await, "event: last\ndata: 1\n\n");
}

#[tokio::test]
async fn a_listener_that_goes_away_frees_its_place() {
    let (server, hub) = telling(limits(|limits| limits.connections_max = 1)).await;
    for _ in 0..2 {
        let mut socket = server.ask("/x").await;
        until(&mut socket, ": listening\n\n").await;
        drop(socket);
    }
    // A client that only says that it sends no more is told on.
    let mut socket = server.ask("/x").await;
    until(&mut socket, ": listening\n\n").await;
    socket.shutdown().await.unwrap();
    assert_eq!(until(&mut socket, "\n\n").await, ": still here\n\n");
    hub.tell("news", &json!(1));
    until(&mut socket, "event: news\ndata: 1\n\n").await;
    drop(socket);
    let mut next = server.ask("/").await;
    assert!(until(&mut next, "\r\n\r\n").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_listener_that_is_too_slow_is_let_go() {
    let (server, hub) = telling(Limits::default()).await;
    let mut socket = server.ask("/x").await;
    until(&mut socket, ": listening\n\n").await;
    let long = json!("x".repeat(10_000));
    for _ in 0..3000 {
        hub.tell("exchange", &long);
        // The server writes until the client's buffers are full.
        tokio::task::yield_now().await;
    }
    assert!(all(&mut socket).await.ends_with("\n\n: too slow, bye\n\n"));
}
