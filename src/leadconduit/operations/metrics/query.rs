//! The parameters of metrics. Lists are repeated parameters, or one JSON array.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::contract::validate::OperationInput;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::operations::events::buckets::Buckets;
use crate::leadconduit::operations::events::filter::EventFilter;
use crate::leadconduit::operations::statistics;
use crate::leadconduit::rules::{Condition, Dialect};
use crate::leadconduit::state::retention::RETENTION_DAYS;
use crate::leadconduit::timeframe::{Timeframe, Unit, fixed_offset_zone};
use crate::support::clock::{SignedDuration, Timestamp, parse_timestamp};
use crate::support::document::text;

/// The maximum number of conditions, groups or steps in a query.
const LIST_MAX: usize = 100;

/// The intervals, groups and filter of a query.
#[derive(Debug)]
pub(super) struct MetricsQuery {
    pub(super) buckets: Buckets,
    pub(super) has_interval: bool,
    pub(super) group_by: Vec<String>,
    pub(super) filter: EventFilter,
}

/// A step of a funnel.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) actor: String,
    pub(super) filter: EventFilter,
    /// The step as in the response.
    pub(super) rendered: Value,
}

impl MetricsQuery {
    /// Parses the time frame, the interval, the groups and the filters. `groups` is the default of `group_by`.
    pub(super) fn from_input(context: &ReadContext<'_>, groups: &[&str]) -> Result<Self, ApiError> {
        let input = context.input;
        let zone = parse_time_zone(input)?;
        let span = parse_span(context, &zone)?;
        let interval = input.query("interval").map(parse_interval).transpose()?;
        Ok(Self {
            buckets: match interval {
                Some(interval) => Buckets::split(span, interval, &zone)?,
                None => Buckets::single(span.0, span.1),
            },
            has_interval: interval.is_some(),
            group_by: parse_group_by(input, groups)?,
            filter: parse_filter(&parse_objects(input, "filters")?)?,
        })
    }

    /// Parses `max_age` in seconds, and the groups; there is one interval, which ends now.
    pub(super) fn last_seconds(context: &ReadContext<'_>, groups: &[&str]) -> Result<Self, ApiError> {
        context.mark_time_dependent();
        let seconds = context.input.query("max_age").map(|text| text.parse::<f64>().map_err(|_| invalid("max_age")));
        let start = match seconds.transpose()? {
            Some(seconds) => {
                let age = SignedDuration::try_from_secs_f64(seconds).map_err(|_| invalid("max_age"))?;
                context.now.saturating_sub(age).unwrap_or(Timestamp::MIN)
            }
            None => Timestamp::MIN,
        };
        Ok(Self {
            buckets: Buckets::single(start, Timestamp::MAX),
            has_interval: false,
            group_by: parse_group_by(context.input, groups)?,
            filter: EventFilter::default(),
        })
    }
}

/// The property that is counted or aggregated.
pub(super) fn target_property<'i>(input: &'i OperationInput, default: &'i str) -> &'i str {
    input.query("target_property").unwrap_or(default)
}

pub(super) fn parse_steps(input: &OperationInput) -> Result<Vec<Step>, ApiError> {
    parse_objects(input, "steps")?.iter().map(parse_step).collect()
}

fn parse_step(step: &Value) -> Result<Step, ApiError> {
    let filters = match step.get("filters") {
        Some(Value::Array(filters)) => filters.clone(),
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(invalid("steps")),
    };
    let actor = step.get("actor_property").and_then(Value::as_str).unwrap_or("vars.lead.id").to_owned();
    let rendered = json!({
        "with_actors": step.get("with_actors").and_then(Value::as_bool).unwrap_or(false),
        "actor_property": actor,
        "event_collection": step.get("event_collection").and_then(Value::as_str).unwrap_or("events"),
        "filters": filters,
    });
    Ok(Step { actor, filter: parse_filter(&filters)?, rendered })
}

fn parse_time_zone(input: &OperationInput) -> Result<TimeZone, ApiError> {
    let Some(text) = input.query("timezone") else { return Ok(TimeZone::UTC) };
    // The schema allows fractions; offsets are whole seconds.
    let seconds = text.split_once('.').map_or(text, |(seconds, _)| seconds).parse().map_err(|_| invalid("timezone"))?;
    fixed_offset_zone(seconds).ok_or_else(|| invalid("timezone"))
}

