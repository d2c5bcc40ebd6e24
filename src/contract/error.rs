//! Why a contract is not valid: errors of operations, schemas, paths and standard documents.

use super::evidence::UnknownEvidence;
use contract_files::bundle;

/// A JSON Schema that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A reference between schemas of the bundle cannot be resolved.
    #[error("{0}")]
    Bundle(String),
    /// A schema of the bundle is invalid.
    #[error("the schema at {pointer} is invalid: {reason}")]
    Invalid {
        /// JSON pointer to the schema.
        pointer: String,
        /// What the schema compiler reports.
        reason: String,
    },
}

/// A schema outside a contract that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StandaloneSchemaError {
    /// JSON pointer into the schema.
    pub pointer: String,
    /// What the schema compiler reports.
    pub reason: String,
}

/// An error in the description of an operation.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// A required keyword is missing; the text names it, with what to write if that is not obvious.
    #[error("has no {0}")]
    Missing(&'static str),
    /// The path has a parameter that the operation does not describe.
    #[error("the path has `{{{name}}}`, but {operation} has no such parameter: add it under `parameters`")]
    PathParameter {
        /// The name in the path.
        name: String,
        /// The `operationId`.
        operation: String,
    },
    /// A value is sent in a header of the mock, but a header cannot hold it.
    #[error("`{0}` is not a valid header value")]
    HeaderValue(String),
    /// The method is not one of HTTP.
    #[error("is not an HTTP method")]
    Method,
    /// An extension keyword has an unknown value.
    #[error("`{keyword}` is `{found}`; write `{expected}`, or leave it out")]
    Keyword {
        /// The keyword.
        keyword: &'static str,
        /// Its value.
        found: String,
        /// The only value it can have.
        expected: &'static str,
    },
    /// A parameter has no name.
    #[error("a parameter has no `name`")]
    ParameterName,
    /// A parameter is in a place that the mock does not read.
    #[error("parameter `{name}` has `in: {found}`; write `path` or `query`")]
    ParameterLocation {
        /// The name of the parameter.
        name: String,
        /// The value of `in`.
        found: String,
    },
    /// A parameter has no schema.
    #[error("parameter `{0}` has no `schema`")]
    ParameterSchema(String),
    /// The request body is not described as JSON.
    #[error("`requestBody` has no JSON schema")]
    RequestBody,
    /// A key under `responses` is not a status.
    #[error("`{0}` under `responses` is not a status")]
    Status(String),
    /// The description of a response is invalid.
    #[error("response {status} {error}")]
    Response {
        /// The status of the response.
        status: String,
        /// The error in it.
        #[source]
        error: Box<OperationError>,
    },
    /// No response is a success.
    #[error("has no response with a status from 200 to 299")]
    NoSuccess,
    /// A `$ref` refers to nothing.
    #[error("the reference `{0}` has no target")]
    Reference(String),
    /// `security` is not a list.
    #[error("`security` must be a list")]
    Security,
    /// `x-evidence` has an unknown value.
    #[error(transparent)]
    Evidence(#[from] UnknownEvidence),
}

/// An error in the contract as a whole. The message names the file, where there is one.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The embedded bundle is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A schema of a model or of the whole bundle is invalid.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A schema of an operation is invalid.
    #[error("{file}: {error}")]
    OperationSchema {
        /// The file of the operation.
        file: String,
        /// The error in the schema.
        #[source]
        error: SchemaError,
    },
    /// An operation is invalid.
    #[error("{file}: {method} {path}: {error}")]
    Operation {
        /// The file of the operation.
        file: String,
        /// Its method, in upper case.
        method: String,
        /// Its path template.
        path: String,
        /// The error in it.
        #[source]
        error: OperationError,
    },
    /// Two operations have the same id.
    #[error("{file}: operationId `{id}` is used twice")]
    DuplicateOperation {
        /// The file of the second one.
        file: String,
        /// The `operationId`.
        id: String,
    },
    /// There is no operation.
    #[error("{}: no operation under `paths`", bundle::ROOT)]
    NoOperation,
    /// A path is malformed, or cannot be told from another.
    #[error("{file}: the path {path} cannot be routed: {error}")]
    Route {
        /// The file of the operation.
        file: String,
        /// The path template.
        path: String,
        /// Why the router rejects it.
        #[source]
        error: matchit::InsertError,
    },
    /// A standard document does not match its model.
    #[error("{file}: {pointer}: {reason}")]
    StandardDocument {
        /// The file below the contract's folder.
        file: String,
        /// JSON pointer into the file.
        pointer: String,
        /// The violation.
        reason: String,
    },
    /// A standard document has no id of its own.
    #[error("{file}: /{index}: the id `{id}` is missing or used twice")]
    StandardId {
        /// The file below the contract's folder.
        file: String,
        /// The index of the document in the file.
        index: usize,
        /// The id.
        id: String,
    },
}
