//! Compiled JSON Schemas. With `schema_errors`, the only user of the `jsonschema` crate.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::error::{SchemaError, StandaloneSchemaError};
use super::known_formats::{self, KNOWN_FORMATS};
use super::property_names::PropertyNames;
use super::schema_errors;
use super::schema_keywords::misspelt_keyword;
use super::schema_size;
use super::violation::Violation;
use crate::config::limits::{REGEX_CACHE_BYTES_MAX, SCHEMA_REGEX_BYTES_MAX};
use crate::support::percent::RESERVED;
use contract_files::files::SchemaError as FileSchemaError;
use contract_files::yaml::nearest;

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// The base URI of the bundle. Schemas are never fetched.
const BASE: &str = "urn:leadconduit:contract";

/// The schemas of the bundle. Their references are resolved when the first schema is compiled: a server that is only
/// started needs none.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    /// Taken by the registry.
    document: Mutex<Option<Value>>,
    registry: OnceLock<Result<Registry<'static>, SchemaError>>,
    properties: OnceLock<PropertyNames>,
}

impl Schemas {
    /// Sets the bundle. Schemas that were compiled before are not found in it.
    pub(super) fn set_document(&self, document: Value) {
        *self.document.lock().unwrap_or_else(PoisonError::into_inner) = Some(document);
    }

    /// The schemas with resolved references.
    ///
    /// # Errors
    ///
    /// A reference has no target.
    pub(super) fn registry(&self) -> Result<&Registry<'static>, SchemaError> {
        let resolve = || {
            let document = self.document.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut resource = document.unwrap_or_default();
            self.properties.get_or_init(|| PropertyNames::new(&resource));
            known_formats::replace_patterns(&mut resource);
            let builder = Registry::new().draft(jsonschema::Draft::Draft202012);
            let prepared = builder.add(BASE, resource).and_then(jsonschema::RegistryBuilder::prepare);
            prepared.map_err(|error| SchemaError::Bundle(error.to_string()))
        };
        self.registry.get_or_init(resolve).as_ref().map_err(Clone::clone)
    }

    /// The names of properties, known when the first schema of the bundle is compiled.
    fn properties(&self) -> &PropertyNames {
        self.properties.get_or_init(PropertyNames::default)
    }

    fn compile(&self, pointer: &str) -> Result<Validator, SchemaError> {
        let registry = self.registry()?;
        KNOWN_FORMATS
            .iter()
            .fold(jsonschema::options(), |options, known| options.with_format(known.format, known.is_valid))
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(registry)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            // Linear time for every input; a contract needs no look-around.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&json!({"$ref": format!("{BASE}#{}", uri_fragment(pointer))}))
            .map_err(|error| SchemaError::Invalid { pointer: pointer.to_owned(), reason: error.to_string() })
    }
}

/// A schema of the bundle. It is compiled on first use, or by [`CompiledSchema::compile`].
#[derive(Debug)]
pub struct CompiledSchema {
    pointer: String,
    schemas: Arc<Schemas>,
    validator: OnceLock<Result<Validator, SchemaError>>,
}

impl CompiledSchema {
    pub(super) fn new(schemas: &Arc<Schemas>, pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), schemas: Arc::clone(schemas), validator: OnceLock::new() }
    }

    /// Compiles a schema that is not part of a contract.
    ///
    /// # Errors
    ///
    /// The schema is invalid or too large, or a keyword is misspelt.
    pub fn standalone(schema: &Value) -> Result<Self, StandaloneSchemaError> {
        schema_size::check(schema)?;
        Self::of_any_size(schema)
    }

    /// Compiles a schema that is not part of a contract, and comes from this program.
    pub(crate) fn of_any_size(schema: &Value) -> Result<Self, StandaloneSchemaError> {
        let patterns = jsonschema::PatternOptions::regex();
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_pattern_options(patterns.size_limit(SCHEMA_REGEX_BYTES_MAX).dfa_size_limit(REGEX_CACHE_BYTES_MAX))
            .build(schema)
            .map_err(|error| StandaloneSchemaError {
                pointer: error.instance_path().as_str().to_owned(),
                reason: error.to_string(),
            })?;
        if let Some(error) = misspelt_keyword(schema) {
            return Err(error);
        }
        let properties = OnceLock::from(PropertyNames::of_schema(schema));
        let schemas = Arc::new(Schemas { properties, ..Schemas::default() });
        Ok(Self { pointer: String::new(), schemas, validator: OnceLock::from(Ok(validator)) })
    }

    /// Compiles the schema now.
    ///
    /// # Errors
    ///
    /// The schema is invalid.
    pub fn compile(&self) -> Result<(), SchemaError> {
        self.validator().as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn validator(&self) -> &Result<Validator, SchemaError> {
        self.validator.get_or_init(|| self.schemas.compile(&self.pointer))
    }

    /// Whether a value is valid. Much faster than [`CompiledSchema::violations`].
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        self.validator().as_ref().is_ok_and(|validator| validator.is_valid(value))
    }

    /// The violations of a value that is at `root` of the request. Call it only for values that are not accepted.
    #[must_use]
    pub fn violations(&self, root: &str, value: &Value) -> Vec<Violation> {
        match self.validator() {
            Ok(validator) => {
                schema_errors::violations(root, value, validator.iter_errors(value), self.schemas.properties())
            }
            Err(error) => vec![Violation::rejected(400, root, "schema", error.to_string())],
        }
    }
}

