//! Misspelt keywords of JSON Schema. The specification allows unknown keywords and ignores them, so that a schema with
//! `requird` accepts everything.

use serde_json::{Map, Value};

use super::error::StandaloneSchemaError;
use contract_files::pointer::escape;
use contract_files::yaml::nearest;

/// What the value of a keyword contains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A schema, or a list of schemas.
    Schema,
    /// Schemas by name.
    Schemas,
    /// No schema.
    Other,
}

/// The keywords of JSON Schema 2020-12, and those of earlier drafts that validators know, with what they contain.
const KEYWORDS: [(&str, Content); 62] = [
    ("$schema", Content::Other),
    ("$id", Content::Other),
    ("$ref", Content::Other),
    ("$anchor", Content::Other),
    ("$dynamicRef", Content::Other),
    ("$dynamicAnchor", Content::Other),
    ("$vocabulary", Content::Other),
    ("$comment", Content::Other),
    ("$defs", Content::Schemas),
    ("definitions", Content::Schemas),
    ("allOf", Content::Schema),
    ("anyOf", Content::Schema),
    ("oneOf", Content::Schema),
    ("not", Content::Schema),
    ("if", Content::Schema),
    ("then", Content::Schema),
    ("else", Content::Schema),
    ("dependentSchemas", Content::Schemas),
    ("dependentRequired", Content::Other),
    ("dependencies", Content::Schemas),
    ("prefixItems", Content::Schema),
    ("items", Content::Schema),
    ("additionalItems", Content::Schema),
    ("contains", Content::Schema),
    ("properties", Content::Schemas),
    ("patternProperties", Content::Schemas),
    ("additionalProperties", Content::Schema),
    ("propertyNames", Content::Schema),
    ("unevaluatedItems", Content::Schema),
    ("unevaluatedProperties", Content::Schema),
    ("type", Content::Other),
    ("const", Content::Other),
    ("enum", Content::Other),
    ("multipleOf", Content::Other),
    ("maximum", Content::Other),
    ("exclusiveMaximum", Content::Other),
    ("minimum", Content::Other),
    ("exclusiveMinimum", Content::Other),
    ("maxLength", Content::Other),
    ("minLength", Content::Other),
    ("pattern", Content::Other),
    ("maxItems", Content::Other),
    ("minItems", Content::Other),
    ("uniqueItems", Content::Other),
    ("maxContains", Content::Other),
    ("minContains", Content::Other),
    ("maxProperties", Content::Other),
    ("minProperties", Content::Other),
    ("required", Content::Other),
    ("format", Content::Other),
    ("contentEncoding", Content::Other),
    ("contentMediaType", Content::Other),
    ("contentSchema", Content::Schema),
    ("title", Content::Other),
    ("description", Content::Other),
    ("default", Content::Other),
    ("deprecated", Content::Other),
    ("readOnly", Content::Other),
    ("writeOnly", Content::Other),
    ("examples", Content::Other),
    ("example", Content::Other),
    ("nullable", Content::Other),
];

/// The error for the first keyword that is unknown and similar to a known one.
pub(super) fn misspelt_keyword(schema: &Value) -> Option<StandaloneSchemaError> {
    find(schema, "")
}

fn find(schema: &Value, pointer: &str) -> Option<StandaloneSchemaError> {
    let members: &Map<String, Value> = schema.as_object()?;
    members.iter().find_map(|(name, value)| {
        let inside = format!("{pointer}/{}", escape(name));
        let Some((_, content)) = KEYWORDS.iter().find(|(keyword, _)| *keyword == name.as_str()) else {
            // Annotations can have any name, so that only small differences count as mistakes.
            let edits_max = if name.len() < 6 { 1 } else { 2 };
            let is_similar = |near: &&str| strsim::damerau_levenshtein(name, near) <= edits_max;
            let near = nearest(name, KEYWORDS.map(|(keyword, _)| keyword))
                .filter(is_similar)
                .filter(|_| !name.starts_with("x-"))?;
            let reason = format!("JSON Schema has no keyword `{name}`, and would ignore it; did you mean `{near}`?");
            return Some(StandaloneSchemaError { pointer: inside, reason });
        };
        match (content, value) {
            (Content::Other, _) => None,
            (Content::Schemas, schemas) => {
                let mut schemas = schemas.as_object().into_iter().flatten();
                schemas.find_map(|(name, schema)| find(schema, &format!("{inside}/{}", escape(name))))
            }
            (Content::Schema, Value::Array(schemas)) => {
                let mut schemas = schemas.iter().enumerate();
                schemas.find_map(|(index, schema)| find(schema, &format!("{inside}/{index}")))
            }
            (Content::Schema, schema) => find(schema, &inside),
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
            (json!({"dependentSchemas": {"a": {"minLenght": 1}}}), "/dependentSchemas/a/minLenght", "`minLength`"),
            (json!({"dependencies": {"typ": ["a"], "b": {"typ": 1}}}), "/dependencies/b/typ", "`type`"),
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
