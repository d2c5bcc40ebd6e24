//! The HTTPS proxy with a handler that sends every `CONNECT` somewhere: the bytes that clients and hosts receive.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::config::limits::{Limits, TunnelLimits};
use crate::http::handling::Handling;
use crate::http::message::SendOptions;
use crate::http::wire_fault::WireFault;
use crate::server::{serve, tunnel};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The time after which a waiting test fails. No result depends on it.
const HANG_GUARD: Duration = Duration::from_mins(2);

/// Intercepts LeadConduit's hosts, and tunnels to all others.
struct Proxy {
    limits: TunnelLimits,
    /// Whether tunnels may lead to this machine, where the hosts of these tests are.
    allows_local: bool,
}

impl Handler for Proxy {
    fn handle(self: &Arc<Self>, request: &Arc<Request>) -> Handling {
        let mut response = Response::new(StatusCode::OK, "0123456789");
        let wire_fault = match request.path() {
            "/reset" => Some(WireFault::ConnectionResetByPeer),
            "/empty" => Some(WireFault::EmptyResponse),
            "/truncated" => Some(WireFault::TruncatedBody),
            "/hang" => Some(WireFault::Hang),
            _ => None,
        };
        response.send_options = wire_fault
            .map(|wire_fault| Box::new(SendOptions { wire_fault: Some(wire_fault), ..SendOptions::default() }));
        Handling::Ready(response)
    }

    fn connect(&self, request: &Request, is_tunnelled: bool) -> Option<Result<ConnectRoute, Box<Response>>> {
        if is_tunnelled || request.version == http::Version::HTTP_2 {
            return Some(Err(Box::new(Response::new(StatusCode::METHOD_NOT_ALLOWED, "nested"))));
        }
        let target = ConnectTarget::parse(&request.uri).unwrap();
        Some(Ok(if target.is_vendor() { ConnectRoute::Intercept(target) } else { ConnectRoute::Tunnel(target) }))
    }

    fn allows_tunnel_to(&self, address: IpAddr) -> bool {
        self.allows_local || tunnel::is_remote(address)
    }

    fn tunnel_limits(&self) -> TunnelLimits {
        self.limits
    }
}

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: TunnelLimits, allows_local: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        // Longer than any test takes.
        let server_limits = Limits { drain_ms_max: 3_600_000, ..Limits::default() };
        let handler = Arc::new(Proxy { limits, allows_local });
        Self { address, stop: Some(stop), task: tokio::spawn(serve(listener, None, handler, server_limits, stopped)) }
    }

    /// A connection on which `CONNECT` was sent, with further bytes behind it.
    async fn request(&self, target: impl std::fmt::Display, behind: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n{behind}").as_bytes()).await.unwrap();
        socket
    }

    /// An established tunnel.
    async fn tunnel(&self, target: impl std::fmt::Display, behind: &str) -> TcpStream {
        let mut socket = self.request(target, behind).await;
        expect(&mut socket, std::str::from_utf8(ESTABLISHED).unwrap()).await;
        socket
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        timeout(HANG_GUARD, self.task).await.expect("the server stops before the end of the drain time").unwrap();
    }
}

