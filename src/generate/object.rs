//! Objects: which properties they have, and what stands in them.

use serde_json::{Map, Value, json};

use super::Maker;
use super::fits::{limit, reference};
use super::flat::{branches, required};
use super::schema::Scene;

/// Of a hundred optional properties, how many are there.
const PRESENT_PERCENT: u32 = 80;
/// Of a hundred deprecated ones.
const DEPRECATED_PERCENT: u32 = 10;
/// Of a hundred that lead back to a model around them.
const REPEATED_PERCENT: u32 = 15;

impl Maker<'_> {
    /// An object by the plain schema `flat`; `None` when a part that it needs cannot be made.
    pub(super) fn object(&mut self, flat: &Map<String, Value>, name: &str, around: &Scene) -> Option<Value> {
        let owner = self.path.last().copied().unwrap_or(name).to_owned();
        let mut scene = Scene::new(self, &owner, around.row, flat);
        let none = Map::new();
        let properties = flat.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let anything = Value::Bool(true);
        let additional = flat.get("additionalProperties").unwrap_or(&anything);
        let wanted = self.wanted(flat, properties);
        let needed = required(flat);
        let mut made = Map::new();
        self.depth += 1;
        // In the order of the schema, which is the order of the documentation.
        let unlisted = wanted.iter().copied().filter(|key| !properties.contains_key(*key));
        for key in properties.keys().map(String::as_str).filter(|key| wanted.contains(key)).chain(unlisted) {
            let schema = properties.get(key).unwrap_or(additional);
            if let Some(value) = self.make(schema, key, &mut scene) {
                made.insert(key.to_owned(), value);
            } else if needed.contains(&key) {
                return self.leave(None);
            }
        }
        self.fill(flat, additional, &mut scene, &mut made);
        self.leave(Some(Value::Object(made)))
    }

    /// The names of the properties to make: all that are required, most of the others.
    fn wanted<'s>(&mut self, flat: &'s Map<String, Value>, properties: &'s Map<String, Value>) -> Vec<&'s str> {
        let dependent = flat.get("dependentRequired").and_then(Value::as_object);
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
        let min = limit(flat, "minProperties").unwrap_or(0);
        let max = limit(flat, "maxProperties").unwrap_or(usize::MAX);
        let mut wanted = with_dependents(required(flat));
        let mut left: Vec<&str> = Vec::new();
        let optional = properties.iter().map(|(key, schema)| (key.as_str(), schema));
        for (key, schema) in optional {
            if wanted.contains(&key) || schema == &Value::Bool(false) {
                continue;
            }
            let more = if self.keeps(schema) { with_dependents([&wanted[..], &[key]].concat()) } else { Vec::new() };
            if more.is_empty() || more.len() > max {
                left.push(key);
            } else {
                wanted = more;
            }
        }
        for key in left {
            let more = with_dependents([&wanted[..], &[key]].concat());
            if wanted.len() < min && more.len() <= max {
                wanted = more;
            }
        }
        wanted
    }

    /// Adds entries under free names: a few to a map of values of one kind, and as many as `minProperties` asks for.
    fn fill(&mut self, flat: &Map<String, Value>, free: &Value, scene: &mut Scene, made: &mut Map<String, Value>) {
        let is_map = branches(flat, "required").is_empty() && !flat.contains_key("properties") && free.is_object();
        let few = if is_map && !self.is_sparing() && self.repeats(free) == 0 { self.index(3) + 1 } else { 0 };
        let max = limit(flat, "maxProperties").unwrap_or(usize::MAX);
        let length = few.min(max).max(limit(flat, "minProperties").unwrap_or(0));
        let mut number = 0;
        while made.len() < length {
            number += 1;
            let key = format!("entry_{number}");
            if made.contains_key(&key) || flat.get("properties").is_some_and(|known| known.get(&key).is_some()) {
                continue;
            }
            let Some(value) = self.make(free, &key, scene) else { return };
            made.insert(key, value);
        }
    }

    /// Whether an optional property is made.
    fn keeps(&mut self, schema: &Value) -> bool {
        let target = schema.as_object().and_then(reference).and_then(|path| self.models.follow(path));
        let is_marked = |mark: &str| {
            schema.get(mark) == Some(&json!(true)) || target.is_some_and(|(_, it)| it.get(mark) == Some(&json!(true)))
        };
        if is_marked("writeOnly") || self.is_sparing() {
            return false;
        }
        match self.repeats(schema) {
            0 if is_marked("deprecated") => self.happens(DEPRECATED_PERCENT),
            0 => self.happens(PRESENT_PERCENT),
            1 => self.happens(REPEATED_PERCENT),
            _ => false,
        }
    }
}
