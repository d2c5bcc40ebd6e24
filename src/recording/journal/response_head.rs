//! The headers of responses that have most of them in common.
//!
//! Two responses of an operation with the same status differ in a few headers only: the time, the `ETag`, the number of
//! the request, and the sandbox. A [`HeadTemplate`] has the others. A response gets a copy of it with its own values, and
//! the journal records these values only.

use std::sync::Arc;

use http::header::{DATE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::etag::ETag;
use crate::http::headers;
use crate::support::clock::{Timestamp, http_date};

/// The headers that responses have in common.
#[derive(Debug)]
pub struct HeadTemplate {
    headers: HeaderMap,
    /// The positions of the headers that differ.
    differing: Vec<(usize, Differing)>,
    text: Arc<HeadText>,
}

/// The text of the headers, without the values that differ.
#[derive(Debug)]
struct HeadText {
    /// Each name and each value is a line.
    text: Box<str>,
    /// Where these values are missing, in the order of the text.
    missing: Vec<(usize, Differing)>,
}

/// A header that differs between the responses of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Differing {
    Date,
    ETag,
    Number,
    Sandbox,
}

/// The values of one response.
#[derive(Clone, Debug)]
pub struct HeadValues {
    /// The time of the response.
    pub at: Timestamp,
    /// The tag of the body.
    pub etag: ETag,
    /// The number of the request in its sandbox.
    pub number: u64,
    /// The name of the sandbox.
    pub sandbox: HeaderValue,
    /// The violations of the request; a header of its own, after the others.
    pub violations: Option<HeaderValue>,
}

/// The headers of one response: those of a template, and its own values.
#[derive(Debug)]
pub struct RecordedHead {
    text: Arc<HeadText>,
    values: HeadValues,
}

impl HeadTemplate {
    /// A template of the headers of a response.
    #[must_use]
    pub fn new(response: &HeaderMap) -> Self {
        let (mut headers, mut differing) = (HeaderMap::with_capacity(response.len()), Vec::new());
        let (mut text, mut missing) = (String::new(), Vec::new());
        for (name, value) in response.iter().filter(|(name, _)| *name != headers::VIOLATIONS) {
            text.push_str(name.as_str());
            text.push('\n');
            if let Some(which) = Differing::of(name) {
                differing.push((headers.len(), which));
                missing.push((text.len(), which));
                headers.append(name, HeaderValue::from_static(""));
            } else {
                text.push_str(&String::from_utf8_lossy(value.as_bytes()));
                headers.append(name, own_copy(name, value));
            }
            text.push('\n');
        }
        Self { headers, differing, text: Arc::new(HeadText { text: text.into(), missing }) }
    }

    /// The headers of a response with these values. `date` is the text of [`HeadValues::at`].
    #[must_use]
    pub fn headers(&self, values: &HeadValues, date: HeaderValue) -> HeaderMap {
        let mut headers = self.headers.clone();
        let mut date = Some(date);
        let mut differing = self.differing.iter().peekable();
        for (position, value) in headers.values_mut().enumerate() {
            let Some((_, which)) = differing.next_if(|(next, _)| *next == position) else { continue };
            *value = match which {
                Differing::Date => date.take().unwrap_or(HeaderValue::from_static("")),
                Differing::ETag => values.etag.value(),
                Differing::Number => HeaderValue::from(values.number),
                Differing::Sandbox => values.sandbox.clone(),
            };
        }
        if let Some(violations) = &values.violations {
            headers.insert(headers::VIOLATIONS, violations.clone());
        }
        headers
    }

    /// What the journal records of the headers of a response with these values.
    #[must_use]
    pub fn record(&self, values: HeadValues) -> RecordedHead {
        RecordedHead { text: Arc::clone(&self.text), values }
    }
}

