//! Misspelt keywords of JSON Schema. The specification allows unknown keywords and ignores them, so that a schema with
//! `requird` accepts everything.

use serde_json::{Map, Value};

use super::error::StandaloneSchemaError;
use contract_files::pointer::escape;
use contract_files::yaml::nearest;

/// The keywords of JSON Schema 2020-12, and those of earlier drafts that validators know.
const KEYWORDS: [&str; 62] = [
    "$schema",
    "$id",
    "$ref",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "dependencies",
    "prefixItems",
    "items",
    "additionalItems",
    "contains",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "type",
    "const",
    "enum",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "example",
    "nullable",
];

/// The keywords whose value is a schema, or a list of schemas.
const WITH_SCHEMA: [&str; 18] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "prefixItems",
    "items",
    "additionalItems",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
    "dependencies",
    "dependentSchemas",
];

/// The keywords whose value maps names to schemas.
const WITH_SCHEMAS: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// The error for the first keyword that is unknown and similar to a known one.
pub(super) fn misspelt_keyword(schema: &Value) -> Option<StandaloneSchemaError> {
    find(schema, "")
}

fn find(schema: &Value, pointer: &str) -> Option<StandaloneSchemaError> {
    let members: &Map<String, Value> = schema.as_object()?;
    members.iter().find_map(|(name, value)| {
        let inside = format!("{pointer}/{}", escape(name));
        if !KEYWORDS.contains(&name.as_str()) {
            // Annotations can have any name, so that only small differences count as mistakes.
            let edits_max = if name.len() < 6 { 1 } else { 2 };
            let is_similar = |near: &&str| strsim::damerau_levenshtein(name, near) <= edits_max;
            let near = nearest(name, KEYWORDS).filter(is_similar).filter(|_| !name.starts_with("x-"))?;
            let reason = format!("JSON Schema has no keyword `{name}`, and would ignore it; did you mean `{near}`?");
            return Some(StandaloneSchemaError { pointer: inside, reason });
        }
        if WITH_SCHEMAS.contains(&name.as_str()) {
            let schemas = value.as_object().into_iter().flatten();
            return schemas.into_iter().find_map(|(name, schema)| find(schema, &format!("{inside}/{}", escape(name))));
        }
        if !WITH_SCHEMA.contains(&name.as_str()) {
            return None;
        }
        match value {
            Value::Array(schemas) => {
                let mut schemas = schemas.iter().enumerate();
                schemas.find_map(|(index, schema)| find(schema, &format!("{inside}/{index}")))
            }
            schema => find(schema, &inside),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn misspelt_keywords_are_found_where_schemas_are() {
        let rows = [
            (json!({"requird": ["a"]}), "/requird", "`required`"),
            (json!({"properties": {"a": {"typ": "string"}}}), "/properties/a/typ", "`type`"),
            (json!({"allOf": [true, {"patern": "x"}]}), "/allOf/1/patern", "`pattern`"),
            (json!({"items": {"minimun": 1}}), "/items/minimun", "`minimum`"),
        ];
        for (schema, pointer, near) in rows {
            let error = misspelt_keyword(&schema).unwrap();
            assert_eq!(error.pointer, pointer);
            assert!(error.reason.contains(near), "{}", error.reason);
        }
        for schema in [
            json!(true),
            json!({"properties": {"requird": {"const": {"typ": 1}}}, "enum": [{"typ": 1}], "x-type": 1, "components": {}}),
        ] {
            assert!(misspelt_keyword(&schema).is_none(), "{schema}");
        }
    }
}
