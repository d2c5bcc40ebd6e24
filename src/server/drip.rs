//! Throttled bytes: chunks at even intervals.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Interval;

use crate::http::message::Drip;

/// A stream of chunks. The time starts when the stream is created: the first chunk is ready at once, the last one at the
/// end of the time. A single chunk is ready at the end.
#[derive(Debug)]
pub(super) struct DripStream {
    rest: Bytes,
    chunks_left: usize,
    interval: Interval,
    /// Whether to ignore the first tick, which is immediate: a single chunk is due at the second one.
    skips_first_tick: bool,
}

impl DripStream {
    pub(super) fn new(bytes: Bytes, drip: Drip) -> Self {
        let requested = usize::try_from(drip.chunks).unwrap_or(usize::MAX);
        let chunks = requested.clamp(1, bytes.len().max(1));
        let pauses = u32::try_from(chunks - 1).unwrap_or(u32::MAX).max(1);
        // An interval of zero panics. A late tick is followed by earlier ones, so the last chunk is on time.
        let pause = (Duration::from_millis(drip.over_ms) / pauses).max(Duration::from_nanos(1));
        let interval = tokio::time::interval(pause);
        Self { rest: bytes, chunks_left: chunks, interval, skips_first_tick: chunks == 1 }
    }

    /// The number of bytes that are left.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next chunk when it is due; `None` after the last.
    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.skips_first_tick {
            ready!(self.interval.poll_tick(context));
            self.skips_first_tick = false;
        }
        ready!(self.interval.poll_tick(context));
        // Never empty: there are at least as many bytes as chunks.
        let chunk = self.rest.split_to(self.rest.len() / self.chunks_left);
        self.chunks_left -= 1;
        Poll::Ready(Some(chunk))
    }

    /// The asynchronous form of [`Self::poll_chunk`].
    pub(super) async fn next_chunk(&mut self) -> Option<Bytes> {
        poll_fn(|context| self.poll_chunk(context)).await
    }
}
