//! Requests that hyper rejects: what is wrong with them, and the response on the raw socket.

use std::io;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Version};
use tokio::io::AsyncReadExt as _;

use super::raw_socket::{Socket, SocketAction, SocketScript};
use super::send;
use super::shutdown::ShutdownSignal;
use crate::config::limits::{HEADERS_MAX, LINGER, Limits, ORIGIN_BYTES_MAX, REJECTED_HEAD_BYTES_MAX, TARGET_BYTES_MAX};
use crate::http::message::Response;
use crate::http::rejected::{RejectReason, RejectedRequest};

/// A rejected request, and how much of its head hyper had read.
#[derive(Debug)]
pub(super) struct Rejection {
    reason: RejectReason,
    detail: String,
    head: Bytes,
}

impl Rejection {
    /// Why hyper ended a connection on which `unparsed` was read last; `None` when no request was rejected: the client
    /// has closed the connection, or it was idle for too long.
    pub(super) fn new(error: &hyper::Error, unparsed: Bytes, limits: Limits) -> Option<Self> {
        let (reason, detail) = if error.is_parse_version_h2() {
            (RejectReason::Version, "HTTP/2 must begin with the first bytes of a connection".to_owned())
        } else if error.is_parse_too_large() {
            too_large(&unparsed, limits)
        } else if error.is_parse() {
            malformed(error, &unparsed)
        } else if error.is_timeout() && !unparsed.is_empty() {
            let detail =
                format!("the request head did not arrive within {} ms; send it completely", limits.head_wait_ms_max);
            (RejectReason::HeadTimeout, detail)
        } else if error.is_incomplete_message() && !unparsed.is_empty() {
            (RejectReason::Malformed, "the request head is incomplete; end it with an empty line".to_owned())
        } else {
            return None;
        };
        Some(Self { reason, detail, head: unparsed })
    }

    /// A request without TLS from another machine, to a server that requires certificates from its clients.
    pub(super) fn plain_on_restricted_server() -> Self {
        let detail = "this server requires HTTPS with a client certificate (--tls-client-ca); use an https URL";
        Self { reason: RejectReason::Malformed, detail: detail.to_owned(), head: Bytes::new() }
    }

    /// The rejected request for the handler. Reads the rest of a head that is too large, within limits: `Origin` may
    /// stand at its end, and the client reads no response before it has sent everything.
    pub(super) async fn read_rest(self, socket: &mut impl Socket) -> RejectedRequest {
        let mut lines = HeaderLines::default();
        let mut is_complete = lines.read(&self.head);
        if matches!(self.reason, RejectReason::TargetTooLong | RejectReason::HeadTooLarge) {
            let rest = async {
                let mut chunk = vec![0; 16 * 1024];
                let mut total = self.head.len();
                while !is_complete && total < REJECTED_HEAD_BYTES_MAX {
                    match socket.read(&mut chunk).await {
                        Ok(length @ 1..) => {
                            total += length;
                            is_complete = lines.read(&chunk[..length]);
                        }
                        Ok(0) | Err(_) => return,
                    }
                }
            };
            // The response is sent in any case.
            let _ = tokio::time::timeout(LINGER, rest).await;
        }
        RejectedRequest { reason: self.reason, detail: self.detail, origin: lines.origin }
    }

    /// The version of the response: that of the request, as far as it is known.
    pub(super) fn version(&self) -> Version {
        let line = self.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.trim_ascii_end().ends_with(b" HTTP/1.0") { Version::HTTP_10 } else { Version::HTTP_11 }
    }
}

/// Sends the response and closes the connection: the start of the next request is unknown.
pub(super) async fn send(
    socket: impl Socket,
    version: Version,
    mut response: Response,
    limits: Limits,
    shutdown: ShutdownSignal,
) -> io::Result<()> {
    response.headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut bytes = send::head(version, response.status, &response.headers).to_vec();
    bytes.extend_from_slice(&response.body);
    SocketScript(vec![SocketAction::Write(bytes.into())]).run(socket, limits, shutdown).await
}

