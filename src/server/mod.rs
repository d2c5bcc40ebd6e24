//! Sockets only: accept, limits, time-outs, TLS, slow and broken replies, graceful stop. What is answered is decided
//! elsewhere.

mod body;
mod delivery;
mod drip;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

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

pub use tls::Acceptor;

use crate::config::settings::Limits;
use crate::http::message::{Request, Response};
use delivery::{Outgoing, TakeOverSocket};
use wire::{Script, Socket};

/// How long accepting pauses when the system has no more file descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all connections share.
struct Serving<A> {
    builder: http1::Builder,
    acceptor: Option<Acceptor>,
    answer: Arc<A>,
    limits: Limits,
}

/// Tells a connection that the server stops. The server waits for those who hold one.
#[derive(Clone, Debug)]
struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Resolves when the server has been told to stop, or is gone.
    async fn begun(&mut self) {
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// Serves connections until `stop` resolves, then lets running requests finish within the drain time. Hanging
/// connections, streams of events and delays that are longer than that end at once.
///
/// `answer` is called by the tasks that serve connections, so it must not wait without telling the runtime.
pub async fn serve<A>(
    listener: TcpListener,
    acceptor: Option<Acceptor>,
    answer: Arc<A>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) where
    A: Fn(&Request) -> Response + Send + Sync + 'static,
{
    let serving = Arc::new(Serving { builder: builder(limits), acceptor, answer, limits });
    let stopping = watch::Sender::new(false);
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
        let serving = Arc::clone(&serving);
        let stopping = Stopping(stopping.subscribe());
        tokio::spawn(async move {
            connection(&serving, socket, peer, stopping).await;
            drop(permit);
        });
    }
    drop(listener);
    stopping.send_replace(true);
    // Closed when every connection has dropped its end.
    let drained = tokio::time::timeout(Duration::from_millis(limits.drain_ms_max), stopping.closed()).await;
    if drained.is_err() {
        tracing::warn!("requests were still running after {} ms and have been cut off", limits.drain_ms_max);
    }
}

fn builder(limits: Limits) -> http1::Builder {
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

/// One connection, with TLS where it is wanted.
async fn connection<A>(serving: &Serving<A>, socket: TcpStream, peer: SocketAddr, mut stopping: Stopping)
where
    A: Fn(&Request) -> Response + Send + Sync + 'static,
{
    let Some(acceptor) = &serving.acceptor else { return talk(serving, socket, peer, stopping).await };
    let accepted = tokio::select! {
        accepted = acceptor.accept(socket, serving.limits) => accepted,
        // Nothing has been asked yet.
        () = stopping.begun() => return,
    };
    match accepted {
        Ok(socket) => talk(serving, socket, peer, stopping).await,
        Err(error) => tracing::debug!("{peer}: TLS failed: {error}"),
    }
}

/// One connection, from its first request to its last.
async fn talk<S, A>(serving: &Serving<A>, socket: S, peer: SocketAddr, mut stopping: Stopping)
where
    S: Socket,
    A: Fn(&Request) -> Response + Send + Sync + 'static,
{
    // Set by the request with which hyper lets go of the connection.
    let script = OnceLock::new();
    let told = stopping.clone();
    let service = service_fn(|request| exchange(serving, request, &told, &script));
    let mut connection = serving.builder.serve_connection(TokioIo::new(socket), service);
    let ended = tokio::select! {
        biased;
        () = stopping.begun() => None,
        ended = &mut connection => Some(ended),
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let socket = connection.into_parts().io.into_inner();
    let ended: Result<(), Box<dyn Error + Send + Sync>> = match script.into_inner() {
        // In a box, because few connections need the room.
        Some(script) => Box::pin(script.play(socket, serving.limits, stopping)).await.map_err(Into::into),
        None => ended.map_err(Into::into),
    };
    if let Err(error) = ended {
        // The client went away, or sent what is no HTTP; neither is a mistake of ours.
        tracing::debug!("{peer}: {error}");
    }
}

/// One request and its reply. hyper sends replies before it reads the next request, so when it lets go of the
/// connection nothing of earlier replies is lost, and what was asked after this request is never answered.
async fn exchange<A>(
    serving: &Serving<A>,
    request: hyper::Request<Incoming>,
    stopping: &Stopping,
    script: &OnceLock<Script>,
) -> Result<hyper::Response<Outgoing>, TakeOverSocket>
where
    A: Fn(&Request) -> Response,
{
    let (head, incoming) = request.into_parts();
    let body = body::read(&head, incoming, serving.limits).await;
    let request = Request { method: head.method, uri: head.uri, version: head.version, headers: head.headers, body };
    let mut reply = (serving.answer)(&request);
    match reply.delivery.take() {
        None => Ok(delivery::at_once(reply)),
        Some(delivery) => {
            let delivered = delivery::deliver(reply, *delivery, request, serving.limits, stopping, script);
            // In a box, because few replies need the room.
            Box::pin(delivered).await
        }
    }
}
