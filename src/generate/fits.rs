//! Does a value fit a schema? The keywords that the maker knows, and no others.
//!
//! It stands beside the contract's own checks because it judges suggestions, thousands for one document, against
//! schemas that exist only while a value is being made.

use serde_json::{Map, Value};

use super::{Models, format, pattern::Pattern};

/// How many references may follow each other without a step into the value.
const HOPS_MAX: u8 = 32;

/// Whether `value` fits `schema`.
pub(super) fn fits(models: Models, schema: &Value, value: &Value) -> bool {
    fits_after(models, schema, value, 0)
}

fn fits_after(models: Models, schema: &Value, value: &Value, hops: u8) -> bool {
    let schema = match schema {
        Value::Bool(anything) => return *anything,
        Value::Object(schema) => schema,
        _ => return false,
    };
    if hops > HOPS_MAX {
        return false;
    }
    let here = |schema: &Value| fits_after(models, schema, value, hops + 1);
    let is_listed = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|item| same(item, value)));
    let branches = |key: &str| schema.get(key).and_then(Value::as_array);
    schema.get("type").is_none_or(|kind| has_type(kind, value))
        && schema.get("enum").is_none_or(is_listed)
        && schema.get("const").is_none_or(|only| same(only, value))
        && reference(schema).is_none_or(|path| models.follow(path).is_some_and(|(_, schema)| here(schema)))
        && branches("allOf").is_none_or(|all| all.iter().all(here))
        && branches("anyOf").is_none_or(|any| any.iter().any(here))
        && branches("oneOf").is_none_or(|one| one.iter().filter(|schema| here(schema)).count() == 1)
        && schema.get("not").is_none_or(|not| !here(not))
        && schema
            .get("if")
            .is_none_or(|condition| schema.get(if here(condition) { "then" } else { "else" }).is_none_or(here))
        && match value {
            Value::String(text) => fits_text(schema, text),
            Value::Number(number) => number.as_f64().is_none_or(|number| fits_number(schema, number)),
            Value::Array(items) => fits_items(models, schema, items),
            Value::Object(entries) => fits_entries(models, schema, entries),
            Value::Null | Value::Bool(_) => true,
        }
}

/// The reference in a schema.
pub(super) fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

/// A size limit in a schema.
pub(super) fn limit(schema: &Map<String, Value>, key: &str) -> Option<usize> {
    let limit = schema.get(key)?.as_f64().filter(|limit| *limit >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and `as` saturates")]
    Some(limit as usize)
}

/// Whether two values are the same to JSON Schema, to which 1 and 1.0 are.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

fn has_type(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| has_type(kind, value)),
        Value::String(kind) => match kind.as_str() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        },
        _ => false,
    }
}

fn fits_text(schema: &Map<String, Value>, text: &str) -> bool {
    let length = text.chars().count();
    let word = |key: &str| schema.get(key).and_then(Value::as_str);
    limit(schema, "minLength").is_none_or(|min| length >= min)
        && limit(schema, "maxLength").is_none_or(|max| length <= max)
        && word("format").is_none_or(|name| format::fits(name, text))
        && word("pattern").is_none_or(|pattern| Pattern::parse(pattern).is_ok_and(|it| it.is_match(text)))
}

fn fits_number(schema: &Map<String, Value>, number: f64) -> bool {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    bound("minimum").is_none_or(|min| number >= min)
        && bound("maximum").is_none_or(|max| number <= max)
        && bound("exclusiveMinimum").is_none_or(|min| number > min)
        && bound("exclusiveMaximum").is_none_or(|max| number < max)
        && bound("multipleOf").is_none_or(|step| {
            let steps = number / step;
            (steps - steps.round()).abs() <= steps.abs().max(1.0) * 1e-12
        })
}

fn fits_items(models: Models, schema: &Map<String, Value>, items: &[Value]) -> bool {
    let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_repeated = |(at, item): (usize, &Value)| items.iter().take(at).any(|earlier| same(earlier, item));
    limit(schema, "minItems").is_none_or(|min| items.len() >= min)
        && limit(schema, "maxItems").is_none_or(|max| items.len() <= max)
        && items.iter().zip(first).all(|(item, schema)| fits(models, schema, item))
        && schema.get("items").is_none_or(|rest| items.iter().skip(first.len()).all(|item| fits(models, rest, item)))
        && (schema.get("uniqueItems") != Some(&Value::Bool(true)) || !items.iter().enumerate().any(is_repeated))
}

fn fits_entries(models: Models, schema: &Map<String, Value>, entries: &Map<String, Value>) -> bool {
    let known = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let dependent = schema.get("dependentRequired").and_then(Value::as_object);
    let is_there = |key: &Value| key.as_str().is_some_and(|key| entries.contains_key(key));
    limit(schema, "minProperties").is_none_or(|min| entries.len() >= min)
        && limit(schema, "maxProperties").is_none_or(|max| entries.len() <= max)
        && required.is_none_or(|keys| keys.iter().all(is_there))
        && dependent.into_iter().flatten().all(|(key, needs)| {
            !entries.contains_key(key) || needs.as_array().is_none_or(|needs| needs.iter().all(is_there))
        })
        && entries.iter().all(|(key, value)| {
            let rule = known.and_then(|known| known.get(key)).or_else(|| schema.get("additionalProperties"));
            rule.is_none_or(|rule| fits(models, rule, value))
        })
}
