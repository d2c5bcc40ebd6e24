//! The connection below the frames. It counts what has been written, so that a fault can break a stream after its last
//! bytes; and it writes garbage in place of a frame for the fault that breaks the whole connection.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::ConnectionState;

/// A connection below hyper.
#[derive(Debug)]
pub(super) struct ConnectionIo<S> {
    io: S,
    state: Arc<ConnectionState>,
    /// How much of the garbage has been written.
    garbage_written: usize,
}

impl<S> ConnectionIo<S> {
    pub(super) fn new(io: S, state: Arc<ConnectionState>) -> Self {
        Self { io, state, garbage_written: 0 }
    }
}

impl<S: Read + Unpin> Read for ConnectionIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> ConnectionIo<S> {
    /// Writes the garbage and fails, so that hyper closes the connection.
    fn poll_garbage(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(garbage) = self.state.garbage.get() else { return Poll::Ready(Ok(())) };
        while self.garbage_written < garbage.len() {
            let rest = &garbage[self.garbage_written..];
            let written = ready!(Pin::new(&mut self.io).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.garbage_written += written;
        }
        ready!(Pin::new(&mut self.io).poll_shutdown(context))?;
        Poll::Ready(Err(ErrorKind::ConnectionAborted.into()))
    }

    fn count(&self, written: usize) {
        self.state.written.send_modify(|total| *total += u64::try_from(written).unwrap_or(u64::MAX));
    }
}

impl<S: Write + Unpin> Write for ConnectionIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_garbage(context))?;
        let written = ready!(Pin::new(&mut self.io).poll_write(context, bytes))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_garbage(context))?;
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(context, slices))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }
}
