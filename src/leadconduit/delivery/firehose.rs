//! Firehose files: each event of a flow becomes a file in an S3 bucket.

use bytes::Bytes;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::message::OutboundRequest;
use crate::support::document::text;
use crate::support::percent::RESERVED;

/// The request that writes an event: `PUT base/bucket/prefix/lead/event.json`, the path style of Amazon S3. `config` is
/// the `firehose` of the flow. The request is not signed.
#[must_use]
pub fn firehose_request(
    base_url: &str,
    config: &Value,
    lead_id: &str,
    event_id: &str,
    event: Bytes,
) -> OutboundRequest {
    let file = format!("{event_id}.json");
    let prefix = text(config, "prefix").split('/');
    let segments = [text(config, "bucket")].into_iter().chain(prefix).chain([lead_id, &file]);
    let mut url = base_url.trim().trim_end_matches('/').to_owned();
    // A prefix may be absent, and may begin or end with a slash.
    for segment in segments.filter(|segment| !segment.is_empty()) {
        url.push('/');
        // `..` would lead out of the bucket.
        // Amazon S3 escapes the same characters in object keys.
        let escaped = utf8_percent_encode(segment, RESERVED).to_string();
        url.push_str(&if segment.bytes().all(|b| b == b'.') { segment.replace('.', "%2E") } else { escaped });
    }
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    OutboundRequest { method: http::Method::PUT, url, headers, body: event, depth: 1, timeout_ms: None }
}
