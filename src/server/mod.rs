//! The server: HTTP/1.1, HTTP/2 and TLS on one port; limits, timeouts, delays and faults, graceful stop. A [`Handler`],
//! given by the caller, turns each request into a response.
//!
//! | module | holds |
//! |---|---|
//! | `protocol` | which protocol a client speaks, from its first bytes |
//! | `tls` | certificates, the generated authority, and the TLS handshake |
//! | `http2` | the same requests, responses and faults on streams |
//! | `connect` | `CONNECT` requests to the HTTPS proxy |
//! | `tunnel` | tunnels to other hosts |
//! | `prefixed` | connections of which some bytes have been read |
//! | `body` | reading of request bodies within the limits |
//! | `connection_timer` | one timer for all timeouts of a connection |
//! | `error_guard` | withholds the empty error responses of hyper |
//! | `reject` | requests that are not valid HTTP: what is wrong, and the response |
//! | `compress` | gzip for clients that ask for it |
//! | `send` | responses: through hyper, or as actions on the raw socket |
//! | `raw_socket` | faults, throttled heads and event streams on the raw socket |
//! | `drip` | throttled bytes |
//! | `shutdown` | the signal with which connections stop |
//!
//! A new fault is a variant of [`WireFault`](crate::http::wire_fault::WireFault) and its actions in `send`.

mod body;
mod compress;
mod connect;
mod connection_timer;
mod drip;
mod error_guard;
mod http2;
mod prefixed;
mod protocol;
mod raw_socket;
mod reject;
mod send;
mod shutdown;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use tls::{Authority, AuthorityError, TlsAcceptor, TlsError};
#[cfg(feature = "cli")]
pub use tls::{CA_CERTIFICATE, UserRoots, bundle_pem, client_config, write_bundle};

use crate::config::intercept::{ConnectRoute, ConnectTarget};
use crate::config::limits::{ACCEPT_PAUSE, CONNECTIONS_MAX, HEAD_BYTES_MIN, Limits, TunnelLimits};
use crate::http::handling::Handling;
use crate::http::message::{Body, Request, Response};
use crate::http::rejected::{RejectReason, RejectedRequest};
use crate::http::tunnel::TunnelError;
use connect::Tunnel;
use connection_timer::ConnectionTimer;
use error_guard::ErrorGuard;
use protocol::Protocol;
use raw_socket::{Socket, SocketScript};
use reject::Rejection;
use send::{ResponseBody, TakeOverSocket};
use shutdown::ShutdownSignal;

/// Turns requests into responses.
///
/// The tasks that serve connections call it, so it must not block.
pub trait Handler: Send + Sync + 'static {
    /// Handles a request.
    fn handle(self: &Arc<Self>, request: &Arc<Request>) -> Handling;

    /// The largest body of a request, decided by its head before the body is read. `head` has no body yet.
    fn body_bytes_max(&self, head: &Request, limits: &Limits) -> usize {
        let _ = head;
        limits.body_bytes_max
    }

    /// Responds to an invalid request. The connection is closed after the response.
    fn reject(&self, rejected: &RejectedRequest) -> Response {
        Response::new(rejected.reason.status(), rejected.detail.clone())
    }

    /// Where a `CONNECT` request leads. `None`: this server is not a proxy, and the request is like any other.
    /// `is_tunnelled`: it came through a tunnel of this server.
    ///
    /// # Errors
    /// The response to a request that is refused.
    fn connect(&self, request: &Request, is_tunnelled: bool) -> Option<Result<ConnectRoute, Box<Response>>> {
        let _ = (request, is_tunnelled);
        None
    }

    /// Whether a tunnel may lead to an address.
    fn allows_tunnel_to(&self, address: IpAddr) -> bool {
        tunnel::is_remote(address)
    }

    /// The limits of tunnels.
    fn tunnel_limits(&self) -> TunnelLimits {
        TunnelLimits::default()
    }

    /// Responds to a `CONNECT` request when its tunnel cannot be opened.
    fn tunnel_failed(&self, target: &ConnectTarget, error: &TunnelError) -> Response {
        let _ = target;
        Response::new(error.status(), error.to_string())
    }
}

impl<F: Fn(&Request) -> Response + Send + Sync + 'static> Handler for F {
    fn handle(self: &Arc<Self>, request: &Arc<Request>) -> Handling {
        Handling::Ready(self(request))
    }
}

