//! Volume caps and ping limits.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::reference::DocumentId;
use super::rule_set::RuleSet;
use super::template::TextTemplate;
use crate::leadconduit::rules::Condition;
use crate::leadconduit::timeframe::{self, Unit};
use crate::support::clock::Timestamp;
use crate::support::document::{Document, items, text};

/// The reason of a rejection by a cap that has none of its own.
const DEFAULT_REASON: &str = "Cap reached";

/// What caps and ping limits have in common: an id and an interval.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) id: Arc<str>,
    /// The number of units of an interval, and the unit; `None` when the limit has no duration.
    pub(crate) duration: Option<(i64, Unit)>,
    /// The time zone of its intervals; `None` for that of the account.
    pub(crate) time_zone: Option<LimitTimeZone>,
    /// When the limit was created; when its flow was created, if the limit has no time stamp.
    pub(crate) created_at: Timestamp,
    /// Where the limit is in the document of the flow: an RFC 6901 pointer.
    pointer: String,
}

/// The time zone of a limit.
#[derive(Debug)]
pub(crate) struct LimitTimeZone {
    /// Its name as it is written.
    pub(crate) name: String,
    /// UTC when the name is unknown.
    pub(crate) zone: TimeZone,
}

impl Limit {
    fn new(limit: &Value, pointer: String, flow_created_at: Option<Timestamp>) -> Self {
        let unit = Unit::from_name(text(limit, "duration_units"));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a duration is a whole number of units; larger values saturate"
        )]
        let count = limit.get("duration").and_then(Value::as_f64).map(|count| count as i64);
        let zone = |name: &str| LimitTimeZone { name: name.to_owned(), zone: timeframe::time_zone_or_utc(name) };
        Self {
            id: text(limit, "id").into(),
            duration: count.zip(unit),
            time_zone: limit.get("time_zone").and_then(Value::as_str).map(zone),
            created_at: created_at(limit).or(flow_created_at).unwrap_or(Timestamp::UNIX_EPOCH),
            pointer,
        }
    }

    /// The limit in the document of its flow, for rendering.
    pub(crate) fn document<'f>(&self, flow: &'f Document) -> &'f Value {
        flow.value().pointer(&self.pointer).unwrap_or(&Value::Null)
    }
}

/// The time stamp `created_at` of a flow or a limit.
pub(super) fn created_at(part: &Value) -> Option<Timestamp> {
    text(part, "created_at").parse().ok()
}

/// A ping limit of a flow or a source.
#[derive(Debug)]
pub(crate) struct PingLimit(pub(crate) Limit);

impl PingLimit {
    /// The ping limits of the flow or the source at a pointer.
    pub(super) fn all(holder: &Value, pointer: &str, flow_created_at: Option<Timestamp>) -> Vec<Self> {
        let limits = items(holder, "ping_limits").iter().enumerate();
        let limit = |(index, limit): (usize, &Value)| {
            Self(Limit::new(limit, format!("{pointer}/ping_limits/{index}"), flow_created_at))
        };
        limits.map(limit).collect()
    }
}

/// The part of a flow that a cap belongs to. It decides which events count.
#[derive(Clone, Debug)]
pub(crate) enum CapHolder {
    /// The flow: the source events of all its sources.
    Flow,
    /// A source: its source events.
    Source {
        /// The id of the source's entity.
        entity: DocumentId,
    },
    /// A step: its delivery events.
    Step {
        /// The id of the step.
        id: String,
        /// The id of the step's entity.
        entity: DocumentId,
    },
}

/// A volume cap.
#[derive(Debug)]
pub(crate) struct Cap {
    pub(crate) limit: Limit,
    pub(crate) holder: CapHolder,
    /// How many leads it accepts in an interval; `None` when it counts nothing and only contains other caps.
    pub(crate) maximum: Option<f64>,
    /// The conditions that a counted lead meets: those of the cap and of the caps around it.
    pub(crate) conditions: Vec<Condition>,
    /// The reason of a rejection as it is written.
    pub(crate) reason: String,
    /// The same, compiled.
    pub(crate) reason_template: TextTemplate,
}

impl Cap {
    /// The caps of a flow, of its sources and of its steps. A cap comes before the caps inside it.
    pub(super) fn all(flow: &Value, flow_created_at: Option<Timestamp>) -> Vec<Self> {
        let mut caps = Vec::new();
        let mut collect = |part: &Value, pointer: &str, holder: CapHolder| {
            collect(part, pointer, &holder, &[], flow_created_at, &mut caps);
        };
        collect(flow, "", CapHolder::Flow);
        for (index, source) in items(flow, "sources").iter().enumerate() {
            let entity = DocumentId::of(&source["entity"]);
            collect(source, &format!("/sources/{index}"), CapHolder::Source { entity });
        }
        for (index, step) in items(flow, "steps").iter().enumerate() {
            let holder = CapHolder::Step { id: text(step, "id").to_owned(), entity: DocumentId::of(&step["entity"]) };
            collect(step, &format!("/steps/{index}"), holder);
        }
        caps
    }
}

/// Adds the caps in `part`, which is a flow, source, step or cap, and the caps inside them.
fn collect(
    part: &Value,
    pointer: &str,
    holder: &CapHolder,
    outer_conditions: &[Condition],
    flow_created_at: Option<Timestamp>,
    caps: &mut Vec<Cap>,
) {
    for (index, cap) in items(part, "caps").iter().enumerate() {
        let mut conditions = outer_conditions.to_vec();
        match RuleSet::of(cap) {
            RuleSet::Always => {}
            RuleSet::When(condition) => conditions.push(condition),
            // The cap matches no lead, so neither do the caps inside.
            RuleSet::Never => continue,
        }
        let pointer = format!("{pointer}/caps/{index}");
        let reason = cap.get("reason").and_then(Value::as_str).unwrap_or(DEFAULT_REASON);
        caps.push(Cap {
            limit: Limit::new(cap, pointer.clone(), flow_created_at),
            holder: holder.clone(),
            maximum: cap.get("maximum").map(|maximum| maximum.as_f64().unwrap_or(f64::INFINITY)),
            conditions: conditions.clone(),
            reason: reason.to_owned(),
            reason_template: TextTemplate::new(reason),
        });
        collect(cap, &pointer, holder, &conditions, flow_created_at, caps);
    }
}
