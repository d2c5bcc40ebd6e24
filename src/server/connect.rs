//! `CONNECT` requests: the mock answers on behalf of the host, or bytes are copied to the host.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::prefixed::PrefixedSocket;
use super::raw_socket::Socket;
use super::send::{self, ResponseBody, TakeOverSocket};
use super::shutdown::ShutdownSignal;
use super::{Handler, ServerContext, protocol, tunnel};
use crate::config::intercept::{ConnectRoute, ConnectTarget};
use crate::config::limits::{TunnelLimits, WRITE_TIMEOUT};
use crate::http::message::{Request, Response};
use crate::http::tunnel::TunnelError;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// What follows an accepted `CONNECT` request on its connection.
#[derive(Debug)]
pub(super) enum Tunnel {
    /// The requests of the client, to the mock.
    Intercepted,
    /// Bytes, to another host.
    ToHost(TcpStream, OwnedSemaphorePermit),
}

/// Responds to a `CONNECT` request. `None`: the handler has no proxy, and the request is like any other.
///
/// # Errors
/// [`TakeOverSocket`] when the request is accepted and `tunnel` has been set.
pub(super) async fn respond<H: Handler>(
    context: &ServerContext<H>,
    request: &Request,
    is_tunnelled: bool,
    shutdown: &ShutdownSignal,
    tunnel: &OnceLock<Tunnel>,
) -> Option<Result<hyper::Response<ResponseBody>, TakeOverSocket>> {
    let accepted = match context.handler.connect(request, is_tunnelled)? {
        Ok(ConnectRoute::Intercept(target)) => {
            tracing::info!("CONNECT {target}: intercepted");
            Ok(Tunnel::Intercepted)
        }
        Ok(ConnectRoute::Tunnel(target)) => open(context, &target, shutdown.clone()).await,
        Err(refusal) => Err(*refusal),
    };
    Some(match accepted {
        Ok(accepted) => {
            // hyper makes no further call after this error, so the tunnel is set at most once.
            let _ = tunnel.set(accepted);
            Err(TakeOverSocket)
        }
        Err(refusal) => Ok(send::at_once(refusal)),
    })
}

/// Opens a tunnel to another host, or returns the response that says why it cannot be opened.
async fn open<H: Handler>(
    context: &ServerContext<H>,
    target: &ConnectTarget,
    shutdown: ShutdownSignal,
) -> Result<Tunnel, Response> {
    let limits = context.handler.tunnel_limits();
    let allows = |ip| context.handler.allows_tunnel_to(ip);
    let opened = match Arc::clone(&context.tunnels).try_acquire_owned() {
        Ok(permit) => tunnel::connect(target, allows, limits, shutdown).await.map(|socket| (socket, permit)),
        Err(_) => Err(TunnelError::TooMany(limits.tunnels_max)),
    };
    match opened {
        Ok((socket, permit)) => {
            let address = socket.peer_addr().map(|address| address.to_string()).unwrap_or_default();
            tracing::info!("CONNECT {target}: tunnelled to {address}");
            Ok(Tunnel::ToHost(socket, permit))
        }
        Err(error) => {
            tracing::warn!("CONNECT {target}: refused with {}, {error}", error.status().as_u16());
            Err(context.handler.tunnel_failed(target, &error))
        }
    }
}

/// The tunnels that can be open at the same time.
pub(super) fn permits(limits: TunnelLimits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(limits.tunnels_max.min(Semaphore::MAX_PERMITS)))
}

/// Serves a connection after its `CONNECT` request. `unparsed` has arrived behind the request.
pub(super) async fn run<H: Handler>(
    context: &Arc<ServerContext<H>>,
    tunnel: Tunnel,
    mut socket: impl Socket,
    unparsed: Bytes,
    peer: SocketAddr,
    shutdown: ShutdownSignal,
) -> io::Result<()> {
    let establish = async {
        socket.write_all(ESTABLISHED).await?;
        socket.flush().await
    };
    tokio::time::timeout(WRITE_TIMEOUT, establish).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    match tunnel {
        Tunnel::Intercepted => serve_tunnelled(context, Box::new(socket), unparsed, peer, shutdown).await,
        Tunnel::ToHost(host, permit) => {
            let limits = context.handler.tunnel_limits();
            tunnel::copy(PrefixedSocket::new(unparsed, socket), host, limits, shutdown).await;
            drop(permit);
        }
    }
    Ok(())
}

/// Serves the requests inside of a tunnel. The socket has no static type: a tunnel would otherwise have the type of the
/// connection that it is inside of, and so on without an end.
fn serve_tunnelled<'c, H: Handler>(
    context: &'c Arc<ServerContext<H>>,
    socket: Box<dyn Socket>,
    unparsed: Bytes,
    peer: SocketAddr,
    mut shutdown: ShutdownSignal,
) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>> {
    Box::pin(async move {
        let detected = tokio::select! {
            detected = protocol::detect_by_reading(PrefixedSocket::new(unparsed, socket), context.limits) => detected,
            () = shutdown.received() => return,
        };
        if let Ok(Some((protocol, socket))) = detected {
            super::serve_protocol(context, protocol, socket, peer, true, shutdown).await;
        }
    })
}
