//! Which events an export is about, and the file that they make.

use std::ops::Bound;

use serde_json::Value;

use crate::contract::standard::Kind;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::operations::csv;
use crate::leadconduit::operations::events::variables::EventVariables;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::{Event, EventLog};
use crate::leadconduit::values::Variables;
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::{items, text};
use crate::support::ids::ObjectId;

/// How many events a file has at most.
pub(super) const ROWS_MAX: usize = 10_000;

/// What an event has of its own.
const PROPERTIES: [&str; 26] = [
    "id",
    "type",
    "outcome",
    "reason",
    "host",
    "start_timestamp",
    "end_timestamp",
    "ms",
    "wait_ms",
    "overhead_ms",
    "lag_ms",
    "total_ms",
    "handler_version",
    "version",
    "cap_reached",
    "caps_reached",
    "ping_limit_reached",
    "expires_at",
    "module_id",
    "package_version",
    "step_id",
    "step_count",
    "cost",
    "revenue",
    "recipient_event_id",
    "appended",
];

/// What an event tells of others, under `vars`; reports and rules leave that word out.
const VARIABLES: [&str; 10] =
    ["lead", "flow", "source", "recipient", "submission", "account", "feedback", "price", "purchase_price", "event_id"];

/// How moments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dates {
    Standard,
    Legacy,
}

/// What an export is about.
#[derive(Debug)]
pub(super) struct Selection {
    start_ms: i64,
    end_ms: i64,
    rules: Vec<Condition>,
    fields: Vec<String>,
    dates: Dates,
    upto: Option<ObjectId>,
}

impl Selection {
    /// Reads what a job's document says.
    pub(super) fn read(export: &Value) -> Result<Self, ApiError> {
        let moment = |name: &str| {
            let parsed = text(export, name).parse::<Timestamp>();
            parsed.map_err(|_| ApiError::new(422, format!("/{name}: there is no such moment")))
        };
        let (start, end) = (moment("start")?, moment("end")?);
        if end <= start {
            return Err(ApiError::new(422, "/end: the range ends before it begins"));
        }
        let mut rules = Vec::new();
        for (at, rule) in items(export, "filter_rules").iter().enumerate() {
            // Both ways of naming comparisons are taken; a mistake is told in the words of flows, which know more.
            let condition = Condition::rule(rule, Form::Flow)
                .or_else(|mistake| Condition::rule(rule, Form::Report).map_err(|_| mistake))
                .map_err(|mistake| {
                    ApiError::new(422, format!("/filter_rules/{at}{}: {}", mistake.pointer, mistake.message))
                })?;
            rules.push(condition);
        }
        let fields = items(export, "fields").iter();
        Ok(Self {
            start_ms: start.as_millisecond(),
            end_ms: end.as_millisecond(),
            rules,
            fields: fields.filter_map(Value::as_str).map(str::to_owned).collect(),
            dates: if text(export, "date_format") == "legacy" { Dates::Legacy } else { Dates::Standard },
            upto: text(export, "upto").parse().ok(),
        })
    }

    /// Whether events, and leads, have what the columns are to show.
    pub(super) fn check_fields(&self, call: &ReadContext<'_>) -> Result<(), ApiError> {
        for (at, field) in self.fields.iter().enumerate() {
            let name = field.strip_prefix("vars.").unwrap_or(field);
            let root = name.split('.').next().unwrap_or_default();
            if !VARIABLES.contains(&root) && (name.len() < field.len() || !PROPERTIES.contains(&root)) {
                return Err(ApiError::new(422, format!("/fields/{at}: events have no {field}")));
            }
            let Some(of_lead) = name.strip_prefix("lead.") else { continue };
            if of_lead != "id" && !is_lead_field(call, of_lead)? {
                return Err(ApiError::dangling(&format!("/fields/{at}"), "field", of_lead));
            }
        }
        Ok(())
    }

    /// How many events there are; more than a file can have are not counted on.
    pub(super) fn count(&self, events: &EventLog) -> usize {
        if self.rules.is_empty() {
            return self.within(events).count();
        }
        self.rows(events).take(ROWS_MAX + 1).count()
    }

    /// The file: a line of names, then one for each event, the oldest first.
    pub(super) fn file(&self, events: &EventLog) -> Result<Vec<u8>, ApiError> {
        let cells =
            |event: EventVariables<'_>| self.fields.iter().map(|field| self.cell(&event, field)).collect::<Vec<_>>();
        csv::written(&self.fields, self.rows(events).take(ROWS_MAX).map(cells))
    }

    fn within<'a>(&'a self, events: &'a EventLog) -> impl Iterator<Item = Event<'a>> + 'a {
        let upto = self.upto.map_or(Bound::Unbounded, Bound::Included);
        let in_range = |event: &Event<'_>| (self.start_ms..self.end_ms).contains(&event.summary().start_ms);
        events.ascending(Bound::Unbounded, upto).filter(in_range)
    }

    fn rows<'a>(&'a self, events: &'a EventLog) -> impl Iterator<Item = EventVariables<'a>> + 'a {
        let holds = |event: &EventVariables<'_>| self.rules.iter().all(|rule| rule.holds(event));
        self.within(events).map(EventVariables::new).filter(holds)
    }

    /// What stands in one column.
    fn cell(&self, event: &EventVariables<'_>, field: &str) -> String {
        let value = event.get(field).unwrap_or_default();
        let moment = match &*value {
            Value::Number(ms) if field.ends_with("_timestamp") => {
                ms.as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok())
            }
            Value::String(text) if field.ends_with("_at") || field.ends_with("timestamp") => text.parse().ok(),
            _ => None,
        };
        match moment {
            Some(at) if self.dates == Dates::Legacy => at.strftime("%m/%d/%Y %H:%M:%S").to_string(),
            Some(at) => stamp(at),
            None => csv::cell(&value),
        }
    }
}

/// Whether there is a field of that name; of a typed one a part may be asked for.
fn is_lead_field(call: &ReadContext<'_>, name: &str) -> Result<bool, ApiError> {
    let own = call.account()?.all(Collection::Fields);
    let is_known = |id: &str| call.standard().get(Kind::Fields, id).is_some() || own.contains_key(id);
    let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
    Ok(ends.into_iter().any(|end| is_known(&name[..end])))
}
