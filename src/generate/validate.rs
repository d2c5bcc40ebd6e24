//! Validates values against schemas, with the keywords that the generator supports.
//!
//! The contract's validator is not used here, because one document needs thousands of validations against schemas that
//! exist only during generation.

use serde_json::{Map, Value};

use super::{Models, format, pattern::SchemaPattern};

/// The longest chain of references at one value.
const REFERENCES_MAX: u8 = 32;

/// True if `value` is valid for `schema`.
pub(super) fn is_valid(models: Models, schema: &Value, value: &Value) -> bool {
    is_valid_at(models, schema, value, 0)
}

fn is_valid_at(models: Models, schema: &Value, value: &Value, references: u8) -> bool {
    let schema = match schema {
        Value::Bool(accepts_all) => return *accepts_all,
        Value::Object(schema) => schema,
        _ => return false,
    };
    if references > REFERENCES_MAX {
        return false;
    }
    let is_valid_here = |schema: &Value| is_valid_at(models, schema, value, references + 1);
    let is_listed = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|item| is_equal(item, value)));
    let branches = |key: &str| schema.get(key).and_then(Value::as_array);
    schema.get("type").is_none_or(|kind| has_type(kind, value))
        && schema.get("enum").is_none_or(is_listed)
        && schema.get("const").is_none_or(|constant| is_equal(constant, value))
        && reference(schema).is_none_or(|path| models.follow(path).is_some_and(|(_, schema)| is_valid_here(schema)))
        && branches("allOf").is_none_or(|all| all.iter().all(is_valid_here))
        && branches("anyOf").is_none_or(|any| any.iter().any(is_valid_here))
        && branches("oneOf").is_none_or(|one| one.iter().filter(|schema| is_valid_here(schema)).count() == 1)
        && schema.get("not").is_none_or(|not| !is_valid_here(not))
        && schema.get("if").is_none_or(|condition| {
            schema.get(if is_valid_here(condition) { "then" } else { "else" }).is_none_or(is_valid_here)
        })
        && match value {
            Value::String(text) => is_valid_string(schema, text),
            Value::Number(number) => number.as_f64().is_none_or(|number| is_valid_number(schema, number)),
            Value::Array(items) => is_valid_array(models, schema, items),
            Value::Object(entries) => is_valid_object(models, schema, entries),
            Value::Null | Value::Bool(_) => true,
        }
}

/// Returns the reference of a schema.
pub(super) fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

/// Returns a size limit of a schema.
pub(super) fn limit(schema: &Map<String, Value>, key: &str) -> Option<usize> {
    let limit = schema.get(key)?.as_f64().filter(|limit| *limit >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and `as` saturates")]
    Some(limit as usize)
}

/// True if two values are equal in JSON Schema, where 1 equals 1.0.
pub(super) fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_equal(a, b)))
        }
        _ => one == other,
    }
}

fn has_type(expected: &Value, value: &Value) -> bool {
    match expected {
        Value::Array(types) => types.iter().any(|kind| has_type(kind, value)),
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

fn is_valid_string(schema: &Map<String, Value>, text: &str) -> bool {
    let length = text.chars().count();
    let text_of = |key: &str| schema.get(key).and_then(Value::as_str);
    limit(schema, "minLength").is_none_or(|min| length >= min)
        && limit(schema, "maxLength").is_none_or(|max| length <= max)
        && text_of("format").is_none_or(|name| format::is_valid(name, text))
        && text_of("pattern").is_none_or(|pattern| SchemaPattern::parse(pattern).is_ok_and(|it| it.is_match(text)))
}

fn is_valid_number(schema: &Map<String, Value>, number: f64) -> bool {
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

fn is_valid_array(models: Models, schema: &Map<String, Value>, items: &[Value]) -> bool {
    let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_duplicate = |(at, item): (usize, &Value)| items.iter().take(at).any(|earlier| is_equal(earlier, item));
    limit(schema, "minItems").is_none_or(|min| items.len() >= min)
        && limit(schema, "maxItems").is_none_or(|max| items.len() <= max)
        && items.iter().zip(first).all(|(item, schema)| is_valid(models, schema, item))
        && schema
            .get("items")
            .is_none_or(|rest| items.iter().skip(first.len()).all(|item| is_valid(models, rest, item)))
        && (schema.get("uniqueItems") != Some(&Value::Bool(true)) || !items.iter().enumerate().any(is_duplicate))
}

fn is_valid_object(models: Models, schema: &Map<String, Value>, entries: &Map<String, Value>) -> bool {
    let known = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let dependent = schema.get("dependentRequired").and_then(Value::as_object);
    let is_present = |key: &Value| key.as_str().is_some_and(|key| entries.contains_key(key));
    limit(schema, "minProperties").is_none_or(|min| entries.len() >= min)
        && limit(schema, "maxProperties").is_none_or(|max| entries.len() <= max)
        && required.is_none_or(|keys| keys.iter().all(is_present))
        && dependent.into_iter().flatten().all(|(key, names)| {
            !entries.contains_key(key) || names.as_array().is_none_or(|names| names.iter().all(is_present))
        })
        && entries.iter().all(|(key, value)| {
            let property = known.and_then(|known| known.get(key)).or_else(|| schema.get("additionalProperties"));
            property.is_none_or(|schema| is_valid(models, schema, value))
        })
}
