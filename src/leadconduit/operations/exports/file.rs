//! The definition of an export: the selection of events, and the CSV file.

use std::ops::Bound;

use serde_json::Value;

use crate::contract::standard::StandardCollection;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::operations::csv;
use crate::leadconduit::operations::events::variables::EventVariables;
use crate::leadconduit::rules::{Condition, Dialect};
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::{Event, EventLog};
use crate::leadconduit::values::Variables;
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{items, text};
use crate::support::ids::ObjectId;

/// The maximum number of events in a file.
pub(super) const ROWS_MAX: usize = 10_000;

/// The properties of events.
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

/// The variables of events, under `vars`. Reports and rules omit that prefix.
const VARIABLES: [&str; 10] =
    ["lead", "flow", "source", "recipient", "submission", "account", "feedback", "price", "purchase_price", "event_id"];

/// The format of timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DateFormat {
    Standard,
    Legacy,
}

/// The definition of an export.
#[derive(Debug)]
pub(super) struct ExportDefinition {
    start_ms: i64,
    end_ms: i64,
    rules: Vec<Condition>,
    fields: Vec<String>,
    date_format: DateFormat,
    last_event: Option<ObjectId>,
}

impl ExportDefinition {
    /// Parses the document of a job.
    ///
    /// # Errors
    /// 422 for an invalid time range or an invalid rule.
    pub(super) fn parse(export: &Value) -> Result<Self, ApiError> {
        let timestamp = |name: &str| {
            let parsed = text(export, name).parse::<Timestamp>();
            parsed.map_err(|_| ApiError::new(422, format!("/{name}: this is not a valid time")))
        };
        let (start, end) = (timestamp("start")?, timestamp("end")?);
        if end <= start {
            return Err(ApiError::new(422, "/end: the end must be after the start"));
        }
        let mut rules = Vec::new();
        for (at, rule) in items(export, "filter_rules").iter().enumerate() {
            // The operators of flows and of reports are both accepted; errors refer to those of flows, which are more.
            let condition = Condition::parse_rule(rule, Dialect::Flow)
                .or_else(|error| Condition::parse_rule(rule, Dialect::Report).map_err(|_| error))
                .map_err(|error| {
                    ApiError::new(422, format!("/filter_rules/{at}{}: {}", error.pointer, error.message))
                })?;
            rules.push(condition);
        }
        let fields = items(export, "fields").iter();
        Ok(Self {
            start_ms: start.as_millisecond(),
            end_ms: end.as_millisecond(),
            rules,
            fields: fields.filter_map(Value::as_str).map(str::to_owned).collect(),
            date_format: if text(export, "date_format") == "legacy" {
                DateFormat::Legacy
            } else {
                DateFormat::Standard
            },
            last_event: text(export, "upto").parse().ok(),
        })
    }

    /// Checks that events have the properties of the columns, and that the lead fields exist.
    ///
    /// # Errors
    /// 422 with the index of the first unknown column.
    pub(super) fn require_known_fields(&self, context: &ReadContext<'_>) -> Result<(), ApiError> {
        for (at, field) in self.fields.iter().enumerate() {
            let name = field.strip_prefix("vars.").unwrap_or(field);
            let root = name.split('.').next().unwrap_or_default();
            if !VARIABLES.contains(&root) && (name.len() < field.len() || !PROPERTIES.contains(&root)) {
                return Err(ApiError::new(422, format!("/fields/{at}: events have no property {field}")));
            }
            let Some(lead_field) = name.strip_prefix("lead.") else { continue };
            if lead_field != "id" && !is_lead_field(context, lead_field)? {
                return Err(ApiError::reference_not_found(&format!("/fields/{at}"), "field", lead_field));
            }
        }
        Ok(())
    }

    /// The number of events; with rules, counting stops above [`ROWS_MAX`].
    pub(super) fn count(&self, events: &EventLog) -> usize {
        if self.rules.is_empty() {
            return self.in_range(events).count();
        }
        self.matching(events).take(ROWS_MAX + 1).count()
    }

    /// The CSV file: a header line, then one line per event, the oldest first.
    pub(super) fn csv_file(&self, events: &EventLog) -> Result<Vec<u8>, ApiError> {
        let cells = |event: EventVariables<'_>| {
            self.fields.iter().map(|field| self.format_cell(&event, field)).collect::<Vec<_>>()
        };
        csv::write_csv(&self.fields, self.matching(events).take(ROWS_MAX).map(cells))
    }

    fn in_range<'a>(&'a self, events: &'a EventLog) -> impl Iterator<Item = Event<'a>> + 'a {
        let last_event = self.last_event.map_or(Bound::Unbounded, Bound::Included);
        let in_range = |event: &Event<'_>| (self.start_ms..self.end_ms).contains(&event.summary().start_ms);
        events.ascending(Bound::Unbounded, last_event).filter(in_range)
    }

    fn matching<'a>(&'a self, events: &'a EventLog) -> impl Iterator<Item = EventVariables<'a>> + 'a {
        let matches = |event: &EventVariables<'_>| self.rules.iter().all(|rule| rule.matches(event));
        self.in_range(events).map(EventVariables::new).filter(matches)
    }

    /// The value of a column, with timestamps in the format of the export.
    fn format_cell(&self, event: &EventVariables<'_>, field: &str) -> String {
        let value = event.get(field).unwrap_or_default();
        let timestamp = match &*value {
            Value::Number(ms) if field.ends_with("_timestamp") => {
                ms.as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok())
            }
            Value::String(text) if field.ends_with("_at") || field.ends_with("timestamp") => text.parse().ok(),
            _ => None,
        };
        match timestamp {
            Some(at) if self.date_format == DateFormat::Legacy => at.strftime("%m/%d/%Y %H:%M:%S").to_string(),
            Some(at) => format_timestamp(at),
            None => csv::format_cell(&value),
        }
    }
}

/// Whether a name is a field, or a component of a typed field such as `phone_1.area`.
fn is_lead_field(context: &ReadContext<'_>, name: &str) -> Result<bool, ApiError> {
    let fields = context.account()?.all(Collection::Fields);
    let is_known =
        |id: &str| context.standard().get(StandardCollection::Fields, id).is_some() || fields.contains_key(id);
    let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
    Ok(ends.into_iter().any(|end| is_known(&name[..end])))
}
