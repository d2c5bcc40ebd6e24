//! Withholds the empty error responses that hyper writes itself, so that the client receives one that says what is
//! wrong.
//!
//! hyper reports a malformed request only after it has written such a response. It is the last thing that it writes, in
//! a write of its own, and it has no headers but `Content-Length` and `Connection`, unlike every response of the mock.
//! Bytes of that form are withheld until the next write, or the end of the connection, shows which of them it was.
//! Nothing is lost if they are part of a response: they are then written late. Requests that hyper accepts cost one
//! comparison for each write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

/// The statuses with which hyper rejects requests.
const STATUS_LINES: [&[u8]; 3] =
    [b"400 Bad Request\r\n", b"414 URI Too Long\r\n", b"431 Request Header Fields Too Large\r\n"];

/// A connection below hyper.
#[derive(Debug)]
pub(super) struct ErrorGuard<S> {
    io: S,
    /// Bytes that hyper takes for written. Empty but for malformed requests.
    withheld: Vec<u8>,
}

impl<S> ErrorGuard<S> {
    pub(super) fn new(io: S) -> Self {
        Self { io, withheld: Vec::new() }
    }

    /// The connection, and whether an error response was withheld.
    pub(super) fn into_parts(self) -> (S, bool) {
        (self.io, !self.withheld.is_empty())
    }
}

impl<S: Write + Unpin> ErrorGuard<S> {
    /// Writes bytes that were withheld, because others follow them.
    fn poll_release(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.withheld.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.withheld))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.withheld.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Read + Unpin> Read for ErrorGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for ErrorGuard<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_release(context))?;
        if is_error_response(bytes) {
            self.withheld = bytes.to_vec();
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.withheld.is_empty() {
            return Pin::new(&mut self.io).poll_shutdown(context);
        }
        // The connection stays open for the response that replaces the one of hyper.
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_release(context))?;
        let mut parts = slices.iter().filter(|slice| !slice.is_empty());
        if let (Some(bytes), None) = (parts.next(), parts.next())
            && is_error_response(bytes)
        {
            self.withheld = bytes.to_vec();
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}

/// Whether bytes are a complete error response of hyper.
fn is_error_response(bytes: &[u8]) -> bool {
    let Some((b"HTTP/1.1 " | b"HTTP/1.0 ", rest)) = bytes.split_at_checked(9) else { return false };
    let Some(mut rest) = STATUS_LINES.iter().find_map(|line| rest.strip_prefix(*line)) else { return false };
    for header in [&b"Connection: close\r\n"[..], b"Content-Length: 0\r\n", b"Connection: close\r\n"] {
        rest = rest.strip_prefix(header).unwrap_or(rest);
    }
    rest == b"\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_responses_of_hyper_are_withheld() {
        let rows = [
            ("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true),
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true),
            ("HTTP/1.0 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n", true),
            ("HTTP/1.1 414 URI Too Long\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 400 Bad Request\r\nDate: now\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n", false),
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false),
            ("HTTP/1.1", false),
            ("", false),
        ];
        for (bytes, expected) in rows {
            assert_eq!(is_error_response(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }
}
