//! Detects schemas for which no valid values can be generated. The tests check the schemas of the contract with it.

use serde_json::{Map, Value};

use super::pattern::{PatternError, SchemaPattern};
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

/// Why no valid values can be generated for a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedSchema {
    /// The schema requires itself.
    #[error("every value would be infinite: the schema requires itself")]
    Infinite,
    /// No generated value is valid.
    #[error("no valid value was found")]
    NoValue,
    /// A subschema is neither an object nor a boolean.
    #[error("`{0}` is not a schema")]
    NotASchema(String),
    /// A keyword is not supported.
    #[error("`{pointer}/{keyword}` is not supported")]
    Keyword {
        /// JSON pointer to the schema.
        pointer: String,
        /// The keyword.
        keyword: &'static str,
    },
    /// A pattern is malformed or not supported.
    #[error("`{pointer}/pattern`: {error}")]
    Pattern {
        /// JSON pointer to the schema.
        pointer: String,
        /// The error in the pattern.
        #[source]
        error: PatternError,
    },
    /// A reference has no target.
    #[error("`{pointer}/$ref`: there is no model `{reference}`")]
    Reference {
        /// JSON pointer to the schema.
        pointer: String,
        /// The reference.
        reference: String,
    },
}

/// Checks that valid values can be generated for `schema`: inspects it with all models it refers to, and validates some
/// values.
///
/// # Errors
///
/// A keyword or a pattern is not supported, a reference has no target, or no value is valid.
pub fn check_supported(schema: &Value, models: Models) -> Result<(), UnsupportedSchema> {
    check_keywords(models, schema, "", &mut Vec::new())?;
    if min_depth(models, schema, &mut Vec::new()) >= INFINITE_DEPTH {
        return Err(UnsupportedSchema::Infinite);
    }
    for seed in 0..TRIALS {
        let mut ids = IdGenerator::new(seed);
        // 2026-01-01; any time is suitable.
        let now = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        let generator = ValueGenerator::new(SeededRng::new(seed, Purpose::Documents), &mut ids, now, models);
        let value = generator.with_budget(if seed % 2 == 0 { super::BUDGET_DEFAULT } else { 0 }).value(schema);
        if !is_valid(models, schema, &value) {
            return Err(UnsupportedSchema::NoValue);
        }
    }
    Ok(())
}

fn check_keywords(models: Models, schema: &Value, at: &str, seen: &mut Vec<String>) -> Result<(), UnsupportedSchema> {
    let map = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(map) => map,
        _ => return Err(UnsupportedSchema::NotASchema(at.to_owned())),
    };
    if let Some(keyword) = UNSUPPORTED.iter().find(|key| map.contains_key(**key)) {
        return Err(UnsupportedSchema::Keyword { pointer: at.to_owned(), keyword });
    }
    if let Some(pattern) = map.get("pattern").and_then(Value::as_str) {
        SchemaPattern::parse(pattern).map_err(|error| UnsupportedSchema::Pattern { pointer: at.to_owned(), error })?;
    }
    if let Some(path) = reference(map) {
        let (_, target) = models
            .follow(path)
            .ok_or_else(|| UnsupportedSchema::Reference { pointer: at.to_owned(), reference: path.to_owned() })?;
        if !seen.iter().any(|earlier| earlier == path) {
            seen.push(path.to_owned());
            check_keywords(models, target, path, seen)?;
        }
    }
    check_subschemas(models, map, at, seen)
}

fn check_subschemas(
    models: Models,
    map: &Map<String, Value>,
    at: &str,
    seen: &mut Vec<String>,
) -> Result<(), UnsupportedSchema> {
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
