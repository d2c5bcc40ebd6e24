//! What LeadConduit promises: load it, route by it, check requests and replies against it.
//!
//! The contract is data under `schemas/`. The built-in one is bundled when the binary is built; another can be read
//! from a folder. Everything that can be wrong with it is found when it is loaded.

pub mod check;
pub mod evidence;
pub mod example;
pub mod fidelity;
pub mod lead_body;
pub mod negotiate;
pub mod operation;
pub mod problem;
pub mod route;
pub mod schema;
pub mod standard;
pub mod violation;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

pub use evidence::Evidence;
pub use example::Example;
pub use operation::{Credentials, Handler, Operation};
pub use route::Route;
pub use schema::Check;
pub use violation::Violation;

use contract_files::yaml::{Diagnostic, paragraphs};
use contract_files::{bundle, files};
use standard::Standard;

/// The bundle of the built-in contract, made by the build script.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.json"));

/// The same without what only people read: a start needs no more.
const BUILT_IN_BARE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract-bare.json"));

/// What LeadConduit brings along for every account.
const BUILT_IN_STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.json"));

/// All of the contract, compiled.
#[derive(Debug)]
pub struct Contract {
    /// The bundled OpenAPI document; the built-in one is read when something first asks for it.
    document: OnceLock<Value>,
    /// Every operation, in the order of the document.
    pub operations: Vec<Operation>,
    router: route::Router,
    models: HashMap<String, Check>,
    read_only: HashMap<String, Vec<String>>,
    standard: Arc<Standard>,
}

/// Why a contract cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Mistakes with a place in a file.
    #[error("{}", paragraphs(.0))]
    Files(Vec<Diagnostic>),
    /// Mistakes of the document as a whole; each line names a file.
    #[error("{}", .0.join("\n"))]
    Document(Vec<String>),
}

impl Contract {
    /// The contract that is part of the binary.
    pub fn built_in() -> Result<Self, LoadError> {
        let bare =
            serde_json::from_slice(BUILT_IN_BARE).map_err(|error| LoadError::Document(vec![error.to_string()]))?;
        Self::from_bare(&bare, OnceLock::new(), Standard::new(BUILT_IN_STANDARD))
    }

