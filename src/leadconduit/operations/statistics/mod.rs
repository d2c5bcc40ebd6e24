//! Statistics: numbers of leads or events and sums of prices, by group and interval. Reports are saved statistics
//! queries.

mod columns;
mod totals;

use http::HeaderValue;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

pub(super) use self::columns::Column;
use self::totals::{RequiredTotals, RowTotals};
use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use super::csv;
use super::events::buckets::{Buckets, Groups};
use super::events::filter::EventFilter;
use super::events::variables::EventVariables;
use crate::contract::validate::OperationInput;
use crate::leadconduit::rules::{Condition, Dialect};
use crate::leadconduit::state::events::{EventType, Outcome};
use crate::leadconduit::state::ping_total::PingTotal;
use crate::leadconduit::state::{Account, Collection, retention};
use crate::leadconduit::timeframe::{Timeframe, Unit, find_time_zone, fixed_offset_zone, time_zone_or_utc};
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp, parse_timestamp};
use crate::support::document::number;

/// The parameters of statistics.
#[derive(Debug)]
pub(super) struct StatisticsQuery {
    pub(super) filter: EventFilter,
    pub(super) columns: Vec<Column>,
    pub(super) group_by: Vec<String>,
    pub(super) interval: Option<Unit>,
    pub(super) zone: TimeZone,
    /// The first and the last moment, both included.
    pub(super) span: (Timestamp, Timestamp),
    /// Whether each lead is counted once, instead of each event.
    pub(super) by_lead: bool,
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let query = parse_query(context)?;
    let rows = rows(context, context.account()?, &query)?;
    respond(context.input, rows, &query)
}

/// Responds with the rows as JSON or CSV, by the negotiated media type.
pub(super) fn respond(input: &OperationInput, rows: Vec<Value>, query: &StatisticsQuery) -> OperationResult {
    if input.response_media_type.as_deref() != Some("text/csv") {
        return Ok(OperationResponse::ok(&Value::Array(rows)));
    }
    let bounds = query.interval.map(|_| ["start", "end"]).into_iter().flatten();
    let groups = query.group_by.iter().map(String::as_str);
    let names: Vec<&str> = bounds.chain(groups).chain(query.columns.iter().map(|column| column.name())).collect();
    let cells = |row: &Value| {
        names.iter().map(|name| row.get(*name).map(csv::format_cell).unwrap_or_default()).collect::<Vec<_>>()
    };
    let body = csv::write_csv(&names, rows.iter().map(cells))?;
    Ok(OperationResponse::json(200, body.into()).with_media_type(HeaderValue::from_static("text/csv; charset=utf-8")))
}

fn parse_query(context: &ReadContext<'_>) -> Result<StatisticsQuery, ApiError> {
    let input = context.input;
    let zone = time_zone(context)?;
    let span = span(context, &zone)?;
    let conditions = input.queries("rule").enumerate().map(|(index, text)| parse_rule(index, text));
    Ok(StatisticsQuery {
        filter: EventFilter {
            kinds: parse_all(input, "type", EventType::from_name)?,
            outcomes: parse_all(input, "outcome", Outcome::from_name)?,
            start: Some(span.0),
            end: Some(span.1),
            conditions: conditions.collect::<Result<_, _>>()?,
            ..EventFilter::default()
        },
        columns: Column::or_default(parse_all(input, "column", Column::from_name)?),
        group_by: input.queries("group_by").map(str::to_owned).collect(),
        interval: parse_all(input, "interval", interval_unit)?.first().copied(),
        zone,
        span,
        by_lead: input.query("by_lead") != Some("false"),
    })
}

/// The unit of an interval by its name.
pub(super) fn interval_unit(interval: &str) -> Option<Unit> {
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

fn parse_all<T>(input: &OperationInput, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ApiError> {
    let read = |text| read(text).ok_or_else(|| ApiError::new(400, format!("{name} is not known")));
    input.queries(name).map(read).collect()
}

/// Parses a rule; a malformed one is a 400, because it violates the format of the parameter.
fn parse_rule(index: usize, text: &str) -> Result<Condition, ApiError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| ApiError::new(400, format!("rule {index} is not JSON: {error}")))?;
    Condition::parse_rule(&value, Dialect::Flow).map_err(|error| ApiError::new(400, format!("rule {index}: {error}")))
}

