//! How many pings a source has sent to a flow in a minute.

use std::sync::Arc;

use serde_json::Value;

use crate::support::clock::Timestamp;
use crate::support::document::{Document, TypedDocument, text};

/// The most totals of an account; the oldest are evicted.
pub const PING_TOTALS_MAX: usize = 20_000;

/// How many pings a source has sent to a flow in a minute.
#[derive(Clone, Copy, Debug)]
pub struct PingTotal<'a> {
    document: &'a Document,
    /// Start of the minute, in milliseconds since 1970.
    pub start_ms: i64,
}

/// The counts of a total, and its text before them. The total after another ping is made of both: parsing and checking it
/// would take half of the time of a ping.
#[derive(Debug)]
pub struct PingCounts {
    /// The JSON of the document up to its counts, which are the last members.
    before: Arc<str>,
    submitted: u64,
    success: u64,
}

impl TypedDocument for PingCounts {
    fn from_value(total: &Value) -> Self {
        let number = |name: &str| total.get(name).and_then(Value::as_u64).unwrap_or(0);
        let mut others = total.clone();
        if let Some(others) = others.as_object_mut() {
            others.shift_remove("submitted");
            others.shift_remove("success");
        }
        let mut before = others.to_string();
        before.truncate(before.len() - "}".len());
        if before.len() > "{".len() {
            before.push(',');
        }
        Self { before: before.into(), submitted: number("submitted"), success: number("success") }
    }
}

impl PingCounts {
    /// The counts of a total.
    #[must_use]
    pub fn of(document: &Document) -> &Self {
        document.typed()
    }

    /// The total after another ping.
    #[must_use]
    pub fn with_another(&self, has_bid: bool) -> Document {
        let (submitted, success) = (self.submitted + 1, self.success + u64::from(has_bid));
        let json = format!(r#"{}"submitted":{submitted},"success":{success}}}"#, self.before);
        Document::with_typed(json.into(), Self { before: Arc::clone(&self.before), submitted, success })
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_total_after_another_ping_differs_only_in_its_counts() {
        // An imported total can have its members in another order.
        for total in [
            json!({"id": "a\"}", "flow": {"id": "f"}, "submitted": 1, "success": 0}),
            json!({"success": 0, "submitted": 1, "id": "a\"}", "flow": {"id": "f"}}),
        ] {
            let total = Document::new(&total);
            let twice = PingCounts::of(&PingCounts::of(&total).with_another(true)).with_another(false);
            let expected = json!({"id": "a\"}", "flow": {"id": "f"}, "submitted": 3, "success": 1});
            assert_eq!(twice.bytes(), expected.to_string());
            assert_eq!(*twice.value(), expected);
        }
        let empty = PingCounts::of(&Document::new(&json!({}))).with_another(true);
        assert_eq!(empty.bytes(), r#"{"submitted":1,"success":1}"#);
    }
}
