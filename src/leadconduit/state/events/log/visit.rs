//! Reading all events of a time span, as statistics do. A function is called with each event, which costs a fraction of
//! what an iterator over several runs of events does.

use std::ops::{Bound, Range};

use super::{Event, EventLog, EventSource, EventTypes, GeneratedEvents, partition_point};
use crate::support::computation;
use crate::support::ids::ObjectId;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// Events that began earlier are left out, in milliseconds since 1970.
    pub start_ms: i64,
    /// Events that began at this time or later are left out.
    pub end_ms: i64,
}

impl TimeSpan {
    /// All times.
    pub const ALL: Self = Self { start_ms: i64::MIN, end_ms: i64::MAX };
}

/// The events of a history in a span, as a range of their indexes, and the first and the last id in it.
struct Run<'a> {
    history: &'a dyn GeneratedEvents,
    range: Range<usize>,
    ids: (ObjectId, ObjectId),
}

impl EventLog {
    /// Calls a function with the events of these types after an id that began in a span of time, the oldest first, until it
    /// fails. Skipping generated events of other types takes a fraction of computing them.
    ///
    /// # Errors
    ///
    /// The error of the function.
    pub fn try_for_each<E>(
        &self,
        after: Option<ObjectId>,
        span: TimeSpan,
        types: EventTypes,
        mut visit: impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let span = TimeSpan { start_ms: span.start_ms.max(self.since_ms.unwrap_or(i64::MIN)), ..span };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let is_asked_for = |event: &Event<'_>| {
            let summary = event.summary();
            types.contains(summary.kind) && (span.start_ms..span.end_ms).contains(&summary.start_ms)
        };
        let mut runs: Vec<Run<'_>> =
            self.histories.iter().filter_map(|history| Run::find(&**history, after, span)).collect();
        runs.sort_by_key(|run| run.ids);
        if !runs.is_sorted_by(|a, b| a.ids.1 < b.ids.0) {
            let mut events = self.ascending(from, Bound::Unbounded);
            return events.try_for_each(|event| if is_asked_for(&event) { visit(event) } else { Ok(()) });
        }
        let visit_stored = |event: Event<'_>, visit: &mut dyn FnMut(Event<'_>) -> Result<(), E>| {
            computation::spend(1);
            if is_asked_for(&event) { visit(event) } else { Ok(()) }
        };
        let mut stored = self.recorded_between(from, Bound::Unbounded).peekable();
        for Run { history, mut range, ids: (_, last) } in runs {
            while !range.is_empty() {
                // Up to the next stored event.
                let next = stored.peek().map(|event| event.summary().id).filter(|id| *id <= last);
                let end =
                    next.map_or(range.end, |id| partition_point(history, range.clone(), |summary| summary.id < id));
                visit_history(history, range.start..end, types, &mut visit)?;
                range.start = end;
                if let Some(event) = stored.next_if(|_| next.is_some()) {
                    visit_stored(event, &mut visit)?;
                }
            }
        }
        stored.try_for_each(|event| visit_stored(event, &mut visit))
    }
}

/// Calls a function with the events of these types in a range of indexes, until it fails.
fn visit_history<E>(
    history: &dyn GeneratedEvents,
    range: Range<usize>,
    types: EventTypes,
    visit: &mut impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut result = Ok(());
    history.visit(range, types, &mut |index, summary| {
        computation::spend(1);
        result = visit(Event(EventSource::History(history, index, *summary)));
        result.is_ok()
    });
    result
}

