//! How many pings a source has sent to a flow in a minute.

use serde_json::Value;

use crate::support::clock::Timestamp;
use crate::support::document::{Document, text};

/// The most totals of an account; the oldest are evicted.
pub const PING_TOTALS_MAX: usize = 20_000;

/// How many pings a source has sent to a flow in a minute.
#[derive(Clone, Copy, Debug)]
pub struct PingTotal<'a> {
    document: &'a Document,
    /// Start of the minute, in milliseconds since 1970.
    pub start_ms: i64,
}

impl<'a> PingTotal<'a> {
    /// The total of a document; `None` when it has no time.
    #[must_use]
    pub fn new(document: &'a Document) -> Option<Self> {
        let start: Timestamp = text(document.value(), "minute_at").parse().ok()?;
        Some(Self { document, start_ms: start.as_millisecond() })
    }

    /// The number of pings.
    #[must_use]
    pub fn submitted(&self) -> u64 {
        self.number("submitted")
    }

    /// The number of pings that got a bid.
    #[must_use]
    pub fn success(&self) -> u64 {
        self.number("success")
    }

    fn number(&self, name: &str) -> u64 {
        self.document.value().get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// The account, the flow and the source, as the variables of an event have them.
    #[must_use]
    pub fn variables(&self) -> Value {
        let mut vars = self.document.value().clone();
        vars["type"] = "source".into();
        vars["vars"] = self.document.value().clone();
        vars
    }
}
