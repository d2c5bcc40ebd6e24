//! The headers of a request without secrets. The requests of a client have the same headers most of the time, so that
//! they are searched for secrets once, and the exchanges share them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use crate::config::limits::{RECENT_HEAD_BYTES_MAX, RECENT_HEADS_MAX};
use crate::http::message::Request;
use crate::scenario::Scenario;
use crate::support::redaction::{Redactor, SecretTexts};

/// The secrets in the configuration of a server. They are read only for headers that are new.
#[derive(Clone, Copy)]
pub struct ConfiguredSecrets<'a> {
    /// Other secrets have another number.
    pub number: u64,
    /// Returns the secrets.
    pub read: &'a dyn Fn() -> Arc<[String]>,
}

impl Default for ConfiguredSecrets<'_> {
    fn default() -> Self {
        Self { number: 0, read: &|| Arc::default() }
    }
}

/// Texts that are replaced wherever they occur in an exchange.
#[derive(Clone)]
pub struct KnownSecrets<'a> {
    /// The token of the control API.
    pub token: Option<&'a str>,
    /// The secrets in the configuration of the server.
    pub configured: ConfiguredSecrets<'a>,
    /// Finds the credentials in the headers of a request.
    pub credentials: fn(&Request) -> Vec<String>,
    /// Other secrets of this request.
    pub others: Vec<String>,
}

impl fmt::Debug for KnownSecrets<'_> {
    /// This is printed in places that must not contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSecrets").finish_non_exhaustive()
    }
}

impl Default for KnownSecrets<'_> {
    fn default() -> Self {
        Self { token: None, configured: ConfiguredSecrets::default(), credentials: |_| Vec::new(), others: Vec::new() }
    }
}

/// The headers of a request, and what is known about their secrets.
#[derive(Debug)]
pub(super) struct RequestHead {
    /// The redacted headers; see [`header_pairs`].
    pub(super) headers: Arc<str>,
    /// Credentials, the secrets of the server, and the API keys of the scenario, which a client can send anywhere.
    pub(super) texts: SecretTexts,
    /// True when the headers contain no secret but credentials and cookies, which are replaced. Otherwise secrets in the
    /// body can be repeated in the headers, and the other way round.
    pub(super) is_clean: bool,
}

impl RequestHead {
    /// The head of a request: a recent one with the same bytes, or a new one.
    pub(super) fn of(request: &Request, secrets: &KnownSecrets<'_>, scenario: Option<&Arc<Scenario>>) -> Arc<Self> {
        thread_local! {
            static RECENT: RefCell<RecentHeads> = RefCell::default();
        }
        RECENT.with_borrow_mut(|recent| recent.find_or_insert(request, secrets, scenario))
    }

    fn new(request: &Request, headers: &str, secrets: &KnownSecrets<'_>, scenario: Option<&Scenario>) -> Self {
        let configured = (secrets.configured.read)();
        let texts = (secrets.credentials)(request).into_iter();
        let texts = texts.chain(secrets.token.map(str::to_owned)).chain(configured.iter().cloned());
        let texts = texts.chain(scenario.into_iter().flat_map(Scenario::keys).map(str::to_owned));
        let redactor = Redactor::new(SecretTexts::new(texts));
        Self {
            headers: redact_headers(headers, &redactor).into(),
            texts: redactor.texts().clone(),
            is_clean: redactor.are_headers_clean(header_pairs(headers)),
        }
    }
}

/// The heads of recent requests. They are compared header by header.
#[derive(Default)]
struct RecentHeads {
    heads: Vec<RecentHead>,
    /// The index of the one that is replaced next.
    next: usize,
}

struct RecentHead {
    /// Values of their own: those of a request keep the read buffer of its connection alive.
    headers: HeaderMap,
    token: Option<Box<str>>,
    configured: u64,
    scenario: Option<Arc<Scenario>>,
    head: Arc<RequestHead>,
}

