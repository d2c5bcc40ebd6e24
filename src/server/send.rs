//! Sends a response: through hyper, or, where it has a fault that HTTP cannot express, as actions on the raw socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use super::drip::DripStream;
use super::raw_socket::{SocketAction, SocketScript};
use super::shutdown::ShutdownSignal;
use crate::config::limits::Limits;
use crate::http::message::{Drip, Request, Response, SendOptions};
use crate::http::wire_fault::WireFault;

/// Returned from the service to make hyper give the connection back without writing a byte, so that a
/// [`SocketScript`] can run on it.
#[derive(Debug, thiserror::Error)]
#[error("the socket is taken over for output that HTTP cannot express")]
pub(super) struct TakeOverSocket;

/// A response body for hyper.
pub(super) enum ResponseBody {
    Full(Full<Bytes>),
    Drip(Box<DripStream>),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Full(body) => Pin::new(body).poll_frame(context),
            Self::Drip(body) => body.poll_chunk(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(body) => body.is_end_stream(),
            Self::Drip(body) => body.len() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(body) => body.size_hint(),
            Self::Drip(body) => SizeHint::with_exact(body.len() as u64),
        }
    }
}

/// Sends a response at once and unchanged.
pub(super) fn at_once(response: Response) -> hyper::Response<ResponseBody> {
    into_hyper(response.status, response.headers, ResponseBody::Full(Full::new(response.body)))
}

/// Sends a response with a delay, throttling, a fault or an event stream.
///
/// # Errors
/// [`TakeOverSocket`] when `script` has been set and must run on the raw socket.
pub(super) async fn with_options(
    response: Response,
    options: SendOptions,
    request: Arc<Request>,
    limits: Limits,
    shutdown: &ShutdownSignal,
    script: &OnceLock<SocketScript>,
) -> Result<hyper::Response<ResponseBody>, TakeOverSocket> {
    let (delay_ms, drip) = (options.delay_ms, options.drip);
    // Built before the delay, because that subscribes to the event bus: the client also gets events that are published
    // during the delay. It also drops the reference to the bus, which otherwise could not close.
    let (mut response, mut actions) = match socket_actions(response, options, &request) {
        Ok(actions) => (None, actions),
        Err(response) => (Some(response), Vec::new()),
    };
    // The body may be large and the delay long.
    drop(request);
    if delay_ms > 0 && !delay(delay_ms, limits.drain_ms_max, shutdown.clone()).await {
        (response, actions) = (None, Vec::new());
    }
    match (response, drip) {
        (Some(response), None) => Ok(at_once(response)),
        (Some(response), Some(drip)) => {
            let body = ResponseBody::Drip(Box::new(DripStream::new(response.body, drip)));
            Ok(into_hyper(response.status, response.headers, body))
        }
        (None, _) => {
            // hyper makes no further call after this error, so the script is set at most once.
            let _ = script.set(SocketScript(actions));
            Err(TakeOverSocket)
        }
    }
}

/// Waits for a delay. Returns `false` at once when the server stops and the delay ends after the drain time: most
/// clients of such a long delay have disconnected, which cannot be detected here.
pub(super) async fn delay(delay_ms: u64, drain_ms: u64, mut shutdown: ShutdownSignal) -> bool {
    let sleep = tokio::time::sleep(Duration::from_millis(delay_ms));
    tokio::pin!(sleep);
    tokio::select! {
        () = &mut sleep => return true,
        () = shutdown.received() => {}
    }
    let drain_end = tokio::time::sleep(Duration::from_millis(drain_ms)).deadline();
    if sleep.deadline() > drain_end {
        return false;
    }
    sleep.await;
    true
}

fn into_hyper(status: StatusCode, headers: HeaderMap, body: ResponseBody) -> hyper::Response<ResponseBody> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The actions on the raw socket, or `Err` with the response when hyper can send it. A fault takes precedence over
/// everything else, and an event stream over the body.
fn socket_actions(
    mut response: Response,
    options: SendOptions,
    request: &Request,
) -> Result<Vec<SocketAction>, Response> {
    let SendOptions { slow_headers, drip, wire_fault, garbage, events, delay_ms: _ } = options;
    let (is_head, version) = (request.method == Method::HEAD, request.version);
    Ok(match (wire_fault, events) {
        (Some(WireFault::EmptyResponse), _) => vec![],
        (Some(WireFault::ConnectionResetByPeer), _) => vec![SocketAction::Reset],
        (Some(WireFault::Hang), _) => vec![SocketAction::Hang],
        (Some(WireFault::RandomDataThenClose), _) => vec![SocketAction::Write(garbage)],
        (Some(WireFault::MalformedResponseChunk), _) => {
            response.headers.remove(CONTENT_LENGTH);
            response.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            // HTTP/1.0 has no chunked encoding.
            let mut actions = vec![SocketAction::Write(head(Version::HTTP_11, response.status, &response.headers))];
            actions.extend((!is_head).then_some(SocketAction::Write(garbage)));
            actions
        }
        (Some(WireFault::TruncatedBody), _) => {
            set_content_length(&mut response, is_head);
            let half = response.body.slice(..response.body.len() / 2);
            let head = head(version, response.status, &response.headers);
            vec![write_action(head, slow_headers), write_action(half, drip)]
        }
        (None, Some(event_bus)) => {
            let subscription = event_bus.subscribe();
            response.headers.remove(CONTENT_LENGTH);
            response.headers.remove(TRANSFER_ENCODING);
            // The end of the connection ends the stream.
            response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
            let mut actions = vec![write_action(head(version, response.status, &response.headers), slow_headers)];
            actions.extend((!is_head).then_some(SocketAction::StreamEvents(subscription)));
            actions
        }
        (None, None) if slow_headers.is_some() => {
            set_content_length(&mut response, is_head);
            response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
            let head = head(version, response.status, &response.headers);
            vec![write_action(head, slow_headers), write_action(response.body, drip)]
        }
        (None, None) => return Err(response),
    })
}

fn write_action(bytes: Bytes, drip: Option<Drip>) -> SocketAction {
    match drip {
        Some(drip) => SocketAction::Drip(bytes, drip),
        None => SocketAction::Write(bytes),
    }
}

/// Sets `Content-Length`, and removes the body where HTTP allows none (RFC 9110, sections 6.4.1 and 8.6).
pub(super) fn set_content_length(response: &mut Response, is_head: bool) {
    let status = response.status;
    let is_bodiless =
        status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    response.headers.remove(TRANSFER_ENCODING);
    if is_bodiless {
        response.headers.remove(CONTENT_LENGTH);
    } else {
        response.headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    }
    if is_bodiless || is_head {
        response.body = Bytes::new();
    }
}

/// Status line and headers, in the form in which hyper writes them.
pub(super) fn head(version: Version, status: StatusCode, headers: &HeaderMap) -> Bytes {
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
