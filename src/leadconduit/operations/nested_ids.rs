//! The ids of nested objects in flows and routers. Sources, steps, routes, rules, rule sets, mappings and prices have
//! short ids; caps and ping limits have object ids.
//!
//! The server assigns them. An id in the body is kept if the previous revision has an object with it, so that objects
//! keep their identity across updates; every other object gets a new id.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::context::WriteContext;

/// How the values of a key are identified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NestedKind {
    /// One or more objects with short ids.
    ShortId,
    /// Limits, which have object ids and `created_at`.
    Limit,
    /// An object without an id that contains objects with ids.
    Container,
}

impl NestedKind {
    fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "sources" | "steps" | "routes" | "rule_set" | "rules" | "mappings" | "prices" => Self::ShortId,
            "caps" | "ping_limits" => Self::Limit,
            "acceptance_criteria" | "pricing" | "integration" | "feedback" => Self::Container,
            _ => return None,
        })
    }
}

/// Assigns an id to every nested object. `previous` is the revision that the document replaces.
pub(super) fn assign_ids(context: &mut WriteContext<'_>, document: &mut Value, previous: Option<&Value>) {
    let mut previous_parts: HashMap<String, Value> = HashMap::new();
    // Copied, so that one function serves reading and writing.
    if let Some(mut previous) = previous.cloned() {
        for_each_nested(&mut previous, &mut |_, part| {
            let created_at = part.get("created_at").cloned().unwrap_or_default();
            // Objects in scenarios may have no id.
            if !id_of(part).is_empty() {
                previous_parts.insert(id_of(part).to_owned(), created_at);
            }
        });
    }
    let timestamp = context.timestamp();
    // A known limit without a time stamp was created with its document.
    let document_created_at = document.get("created_at").filter(|created_at| created_at.is_string()).cloned();
    let mut assigned: HashSet<String> = HashSet::new();
    for_each_nested(document, &mut |kind, part| {
        let sent = id_of(part).to_owned();
        let known = previous_parts.get(&sent).filter(|_| !assigned.contains(&sent));
        let created_at = match known {
            Some(created_at) if created_at.is_string() => Some(created_at.clone()),
            Some(_) => document_created_at.clone(),
            None => None,
        };
        let created_at = created_at.unwrap_or_else(|| timestamp.clone().into());
        let id = match known {
            Some(_) => sent,
            None => new_id(context, kind, |id| previous_parts.contains_key(id) || assigned.contains(id)),
        };
        assigned.insert(id.clone());
        part.shift_insert(0, "id".to_owned(), id.into());
        if kind == NestedKind::Limit {
            part.insert("created_at".to_owned(), created_at);
        }
    });
}

fn id_of(part: &Map<String, Value>) -> &str {
    part.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn new_id(context: &mut WriteContext<'_>, kind: NestedKind, is_taken: impl Fn(&str) -> bool) -> String {
    // A generated id can equal one from a scenario. The next one differs, so the loop ends.
    loop {
        let id = if kind == NestedKind::Limit {
            context.world.next_id(context.now).to_string()
        } else {
            context.world.next_short_id()
        };
        if !is_taken(&id) {
            return id;
        }
    }
}

/// Visits every nested object, the outer ones first.
fn for_each_nested(parent: &mut Value, visit: &mut dyn FnMut(NestedKind, &mut Map<String, Value>)) {
    for (key, value) in parent.as_object_mut().into_iter().flatten() {
        let Some(kind) = NestedKind::from_key(key) else { continue };
        let parts = match value {
            Value::Array(parts) => parts.as_mut_slice(),
            single => std::slice::from_mut(single),
        };
        for part in parts {
            if let Some(part) = part.as_object_mut().filter(|_| kind != NestedKind::Container) {
                visit(kind, part);
            }
            for_each_nested(part, visit);
        }
    }
}
