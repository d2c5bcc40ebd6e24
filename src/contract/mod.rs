//! The contract of LeadConduit's API: loads it, routes by it, validates requests and responses against it.
//!
//! The contract is data under `schemas/`: an OpenAPI 3.1 document with its models. The built-in one is bundled by the
//! build script; another can be loaded from a folder. Every error in it is found when it is loaded. To add an
//! operation, add a path item under `schemas/paths/` with its models; no code in this module changes.

pub mod error;
pub mod evidence;
pub mod example;
pub mod fidelity;
pub mod former_fields;
mod known_formats;
pub mod lead_body;
pub mod nearest;
pub mod negotiate;
mod not_mocked;
pub mod operation;
pub mod problem;
pub mod problem_page;
mod property_names;
mod proxy_problem;
pub mod route;
pub mod schema;
mod schema_errors;
mod schema_keywords;
mod schema_size;
pub mod standard;
pub mod validate;
pub mod violation;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

pub use error::ContractError;
pub use evidence::Evidence;
pub use example::Example;
pub use operation::{Authentication, Backend, Operation};
pub use route::Route;
pub use schema::CompiledSchema;
pub use violation::Violation;

use crate::support::error_list::join;
use contract_files::yaml::{Diagnostic, paragraphs};
use contract_files::{bundle, files};
use standard::StandardDocuments;

/// The bundle of the built-in contract, made by the build script.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.json"));

/// The same bundle without descriptions and examples, which makes a start faster.
const BUILT_IN_BARE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract-bare.json"));

/// The documents that LeadConduit provides to every account.
const BUILT_IN_STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.json"));

/// The compiled contract.
#[derive(Debug)]
pub struct Contract {
    /// The bundled OpenAPI document; the built-in one is parsed on first use.
    document: OnceLock<Value>,
    /// Every operation, in document order.
    pub operations: Vec<Operation>,
    router: route::Router,
    models: HashMap<String, CompiledSchema>,
    read_only: HashMap<String, Vec<String>>,
    standard: Arc<StandardDocuments>,
    is_built_in: bool,
}

/// Why a contract could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Errors in files, with line and column.
    #[error("{}", paragraphs(.0))]
    Files(Vec<Diagnostic>),
    /// Errors in the document as a whole.
    #[error("{}", join(.0, "\n"))]
    Document(Vec<ContractError>),
}

impl From<ContractError> for LoadError {
    fn from(error: ContractError) -> Self {
        Self::Document(vec![error])
    }
}

impl From<Vec<ContractError>> for LoadError {
    fn from(errors: Vec<ContractError>) -> Self {
        Self::Document(errors)
    }
}

impl Contract {
    /// Loads the contract that is embedded in the binary.
    ///
    /// # Errors
    ///
    /// Only when the embedded bundle is invalid, which the build and the tests rule out.
    pub fn built_in() -> Result<Self, LoadError> {
        let bare = serde_json::from_slice(BUILT_IN_BARE).map_err(ContractError::from)?;
        let schemas = Arc::default();
        let contract = Self::from_bare(&bare, OnceLock::new(), StandardDocuments::new(BUILT_IN_STANDARD), &schemas)?;
        schemas.set_document(bare);
        Ok(Self { is_built_in: true, ..contract })
    }

