//! Bytes on the raw socket: scripts of wire faults, throttled heads, and event streams that end when the client
//! disconnects. `send.rs` chooses the script; hyper gives the connection back, and a [`SocketScript`] runs. Under TLS
//! the bytes are still encrypted; only a reset affects the TCP socket itself.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::drip::DripStream;
use super::shutdown::ShutdownSignal;
use crate::config::limits::{
    EVENT_BATCH_BYTES, EVENT_BATCH_INTERVAL, EVENT_BATCH_INTERVAL_BUSY, HALF_CLOSED_KEEPALIVE_INTERVAL,
    KEEPALIVE_INTERVAL, LINGER, Limits, WRITE_TIMEOUT,
};
use crate::http::message::Drip;
use crate::support::event_bus::{Subscription, SubscriptionClosed};

/// A plain or encrypted connection.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The TCP socket, below TLS.
    fn tcp(&self) -> &TcpStream;

    /// Whether the connection uses TLS.
    fn is_secure(&self) -> bool;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }

    fn is_secure(&self) -> bool {
        false
    }
}

impl<S: Socket> Socket for TlsStream<S> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0.tcp()
    }

    fn is_secure(&self) -> bool {
        true
    }
}

impl Socket for Box<dyn Socket> {
    fn tcp(&self) -> &TcpStream {
        (**self).tcp()
    }

    fn is_secure(&self) -> bool {
        (**self).is_secure()
    }
}

/// Actions on a socket, in order. The socket is closed after the last.
#[derive(Debug)]
pub(super) struct SocketScript(pub(super) Vec<SocketAction>);

#[derive(Debug)]
pub(super) enum SocketAction {
    /// Writes bytes at once.
    Write(Bytes),
    /// Writes bytes in chunks over time.
    Drip(Bytes, Drip),
    /// Sends events until the subscription ends or the client disconnects.
    StreamEvents(Subscription),
    /// Waits until the client disconnects, the limit is reached or the server stops.
    Hang,
    /// Resets the connection. No action can follow.
    Reset,
}

impl SocketScript {
    /// Runs the actions and closes the socket.
    ///
    /// # Errors
    /// The client disconnected, or did not read within the timeout.
    pub(super) async fn run(
        self,
        mut socket: impl Socket,
        limits: Limits,
        mut shutdown: ShutdownSignal,
    ) -> io::Result<()> {
        for action in self.0 {
            match action {
                SocketAction::Write(bytes) => write(&mut socket, &bytes).await?,
                SocketAction::Drip(bytes, drip) => {
                    let mut stream = DripStream::new(bytes, drip);
                    while let Some(chunk) = stream.next_chunk().await {
                        write(&mut socket, &chunk).await?;
                    }
                }
                SocketAction::StreamEvents(subscription) => tokio::select! {
                    result = stream_events(&mut socket, subscription) => result?,
                    () = shutdown.received() => {}
                },
                SocketAction::Hang => tokio::select! {
                    () = client_disconnected(&mut socket) => {}
                    () = tokio::time::sleep(Duration::from_millis(limits.hang_ms_max)) => {}
                    () = shutdown.received() => {}
                },
                // With a linger time of zero, the system sends RST when the socket is dropped without a shutdown.
                SocketAction::Reset => return socket.tcp().set_zero_linger(),
            }
        }
        close(socket, shutdown).await
    }
}

/// Writes all bytes, unless the client takes too long to read them.
async fn write(socket: &mut impl Socket, bytes: &[u8]) -> io::Result<()> {
    let write = async {
        socket.write_all(bytes).await?;
        // TLS buffers bytes until it is flushed.
        socket.flush().await
    };
    tokio::time::timeout(WRITE_TIMEOUT, write).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Resolves when the client has closed its side, or the connection has failed. Received bytes are discarded.
async fn client_disconnected(socket: &mut impl Socket) {
    let mut discarded = [0; 1024];
    while matches!(socket.read(&mut discarded).await, Ok(1..)) {}
}

/// Closes the connection. Unread bytes, such as requests that were pipelined behind a fault, are read first: otherwise
/// the system sends RST, which can overtake the bytes that were written.
async fn close(mut socket: impl Socket, mut shutdown: ShutdownSignal) -> io::Result<()> {
    let close = async {
        socket.shutdown().await?;
        client_disconnected(&mut socket).await;
        Ok(())
    };
    tokio::select! {
        biased;
        closed = close => closed,
        () = tokio::time::sleep(LINGER) => Ok(()),
        () = shutdown.received() => Ok(()),
    }
}

/// The pause after a batch of events. Under load, events are sent together: a write for each of them would cost more than
/// the request that it is about. A full batch means that more wait already.
pub(super) fn pause_after_events(bytes: usize) -> Duration {
    const LARGE: usize = EVENT_BATCH_BYTES / 16;
    match bytes {
        ..LARGE => EVENT_BATCH_INTERVAL,
        LARGE..EVENT_BATCH_BYTES => EVENT_BATCH_INTERVAL_BUSY,
        _ => Duration::ZERO,
    }
}

/// Sends server-sent events, and keep-alive comments between them.
async fn stream_events(socket: &mut impl Socket, mut subscription: Subscription) -> io::Result<()> {
    write(socket, b": listening\n\n").await?;
    let mut discarded = [0; 256];
    let mut is_read_open = true;
    let mut keepalive = tokio::time::interval(KEEPALIVE_INTERVAL);
    // The first tick is immediate.
    keepalive.tick().await;
    loop {
        tokio::select! {
            events = subscription.next_batch(EVENT_BATCH_BYTES) => match events {
                Ok(events) => {
                    write(socket, &events).await?;
                    tokio::time::sleep(pause_after_events(events.len())).await;
                }
                Err(SubscriptionClosed::SandboxRemoved) => return Ok(()),
                Err(SubscriptionClosed::Lagged) => return write(socket, b": closed, the client reads too slowly\n\n").await,
            },
            read = socket.read(&mut discarded), if is_read_open => {
                if read? == 0 {
                    is_read_open = false;
                    keepalive = tokio::time::interval(HALF_CLOSED_KEEPALIVE_INTERVAL);
                }
            }
            _ = keepalive.tick() => write(socket, b": keep-alive\n\n").await?,
        }
    }
}