fn too_large(head: &[u8], limits: Limits) -> (RejectReason, String) {
    let limit = limits.head_bytes_max;
    // How much has arrived does not change the message.
    let line_length = head.iter().position(|byte| *byte == b'\n').filter(|length| *length < limit);
    match line_length {
        None => {
            let detail = format!(
                "the request line is larger than {limit} bytes, the limit of the request head; send a shorter URL, or \
                 start the mock with a larger --head-bytes-max"
            );
            (RejectReason::TargetTooLong, detail)
        }
        Some(length) if length > TARGET_BYTES_MAX => (
            RejectReason::TargetTooLong,
            format!("the URL is longer than {TARGET_BYTES_MAX} bytes; send a shorter one"),
        ),
        // The buffer holds all of a head with too many headers.
        Some(_) if head.len() < limit && head.split(|byte| *byte == b'\n').count() > HEADERS_MAX + 1 => {
            (RejectReason::HeadTooLarge, format!("the request has more than {HEADERS_MAX} headers; send fewer"))
        }
        Some(_) => {
            let detail = format!(
                "the request head is larger than {limit} bytes; send fewer or shorter headers, or start the mock with a \
                 larger --head-bytes-max"
            );
            (RejectReason::HeadTooLarge, detail)
        }
    }
}

fn malformed(error: &hyper::Error, head: &[u8]) -> (RejectReason, String) {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let version = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    if version.starts_with(b"HTTP/") && version != b"HTTP/1.1" && version != b"HTTP/1.0" {
        return (RejectReason::Version, "the server speaks HTTP/1.1, HTTP/1.0 and HTTP/2; send HTTP/1.1".to_owned());
    }
    (RejectReason::Malformed, format!("the request is not valid HTTP/1.1: {error}"))
}

/// Reads the lines of a head for `Origin`. Long lines are skipped, so that the memory is bounded.
#[derive(Debug, Default)]
struct HeaderLines {
    line: Vec<u8>,
    is_too_long: bool,
    is_after_first: bool,
    origin: Option<HeaderValue>,
}

impl HeaderLines {
    /// Reads more of the head, and returns whether it is complete.
    fn read(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if byte != b'\n' {
                self.is_too_long |= self.line.len() >= ORIGIN_BYTES_MAX;
                if !self.is_too_long {
                    self.line.push(byte);
                }
                continue;
            }
            let line = self.line.trim_ascii();
            if line.is_empty() && !self.is_too_long && self.is_after_first {
                return true;
            }
            if let Some((name, value)) = line.split_at_checked("origin:".len())
                && !self.is_too_long
                && name.eq_ignore_ascii_case(b"origin:")
            {
                self.origin = HeaderValue::from_bytes(value.trim_ascii()).ok();
            }
            self.line.clear();
            (self.is_too_long, self.is_after_first) = (false, true);
        }
        false
    }
}

/// Discards what the client still sends, until it closes its side or the time is over. Otherwise the system resets the
/// connection, and the client may lose the response.
pub(super) async fn linger(socket: &mut impl Socket, mut shutdown: ShutdownSignal) {
    let mut discarded = vec![0; 16 * 1024];
    let discard = async { while matches!(socket.read(&mut discarded).await, Ok(1..)) {} };
    tokio::select! {
        () = discard => {}
        () = tokio::time::sleep(LINGER) => {}
        () = shutdown.received() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_found_wherever_the_reads_end() {
        let head = format!(
            "GET /{} HTTP/1.1\r\nX: {}\r\noRIGIN:  https://a.example \r\n\r\n",
            "x".repeat(900),
            "y".repeat(900)
        );
        for size in [1, 7, 1000, 5000] {
            let mut lines = HeaderLines::default();
            let complete: Vec<bool> = head.as_bytes().chunks(size).map(|chunk| lines.read(chunk)).collect();
            assert_eq!(lines.origin.as_ref().unwrap(), "https://a.example", "{size}");
            assert_eq!(complete.iter().position(|complete| *complete), Some(complete.len() - 1), "{size}");
        }
    }
}
