//! Which schema is beyond the maker, said once at load instead of at every value.

use serde_json::{Map, Value};

use super::fits::{fits, reference};
use super::flat::{ENDLESS, height};
use super::pattern::Pattern;
use super::{Maker, Models};
use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

/// Keywords that restrict a value in ways the maker does not know.
const UNKNOWN: [&str; 12] = [
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
/// How many values are made and checked before a schema counts as supported.
const TRIALS: u64 = 8;

/// Whether values can be made that fit `schema`; if not, which place in it is the reason.
///
/// It reads the schema and every model it leads to, and then makes a few values and checks them.
pub fn supports(schema: &Value, models: &Models) -> Result<(), String> {
    read(*models, schema, "", &mut Vec::new())?;
    if height(*models, schema, &mut Vec::new()) >= ENDLESS {
        return Err("every value would be endless: it requires itself".to_owned());
    }
    for seed in 0..TRIALS {
        let mut ids = IdGenerator::new(seed);
        // Any moment will do for a trial; this one is 2026-01-01.
        let now = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        let maker = Maker::new(SeededRng::new(seed, Purpose::Documents), &mut ids, now, *models);
        let value = maker.with_budget(if seed % 2 == 0 { super::BUDGET_DEFAULT } else { 0 }).value(schema);
        if !fits(*models, schema, &value) {
            return Err("no value was found that fits it".to_owned());
        }
    }
    Ok(())
}

fn read(models: Models, schema: &Value, at: &str, seen: &mut Vec<String>) -> Result<(), String> {
    let map = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(map) => map,
        _ => return Err(format!("`{at}` is not a schema")),
    };
    if let Some(keyword) = UNKNOWN.iter().find(|key| map.contains_key(**key)) {
        return Err(format!("`{at}/{keyword}` is a keyword that values cannot be made for"));
    }
    if let Some(pattern) = map.get("pattern").and_then(Value::as_str) {
        Pattern::parse(pattern).map_err(|reason| format!("`{at}/pattern`: {reason}"))?;
    }
    if let Some(path) = reference(map) {
        let (_, target) = models.follow(path).ok_or_else(|| format!("`{at}/$ref`: `{path}` leads to no model"))?;
        if !seen.iter().any(|earlier| earlier == path) {
            seen.push(path.to_owned());
            read(models, target, path, seen)?;
        }
    }
    read_parts(models, map, at, seen)
}

fn read_parts(models: Models, map: &Map<String, Value>, at: &str, seen: &mut Vec<String>) -> Result<(), String> {
    for key in ["items", "additionalProperties", "not", "if", "then", "else"] {
        if let Some(part) = map.get(key) {
            read(models, part, &format!("{at}/{key}"), seen)?;
        }
    }
    for key in ["allOf", "anyOf", "oneOf", "prefixItems"] {
        for (index, part) in map.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            read(models, part, &format!("{at}/{key}/{index}"), seen)?;
        }
    }
    for (key, part) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        read(models, part, &format!("{at}/properties/{key}"), seen)?;
    }
    Ok(())
}
