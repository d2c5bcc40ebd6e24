//! Reading of request bodies within the limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Version;
use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::Handler;
use super::connection_timer::{ConnectionTimer, TimedOut};
use crate::config::limits::{DISCARDED_BODY_BYTES_MAX, Limits};
use crate::http::content_coding::{GunzipError, gunzip, is_gzip_encoded};
use crate::http::message::{Body, Request};

/// Reads the body of `head`, or returns why it cannot be read.
pub(super) async fn read_body(
    handler: &impl Handler,
    head: &Request,
    mut incoming: Incoming,
    limits: Limits,
    timer: &ConnectionTimer,
) -> Body {
    let (headers, version) = (&head.headers, head.version);
    // RFC 9112, section 3.2: exactly one Host; HTTP/1.0 can omit it.
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version >= Version::HTTP_11) {
        return Body::Malformed(format!("a request needs exactly one Host header, not {hosts}"));
    }
    if incoming.is_end_stream() {
        return Body::Complete(Bytes::new());
    }
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let is_gzip = is_gzip_encoded(headers);
    let is_small = declared.is_some_and(|length| length <= limits.body_bytes_max as u64) && !is_gzip;
    // Only the head decides about a larger limit, before a byte of the body is kept.
    let limit = if is_small { limits.body_bytes_max } else { handler.body_bytes_max(head, &limits) };
    let read = read_bytes(&mut incoming, declared, limit, headers.contains_key(EXPECT));
    let body = match timer.timeout(Duration::from_millis(limits.body_wait_ms_max), read).await {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return Body::TooLarge { limit },
        Ok(Err(error)) => return Body::Malformed(format!("the body is incomplete: {error}")),
        Err(TimedOut) => return Body::TimedOut,
    };
    if !is_gzip || body.is_empty() {
        return Body::Complete(body);
    }
    match gunzip(&body, limit) {
        Ok(decoded) => Body::Complete(decoded),
        Err(GunzipError::TooLarge { limit }) => Body::TooLarge { limit },
        Err(error) => Body::Malformed(error.to_string()),
    }
}

/// The bytes of a body; `None` when there are more than `limit`. The rest is then read and discarded up to a limit of its
/// own: many clients read no response before they have sent everything. A client that expects 100 Continue waits for a
/// response, so a body that it declares too large is not read.
async fn read_bytes(
    incoming: &mut Incoming,
    declared: Option<u64>,
    limit: usize,
    expects_continue: bool,
) -> Result<Option<Bytes>, hyper::Error> {
    let is_declared_too_large = declared.is_some_and(|length| length > limit as u64);
    if is_declared_too_large
        && (expects_continue || declared.is_some_and(|length| length > DISCARDED_BODY_BYTES_MAX as u64))
    {
        return Ok(None);
    }
    let (mut first, mut rest, mut length) = (Bytes::new(), BytesMut::new(), 0_usize);
    while let Some(frame) = incoming.frame().await {
        // Trailers are ignored.
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > DISCARDED_BODY_BYTES_MAX.max(limit) {
            return Ok(None);
        }
        if length > limit || is_declared_too_large {
            (first, rest) = (Bytes::new(), BytesMut::new());
        } else if length == data.len() {
            // Most bodies arrive in one piece, which is not copied.
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(declared.map_or(2 * length, |length| usize::try_from(length).unwrap_or(0)));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok((length <= limit).then(|| if rest.is_empty() { first } else { rest.freeze() }))
}
