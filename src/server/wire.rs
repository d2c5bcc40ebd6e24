//! What HTTP does not do: replies that break off, heads that drip, silence, and streams that end when nobody listens.
//! hyper lets go of the connection, and a script is played on the bare socket. Beneath TLS only a reset happens.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Stopping;
use super::drip::Dripping;
use crate::config::settings::Limits;
use crate::http::message::Drip;
use crate::support::event_bus::{Listener, SubscriptionClosed};

/// How long a client may take to read what is written in one go.
const WRITE_WAIT: Duration = Duration::from_secs(30);

/// How long a closed connection waits for the client to close it too.
const LINGER: Duration = Duration::from_secs(1);

/// How often a stream of events says that it is still there.
const STILL_HERE_EVERY: Duration = Duration::from_secs(15);

/// How often it does so for a client that sends no more: a client that is gone looks the same, until it is written to.
const STILL_THERE_EVERY: Duration = Duration::from_secs(1);

/// A connection that scripts are played on.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// What is beneath.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What is done on a socket, step by step; then it is closed.
#[derive(Debug)]
pub(super) struct Script(pub(super) Vec<Step>);

/// A step of a script.
#[derive(Debug)]
pub(super) enum Step {
    /// Writes bytes at once.
    Write(Bytes),
    /// Writes bytes over time.
    Drip(Bytes, Drip),
    /// Passes events on until there are no more, or nobody reads them.
    Events(Listener),
    /// Does nothing until the client goes away, the limit is reached or the server stops.
    Hang,
    /// Resets the connection. Nothing can follow.
    Reset,
}

impl Script {
    /// Does what it says. The error is the client's absence.
    pub(super) async fn play(self, mut socket: impl Socket, limits: Limits, mut stopping: Stopping) -> io::Result<()> {
        for step in self.0 {
            match step {
                Step::Write(bytes) => write(&mut socket, &bytes).await?,
                Step::Drip(bytes, drip) => {
                    let mut dripping = Dripping::new(bytes, drip);
                    while let Some(piece) = dripping.piece().await {
                        write(&mut socket, &piece).await?;
                    }
                }
                Step::Events(listener) => tokio::select! {
                    told = tell(&mut socket, listener) => told?,
                    () = stopping.begun() => {}
                },
                Step::Hang => tokio::select! {
                    () = gone(&mut socket) => {}
                    () = tokio::time::sleep(Duration::from_millis(limits.hang_ms_max)) => {}
                    () = stopping.begun() => {}
                },
                // The system sends the reset when the socket is dropped without having been shut down.
                Step::Reset => return socket.tcp().set_zero_linger(),
            }
        }
        close(socket, stopping).await
    }
}

/// Writes all, unless the client takes too long to read it.
async fn write(socket: &mut impl Socket, bytes: &[u8]) -> io::Result<()> {
    let writing = async {
        socket.write_all(bytes).await?;
        // TLS keeps bytes back until it is asked for them.
        socket.flush().await
    };
    tokio::time::timeout(WRITE_WAIT, writing).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Resolves when the client has closed its side, or the connection is broken. What it sends is read and forgotten.
async fn gone(socket: &mut impl Socket) {
    let mut forgotten = [0; 1024];
    while matches!(socket.read(&mut forgotten).await, Ok(1..)) {}
}

/// Ends the connection in good order. The system makes a reset of it when there are bytes that nobody has read, such as
/// requests behind a fault, and a reset may overtake what was written: so these bytes are read first.
async fn close(mut socket: impl Socket, mut stopping: Stopping) -> io::Result<()> {
    let closing = async {
        socket.shutdown().await?;
        gone(&mut socket).await;
        Ok(())
    };
    tokio::select! {
        biased;
        closed = closing => closed,
        () = tokio::time::sleep(LINGER) => Ok(()),
        () = stopping.begun() => Ok(()),
    }
}

/// Passes events on, as server-sent events.
async fn tell(socket: &mut impl Socket, mut listener: Listener) -> io::Result<()> {
    write(socket, b": listening\n\n").await?;
    let mut forgotten = [0; 256];
    let mut hears_client = true;
    let mut beat = tokio::time::interval(STILL_HERE_EVERY);
    // The first tick comes at once.
    beat.tick().await;
    loop {
        tokio::select! {
            event = listener.next() => match event {
                Ok(event) => write(socket, &event).await?,
                Err(SubscriptionClosed::Closed) => return Ok(()),
                Err(SubscriptionClosed::TooSlow) => return write(socket, b": too slow, bye\n\n").await,
            },
            read = socket.read(&mut forgotten), if hears_client => {
                if read? == 0 {
                    hears_client = false;
                    beat = tokio::time::interval(STILL_THERE_EVERY);
                }
            }
            _ = beat.tick() => write(socket, b": still here\n\n").await?,
        }
    }
}
