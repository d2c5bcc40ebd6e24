//! From when the counters of volume caps count.
//!
//! Counters are computed from events. A start in [`Collection::CapCounters`] excludes earlier ones: it is written when a
//! flow gets a cap, and when a deployment changes the rules or the duration of a cap. A cap without a start counts from
//! the beginning of its interval, or from its creation if that is later.

use std::sync::Arc;

use serde_json::{Value, json};

use super::counter::CapCounter;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::Flow;
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::Unit;
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{Document, items, text};
use crate::support::ids::ObjectId;

/// From when a counter counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CounterStart {
    /// Earlier events are not counted.
    pub(super) at: Option<Timestamp>,
    /// Nor are the events up to this one, which may have happened in the same millisecond.
    pub(super) after: Option<ObjectId>,
}

impl CounterStart {
    /// The start of the counter of a cap.
    pub(super) fn of(account: &Account, cap_id: &str) -> Self {
        let Some(start) = account.get(Collection::CapCounters, cap_id) else { return Self::default() };
        let parse = |name: &str| start.text(name);
        Self {
            at: parse("started_at").and_then(|at| at.parse().ok()),
            after: parse("after_event_id").and_then(|id| id.parse().ok()),
        }
    }

    fn document(self, cap_id: &str) -> Value {
        let mut document = json!({"id": cap_id});
        if let Some(at) = self.at {
            document["started_at"] = format_timestamp(at).into();
        }
        if let Some(after) = self.after {
            document["after_event_id"] = after.into();
        }
        document
    }
}

/// What determines the counter of a cap.
struct CapSettings<'f> {
    id: &'f str,
    /// The rule sets of the cap and of the caps around it, without the ids in them.
    rules: Vec<Value>,
    /// The length of its interval in minutes; months have 30.4 days.
    minutes: Option<f64>,
}

/// Starts the counters of the caps that a saved flow has and its previous revision does not have at zero.
///
/// # Errors
///
/// When a start cannot be stored.
pub(crate) fn start_new(context: &mut WriteContext<'_>, previous: &Value, saved: &Value) -> Result<(), ApiError> {
    let known: Vec<&str> = settings_of(previous).iter().map(|cap| cap.id).collect();
    for cap in settings_of(saved).iter().filter(|cap| !known.contains(&cap.id)) {
        restart(context, cap.id)?;
    }
    Ok(())
}

/// Applies a deployment to the counters. A counter starts at zero when a rule of its cap was added, removed or changed,
/// and when the duration became shorter. When it became longer, the counter keeps what it has counted, and counts until
/// the end of the longer interval. No other change affects it.
///
/// # Errors
///
/// When a start cannot be stored.
pub(crate) fn apply_deployment(
    context: &mut WriteContext<'_>,
    live: &Arc<Document>,
    deployed: &Document,
) -> Result<(), ApiError> {
    let deployed = settings_of(deployed.value());
    for cap in settings_of(live.value()) {
        let Some(changed) = deployed.iter().find(|other| other.id == cap.id) else {
            forget(context, cap.id);
            continue;
        };
        if changed.rules != cap.rules || changed.minutes < cap.minutes {
            restart(context, cap.id)?;
        } else if changed.minutes > cap.minutes {
            keep(context, live, cap.id)?;
        }
    }
    Ok(())
}

/// Removes the starts of the caps of a flow that is being deleted.
pub(crate) fn forget_all(context: &mut WriteContext<'_>, flow: &Value) {
    for cap in settings_of(flow) {
        forget(context, cap.id);
    }
}

fn forget(context: &mut WriteContext<'_>, cap_id: &str) {
    let account = Arc::clone(&context.caller.account);
    context.world.remove(&account, Collection::CapCounters, cap_id);
}

/// Starts a counter at zero.
fn restart(context: &mut WriteContext<'_>, cap_id: &str) -> Result<(), ApiError> {
    let start = CounterStart { at: Some(context.now), after: context.account()?.events().last() };
    context.put(Collection::CapCounters, &start.document(cap_id)).map(drop)
}

/// Keeps what a counter has counted in the interval of the live revision, although the interval changes.
fn keep(context: &mut WriteContext<'_>, live: &Arc<Document>, cap_id: &str) -> Result<(), ApiError> {
    let start = {
        let context = context.read_context();
        let account = context.account()?;
        let Some(cap) = Flow::of(live).caps.iter().find(|cap| *cap.limit.id == *cap_id) else { return Ok(()) };
        let Some(counter) = CapCounter::new(&context, account, live, cap) else { return Ok(()) };
        CounterStart { at: Some(counter.since()), after: CounterStart::of(account, cap_id).after }
    };
    context.put(Collection::CapCounters, &start.document(cap_id)).map(drop)
}

/// The settings of all caps of a flow: its own, and those of its sources and steps.
fn settings_of(flow: &Value) -> Vec<CapSettings<'_>> {
    let mut found = Vec::new();
    let parts = std::iter::once(flow).chain(items(flow, "sources")).chain(items(flow, "steps"));
    for part in parts {
        collect(part, &[], &mut found);
    }
    // Caps of scenarios may have no id; they cannot be told from each other.
    found.retain(|cap| !cap.id.is_empty());
    found
}

fn collect<'f>(part: &'f Value, outer_rules: &[Value], found: &mut Vec<CapSettings<'f>>) {
    for cap in items(part, "caps") {
        let mut rules = outer_rules.to_vec();
        rules.extend(cap.get("rule_set").filter(|set| !set.is_null()).map(without_ids));
        found.push(CapSettings { id: text(cap, "id"), rules: rules.clone(), minutes: minutes(cap) });
        collect(cap, &rules, found);
    }
}

/// A copy of rules without their ids, which a client may leave out when it saves the same rules again.
fn without_ids(rules: &Value) -> Value {
    match rules {
        Value::Object(object) => {
            let others = object.iter().filter(|(name, _)| *name != "id");
            Value::Object(others.map(|(name, value)| (name.clone(), without_ids(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_ids).collect(),
        value => value.clone(),
    }
}

fn minutes(cap: &Value) -> Option<f64> {
    let minutes = match Unit::from_name(text(cap, "duration_units"))? {
        Unit::Minute => 1.0,
        Unit::Hour => 60.0,
        Unit::Day => 1_440.0,
        Unit::Week => 10_080.0,
        Unit::Month => 43_830.0,
        Unit::Year => 525_960.0,
    };
    Some(cap.get("duration")?.as_f64()? * minutes)
}
