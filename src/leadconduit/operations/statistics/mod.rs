//! Statistics: leads or events counted and prices added up, in groups and intervals. Reports are such questions, kept.

mod columns;
mod tally;

use http::HeaderValue;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

pub(super) use self::columns::Column;
use self::tally::{Needs, Tally};
use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::csv;
use super::events::buckets::{Buckets, Groups};
use super::events::filter::Filter;
use crate::contract::check::Input;
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::state::events::{EventLog, Kind, Outcome as SubscriptionClosed};
use crate::leadconduit::timeframe::{Timeframe, Unit, known_zone, zone, zone_of_offset};
use crate::support::clock::{SignedDuration, Timestamp, moment, stamp};
use crate::support::document::number;

/// What is to be counted.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) filter: Filter,
    pub(super) columns: Vec<Column>,
    pub(super) group_by: Vec<String>,
    pub(super) interval: Option<Unit>,
    pub(super) zone: TimeZone,
    /// Both ends count.
    pub(super) span: (Timestamp, Timestamp),
    /// Whether leads are counted rather than events.
    pub(super) by_lead: bool,
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let question = question(call)?;
    let rows = rows(&call.events()?, &question)?;
    answer(call.input, rows, &question)
}

/// Rows as JSON, or as CSV where that is wanted.
pub(super) fn answer(input: &Input, rows: Vec<Value>, question: &Question) -> Outcome {
    if input.wanted.as_deref() != Some("text/csv") {
        return Ok(OperationResponse::ok(&Value::Array(rows)));
    }
    let edges = question.interval.map(|_| ["start", "end"]).into_iter().flatten();
    let groups = question.group_by.iter().map(String::as_str);
    let names: Vec<&str> = edges.chain(groups).chain(question.columns.iter().map(|column| column.name())).collect();
    let cells =
        |row: &Value| names.iter().map(|name| row.get(*name).map(csv::cell).unwrap_or_default()).collect::<Vec<_>>();
    let body = csv::written(&names, rows.iter().map(cells))?;
    Ok(OperationResponse::of(200, body.into()).as_media_type(HeaderValue::from_static("text/csv; charset=utf-8")))
}

fn question(call: &ReadContext<'_>) -> Result<Question, ApiError> {
    let input = call.input;
    let zone = time_zone(call)?;
    let span = span(call, &zone)?;
    let conditions = input.queries("rule").enumerate().map(|(index, text)| rule(index, text));
    Ok(Question {
        filter: Filter {
            kinds: known(input, "type", Kind::named)?,
            outcomes: known(input, "outcome", SubscriptionClosed::named)?,
            start: Some(span.0),
            end: Some(span.1),
            conditions: conditions.collect::<Result<_, _>>()?,
            ..Filter::default()
        },
        columns: Column::or_default(known(input, "column", Column::named)?),
        group_by: input.queries("group_by").map(str::to_owned).collect(),
        interval: known(input, "interval", unit)?.first().copied(),
        zone,
        span,
        by_lead: input.query("by_lead") != Some("false"),
    })
}

/// The unit of an interval's name.
pub(super) fn unit(interval: &str) -> Option<Unit> {
    Some(match interval {
        "minutely" => Unit::Minute,
        "hourly" => Unit::Hour,
        "daily" => Unit::Day,
        "weekly" => Unit::Week,
        "monthly" => Unit::Month,
        "yearly" => Unit::Year,
        _ => return None,
    })
}

fn known<T>(input: &Input, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ApiError> {
    let read = |text| read(text).ok_or_else(|| ApiError::new(400, format!("{name} is not known")));
    input.queries(name).map(read).collect()
}

/// One rule of the query. What is no rule at all breaks the parameter's form.
fn rule(index: usize, text: &str) -> Result<Condition, ApiError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| ApiError::new(400, format!("rule {index} is not JSON: {error}")))?;
    Condition::rule(&value, Form::Flow).map_err(|mistake| ApiError::new(400, format!("rule {index}: {mistake}")))
}

/// The zone that is asked for, else the account's.
fn time_zone(call: &ReadContext<'_>) -> Result<TimeZone, ApiError> {
    let Some(text) = call.input.query("timezone") else {
        return Ok(zone(call.account()?.document().text("time_zone").unwrap_or("UTC")));
    };
    let found = match text.parse::<i64>() {
        Ok(seconds) => zone_of_offset(seconds),
        Err(_) => known_zone(text),
    };
    found.ok_or_else(|| ApiError::new(422, format!("timezone: there is no time zone {text}")))
}

/// From the beginning of today to its end, unless something else is asked for.
fn span(call: &ReadContext<'_>, zone: &TimeZone) -> Result<(Timestamp, Timestamp), ApiError> {
    let today = || {
        call.depends_on_time();
        Timeframe::named("today", call.now, zone).ok_or_else(|| ApiError::new(422, "there is no such day"))
    };
    let start = time(call.input, "start")?.map_or_else(|| today().map(|day| day.start), Ok)?;
    let end = time(call.input, "end")?.map_or_else(|| today().map(|day| last_of(day.end)), Ok)?;
    Ok((start, end))
}

/// The last millisecond before a moment.
fn last_of(end: Timestamp) -> Timestamp {
    end.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(end)
}

/// A moment of the query.
pub(super) fn time(input: &Input, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let read = |text| moment(text).ok_or_else(|| ApiError::new(400, format!("{name} is no time")));
    input.query(name).map(read).transpose()
}

/// The rows: of each interval its groups. Without groups there is one row for each interval, whatever happened in it.
pub(super) fn rows(log: &EventLog, question: &Question) -> Result<Vec<Value>, ApiError> {
    let (start, end) = question.span;
    let after = end.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(end);
    let buckets = match question.interval {
        Some(unit) => Buckets::cut((start, after), (1, unit), &question.zone)?,
        // The bounds are the filter's; one bucket takes whatever passes it.
        None => Buckets::whole(Timestamp::MIN, Timestamp::MAX),
    };
    let needs = Needs::of(&question.columns, question.by_lead);
    let mut groups: Groups<Tally> = Groups::by(question.group_by.clone());
    for event in log.iter() {
        let summary = event.summary();
        let Some(bucket) = buckets.place(summary.start_ms).filter(|_| needs.concern(summary)) else { continue };
        let Some(variables) = question.filter.fits(event) else { continue };
        groups.of(bucket, &variables)?.add(summary, &variables, &needs);
    }
    let mut rows = Vec::new();
    for (bucket, span) in buckets.spans().enumerate() {
        let interval = question.interval.map(|_| span);
        let before = rows.len();
        rows.extend(groups.within(bucket).map(|(values, tally)| row(interval, values, tally, &question.columns)));
        if rows.len() == before && groups.names().is_empty() {
            rows.push(row(interval, Map::new(), &Tally::default(), &question.columns));
        }
    }
    Ok(rows)
}

fn row(
    interval: Option<(Timestamp, Timestamp)>,
    values: Map<String, Value>,
    tally: &Tally,
    columns: &[Column],
) -> Value {
    let mut row = Map::new();
    if let Some((start, after)) = interval {
        row.insert("start".to_owned(), stamp(start).into());
        row.insert("end".to_owned(), stamp(last_of(after)).into());
    }
    row.extend(values);
    for column in columns {
        row.insert(column.name().to_owned(), number(tally.value(*column)));
    }
    Value::Object(row)
}
