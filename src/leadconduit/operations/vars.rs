//! Variables: the data points in the events of the account, each listed once.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use crate::contract::standard::StandardCollection;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::{self, Event, GeneratedEvents};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::ids::ObjectId;

/// The maximum number of stored events that are examined, the newest first. Variables of older events only are
/// omitted.
const EVENTS_MAX: usize = 5_000;

/// The maximum number of variables in the list.
const VARIABLES_MAX: usize = 10_000;

/// When a variable was used.
#[derive(Clone, Copy)]
struct VariableUse {
    first_ms: i64,
    last_ms: i64,
    /// The name of the JSON type of its values.
    kind: &'static str,
}

/// The used variables by name.
#[derive(Default)]
struct VariableIndex {
    /// The flows to include; empty for all.
    flows: HashSet<ObjectId>,
    variables: BTreeMap<String, VariableUse>,
}

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let events = context.events()?;
    let flows = context.input.queries("flow_id").filter_map(|id| id.parse().ok()).collect();
    let mut index = VariableIndex { flows, variables: BTreeMap::new() };
    let stored = events.stored().rev().take(EVENTS_MAX);
    let mut newest: Vec<Event<'_>> = stored.filter(|event| index.includes_flow(event.summary().flow)).collect();
    newest.reverse();
    for event in newest {
        index.record_value("", &event.value()["vars"], event.summary().start_ms);
    }
    for history in events.histories() {
        index.record_history(&**history);
    }
    let excluded: Vec<&str> = context.input.queries("exclude").collect();
    let at =
        |name| context.input.query(name).and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let (start, end) = (at("start"), at("end"));
    let is_requested = |name: &str, usage: &VariableUse| {
        let is_excluded = excluded.iter().any(|out| is_within(name, out));
        !is_excluded && start.is_none_or(|start| usage.last_ms >= start) && end.is_none_or(|end| usage.first_ms <= end)
    };
    let variables = index.variables.iter().filter(|(name, usage)| is_requested(name, usage));
    Ok(OperationResponse::ok(&variables.map(|(name, usage)| render_variable(context, name, *usage)).collect()))
}

/// Whether a variable has this name or is in the group with this name.
fn is_within(name: &str, group: &str) -> bool {
    name.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl VariableIndex {
    fn includes_flow(&self, flow: Option<ObjectId>) -> bool {
        self.flows.is_empty() || flow.is_some_and(|flow| self.flows.contains(&flow))
    }

    /// Records the variables in a value, including nested ones.
    fn record_value(&mut self, name: &str, value: &Value, at_ms: i64) {
        let kind = match value {
            Value::Null => return,
            // A typed value is an object, but one variable.
            Value::Object(typed) if typed.contains_key("raw") || typed.contains_key("normal") => "string",
            Value::Object(group) => {
                for (key, value) in group {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    self.record_value(&name, value, at_ms);
                }
                return;
            }
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) | Value::Array(_) => "string",
        };
        if let Some(usage) = self.variables.get_mut(name) {
            usage.first_ms = usage.first_ms.min(at_ms);
            usage.last_ms = usage.last_ms.max(at_ms);
        } else if self.variables.len() < VARIABLES_MAX && !name.is_empty() {
            self.variables.insert(name.to_owned(), VariableUse { first_ms: at_ms, last_ms: at_ms, kind });
        }
    }

    /// Records the variables of a generated history. Its events of one type have the same variables, so the first and
    /// the last event of each type are sufficient.
    fn record_history(&mut self, history: &dyn GeneratedEvents) {
        for kind in events::EventType::ALL {
            let is_included = |summary: &events::EventSummary| summary.kind == kind && self.includes_flow(summary.flow);
            let mut starts =
                (0..history.count()).filter_map(|at| Some((at, history.summary(at).filter(is_included)?.start_ms)));
            let first = starts.next();
            let last = starts.next_back().or(first);
            for (at, at_ms) in first.into_iter().chain(last) {
                self.record_value("", &history.value(at)["vars"], at_ms);
            }
        }
    }
}

/// Renders a variable: its standard document or its field, and when it was used.
fn render_variable(context: &ReadContext<'_>, name: &str, usage: VariableUse) -> Value {
    let standard = context.standard().get(StandardCollection::Vars, name).map(|known| known.value());
    let field = name.strip_prefix("lead.").and_then(|id| super::crud::find(context, Collection::Fields, id).ok());
    let field = field.map(|field| field.value());
    let known = |property: &str| standard?.get(property).cloned();
    let of_field = |property: &str| field?.get(property).cloned();
    let kind = known("type").or_else(|| of_field("type")).unwrap_or_else(|| usage.kind.into());
    let examples =
        || context.standard().get(StandardCollection::Types, kind.as_str()?)?.value().get("examples").cloned();
    let examples = known("examples").or_else(examples);
    let parts = [
        ("name", Some(name.into())),
        ("label", Some(known("label").or_else(|| of_field("name")).unwrap_or_else(|| label(name).into()))),
        ("type", Some(kind.clone())),
        ("description", known("description").or_else(|| of_field("description"))),
        ("first_used_at", time(usage.first_ms)),
        ("last_used_at", time(usage.last_ms)),
        ("examples", examples),
    ];
    let parts = parts.into_iter().filter_map(|(property, value)| Some((property.to_owned(), value?)));
    Value::Object(parts.collect::<Map<String, Value>>())
}

fn time(ms: i64) -> Option<Value> {
    Timestamp::from_millisecond(ms).ok().map(|at| format_timestamp(at).into())
}

/// The label of a variable without a standard document or a field.
fn label(name: &str) -> String {
    let words = name.split(['.', '_']).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<String>>().join(" ")
}
