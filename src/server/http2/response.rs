//! Responses on a stream. Faults that end an HTTP/1.1 connection end the stream with a reset where a stream can express
//! them; other streams of the connection go on. The page about faults has the table.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::Stream;
use crate::config::limits::{EVENT_BATCH_BYTES, HTTP2_RESET_PAUSE, KEEPALIVE_INTERVAL, Limits, WRITE_TIMEOUT};
use crate::http::message::{Drip, Request, Response};
use crate::http::wire_fault::WireFault;
use crate::server::drip::DripStream;
use crate::server::raw_socket::pause_after_events;
use crate::server::send;
use crate::server::shutdown::ShutdownSignal;
use crate::support::event_bus::{Subscription, SubscriptionClosed};

/// The size of the head of a frame.
const FRAME_HEAD_BYTES: u64 = 9;

/// Makes hyper reset the stream.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the stream is reset by a fault, or because the server stops")]
pub(super) struct StreamReset;

/// A response body for hyper.
pub(super) struct StreamBody {
    content: Content,
    stream: Stream,
}

enum Content {
    Full(Full<Bytes>),
    Drip(Box<DripStream>),
    /// Bytes, and then a reset.
    Broken(Box<Broken>),
    Events(mpsc::Receiver<Bytes>),
}

struct Broken {
    bytes: DripStream,
    /// Resolves when the bytes have been written.
    written: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The number of bytes on the connection after which everything before the reset has been written.
    written_min: u64,
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = StreamReset;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamReset>>> {
        let Self { content, stream } = self.get_mut();
        match content {
            Content::Full(body) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Content::Drip(body) => body.poll_chunk(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
            Content::Events(events) => events.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Content::Broken(broken) => {
                if let Some(chunk) = ready!(broken.bytes.poll_chunk(context)) {
                    return Poll::Ready(Some(Ok(Frame::data(chunk))));
                }
                let written_min = broken.written_min;
                let written = broken.written.get_or_insert_with(|| Box::pin(wait_until_written(stream, written_min)));
                ready!(written.as_mut().poll(context));
                Poll::Ready(Some(Err(StreamReset)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(body) => body.is_end_stream(),
            Content::Drip(body) => body.len() == 0,
            Content::Broken(_) | Content::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(body) => body.size_hint(),
            Content::Drip(body) => SizeHint::with_exact(body.len() as u64),
            Content::Broken(_) | Content::Events(_) => SizeHint::default(),
        }
    }
}

/// Waits until the connection has written so many bytes: a reset discards the frames of its stream that still wait.
fn wait_until_written(stream: &Stream, written_min: u64) -> impl Future<Output = ()> + Send + use<> {
    let mut written = stream.0.written.subscribe();
    async move {
        // A client that does not read gets the reset anyway.
        let _ = tokio::time::timeout(WRITE_TIMEOUT, written.wait_for(|written| *written >= written_min)).await;
        // Frames of other streams count too.
        tokio::time::sleep(HTTP2_RESET_PAUSE).await;
    }
}

/// Sends a response, after its delay and with its fault.
///
/// # Errors
/// [`StreamReset`] when the stream ends without a response.
pub(super) async fn send(
    mut response: Response,
    request: Arc<Request>,
    limits: Limits,
    mut shutdown: ShutdownSignal,
    stream: Stream,
) -> Result<hyper::Response<StreamBody>, StreamReset> {
    let is_head = request.method == Method::HEAD;
    let Some(options) = response.send_options.take() else { return Ok(complete(response, is_head, stream)) };
    let subscription = match (options.wire_fault, &options.events) {
        // Before the delay: the client also gets events that are published during it.
        (None, Some(bus)) => Some(bus.subscribe()),
        _ => None,
    };
    let (wire_fault, garbage, drip) = (options.wire_fault, options.garbage.clone(), options.drip);
    // The head is one frame, so it arrives at the end of its time.
    let delay_ms = options.delay_ms.saturating_add(options.slow_headers.map_or(0, |slow| slow.over_ms));
    // The body and the event bus may be large, and the delay long.
    drop((request, options));
    if delay_ms > 0 && !send::delay(delay_ms, limits.drain_ms_max, shutdown.clone()).await {
        return Err(StreamReset);
    }
    match wire_fault {
        None => Ok(match subscription {
            Some(subscription) => events(response, subscription, is_head, shutdown, stream),
            None => finish(response, drip, is_head, stream),
        }),
        Some(WireFault::EmptyResponse | WireFault::ConnectionResetByPeer) => Err(StreamReset),
        Some(WireFault::Hang) => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(limits.hang_ms_max)) => {}
                () = shutdown.received() => {}
            }
            Err(StreamReset)
        }
        Some(WireFault::RandomDataThenClose) => {
            // Written in place of the reset.
            let _ = stream.0.garbage.set(garbage);
            Err(StreamReset)
        }
        Some(WireFault::MalformedResponseChunk) => {
            response.headers.remove(CONTENT_LENGTH);
            Ok(broken(response, if is_head { Bytes::new() } else { garbage }, None, stream))
        }
        Some(WireFault::TruncatedBody) => {
            send::set_content_length(&mut response, is_head);
            let half = response.body.slice(..response.body.len() / 2);
            Ok(broken(response, half, drip, stream))
        }
    }
}

/// A complete response at once.
pub(super) fn complete(response: Response, is_head: bool, stream: Stream) -> hyper::Response<StreamBody> {
    finish(response, None, is_head, stream)
}

fn finish(mut response: Response, drip: Option<Drip>, is_head: bool, stream: Stream) -> hyper::Response<StreamBody> {
    let is_bodiless = response.status == StatusCode::NO_CONTENT || response.status == StatusCode::NOT_MODIFIED;
    if is_head && !is_bodiless {
        response.headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    }
    if is_head || is_bodiless {
        response.body = Bytes::new();
    }
    let body = std::mem::take(&mut response.body);
    let content = match drip {
        Some(drip) => Content::Drip(Box::new(DripStream::new(body, drip))),
        None => Content::Full(Full::new(body)),
    };
    into_hyper(response, content, stream)
}

/// The head, some bytes, and then a reset.
fn broken(response: Response, bytes: Bytes, drip: Option<Drip>, stream: Stream) -> hyper::Response<StreamBody> {
    let data = if bytes.is_empty() { 0 } else { bytes.len() as u64 + FRAME_HEAD_BYTES };
    let written_min = *stream.0.written.borrow() + FRAME_HEAD_BYTES + data;
    let bytes = DripStream::new(bytes, drip.unwrap_or(Drip { chunks: 1, over_ms: 0 }));
    into_hyper(response, Content::Broken(Box::new(Broken { bytes, written: None, written_min })), stream)
}

fn events(
    mut response: Response,
    subscription: Subscription,
    is_head: bool,
    shutdown: ShutdownSignal,
    stream: Stream,
) -> hyper::Response<StreamBody> {
    response.headers.remove(CONTENT_LENGTH);
    if is_head {
        return into_hyper(response, Content::Full(Full::default()), stream);
    }
    // One batch waits at most: the rest stays in the subscription, which is bounded.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(feed(sender, subscription, shutdown));
    into_hyper(response, Content::Events(receiver), stream)
}

/// Sends server-sent events, and keep-alive comments between them, until the client or the server ends the stream.
async fn feed(sender: mpsc::Sender<Bytes>, mut subscription: Subscription, mut shutdown: ShutdownSignal) {
    let mut keepalive = tokio::time::interval(KEEPALIVE_INTERVAL);
    // The first tick is immediate.
    keepalive.tick().await;
    let mut next = Bytes::from_static(b": listening\n\n");
    loop {
        let pause = pause_after_events(next.len());
        tokio::select! {
            sent = sender.send(next) => if sent.is_err() { return },
            () = shutdown.received() => return,
        }
        tokio::time::sleep(pause).await;
        next = tokio::select! {
            events = subscription.next_batch(EVENT_BATCH_BYTES) => match events {
                Ok(events) => events,
                Err(SubscriptionClosed::SandboxRemoved) => return,
                Err(SubscriptionClosed::Lagged) => {
                    let _ = sender.send(Bytes::from_static(b": closed, the client reads too slowly\n\n")).await;
                    return;
                }
            },
            _ = keepalive.tick() => Bytes::from_static(b": keep-alive\n\n"),
            () = sender.closed() => return,
            () = shutdown.received() => return,
        };
    }
}

fn into_hyper(response: Response, content: Content, stream: Stream) -> hyper::Response<StreamBody> {
    // hyper removes the headers that HTTP/2 does not allow, such as `Connection`.
    let mut into = hyper::Response::new(StreamBody { content, stream });
    *into.status_mut() = response.status;
    *into.headers_mut() = response.headers;
    into
}
