//! Load generator with hyper's client: a closed loop of requests, from one thread.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::bare::Protocol;
use super::support::CREDENTIALS;

/// Concurrent requests.
const REQUESTS: usize = 32;

/// Streams of one connection over HTTP/2.
const STREAMS: usize = 8;

/// The largest number of requests in one run.
const RUN_REQUESTS_MAX: u64 = 150_000;

/// Either client: both send one request at a time from here.
enum Client {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Client {
    async fn send(&mut self, request: Request<Empty<Bytes>>) -> Response<Incoming> {
        match self {
            Self::Http1(client) => client.send_request(request).await,
            Self::Http2(client) => client.send_request(request).await,
        }
        .expect("the server responds")
    }
}

/// Sends requests for the given time, and returns the number of responses per second.
pub(crate) fn load(address: SocketAddr, path: &str, protocol: Protocol, cert: &Path, time: Duration) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = Rc::new(Cell::new(0_u64));
    let elapsed = LocalSet::new().block_on(&runtime, async {
        let connector = connector(protocol, cert);
        let mut clients = Vec::new();
        while clients.len() < REQUESTS {
            let socket = TcpStream::connect(address).await.expect("the server accepts");
            socket.set_nodelay(true).unwrap();
            if protocol.is_tls {
                let name = ServerName::try_from("localhost").unwrap();
                let socket = connector.connect(name, socket).await.expect("the handshake succeeds");
                connect(socket, protocol, &mut clients).await;
            } else {
                connect(socket, protocol, &mut clients).await;
            }
        }
        let start = Instant::now();
        let end = start + time;
        let target: Rc<str> = format!("http://localhost{path}").into();
        let senders: Vec<_> = clients
            .into_iter()
            .map(|client| tokio::task::spawn_local(send(client, Rc::clone(&target), end, Rc::clone(&count))))
            .collect();
        for sender in senders {
            sender.await.expect("every request gets the expected response");
        }
        start.elapsed()
    });
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = count.get() as f64 / elapsed.as_secs_f64();
    rate
}

/// Adds one client over HTTP/1.1, or one for each stream over HTTP/2.
async fn connect<S>(socket: S, protocol: Protocol, clients: &mut Vec<Client>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(socket);
    if protocol.is_http2 {
        let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        clients.extend((0..STREAMS).map(|_| Client::Http2(client.clone())));
    } else {
        let (client, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        clients.push(Client::Http1(client));
    }
}

fn connector(protocol: Protocol, cert: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Sends requests, each after the response to the last.
async fn send(mut client: Client, target: Rc<str>, end: Instant, count: Rc<Cell<u64>>) {
    let credentials = base64::engine::general_purpose::STANDARD.encode(CREDENTIALS);
    while Instant::now() < end && count.get() < RUN_REQUESTS_MAX {
        let request = Request::get(&*target)
            .header("host", "localhost")
            .header("authorization", format!("Basic {credentials}"))
            .header("accept", "application/json")
            .body(Empty::new())
            .unwrap();
        let response = client.send(request).await;
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.expect("the body is complete");
        count.set(count.get() + 1);
    }
}
