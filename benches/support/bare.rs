//! The bare server: the baseline, which only receives requests and sends a fixed response.

use std::convert::Infallible;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::support::{Server, flag};

/// The argument that runs a benchmark as the bare server.
const BARE: &str = "--bare";

/// The argument for HTTP/2.
const HTTP2: &str = "--http2";
/// The variables for TLS: the files of certificate and key.
const CERT: &str = "BARE_CERT";
/// See [`CERT`].
const KEY: &str = "BARE_KEY";

/// What a server and its clients speak.
#[derive(Clone, Copy)]
pub(crate) struct Protocol {
    pub(crate) is_tls: bool,
    pub(crate) is_http2: bool,
}

impl Protocol {
    /// The name in the TLS handshake.
    pub(crate) fn alpn(self) -> &'static [u8] {
        if self.is_http2 { b"h2" } else { b"http/1.1" }
    }
}

impl Server {
    /// Starts this executable as a server that returns these bytes for every request: over HTTP/1.1, or with another
    /// protocol, and certificate and key in these files.
    pub(crate) fn bare(response: &[u8], other: Option<(Protocol, &Path, &Path)>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(BARE);
        if let Some((protocol, cert, key)) = other {
            if protocol.is_http2 {
                command.arg(HTTP2);
            }
            if protocol.is_tls {
                command.env(CERT, cert).env(KEY, key);
            }
        }
        Self::start(&mut command, response)
    }
}

/// Runs the bare server and does not return, if this process was started as one.
pub(crate) fn serve_if_bare() {
    if flag(BARE) {
        let mut response = Vec::new();
        io::stdin().read_to_end(&mut response).unwrap();
        let response = parse(&response);
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(serve(response));
    }
}

/// Parses the bytes of a response. Head and body are static, so that a clone needs no reference counting.
fn parse(response: &[u8]) -> hyper::Response<Full<Bytes>> {
    let length = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let (head, body) = response.split_at(length);
    let head: &'static str = String::from_utf8(head.to_vec()).unwrap().leak();
    let body: &'static [u8] = body.to_vec().leak();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut response = hyper::Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status.parse().unwrap();
    for (name, value) in lines.map(|line| line.split_once(": ").expect("a header")) {
        let name: HeaderName = name.parse().unwrap();
        // hyper writes the length itself, at the same position.
        if name != CONTENT_LENGTH {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
    }
    response
}

async fn serve(response: hyper::Response<Full<Bytes>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    let response: &'static hyper::Response<Full<Bytes>> = Box::leak(Box::new(response));
    let protocol = Protocol { is_tls: std::env::var_os(CERT).is_some(), is_http2: flag(HTTP2) };
    let acceptor = protocol.is_tls.then(|| acceptor(protocol));
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => respond(acceptor.accept(socket).await.unwrap(), protocol, response).await,
                None => respond(socket, protocol, response).await,
            }
        });
    }
}

fn acceptor(protocol: Protocol) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(std::env::var_os(CERT).unwrap()).unwrap()];
    let key = PrivateKeyDer::from_pem_file(std::env::var_os(KEY).unwrap()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn respond<S>(socket: S, protocol: Protocol, response: &'static hyper::Response<Full<Bytes>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| async move {
        // Every server must read the body.
        let _ = request.into_body().collect().await;
        Ok::<_, Infallible>(response.clone())
    });
    let io = TokioIo::new(socket);
    // The fixed response includes a date.
    if protocol.is_http2 {
        let builder = &mut http2::Builder::new(TokioExecutor::new());
        let _ = builder.auto_date_header(false).serve_connection(io, service).await;
    } else {
        let builder = &mut http1::Builder::new();
        let _ = builder.auto_date_header(false).title_case_headers(true).serve_connection(io, service).await;
    }
}
