//! Compiled JSON Schemas. With `violation`, the only user of the `jsonschema` crate.

use std::sync::{Arc, OnceLock};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::violation::{self, Violation};

/// The bundle's name among schemas; nothing is ever fetched.
const BASE: &str = "urn:leadconduit:contract";

/// Every schema of the bundle, ready to be compiled.
#[derive(Debug)]
pub(super) struct Schemas(Registry<'static>);

impl Schemas {
    pub(super) fn new(document: &Value) -> Result<Self, String> {
        let builder = Registry::new().draft(jsonschema::Draft::Draft202012);
        let prepared = builder.add(BASE, document.clone()).and_then(jsonschema::RegistryBuilder::prepare);
        prepared.map(Self).map_err(|error| error.to_string())
    }

    fn compile(&self, pointer: &str) -> Result<Validator, String> {
        jsonschema::options()
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

    /// Where the schema stands in the bundle.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
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
