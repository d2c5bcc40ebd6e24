//! Server-sent events of one sandbox or of all. The server writes the stream; the handler only attaches the event bus.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};

use super::body;
use super::call::{ControlCall, ControlResult};
use super::query::Query;
use crate::http::message::{Response, SendOptions};

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let query = Query::parse(call, &["sandbox"])?;
    let events = Some(match query.get("sandbox") {
        None => call.sandbox.events(),
        Some("*") => Arc::clone(&call.app.sandboxes.shared().events),
        Some(_) => {
            let detail = "`sandbox` can only be `*`, for all sandboxes; use the header X-Mock-Sandbox to select one";
            return Err(body::bad_request(detail));
        }
    });
    let mut response = Response::new(StatusCode::OK, "")
        .with_header(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if call.request.method != Method::HEAD {
        response.send_options = Some(Box::new(SendOptions { events, ..SendOptions::default() }));
    }
    Ok(response)
}