/// A JSON pointer as a URI fragment.
fn uri_fragment(pointer: &str) -> String {
    const ESCAPED: &percent_encoding::AsciiSet = &RESERVED.remove(b'/');
    percent_encoding::utf8_percent_encode(pointer, ESCAPED).to_string()
}

/// The errors of a schema itself: keywords with values that JSON Schema does not allow.
pub(super) fn meta_errors(schema: &Value) -> Vec<FileSchemaError> {
    let validator = jsonschema::draft202012::meta::validator();
    let mut errors = Vec::new();
    for error in validator.iter_errors(schema) {
        let pointer = error.instance_path().as_str().to_owned();
        let word = schema.pointer(&pointer).and_then(Value::as_str);
        // The type is a word or a list of words, which the validator reports as two forms that do not match.
        if let (true, Some(word)) = (pointer.ends_with("/type"), word) {
            let hint = match nearest(word, TYPES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of: {}", TYPES.join(", ")),
            };
            errors.push(FileSchemaError { pointer, message: format!("unknown type `{word}`"), hint: Some(hint) });
            continue;
        }
        for violation in schema_errors::violations("", schema, std::iter::once(error), &PropertyNames::default()) {
            let message = format!("the schema is not valid: {}", violation.message);
            errors.push(FileSchemaError { pointer: violation.location, message, hint: None });
        }
    }
    errors
}

/// Whether the regular expression engine of the validator accepts a pattern.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
    options.build(&json!({"pattern": pattern})).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_compiled_on_first_use() {
        let contract = crate::contract::Contract::built_in().unwrap();
        let (user, flow) = (contract.model("User").unwrap(), contract.model("Flow").unwrap());
        assert!(user.schemas.registry.get().is_none(), "an idle server resolves no references");
        assert!(!user.accepts(&json!([])));
        assert!(user.schemas.registry.get().is_some() && user.validator.get().is_some());
        assert!(flow.validator.get().is_none());
    }

    #[test]
    fn known_formats_accept_what_their_patterns_accept() {
        let document = json!({"components": {"schemas": {
            "Id": {"type": "string", "pattern": KNOWN_FORMATS[0].pattern},
            "Short": {"type": "string", "pattern": KNOWN_FORMATS[1].pattern},
        }}});
        let schemas = Arc::new(Schemas::default());
        schemas.set_document(document);
        for (name, known) in ["Id", "Short"].into_iter().zip(KNOWN_FORMATS) {
            let schema = CompiledSchema::new(&schemas, format!("/components/schemas/{name}"));
            let pattern = jsonschema::validator_for(&json!({"type": "string", "pattern": known.pattern})).unwrap();
            for text in [
                "",
                "1aacd0",
                "1AACD0",
                "1aacd",
                "1aacd0f",
                "1aac-0",
                "5fd4371e940df5a34a3888b2",
                "5FD4371E940DF5A34A3888B2",
                "5fd4371e940df5a34a3888b",
                "5fd4371e940df5a34a3888b22",
                "zfd4371e940df5a34a3888b2",
                "5fd4371e940df5a34a3888b2\n",
                "ääääää",
            ] {
                let value = json!(text);
                assert_eq!(schema.accepts(&value), pattern.is_valid(&value), "{name} {text:?}");
            }
            let violations = schema.violations("/body/id", &json!("no!"));
            assert_eq!(violations[0].code, "pattern");
        }
    }
}
