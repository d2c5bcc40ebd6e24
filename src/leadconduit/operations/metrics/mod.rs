//! Event metrics: counts, distinct values, medians and funnels.
//!
//! The documentation has names and types only. The names are those of an analytics service whose project keys are in
//! account documents, so they have the meaning that they have there (inferred).

mod query;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use self::query::MetricsQuery;
use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use super::events::buckets::{Buckets, Groups};
use super::events::filter::EventFilter;
use super::events::variables::EventVariables;
use crate::leadconduit::state::events::EventLog;
use crate::leadconduit::values::{Variables, text};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::number;

pub(super) fn count(context: &ReadContext<'_>) -> OperationResult {
    count_by_bucket(context, |_, count: &mut EventCount| {
        count.0 += 1;
    })
}

pub(super) fn count_unique(context: &ReadContext<'_>) -> OperationResult {
    let target = query::target_property(context.input, "vars.lead.id");
    count_by_bucket(context, |event, values: &mut DistinctTexts| values.add(event, target))
}

/// Lists distinct values by group; with an interval, by interval and group.
pub(super) fn select_unique(context: &ReadContext<'_>) -> OperationResult {
    let target = query::target_property(context.input, "vars.lead.id");
    let query = MetricsQuery::from_input(context, &["vars.source.id", "vars.recipient.id"])?;
    let groups =
        group_events(&context.events()?, &query, |event, values: &mut DistinctTexts| values.add(event, target))?;
    let rows = |bucket| -> Vec<Value> {
        let row = |(mut group, values): (Map<String, Value>, &DistinctTexts)| {
            // The schema has strings only, so missing properties are omitted.
            group.retain(|_, value| !value.is_null());
            group.insert("result".to_owned(), json!(values.0));
            Value::Object(group)
        };
        groups.in_bucket(bucket).map(row).collect()
    };
    let result: Vec<Value> = if query.has_interval {
        let spans = query.buckets.spans().enumerate();
        spans.map(|(bucket, span)| json!({"value": rows(bucket), "timeframe": timeframe(span)})).collect()
    } else {
        rows(0)
    };
    Ok(OperationResponse::ok(&json!({"result": result})))
}

pub(super) fn median(context: &ReadContext<'_>) -> OperationResult {
    let target = query::target_property(context.input, "ms");
    let query = MetricsQuery::last_seconds(context, &["type", "module_id"])?;
    let groups = group_events(&context.events()?, &query, |event, numbers: &mut Numbers| {
        numbers.0.extend(event.number(target));
    })?;
    let rows = groups.in_bucket(0).filter_map(|(mut group, numbers)| {
        group.retain(|_, value| !value.is_null());
        group.insert("median".to_owned(), number(numbers.median()?));
        Some(Value::Object(group))
    });
    Ok(OperationResponse::ok(&json!({"result": rows.collect::<Vec<_>>()})))
}

/// Counts for each step the actors that have passed it and all previous steps.
pub(super) fn funnel(context: &ReadContext<'_>) -> OperationResult {
    let query = MetricsQuery::from_input(context, &[])?;
    let log = context.events()?;
    let steps = query::parse_steps(context.input)?;
    let mut result = Vec::with_capacity(steps.len());
    let mut previous_actors: Option<HashSet<String>> = None;
    for step in &steps {
        let mut actors = HashSet::new();
        for_each_event(&log, &query.buckets, &step.filter, |_, event| {
            let actor = event.get(&step.actor).as_deref().and_then(text).map(std::borrow::Cow::into_owned);
            actors
                .extend(actor.filter(|actor| previous_actors.as_ref().is_none_or(|previous| previous.contains(actor))));
            Ok(())
        })?;
        result.push(actors.len());
        previous_actors = Some(actors);
    }
    let steps: Vec<&Value> = steps.iter().map(|step| &step.rendered).collect();
    Ok(OperationResponse::ok(&json!({"steps": steps, "result": result})))
}

