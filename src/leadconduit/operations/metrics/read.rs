//! What the parameters of metrics say. Lists come as repeated parameters, or as the JSON text of a list.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::contract::check::Input;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::operations::events::buckets::Buckets;
use crate::leadconduit::operations::events::filter::Filter;
use crate::leadconduit::operations::statistics;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::timeframe::{Timeframe, Unit, zone_of_offset};
use crate::support::clock::{SignedDuration, Timestamp, moment};
use crate::support::document::text;

/// For how long events are kept, and looked back on when nothing is said.
const KEPT: &str = "this_90_days";

/// How many conditions or steps one question has at most.
const LIST_MAX: usize = 100;

/// When, in which intervals and groups, and which events.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) buckets: Buckets,
    pub(super) has_interval: bool,
    pub(super) group_by: Vec<String>,
    pub(super) filter: Filter,
}

/// A step of a funnel.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) actor: String,
    pub(super) filter: Filter,
    /// The step as it is shown again.
    pub(super) shown: Value,
}

impl Frame {
    /// What a time frame, an interval, groups and filters say. `groups` are those of a question that names none.
    pub(super) fn of(call: &ReadContext<'_>, groups: &[&str]) -> Result<Self, ApiError> {
        let input = call.input;
        let zone = time_zone(input)?;
        let span = span(call, &zone)?;
        let interval = input.query("interval").map(interval).transpose()?;
        Ok(Self {
            buckets: match interval {
                Some(interval) => Buckets::cut(span, interval, &zone)?,
                None => Buckets::whole(span.0, span.1),
            },
            has_interval: interval.is_some(),
            group_by: group_by(input, groups)?,
            filter: filter(&listed(input, "filters")?)?,
        })
    }

    /// So many seconds back from now.
    pub(super) fn back(call: &ReadContext<'_>, groups: &[&str]) -> Result<Self, ApiError> {
        call.depends_on_time();
        let seconds = call.input.query("max_age").map(|text| text.parse::<f64>().map_err(|_| bad("max_age")));
        let start = match seconds.transpose()? {
            Some(seconds) => {
                let age = SignedDuration::try_from_secs_f64(seconds).map_err(|_| bad("max_age"))?;
                call.now.saturating_sub(age).unwrap_or(Timestamp::MIN)
            }
            None => Timestamp::MIN,
        };
        Ok(Self {
            buckets: Buckets::whole(start, Timestamp::MAX),
            has_interval: false,
            group_by: group_by(call.input, groups)?,
            filter: Filter::default(),
        })
    }
}

/// The property to work on.
pub(super) fn target<'i>(input: &'i Input, default: &'i str) -> &'i str {
    input.query("target_property").unwrap_or(default)
}

pub(super) fn steps(input: &Input) -> Result<Vec<Step>, ApiError> {
    listed(input, "steps")?.iter().map(step).collect()
}

fn step(step: &Value) -> Result<Step, ApiError> {
    let filters = match step.get("filters") {
        Some(Value::Array(filters)) => filters.clone(),
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(bad("steps")),
    };
    let actor = step.get("actor_property").and_then(Value::as_str).unwrap_or("vars.lead.id").to_owned();
    let shown = json!({
        "with_actors": step.get("with_actors").and_then(Value::as_bool).unwrap_or(false),
        "actor_property": actor,
        "event_collection": step.get("event_collection").and_then(Value::as_str).unwrap_or("events"),
        "filters": filters,
    });
    Ok(Step { actor, filter: filter(&filters)?, shown })
}

fn time_zone(input: &Input) -> Result<TimeZone, ApiError> {
    let Some(text) = input.query("timezone") else { return Ok(TimeZone::UTC) };
    // Declared as any number; zones are whole seconds ahead.
    let seconds = text.split_once('.').map_or(text, |(whole, _)| whole).parse().map_err(|_| bad("timezone"))?;
    zone_of_offset(seconds).ok_or_else(|| bad("timezone"))
}

/// A name, or an object with both ends; the second is no part of it.
fn span(call: &ReadContext<'_>, zone: &TimeZone) -> Result<(Timestamp, Timestamp), ApiError> {
    let text = call.input.query("timeframe").unwrap_or(KEPT);
    if !text.trim_start().starts_with('{') {
        call.depends_on_time();
        let named = Timeframe::named(text.trim(), call.now, zone);
        return named.map(|frame| (frame.start, frame.end)).ok_or_else(|| bad("timeframe"));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| bad("timeframe"))?;
    let end = |name: &str| value.get(name).and_then(Value::as_str).and_then(moment).ok_or_else(|| bad("timeframe"));
    let (start, end) = (end("start")?, end("end")?);
    if start <= end { Ok((start, end)) } else { Err(bad("timeframe")) }
}

/// `daily`, `every_2_days`, or an object with `name` and `units`.
fn interval(text: &str) -> Result<(i64, Unit), ApiError> {
    let object: Option<Value> = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    let (name, units) = match &object {
        Some(object) => (self::text(object, "name"), self::text(object, "units")),
        None => (text.trim(), ""),
    };
    let every = |name: &str| {
        let (count, unit) = name.strip_prefix("every_")?.split_once('_')?;
        Some((count.parse().ok().filter(|count| (1..=9999).contains(count))?, Unit::named(unit)?))
    };
    let plain = statistics::unit(name).or_else(|| Unit::named(name)).map(|unit| (1, unit));
    let counted = || Some((units.parse().ok().filter(|count| (1..=9999).contains(count))?, Unit::named(name)?));
    counted()
        .or(plain)
        .or_else(|| every(name))
        .or_else(|| every(&format!("{name}_{units}")))
        .ok_or_else(|| bad("interval"))
}

fn group_by(input: &Input, default: &[&str]) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    for text in input.queries("group_by") {
        if text.trim_start().starts_with('[') {
            let listed: Vec<String> = serde_json::from_str(text).map_err(|_| bad("group_by"))?;
            names.extend(listed);
        } else {
            names.push(text.to_owned());
        }
    }
    if names.len() > LIST_MAX {
        return Err(bad("group_by"));
    }
    Ok(if names.is_empty() { default.iter().map(|name| (*name).to_owned()).collect() } else { names })
}

/// Objects as JSON text, each by itself or in a list.
fn listed(input: &Input, name: &str) -> Result<Vec<Value>, ApiError> {
    let mut found = Vec::new();
    for text in input.queries(name) {
        match serde_json::from_str(text).map_err(|_| bad(name))? {
            Value::Array(values) => found.extend(values),
            value => found.push(value),
        }
    }
    let are_objects = found.iter().all(Value::is_object);
    if are_objects && found.len() <= LIST_MAX { Ok(found) } else { Err(bad(name)) }
}

fn filter(filters: &[Value]) -> Result<Filter, ApiError> {
    let conditions = filters.iter().map(condition).collect::<Result<_, _>>()?;
    Ok(Filter { conditions, ..Filter::default() })
}

/// A filter says what a rule says, in other words.
fn condition(filter: &Value) -> Result<Condition, ApiError> {
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
        _ => return Err(bad("filters")),
    };
    let mut rule = Map::new();
    rule.insert("lhv".to_owned(), text(filter, "property_name").into());
    rule.insert("op".to_owned(), op.into());
    if takes_value {
        rule.insert("rhv".to_owned(), value.clone());
    }
    Condition::rule(&Value::Object(rule), Form::Flow).map_err(|_| bad("filters"))
}

/// Every parameter that says nothing that is known breaks its form.
fn bad(name: &str) -> ApiError {
    ApiError::new(400, format!("{name} is not understood"))
}