/// The time zone of the query, by default the account's.
fn time_zone(context: &ReadContext<'_>) -> Result<TimeZone, ApiError> {
    let Some(text) = context.input.query("timezone") else {
        return Ok(time_zone_or_utc(context.account()?.document().text("time_zone").unwrap_or("UTC")));
    };
    let found = match text.parse::<i64>() {
        Ok(seconds) => fixed_offset_zone(seconds),
        Err(_) => find_time_zone(text),
    };
    found.ok_or_else(|| ApiError::new(422, format!("timezone: {text} is not a time zone")))
}

/// The time span of the query, by default today.
fn span(context: &ReadContext<'_>, zone: &TimeZone) -> Result<(Timestamp, Timestamp), ApiError> {
    let today = || {
        context.mark_time_dependent();
        Timeframe::from_name("today", context.now, zone)
            .ok_or_else(|| ApiError::new(422, "the day is outside the supported range of years"))
    };
    let start = parse_time(context.input, "start")?.map_or_else(|| today().map(|day| day.start), Ok)?;
    let end = parse_time(context.input, "end")?.map_or_else(|| today().map(|day| last_millisecond(day.end)), Ok)?;
    Ok((start, end))
}

/// The last millisecond before an excluded end.
fn last_millisecond(end: Timestamp) -> Timestamp {
    end.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(end)
}

/// Parses a time in the query.
///
/// # Errors
/// 400 when it is malformed.
pub(super) fn parse_time(input: &OperationInput, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let read = |text| parse_timestamp(text).ok_or_else(|| ApiError::new(400, format!("{name} is not a time")));
    input.query(name).map(read).transpose()
}

/// Computes the rows: the groups of each interval. Without `group_by`, every interval has one row, also if it has no
/// events.
///
/// # Errors
/// 422 for too many intervals or groups.
pub(super) fn rows(
    context: &ReadContext<'_>,
    account: &Account,
    query: &StatisticsQuery,
) -> Result<Vec<Value>, ApiError> {
    let log = context.retained_events(account);
    let (start, end) = query.span;
    let after = end.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(end);
    let buckets = match query.interval {
        Some(unit) => Buckets::split((start, after), (1, unit), &query.zone)?,
        // The filter applies the time span; one interval contains every matching event.
        None => Buckets::single(Timestamp::MIN, Timestamp::MAX),
    };
    let required = RequiredTotals::for_columns(&query.columns, query.by_lead);
    let mut groups: Groups<RowTotals> = Groups::new(query.group_by.clone());
    log.try_for_each::<ApiError>(None, query.filter.span(), required.types(), |event| {
        let start_ms = event.summary().start_ms;
        let Some(bucket) = buckets.index_of(start_ms).filter(|_| totals::has_category(event.summary().outcome)) else {
            return Ok(());
        };
        let variables = EventVariables::new(event);
        if query.filter.matches(&variables) {
            groups.entry(bucket, &variables)?.add(variables.summary(), &variables, &required);
        }
        Ok(())
    })?;
    let counts_pings = totals::count_pings(&query.columns);
    let totals = account.all(Collection::PingTotals).values().filter(|_| counts_pings);
    let since = retention::start_ms(account, context.now);
    for total in totals.filter_map(|document| PingTotal::new(document)).filter(|total| total.start_ms >= since) {
        let Some(bucket) = buckets.index_of(total.start_ms) else { continue };
        let variables = total.variables();
        let pings = query.filter.match_pings(&total, &variables);
        if pings.0 > 0 {
            groups.entry_by_values(bucket, &variables)?.add_pings(pings);
        }
    }
    let mut rows = Vec::new();
    for (bucket, span) in buckets.spans().enumerate() {
        let interval = query.interval.map(|_| span);
        let before = rows.len();
        rows.extend(groups.in_bucket(bucket).map(|(values, totals)| row(interval, values, totals, &query.columns)));
        if rows.len() == before && groups.names().is_empty() {
            rows.push(row(interval, Map::new(), &RowTotals::default(), &query.columns));
        }
    }
    Ok(rows)
}

fn row(
    interval: Option<(Timestamp, Timestamp)>,
    values: Map<String, Value>,
    totals: &RowTotals,
    columns: &[Column],
) -> Value {
    let mut row = Map::new();
    if let Some((start, after)) = interval {
        row.insert("start".to_owned(), format_timestamp(start).into());
        row.insert("end".to_owned(), format_timestamp(last_millisecond(after)).into());
    }
    row.extend(values);
    for column in columns {
        row.insert(column.name().to_owned(), number(totals.value(*column)));
    }
    Value::Object(row)
}