impl<'a> Run<'a> {
    /// The events of a history after an id and in a span of time; `None` when it has none.
    fn find(history: &'a dyn GeneratedEvents, after: Option<ObjectId>, span: TimeSpan) -> Option<Self> {
        let all = || 0..history.count();
        let after = after.map_or(0, |after| partition_point(history, all(), |summary| summary.id <= after));
        let begin = partition_point(history, all(), |summary| summary.start_ms < span.start_ms).max(after);
        let end = partition_point(history, all(), |summary| summary.start_ms < span.end_ms);
        let (first, last) = (history.summary(begin)?, history.summary(end.checked_sub(1)?)?);
        (begin < end).then_some(Self { history, range: begin..end, ids: (first.id, last.id) })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::leadconduit::state::events::{EventSummary, EventType, Lead, Outcome};

    #[derive(Debug)]
    struct History(Vec<EventSummary>);

    impl GeneratedEvents for History {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn summary(&self, index: usize) -> Option<EventSummary> {
            self.0.get(index).copied()
        }

        fn value(&self, _index: usize) -> Value {
            Value::Null
        }

        fn leads(&self) -> &[Lead] {
            &[]
        }

        fn plan(&self) -> Value {
            Value::Null
        }
    }

    /// The id of the event that began at a second.
    fn id(second: i64) -> ObjectId {
        ObjectId::new(second, [7; 5], 1)
    }

    fn history(seconds: Range<i64>) -> Arc<History> {
        let summary = |second: i64| EventSummary {
            id: id(second),
            kind: if second % 3 == 0 { EventType::Filter } else { EventType::Source },
            outcome: Outcome::Success,
            start_ms: second * 1000,
            ms: 1,
            lead: None,
            flow: None,
            source: None,
            recipient: None,
            cost: 0.0,
            revenue: 0.0,
        };
        Arc::new(History(seconds.step_by(2).map(summary).collect()))
    }

    fn log(histories: &[(i64, i64)], stored: &[i64]) -> EventLog {
        let mut log = EventLog::default();
        for (from, to) in histories {
            log.add_history(history(*from..*to));
        }
        for second in stored {
            let event = json!({
                "id": id(*second).to_string(), "type": "source", "outcome": "success", "start_timestamp": second * 1000,
            });
            log.put(&event).unwrap();
        }
        log
    }

    #[test]
    fn the_visited_events_are_those_of_the_iterator() {
        let logs = [
            log(&[], &[]),
            log(&[], &[1, 5, 9]),
            log(&[(0, 20)], &[]),
            log(&[(0, 20)], &[30, 31]),
            log(&[(10, 20)], &[1, 30]),
            log(&[(0, 20)], &[5, 7, 30]),
            log(&[(40, 50), (0, 20)], &[60]),
            log(&[(0, 20), (5, 30)], &[60]),
            log(&[(0, 20), (40, 50)], &[30, 60]),
        ];
        for (number, log) in logs.iter().enumerate() {
            for hidden_until in [None, Some(8_000)] {
                let log = EventLog { since_ms: hidden_until, ..log.clone() };
                for after in [None, Some(-1), Some(4), Some(5), Some(18), Some(45), Some(99)].map(|at| at.map(id)) {
                    let spans = [(i64::MIN, i64::MAX), (4_000, 31_000), (5_001, 5_002), (99_000, 1_000)];
                    let types =
                        [EventTypes::ALL, EventTypes::from_iter([EventType::Source]), EventTypes::from_iter([])];
                    for ((start_ms, end_ms), types) in
                        spans.into_iter().flat_map(|span| types.map(|types| (span, types)))
                    {
                        let span = TimeSpan { start_ms, end_ms };
                        let mut visited = Vec::new();
                        let Ok(()) = log.try_for_each::<Infallible>(after, span, types, |event| {
                            visited.push(event.summary().id);
                            Ok(())
                        });
                        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                        let expected: Vec<ObjectId> = log
                            .ascending(from, Bound::Unbounded)
                            .filter(|event| (start_ms..end_ms).contains(&event.summary().start_ms))
                            .filter(|event| types.contains(event.summary().kind))
                            .map(|event| event.summary().id)
                            .collect();
                        assert_eq!(visited, expected, "log {number}, after {after:?}, {span:?}, {types:?}");
                        let mut count = 0;
                        let result = log.try_for_each(after, span, types, |_| {
                            count += 1;
                            if count < 3 { Ok(()) } else { Err(count) }
                        });
                        assert_eq!(result.is_err(), expected.len() >= 3, "an error ends it");
                        assert_eq!(count, expected.len().min(3));
                    }
                }
            }
        }
    }
}
