//! The names of the properties of a schema: a sent property with such a name is not a misspelt one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use contract_files::pointer::escape;

/// The keywords of schemas that apply to the same value.
const COMPOSING: [&str; 6] = ["allOf", "anyOf", "oneOf", "if", "then", "else"];

/// How references to component schemas begin.
const COMPONENTS: &str = "#/components/schemas/";

/// The key of a schema that is not part of a contract.
const STANDALONE: &str = "";

/// The names of all properties in each component schema, in the bodies of each path, or in a schema that is not part of a
/// contract. A sent property with such a name is not a misspelt one.
#[derive(Debug, Default)]
pub(super) struct PropertyNames(HashMap<String, HashSet<String>>);

impl PropertyNames {
    /// Of a contract.
    pub(super) fn new(document: &Value) -> Self {
        let members = |pointer: &str| document.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        let components = members("/components/schemas").map(|(name, schema)| (escape(name), schema));
        let bodies = members("/paths").flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flat_map(serde_json::Map::values);
            let bodies = operations.filter_map(|operation| operation.pointer("/requestBody/content")?.as_object());
            let schemas = bodies.flat_map(serde_json::Map::values).filter_map(|media| media.get("schema"));
            schemas.map(move |schema| (escape(path), schema))
        });
        let mut all = Self::default();
        let mut composed: Vec<(String, String)> = Vec::new();
        for (key, schema) in components.chain(bodies) {
            let mut references = Vec::new();
            collect_references(schema, &mut references);
            composed.extend(references.into_iter().map(|component| (key.clone(), component.to_owned())));
            collect_properties(schema, all.0.entry(key).or_default());
        }
        all.add_composed(&composed);
        all
    }

    /// Of a schema that is not part of a contract.
    pub(super) fn of_schema(schema: &Value) -> Self {
        let mut names = HashSet::new();
        collect_properties(schema, &mut names);
        Self(HashMap::from([(STANDALONE.to_owned(), names)]))
    }

    /// Adds the names of the components of which others are composed, until nothing changes.
    fn add_composed(&mut self, composed: &[(String, String)]) {
        loop {
            let mut is_changed = false;
            for (key, component) in composed {
                let others = self.0.get(component).cloned().unwrap_or_default();
                let names = self.0.entry(key.clone()).or_default();
                let before = names.len();
                names.extend(others);
                is_changed |= names.len() > before;
            }
            if !is_changed {
                return;
            }
        }
    }

    /// The names of the schema with the keyword at a location: a URI with a pointer.
    pub(super) fn of(&self, location: &str) -> Option<&HashSet<String>> {
        let fragment = location.split_once('#').map_or("", |(_, fragment)| fragment);
        let fragment = if fragment.contains('%') {
            percent_encoding::percent_decode_str(fragment).decode_utf8_lossy()
        } else {
            Cow::Borrowed(fragment)
        };
        let mut parts = fragment.split('/').skip(1);
        let key = match (parts.next(), parts.next(), parts.next()) {
            (Some("components"), Some("schemas"), Some(name)) => name,
            (Some("paths"), Some(path), _) => path,
            _ => STANDALONE,
        };
        self.0.get(key)
    }
}

/// The components of which a schema is composed.
fn collect_references<'s>(schema: &'s Value, references: &mut Vec<&'s str>) {
    let Value::Object(members) = schema else { return };
    references.extend(members.get("$ref").and_then(Value::as_str).and_then(|uri| uri.strip_prefix(COMPONENTS)));
    for value in members.iter().filter(|(keyword, _)| COMPOSING.contains(&keyword.as_str())).map(|(_, value)| value) {
        match value {
            Value::Array(schemas) => schemas.iter().for_each(|schema| collect_references(schema, references)),
            schema => collect_references(schema, references),
        }
    }
}

fn collect_properties(schema: &Value, names: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            for (keyword, value) in members {
                match (keyword.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        names.extend(properties.keys().cloned());
                        properties.values().for_each(|property| collect_properties(property, names));
                    }
                    ("example" | "examples" | "default" | "const" | "enum", _) => {}
                    _ => collect_properties(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_properties(item, names)),
        _ => {}
    }
}
