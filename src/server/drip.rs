//! Bytes spread over time.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Interval;

use crate::http::message::Drip;

/// Bytes on their way, piece by piece. The time begins when this is made. The first piece is there at once and the last
/// one when the time is over; a lone piece is the last.
#[derive(Debug)]
pub(super) struct Dripping {
    rest: Bytes,
    pieces: usize,
    ticks: Interval,
    /// The first tick, which comes at once, brings nothing: there is a lone piece.
    lone: bool,
}

impl Dripping {
    pub(super) fn new(bytes: Bytes, drip: Drip) -> Self {
        let wanted = usize::try_from(drip.chunks).unwrap_or(usize::MAX);
        let pieces = wanted.clamp(1, bytes.len().max(1));
        let pauses = u32::try_from(pieces - 1).unwrap_or(u32::MAX).max(1);
        // An interval without a length is a panic. One that is late catches up, so the end comes in time.
        let pause = (Duration::from_millis(drip.over_ms) / pauses).max(Duration::from_nanos(1));
        Self { rest: bytes, pieces, ticks: tokio::time::interval(pause), lone: pieces == 1 }
    }

    /// How many bytes are still to come.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next piece, in its time; none when all have been taken.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.lone {
            ready!(self.ticks.poll_tick(context));
            self.lone = false;
        }
        ready!(self.ticks.poll_tick(context));
        // Never without bytes: there are as many bytes as pieces, or more.
        let piece = self.rest.split_to(self.rest.len() / self.pieces);
        self.pieces -= 1;
        Poll::Ready(Some(piece))
    }

    /// The next piece, in its time; none when all have been taken.
    pub(super) async fn piece(&mut self) -> Option<Bytes> {
        poll_fn(|context| self.poll_piece(context)).await
    }
}
