//! What is shown of an event: all of it, some properties, or all but some.

use serde_json::{Map, Value};

use crate::leadconduit::values::find;

/// What every event has, whatever is asked for: without them it would be none.
const REQUIRED: [&str; 4] = ["id", "type", "outcome", "reason"];

#[derive(Debug, PartialEq)]
pub(super) enum Parts {
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl Parts {
    /// The parts of an event's document that are wanted.
    pub(super) fn of(&self, event: &Value) -> Value {
        match self {
            Self::All => event.clone(),
            Self::Only(names) => {
                let names =
                    REQUIRED.iter().map(|name| (*name).to_owned()).chain(names.iter().map(|name| full(event, name)));
                cut(event, &names.collect::<Vec<_>>(), Keep::Named)
            }
            Self::Without(names) => {
                let names = names.iter().filter(|name| !REQUIRED.contains(&name.as_str()));
                cut(event, &names.map(|name| full(event, name)).collect::<Vec<_>>(), Keep::Others)
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Named,
    Others,
}

/// A name from the top of the event: `vars.` may have been left out.
fn full(event: &Value, name: &str) -> String {
    if find(event, name).is_none() { format!("vars.{name}") } else { name.to_owned() }
}

/// The object with the properties that are named, or without them. Names reach into objects; keys may hold dots.
fn cut(value: &Value, names: &[String], keep: Keep) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut kept = Map::new();
    for (key, value) in object {
        let below = |name: &String| Some(name.strip_prefix(key.as_str())?.strip_prefix('.')?.to_owned());
        let deeper: Vec<String> = names.iter().filter_map(below).collect();
        let whole = names.contains(key);
        let part = match keep {
            Keep::Named if whole => Some(value.clone()),
            Keep::Named if deeper.is_empty() || !value.is_object() => None,
            Keep::Others if whole => None,
            _ if deeper.is_empty() => Some(value.clone()),
            _ => Some(cut(value, &deeper, keep)),
        };
        kept.extend(part.map(|part| (key.clone(), part)));
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_reach_into_objects() {
        let event = json!({
            "id": "1", "type": "source", "outcome": "success", "reason": "", "ms": 5,
            "vars": {"lead": {"id": "2", "email": {"raw": "a", "valid": true}, "a.b": 1}, "flow": {"id": "3"}},
        });
        let of = |parts: Parts| parts.of(&event);
        let only = |names: &[&str]| of(Parts::Only(names.iter().map(|name| (*name).to_owned()).collect()));
        let without = |names: &[&str]| of(Parts::Without(names.iter().map(|name| (*name).to_owned()).collect()));
        let base = json!({"id": "1", "type": "source", "outcome": "success", "reason": ""});
        assert_eq!(only(&[]), base);
        let mut expected = base.clone();
        expected["vars"] = json!({"lead": {"email": {"raw": "a"}, "a.b": 1}, "flow": {"id": "3"}});
        assert_eq!(only(&["vars.lead.email.raw", "lead.a.b", "flow", "nothing.of.the.kind"]), expected);
        let mut expected = event.clone();
        expected["vars"]["lead"] = json!({"id": "2", "email": {"raw": "a"}});
        expected.as_object_mut().unwrap().shift_remove("ms");
        assert_eq!(without(&["ms", "id", "lead.email.valid", "vars.lead.a.b"]), expected);
        assert_eq!(of(Parts::All), event);
    }
}
