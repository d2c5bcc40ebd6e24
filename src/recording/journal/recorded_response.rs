//! The response of an exchange: recorded as it was sent, and redacted when it is first shown.
//!
//! Few exchanges are ever shown, and the search for secrets takes longer than most responses.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use super::recorded_body::RecordedBody;
use super::request_head::{flatten, redact_headers};
use super::response_head::RecordedHead;
use crate::http::message::Response;
use crate::scenario::Scenario;
use crate::support::redaction::{Redactor, SecretTexts};

/// A response. Only [`RecordedResponse::redacted`] gives access to its content.
#[derive(Default)]
pub(super) struct RecordedResponse {
    /// Taken when the response is redacted.
    sent: Mutex<Option<SentResponse>>,
    redacted: OnceLock<RedactedResponse>,
    /// The texts that are secret wherever they occur.
    texts: SecretTexts,
}

/// A response as it was sent.
struct SentResponse {
    headers: SentHeaders,
    body: SentBody,
}

enum SentHeaders {
    /// Names and values, each on a line.
    Text(Box<str>),
    /// Those of a template.
    Head(RecordedHead),
}

enum SentBody {
    /// Not searched for secrets yet.
    Original(Bytes),
    /// The first items of a long list as a list, not searched for secrets yet, and the length of the whole body.
    Items(Bytes, usize),
    /// Any other long body is redacted and truncated at once: the rest would stay in memory until then, and the name of a
    /// secret in it could be that of a value before.
    Truncated(RecordedBody),
}

/// A response without secrets.
#[derive(Debug, Default)]
pub(super) struct RedactedResponse {
    /// Names and values, each on a line.
    pub(super) headers: Box<str>,
    pub(super) body: RecordedBody,
}

impl RecordedResponse {
    /// `head` has the headers of the response, if they come from a template.
    pub(super) fn new(
        response: &Response,
        head: Option<RecordedHead>,
        body_bytes_max: usize,
        redactor: &Redactor,
    ) -> Self {
        let body = &response.body;
        let body = if body.len() <= body_bytes_max {
            SentBody::Original(body.clone())
        } else if let Some(items) = first_items(body, body_bytes_max) {
            SentBody::Items([items, b"]"].concat().into(), body.len())
        } else {
            let redacted = RecordedBody::redacted(body, body_bytes_max, redactor);
            let with_found = redactor.with_found_values();
            SentBody::Truncated(
                with_found.map_or(redacted, |redactor| RecordedBody::redacted(body, body_bytes_max, &redactor)),
            )
        };
        let headers = match head {
            Some(head) => SentHeaders::Head(head),
            None => SentHeaders::Text(flatten(&response.headers)),
        };
        let sent = SentResponse { headers, body };
        Self { sent: Mutex::new(Some(sent)), redacted: OnceLock::new(), texts: redactor.texts().clone() }
    }

    /// The response without secrets. Nor may it contain an API key of the scenario, which a mapping can send.
    pub(super) fn redacted(&self, scenario: Option<&Scenario>) -> &RedactedResponse {
        self.redacted.get_or_init(|| {
            let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(SentResponse { headers, body }) = sent else { return RedactedResponse::default() };
            let headers = match headers {
                SentHeaders::Text(text) => text,
                SentHeaders::Head(head) => head.text().into(),
            };
            let redact = |redactor: &Redactor| RedactedResponse {
                headers: redact_headers(&headers, redactor).into_boxed_str(),
                body: match &body {
                    SentBody::Original(bytes) => RecordedBody::shared(bytes, redactor),
                    SentBody::Items(bytes, length) => RecordedBody::items(bytes, *length, redactor),
                    SentBody::Truncated(body) => body.clone(),
                },
            };
            let keys = scenario.into_iter().flat_map(Scenario::keys).map(str::to_owned);
            let redactor = Redactor::new(self.texts.with(keys));
            let redacted = redact(&redactor);
            // A value that is secret by its name can be repeated: an event has the mapping of a key, and a reason with it.
            redactor.with_found_values().as_ref().map_or(redacted, redact)
        })
    }

    /// Replaces the secrets of this exchange.
    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new(self.texts.clone())
    }

    /// The memory of headers, body and secrets in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.sent_bytes() + self.texts.added_bytes()
    }

    fn sent_bytes(&self) -> usize {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.as_ref().map_or(0, |sent| {
            let body = match &sent.body {
                SentBody::Original(bytes) | SentBody::Items(bytes, _) => bytes.len(),
                SentBody::Truncated(body) => body.bytes.len(),
            };
            let headers = match &sent.headers {
                SentHeaders::Text(text) => text.len(),
                SentHeaders::Head(head) => head.bytes(),
            };
            headers + body
        })
    }
}

/// The beginning of a JSON list up to the last item that ends before `bytes_max`; `None` when there is no such item, or the
/// text is something else. Items are objects or lists.
///
/// A secret and its name stand in the same item, so that nothing after the last one matters.
fn first_items(list: &[u8], bytes_max: usize) -> Option<&[u8]> {
    let (mut depth, mut in_string, mut is_escaped, mut end) = (0_usize, false, false, None);
    if list.first() != Some(&b'[') {
        return None;
    }
    for (index, byte) in list.iter().enumerate().take(bytes_max) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                match depth {
                    // Something follows the list.
                    0 => return None,
                    1 => end = Some(index),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    list.get(..=end?)
}

impl fmt::Debug for RecordedResponse {
    /// This is printed in places that must not contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedResponse").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn the_first_items_of_a_list_end_before_the_limit() {
        let rows: [(&str, usize, Option<&str>); 8] = [
            (r#"[{"a":1},{"b":2},{"c":3}]"#, 20, Some(r#"[{"a":1},{"b":2}"#)),
            (r#"[{"a":"}],[{"},{"b":"\"}"}]"#, 19, Some(r#"[{"a":"}],[{"}"#)),
            ("[[1,[2]],[3]]", 10, Some("[[1,[2]]")),
            (r#"[{"a":1},{"b":2}]"#, 5, None),
            ("[1,2,3]", 5, None),
            (r#"{"a":[{"b":1}]}"#, 14, None),
            (r#"[{"a":1}] password=x"#, 15, None),
            ("", 5, None),
        ];
        for (text, bytes_max, expected) in rows {
            let found = first_items(text.as_bytes(), bytes_max);
            assert_eq!(found, expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn secrets_of_an_exchange_count_in_its_memory() {
        let shared = SecretTexts::new(["known-text".to_owned()]);
        let of = |texts: &SecretTexts| {
            let redactor = Redactor::new(texts.clone());
            RecordedResponse::new(&Response::new(StatusCode::OK, "x"), None, 100, &redactor).bytes()
        };
        let before = of(&shared);
        assert!(of(&shared.with(["a".repeat(1000)])) >= before + 1000);
    }

    #[test]
    fn a_long_list_is_redacted_and_truncated_when_it_is_shown() {
        let item = r#"{"value":"S3cr3t-value","name":"password","note":"of-known-text"}"#;
        let list = format!("[{item},{item},{item}]");
        let redactor = Redactor::new(SecretTexts::new(["known-text".to_owned()]));
        let response = Response::new(StatusCode::OK, list.clone());
        let recorded = RecordedResponse::new(&response, None, 2 * item.len() + 5, &redactor);
        let before = recorded.bytes();
        let body = &recorded.redacted(None).body;
        let item = r#"{"value":"***","name":"password","note":"***"}"#;
        assert_eq!(body.bytes, format!("[{item},{item}"));
        assert!(body.is_truncated() && body.length == list.len());
        assert!(before < list.len());
    }
}
