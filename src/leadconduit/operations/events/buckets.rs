//! Consecutive intervals of time, and groups of events within them.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use foldhash::fast::RandomState;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::variables::{EventVariables, VariableNumbers};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::state::events::TimeSpan;
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
    /// The same in milliseconds since 1970.
    edges_ms: Vec<i64>,
    /// The interval that was found last: events come in the order of time.
    latest: Cell<usize>,
}

impl Buckets {
    /// One interval; its end is excluded.
    pub(crate) fn single(start: Timestamp, end: Timestamp) -> Self {
        Self::new(vec![start, end])
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
        Ok(Self::new(edges))
    }

    fn new(edges: Vec<Timestamp>) -> Self {
        let edges_ms = edges.iter().map(|edge| edge.as_millisecond()).collect();
        Self { edges, edges_ms, latest: Cell::new(0) }
    }

    /// The index of the interval that contains a time.
    pub(crate) fn index_of(&self, ms: i64) -> Option<usize> {
        let latest = self.latest.get();
        if let Some([start, end]) = self.edges_ms.get(latest..latest + 2)
            && (*start..*end).contains(&ms)
        {
            return Some(latest);
        }
        let index = self.search(ms)?;
        self.latest.set(index);
        Some(index)
    }

    fn search(&self, ms: i64) -> Option<usize> {
        let after = self.edges_ms.partition_point(|edge| *edge <= ms);
        after.checked_sub(1).filter(|index| index + 1 < self.edges.len())
    }

    /// The time of all intervals together.
    pub(crate) fn span(&self) -> TimeSpan {
        let edge = |edge: Option<&i64>| edge.copied().unwrap_or_default();
        TimeSpan { start_ms: edge(self.edges_ms.first()), end_ms: edge(self.edges_ms.last()) }
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
    entries: Vec<Group<T>>,
    /// Indexes of groups by interval, then by the values as text, which is the order of the rows.
    order: BTreeMap<(usize, Vec<String>), usize>,
    /// Indexes of groups by the hash of their interval and values. It spares most events the comparison of texts.
    by_hash: HashMap<u64, Vec<usize>>,
    /// Indexes of groups by their interval and the numbers of their values, where events have numbers for them.
    by_numbers: HashMap<GroupNumbers, usize, RandomState>,
    /// The groups that were used last, by their numbers: the events of a lead follow one another, and queries have few groups.
    latest: [Option<(GroupNumbers, usize)>; RECENT_MAX],
    /// Indexes of the groups that were used last, for queries with few groups.
    recent: [usize; RECENT_MAX],
    /// The position in `latest` and `recent` that is replaced next.
    next: usize,
}

/// The interval of a group, and the numbers of its values, of up to two properties.
type GroupNumbers = (usize, VariableNumbers);

/// How many groups are compared before the hash is computed.
const RECENT_MAX: usize = 4;

#[derive(Debug)]
struct Group<T> {
    bucket: usize,
    /// The values of the properties that events are grouped by.
    values: Vec<Value>,
    total: T,
}

impl<T: Default> Groups<T> {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self {
            names,
            entries: Vec::new(),
            order: BTreeMap::new(),
            by_hash: HashMap::new(),
            by_numbers: HashMap::default(),
            latest: [None; RECENT_MAX],
            recent: [0; RECENT_MAX],
            next: 0,
        }
    }

    /// The value of an event's group, created on first use.
    ///
    /// # Errors
    /// 422 for too many groups.
    pub(crate) fn entry(&mut self, bucket: usize, event: &EventVariables<'_>) -> Result<&mut T, ApiError> {
        let Some(numbers) = event.numbers(&self.names) else { return self.entry_by_values(bucket, event) };
        let numbers = (bucket, numbers);
        let known = self.latest.iter().flatten().find(|(latest, _)| *latest == numbers);
        let index = match known {
            Some((_, index)) => *index,
            None => {
                let index = match self.by_numbers.get(&numbers) {
                    Some(index) => *index,
                    None => {
                        let index = self.find(bucket, event)?;
                        self.by_numbers.insert(numbers, index);
                        index
                    }
                };
                self.latest[self.next] = Some((numbers, index));
                self.next = (self.next + 1) % RECENT_MAX;
                index
            }
        };
        Ok(&mut self.entries[index].total)
    }