impl RecentHeads {
    fn find_or_insert(
        &mut self,
        request: &Request,
        secrets: &KnownSecrets<'_>,
        scenario: Option<&Arc<Scenario>>,
    ) -> Arc<RequestHead> {
        let found = self.heads.iter().find(|recent| {
            // Servers of one process can have different secrets.
            recent.headers.len() == request.headers.len()
                && recent.headers.iter().eq(&request.headers)
                && recent.token.as_deref() == secrets.token
                && recent.configured == secrets.configured.number
                && recent.scenario.as_ref().map(Arc::as_ptr) == scenario.map(Arc::as_ptr)
        });
        if let Some(recent) = found {
            return Arc::clone(&recent.head);
        }
        let text = flatten(&request.headers);
        let head = Arc::new(RequestHead::new(request, &text, secrets, scenario.map(|scenario| &**scenario)));
        if text.len() > RECENT_HEAD_BYTES_MAX {
            return head;
        }
        let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
        let recent = RecentHead {
            headers: request.headers.iter().map(|(name, value)| (name.clone(), copy(value))).collect(),
            token: secrets.token.map(Into::into),
            configured: secrets.configured.number,
            scenario: scenario.cloned(),
            head: Arc::clone(&head),
        };
        match self.heads.get_mut(self.next) {
            Some(oldest) => *oldest = recent,
            None => self.heads.push(recent),
        }
        self.next = (self.next + 1) % RECENT_HEADS_MAX;
        head
    }
}

/// Headers as text: each name and each value is a line.
pub(super) fn flatten(headers: &HeaderMap) -> Box<str> {
    let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(length);
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b'\n');
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    let text = String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    text.into_boxed_str()
}

/// The names and values of flattened headers.
pub(super) fn header_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let mut lines = text.split('\n');
    std::iter::from_fn(move || {
        let name = lines.next().filter(|name| !name.is_empty())?;
        Some((name, lines.next()?))
    })
}

/// Flattened headers without secrets.
pub(super) fn redact_headers(headers: &str, redactor: &Redactor) -> String {
    let mut redacted = String::with_capacity(headers.len());
    redactor.headers(header_pairs(headers), |name, value| {
        for part in [name, "\n", value, "\n"] {
            redacted.push_str(part);
        }
    });
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn request(headers: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::new(Method::GET, "/x".parse().unwrap());
        for (name, value) in headers {
            request.headers.append(*name, HeaderValue::from_static(value));
        }
        request
    }

    #[test]
    fn the_same_headers_are_searched_once() {
        let secrets = KnownSecrets::default();
        let head = RequestHead::of(&request(&[("accept", "*/*"), ("authorization", "Basic abc")]), &secrets, None);
        assert_eq!(&*head.headers, "accept\n*/*\nauthorization\nBasic ***\n");
        assert!(head.is_clean);
        let same = RequestHead::of(&request(&[("accept", "*/*"), ("authorization", "Basic abc")]), &secrets, None);
        assert!(Arc::ptr_eq(&head, &same));
        let other = RequestHead::of(&request(&[("accept", "*/*"), ("authorization", "Basic abd")]), &secrets, None);
        assert!(!Arc::ptr_eq(&head, &other), "other credentials");
    }

    #[test]
    fn the_secrets_of_another_server_are_searched_anew() {
        let sent = request(&[("x-trace", "of-t0p-s3cret")]);
        let secrets = KnownSecrets::default();
        assert!(RequestHead::of(&sent, &secrets, None).is_clean);
        let with_token = KnownSecrets { token: Some("t0p-s3cret"), ..secrets.clone() };
        let head = RequestHead::of(&sent, &with_token, None);
        assert!(!head.is_clean && !head.headers.contains("s3cret"), "{}", head.headers);
        let configured = ConfiguredSecrets { number: 1, read: &|| ["t0p-s3cret".to_owned()].into() };
        let with_configured = KnownSecrets { configured, ..secrets.clone() };
        assert!(!RequestHead::of(&sent, &with_configured, None).is_clean);
        assert!(RequestHead::of(&sent, &secrets, None).is_clean);
    }

    #[test]
    fn the_number_and_length_of_remembered_heads_are_bounded() {
        let secrets = KnownSecrets::default();
        let mut recent = RecentHeads::default();
        for number in 0..3 * RECENT_HEADS_MAX {
            let mut sent = request(&[]);
            sent.headers.insert("x-number", HeaderValue::from(number));
            let head = recent.find_or_insert(&sent, &secrets, None);
            assert!(Arc::ptr_eq(&head, &recent.find_or_insert(&sent, &secrets, None)));
        }
        assert_eq!(recent.heads.len(), RECENT_HEADS_MAX);
        let mut long = request(&[]);
        long.headers.insert("x-long", HeaderValue::from_bytes(&[b'a'; RECENT_HEAD_BYTES_MAX]).unwrap());
        let head = recent.find_or_insert(&long, &secrets, None);
        assert!(!Arc::ptr_eq(&head, &recent.find_or_insert(&long, &secrets, None)));
    }
}
