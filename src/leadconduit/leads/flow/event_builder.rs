//! Builds event documents of leads and of feedback: the common properties, and the names of steps and entities in them.

use serde_json::{Map, Value};

use super::values::Timing;
use crate::contract::standard::StandardDocuments;
use crate::leadconduit::state::events::{EventType, Outcome};
use crate::leadconduit::state::retention::RETENTION_DAYS;
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp};
use crate::support::document::text;
use crate::support::ids::ObjectId;

/// How long events are kept.
const RETENTION: SignedDuration = SignedDuration::from_hours(RETENTION_DAYS * 24);

/// The version of an integration whose package is not known.
const DEFAULT_VERSION: &str = "1.0.0";

/// About how many properties an event has.
const PROPERTIES: usize = 40;

/// An event document that is being built.
pub(crate) struct EventBuilder(Map<String, Value>);

impl EventBuilder {
    pub(crate) fn new(id: ObjectId, kind: EventType, outcome: Outcome, reason: &str, vars: Value) -> Self {
        let mut event = Self(Map::with_capacity(PROPERTIES));
        event.set("id", id);
        event.set("type", kind.name());
        event.set("outcome", outcome.name());
        event.set("reason", reason);
        event.set("vars", vars);
        event
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Copies properties that are present and not `null`, such as those of the step as configured at that time.
    pub(super) fn copy(&mut self, from: &Value, names: &[&str]) {
        for name in names {
            if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
                self.set(name, value.clone());
            }
        }
    }

    /// Sets the properties that every event has: times, host, versions and expiry. Durations are simulated, but no event
    /// starts after `now`: a query for the events until now returns all of them.
    pub(crate) fn set_common(&mut self, timing: &Timing, now: Timestamp) {
        let start = now.as_millisecond();
        self.set("host", "app.leadconduit.com");
        for (name, ms) in [
            ("start_timestamp", start),
            ("end_timestamp", start + timing.ms),
            ("ms", timing.ms),
            ("wait_ms", timing.wait_ms),
            ("overhead_ms", timing.ms - timing.wait_ms),
            ("lag_ms", 0),
            ("total_ms", timing.total_ms),
        ] {
            self.set(name, ms);
        }
        self.set("handler_version", "2.23.1");
        self.set("version", "2.0.0");
        self.set("ping_limit_reached", false);
        self.set("expires_at", format_timestamp(now.checked_add(RETENTION).unwrap_or(Timestamp::MAX)));
    }

    /// The event document.
    pub(crate) fn build(self) -> Value {
        Value::Object(self.0)
    }
}

/// The version of the package of an integration.
pub(super) fn package_version(standard: &StandardDocuments, integration: &Value) -> Value {
    let package = standard.package_of(text(integration, "module_id"));
    package.and_then(|package| package.text("version")).unwrap_or(DEFAULT_VERSION).into()
}
