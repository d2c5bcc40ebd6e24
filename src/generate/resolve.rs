//! Resolves references and choices into one plain schema, from which a value is generated.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::merge::{both_schemas, merge};
use super::validate::{is_valid, limit, reference};
use super::{Models, ValueGenerator};

/// Keywords that refer to other schemas or allow a choice.
const APPLICATORS: [&str; 8] = ["$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"];
/// Keywords beside a reference that do not affect generation.
const ANNOTATIONS: [&str; 6] = ["$ref", "description", "title", "readOnly", "$comment", "externalDocs"];
/// The longest chain of references and choices.
const REFERENCES_MAX: u8 = 32;
/// The minimum depth of a schema that requires itself.
pub(super) const INFINITE_DEPTH: u32 = 1_000;

/// A schema without references and choices.
#[derive(Debug)]
pub(super) struct ResolvedSchema<'s, 'a> {
    /// The plain schema.
    pub(super) schema: Cow<'s, Map<String, Value>>,
    /// The models that were entered during resolution.
    pub(super) models: Vec<&'a str>,
    /// True if the value must be validated, because a choice was made.
    pub(super) is_choice: bool,
}

impl<'a> ValueGenerator<'a> {
    /// Resolves references and makes choices; `None` if no value can be valid.
    pub(super) fn resolve<'s>(&mut self, schema: &'s Value) -> Option<ResolvedSchema<'s, 'a>>
    where
        'a: 's,
    {
        let mut resolution = Resolution { models: Vec::new(), is_choice: false, references: 0 };
        let schema = self.resolve_schema(schema, &mut resolution)?;
        Some(ResolvedSchema { schema, models: resolution.models, is_choice: resolution.is_choice })
    }

    fn resolve_schema<'s>(
        &mut self,
        schema: &'s Value,
        resolution: &mut Resolution<'a>,
    ) -> Option<Cow<'s, Map<String, Value>>>
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
        resolution.references += 1;
        let resolved =
            if resolution.references > REFERENCES_MAX { None } else { self.resolve_keywords(map, resolution) };
        resolution.references -= 1;
        resolved
    }

    fn resolve_keywords<'s>(
        &mut self,
        map: &'s Map<String, Value>,
        resolution: &mut Resolution<'a>,
    ) -> Option<Cow<'s, Map<String, Value>>>
    where
        'a: 's,
    {
        let mut base: Map<String, Value> = Map::new();
        if let Some(path) = reference(map) {
            let (name, target) = self.models.follow(path)?;
            resolution.models.push(name);
            let target = self.resolve_schema(target, resolution)?;
            if map.keys().all(|key| ANNOTATIONS.contains(&key.as_str())) {
                return Some(target);
            }
            base = target.into_owned();
        }
        let plain = map.iter().filter(|(key, _)| !APPLICATORS.contains(&key.as_str()));
        base = merge(&base, &plain.map(|(key, value)| (key.clone(), value.clone())).collect())?;
        for part in branches(map, "allOf") {
            let part = self.resolve_schema(part, resolution)?;
            base = merge(&base, &part)?;
        }
        for key in ["oneOf", "anyOf"] {
            if map.contains_key(key) {
                base = self.choose_branch(base, branches(map, key), key == "oneOf", resolution)?;
            }
        }
        if let Some(condition) = map.get("if") {
            base = self.apply_condition(&base, condition, map, resolution)?;
        }
        if let Some(not) = map.get("not") {
            resolution.is_choice = true;
            exclude(&mut base, not);
        }
        Some(Cow::Owned(base))
    }

    /// Merges `base` with one of `branches`: the first in random order that is compatible.
    fn choose_branch(
        &mut self,
        mut base: Map<String, Value>,
        branches: &[Value],
        is_exclusive: bool,
        resolution: &mut Resolution<'a>,
    ) -> Option<Map<String, Value>> {
        resolution.is_choice = true;
        if base.contains_key("examples") && branches.iter().any(|branch| branch.get("examples").is_some()) {
            // The examples of the branch are more specific.
            base.remove("examples");
        }
        for index in self.branch_order(branches) {
            let entered = resolution.models.len();
            let merged = branches.get(index).and_then(|branch| {
                let branch = self.resolve_schema(branch, resolution)?;
                merge(&base, &branch)
            });
            if let Some(mut merged) = merged {
                let others = branches.iter().enumerate().filter(|(other, _)| is_exclusive && *other != index);
                others.for_each(|(_, other)| exclude(&mut merged, other));
                return Some(merged);
            }
            resolution.models.truncate(entered);
        }
        None
    }

    /// Merges `base` with `if`: either the condition and `then`, or its negation and `else`.
    fn apply_condition(
        &mut self,
        base: &Map<String, Value>,
        condition: &Value,
        map: &Map<String, Value>,
        resolution: &mut Resolution<'a>,
    ) -> Option<Map<String, Value>> {
        resolution.is_choice = true;
        let anything = Value::Bool(true);
        let is_met_first = self.chance(50);
        for is_met in [is_met_first, !is_met_first] {
            let entered = resolution.models.len();
            let consequence = map.get(if is_met { "then" } else { "else" }).unwrap_or(&anything);
            let mut start = Some(base.clone());
            if is_met {
                start = self.resolve_schema(condition, resolution).and_then(|condition| merge(base, &condition));
            } else if let Some(start) = start.as_mut() {
                exclude(start, condition);
            }
            let merged = start.and_then(|start| {
                let consequence = self.resolve_schema(consequence, resolution)?;
                merge(&start, &consequence)
            });
            if merged.is_some() {
                return merged;
            }
            resolution.models.truncate(entered);
        }
        None
    }

    /// Returns the order in which branches are tried: random by weight, or by depth if only required parts are
    /// generated.
    fn branch_order(&mut self, branches: &[Value]) -> Vec<usize> {
        let is_minimal = self.is_minimal();
        let mut order: Vec<(u32, i64, usize)> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let recursion = self.recursion(branch);
            let weight = match recursion {
                _ if branch.get("type") == Some(&json!("null")) => 2,
                0 => 8,
                1 => 2,
                _ => 0,
            };
            // The best of as many random numbers as the weight, so that branches with more weight tend to come first.
            let rank = -(0..weight).map(|_| self.integer(1, 1_000_000)).max().unwrap_or(0);
            let min_depth =
                if is_minimal || recursion > 1 { min_depth(self.models, branch, &mut Vec::new()) } else { 0 };
            order.push((min_depth, rank, index));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, _, index)| index).collect()
    }

    /// Returns how often the models that a schema refers to directly enclose it already.
    pub(super) fn recursion(&self, schema: &Value) -> usize {
        let Some(map) = schema.as_object() else { return 0 };
        let own = reference(map).and_then(|path| self.models.follow(path)).map_or(0, |(name, target)| {
            let enclosing = self.path.iter().filter(|entered| **entered == name).count();
            // For a model that is an array, its items count too.
            enclosing.max(target.get("items").map_or(0, |items| self.recursion(items)))
        });
        let items = map.get("items").map_or(0, |items| self.recursion(items));
        let all = branches(map, "allOf").iter().map(|part| self.recursion(part)).max().unwrap_or(0);
        let any = ["oneOf", "anyOf"].map(|key| branches(map, key).iter().map(|one| self.recursion(one)).min());
        any.into_iter().flatten().fold(own.max(items).max(all), usize::max)
    }

    /// Returns one of the schema's own examples if the schema allows a choice, because examples are more realistic.
    pub(super) fn example_of_choice(&mut self, schema: &Value) -> Option<Value> {
        let map = schema.as_object()?;
        let has_choice = map.contains_key("oneOf") || map.contains_key("anyOf");
        let examples = map.get("examples")?.as_array().filter(|_| has_choice)?;
        let index = self.random_index(examples.len());
        let example = examples.get(index)?;
        let is_plain = !example.is_object() && !example.is_array();
        (is_plain && self.chance(60) && is_valid(self.models, schema, example)).then(|| example.clone())
    }
}

