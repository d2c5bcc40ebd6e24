//! Merges two schemas: a value that is valid for the result is valid for both.
//!
//! The result is used for generation only. What it cannot express, such as two patterns, is covered by the validation
//! of the value against the original schema.

use serde_json::{Map, Value, json};

use super::validate::{is_equal, limit};

/// Merges two schemas without references and choices; `None` if no value is valid for both. The annotations of the
/// second schema take precedence.
pub(super) fn merge(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut both = one.clone();
    for (key, new) in other {
        let Some(old) = one.get(key) else {
            both.insert(key.clone(), new.clone());
            continue;
        };
        let merged = match key.as_str() {
            "type" => common_types(old, new)?,
            "enum" => common_values(old, new)?,
            "const" if !is_equal(old, new) => return None,
            "required" => union(old, new),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => stricter(old, new, f64::ge),
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => stricter(old, new, f64::le),
            "dependentRequired" => union_by_key(old, new),
            "not" => json!({ "anyOf": [old, new] }),
            "pattern" => old.clone(),
            "additionalProperties" => both_schemas(old, new),
            "uniqueItems" | "deprecated" | "writeOnly" => json!(old == &json!(true) || new == &json!(true)),
            // These are merged below.
            "properties" | "items" | "prefixItems" => continue,
            _ => new.clone(),
        };
        both.insert(key.clone(), merged);
    }
    merge_items(one, other, &mut both);
    merge_properties(one, other, &mut both)?;
    let is_empty = |min: &str, max: &str| limit(&both, min).zip(limit(&both, max)).is_some_and(|(min, max)| min > max);
    (!is_empty("minLength", "maxLength") && !is_empty("minItems", "maxItems")).then_some(both)
}

/// Returns a schema that requires both.
pub(super) fn both_schemas(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Bool(true), rest) | (rest, Value::Bool(true)) => rest.clone(),
        (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
        _ if one == other => one.clone(),
        _ => json!({ "allOf": [one, other] }),
    }
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn common_types(one: &Value, other: &Value) -> Option<Value> {
    let (one, other) = (list(one), list(other));
    let is_integer_of_number = |kind: &Value, kinds: &[Value]| kind == "integer" && kinds.contains(&json!("number"));
    let mut common: Vec<Value> =
        one.iter().filter(|kind| other.contains(kind) || is_integer_of_number(kind, &other)).cloned().collect();
    common.extend(other.iter().filter(|kind| !one.contains(kind) && is_integer_of_number(kind, &one)).cloned());
    (!common.is_empty()).then_some(Value::Array(common))
}

fn common_values(one: &Value, other: &Value) -> Option<Value> {
    let other = list(other);
    let common: Vec<Value> =
        list(one).into_iter().filter(|value| other.iter().any(|item| is_equal(item, value))).collect();
    (!common.is_empty()).then_some(Value::Array(common))
}

fn union(one: &Value, other: &Value) -> Value {
    let mut all = list(one);
    all.extend(list(other).into_iter().filter(|key| !list(one).contains(key)));
    Value::Array(all)
}

fn union_by_key(one: &Value, other: &Value) -> Value {
    let mut all = one.as_object().cloned().unwrap_or_default();
    for (key, new) in other.as_object().into_iter().flatten() {
        let merged = all.get(key).map_or_else(|| new.clone(), |old| union(old, new));
        all.insert(key.clone(), merged);
    }
    Value::Object(all)
}

/// Returns the stricter of two limits.
fn stricter(one: &Value, other: &Value, is_stricter: fn(&f64, &f64) -> bool) -> Value {
    match (one.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) if !is_stricter(&a, &b) => other.clone(),
        _ => one.clone(),
    }
}

fn merge_items(one: &Map<String, Value>, other: &Map<String, Value>, both: &mut Map<String, Value>) {
    let first = |schema: &Map<String, Value>| schema.get("prefixItems").map(list).unwrap_or_default();
    let rest = |schema: &Map<String, Value>| schema.get("items").cloned().unwrap_or(Value::Bool(true));
    let (firsts, others) = (first(one), first(other));
    let length = firsts.len().max(others.len());
    if length > 0 {
        let item_at = |items: &[Value], rest: Value, i: usize| items.get(i).cloned().unwrap_or(rest);
        let merged =
            (0..length).map(|i| both_schemas(&item_at(&firsts, rest(one), i), &item_at(&others, rest(other), i)));
        both.insert("prefixItems".to_owned(), Value::Array(merged.collect()));
    }
    if one.contains_key("items") || other.contains_key("items") {
        both.insert("items".to_owned(), both_schemas(&rest(one), &rest(other)));
    }
}

/// Merges properties. A property of one schema must be valid for the `additionalProperties` of the other.
fn merge_properties(one: &Map<String, Value>, other: &Map<String, Value>, both: &mut Map<String, Value>) -> Option<()> {
    let none = Map::new();
    let properties_of = |schema: &Map<String, Value>| schema.get("properties").and_then(Value::as_object).cloned();
    let (own, others) = (properties_of(one), properties_of(other));
    if own.is_none() && others.is_none() {
        return Some(());
    }
    let (own, others) = (own.as_ref().unwrap_or(&none), others.as_ref().unwrap_or(&none));
    let anything = Value::Bool(true);
    let schema_of = |properties: &Map<String, Value>, schema: &Map<String, Value>, key: &str| {
        properties.get(key).or_else(|| schema.get("additionalProperties")).unwrap_or(&anything).clone()
    };
    let mut properties = Map::new();
    for key in own.keys().chain(others.keys().filter(|key| !own.contains_key(*key))) {
        let merged = both_schemas(&schema_of(own, one, key), &schema_of(others, other, key));
        let is_required = both.get("required").is_some_and(|keys| list(keys).iter().any(|name| name == key));
        if merged == Value::Bool(false) && is_required {
            return None;
        }
        properties.insert(key.clone(), merged);
    }
    both.insert("properties".to_owned(), Value::Object(properties));
    Some(())
}