impl Differing {
    fn of(name: &HeaderName) -> Option<Self> {
        match name {
            name if name == DATE => Some(Self::Date),
            name if name == ETAG => Some(Self::ETag),
            name if name == headers::REQUEST_ID => Some(Self::Number),
            name if name == headers::SANDBOX => Some(Self::Sandbox),
            _ => None,
        }
    }
}

/// The values of the mock's own headers belong to a scenario or an operation: all threads would count their references.
fn own_copy(name: &HeaderName, value: &HeaderValue) -> HeaderValue {
    let copy = name.as_str().starts_with(headers::PREFIX).then(|| HeaderValue::from_bytes(value.as_bytes()).ok());
    copy.flatten().unwrap_or_else(|| value.clone())
}

impl RecordedHead {
    /// The headers as text: each name and each value is a line.
    #[must_use]
    pub fn text(&self) -> String {
        let HeadValues { at, etag, number, sandbox, violations } = &self.values;
        let shown = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let (mut text, mut start) = (String::with_capacity(self.text.text.len() + 128), 0);
        for (end, which) in &self.text.missing {
            text.push_str(&self.text.text[start..*end]);
            text.push_str(&match which {
                Differing::Date => http_date(*at),
                Differing::ETag => etag.text(),
                Differing::Number => number.to_string(),
                Differing::Sandbox => shown(sandbox),
            });
            start = *end;
        }
        text.push_str(&self.text.text[start..]);
        if let Some(violations) = violations {
            for part in [headers::VIOLATIONS.as_str(), "\n", &shown(violations), "\n"] {
                text.push_str(part);
            }
        }
        text
    }

    /// The memory that only this response needs, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.violations.as_ref().map_or(0, HeaderValue::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::journal::request_head::flatten;
    use http::header::{CONTENT_TYPE, VARY};

    fn response(values: &HeadValues) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        headers.insert(DATE, http_date(values.at).parse().unwrap());
        headers.insert(ETAG, values.etag.value());
        headers.insert(headers::REQUEST_ID, HeaderValue::from(values.number));
        headers.insert(headers::SANDBOX, values.sandbox.clone());
        headers.insert(headers::OPERATION, HeaderValue::from_static("get_x"));
        if let Some(violations) = &values.violations {
            headers.insert(headers::VIOLATIONS, violations.clone());
        }
        headers
    }

    #[test]
    fn the_headers_of_a_template_are_those_of_a_response() {
        let values = |at: &str, body: &str, number, sandbox, violations: Option<&'static str>| HeadValues {
            at: at.parse().unwrap(),
            etag: ETag::of(body.as_bytes()),
            number,
            sandbox: HeaderValue::from_static(sandbox),
            violations: violations.map(HeaderValue::from_static),
        };
        let rows = [
            values("2026-01-02T03:04:05Z", "[]", 1, "default", None),
            values("2026-01-02T03:04:06Z", "{}", 20, "other", Some("[1]")),
            values("1970-01-01T00:00:00Z", "", u64::MAX, "default", Some("[2]")),
        ];
        for first in &rows {
            let template = HeadTemplate::new(&response(first));
            for row in &rows {
                let expected = response(row);
                let headers = template.headers(row, http_date(row.at).parse().unwrap());
                assert!(headers.iter().eq(expected.iter()), "{headers:?} {expected:?}");
                assert_eq!(template.record(row.clone()).text(), *flatten(&expected));
            }
        }
    }

    #[test]
    fn a_response_without_the_headers_of_the_mock_has_a_template_too() {
        let headers =
            HeaderMap::from_iter([(DATE, HeaderValue::from_static("x")), (VARY, HeaderValue::from_static("y"))]);
        let values = HeadValues {
            at: Timestamp::UNIX_EPOCH,
            etag: ETag::of(b""),
            number: 1,
            sandbox: HeaderValue::from_static("default"),
            violations: None,
        };
        let template = HeadTemplate::new(&headers);
        assert!(template.headers(&values, HeaderValue::from_static("x")).iter().eq(headers.iter()));
    }
}
