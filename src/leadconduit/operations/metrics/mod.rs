//! Event metrics: counts, different values, medians and funnels.
//!
//! The documents give names and types alone. The names are those of an analytics service whose project keys stand in
//! account documents, so what they mean is taken from there.

mod read;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use self::read::Frame;
use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::events::buckets::{Buckets, Groups};
use super::events::filter::Filter;
use super::events::variables::EventVariables;
use crate::leadconduit::state::events::EventLog;
use crate::leadconduit::values::{Variables, plain, text};
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::number;

pub(super) fn count(call: &ReadContext<'_>) -> Outcome {
    buckets(call, |_, count: &mut Events| {
        count.0 += 1;
    })
}

pub(super) fn count_unique(call: &ReadContext<'_>) -> Outcome {
    let target = read::target(call.input, "vars.lead.id");
    buckets(call, |event, values: &mut Texts| values.add(event, target))
}

/// The different values: in groups, and with an interval in groups of each interval.
pub(super) fn select_unique(call: &ReadContext<'_>) -> Outcome {
    let target = read::target(call.input, "vars.lead.id");
    let frame = Frame::of(call, &["vars.source.id", "vars.recipient.id"])?;
    let groups = groups(&call.events()?, &frame, |event, values: &mut Texts| values.add(event, target))?;
    let rows = |bucket| -> Vec<Value> {
        let with = |(mut group, values): (Map<String, Value>, &Texts)| {
            // Declared as texts: a group that lacks one of them leaves it out.
            group.retain(|_, value| !value.is_null());
            group.insert("result".to_owned(), json!(values.0));
            Value::Object(group)
        };
        groups.within(bucket).map(with).collect()
    };
    let result: Vec<Value> = if frame.has_interval {
        let each = frame.buckets.spans().enumerate();
        each.map(|(bucket, span)| json!({"value": rows(bucket), "timeframe": timeframe(span)})).collect()
    } else {
        rows(0)
    };
    Ok(OperationResponse::ok(&json!({"result": result})))
}

pub(super) fn median(call: &ReadContext<'_>) -> Outcome {
    let target = read::target(call.input, "ms");
    let frame = Frame::back(call, &["type", "module_id"])?;
    let groups = groups(&call.events()?, &frame, |event, numbers: &mut Numbers| {
        numbers.0.extend(event.get(target).as_deref().and_then(|value| plain(value).as_f64()));
    })?;
    let rows = groups.within(0).filter_map(|(mut group, numbers)| {
        group.retain(|_, value| !value.is_null());
        group.insert("median".to_owned(), number(numbers.median()?));
        Some(Value::Object(group))
    });
    Ok(OperationResponse::ok(&json!({"result": rows.collect::<Vec<_>>()})))
}

/// For each step, how many of those that came through all steps before it came through it as well.
pub(super) fn funnel(call: &ReadContext<'_>) -> Outcome {
    let frame = Frame::of(call, &[])?;
    let log = call.events()?;
    let steps = read::steps(call.input)?;
    let mut result = Vec::with_capacity(steps.len());
    let mut arrived: Option<HashSet<String>> = None;
    for step in &steps {
        let mut found = HashSet::new();
        each(&log, &frame.buckets, &step.filter, |_, event| {
            let actor = event.get(&step.actor).as_deref().and_then(text).map(std::borrow::Cow::into_owned);
            found.extend(actor.filter(|actor| arrived.as_ref().is_none_or(|before| before.contains(actor))));
            Ok(())
        })?;
        result.push(found.len());
        arrived = Some(found);
    }
    let steps: Vec<&Value> = steps.iter().map(|step| &step.shown).collect();
    Ok(OperationResponse::ok(&json!({"steps": steps, "result": result})))
}

/// What is counted in a group.
trait Counted: Default {
    fn result(&self) -> f64;
}

#[derive(Default)]
struct Events(u32);

impl Counted for Events {
    fn result(&self) -> f64 {
        f64::from(self.0)
    }
}

#[derive(Default)]
struct Texts(BTreeSet<String>);

impl Texts {
    fn add(&mut self, event: &EventVariables<'_>, target: &str) {
        self.0.extend(event.get(target).as_deref().and_then(text).map(std::borrow::Cow::into_owned));
    }
}

impl Counted for Texts {
    fn result(&self) -> f64 {
        u32::try_from(self.0.len()).map_or(f64::INFINITY, f64::from)
    }
}

#[derive(Default)]
struct Numbers(Vec<f64>);

impl Numbers {
    /// The number in the middle, or the middle of the two that are.
    fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(f64::midpoint(lower, upper))
    }
}

/// A number for each interval and group.
fn buckets<T: Counted>(call: &ReadContext<'_>, mut add: impl FnMut(&EventVariables<'_>, &mut T)) -> Outcome {
    let frame = Frame::of(call, &["outcome"])?;
    let groups = groups(&call.events()?, &frame, |event, counted| add(event, counted))?;
    let result = frame.buckets.spans().enumerate().map(|(bucket, span)| {
        let values = groups.within(bucket).map(|(mut group, counted): (Map<String, Value>, &T)| {
            group.insert("result".to_owned(), number(counted.result()));
            Value::Object(group)
        });
        json!({"value": values.collect::<Vec<_>>(), "timeframe": timeframe(span)})
    });
    Ok(OperationResponse::ok(&json!({"result": result.collect::<Vec<_>>()})))
}

fn groups<T: Default>(
    log: &EventLog,
    frame: &Frame,
    mut add: impl FnMut(&EventVariables<'_>, &mut T),
) -> Result<Groups<T>, ApiError> {
    let mut groups = Groups::by(frame.group_by.clone());
    each(log, &frame.buckets, &frame.filter, |bucket, event| {
        add(event, groups.of(bucket, event)?);
        Ok(())
    })?;
    Ok(groups)
}

/// The events of the time frame that pass a filter.
fn each(
    log: &EventLog,
    buckets: &Buckets,
    filter: &Filter,
    mut tell: impl FnMut(usize, &EventVariables<'_>) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    for event in log.iter() {
        let Some(bucket) = buckets.place(event.summary().start_ms) else { continue };
        if let Some(variables) = filter.fits(event) {
            tell(bucket, &variables)?;
        }
    }
    Ok(())
}

fn timeframe((start, end): (Timestamp, Timestamp)) -> Value {
    json!({"start": stamp(start), "end": stamp(end)})
}
