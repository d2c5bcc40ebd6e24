//! Variables: the data points that were met while leads were handled, each once for the whole account.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::super::context::ReadContext;
use super::super::response::{OperationResponse, Outcome};
use crate::contract::standard::Kind;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::events::{self, Event, EventHistory};
use crate::support::clock::{Timestamp, stamp};
use crate::support::ids::ObjectId;

/// How many written events are looked into, the newest first. What only older ones hold is forgotten.
const EVENTS_MAX: usize = 5_000;

/// How many variables are told of.
const VARIABLES_MAX: usize = 10_000;

/// When a variable was met.
#[derive(Clone, Copy)]
struct VariableUse {
    first_ms: i64,
    last_ms: i64,
    /// The name of the type that its values have in JSON.
    kind: &'static str,
}

/// The variables that were met, by name.
#[derive(Default)]
struct Found {
    flows: HashSet<ObjectId>,
    variables: BTreeMap<String, VariableUse>,
}

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let events = call.events()?;
    let flows = call.input.queries("flow_id").filter_map(|id| id.parse().ok()).collect();
    let mut found = Found { flows, variables: BTreeMap::new() };
    let newest = events.own().rev().take(EVENTS_MAX);
    let mut newest: Vec<Event<'_>> = newest.filter(|event| found.wants(event.summary().flow)).collect();
    newest.reverse();
    for event in newest {
        found.meet("", &event.value()["vars"], event.summary().start_ms);
    }
    for past in events.pasts() {
        found.meet_past(&**past);
    }
    let excluded: Vec<&str> = call.input.queries("exclude").collect();
    let at = |name| call.input.query(name).and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let (start, end) = (at("start"), at("end"));
    let wanted = |name: &str, met: &VariableUse| {
        let is_excluded = excluded.iter().any(|out| is_within(name, out));
        !is_excluded && start.is_none_or(|start| met.last_ms >= start) && end.is_none_or(|end| met.first_ms <= end)
    };
    let variables = found.variables.iter().filter(|(name, met)| wanted(name, met));
    Ok(OperationResponse::ok(&variables.map(|(name, met)| variable(call, name, *met)).collect()))
}

/// Whether a variable is one, or is of the group, of that name.
fn is_within(name: &str, group: &str) -> bool {
    name.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Found {
    fn wants(&self, flow: Option<ObjectId>) -> bool {
        self.flows.is_empty() || flow.is_some_and(|flow| self.flows.contains(&flow))
    }

    /// Notes the variables in a value, with those inside it.
    fn meet(&mut self, name: &str, value: &Value, at_ms: i64) {
        let kind = match value {
            Value::Null => return,
            // A value that has a type is an object too, but one variable.
            Value::Object(typed) if typed.contains_key("raw") || typed.contains_key("normal") => "string",
            Value::Object(group) => {
                for (key, value) in group {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    self.meet(&name, value, at_ms);
                }
                return;
            }
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) | Value::Array(_) => "string",
        };
        if let Some(met) = self.variables.get_mut(name) {
            met.first_ms = met.first_ms.min(at_ms);
            met.last_ms = met.last_ms.max(at_ms);
        } else if self.variables.len() < VARIABLES_MAX && !name.is_empty() {
            self.variables.insert(name.to_owned(), VariableUse { first_ms: at_ms, last_ms: at_ms, kind });
        }
    }

    /// The events of a past hold the same variables within each type, so that the first and the last of it tell all.
    fn meet_past(&mut self, past: &dyn EventHistory) {
        for kind in events::Kind::ALL {
            let is_meant = |summary: &&events::Summary| summary.kind == kind && self.wants(summary.flow);
            let places = || past.summaries().iter().enumerate();
            let first = places().find(|(_, summary)| is_meant(summary));
            let last = places().rev().find(|(_, summary)| is_meant(summary));
            let edges: Vec<(usize, i64)> =
                first.into_iter().chain(last).map(|(at, summary)| (at, summary.start_ms)).collect();
            for (at, at_ms) in edges {
                self.meet("", &past.value(at)["vars"], at_ms);
            }
        }
    }
}

/// The document of a variable: what is known of its name, and when it was met.
fn variable(call: &ReadContext<'_>, name: &str, met: VariableUse) -> Value {
    let standard = call.standard().get(Kind::Vars, name).map(|known| known.value());
    let field = name.strip_prefix("lead.").and_then(|id| super::crud::find(call, Collection::Fields, id).ok());
    let field = field.map(|field| field.value());
    let known = |property: &str| standard?.get(property).cloned();
    let of_field = |property: &str| field?.get(property).cloned();
    let kind = known("type").or_else(|| of_field("type")).unwrap_or_else(|| met.kind.into());
    let examples = || call.standard().get(Kind::Types, kind.as_str()?)?.value().get("examples").cloned();
    let examples = known("examples").or_else(examples);
    let parts = [
        ("name", Some(name.into())),
        ("label", Some(known("label").or_else(|| of_field("name")).unwrap_or_else(|| label(name).into()))),
        ("type", Some(kind.clone())),
        ("description", known("description").or_else(|| of_field("description"))),
        ("first_used_at", time(met.first_ms)),
        ("last_used_at", time(met.last_ms)),
        ("examples", examples),
    ];
    let parts = parts.into_iter().filter_map(|(property, value)| Some((property.to_owned(), value?)));
    Value::Object(parts.collect::<Map<String, Value>>())
}

fn time(ms: i64) -> Option<Value> {
    Timestamp::from_millisecond(ms).ok().map(|at| stamp(at).into())
}

/// A name for people, of a variable that nothing is known of.
fn label(name: &str) -> String {
    let words = name.split(['.', '_']).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<String>>().join(" ")
}
