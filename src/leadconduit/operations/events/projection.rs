//! The properties of an event that the response contains: all, the included ones, or all but the excluded ones.

use serde_json::{Map, Value};

use crate::leadconduit::values::find;

/// The properties that every projection contains, because the event schema requires them.
const REQUIRED: [&str; 4] = ["id", "type", "outcome", "reason"];

#[derive(Debug, PartialEq)]
pub(super) enum Projection {
    All,
    Include(Vec<String>),
    Exclude(Vec<String>),
}

impl Projection {
    /// The event with the selected properties.
    pub(super) fn apply(&self, event: &Value) -> Value {
        match self {
            Self::All => event.clone(),
            Self::Include(names) => {
                let names = REQUIRED
                    .iter()
                    .map(|name| (*name).to_owned())
                    .chain(names.iter().map(|name| qualified_name(event, name)));
                project(event, &names.collect::<Vec<_>>(), Mode::Named)
            }
            Self::Exclude(names) => {
                let names = names.iter().filter(|name| !REQUIRED.contains(&name.as_str()));
                project(event, &names.map(|name| qualified_name(event, name)).collect::<Vec<_>>(), Mode::Others)
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Named,
    Others,
}

/// The full name of a property: clients may omit `vars.`.
fn qualified_name(event: &Value, name: &str) -> String {
    if find(event, name).is_none() { format!("vars.{name}") } else { name.to_owned() }
}

/// The object with the named properties only, or without them. Names are dotted paths; keys may contain dots
/// themselves.
fn project(value: &Value, names: &[String], mode: Mode) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut projected = Map::new();
    for (key, value) in object {
        let nested_name = |name: &String| Some(name.strip_prefix(key.as_str())?.strip_prefix('.')?.to_owned());
        let nested_names: Vec<String> = names.iter().filter_map(nested_name).collect();
        let is_named = names.contains(key);
        let part = match mode {
            Mode::Named if is_named => Some(value.clone()),
            Mode::Named if nested_names.is_empty() || !value.is_object() => None,
            Mode::Others if is_named => None,
            _ if nested_names.is_empty() => Some(value.clone()),
            _ => Some(project(value, &nested_names, mode)),
        };
        projected.extend(part.map(|part| (key.clone(), part)));
    }
    Value::Object(projected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_select_nested_properties() {
        let event = json!({
            "id": "1", "type": "source", "outcome": "success", "reason": "", "ms": 5,
            "vars": {"lead": {"id": "2", "email": {"raw": "a", "valid": true}, "a.b": 1}, "flow": {"id": "3"}},
        });
        let apply = |projection: Projection| projection.apply(&event);
        let include =
            |names: &[&str]| apply(Projection::Include(names.iter().map(|name| (*name).to_owned()).collect()));
        let exclude =
            |names: &[&str]| apply(Projection::Exclude(names.iter().map(|name| (*name).to_owned()).collect()));
        let base = json!({"id": "1", "type": "source", "outcome": "success", "reason": ""});
        assert_eq!(include(&[]), base);
        let mut expected = base.clone();
        expected["vars"] = json!({"lead": {"email": {"raw": "a"}, "a.b": 1}, "flow": {"id": "3"}});
        assert_eq!(include(&["vars.lead.email.raw", "lead.a.b", "flow", "nothing.of.the.kind"]), expected);
        let mut expected = event.clone();
        expected["vars"]["lead"] = json!({"id": "2", "email": {"raw": "a"}});
        expected.as_object_mut().unwrap().shift_remove("ms");
        assert_eq!(exclude(&["ms", "id", "lead.email.valid", "vars.lead.a.b"]), expected);
        assert_eq!(apply(Projection::All), event);
    }
}
