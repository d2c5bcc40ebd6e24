//! Files for the firehose: each event of a flow, as a file in a bucket.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::Call;
use crate::support::document::text;

/// What stands as it is in the name of a file at Amazon S3.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The call that writes an event: `PUT base/bucket/prefix/lead/event.json`, in the style of paths, as stand-ins for
/// Amazon S3 take it. `config` is a flow's `firehose`. Nothing is signed.
#[must_use]
pub fn firehose_call(base_url: &str, config: &Value, lead_id: &str, event_id: &str, event: Bytes) -> Call {
    let file = format!("{event_id}.json");
    let prefix = text(config, "prefix").split('/');
    let parts = [text(config, "bucket")].into_iter().chain(prefix).chain([lead_id, &file]);
    let mut url = base_url.trim().trim_end_matches('/').to_owned();
    // A prefix may be absent, and may begin or end with a slash.
    for part in parts.filter(|part| !part.is_empty()) {
        url.push('/');
        // A part of dots alone would lead out of the bucket.
        let escaped = utf8_percent_encode(part, PLAIN).to_string();
        url.push_str(&if part.bytes().all(|b| b == b'.') { part.replace('.', "%2E") } else { escaped });
    }
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Call { method: http::Method::PUT, url, headers, body: event }
}