    /// The contract in a folder. Every schema of it is compiled at once, so that a mistake stops the start.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let document = files::read(folder, schema::is_pattern).map_err(LoadError::Files)?;
        let standard = document.get(bundle::STANDARD).unwrap_or(&Value::Null).to_string();
        let standard = Standard::new(standard.into_bytes());
        let contract = Self::from_bare(&bundle::bare(&document), OnceLock::from(document), standard)?;
        contract.prepare_all().map_err(LoadError::Document)?;
        contract.check_standard().map_err(LoadError::Document)?;
        Ok(contract)
    }

    fn from_bare(bare: &Value, document: OnceLock<Value>, standard: Standard) -> Result<Self, LoadError> {
        let fail = |message: String| LoadError::Document(vec![message]);
        let schemas = Arc::new(schema::Schemas::new(bare).map_err(fail)?);
        let operations = operation::read_all(bare, &schemas).map_err(LoadError::Document)?;
        let router = route::Router::new(&operations).map_err(fail)?;
        let names = bare.pointer("/components/schemas").and_then(Value::as_object);
        let models = names
            .into_iter()
            .flat_map(Map::keys)
            .map(|name| (name.clone(), Check::new(&schemas, format!("/components/schemas/{name}"))))
            .collect();
        let read_only =
            names.into_iter().flatten().map(|(name, model)| (name.clone(), read_only(bare, model))).collect();
        Ok(Self { document, operations, router, models, read_only, standard: Arc::new(standard) })
    }

    /// What LeadConduit brings along for every account.
    #[must_use]
    pub fn standard(&self) -> &Arc<Standard> {
        &self.standard
    }

    /// Whether everything under `standard/` keeps its model, and has an id of its own.
    pub fn check_standard(&self) -> Result<(), Vec<String>> {
        let mut errors = Vec::new();
        for kind in standard::Kind::ALL {
            let Some(check) = self.model(kind.model()) else { continue };
            for (at, document) in self.standard.all(kind).iter().enumerate() {
                let file = format!("standard/{}.yaml", kind.name());
                let explained = check.explain("", document.value());
                errors.extend(explained.iter().map(|v| format!("{file}: /{at}{}: {}", v.location, v.message)));
                let id = document.text("id").or(document.text("name")).unwrap_or_default();
                if !self.standard.get(kind, id).is_some_and(|found| Arc::ptr_eq(found, document)) {
                    errors.push(format!("{file}: /{at}: the id `{id}` is missing or used twice"));
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Compiles what requests are checked with, so that the first request costs what the second does.
    pub fn prepare_requests(&self) -> Result<(), Vec<String>> {
        self.prepare(|operation| {
            let parameters = operation.parameters.iter().map(|parameter| &parameter.check);
            parameters.chain(operation.body.iter().map(|body| &body.check)).collect()
        })
    }

    /// Compiles every schema, those of replies and models included.
    pub fn prepare_all(&self) -> Result<(), Vec<String>> {
        self.prepare_requests()?;
        self.prepare(|operation| operation.replies.values().filter_map(|reply| reply.check.as_ref()).collect())?;
        self.prepare_models(self.models.keys().map(String::as_str))
    }

    /// Compiles the schemas of these models.
    pub fn prepare_models<'m>(&self, names: impl IntoIterator<Item = &'m str>) -> Result<(), Vec<String>> {
        let checks = names.into_iter().filter_map(|name| self.model(name));
        let errors: Vec<String> = checks.filter_map(|check| check.prepare().err()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn prepare<'c>(&'c self, checks: impl Fn(&'c Operation) -> Vec<&'c Check>) -> Result<(), Vec<String>> {
        let errors: Vec<String> = self
            .operations
            .iter()
            .flat_map(|operation| checks(operation).into_iter().map(move |check| (operation, check)))
            .filter_map(|(operation, check)| check.prepare().err().map(|error| format!("{}: {error}", operation.file)))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The bundled OpenAPI document, models included that no path leads to.
    #[must_use]
    pub fn document(&self) -> &Value {
        // The build script wrote it, so it is always read; a test reads it too.
        self.document.get_or_init(|| serde_json::from_slice(BUILT_IN).unwrap_or_default())
    }

    /// What a method and path lead to.
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.router.find(&self.operations, method, path)
    }

    /// The operation of that name.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The schema of a model.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Check> {
        self.models.get(name)
    }

    /// Whether the server alone sets a property of a model.
    #[must_use]
    pub fn is_read_only(&self, model: &str, property: &str) -> bool {
        self.read_only.get(model).is_some_and(|names| names.iter().any(|name| name == property))
    }

    /// Every model's schema by name.
    #[must_use]
    pub fn models(&self) -> &Map<String, Value> {
        static EMPTY: OnceLock<Map<String, Value>> = OnceLock::new();
        let found = self.document().pointer("/components/schemas").and_then(Value::as_object);
        found.unwrap_or_else(|| EMPTY.get_or_init(Map::new))
    }

    /// How many schemas there are: models, parameters, bodies and replies.
    #[must_use]
    pub fn schema_count(&self) -> usize {
        let of = |o: &Operation| o.parameters.len() + usize::from(o.body.is_some()) + o.replies.len();
        self.models.len() + self.operations.iter().map(of).sum::<usize>()
    }

    /// The document as it is printed: without models that only the world uses.
    #[must_use]
    pub fn public_document(&self) -> Value {
        bundle::reachable_only(self.document())
    }

    /// How a reply of ours breaks the contract. Empty when it does not.
    #[must_use]
    pub fn check_reply(&self, operation: &Operation, status: u16, headers: &HeaderMap, body: &[u8]) -> Vec<Violation> {
        let Some(rule) = operation.replies.get(&status) else {
            return vec![Violation::reported("/status", "status", format!("{} has no reply {status}", operation.id))];
        };
        let mut violations = Vec::new();
        for name in rule.required_headers.iter().filter(|name| !headers.contains_key(name.as_str())) {
            violations.push(Violation::reported(&format!("/headers/{name}"), "required", format!("{name} is missing")));
        }
        // A body without a type is JSON: what a rule sends gets its type later.
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(negotiate::JSON);
        let given = negotiate::essence(given);
        if !rule.media_types.is_empty() && !rule.media_types.contains(&given) {
            let message = format!("the body is `{given}`, documented are {}", rule.media_types.join(", "));
            violations.push(Violation::reported("/headers/content-type", "content-type", message));
        }
        let Some(check) = rule.check.as_ref().filter(|_| given == negotiate::JSON) else { return violations };
        match serde_json::from_slice::<Value>(body) {
            Ok(value) if check.accepts(&value) => {}
            Ok(value) => violations.extend(check.explain("/body", &value)),
            Err(error) => {
                violations.push(Violation::reported("/body", "json", format!("the body is not JSON: {error}")));
            }
        }
        violations
    }
}

/// The properties that a model marks `readOnly`, itself or through its `$ref`.
fn read_only(document: &Value, model: &Value) -> Vec<String> {
    let properties = model.get("properties").and_then(Value::as_object);
    let marked = |schema: &Value| {
        let target =
            schema.get("$ref").and_then(Value::as_str).and_then(|r| document.pointer(r.trim_start_matches('#')));
        [Some(schema), target].into_iter().flatten().any(|schema| schema.get("readOnly") == Some(&Value::Bool(true)))
    };
    properties.into_iter().flatten().filter(|(_, schema)| marked(schema)).map(|(name, _)| name.clone()).collect()
}
