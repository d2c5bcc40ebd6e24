//! Consecutive intervals of time, and groups of events within them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::timeframe::Unit;
use crate::leadconduit::values::{Variables, plain, text};
use crate::support::clock::Timestamp;

/// The maximum number of intervals in a response, and of groups in all of them together.
const COUNT_MAX: usize = 10_000;

/// The consecutive intervals of a time span.
#[derive(Debug)]
pub(crate) struct Buckets {
    /// The starts of the intervals, and the end of the last one.
    edges: Vec<Timestamp>,
}

impl Buckets {
    /// One interval; its end is excluded.
    pub(crate) fn single(start: Timestamp, end: Timestamp) -> Self {
        Self { edges: vec![start, end] }
    }

    /// Intervals of `count` units. The first one begins with the unit that contains the start of the span.
    ///
    /// # Errors
    /// 422 for too many intervals, and outside the supported range of years.
    pub(crate) fn split(
        (start, end): (Timestamp, Timestamp),
        (count, unit): (i64, Unit),
        zone: &TimeZone,
    ) -> Result<Self, ApiError> {
        let beyond = || ApiError::new(422, "interval: the time span exceeds the supported range of years");
        let mut edges = Vec::new();
        let mut edge = unit.start(&start.to_zoned(zone.clone())).ok_or_else(beyond)?;
        while edge.timestamp() < end || edges.is_empty() {
            if edges.len() > COUNT_MAX {
                return Err(ApiError::new(
                    422,
                    format!("interval: there are more than {COUNT_MAX} intervals; use a shorter time span"),
                ));
            }
            edges.push(edge.timestamp());
            edge = unit.add(&edge, count).ok_or_else(beyond)?;
        }
        edges.push(edge.timestamp());
        Ok(Self { edges })
    }

    /// The index of the interval that contains a time.
    pub(crate) fn index_of(&self, ms: i64) -> Option<usize> {
        let after = self.edges.partition_point(|edge| edge.as_millisecond() <= ms);
        after.checked_sub(1).filter(|index| index + 1 < self.edges.len())
    }

    /// The start and the excluded end of each interval.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.edges.iter().zip(self.edges.iter().skip(1)).map(|(start, end)| (*start, *end))
    }
}

/// A value per interval and group.
#[derive(Debug)]
pub(crate) struct Groups<T> {
    names: Vec<String>,
    /// By interval, then by the values as text, which is the order of the rows.
    groups: BTreeMap<(usize, Vec<String>), (Vec<Value>, T)>,
}

impl<T: Default> Groups<T> {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names, groups: BTreeMap::new() }
    }

    /// The value of an event's group, created on first use.
    ///
    /// # Errors
    /// 422 for too many groups.
    pub(crate) fn entry(&mut self, bucket: usize, event: &dyn Variables) -> Result<&mut T, ApiError> {
        let value = |name: &String| event.get(name).map_or(Value::Null, |value| plain(&value).clone());
        let values: Vec<Value> = self.names.iter().map(value).collect();
        let key =
            values.iter().map(|value| text(value).map_or_else(|| value.to_string(), std::borrow::Cow::into_owned));
        let key = (bucket, key.collect());
        if self.groups.len() >= COUNT_MAX && !self.groups.contains_key(&key) {
            return Err(ApiError::new(
                422,
                format!("group_by: there are more than {COUNT_MAX} groups; group by fewer properties"),
            ));
        }
        Ok(&mut self.groups.entry(key).or_insert_with(|| (values, T::default())).1)
    }

    /// The groups of an interval: the properties that they are grouped by, and the value.
    pub(crate) fn in_bucket(&self, bucket: usize) -> impl Iterator<Item = (Map<String, Value>, &T)> {
        let groups = self.groups.range((bucket, Vec::new())..(bucket + 1, Vec::new()));
        groups.map(|(_, (values, counted))| (self.names.iter().cloned().zip(values.iter().cloned()).collect(), counted))
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}