/// Parses a time frame: a name, or an object with `start` and `end`, which is excluded. The default is the retention
/// period of events.
fn parse_span(context: &ReadContext<'_>, zone: &TimeZone) -> Result<(Timestamp, Timestamp), ApiError> {
    let default = || format!("this_{RETENTION_DAYS}_days");
    let text = context.input.query("timeframe").map_or_else(|| Cow::Owned(default()), Cow::Borrowed);
    if !text.trim_start().starts_with('{') {
        context.mark_time_dependent();
        let named = Timeframe::from_name(text.trim(), context.now, zone);
        return named.map(|timeframe| (timeframe.start, timeframe.end)).ok_or_else(|| invalid("timeframe"));
    }
    let value: Value = serde_json::from_str(&text).map_err(|_| invalid("timeframe"))?;
    let bound = |name: &str| {
        value.get(name).and_then(Value::as_str).and_then(parse_timestamp).ok_or_else(|| invalid("timeframe"))
    };
    let (start, end) = (bound("start")?, bound("end")?);
    if start <= end { Ok((start, end)) } else { Err(invalid("timeframe")) }
}

/// Parses an interval: `daily`, `every_2_days`, or an object with `name` and `units`.
fn parse_interval(text: &str) -> Result<(i64, Unit), ApiError> {
    let object: Option<Value> = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    let (name, units) = match &object {
        Some(object) => (self::text(object, "name"), self::text(object, "units")),
        None => (text.trim(), ""),
    };
    let every = |name: &str| {
        let (count, unit) = name.strip_prefix("every_")?.split_once('_')?;
        Some((count.parse().ok().filter(|count| (1..=9999).contains(count))?, Unit::from_name(unit)?))
    };
    let plain = statistics::interval_unit(name).or_else(|| Unit::from_name(name)).map(|unit| (1, unit));
    let counted = || Some((units.parse().ok().filter(|count| (1..=9999).contains(count))?, Unit::from_name(name)?));
    counted()
        .or(plain)
        .or_else(|| every(name))
        .or_else(|| every(&format!("{name}_{units}")))
        .ok_or_else(|| invalid("interval"))
}

fn parse_group_by(input: &OperationInput, default: &[&str]) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    for text in input.queries("group_by") {
        if text.trim_start().starts_with('[') {
            let json_objects: Vec<String> = serde_json::from_str(text).map_err(|_| invalid("group_by"))?;
            names.extend(json_objects);
        } else {
            names.push(text.to_owned());
        }
    }
    if names.len() > LIST_MAX {
        return Err(invalid("group_by"));
    }
    Ok(if names.is_empty() { default.iter().map(|name| (*name).to_owned()).collect() } else { names })
}

/// Parses a parameter with JSON objects, single ones or arrays of them.
fn parse_objects(input: &OperationInput, name: &str) -> Result<Vec<Value>, ApiError> {
    let mut found = Vec::new();
    for text in input.queries(name) {
        match serde_json::from_str(text).map_err(|_| invalid(name))? {
            Value::Array(values) => found.extend(values),
            value => found.push(value),
        }
    }
    let are_objects = found.iter().all(Value::is_object);
    if are_objects && found.len() <= LIST_MAX { Ok(found) } else { Err(invalid(name)) }
}

fn parse_filter(filters: &[Value]) -> Result<EventFilter, ApiError> {
    let conditions = filters.iter().map(parse_condition).collect::<Result<_, _>>()?;
    Ok(EventFilter { conditions, ..EventFilter::default() })
}

/// Translates a filter to a rule.
fn parse_condition(filter: &Value) -> Result<Condition, ApiError> {
    let value = filter.get("property_value").unwrap_or(&Value::Null);
    let (op, takes_value) = match (text(filter, "operator"), value) {
        ("eq", Value::Null) => ("is blank", false),
        ("ne", Value::Null) => ("is not blank", false),
        ("eq", _) => ("is equal to", true),
        ("ne", _) => ("is not equal to", true),
        ("lt", _) => ("is less than", true),
        ("lte", _) => ("is less than or equal to", true),
        ("gt", _) => ("is greater than", true),
        ("gte", _) => ("is greater than or equal to", true),
        ("in", _) => ("is included in", true),
        ("contains", _) => ("includes", true),
        ("not_contains", _) => ("does not include", true),
        ("exists", value) if *value == json!(false) || *value == json!("false") => ("is blank", false),
        ("exists", _) => ("is not blank", false),
        _ => return Err(invalid("filters")),
    };
    let mut rule = Map::new();
    rule.insert("lhv".to_owned(), text(filter, "property_name").into());
    rule.insert("op".to_owned(), op.into());
    if takes_value {
        rule.insert("rhv".to_owned(), value.clone());
    }
    Condition::parse_rule(&Value::Object(rule), Dialect::Flow).map_err(|_| invalid("filters"))
}

/// 400 for every invalid parameter.
fn invalid(name: &str) -> ApiError {
    ApiError::new(400, format!("{name} is not valid"))
}