/// A count of a group.
trait Count: Default {
    fn result(&self) -> f64;
}

#[derive(Default)]
struct EventCount(u32);

impl Count for EventCount {
    fn result(&self) -> f64 {
        f64::from(self.0)
    }
}

#[derive(Default)]
struct DistinctTexts(BTreeSet<String>);

impl DistinctTexts {
    fn add(&mut self, event: &EventVariables<'_>, target: &str) {
        self.0.extend(event.get(target).as_deref().and_then(text).map(std::borrow::Cow::into_owned));
    }
}

impl Count for DistinctTexts {
    fn result(&self) -> f64 {
        u32::try_from(self.0.len()).map_or(f64::INFINITY, f64::from)
    }
}

#[derive(Default)]
struct Numbers(Vec<f64>);

impl Numbers {
    /// The middle number, or the mean of the two middle numbers; `None` without numbers.
    fn median(&self) -> Option<f64> {
        let mut numbers = self.0.clone();
        let (middle, is_odd) = (numbers.len() / 2, numbers.len() % 2 == 1);
        if numbers.is_empty() {
            return None;
        }
        let (lower, upper, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
        // Of an even count, the lower one of the middle numbers is the largest of those below the upper one.
        let lower = if is_odd { *upper } else { lower.iter().copied().max_by(f64::total_cmp)? };
        Some(f64::midpoint(lower, *upper))
    }
}

/// Responds with a count for each interval and group.
fn count_by_bucket<T: Count>(
    context: &ReadContext<'_>,
    mut add: impl FnMut(&EventVariables<'_>, &mut T),
) -> OperationResult {
    let query = MetricsQuery::from_input(context, &["outcome"])?;
    let groups = group_events(&context.events()?, &query, |event, count| add(event, count))?;
    let result = query.buckets.spans().enumerate().map(|(bucket, span)| {
        let values = groups.in_bucket(bucket).map(|(mut group, count): (Map<String, Value>, &T)| {
            group.insert("result".to_owned(), number(count.result()));
            Value::Object(group)
        });
        json!({"value": values.collect::<Vec<_>>(), "timeframe": timeframe(span)})
    });
    Ok(OperationResponse::ok(&json!({"result": result.collect::<Vec<_>>()})))
}

fn group_events<T: Default>(
    log: &EventLog,
    query: &MetricsQuery,
    mut add: impl FnMut(&EventVariables<'_>, &mut T),
) -> Result<Groups<T>, ApiError> {
    let mut groups = Groups::new(query.group_by.clone());
    for_each_event(log, &query.buckets, &query.filter, |bucket, event| {
        add(event, groups.entry(bucket, event)?);
        Ok(())
    })?;
    Ok(groups)
}

/// Visits the events in the time frame that match a filter.
fn for_each_event(
    log: &EventLog,
    buckets: &Buckets,
    filter: &EventFilter,
    mut visit: impl FnMut(usize, &EventVariables<'_>) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    log.try_for_each(None, buckets.span(), filter.types(), |event| {
        let Some(bucket) = buckets.index_of(event.summary().start_ms) else { return Ok(()) };
        let variables = EventVariables::new(event);
        if filter.matches(&variables) { visit(bucket, &variables) } else { Ok(()) }
    })
}

fn timeframe((start, end): (Timestamp, Timestamp)) -> Value {
    json!({"start": format_timestamp(start), "end": format_timestamp(end)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_numbers() {
        let cases: [(&[f64], Option<f64>); 6] = [
            (&[], None),
            (&[3.0], Some(3.0)),
            (&[9.0, 1.0], Some(5.0)),
            (&[5.0, 1.0, 9.0], Some(5.0)),
            (&[4.0, 1.0, 4.0, 9.0], Some(4.0)),
            (&[8.0, 1.0, 2.0, 9.0, 3.0, 7.0], Some(5.0)),
        ];
        for (numbers, median) in cases {
            assert_eq!(Numbers(numbers.to_vec()).median(), median, "{numbers:?}");
        }
    }
}
