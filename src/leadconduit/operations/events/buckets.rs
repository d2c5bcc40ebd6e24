//! Intervals that follow each other, and groups within them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::variables::EventVariables;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::timeframe::Unit;
use crate::leadconduit::values::{Variables, plain, text};
use crate::support::clock::Timestamp;

/// How many intervals, and how many groups in all of them, one answer has at most.
const COUNT_MAX: usize = 10_000;

/// The intervals that a span of time is cut into.
#[derive(Debug)]
pub(crate) struct Buckets {
    /// The beginnings, and the end of the last.
    edges: Vec<Timestamp>,
}

impl Buckets {
    /// The whole span as one. Its end is no part of it.
    pub(crate) fn whole(start: Timestamp, end: Timestamp) -> Self {
        Self { edges: vec![start, end] }
    }

    /// Intervals of so many units. The first begins with the unit that the span begins in.
    pub(crate) fn cut(
        (start, end): (Timestamp, Timestamp),
        (count, unit): (i64, Unit),
        zone: &TimeZone,
    ) -> Result<Self, ApiError> {
        let beyond = || ApiError::new(422, "interval: that is beyond the years that can be counted");
        let mut edges = Vec::new();
        let mut edge = unit.start(&start.to_zoned(zone.clone())).ok_or_else(beyond)?;
        while edge.timestamp() < end || edges.is_empty() {
            if edges.len() > COUNT_MAX {
                return Err(ApiError::new(
                    422,
                    format!("interval: there are more than {COUNT_MAX} of them; ask for less time"),
                ));
            }
            edges.push(edge.timestamp());
            edge = unit.add(&edge, count).ok_or_else(beyond)?;
        }
        edges.push(edge.timestamp());
        Ok(Self { edges })
    }

    /// The interval that a moment lies in.
    pub(crate) fn place(&self, ms: i64) -> Option<usize> {
        let after = self.edges.partition_point(|edge| edge.as_millisecond() <= ms);
        after.checked_sub(1).filter(|place| place + 1 < self.edges.len())
    }

    /// The intervals, each with its beginning and with the first moment after it.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.edges.iter().zip(self.edges.iter().skip(1)).map(|(start, end)| (*start, *end))
    }
}

/// What is counted in each interval and group.
#[derive(Debug)]
pub(crate) struct Groups<T> {
    names: Vec<String>,
    /// By interval, then by the texts of the values, which are the order in which they are shown.
    found: BTreeMap<(usize, Vec<String>), (Vec<Value>, T)>,
}

impl<T: Default> Groups<T> {
    pub(crate) fn by(names: Vec<String>) -> Self {
        Self { names, found: BTreeMap::new() }
    }

    /// What is counted for an event's group.
    pub(crate) fn of(&mut self, bucket: usize, event: &EventVariables<'_>) -> Result<&mut T, ApiError> {
        let value = |name: &String| event.get(name).map_or(Value::Null, |value| plain(&value).clone());
        let values: Vec<Value> = self.names.iter().map(value).collect();
        let key =
            values.iter().map(|value| text(value).map_or_else(|| value.to_string(), std::borrow::Cow::into_owned));
        let key = (bucket, key.collect());
        if self.found.len() >= COUNT_MAX && !self.found.contains_key(&key) {
            return Err(ApiError::new(422, format!("group_by: there are more than {COUNT_MAX} groups; ask for fewer")));
        }
        Ok(&mut self.found.entry(key).or_insert_with(|| (values, T::default())).1)
    }

    /// The groups of an interval: what they are grouped by, and what was counted.
    pub(crate) fn within(&self, bucket: usize) -> impl Iterator<Item = (Map<String, Value>, &T)> {
        let groups = self.found.range((bucket, Vec::new())..(bucket + 1, Vec::new()));
        groups.map(|(_, (values, counted))| (self.names.iter().cloned().zip(values.iter().cloned()).collect(), counted))
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}
