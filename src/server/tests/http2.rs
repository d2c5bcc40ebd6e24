//! HTTP/2, with prior knowledge and over TLS: the same responses, limits and faults as with HTTP/1.1.

use std::sync::atomic::AtomicUsize;

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST};
use http::response::Parts;
use http::{Method, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};

use super::tls::{Generated, generated};
use super::*;
use crate::config::limits::HTTP2_HEAD_EXCESS_BYTES;

/// A connected client. Its task ends with the connection.
struct Client {
    requests: SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

/// A response as far as it arrived, and whether its stream was reset.
#[derive(Debug)]
struct Received {
    head: Parts,
    body: Bytes,
    is_reset: bool,
}

impl Client {
    async fn new(socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        Self { requests, connection: tokio::spawn(connection) }
    }

    /// Sends a request and returns the head of the response, or `None` if the stream is reset before.
    fn send(
        &mut self,
        target: &str,
        body: Bytes,
    ) -> impl Future<Output = hyper::Result<hyper::Response<Incoming>>> + use<> {
        let (method, path) = target.split_once(' ').unwrap_or(("GET", target));
        let request = http::Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("http://x{path}"))
            .body(Full::new(body))
            .unwrap();
        self.requests.send_request(request)
    }

    async fn response(&mut self, target: &str) -> Option<Received> {
        let response = timeout(HANG_GUARD, self.send(target, Bytes::new())).await.unwrap().ok()?;
        Some(receive(response).await)
    }
}

async fn receive(response: hyper::Response<Incoming>) -> Received {
    let (head, mut incoming) = response.into_parts();
    let (mut body, mut is_reset) = (Vec::new(), false);
    while let Some(frame) = timeout(HANG_GUARD, incoming.frame()).await.unwrap() {
        match frame {
            Ok(frame) => body.extend_from_slice(frame.data_ref().unwrap()),
            Err(_) => {
                is_reset = true;
                break;
            }
        }
    }
    Received { head, body: body.into(), is_reset }
}

