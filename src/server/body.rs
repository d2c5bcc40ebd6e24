//! A request's body, read whole within its limits.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

use crate::exchange::{Body, Reply};
use crate::settings::Limits;

/// Reads the body. A client that stalls or breaks off gets a reply that closes the connection.
pub(super) async fn read(headers: &HeaderMap, incoming: Incoming, limits: Limits) -> Result<Body, Reply> {
    if incoming.is_end_stream() {
        return Ok(Body::Whole(Bytes::new()));
    }
    let too_large = Body::TooLarge { limit: limits.body_bytes_max };
    // What is announced as too large is not read at all; a client that expects 100 Continue never sends it.
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes_max as u64) {
        return Ok(too_large);
    }
    let reading = Limited::new(incoming, limits.body_bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(limits.body_wait_ms_max), reading).await {
        Ok(Ok(collected)) => Ok(Body::Whole(collected.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Ok(too_large),
        Ok(Err(error)) => Err(closing(StatusCode::BAD_REQUEST, &format!("the body could not be read: {error}"))),
        Err(_) => Err(closing(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

fn closing(status: StatusCode, message: &str) -> Reply {
    let body = serde_json::json!({"error": message}).to_string();
    Reply::new(status, body)
        .with(CONNECTION, HeaderValue::from_static("close"))
        .with(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
}
