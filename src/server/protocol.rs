//! Which protocol a client speaks, detected from its first bytes, and the response to one that is not served.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::prefixed::PrefixedSocket;
use super::raw_socket::{Socket, SocketAction, SocketScript};
use super::shutdown::ShutdownSignal;
use crate::config::limits::{Limits, PROTOCOL_LOOK_PAUSE, PROTOCOL_LOOKS_MAX};

/// How the preface of HTTP/2 begins. No method of HTTP/1.1 begins so.
const HTTP2_START: &[u8; 3] = b"PRI";

/// The first byte of a TLS record with a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// A TLS record with the fatal alert `handshake_failure`.
const TLS_ALERT: &[u8] = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// Why a client that speaks TLS gets an alert.
pub(super) const TLS_IS_OFF: &str =
    "the client speaks TLS, but this port serves plain HTTP; use an http URL, or start the mock with --tls";

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1, or something that is not valid HTTP.
    Http1,
    /// HTTP/2 without TLS: the client knows that the server speaks it.
    Http2,
    /// A TLS handshake.
    Tls,
}

/// Detects the protocol without consuming a byte. `None` when the client closes the connection, or sends nothing within
/// the timeout for a request head.
pub(super) async fn detect(socket: &TcpStream, limits: Limits) -> io::Result<Option<Protocol>> {
    let mut has_bytes = false;
    let decide = async {
        let mut bytes = [0; HTTP2_START.len()];
        for _ in 0..PROTOCOL_LOOKS_MAX {
            let length = socket.peek(&mut bytes).await?;
            match &bytes[..length] {
                [] => return Ok(None),
                [TLS_HANDSHAKE, ..] => return Ok(Some(Protocol::Tls)),
                start if start == HTTP2_START => return Ok(Some(Protocol::Http2)),
                // The socket stays readable, so that there is nothing to wait for.
                start if HTTP2_START.starts_with(start) => tokio::time::sleep(PROTOCOL_LOOK_PAUSE).await,
                _ => break,
            }
            has_bytes = true;
        }
        Ok(Some(Protocol::Http1))
    };
    let timeout = Duration::from_millis(limits.head_wait_ms_max);
    match tokio::time::timeout(timeout, decide).await {
        Ok(decided) => decided,
        // The server of HTTP/1.1 responds to what is incomplete.
        Err(_) => Ok(has_bytes.then_some(Protocol::Http1)),
    }
}

/// The same for a connection inside of a tunnel, whose bytes cannot be looked at without being read. They are read again
/// from the connection that is returned.
pub(super) async fn detect_by_reading<S: Socket>(
    mut socket: S,
    limits: Limits,
) -> io::Result<Option<(Protocol, PrefixedSocket<S>)>> {
    let mut bytes = [0; HTTP2_START.len()];
    let mut length = 0;
    let read = async {
        // An empty read is the end of the connection.
        while length < bytes.len() && HTTP2_START.starts_with(&bytes[..length]) {
            match socket.read(&mut bytes[length..]).await? {
                0 => break,
                more => length += more,
            }
        }
        Ok::<(), io::Error>(())
    };
    let timeout = Duration::from_millis(limits.head_wait_ms_max);
    // The server of HTTP/1.1 responds to what is incomplete.
    tokio::time::timeout(timeout, read).await.unwrap_or(Ok(()))?;
    let protocol = match &bytes[..length] {
        [] => return Ok(None),
        [TLS_HANDSHAKE, ..] => Protocol::Tls,
        start if start == HTTP2_START => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok(Some((protocol, PrefixedSocket::new(Bytes::copy_from_slice(&bytes[..length]), socket))))
}

/// Ends a TLS handshake with an alert: a response of HTTP would be shown as a malformed record.
pub(super) async fn refuse_tls(socket: impl Socket, limits: Limits, shutdown: ShutdownSignal) -> io::Result<()> {
    SocketScript(vec![SocketAction::Write(Bytes::from_static(TLS_ALERT))]).run(socket, limits, shutdown).await
}