/// A server and two clients of it: one with prior knowledge, one over TLS.
async fn both(
    tls: &Generated,
    respond: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> (Server, [Client; 2]) {
    let server = Server::start_with(Limits::default(), Some(tls.acceptor()), respond).await;
    let plain = Client::new(server.connect().await).await;
    let encrypted = Client::new(tls.connect(&server, &[b"h2"]).await).await;
    (server, [plain, encrypted])
}

fn assert_plain(received: &Received) {
    assert_eq!((received.head.status, received.body.as_ref()), (StatusCode::OK, &b"0123456789a"[..]));
    assert_eq!(received.head.headers[CONTENT_LENGTH], "11");
    assert_eq!(received.head.version, Version::HTTP_2);
    assert!(!received.is_reset);
}

#[tokio::test]
async fn requests_and_responses_have_the_form_of_http_1() {
    let tls = generated();
    let (_server, clients) = both(&tls, |request| {
        assert_eq!(request.version, Version::HTTP_2);
        let text = format!(
            "{} {} {:?} {:?}",
            request.method,
            request.uri,
            request.headers.get_all(HOST).iter().collect::<Vec<_>>(),
            request.headers.get_all(COOKIE).iter().collect::<Vec<_>>()
        );
        let Body::Complete(body) = &request.body else { panic!("{:?}", request.body) };
        let text = [text.as_bytes(), b" ", body].concat();
        Response::new(StatusCode::OK, text).with_header(CONNECTION, HeaderValue::from_static("close"))
    })
    .await;
    for mut client in clients {
        let sent = client.send("POST /a?b=c", Bytes::from_static(b"body"));
        let received = receive(sent.await.unwrap()).await;
        assert_eq!(received.body, r#"POST /a?b=c ["x"] [] body"#);
        assert!(!received.head.headers.contains_key(CONNECTION), "HTTP/2 has no Connection header");
        let head = client.response("HEAD /a").await.unwrap();
        assert_eq!((head.body.len(), &head.head.headers[CONTENT_LENGTH]), (0, &HeaderValue::from(17)));
    }
}

#[tokio::test]
async fn faults_end_their_stream_only() {
    let tls = generated();
    // The bytes that arrive; `None` without a head.
    let rows: [(WireFault, &str, Option<&[u8]>); 7] = [
        (WireFault::EmptyResponse, "/x", None),
        (WireFault::ConnectionResetByPeer, "/x", None),
        (WireFault::TruncatedBody, "/x", Some(b"01234")),
        (WireFault::TruncatedBody, "HEAD /x", Some(b"")),
        (WireFault::MalformedResponseChunk, "/x", Some(b"\x00no chunk\xff")),
        (WireFault::MalformedResponseChunk, "HEAD /x", Some(b"")),
        (WireFault::RandomDataThenClose, "/x", None),
    ];
    for (kind, target, expected) in rows {
        let (_server, clients) = both(&tls, handler(fault(kind))).await;
        for mut client in clients {
            assert_plain(&client.response("/").await.unwrap());
            let received = client.response(target).await;
            assert_eq!(received.as_ref().map(|received| received.body.as_ref()), expected, "{kind:?} {target}");
            if let Some(received) = received {
                assert!(received.is_reset, "{kind:?} {target}");
                let length = received.head.headers.get(CONTENT_LENGTH);
                assert_eq!(length.is_some(), kind == WireFault::TruncatedBody, "{kind:?} {target}");
            }
            if kind == WireFault::RandomDataThenClose {
                assert!(client.connection.await.unwrap().is_err(), "garbage breaks the connection");
            } else {
                assert_plain(&client.response("/").await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn garbage_is_written_in_place_of_a_frame() {
    let server = Server::with_options(fault(WireFault::RandomDataThenClose)).await;
    let mut socket = server.connect().await;
    socket.write_all(&[PREFACE, SETTINGS, &request_frame(1, b"/x")].concat()).await.unwrap();
    let mut bytes = Vec::new();
    // The end of the connection may be a reset, because the client has not confirmed the settings.
    let _ = timeout(HANG_GUARD, socket.read_to_end(&mut bytes)).await.unwrap();
    assert!(bytes.ends_with(b"\x00no chunk\xff"), "{bytes:?}");
}

#[tokio::test]
async fn hang_blocks_no_other_stream_and_ends_when_the_client_resets_it() {
    let tls = generated();
    let (mut server, clients) = both(&tls, handler(fault(WireFault::Hang))).await;
    for mut client in clients {
        let hanging = tokio::spawn(client.send("/x", Bytes::new()));
        assert_plain(&client.response("/").await.unwrap());
        assert!(!hanging.is_finished());
        hanging.abort();
        assert_plain(&client.response("/").await.unwrap());
    }
    // Nothing is left that the server waits for.
    server.stop().await;
}

#[tokio::test]
async fn streams_beyond_the_limit_wait() {
    let (received, mut requests) = mpsc::unbounded_channel();
    let respond = handler(fault(WireFault::Hang));
    let server = Server::start(Limits::default(), move |request| {
        let _ = received.send(());
        respond(request)
    })
    .await;
    let mut client = Client::new(server.connect().await).await;
    // The limit arrives with the first frames of the server.
    assert_plain(&client.response("/").await.unwrap());
    let limit = usize::try_from(crate::config::limits::HTTP2_STREAMS_MAX).unwrap();
    let mut hanging: Vec<_> = (0..limit).map(|_| tokio::spawn(client.send("/x", Bytes::new()))).collect();
    for _ in 0..=limit {
        timeout(HANG_GUARD, requests.recv()).await.unwrap().unwrap();
    }
    let mut waiting = tokio::spawn(client.send("/", Bytes::new()));
    assert!(timeout(Duration::from_millis(50), &mut waiting).await.is_err(), "it waits for a free stream");
    hanging.pop().unwrap().abort();
    assert_plain(&receive(timeout(HANG_GUARD, waiting).await.unwrap().unwrap().unwrap()).await);
}

#[tokio::test]
async fn throttled_responses_take_their_time() {
    let drip = Some(Drip { chunks: 4, over_ms: 200 });
    let server = Server::with_options(SendOptions { drip, slow_headers: drip, ..SendOptions::default() }).await;
    let mut client = Client::new(server.connect().await).await;
    let start = now();
    let response = client.send("/x", Bytes::new()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200), "the head takes its time");
    assert_plain(&receive(response).await);
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn limits_of_head_and_body_hold() {
    let server = Server::start(
        limits(|limits| {
            limits.head_bytes_max = HEAD_BYTES_MIN;
            limits.body_bytes_max = 10;
        }),
        |request| Response::new(StatusCode::OK, format!("{:?}", request.body)),
    )
    .await;
    let mut client = Client::new(server.connect().await).await;
    let body = client.send("POST /", Bytes::from(vec![b'x'; 100_000])).await.unwrap();
    assert_eq!(receive(body).await.body, "TooLarge { limit: 10 }");
    // The largest ones get a problem document too; the library's own response would have no body.
    for (length, expected) in [
        (HEAD_BYTES_MIN, "larger than"),
        (140_000, "larger than"),
        (HTTP2_HEAD_EXCESS_BYTES, "larger than"),
        (100, "Complete"),
    ] {
        let request = http::Request::get("http://x/").header("x", "y".repeat(length)).body(Full::default()).unwrap();
        let received = receive(client.requests.send_request(request).await.unwrap()).await;
        let text = String::from_utf8_lossy(&received.body).into_owned();
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn stop_lets_running_responses_finish() {
    let tls = generated();
    let options = SendOptions { delay_ms: 100, ..SendOptions::default() };
    let (received, mut requests) = mpsc::unbounded_channel();
    let respond = handler(options);
    let (mut server, [mut plain, encrypted]) = both(&tls, move |request| {
        let _ = received.send(());
        respond(request)
    })
    .await;
    let running = tokio::spawn(plain.send("/x", Bytes::new()));
    requests.recv().await.unwrap();
    server.stop().await;
    assert_plain(&receive(running.await.unwrap().unwrap()).await);
    // The idle connection is closed in an orderly way.
    timeout(HANG_GUARD, encrypted.connection).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn request_without_its_body_does_not_delay_the_stop() {
    let mut server = Server::with_options(SendOptions::default()).await;
    let mut socket = server.connect().await;
    // HEADERS without END_STREAM: a body is announced.
    let mut frame = request_frame(1, b"/x");
    frame[4] = 0x4;
    socket.write_all(&[PREFACE, SETTINGS, &frame].concat()).await.unwrap();
    // The first bytes of the server show that it serves the connection.
    socket.read_u8().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn event_streams_end_with_either_side() {
    let tls = generated();
    let bus = Arc::new(EventBus::default());
    let options = SendOptions { events: Some(Arc::clone(&bus)), ..SendOptions::default() };
    let (mut server, clients) = both(&tls, handler(options)).await;
    let [mut first, mut second] = clients;
    for client in [&mut first, &mut second] {
        let (_, mut events) = client.send("/x", Bytes::new()).await.unwrap().into_parts();
        assert_eq!(events.frame().await.unwrap().unwrap().into_data().unwrap(), ": listening\n\n");
        bus.publish_frame(Bytes::from_static(b"data: 1\n\n"));
        assert_eq!(events.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
        // Dropped here: the client resets the stream.
    }
    let (_, mut events) = first.send("/x", Bytes::new()).await.unwrap().into_parts();
    assert_eq!(events.frame().await.unwrap().unwrap().into_data().unwrap(), ": listening\n\n");
    server.stop().await;
    let rest = timeout(HANG_GUARD, events.collect()).await.unwrap();
    assert!(rest.is_ok_and(|rest| rest.to_bytes().is_empty()), "the stream has ended in an orderly way");
}

#[tokio::test]
async fn idle_connection_is_closed() {
    let server = Server::start(limits(|limits| limits.head_wait_ms_max = 50), |_| plain()).await;
    let mut client = Client::new(server.connect().await).await;
    assert_plain(&client.response("/").await.unwrap());
    timeout(HANG_GUARD, client.connection).await.unwrap().unwrap().unwrap();
    // Also before the preface is complete.
    let mut socket = server.connect().await;
    socket.write_all(&PREFACE[..10]).await.unwrap();
    read_until_closed(&mut socket).await;
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let server = Server::start(Limits::default(), move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        plain()
    })
    .await;
    let mut socket = server.connect().await;
    let mut bytes = [PREFACE, SETTINGS].concat();
    for index in 0..2000_u32 {
        let id = index * 2 + 1;
        bytes.extend_from_slice(&request_frame(id, b"/x"));
        // RST_STREAM with CANCEL.
        bytes.extend_from_slice(&[0, 0, 4, 3, 0]);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(&8_u32.to_be_bytes());
    }
    // The server may close the connection before everything is sent.
    let _ = socket.write_all(&bytes).await;
    let mut reason = None;
    let mut head = [0; 9];
    while timeout(HANG_GUARD, socket.read_exact(&mut head)).await.unwrap().is_ok() {
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        if socket.read_exact(&mut payload).await.is_err() {
            break;
        }
        if head[3] == 7 {
            reason = payload.get(4..8).map(<[u8]>::to_vec);
        }
    }
    // GOAWAY with ENHANCE_YOUR_CALM; it can be lost when the connection is reset because of unread frames.
    assert!(reason.is_none_or(|reason| reason == [0, 0, 0, 11]));
    assert!(calls.load(Ordering::SeqCst) < 2000, "the connection ended before all requests were handled");
}

#[tokio::test]
async fn protocol_is_detected_from_the_first_bytes_however_they_arrive() {
    let server =
        Server::start(Limits::default(), |request| Response::new(StatusCode::OK, request.method.to_string())).await;
    for (first, rest, expected) in [
        ("P", "OST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "POST"),
        ("PR", "OPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", "PROPFIND"),
    ] {
        let mut socket = server.connect().await;
        socket.write_all(first.as_bytes()).await.unwrap();
        socket.flush().await.unwrap();
        // A slow first byte blocks no other connection.
        read_until(&mut server.request("/").await, "GET").await;
        socket.write_all(rest.as_bytes()).await.unwrap();
        read_until(&mut socket, expected).await;
    }
    let mut socket = server.connect().await;
    socket.write_all(&PREFACE[..2]).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    socket.write_all(&[&PREFACE[2..], SETTINGS].concat()).await.unwrap();
    // A SETTINGS frame.
    let mut head = [0; 9];
    socket.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4);
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A HEADERS frame with `END_HEADERS` and `END_STREAM`: `GET`, `http`, a path and the authority `x`.
fn request_frame(stream: u32, path: &[u8]) -> Vec<u8> {
    let path_length = u8::try_from(path.len()).unwrap();
    // `:path` and `:authority` are literals with indexed names, the others are indexed.
    let block = [&[0x82, 0x86, 0x04, path_length], path, &[0x01, 1, b'x']].concat();
    let length = u8::try_from(block.len()).unwrap();
    [&[0, 0, length, 1, 0x5], &stream.to_be_bytes()[..], &block].concat()
}

/// Reads until the server closes the connection.
async fn read_until_closed(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    let _ = timeout(HANG_GUARD, socket.read_to_end(&mut bytes)).await.unwrap();
}
