//! The parts of flows and routers that have ids: sources, steps, routes, rules and their sets, mappings and prices have
//! short ones, caps and ping limits object ids.
//!
//! The server gives them. What a client sends is kept where the document had a part of that id, so that a part can be
//! followed through updates; everything else is another part.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::context::WriteContext;

/// What stands under a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A part with a short id, or several.
    Short,
    /// Limits with object ids, which also remember when they were made.
    Limit,
    /// Something that holds parts.
    Holder,
}

impl Kind {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "sources" | "steps" | "routes" | "rule_set" | "rules" | "mappings" | "prices" => Self::Short,
            "caps" | "ping_limits" => Self::Limit,
            "acceptance_criteria" | "pricing" | "integration" | "feedback" => Self::Holder,
            _ => return None,
        })
    }
}

/// Gives every part of a document its id. `before` is the revision that this one takes the place of.
pub(super) fn identify(call: &mut WriteContext<'_>, document: &mut Value, before: Option<&Value>) {
    let mut had: HashMap<String, Value> = HashMap::new();
    // A walk that could only read would be the same code once more.
    if let Some(mut before) = before.cloned() {
        each(&mut before, &mut |_, part| {
            let created_at = part.get("created_at").cloned().unwrap_or_default();
            // A part that a scenario wrote may have none: nothing can be followed by that.
            if !id_of(part).is_empty() {
                had.insert(id_of(part).to_owned(), created_at);
            }
        });
    }
    let stamp = call.stamp();
    let mut given: HashSet<String> = HashSet::new();
    each(document, &mut |kind, part| {
        let sent = id_of(part).to_owned();
        let kept = had.get(&sent).filter(|_| !given.contains(&sent));
        let created_at = kept.filter(|stamp| stamp.is_string()).cloned().unwrap_or_else(|| stamp.clone().into());
        let id = match kept {
            Some(_) => sent,
            None => new_id(call, kind, |id| had.contains_key(id) || given.contains(id)),
        };
        given.insert(id.clone());
        part.shift_insert(0, "id".to_owned(), id.into());
        if kind == Kind::Limit {
            part.insert("created_at".to_owned(), created_at);
        }
    });
}

fn id_of(part: &Map<String, Value>) -> &str {
    part.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn new_id(call: &mut WriteContext<'_>, kind: Kind, is_taken: impl Fn(&str) -> bool) -> String {
    // Ids of fixtures come from elsewhere, so that one may be met again; never twice in a row.
    loop {
        let id = if kind == Kind::Limit { call.world.next_id(call.now) } else { call.world.next_short_id() };
        if !is_taken(&id) {
            return id;
        }
    }
}

/// Looks at every part below a thing, the outer ones first.
fn each(holder: &mut Value, look: &mut dyn FnMut(Kind, &mut Map<String, Value>)) {
    for (key, value) in holder.as_object_mut().into_iter().flatten() {
        let Some(kind) = Kind::of(key) else { continue };
        let parts = match value {
            Value::Array(parts) => parts.as_mut_slice(),
            single => std::slice::from_mut(single),
        };
        for part in parts {
            if let Some(part) = part.as_object_mut().filter(|_| kind != Kind::Holder) {
                look(kind, part);
            }
            each(part, look);
        }
    }
}