/// The state of a resolution.
struct Resolution<'a> {
    models: Vec<&'a str>,
    is_choice: bool,
    /// The length of the current chain of references and choices.
    references: u8,
}

/// Returns the array under `key`.
pub(super) fn branches<'s>(map: &'s Map<String, Value>, key: &str) -> &'s [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the names of required properties.
pub(super) fn required(map: &Map<String, Value>) -> Vec<&str> {
    branches(map, "required").iter().filter_map(Value::as_str).collect()
}

/// Returns the minimum depth of a value. Only required parts are followed, which keeps this cheap.
pub(super) fn min_depth<'m>(models: Models<'m>, schema: &Value, enclosing: &mut Vec<&'m str>) -> u32 {
    let Some(map) = schema.as_object() else { return 0 };
    let mut depth = 0;
    if let Some((name, target)) = reference(map).and_then(|path| models.follow(path)) {
        if enclosing.contains(&name) {
            return INFINITE_DEPTH;
        }
        enclosing.push(name);
        depth = min_depth(models, target, enclosing);
        enclosing.pop();
    }
    for part in branches(map, "allOf") {
        depth = depth.max(min_depth(models, part, enclosing));
    }
    for key in ["oneOf", "anyOf"] {
        let shallowest = branches(map, key).iter().map(|part| min_depth(models, part, enclosing)).min();
        depth = depth.max(shallowest.unwrap_or(0));
    }
    if map.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&json!("null"))) {
        return depth;
    }
    let properties = map.get("properties").and_then(Value::as_object);
    for key in required(map) {
        let inner = properties.and_then(|all| all.get(key)).map_or(0, |inner| min_depth(models, inner, enclosing));
        depth = depth.max(inner + 1);
    }
    if limit(map, "minItems").is_some_and(|min| min > 0) {
        let first = branches(map, "prefixItems").iter().chain(map.get("items"));
        let inner = first.map(|inner| min_depth(models, inner, enclosing)).max();
        depth = depth.max(inner.unwrap_or(0) + 1);
    }
    depth.min(INFINITE_DEPTH)
}

/// Changes `base` so that it does not match `not`, in the simple cases: omits a property, or excludes its forbidden
/// value. Other cases are left to the validation of the value.
fn exclude(base: &mut Map<String, Value>, not: &Value) {
    let Some(not) = not.as_object() else { return };
    let simple = ["required", "properties", "type", "title", "description"];
    if not.is_empty() || !not.keys().all(|key| simple.contains(&key.as_str())) {
        return;
    }
    let own: Vec<String> = required(base).into_iter().map(str::to_owned).collect();
    let other_required = required(not);
    let Some(properties) = base.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let forbidden = not.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in forbidden {
        // An absent property matches any schema of `properties`, so it must be required.
        let is_present = own.contains(key) || other_required.contains(&key.as_str());
        if let Some(property) = properties.get_mut(key).filter(|_| is_present) {
            *property = both_schemas(property, &json!({ "not": value }));
            return;
        }
    }
    if let Some(key) = other_required.into_iter().find(|key| !own.iter().any(|own| own == key)) {
        properties.insert(key.to_owned(), Value::Bool(false));
    }
}
