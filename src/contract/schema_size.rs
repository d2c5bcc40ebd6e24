//! Limits of schemas that are not part of a contract. References repeat what they refer to: a schema of 30 lines can visit a
//! value a billion times, and one that refers to itself never ends.

use serde_json::Value;

use super::error::StandaloneSchemaError;
use crate::config::limits::{SCHEMA_PATTERNS_MAX, SCHEMA_VALUES_MAX};

/// Keywords whose values are data, not schemas.
const DATA: [&str; 5] = ["enum", "const", "default", "example", "examples"];

/// Keywords that refer to a schema in ways that are not followed here.
const UNSUPPORTED: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$anchor"];

/// Checks the size of a schema in which each reference is replaced by what it refers to.
///
/// # Errors
///
/// It is too large, refers to itself, or has a reference that is not a JSON pointer into it.
pub(super) fn check(schema: &Value) -> Result<(), StandaloneSchemaError> {
    let mut size = SchemaSize { root: schema, values: 0, patterns: 0, open: Vec::new() };
    size.add(schema, "", false)
}

struct SchemaSize<'s> {
    root: &'s Value,
    values: usize,
    patterns: usize,
    /// The references that are being followed.
    open: Vec<&'s str>,
}

impl<'s> SchemaSize<'s> {
    /// Adds a value. `pointer` is the position of the value, or of the first reference to it.
    fn add(&mut self, value: &'s Value, pointer: &str, is_names: bool) -> Result<(), StandaloneSchemaError> {
        self.values += 1;
        if self.values > SCHEMA_VALUES_MAX {
            let reason = format!("it has more than {SCHEMA_VALUES_MAX} values when its references are followed");
            return Err(StandaloneSchemaError { pointer: pointer.to_owned(), reason });
        }
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.add(item, pointer, false)),
            Value::Object(object) => {
                for (name, value) in object {
                    let inside = if self.open.is_empty() {
                        format!("{pointer}/{}", contract_files::pointer::escape(name))
                    } else {
                        pointer.to_owned()
                    };
                    // The members of `properties` have any name.
                    if is_names {
                        self.add(value, &inside, false)?;
                    } else {
                        self.add_keyword(name, value, &inside)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add_keyword(&mut self, name: &str, value: &'s Value, pointer: &str) -> Result<(), StandaloneSchemaError> {
        let fail = |reason: String| Err(StandaloneSchemaError { pointer: pointer.to_owned(), reason });
        if UNSUPPORTED.contains(&name) || name == "$id" && pointer != "/$id" {
            return fail(format!("`{name}` is not supported here; write a `$ref` such as #/$defs/name"));
        }
        match (name, value) {
            ("$ref", Value::String(reference)) => return self.follow(reference, pointer),
            ("pattern", Value::String(_)) => self.patterns += 1,
            ("patternProperties", Value::Object(patterns)) => self.patterns += patterns.len(),
            // They count where they are used.
            ("$defs" | "definitions", _) => return Ok(()),
            (name, _) if DATA.contains(&name) => return Ok(()),
            _ => {}
        }
        if self.patterns > SCHEMA_PATTERNS_MAX {
            return fail(format!("it has more than {SCHEMA_PATTERNS_MAX} patterns when its references are followed"));
        }
        let is_names = ["properties", "patternProperties", "dependentSchemas"].contains(&name);
        self.add(value, pointer, is_names)
    }

    fn follow(&mut self, reference: &'s str, pointer: &str) -> Result<(), StandaloneSchemaError> {
        let fail = |reason: String| Err(StandaloneSchemaError { pointer: pointer.to_owned(), reason });
        let fragment = reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(fragment) = fragment else {
            return fail(format!("`{reference}` is not supported here; write a reference such as #/$defs/name"));
        };
        if self.open.contains(&reference) {
            return fail(format!("`{reference}` refers to itself, which is not supported here"));
        }
        let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
        // The compiler reports a reference that does not resolve.
        let Some(target) = self.root.pointer(&decoded) else { return Ok(()) };
        self.open.push(reference);
        // The root contains the reference, whatever its text.
        let result = if fragment.is_empty() {
            fail("`#` refers to itself, which is not supported here".to_owned())
        } else {
            self.add(target, pointer, false)
        };
        self.open.pop();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_that_repeat_themselves_are_rejected() {
        let mut doubling = json!({"$ref": "#/$defs/a0", "$defs": {"a40": {"type": "string"}}});
        for level in 0..40 {
            let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
            doubling["$defs"][format!("a{level}")] = json!({"allOf": [next, next]});
        }
        let patterns: Vec<Value> = (0..100).map(|number| json!({"pattern": format!("^{number}")})).collect();
        let rows = [
            (json!({"$ref": "#"}), "/$ref", "refers to itself"),
            (json!({"items": {"$ref": "#/items"}}), "/items/$ref", "refers to itself"),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/%24defs/a"}}}}),
                "/$ref",
                "refers to itself",
            ),
            (doubling, "/$ref", "more than"),
            (json!({"$ref": "http://a.example"}), "/$ref", "is not supported here"),
            (json!({"properties": {"a": {"$dynamicRef": "#a"}}}), "/properties/a/$dynamicRef", "is not supported here"),
            (json!({"items": {"$id": "x"}}), "/items/$id", "is not supported here"),
            (json!({"anyOf": patterns}), "/anyOf", "more than 64 patterns"),
        ];
        for (schema, pointer, reason) in rows {
            let error = check(&schema).unwrap_err();
            assert!(error.pointer.starts_with(pointer) && error.reason.contains(reason), "{schema}: {error:?}");
        }
        for schema in [
            json!(true),
            json!({"properties": {"$ref": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}),
            json!({"const": {"$ref": "#"}, "$id": "urn:a", "$schema": "https://json-schema.org/draft/2020-12/schema"}),
        ] {
            check(&schema).unwrap();
        }
    }
}
