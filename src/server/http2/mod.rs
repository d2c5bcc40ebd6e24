//! HTTP/2: the same requests, responses, limits and faults as with HTTP/1.1, on streams of one connection.
//!
//! | module | holds |
//! |---|---|
//! | `head` | the head of a request: its limits, and the form that the handler expects |
//! | `response` | delays, throttling, event streams, and faults as far as a stream can express them |
//! | `connection_io` | the connection below the frames: what has been written, and garbage in place of it |

mod connection_io;
mod head;
mod response;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;

use super::connection_timer::ConnectionTimer;
use super::raw_socket::Socket;
use super::shutdown::ShutdownSignal;
use super::{Handler, ServerContext, respond};
use crate::config::limits::{
    HEAD_BYTES_MIN, HTTP2_HEAD_EXCESS_BYTES, HTTP2_PING_TIMEOUT, HTTP2_STREAMS_MAX, KEEPALIVE_INTERVAL, LINGER, Limits,
};
use crate::http::message::{Body, Request};
use connection_io::ConnectionIo;
use response::{StreamBody, StreamReset};

/// What the streams of a connection share.
#[derive(Debug)]
struct ConnectionState {
    /// Whether the connection uses TLS.
    is_secure: bool,
    /// The number of streams whose response is not complete.
    streams: watch::Sender<usize>,
    /// The number of bytes that have been written to the connection.
    written: watch::Sender<u64>,
    /// Set by a fault: the bytes that are written in place of the next frame, before the connection is closed.
    garbage: OnceLock<Bytes>,
}

/// A stream that is being handled. It counts until the body of its response has been sent or dropped.
#[derive(Debug)]
struct Stream(Arc<ConnectionState>);

impl Stream {
    fn open(state: &Arc<ConnectionState>) -> Self {
        state.streams.send_modify(|count| *count += 1);
        Self(Arc::clone(state))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.streams.send_modify(|count| *count -= 1);
    }
}

pub(super) fn builder(limits: Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let head_bytes = limits.head_bytes_max.max(HEAD_BYTES_MIN) + HTTP2_HEAD_EXCESS_BYTES;
    builder
        // The pipeline sets `Date` from the sandbox's clock.
        .auto_date_header(false)
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        // Larger than the limit of the mock, which responds to such a request itself.
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .timer(TokioTimer::new())
        // A client that has vanished would keep its streams.
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}

/// Serves the streams of one connection.
pub(super) async fn serve<S, H>(
    context: &Arc<ServerContext<H>>,
    socket: S,
    peer: SocketAddr,
    mut shutdown: ShutdownSignal,
) where
    S: Socket,
    H: Handler,
{
    let state = Arc::new(ConnectionState {
        is_secure: socket.is_secure(),
        streams: watch::Sender::new(0),
        written: watch::Sender::new(0),
        garbage: OnceLock::new(),
    });
    let service = {
        let (context, state, shutdown) = (Arc::clone(context), Arc::clone(&state), shutdown.clone());
        service_fn(move |request| {
            let (context, stream, shutdown) = (Arc::clone(&context), Stream::open(&state), shutdown.clone());
            async move { handle(&context, request, stream, shutdown).await }
        })
    };
    let io = ConnectionIo::new(TokioIo::new(socket), Arc::clone(&state));
    let connection = context.http2.serve_connection(io, service);
    tokio::pin!(connection);
    let idle_max = Duration::from_millis(context.limits.head_wait_ms_max);
    let ended = tokio::select! {
        biased;
        () = shutdown.received() => None,
        result = connection.as_mut() => Some(result),
        // As with HTTP/1.1, the timeout for a head is also that of an idle connection.
        () = idle(&state, idle_max) => None,
    };
    let ended = match ended {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                result = connection => result,
                // All responses have been sent, but the client does not confirm the end.
                () = idle(&state, LINGER) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        // The client disconnected, or broke the rules of HTTP/2.
        tracing::debug!("{peer}: HTTP/2: {error}");
    }
}

/// Resolves when no stream has been open for this time.
async fn idle(state: &ConnectionState, time: Duration) {
    let mut streams = state.streams.subscribe();
    loop {
        // The sender is borrowed, so that it cannot be dropped.
        let _ = streams.wait_for(|count| *count == 0).await;
        tokio::select! {
            () = tokio::time::sleep(time) => return,
            _ = streams.changed() => {}
        }
    }
}

/// Handles the request of one stream.
async fn handle<H: Handler>(
    context: &ServerContext<H>,
    request: hyper::Request<Incoming>,
    stream: Stream,
    mut shutdown: ShutdownSignal,
) -> Result<hyper::Response<StreamBody>, StreamReset> {
    let (parts, incoming) = request.into_parts();
    if let Some(rejected) = head::check(&parts, context.limits) {
        let response = context.handler.reject(&rejected);
        return Ok(response::complete(response, parts.method == http::Method::HEAD, stream));
    }
    let mut request = head::into_request(parts, stream.0.is_secure);
    if matches!(request.body, Body::Complete(_)) {
        let has_body = !incoming.is_end_stream();
        let timer = ConnectionTimer::default();
        request.body = tokio::select! {
            biased;
            body = super::body::read_body(&*context.handler, &request, incoming, context.limits, &timer) => body,
            // No response is lost: the client has not finished its request.
            () = shutdown.received(), if has_body => return Err(StreamReset),
        };
    }
    let request = Arc::new(request);
    let response = respond(context, &request, &shutdown).await;
    response::send(response, request, context.limits, shutdown, stream).await
}