/// The part of a server that all connections share.
struct ServerContext<H> {
    http1: http1::Builder,
    http2: hyper::server::conn::http2::Builder<TokioExecutor>,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<H>,
    limits: Limits,
    /// The tunnels to other hosts that can still be opened.
    tunnels: Arc<Semaphore>,
}

/// Serves connections until `stop` resolves, then waits up to `drain_ms_max` for running requests. Faults that hang,
/// event streams, delays that would last longer than that, and requests that have not been received completely end at
/// once.
pub async fn serve<H>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<H>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) where
    H: Handler,
{
    let (http1, http2) = (http1_builder(limits), http2::builder(limits));
    let tunnels = connect::permits(handler.tunnel_limits());
    let context = Arc::new(ServerContext { http1, http2, acceptor, handler, limits, tunnels });
    let shutdown = watch::Sender::new(false);
    let permits = Arc::new(Semaphore::new(limits.connections_max.min(CONNECTIONS_MAX)));
    tokio::pin!(stop);
    loop {
        // The permit is acquired before the connection is accepted, so that excess connections wait in the backlog.
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut stop => break,
        };
        let (socket, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let context = Arc::clone(&context);
        let shutdown = ShutdownSignal::subscribe(&shutdown);
        tokio::spawn(async move {
            serve_connection(&context, socket, peer, shutdown).await;
            drop(permit);
        });
    }
    drop(listener);
    shutdown.send_replace(true);
    // Closed when every connection has dropped its receiver.
    let drained = tokio::time::timeout(Duration::from_millis(limits.drain_ms_max), shutdown.closed()).await;
    if drained.is_err() {
        tracing::warn!("requests that were still running after {} ms have been aborted", limits.drain_ms_max);
    }
}

fn http1_builder(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The pipeline sets `Date` from the sandbox's clock.
        .auto_date_header(false)
        // As the documentation spells them, and as LeadConduit sends them: `X-Connections-Degraded`.
        .title_case_headers(true)
        // A client can close its sending side and still wait for the response.
        .half_close(true)
        .max_buf_size(limits.head_bytes_max.max(HEAD_BYTES_MIN))
        // The buffer can be a little larger than its limit; this limit is exact.
        .max_header_size(limits.head_bytes_max.max(HEAD_BYTES_MIN))
        // It has an effect only with a timer, which each connection sets.
        .header_read_timeout(Duration::from_millis(limits.head_wait_ms_max));
    builder
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (socket, peer) = listener.accept().await?;
    Ok((socket, peer, permit))
}

/// Serves one connection with the protocol that its client speaks.
async fn serve_connection<H>(
    context: &Arc<ServerContext<H>>,
    socket: TcpStream,
    peer: SocketAddr,
    mut shutdown: ShutdownSignal,
) where
    H: Handler,
{
    let detected = tokio::select! {
        detected = protocol::detect(&socket, context.limits) => detected,
        // No request has arrived yet.
        () = shutdown.received() => return,
    };
    let Ok(Some(protocol)) = detected else { return };
    serve_protocol(context, protocol, socket, peer, false, shutdown).await;
}

/// Serves one connection with a protocol. `is_tunnelled`: it is inside of a tunnel of the HTTPS proxy.
async fn serve_protocol<S, H>(
    context: &Arc<ServerContext<H>>,
    protocol: Protocol,
    socket: S,
    peer: SocketAddr,
    is_tunnelled: bool,
    shutdown: ShutdownSignal,
) where
    S: Socket,
    H: Handler,
{
    let acceptor = &context.acceptor;
    let is_restricted = acceptor.as_ref().is_some_and(TlsAcceptor::requires_client_certificate);
    // All but the first are boxed, because they need more memory than most connections.
    match (protocol, acceptor) {
        (Protocol::Http1 | Protocol::Http2, _) if is_restricted && !peer.ip().to_canonical().is_loopback() => {
            let rejection = Rejection::plain_on_restricted_server();
            let _ = Box::pin(reject_request(context, rejection, socket, shutdown)).await;
        }
        (Protocol::Http1, _) => serve_http(context, socket, peer, is_tunnelled, shutdown).await,
        (Protocol::Http2, _) => Box::pin(http2::serve(context, socket, peer, shutdown)).await,
        (Protocol::Tls, Some(acceptor)) => {
            Box::pin(serve_tls(context, acceptor, socket, peer, is_tunnelled, shutdown)).await;
        }
        (Protocol::Tls, None) => {
            tracing::warn!("{peer}: {}", protocol::TLS_IS_OFF);
            let detail = protocol::TLS_IS_OFF.to_owned();
            let rejected = RejectedRequest { reason: RejectReason::Malformed, detail, origin: None };
            // It is counted; its response cannot be sent.
            let _ = context.handler.reject(&rejected);
            let _ = Box::pin(protocol::refuse_tls(socket, context.limits, shutdown)).await;
        }
    }
}