    /// The value of the group of these variables, created on first use.
    ///
    /// # Errors
    /// 422 for too many groups.
    pub(crate) fn entry_by_values(&mut self, bucket: usize, variables: &dyn Variables) -> Result<&mut T, ApiError> {
        let index = self.find(bucket, variables)?;
        Ok(&mut self.entries[index].total)
    }

    /// The index of an event's group, by its values.
    fn find(&mut self, bucket: usize, event: &dyn Variables) -> Result<usize, ApiError> {
        let values: Vec<Option<Cow<'_, Value>>> = self.names.iter().map(|name| event.get(name)).collect();
        let values = || values.iter().map(|value| value.as_deref().map_or(&Value::Null, plain));
        let is_group = |index: &&usize| {
            self.entries.get(**index).is_some_and(|group| group.bucket == bucket && values().eq(&group.values))
        };
        if let Some(index) = self.recent.iter().find(is_group) {
            return Ok(*index);
        }
        let mut hasher = DefaultHasher::new();
        bucket.hash(&mut hasher);
        values().for_each(|value| value.hash(&mut hasher));
        let hash = hasher.finish();
        let index = match self.by_hash.get(&hash).and_then(|indexes| indexes.iter().find(is_group)) {
            Some(index) => *index,
            None => self.find_or_insert(bucket, values().cloned().collect(), hash)?,
        };
        self.recent[self.next] = index;
        self.next = (self.next + 1) % RECENT_MAX;
        Ok(index)
    }

    /// The index of the group with the same texts.
    fn find_or_insert(&mut self, bucket: usize, values: Vec<Value>, hash: u64) -> Result<usize, ApiError> {
        let text = |value| text(value).map_or_else(|| value.to_string(), Cow::into_owned);
        let key = (bucket, values.iter().map(text).collect());
        if let Some(index) = self.order.get(&key) {
            // The text `1` and the number 1 are one group, which is found by the hash of its first event only.
            return Ok(*index);
        }
        if self.entries.len() >= COUNT_MAX {
            return Err(ApiError::new(
                422,
                format!("group_by: there are more than {COUNT_MAX} groups; group by fewer properties"),
            ));
        }
        let index = self.entries.len();
        self.entries.push(Group { bucket, values, total: T::default() });
        self.order.insert(key, index);
        self.by_hash.entry(hash).or_default().push(index);
        Ok(index)
    }

    /// The groups of an interval: the properties that they are grouped by, and the value.
    pub(crate) fn in_bucket(&self, bucket: usize) -> impl Iterator<Item = (Map<String, Value>, &T)> {
        let indexes = self.order.range((bucket, Vec::new())..(bucket + 1, Vec::new())).map(|(_, index)| *index);
        indexes.filter_map(|index| self.entries.get(index)).map(|group| {
            let values = group.values.iter().cloned();
            (self.names.iter().cloned().zip(values).collect(), &group.total)
        })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_grouped_by_the_text_of_their_values() {
        let mut groups: Groups<u32> = Groups::new(vec!["a".to_owned(), "b".to_owned()]);
        let mut expected: BTreeMap<(usize, String), u32> = BTreeMap::new();
        for number in 0..500_u64 {
            let (a, b) =
                (number % 37, if number % 3 == 0 { json!((number % 2).to_string()) } else { json!(number % 2) });
            // The text `1` and the number 1 are one group; of a typed value, the normal form counts.
            let event = json!({"a": {"raw": "x", "normal": a}, "b": b});
            let bucket = usize::try_from(number % 2).unwrap();
            *groups.entry_by_values(bucket, &event).unwrap() += 1;
            *expected.entry((bucket, format!("{a} {}", number % 2))).or_default() += 1;
        }
        let mut found = BTreeMap::new();
        for bucket in 0..2 {
            for (values, count) in groups.in_bucket(bucket) {
                let key = values.values().map(|value| text(value).unwrap().into_owned()).collect::<Vec<_>>().join(" ");
                assert_eq!(found.insert((bucket, key), *count), None, "each group is listed once");
            }
        }
        assert_eq!(found, expected);
    }
}
