//! Detects schemas for which no valid values can be generated.

use serde_json::{Map, Value};

use super::pattern::SchemaPattern;
use super::resolve::{INFINITE_DEPTH, min_depth};
use super::validate::{is_valid, reference};
use super::{Models, ValueGenerator};
use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

/// Keywords that restrict values and that the generator does not support.
const UNSUPPORTED: [&str; 12] = [
    "$dynamicRef",
    "$recursiveRef",
    "patternProperties",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "unevaluatedItems",
    "nullable",
];
/// The number of values that are generated and validated to check a schema.
const TRIALS: u64 = 8;

/// Checks that valid values can be generated for `schema`: inspects it with all models it refers to, and validates some
/// values.
///
/// # Errors
///
/// Names the keyword that is not supported, with its pointer.
pub fn check_supported(schema: &Value, models: &Models) -> Result<(), String> {
    check_keywords(*models, schema, "", &mut Vec::new())?;
    if min_depth(*models, schema, &mut Vec::new()) >= INFINITE_DEPTH {
        return Err("every value would be infinite: the schema requires itself".to_owned());
    }
    for seed in 0..TRIALS {
        let mut ids = IdGenerator::new(seed);
        // 2026-01-01; any time is suitable.
        let now = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        let generator = ValueGenerator::new(SeededRng::new(seed, Purpose::Documents), &mut ids, now, *models);
        let value = generator.with_budget(if seed % 2 == 0 { super::BUDGET_DEFAULT } else { 0 }).value(schema);
        if !is_valid(*models, schema, &value) {
            return Err("no valid value was found".to_owned());
        }
    }
    Ok(())
}

fn check_keywords(models: Models, schema: &Value, at: &str, seen: &mut Vec<String>) -> Result<(), String> {
    let map = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(map) => map,
        _ => return Err(format!("`{at}` is not a schema")),
    };
    if let Some(keyword) = UNSUPPORTED.iter().find(|key| map.contains_key(**key)) {
        return Err(format!("`{at}/{keyword}` is not supported"));
    }
    if let Some(pattern) = map.get("pattern").and_then(Value::as_str) {
        SchemaPattern::parse(pattern).map_err(|reason| format!("`{at}/pattern`: {reason}"))?;
    }
    if let Some(path) = reference(map) {
        let (_, target) = models.follow(path).ok_or_else(|| format!("`{at}/$ref`: there is no model `{path}`"))?;
        if !seen.iter().any(|earlier| earlier == path) {
            seen.push(path.to_owned());
            check_keywords(models, target, path, seen)?;
        }
    }
    check_subschemas(models, map, at, seen)
}

fn check_subschemas(models: Models, map: &Map<String, Value>, at: &str, seen: &mut Vec<String>) -> Result<(), String> {
    for key in ["items", "additionalProperties", "not", "if", "then", "else"] {
        if let Some(part) = map.get(key) {
            check_keywords(models, part, &format!("{at}/{key}"), seen)?;
        }
    }
    for key in ["allOf", "anyOf", "oneOf", "prefixItems"] {
        for (index, part) in map.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            check_keywords(models, part, &format!("{at}/{key}/{index}"), seen)?;
        }
    }
    for (key, part) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        check_keywords(models, part, &format!("{at}/properties/{key}"), seen)?;
    }
    Ok(())
}