/// Serves one connection after its TLS handshake, with the version of HTTP that both sides prefer.
async fn serve_tls<S, H>(
    context: &Arc<ServerContext<H>>,
    acceptor: &TlsAcceptor,
    socket: S,
    peer: SocketAddr,
    is_tunnelled: bool,
    mut shutdown: ShutdownSignal,
) where
    S: Socket,
    H: Handler,
{
    let accepted = tokio::select! {
        accepted = acceptor.accept(socket, context.limits) => accepted,
        // No request has arrived yet.
        () = shutdown.received() => return,
    };
    match accepted {
        Ok(socket) if tls::is_http2(&socket) => http2::serve(context, socket, peer, shutdown).await,
        Ok(socket) => serve_http(context, socket, peer, is_tunnelled, shutdown).await,
        Err(error) => acceptor.log_failure(peer, &error),
    }
}

/// What the requests of a connection tell the code that ends it.
#[derive(Debug, Default)]
struct ConnectionState {
    /// Whether the connection is inside of a tunnel of the HTTPS proxy.
    is_tunnelled: bool,
    /// Set by an accepted `CONNECT` request.
    tunnel: OnceLock<Tunnel>,
    /// Whether the connection uses TLS.
    is_secure: bool,
    /// For the timeouts of its requests.
    timer: ConnectionTimer,
    /// Set by the request that takes the socket over from hyper.
    script: OnceLock<SocketScript>,
    /// Whether a request has been received completely. False again while the body of a later one is read. A partial head
    /// behind a complete request does not matter: hyper then closes the connection itself when the server stops.
    has_request: AtomicBool,
    /// Whether a body was not read to its end.
    has_unread_body: AtomicBool,
}