/// Reads exactly these bytes.
async fn expect(socket: &mut TcpStream, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    timeout(HANG_GUARD, socket.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
}

async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(HANG_GUARD, socket.read_to_end(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Another host.
async fn host() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    timeout(HANG_GUARD, listener.accept()).await.unwrap().unwrap().0
}

const GET: &str = "GET /x HTTP/1.1\r\nHost: app.leadconduit.com\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";

#[tokio::test]
async fn the_requests_of_an_intercepted_tunnel_are_handled() {
    let server = Server::start(TunnelLimits::default(), false).await;
    let mut socket = server.tunnel("app.leadconduit.com:443", "").await;
    for _ in 0..2 {
        socket.write_all(GET.as_bytes()).await.unwrap();
        expect(&mut socket, RESPONSE).await;
    }
    // Bytes that arrive with the CONNECT request belong to the tunnel.
    let mut socket = server.tunnel("app.leadconduit.com:80", &GET.repeat(3)).await;
    expect(&mut socket, &RESPONSE.repeat(3)).await;
    // A response before it is complete, and nothing of the tunnel is a response of the proxy.
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let pipelined = format!("{GET}CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\n\r\n{GET}");
    socket.write_all(pipelined.as_bytes()).await.unwrap();
    expect(&mut socket, &[RESPONSE, std::str::from_utf8(ESTABLISHED).unwrap(), RESPONSE].concat()).await;
    server.stop().await;
}

#[tokio::test]
async fn connect_inside_of_a_tunnel_is_refused() {
    let server = Server::start(TunnelLimits::default(), true).await;
    let mut socket = server.tunnel("app.leadconduit.com:443", "").await;
    socket.write_all(b"CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    expect(&mut socket, "HTTP/1.1 405 Method Not Allowed\r\n").await;
}

#[tokio::test]
async fn http2_works_inside_of_a_tunnel_but_not_around_it() {
    let server = Server::start(TunnelLimits::default(), true).await;
    let status = async |socket: TcpStream, method: Method, uri: &str| {
        let (mut requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = http::Request::builder().method(method).uri(uri).body(Empty::<Bytes>::new()).unwrap();
        let response = timeout(HANG_GUARD, requests.send_request(request)).await.unwrap().unwrap();
        connection.abort();
        response.status().as_u16()
    };
    let inside = server.tunnel("app.leadconduit.com:443", "").await;
    assert_eq!(status(inside, Method::GET, "http://app.leadconduit.com/x").await, 200);
    let around = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(status(around, Method::CONNECT, "app.leadconduit.com:443").await, 405);
}

#[tokio::test]
async fn wire_faults_act_on_the_connection_of_the_tunnel() {
    let server = Server::start(TunnelLimits::default(), false).await;
    for (path, expected) in [
        ("/empty", Ok("")),
        ("/truncated", Ok("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")),
        ("/reset", Err(ErrorKind::ConnectionReset)),
    ] {
        let mut socket = server.tunnel("app.leadconduit.com:443", "").await;
        socket.write_all(GET.replace("/x", path).as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let read = timeout(HANG_GUARD, socket.read_to_end(&mut bytes)).await.unwrap();
        match expected {
            Ok(text) => assert_eq!((read.unwrap(), String::from_utf8_lossy(&bytes).as_ref()), (text.len(), text)),
            Err(kind) => assert_eq!(read.unwrap_err().kind(), kind, "{path}"),
        }
    }
    // A hanging request ends when the server stops.
    let mut socket = server.tunnel("app.leadconduit.com:443", &GET.replace("/x", "/hang")).await;
    server.stop().await;
    assert_eq!(read_to_end(&mut socket).await, "");
}

#[tokio::test]
async fn bytes_are_copied_in_both_directions_until_both_sides_are_closed() {
    let (listener, address) = host().await;
    let server = Server::start(TunnelLimits::default(), true).await;
    for target in [address.to_string(), format!("localhost:{}", address.port())] {
        let mut client = server.tunnel(&target, "behind the head").await;
        let mut host = accept(&listener).await;
        expect(&mut host, "behind the head").await;
        // Both at once, and more than any buffer holds.
        let large = "x".repeat(3_000_000);
        let (mut client_in, mut client_out) = client.split();
        let (mut host_in, mut host_out) = host.split();
        let mut received = (vec![0; large.len()], vec![0; large.len()]);
        let all = async {
            tokio::try_join!(
                client_out.write_all(large.as_bytes()),
                host_out.write_all(large.as_bytes()),
                client_in.read_exact(&mut received.0),
                host_in.read_exact(&mut received.1),
            )
        };
        timeout(HANG_GUARD, all).await.unwrap().unwrap();
        assert!(received.0 == large.as_bytes() && received.1 == large.as_bytes());
        // The client has sent everything, and the host still responds.
        client.shutdown().await.unwrap();
        assert_eq!(read_to_end(&mut host).await, "");
        host.write_all(b"after the end of the client").await.unwrap();
        expect(&mut client, "after the end of the client").await;
        drop(host);
        assert_eq!(read_to_end(&mut client).await, "");
    }
}

#[tokio::test]
async fn a_reset_of_one_side_closes_the_other() {
    let (listener, address) = host().await;
    let server = Server::start(TunnelLimits::default(), true).await;
    let mut client = server.tunnel(address, "").await;
    let host = accept(&listener).await;
    host.set_zero_linger().unwrap();
    drop(host);
    let end = timeout(HANG_GUARD, client.read_u8()).await.unwrap().unwrap_err().kind();
    assert!(matches!(end, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{end}");
}

#[tokio::test]
async fn tunnels_never_lead_to_this_machine() {
    let (_listener, address) = host().await;
    let server = Server::start(TunnelLimits::default(), false).await;
    let port = address.port();
    for target in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("a.localhost:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        "169.254.169.254:80".to_owned(),
        // The system resolves other notations of an address, if the parser of this crate does not.
        format!("127.1:{port}"),
        format!("2130706433:{port}"),
        server.address.to_string(),
    ] {
        let mut socket = server.request(&target, "").await;
        expect(&mut socket, "HTTP/1.1 403 Forbidden\r\n").await;
    }
}

#[tokio::test]
async fn hosts_that_cannot_be_reached_have_a_status() {
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = Server::start(TunnelLimits::default(), true).await;
    // The connection stays open, so that a client can try another host.
    let mut socket = server.request(closed.local_addr().unwrap(), GET).await;
    expect(&mut socket, "HTTP/1.1 502 Bad Gateway\r\n").await;
    let mut rest = String::new();
    while !rest.ends_with(RESPONSE) {
        rest.push(char::from(timeout(HANG_GUARD, socket.read_u8()).await.unwrap().unwrap()));
    }
    let mut socket = server.request("no-such-host.invalid:443", "").await;
    expect(&mut socket, "HTTP/1.1 502 Bad Gateway\r\n").await;
}

#[tokio::test]
async fn a_host_that_does_not_accept_in_time_is_given_up() {
    // With a full backlog, the system accepts no further connection, and rejects none.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(socket)) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(socket);
    }
    let limits = TunnelLimits { connect_timeout: Duration::from_millis(50), ..TunnelLimits::default() };
    let server = Server::start(limits, true).await;
    let mut socket = server.request(address, "").await;
    expect(&mut socket, "HTTP/1.1 504 Gateway Timeout\r\n").await;
}

#[tokio::test]
async fn the_number_of_tunnels_is_limited() {
    let (listener, address) = host().await;
    let server = Server::start(TunnelLimits { tunnels_max: 1, ..TunnelLimits::default() }, true).await;
    let first = server.tunnel(address, "").await;
    let host = accept(&listener).await;
    let mut second = server.request(address, "").await;
    expect(&mut second, "HTTP/1.1 503 Service Unavailable\r\n").await;
    // Intercepted hosts need no tunnel.
    server.tunnel("app.leadconduit.com:443", "").await;
    drop((first, host));
    let mut status = String::new();
    while !status.starts_with("HTTP/1.1 200") {
        let mut next = server.request(address, "").await;
        let mut bytes = [0; 12];
        timeout(HANG_GUARD, next.read_exact(&mut bytes)).await.unwrap().unwrap();
        status = String::from_utf8(bytes.to_vec()).unwrap();
    }
}

#[tokio::test]
async fn an_idle_tunnel_is_closed() {
    let (listener, address) = host().await;
    let server =
        Server::start(TunnelLimits { idle_timeout: Duration::from_millis(20), ..TunnelLimits::default() }, true).await;
    let mut client = server.tunnel(address, "").await;
    let mut host = accept(&listener).await;
    assert_eq!(read_to_end(&mut client).await, "");
    assert_eq!(read_to_end(&mut host).await, "");
}

#[tokio::test]
async fn tunnels_end_when_the_server_stops() {
    let (listener, address) = host().await;
    let server = Server::start(TunnelLimits::default(), true).await;
    let mut client = server.tunnel(address, "").await;
    let mut host = accept(&listener).await;
    let mut idle = server.tunnel("app.leadconduit.com:443", "").await;
    server.stop().await;
    for socket in [&mut client, &mut host, &mut idle] {
        assert_eq!(read_to_end(socket).await, "");
    }
}