    /// Loads a contract from a folder. Every schema is compiled at once, so that an error stops the start.
    ///
    /// # Errors
    ///
    /// Every error in the files: syntax, references, operations, schemas and standard documents.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let document = files::read(folder, schema::is_pattern, schema::meta_errors).map_err(LoadError::Files)?;
        let standard = document.get(bundle::STANDARD).unwrap_or(&Value::Null).to_string();
        let standard = StandardDocuments::new(standard.into_bytes());
        let (bare, schemas) = (bundle::bare(&document), Arc::<schema::Schemas>::default());
        schemas.set_document(bare.clone());
        schemas.registry().map_err(ContractError::from)?;
        let contract = Self::from_bare(&bare, OnceLock::from(document), standard, &schemas)?;
        contract.compile_all()?;
        contract.check_standard()?;
        Ok(contract)
    }

    fn from_bare(
        bare: &Value,
        document: OnceLock<Value>,
        standard: StandardDocuments,
        schemas: &Arc<schema::Schemas>,
    ) -> Result<Self, LoadError> {
        let operations = operation::compile_all(bare, schemas)?;
        let router = route::Router::new(&operations)?;
        let names = bare.pointer("/components/schemas").and_then(Value::as_object);
        let models = names
            .into_iter()
            .flat_map(Map::keys)
            .map(|name| (name.clone(), CompiledSchema::new(schemas, format!("/components/schemas/{name}"))))
            .collect();
        let read_only =
            names.into_iter().flatten().map(|(name, model)| (name.clone(), read_only(bare, model))).collect();
        let standard = Arc::new(standard);
        Ok(Self { document, operations, router, models, read_only, standard, is_built_in: false })
    }

    /// Whether this is the contract of the binary, which tests have checked.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// The documents that LeadConduit provides to every account.
    #[must_use]
    pub fn standard(&self) -> &Arc<StandardDocuments> {
        &self.standard
    }

    /// Validates the documents under `standard/`: each against its model, and every id for uniqueness.
    ///
    /// # Errors
    ///
    /// Every violation.
    pub fn check_standard(&self) -> Result<(), Vec<ContractError>> {
        let mut errors = Vec::new();
        for collection in standard::StandardCollection::ALL {
            let Some(schema) = self.model(collection.model()) else { continue };
            for (index, document) in self.standard.all(collection).iter().enumerate() {
                let file = format!("standard/{}.yaml", collection.name());
                let violations = schema.violations("", document.value());
                errors.extend(violations.into_iter().map(|violation| ContractError::StandardDocument {
                    file: file.clone(),
                    pointer: format!("/{index}{}", violation.location),
                    reason: violation.message,
                }));
                let id = document.text("id").or(document.text("name")).unwrap_or_default();
                if !self.standard.get(collection, id).is_some_and(|found| Arc::ptr_eq(found, document)) {
                    errors.push(ContractError::StandardId { file, index, id: id.to_owned() });
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Compiles every schema: of requests, responses and models.
    ///
    /// # Errors
    ///
    /// Every invalid schema.
    pub fn compile_all(&self) -> Result<(), Vec<ContractError>> {
        self.compile(|operation| {
            let parameters = operation.parameters.iter().map(|parameter| &parameter.schema);
            parameters.chain(operation.body.iter().map(|body| &body.schema)).collect()
        })?;
        self.compile(|operation| {
            operation.responses.values().filter_map(|response| response.schema.as_ref()).collect()
        })?;
        let models = self.models.values();
        let errors: Vec<ContractError> = models.filter_map(|schema| schema.compile().err()).map(Into::into).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn compile<'c>(
        &'c self,
        schemas: impl Fn(&'c Operation) -> Vec<&'c CompiledSchema>,
    ) -> Result<(), Vec<ContractError>> {
        let errors: Vec<ContractError> = self
            .operations
            .iter()
            .flat_map(|operation| schemas(operation).into_iter().map(move |schema| (operation, schema)))
            .filter_map(|(operation, schema)| {
                let file = || operation.file.clone();
                schema.compile().err().map(|error| ContractError::OperationSchema { file: file(), error })
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The bundled OpenAPI document, including models that no operation refers to.
    #[must_use]
    pub fn document(&self) -> &Value {
        // The build script wrote it, so parsing succeeds; a test parses it too.
        self.document.get_or_init(|| serde_json::from_slice(BUILT_IN).unwrap_or_default())
    }

    /// Routes a method and a path.
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.router.find(&self.operations, method, path)
    }

    /// The operation with an `operationId`.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The schema of a model under `components/schemas`.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&CompiledSchema> {
        self.models.get(name)
    }

    /// Whether a property of a model is `readOnly`.
    #[must_use]
    pub fn is_read_only(&self, model: &str, property: &str) -> bool {
        self.read_only.get(model).is_some_and(|names| names.iter().any(|name| name == property))
    }

    /// The schemas under `components/schemas`, as JSON.
    #[must_use]
    pub fn models(&self) -> &Map<String, Value> {
        static EMPTY: OnceLock<Map<String, Value>> = OnceLock::new();
        let found = self.document().pointer("/components/schemas").and_then(Value::as_object);
        found.unwrap_or_else(|| EMPTY.get_or_init(Map::new))
    }

    /// The number of schemas: models, parameters, request bodies and responses.
    #[must_use]
    pub fn count_schemas(&self) -> usize {
        let of = |o: &Operation| o.parameters.len() + usize::from(o.body.is_some()) + o.responses.len();
        self.models.len() + self.operations.iter().map(of).sum::<usize>()
    }

    /// The OpenAPI document for clients: without models that no operation refers to.
    #[must_use]
    pub fn public_document(&self) -> Value {
        bundle::reachable_only(self.document())
    }

    /// Validates a response of the mock: status, required headers, media type and JSON body. Empty when it is valid.
    #[must_use]
    pub fn check_response(
        &self,
        operation: &Operation,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<Violation> {
        let Some(definition) = operation.responses.get(&status) else {
            return vec![Violation::reported(
                "/status",
                "status",
                format!("{} has no response {status}", operation.id),
            )];
        };
        let mut violations = Vec::new();
        for name in definition.required_headers.iter().filter(|name| !headers.contains_key(name.as_str())) {
            violations.push(Violation::reported(&format!("/headers/{name}"), "required", format!("{name} is missing")));
        }
        // A body without a `Content-Type` is JSON: a rule's body gets its type later.
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(negotiate::JSON);
        let given = negotiate::essence(given);
        if !definition.media_types.is_empty() && !definition.media_types.contains(&given) {
            let message = format!("the body is `{given}`, documented are {}", definition.media_types.join(", "));
            violations.push(Violation::reported("/headers/content-type", "content-type", message));
        }
        let Some(schema) = definition.schema.as_ref().filter(|_| given == negotiate::JSON) else { return violations };
        match serde_json::from_slice::<Value>(body) {
            Ok(value) if schema.accepts(&value) => {}
            Ok(value) => violations.extend(schema.violations("/body", &value)),
            Err(error) => {
                violations.push(Violation::reported("/body", "json", format!("the body is not JSON: {error}")));
            }
        }
        violations
    }
}

/// The properties of a model with `readOnly: true`, on the property or on its `$ref` target.
fn read_only(document: &Value, model: &Value) -> Vec<String> {
    let properties = model.get("properties").and_then(Value::as_object);
    let is_marked = |schema: &Value| {
        let target =
            schema.get("$ref").and_then(Value::as_str).and_then(|r| document.pointer(r.trim_start_matches('#')));
        [Some(schema), target].into_iter().flatten().any(|schema| schema.get("readOnly") == Some(&Value::Bool(true)))
    };
    properties.into_iter().flatten().filter(|(_, schema)| is_marked(schema)).map(|(name, _)| name.clone()).collect()
}
