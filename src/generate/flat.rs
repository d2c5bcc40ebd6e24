//! References and choices resolved into one plain schema, to make a value by.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::fits::{fits, limit, reference};
use super::merge::{both_schemas, merge};
use super::{Maker, Models};

/// Keywords that lead elsewhere or leave a choice.
const APPLICATORS: [&str; 8] = ["$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"];
/// Keywords that say nothing to the maker when they stand beside a reference.
const REMARKS: [&str; 6] = ["$ref", "description", "title", "readOnly", "$comment", "externalDocs"];
/// How many references may follow each other.
const HOPS_MAX: u8 = 32;
/// The height of what has no end.
pub(super) const ENDLESS: u32 = 1_000;

/// A schema without references and choices.
#[derive(Debug)]
pub(super) struct Flat<'s, 'a> {
    /// The schema.
    pub(super) schema: Cow<'s, Map<String, Value>>,
    /// The models that were passed on the way to it.
    pub(super) entered: Vec<&'a str>,
    /// Whether a choice was made that the value has to be checked against.
    pub(super) is_choice: bool,
}

impl<'a> Maker<'a> {
    /// The schema with its references followed and its choices made; `None` when nothing can fit it.
    pub(super) fn flatten<'s>(&mut self, schema: &'s Value) -> Option<Flat<'s, 'a>>
    where
        'a: 's,
    {
        let mut way = Way { entered: Vec::new(), is_choice: false, hops: 0 };
        let schema = self.flat(schema, &mut way)?;
        Some(Flat { schema, entered: way.entered, is_choice: way.is_choice })
    }

    fn flat<'s>(&mut self, schema: &'s Value, way: &mut Way<'a>) -> Option<Cow<'s, Map<String, Value>>>
    where
        'a: 's,
    {
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(true) => return Some(Cow::Owned(Map::new())),
            _ => return None,
        };
        if !APPLICATORS.iter().any(|key| map.contains_key(*key)) {
            return Some(Cow::Borrowed(map));
        }
        way.hops += 1;
        let flat = if way.hops > HOPS_MAX { None } else { self.resolve(map, way) };
        way.hops -= 1;
        flat
    }

    fn resolve<'s>(&mut self, map: &'s Map<String, Value>, way: &mut Way<'a>) -> Option<Cow<'s, Map<String, Value>>>
    where
        'a: 's,
    {
        let mut base: Map<String, Value> = Map::new();
        if let Some(path) = reference(map) {
            let (name, target) = self.models.follow(path)?;
            way.entered.push(name);
            let target = self.flat(target, way)?;
            if map.keys().all(|key| REMARKS.contains(&key.as_str())) {
                return Some(target);
            }
            base = target.into_owned();
        }
        let plain = map.iter().filter(|(key, _)| !APPLICATORS.contains(&key.as_str()));
        base = merge(&base, &plain.map(|(key, value)| (key.clone(), value.clone())).collect())?;
        for part in branches(map, "allOf") {
            let part = self.flat(part, way)?;
            base = merge(&base, &part)?;
        }
        for key in ["oneOf", "anyOf"] {
            if map.contains_key(key) {
                base = self.choose(base, branches(map, key), key == "oneOf", way)?;
            }
        }
        if let Some(condition) = map.get("if") {
            base = self.branch(&base, condition, map, way)?;
        }
        if let Some(not) = map.get("not") {
            way.is_choice = true;
            avoid(&mut base, not);
        }
        Some(Cow::Owned(base))
    }

    /// `base` met with one of `branches`, the first in a drawn order that it can be met with.
    fn choose(
        &mut self,
        mut base: Map<String, Value>,
        branches: &[Value],
        is_exclusive: bool,
        way: &mut Way<'a>,
    ) -> Option<Map<String, Value>> {
        way.is_choice = true;
        if base.contains_key("examples") && branches.iter().any(|branch| branch.get("examples").is_some()) {
            // The branch knows better what it looks like.
            base.remove("examples");
        }
        for index in self.order(branches) {
            let entered = way.entered.len();
            let met = branches.get(index).and_then(|branch| {
                let branch = self.flat(branch, way)?;
                merge(&base, &branch)
            });
            if let Some(mut met) = met {
                let others = branches.iter().enumerate().filter(|(other, _)| is_exclusive && *other != index);
                others.for_each(|(_, other)| avoid(&mut met, other));
                return Some(met);
            }
            way.entered.truncate(entered);
        }
        None
    }

    /// `base` under `if`: either the condition with `then`, or its contrary with `else`.
    fn branch(
        &mut self,
        base: &Map<String, Value>,
        condition: &Value,
        map: &Map<String, Value>,
        way: &mut Way<'a>,
    ) -> Option<Map<String, Value>> {
        way.is_choice = true;
        let anything = Value::Bool(true);
        let holds_first = self.happens(50);
        for holds in [holds_first, !holds_first] {
            let entered = way.entered.len();
            let consequence = map.get(if holds { "then" } else { "else" }).unwrap_or(&anything);
            let mut start = Some(base.clone());
            if holds {
                start = self.flat(condition, way).and_then(|condition| merge(base, &condition));
            } else if let Some(start) = start.as_mut() {
                avoid(start, condition);
            }
            let met = start.and_then(|start| {
                let consequence = self.flat(consequence, way)?;
                merge(&start, &consequence)
            });
            if met.is_some() {
                return met;
            }
            way.entered.truncate(entered);
        }
        None
    }

    /// The order in which branches are tried: likelier ones first mostly, the flattest first when sparing.
    fn order(&mut self, branches: &[Value]) -> Vec<usize> {
        let is_sparing = self.is_sparing();
        let mut order: Vec<(u32, i64, usize)> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let repeats = self.repeats(branch);
            let weight = match repeats {
                _ if branch.get("type") == Some(&json!("null")) => 2,
                0 => 8,
                1 => 2,
                _ => 0,
            };
            // One draw a branch, so that a heavier one comes first in proportion or better.
            let luck = -(0..weight).map(|_| self.whole(1, 1_000_000)).max().unwrap_or(0);
            let height = if is_sparing || repeats > 1 { height(self.models, branch, &mut Vec::new()) } else { 0 };
            order.push((height, luck, index));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, _, index)| index).collect()
    }

    /// How often the models that a schema leads to directly are around it already.
    pub(super) fn repeats(&self, schema: &Value) -> usize {
        let Some(map) = schema.as_object() else { return 0 };
        let own = reference(map).and_then(|path| self.models.follow(path)).map_or(0, |(name, target)| {
            let around = self.path.iter().filter(|entered| **entered == name).count();
            // A model that is only another name for a list is seen through.
            around.max(target.get("items").map_or(0, |items| self.repeats(items)))
        });
        let items = map.get("items").map_or(0, |items| self.repeats(items));
        let all = branches(map, "allOf").iter().map(|part| self.repeats(part)).max().unwrap_or(0);
        let any = ["oneOf", "anyOf"].map(|key| branches(map, key).iter().map(|one| self.repeats(one)).min());
        any.into_iter().flatten().fold(own.max(items).max(all), usize::max)
    }

    /// One of a schema's own examples, where the schema leaves a choice: they tell what is meant better than a draw.
    pub(super) fn example_of_choice(&mut self, schema: &Value) -> Option<Value> {
        let map = schema.as_object()?;
        let has_choice = map.contains_key("oneOf") || map.contains_key("anyOf");
        let examples = map.get("examples")?.as_array().filter(|_| has_choice)?;
        let index = self.index(examples.len());
        let example = examples.get(index)?;
        let is_plain = !example.is_object() && !example.is_array();
        (is_plain && self.happens(60) && fits(self.models, schema, example)).then(|| example.clone())
    }
}

