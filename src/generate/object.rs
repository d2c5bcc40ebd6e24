//! Generates objects: selects their properties and generates their values.

use serde_json::{Map, Value, json};

use super::ValueGenerator;
use super::resolve::{branches, required};
use super::schema::ObjectContext;
use super::validate::{limit, reference};

/// The percentage of optional properties that are generated.
const PRESENT_PERCENT: u32 = 80;
/// The percentage of deprecated properties that are generated.
const DEPRECATED_PERCENT: u32 = 10;
/// The percentage of properties that are generated although they repeat an enclosing model.
const RECURSIVE_PERCENT: u32 = 15;

impl ValueGenerator<'_> {
    /// Generates an object by the plain schema `resolved`; `None` if a required property cannot be generated.
    pub(super) fn object(
        &mut self,
        resolved: &Map<String, Value>,
        name: &str,
        parent: &ObjectContext,
    ) -> Option<Value> {
        let owner = self.path.last().copied().unwrap_or(name).to_owned();
        let mut context = ObjectContext::new(self, &owner, parent.example_index, resolved);
        let none = Map::new();
        let properties = resolved.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let anything = Value::Bool(true);
        let additional = resolved.get("additionalProperties").unwrap_or(&anything);
        let selected = self.select_properties(resolved, properties);
        let required_names = required(resolved);
        let mut generated = Map::new();
        self.depth += 1;
        // Properties are in the order of the schema, which is that of the documentation.
        let unlisted = selected.iter().copied().filter(|key| !properties.contains_key(*key));
        for key in properties.keys().map(String::as_str).filter(|key| selected.contains(key)).chain(unlisted) {
            let schema = properties.get(key).unwrap_or(additional);
            if let Some(value) = self.generate(schema, key, &mut context) {
                generated.insert(key.to_owned(), value);
            } else if required_names.contains(&key) {
                self.depth -= 1;
                return None;
            }
        }
        self.add_entries(resolved, additional, &mut context, &mut generated);
        self.depth -= 1;
        Some(Value::Object(generated))
    }

    /// Selects the properties to generate: all required ones and most of the others.
    fn select_properties<'s>(
        &mut self,
        resolved: &'s Map<String, Value>,
        properties: &'s Map<String, Value>,
    ) -> Vec<&'s str> {
        let dependent = resolved.get("dependentRequired").and_then(Value::as_object);
        let with_dependents = |mut keys: Vec<&'s str>| {
            let mut at = 0;
            while let Some(key) = keys.get(at) {
                let more = dependent.and_then(|all| all.get(*key)).and_then(Value::as_array).into_iter().flatten();
                let more: Vec<&str> = more.filter_map(Value::as_str).filter(|key| !keys.contains(key)).collect();
                keys.extend(more);
                at += 1;
            }
            keys
        };
        let min = limit(resolved, "minProperties").unwrap_or(0);
        let max = limit(resolved, "maxProperties").unwrap_or(usize::MAX);
        let mut selected = with_dependents(required(resolved));
        let mut unselected: Vec<&str> = Vec::new();
        let optional = properties.iter().map(|(key, schema)| (key.as_str(), schema));
        for (key, schema) in optional {
            if selected.contains(&key) || schema == &Value::Bool(false) {
                continue;
            }
            let more = if self.includes_optional(schema) {
                with_dependents([&selected[..], &[key]].concat())
            } else {
                Vec::new()
            };
            if more.is_empty() || more.len() > max {
                unselected.push(key);
            } else {
                selected = more;
            }
        }
        for key in unselected {
            let more = with_dependents([&selected[..], &[key]].concat());
            if selected.len() < min && more.len() <= max {
                selected = more;
            }
        }
        selected
    }

    /// Adds entries with arbitrary names: a few to a map, and as many as `minProperties` requires.
    fn add_entries(
        &mut self,
        resolved: &Map<String, Value>,
        additional: &Value,
        context: &mut ObjectContext,
        generated: &mut Map<String, Value>,
    ) {
        let is_map =
            branches(resolved, "required").is_empty() && !resolved.contains_key("properties") && additional.is_object();
        let few =
            if is_map && !self.is_minimal() && self.recursion(additional) == 0 { self.random_index(3) + 1 } else { 0 };
        let max = limit(resolved, "maxProperties").unwrap_or(usize::MAX);
        let length = few.min(max).max(limit(resolved, "minProperties").unwrap_or(0));
        let mut number = 0;
        while generated.len() < length {
            number += 1;
            let key = format!("entry_{number}");
            if generated.contains_key(&key) || resolved.get("properties").is_some_and(|known| known.get(&key).is_some())
            {
                continue;
            }
            let Some(value) = self.generate(additional, &key, context) else { return };
            generated.insert(key, value);
        }
    }

    /// Decides whether an optional property is generated.
    fn includes_optional(&mut self, schema: &Value) -> bool {
        let target = schema.as_object().and_then(reference).and_then(|path| self.models.follow(path));
        let has_flag = |flag: &str| {
            schema.get(flag) == Some(&json!(true)) || target.is_some_and(|(_, it)| it.get(flag) == Some(&json!(true)))
        };
        if has_flag("writeOnly") || self.is_minimal() {
            return false;
        }
        match self.recursion(schema) {
            0 if has_flag("deprecated") => self.chance(DEPRECATED_PERCENT),
            0 => self.chance(PRESENT_PERCENT),
            1 => self.chance(RECURSIVE_PERCENT),
            _ => false,
        }
    }
}
