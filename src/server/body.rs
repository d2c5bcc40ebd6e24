//! Reading of request bodies within the limits.

use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

use crate::config::limits::Limits;
use crate::http::message::Body;

/// Reads the body, or returns why it cannot be read.
pub(super) async fn read_body(head: &Parts, incoming: Incoming, limits: Limits) -> Body {
    let (headers, version) = (&head.headers, head.version);
    // No path of LeadConduit has this segment.
    let is_control = head.uri.path().contains("/__admin/");
    let bytes_max = if is_control { limits.control_bytes_max } else { limits.body_bytes_max };
    // RFC 9112, section 3.2: exactly one Host; HTTP/1.0 can omit it.
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version >= Version::HTTP_11) {
        return Body::Malformed(format!("a request needs exactly one Host header, not {hosts}"));
    }
    if incoming.is_end_stream() {
        return Body::Complete(Bytes::new());
    }
    let too_large = Body::TooLarge { limit: bytes_max };
    // A body whose length is too large is not read; a client that expects 100 Continue never sends it.
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > bytes_max as u64) {
        return too_large;
    }
    let collect = Limited::new(incoming, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(limits.body_wait_ms_max), collect).await {
        Ok(Ok(collected)) => Body::Complete(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large,
        Ok(Err(error)) => Body::Malformed(format!("the body is incomplete: {error}")),
        Err(_) => Body::TimedOut,
    }
}
