//! A request's body, read whole within its limits.

use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

use crate::config::settings::Limits;
use crate::http::message::Body;

/// Reads the body, or finds out why it cannot be read.
pub(super) async fn read(head: &Parts, incoming: Incoming, limits: Limits) -> Body {
    let (headers, version) = (&head.headers, head.version);
    // No path of LeadConduit has this part; below it a whole world may be sent.
    let control = head.uri.path().contains("/__admin/");
    let bytes_max = if control { limits.control_bytes_max } else { limits.body_bytes_max };
    // RFC 9112, section 3.2: one Host, without which only HTTP/1.0 may ask.
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version >= Version::HTTP_11) {
        return Body::Broken(format!("a request names its Host once, not {hosts} times"));
    }
    if incoming.is_end_stream() {
        return Body::Whole(Bytes::new());
    }
    let too_large = Body::TooLarge { limit: bytes_max };
    // What is announced as too large is not read at all; a client that expects 100 Continue never sends it.
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bytes_max as u64) {
        return too_large;
    }
    let reading = Limited::new(incoming, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(limits.body_wait_ms_max), reading).await {
        Ok(Ok(collected)) => Body::Whole(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large,
        Ok(Err(error)) => Body::Broken(format!("the body broke off: {error}")),
        Err(_) => Body::Stalled,
    }
}