/// What is gathered on the way through references and choices.
struct Way<'a> {
    entered: Vec<&'a str>,
    is_choice: bool,
    hops: u8,
}

/// The schemas under `key`.
pub(super) fn branches<'s>(map: &'s Map<String, Value>, key: &str) -> &'s [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The names that a schema requires.
pub(super) fn required(map: &Map<String, Value>) -> Vec<&str> {
    branches(map, "required").iter().filter_map(Value::as_str).collect()
}

/// How many levels a value has at least. Following only what is required keeps this cheap.
pub(super) fn height<'m>(models: Models<'m>, schema: &Value, around: &mut Vec<&'m str>) -> u32 {
    let Some(map) = schema.as_object() else { return 0 };
    let mut highest = 0;
    if let Some((name, target)) = reference(map).and_then(|path| models.follow(path)) {
        if around.contains(&name) {
            return ENDLESS;
        }
        around.push(name);
        highest = height(models, target, around);
        around.pop();
    }
    for part in branches(map, "allOf") {
        highest = highest.max(height(models, part, around));
    }
    for key in ["oneOf", "anyOf"] {
        let lowest = branches(map, key).iter().map(|part| height(models, part, around)).min();
        highest = highest.max(lowest.unwrap_or(0));
    }
    if map.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.contains(&json!("null"))) {
        return highest;
    }
    let properties = map.get("properties").and_then(Value::as_object);
    for key in required(map) {
        let inner = properties.and_then(|all| all.get(key)).map_or(0, |inner| height(models, inner, around));
        highest = highest.max(inner + 1);
    }
    if limit(map, "minItems").is_some_and(|min| min > 0) {
        let first = branches(map, "prefixItems").iter().chain(map.get("items"));
        let inner = first.map(|inner| height(models, inner, around)).max();
        highest = highest.max(inner.unwrap_or(0) + 1);
    }
    highest.min(ENDLESS)
}

/// Steers `base` away from what fits `not`, where that is easy: by leaving a property out, or by keeping it from the
/// forbidden value. Anything else is left to the check of the finished value.
fn avoid(base: &mut Map<String, Value>, not: &Value) {
    let Some(not) = not.as_object() else { return };
    let is_easy = ["required", "properties", "type", "title", "description"];
    if not.is_empty() || !not.keys().all(|key| is_easy.contains(&key.as_str())) {
        return;
    }
    let ours: Vec<String> = required(base).into_iter().map(str::to_owned).collect();
    let theirs = required(not);
    let Some(properties) = base.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let forbidden = not.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in forbidden {
        // An absent property would slip through the condition, so it has to be there or be asked for.
        let is_there = ours.contains(key) || theirs.contains(&key.as_str());
        if let Some(property) = properties.get_mut(key).filter(|_| is_there) {
            *property = both_schemas(property, &json!({ "not": value }));
            return;
        }
    }
    if let Some(key) = theirs.into_iter().find(|key| !ours.iter().any(|ours| ours == key)) {
        properties.insert(key.to_owned(), Value::Bool(false));
    }
}
