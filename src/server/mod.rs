//! The HTTP/1.1 server: accept, TLS, limits, timeouts, delays and faults, graceful stop. A handler, given by the caller,
//! turns each request into a response.
//!
//! | module | holds |
//! |---|---|
//! | `tls` | certificate, key and TLS handshake |
//! | `body` | reading of request bodies within the limits |
//! | `send` | responses: through hyper, or as actions on the raw socket |
//! | `raw_socket` | faults, throttled heads and event streams on the raw socket |
//! | `drip` | throttled bytes |
//! | `shutdown` | the signal with which connections stop |
//!
//! A new fault is a variant of [`WireFault`](crate::http::wire_fault::WireFault) and its actions in `send`.

mod body;
mod drip;
mod raw_socket;
mod send;
mod shutdown;
#[cfg(test)]
mod tests;
mod tls;

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use tls::{TlsAcceptor, TlsError};

use crate::config::limits::{ACCEPT_PAUSE, HEAD_BYTES_MIN, Limits};
use crate::http::message::{Request, Response};
use raw_socket::{Socket, SocketScript};
use send::{ResponseBody, TakeOverSocket};
use shutdown::ShutdownSignal;

/// The part of a server that all connections share.
struct ServerContext<H> {
    builder: http1::Builder,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<H>,
    limits: Limits,
}

/// Serves connections until `stop` resolves, then waits up to `drain_ms_max` for running requests. Faults that hang,
/// event streams, and delays that would last longer than that end at once.
///
/// The tasks that serve connections call `handler`, so a handler that blocks must use `block_in_place`.
pub async fn serve<H>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<H>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) where
    H: Fn(&Request) -> Response + Send + Sync + 'static,
{
    let context = Arc::new(ServerContext { builder: http1_builder(limits), acceptor, handler, limits });
    let shutdown = watch::Sender::new(false);
    let permits = Arc::new(Semaphore::new(limits.connections_max));
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
        // Without a timer, the timeout below has no effect.
        .timer(TokioTimer::new())
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

/// Serves one connection, after the TLS handshake if TLS is configured.
async fn serve_connection<H>(
    context: &ServerContext<H>,
    socket: TcpStream,
    peer: SocketAddr,
    mut shutdown: ShutdownSignal,
) where
    H: Fn(&Request) -> Response + Send + Sync + 'static,
{
    let Some(acceptor) = &context.acceptor else { return serve_http(context, socket, peer, shutdown).await };
    let accepted = tokio::select! {
        accepted = acceptor.accept(socket, context.limits) => accepted,
        // There is no request yet.
        () = shutdown.received() => return,
    };
    match accepted {
        Ok(socket) => serve_http(context, socket, peer, shutdown).await,
        Err(error) => tracing::debug!("{peer}: the TLS handshake failed: {error}"),
    }
}

/// Serves the requests of one connection.
async fn serve_http<S, H>(context: &ServerContext<H>, socket: S, peer: SocketAddr, mut shutdown: ShutdownSignal)
where
    S: Socket,
    H: Fn(&Request) -> Response + Send + Sync + 'static,
{
    // Set by the request that takes the socket over from hyper.
    let script = OnceLock::new();
    let request_shutdown = shutdown.clone();
    let service = service_fn(|request| handle_request(context, request, &request_shutdown, &script));
    let mut connection = context.builder.serve_connection(TokioIo::new(socket), service);
    let result = tokio::select! {
        biased;
        () = shutdown.received() => None,
        result = &mut connection => Some(result),
    };
    let result = match result {
        Some(result) => result,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let socket = connection.into_parts().io.into_inner();
    let result: Result<(), Box<dyn Error + Send + Sync>> = match script.into_inner() {
        // Boxed, because few connections need the memory.
        Some(script) => Box::pin(script.run(socket, context.limits, shutdown)).await.map_err(Into::into),
        None => result.map_err(Into::into),
    };
    if let Err(error) = result {
        // The client disconnected or sent invalid HTTP; neither is an error of the server.
        tracing::debug!("{peer}: {error}");
    }
}

/// Handles one request. hyper sends a response before it reads the next request. So when a request takes the socket
/// over, earlier responses are complete, and pipelined requests after it get no response.
async fn handle_request<H>(
    context: &ServerContext<H>,
    request: hyper::Request<Incoming>,
    shutdown: &ShutdownSignal,
    script: &OnceLock<SocketScript>,
) -> Result<hyper::Response<ResponseBody>, TakeOverSocket>
where
    H: Fn(&Request) -> Response,
{
    let (head, incoming) = request.into_parts();
    let body = body::read_body(&head, incoming, context.limits).await;
    let request = Request { method: head.method, uri: head.uri, version: head.version, headers: head.headers, body };
    let mut response = (context.handler)(&request);
    match response.send_options.take() {
        None => Ok(send::at_once(response)),
        Some(options) => {
            let sent = send::with_options(response, *options, request, context.limits, shutdown, script);
            // Boxed, because few responses need the memory.
            Box::pin(sent).await
        }
    }
}
