//! Compiled JSON Schemas. With `violation`, the only user of the `jsonschema` crate.

use std::sync::{Arc, OnceLock};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::violation::{self, Violation};

/// The bundle's name among schemas; nothing is ever fetched.
const BASE: &str = "urn:leadconduit:contract";

/// A pattern that stands in nearly every schema, and what checks it instead: a function is there at once, where a
/// regular expression is compiled for every place that it stands in.
struct Known {
    pattern: &'static str,
    /// The format that stands for it. No contract can use the name: it is not among those it may have.
    format: &'static str,
    check: fn(&str) -> bool,
}

const KNOWN: [Known; 2] = [
    Known {
        pattern: "^[0-9a-fA-F]{24}$",
        format: "object-id",
        check: |text| text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()),
    },
    Known {
        pattern: "^[0-9a-zA-Z]{6}$",
        format: "short-id",
        check: |text| text.len() == 6 && text.bytes().all(|b| b.is_ascii_alphanumeric()),
    },
];

/// The pattern that a format stands for.
pub(super) fn pattern_behind(format: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.format == format).map(|known| known.pattern)
}

/// Puts formats in the place of known patterns, where a schema has no format of its own.
fn with_known_formats(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let known = object.get("pattern").and_then(Value::as_str);
            let known = known.and_then(|pattern| KNOWN.iter().find(|known| known.pattern == pattern));
            if let Some(known) = known.filter(|_| !object.contains_key("format")) {
                object.shift_remove("pattern");
                object.insert("format".to_owned(), known.format.into());
            }
            object.values_mut().for_each(with_known_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(with_known_formats),
        _ => {}
    }
}

/// Every schema of the bundle, ready to be compiled.
#[derive(Debug)]
pub(super) struct Schemas(Registry<'static>);

impl Schemas {
    pub(super) fn new(document: &Value) -> Result<Self, String> {
        let mut resource = document.clone();
        with_known_formats(&mut resource);
        let builder = Registry::new().draft(jsonschema::Draft::Draft202012);
        let prepared = builder.add(BASE, resource).and_then(jsonschema::RegistryBuilder::prepare);
        prepared.map(Self).map_err(|error| error.to_string())
    }

    fn compile(&self, pointer: &str) -> Result<Validator, String> {
        KNOWN
            .iter()
            .fold(jsonschema::options(), |options, known| options.with_format(known.format, known.check))
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(&self.0)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            // Linear time whatever the input; a contract needs no look-around.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&json!({"$ref": format!("{BASE}#{}", uri_fragment(pointer))}))
            .map_err(|error| format!("the schema at {pointer} cannot be used: {error}"))
    }
}

/// A schema of the bundle, compiled when it is first needed or by [`Check::prepare`].
#[derive(Debug)]
pub struct Check {
    pointer: String,
    schemas: Arc<Schemas>,
    validator: OnceLock<Result<Validator, String>>,
}

impl Check {
    pub(super) fn new(schemas: &Arc<Schemas>, pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), schemas: Arc::clone(schemas), validator: OnceLock::new() }
    }

    /// A schema that is no part of a contract.
    pub fn alone(schema: &Value) -> Result<Self, (String, String)> {
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(schema)
            .map_err(|error| (error.instance_path().as_str().to_owned(), error.to_string()))?;
        let schemas = Schemas::new(&json!({})).map_err(|message| (String::new(), message))?;
        let schemas = Arc::new(schemas);
        Ok(Self { pointer: String::new(), schemas, validator: OnceLock::from(Ok(validator)) })
    }

    /// Compiles it now. The error says which schema cannot be used, and why.
    pub fn prepare(&self) -> Result<(), String> {
        self.validator().as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn validator(&self) -> &Result<Validator, String> {
        self.validator.get_or_init(|| self.schemas.compile(&self.pointer))
    }

    /// Whether the value keeps the schema: the fast way.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        self.validator().as_ref().is_ok_and(|validator| validator.is_valid(value))
    }

    /// How the value, standing at `root`, breaks the schema: the slow way, for a value that was not accepted.
    #[must_use]
    pub fn explain(&self, root: &str, value: &Value) -> Vec<Violation> {
        match self.validator() {
            Ok(validator) => violation::explain(root, value, validator.iter_errors(value)),
            Err(message) => vec![Violation::refused(400, root, "schema", message.clone())],
        }
    }
}

/// A JSON pointer as the fragment of a URI.
fn uri_fragment(pointer: &str) -> String {
    const KEEP: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'~').remove(b'-').remove(b'_').remove(b'.');
    percent_encoding::utf8_percent_encode(pointer, KEEP).to_string()
}

/// Whether a regular expression is one, for the engine that checks with it.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
    options.build(&json!({"pattern": pattern})).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_patterns_are_checked_as_they_say() {
        let document = json!({"components": {"schemas": {
            "Id": {"type": "string", "pattern": KNOWN[0].pattern},
            "Short": {"type": "string", "pattern": KNOWN[1].pattern},
        }}});
        let schemas = Arc::new(Schemas::new(&document).unwrap());
        for (name, Known { pattern, .. }) in ["Id", "Short"].into_iter().zip(KNOWN) {
            let check = Check::new(&schemas, format!("/components/schemas/{name}"));
            let plain = jsonschema::validator_for(&json!({"type": "string", "pattern": pattern})).unwrap();
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
                assert_eq!(check.accepts(&value), plain.is_valid(&value), "{name} {text:?}");
            }
            let told = check.explain("/body/id", &json!("no!"));
            assert_eq!(told[0].code, "pattern");
        }
    }
}
