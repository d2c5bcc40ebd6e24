//! Sockets only: accept, limits, time-outs, TLS, graceful stop. What is answered is decided elsewhere.

mod body;
mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub use tls::Acceptor;

use crate::exchange::{Reply, Request};
use crate::pipeline::Pipeline;
use crate::settings::Limits;

/// How long accepting pauses when the system has no more file descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves, then lets running requests finish within the drain time.
pub async fn serve(
    listener: TcpListener,
    acceptor: Option<Acceptor>,
    pipeline: Arc<Pipeline>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let mut builder = http1::Builder::new();
    builder
        // The pipeline writes the date: it shows the sandbox's clock.
        .auto_date_header(false)
        // As the documentation spells them, and as LeadConduit sends them: `X-Connections-Degraded`.
        .title_case_headers(true)
        // A client may say that it sends no more, and still wait for the reply.
        .half_close(true)
        // hyper refuses smaller buffers with a panic.
        .max_buf_size(limits.head_bytes_max.max(8192))
        // Without a timer the time-out below does nothing.
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.head_wait_ms_max));
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    tokio::pin!(stop);
    loop {
        // The place is taken before the connection is, so that what cannot be served waits in the backlog.
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
        let pipeline = Arc::clone(&pipeline);
        let builder = builder.clone();
        let watcher = graceful.watcher();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => talk(&builder, socket, peer, pipeline, limits, watcher).await,
                Some(acceptor) => match acceptor.accept(socket, limits).await {
                    Ok(socket) => talk(&builder, socket, peer, pipeline, limits, watcher).await,
                    Err(error) => tracing::debug!("{peer}: TLS failed: {error}"),
                },
            }
            drop(permit);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(Duration::from_millis(limits.drain_ms_max), graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("requests were still running after {} ms and have been cut off", limits.drain_ms_max);
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (socket, peer) = listener.accept().await?;
    Ok((socket, peer, permit))
}

/// One connection, from its first request to its last.
async fn talk<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    builder: &http1::Builder,
    socket: S,
    peer: SocketAddr,
    pipeline: Arc<Pipeline>,
    limits: Limits,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let pipeline = Arc::clone(&pipeline);
        async move { exchange(&pipeline, request, limits).await }
    });
    let connection = builder.serve_connection(TokioIo::new(socket), service);
    if let Err(error) = watcher.watch(connection).await {
        // The client went away, or sent what is no HTTP; neither is a mistake of ours.
        tracing::debug!("{peer}: {error}");
    }
}

/// One request and its reply.
async fn exchange(
    pipeline: &Pipeline,
    request: hyper::Request<Incoming>,
    limits: Limits,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, incoming) = request.into_parts();
    let body = body::read(&head.headers, head.version, incoming, limits).await;
    let request = Request { method: head.method, uri: head.uri, version: head.version, headers: head.headers, body };
    Ok(response(pipeline.answer(&request)))
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
