//! How a reply goes out: through hyper where HTTP can say it, as a script for the bare socket where it cannot.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use super::Stopping;
use super::drip::Dripping;
use super::wire::{Script, Step};
use crate::config::settings::Limits;
use crate::http::message::{Delivery, Drip, Request, Response, WireFault};

/// Makes hyper let go of the connection without a byte: a script is to be played on it.
#[derive(Debug, thiserror::Error)]
#[error("the connection is needed for something that HTTP does not do")]
pub(super) struct TakeOverSocket;

/// A body on its way through hyper.
pub(super) enum Outgoing {
    Whole(Full<Bytes>),
    Dripping(Box<Dripping>),
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Dripping(body) => body.poll_piece(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Dripping(body) => body.len() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Dripping(body) => SizeHint::with_exact(body.len() as u64),
        }
    }
}

/// A reply that goes out at once.
pub(super) fn at_once(reply: Response) -> hyper::Response<Outgoing> {
    response(reply.status, reply.headers, Outgoing::Whole(Full::new(reply.body)))
}

/// A reply that takes its time, or breaks the connection.
pub(super) async fn deliver(
    reply: Response,
    delivery: Delivery,
    request: Request,
    limits: Limits,
    stopping: &Stopping,
    script: &OnceLock<Script>,
) -> Result<hyper::Response<Outgoing>, TakeOverSocket> {
    let (delay_ms, drip) = (delivery.delay_ms, delivery.drip);
    // Before the wait: what happens while the client waits is for its ears too. The hub itself is let go, or it would
    // not close for as long as somebody listens.
    let (mut reply, mut steps) = match steps(reply, delivery, &request) {
        Ok(steps) => (None, steps),
        Err(reply) => (Some(reply), Vec::new()),
    };
    // Its body may be large and the wait long.
    drop(request);
    if delay_ms > 0 && !wait(delay_ms, limits.drain_ms_max, stopping.clone()).await {
        (reply, steps) = (None, Vec::new());
    }
    match (reply, drip) {
        (Some(reply), None) => Ok(at_once(reply)),
        (Some(reply), Some(drip)) => {
            let body = Outgoing::Dripping(Box::new(Dripping::new(reply.body, drip)));
            Ok(response(reply.status, reply.headers, body))
        }
        (None, _) => {
            // hyper asks for nothing more once it has been told to let go, so there is one script at most.
            let _ = script.set(Script(steps));
            Err(TakeOverSocket)
        }
    }
}

/// Waits. It is given up, with `false`, when the server stops and the drain time would cut it off anyway: most clients
/// that are kept waiting that long are gone, and nothing else tells.
async fn wait(delay_ms: u64, drain_ms: u64, mut stopping: Stopping) -> bool {
    let over = tokio::time::sleep(Duration::from_millis(delay_ms));
    tokio::pin!(over);
    tokio::select! {
        () = &mut over => return true,
        () = stopping.begun() => {}
    }
    let cut_off = tokio::time::sleep(Duration::from_millis(drain_ms)).deadline();
    if over.deadline() > cut_off {
        return false;
    }
    over.await;
    true
}

fn response(status: StatusCode, headers: HeaderMap, body: Outgoing) -> hyper::Response<Outgoing> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What is to be done on the bare socket; or the reply, when hyper can send it. A fault comes before everything else,
/// events come before a body.
fn steps(mut reply: Response, delivery: Delivery, request: &Request) -> Result<Vec<Step>, Response> {
    let Delivery { slow_headers, drip, fault, garbage, events, delay_ms: _ } = delivery;
    let (asked_head, version) = (request.method == Method::HEAD, request.version);
    Ok(match (fault, events) {
        (Some(WireFault::EmptyResponse), _) => vec![],
        (Some(WireFault::ConnectionResetByPeer), _) => vec![Step::Reset],
        (Some(WireFault::Hang), _) => vec![Step::Hang],
        (Some(WireFault::RandomDataThenClose), _) => vec![Step::Write(garbage)],
        (Some(WireFault::MalformedResponseChunk), _) => {
            reply.headers.remove(CONTENT_LENGTH);
            reply.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            // HTTP/1.0 has no chunks.
            let mut steps = vec![Step::Write(head(Version::HTTP_11, reply.status, &reply.headers))];
            steps.extend((!asked_head).then_some(Step::Write(garbage)));
            steps
        }
        (Some(WireFault::TruncatedBody), _) => {
            announce_length(&mut reply, asked_head);
            let half = reply.body.slice(..reply.body.len() / 2);
            let head = head(version, reply.status, &reply.headers);
            vec![spread(head, slow_headers), spread(half, drip)]
        }
        (None, Some(hub)) => {
            let listener = hub.listen();
            reply.headers.remove(CONTENT_LENGTH);
            reply.headers.remove(TRANSFER_ENCODING);
            // The end of the connection is the end of the events.
            reply.headers.insert(CONNECTION, HeaderValue::from_static("close"));
            let mut steps = vec![spread(head(version, reply.status, &reply.headers), slow_headers)];
            steps.extend((!asked_head).then_some(Step::Events(listener)));
            steps
        }
        (None, None) if slow_headers.is_some() => {
            announce_length(&mut reply, asked_head);
            reply.headers.insert(CONNECTION, HeaderValue::from_static("close"));
            let head = head(version, reply.status, &reply.headers);
            vec![spread(head, slow_headers), spread(reply.body, drip)]
        }
        (None, None) => return Err(reply),
    })
}

fn spread(bytes: Bytes, drip: Option<Drip>) -> Step {
    match drip {
        Some(drip) => Step::Drip(bytes, drip),
        None => Step::Write(bytes),
    }
}

/// Writes the body's length into the headers, and takes the body away where HTTP allows none (RFC 9110, sections 6.4.1
/// and 8.6).
fn announce_length(reply: &mut Response, asked_head: bool) {
    let status = reply.status;
    let never = status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    reply.headers.remove(TRANSFER_ENCODING);
    if never {
        reply.headers.remove(CONTENT_LENGTH);
    } else {
        reply.headers.insert(CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
    }
    if never || asked_head {
        reply.body = Bytes::new();
    }
}

/// Status line and headers, as hyper would write them.
fn head(version: Version, status: StatusCode, headers: &HeaderMap) -> Bytes {
    let version: &[u8] = if version == Version::HTTP_10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " };
    let reason = status.canonical_reason().unwrap_or("<none>");
    let mut head = Vec::with_capacity(512);
    for part in [version, status.as_str().as_bytes(), b" ", reason.as_bytes(), b"\r\n"] {
        head.extend_from_slice(part);
    }
    for (name, value) in headers {
        let mut previous = b'-';
        for &letter in name.as_str().as_bytes() {
            head.push(if previous == b'-' { letter.to_ascii_uppercase() } else { letter });
            previous = letter;
        }
        for part in [b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    Bytes::from(head)
}
