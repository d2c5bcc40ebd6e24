//! What the events of leads and of feedback have in common, and how steps and parties are called in them.

use serde_json::{Map, Value};

use super::execution::FlowExecution;
use crate::contract::standard::Standard;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::effect_log::StepKey;
use crate::leadconduit::state::events::{Kind, Outcome};
use crate::support::clock::{SignedDuration, Timestamp, stamp};
use crate::support::document::text;

/// For how long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The version of an integration that no package tells of.
const VERSION: &str = "1.0.0";

/// How many properties an event has, or nearly so.
const PROPERTIES: usize = 40;

/// A lead on its way to a recipient.
pub(super) struct Delivery {
    /// The event's id, which feedback has to name.
    pub(super) id: String,
    /// The cap that keeps the lead away.
    pub(super) cap: Option<String>,
    /// Where on its way the lead is.
    pub(super) spot: StepKey,
}

impl Delivery {
    pub(super) fn new(call: &mut WriteContext<'_>, run: &FlowExecution<'_>, step: &Value, attempt: u8) -> Self {
        let spot = run.spot(step, attempt);
        Self { id: next_id(call, &spot), cap: None, spot }
    }
}

/// The id that belongs to a place on the lead's way.
pub(super) fn next_id(call: &mut WriteContext<'_>, spot: &StepKey) -> String {
    let (world, now) = (&mut *call.world, call.now);
    call.outbox.id(spot, || world.next_id(now))
}

/// An event that is being made.
pub(crate) struct EventBuilder(Map<String, Value>);

impl EventBuilder {
    pub(crate) fn new(id: &str, kind: Kind, outcome: Outcome, reason: &str, vars: Value) -> Self {
        let mut record = Self(Map::with_capacity(PROPERTIES));
        record.set("id", id);
        record.set("type", kind.name());
        record.set("outcome", outcome.name());
        record.set("reason", reason);
        record.set("vars", vars);
        record
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// What of a step stands in its event as it was configured then.
    pub(super) fn copy(&mut self, from: &Value, names: &[&str]) {
        for name in names {
            if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
                self.set(name, value.clone());
            }
        }
    }

    /// What events have in common besides what they tell: when, how long, on which server, until when. In the mock's
    /// books a lead takes time, but no event begins later than now: who asks for what has happened until now gets all
    /// of it.
    pub(crate) fn stamp(&mut self, took: &Timing, now: Timestamp) {
        let began = now.as_millisecond();
        self.set("host", "app.leadconduit.com");
        for (name, ms) in [
            ("start_timestamp", began),
            ("end_timestamp", began + took.ms),
            ("ms", took.ms),
            ("wait_ms", took.wait_ms),
            ("overhead_ms", took.ms - took.wait_ms),
            ("lag_ms", 0),
            ("total_ms", took.total_ms),
        ] {
            self.set(name, ms);
        }
        self.set("handler_version", "2.23.1");
        self.set("version", "2.0.0");
        self.set("ping_limit_reached", false);
        self.set("expires_at", stamp(now.checked_add(KEPT).unwrap_or(now)));
    }

    /// The event, made.
    pub(crate) fn into_event(self) -> Value {
        Value::Object(self.0)
    }
}

/// The key under which a step's reply is found: what its integration is called. The plain delivery's is `outbound`.
pub(super) fn key(step: &Value) -> &str {
    let module = text(&step["integration"], "module_id");
    let package = module.split('.').next().unwrap_or_default();
    match package.strip_prefix("leadconduit-").unwrap_or(package) {
        "" | "default" | "custom" | "standard" => "outbound",
        own => own,
    }
}

/// The version of the package that an integration comes in.
pub(super) fn version(standard: &Standard, integration: &Value) -> Value {
    let package = standard.package_of(text(integration, "module_id"));
    package.and_then(|known| known.text("version")).unwrap_or(VERSION).into()
}

/// Somebody or something as events name it.
pub(super) fn party(of: &Value) -> Value {
    let parts = ["id", "sso_id", "name"].into_iter();
    let known =
        parts.filter_map(|part| Some((part.to_owned(), of.get(part).filter(|value| value.is_string())?.clone())));
    Value::Object(known.collect::<Map<_, _>>())
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// By itself.
    pub(crate) ms: i64,
    /// Waiting for others.
    pub(crate) wait_ms: i64,
    /// Since the lead was submitted.
    pub(crate) total_ms: i64,
}

impl Timing {
    /// What takes so long and waits for nobody.
    pub(crate) fn only(ms: i64) -> Self {
        Self { ms, wait_ms: 0, total_ms: ms }
    }
}