/// Serves the requests of one connection.
async fn serve_http<S, H>(
    context: &Arc<ServerContext<H>>,
    socket: S,
    peer: SocketAddr,
    is_tunnelled: bool,
    mut shutdown: ShutdownSignal,
) where
    S: Socket,
    H: Handler,
{
    let is_secure = socket.is_secure();
    let timer = ConnectionTimer::default();
    let mut http1 = context.http1.clone();
    http1.timer(timer.clone());
    let state = ConnectionState { is_tunnelled, is_secure, timer, ..ConnectionState::default() };
    let request_shutdown = shutdown.clone();
    let service = service_fn(|request| handle_request(context, request, &request_shutdown, &state));
    let mut connection = http1.serve_connection(ErrorGuard::new(TokioIo::new(socket)), service);
    let result = tokio::select! {
        biased;
        () = shutdown.received() => None,
        result = &mut connection => Some(result),
    };
    let result = match result {
        Some(result) => result,
        // No response is lost: the client has not finished its request.
        None if !state.has_request.load(Ordering::Relaxed) => return,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let parts = connection.into_parts();
    let (io, has_withheld) = parts.io.into_parts();
    let unparsed = parts.read_buf;
    let mut socket = io.into_inner();
    if let Some(tunnel) = state.tunnel.into_inner() {
        let ended = Box::pin(connect::run(context, tunnel, socket, unparsed, peer, shutdown)).await;
        if let Err(error) = ended {
            tracing::debug!("{peer}: {error}");
        }
        return;
    }
    // Boxed, because few connections need the memory.
    let ended: Result<(), Box<dyn Error + Send + Sync>> = match (state.script.into_inner(), result) {
        (Some(script), _) => Box::pin(script.run(socket, context.limits, shutdown)).await.map_err(Into::into),
        (None, Ok(())) if state.has_unread_body.into_inner() => {
            Box::pin(reject::linger(&mut socket, shutdown)).await;
            Ok(())
        }
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => match Rejection::new(&error, unparsed, context.limits) {
            // If hyper has written its own response, together with an earlier one, the request is only counted.
            Some(rejection) if has_withheld || !error.is_parse() || error.is_parse_version_h2() => {
                Box::pin(reject_request(context, rejection, socket, shutdown)).await.map_err(Into::into)
            }
            Some(rejection) => {
                let _ = context.handler.reject(&Box::pin(rejection.read_rest(&mut socket)).await);
                Ok(())
            }
            None => Err(error.into()),
        },
    };
    if let Err(error) = ended {
        // The client disconnected, which is not an error of the server.
        tracing::debug!("{peer}: {error}");
    }
}

/// Responds to an invalid request.
async fn reject_request<H: Handler>(
    context: &ServerContext<H>,
    rejection: Rejection,
    mut socket: impl Socket,
    shutdown: ShutdownSignal,
) -> io::Result<()> {
    let version = rejection.version();
    let rejected = rejection.read_rest(&mut socket).await;
    let response = context.handler.reject(&rejected);
    reject::send(socket, version, response, context.limits, shutdown).await
}

/// Handles one request. hyper sends a response before it reads the next request. So when a request takes the socket
/// over, earlier responses are complete, and pipelined requests after it get no response.
async fn handle_request<H>(
    context: &ServerContext<H>,
    request: hyper::Request<Incoming>,
    shutdown: &ShutdownSignal,
    state: &ConnectionState,
) -> Result<hyper::Response<ResponseBody>, TakeOverSocket>
where
    H: Handler,
{
    let (head, incoming) = request.into_parts();
    let body = Body::Complete(Bytes::new());
    let mut request = Request {
        method: head.method,
        uri: head.uri,
        version: head.version,
        is_secure: state.is_secure,
        headers: head.headers,
        body,
    };
    if request.method == http::Method::CONNECT {
        state.has_request.store(true, Ordering::Relaxed);
        let tunnelled = connect::respond(context, &request, state.is_tunnelled, shutdown, &state.tunnel);
        if let Some(response) = Box::pin(tunnelled).await {
            return response;
        }
    }
    state.has_request.store(false, Ordering::Relaxed);
    request.body = body::read_body(&*context.handler, &request, incoming, context.limits, &state.timer).await;
    state.has_request.store(true, Ordering::Relaxed);
    if !matches!(request.body, Body::Complete(_)) {
        state.has_unread_body.store(true, Ordering::Relaxed);
    }
    let request = Arc::new(request);
    let mut response = respond(context, &request, shutdown).await;
    match response.send_options.take() {
        None => Ok(send::at_once(response)),
        Some(options) => {
            let sent = send::with_options(response, *options, request, context.limits, shutdown, &state.script);
            // Boxed, because few responses need the memory.
            Box::pin(sent).await
        }
    }
}

/// The response of the handler, compressed if the client asks for it.
async fn respond<H>(context: &ServerContext<H>, request: &Arc<Request>, shutdown: &ShutdownSignal) -> Response
where
    H: Handler,
{
    // With HTTP/1.1, it was handled before the body.
    if request.method == http::Method::CONNECT
        && let Some(Err(refusal)) = context.handler.connect(request, false)
    {
        return *refusal;
    }
    let mut response = complete(context.handler.handle(request)).await;
    if response.recheck.is_some() {
        response = Box::pin(recheck(context, request, response, shutdown.clone())).await;
    }
    compress::compress(request, &mut response);
    response
}

/// Waits for a response that is not ready.
async fn complete(handling: Handling) -> Response {
    match handling {
        Handling::Ready(response) => response,
        // A task of its own completes and records the request even when the client disconnects.
        Handling::Pending(response) => tokio::spawn(response).await.unwrap_or_else(|_| aborted()),
    }
}

/// Handles a request again after each change, until its response is final, the time is over, or the server stops.
async fn recheck<H>(
    context: &ServerContext<H>,
    request: &Arc<Request>,
    mut response: Response,
    mut shutdown: ShutdownSignal,
) -> Response
where
    H: Handler,
{
    let within_ms = response.recheck.as_ref().map_or(0, |recheck| recheck.within_ms);
    let deadline = tokio::time::sleep(Duration::from_millis(within_ms));
    tokio::pin!(deadline);
    while let Some(mut recheck) = response.recheck.take() {
        tokio::select! {
            () = &mut deadline => break,
            () = shutdown.received() => break,
            () = recheck.changes.changed() => response = complete(context.handler.handle(request)).await,
        }
    }
    response
}

/// The response to a request whose task has panicked, or was dropped because the server stops.
fn aborted() -> Response {
    Response::new(http::StatusCode::INTERNAL_SERVER_ERROR, "")
}
