//! An operation of the contract, compiled from the OpenAPI bundle into the form that the pipeline uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::error::{ContractError, OperationError};
use super::evidence::Evidence;
use super::negotiate;
use super::schema::{CompiledSchema, Schemas};
use crate::http::message::JSON_CONTENT_TYPE;
use crate::support::document::serialise;
use contract_files::bundle;
use contract_files::pointer::escape;

/// An operation: one method on one path.
#[derive(Debug)]
pub struct Operation {
    /// Its index in [`super::Contract::operations`].
    pub index: usize,
    /// The `operationId`.
    pub id: String,
    /// The method.
    pub method: Method,
    /// The path template, with `{name}` for path parameters.
    pub path: String,
    /// The `summary`.
    pub summary: String,
    /// The first of its `tags`.
    pub tag: String,
    /// How the operation is known.
    pub evidence: Evidence,
    /// The path and query parameters.
    pub parameters: Vec<Parameter>,
    /// The request body; `None` when the operation has none.
    pub body: Option<RequestBody>,
    /// The responses by status.
    pub responses: BTreeMap<u16, ResponseDefinition>,
    /// Whether responses are generated from their schema (`x-behaviour: generated`).
    pub is_generated: bool,
    /// Which credentials a caller needs.
    pub authentication: Authentication,
    /// Whether only the vendor's staff may call it (`x-superuser`).
    pub requires_superuser: bool,
    /// Whether free accounts are rejected (`x-free-accounts: rejected`).
    pub requires_paid_plan: bool,
    /// The part of LeadConduit that serves it.
    pub backend: Backend,
    /// The contract file that defines it.
    pub file: String,
    /// The value of `X-Mock-Operation`.
    pub id_header: HeaderValue,
}

/// Which credentials an operation needs (`security`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// A known API key.
    Required,
    /// A known API key, or something else that grants access, such as a token in the path.
    Optional,
    /// None; an API key is ignored.
    Ignored,
}

/// The part of LeadConduit that serves an operation. Each has its own content negotiation and error format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The management API: JSON, and errors as `{"error": ...}`.
    Management,
    /// The lead handler: accepts forms, JSON, XML and query strings from partners; errors are plain text.
    LeadHandler,
}

/// Where a parameter is sent (`in`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterLocation {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// The type that the text of a parameter is parsed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Text.
    Text,
    /// An integer.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Text; the parameter may be repeated.
    List,
    /// All query parameters that have no entry of their own, as one object.
    Rest,
}

/// A path or query parameter.
#[derive(Debug)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// Path or query.
    pub location: ParameterLocation,
    /// Whether it must be sent.
    pub is_required: bool,
    /// The type of its text.
    pub value_type: ParameterType,
    /// The schema of its value.
    pub schema: CompiledSchema,
}

/// The JSON body of a request.
#[derive(Debug)]
pub struct RequestBody {
    /// Whether it must be sent.
    pub is_required: bool,
    /// The schema of the body.
    pub schema: CompiledSchema,
}

/// A response of an operation, for one status.
#[derive(Debug)]
pub struct ResponseDefinition {
    /// How the response is known.
    pub evidence: Evidence,
    /// The value of `X-Mock-Evidence`.
    pub evidence_header: HeaderValue,
    /// The media types of the body; empty when there is no body.
    pub media_types: Vec<String>,
    /// The schema of the JSON body.
    pub schema: Option<CompiledSchema>,
    /// JSON pointer into the bundle: the schema of the first media type, from which bodies are generated.
    pub schema_pointer: Option<String>,
    /// The headers with `required: true`.
    pub required_headers: Vec<String>,
}

const METHODS: [&str; 7] = ["get", "post", "put", "delete", "patch", "head", "options"];

/// Compiles every operation of the bundle, in document order.
///
/// # Errors
///
/// Every invalid operation.
pub(super) fn compile_all(document: &Value, schemas: &Arc<Schemas>) -> Result<Vec<Operation>, Vec<ContractError>> {
    let mut operations: Vec<Operation> = Vec::new();
    let mut errors = Vec::new();
    let empty = serde_json::Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    for (path, item) in paths {
        let file = item.get(bundle::FILE).and_then(Value::as_str).unwrap_or(bundle::ROOT);
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let pointer = format!("/paths/{}/{method}", escape(path));
            let compiler = OperationCompiler { document, schemas, file, pointer };
            match compiler.operation(operations.len(), path, method, item, operation) {
                Ok(operation) => {
                    if operations.iter().any(|other| other.id == operation.id) {
                        errors.push(ContractError::DuplicateOperation {
                            file: file.to_owned(),
                            id: operation.id.clone(),
                        });
                    }
                    operations.push(operation);
                }
                Err(error) => errors.push(ContractError::Operation {
                    file: file.to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    error,
                }),
            }
        }
    }
    if operations.is_empty() && errors.is_empty() {
        errors.push(ContractError::NoOperation);
    }
    if errors.is_empty() { Ok(operations) } else { Err(errors) }
}

struct OperationCompiler<'a> {
    document: &'a Value,
    schemas: &'a Arc<Schemas>,
    file: &'a str,
    /// JSON pointer to the operation in the bundle.
    pointer: String,
}

impl OperationCompiler<'_> {
    fn operation(
        &self,
        index: usize,
        path: &str,
        method: &str,
        item: &Value,
        operation: &Value,
    ) -> Result<Operation, OperationError> {
        let id = text(operation, "operationId").ok_or(OperationError::Missing("`operationId`"))?;
        let evidence = evidence_of(operation)?;
        let mut parameters = self.parameters(item, &parent(&self.pointer))?;
        parameters.extend(self.parameters(operation, &self.pointer)?);
        for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            if !parameters.iter().any(|p| p.location == ParameterLocation::Path && p.name == name) {
                return Err(OperationError::PathParameter { name: name.to_owned(), operation: id.to_owned() });
            }
        }
        let header =
            |value: &str| HeaderValue::from_str(value).map_err(|_| OperationError::HeaderValue(value.to_owned()));
        let unknown = |keyword, found: &str, expected| {
            Err(OperationError::Keyword { keyword, found: found.to_owned(), expected })
        };
        Ok(Operation {
            index,
            id: id.to_owned(),
            method: method.to_uppercase().parse().map_err(|_| OperationError::Method)?,
            path: path.to_owned(),
            summary: text(operation, "summary").unwrap_or_default().to_owned(),
            tag: operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned(),
            evidence,
            parameters,
            body: self.request_body(operation)?,
            responses: self.responses(operation)?,
            is_generated: text(operation, "x-behaviour") == Some("generated"),
            authentication: authentication(operation)?,
            requires_superuser: operation.get("x-superuser") == Some(&Value::Bool(true)),
            requires_paid_plan: match text(operation, "x-free-accounts") {
                Some("rejected") => true,
                None => false,
                Some(other) => return unknown("x-free-accounts", other, "rejected"),
            },
            backend: match text(operation, "x-handler") {
                Some("lead") => Backend::LeadHandler,
                None => Backend::Management,
                Some(other) => return unknown("x-handler", other, "lead"),
            },
            file: self.file.to_owned(),
            id_header: header(id)?,
        })
    }

    /// The parameters of a path item or an operation, which is at `pointer`.
    fn parameters(&self, parent: &Value, pointer: &str) -> Result<Vec<Parameter>, OperationError> {
        let list = parent.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut parameters = Vec::new();
        for (index, parameter) in list.iter().enumerate() {
            let (parameter, pointer) = self.resolve(parameter, format!("{pointer}/parameters/{index}"))?;
            let name = text(parameter, "name").ok_or(OperationError::ParameterName)?;
            let location = match text(parameter, "in") {
                Some("path") => ParameterLocation::Path,
                Some("query") => ParameterLocation::Query,
                other => {
                    let found = other.unwrap_or("nothing").to_owned();
                    return Err(OperationError::ParameterLocation { name: name.to_owned(), found });
                }
            };
            let schema = parameter.get("schema");
            let schema = schema.ok_or_else(|| OperationError::ParameterSchema(name.to_owned()))?;
            let (resolved, _) = self.resolve(schema, String::new())?;
            parameters.push(Parameter {
                name: name.to_owned(),
                location,
                is_required: parameter.get("required") == Some(&Value::Bool(true)),
                value_type: match text(resolved, "type") {
                    Some("integer") => ParameterType::Integer,
                    Some("number") => ParameterType::Number,
                    Some("boolean") => ParameterType::Boolean,
                    Some("array") => ParameterType::List,
                    Some("object") => ParameterType::Rest,
                    _ => ParameterType::Text,
                },
                schema: CompiledSchema::new(self.schemas, format!("{pointer}/schema")),
            });
        }
        Ok(parameters)
    }

    fn request_body(&self, operation: &Value) -> Result<Option<RequestBody>, OperationError> {
        let Some(body) = operation.get("requestBody") else { return Ok(None) };
        body.pointer("/content/application~1json/schema").ok_or(OperationError::RequestBody)?;
        Ok(Some(RequestBody {
            is_required: body.get("required") == Some(&Value::Bool(true)),
            schema: CompiledSchema::new(
                self.schemas,
                format!("{}/requestBody/content/application~1json/schema", self.pointer),
            ),
        }))
    }

    fn responses(&self, operation: &Value) -> Result<BTreeMap<u16, ResponseDefinition>, OperationError> {
        let mut definitions = BTreeMap::new();
        let responses =
            operation.get("responses").and_then(Value::as_object).ok_or(OperationError::Missing("`responses`"))?;
        for (status, response) in responses {
            let code: u16 = status.parse().map_err(|_| OperationError::Status(status.clone()))?;
            let (response, pointer) = self.resolve(response, format!("{}/responses/{status}", self.pointer))?;
            let evidence = evidence_of(response)
                .map_err(|error| OperationError::Response { status: status.clone(), error: Box::new(error) })?;
            let content = response.get("content").and_then(Value::as_object);
            let schema = |name: &str| {
                content?.get(name)?.get("schema")?;
                Some(format!("{pointer}/content/{}/schema", escape(name)))
            };
            let first = content.and_then(|content| content.keys().next());
            let headers = response.get("headers").and_then(Value::as_object);
            definitions.insert(
                code,
                ResponseDefinition {
                    evidence,
                    evidence_header: HeaderValue::from_static(evidence.as_str()),
                    media_types: content.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
                    schema: schema(negotiate::JSON).map(|pointer| CompiledSchema::new(self.schemas, pointer)),
                    schema_pointer: first.and_then(|name| schema(name)),
                    required_headers: headers
                        .into_iter()
                        .flatten()
                        .filter(|(_, header)| header.get("required") == Some(&Value::Bool(true)))
                        .map(|(name, _)| name.clone())
                        .collect(),
                },
            );
        }
        if !definitions.keys().any(|status| (200..300).contains(status)) {
            return Err(OperationError::NoSuccess);
        }
        Ok(definitions)
    }

    /// Resolves `$ref`. Returns the target and its JSON pointer; the value itself and `pointer` without a `$ref`.
    fn resolve<'v>(&'v self, value: &'v Value, pointer: String) -> Result<(&'v Value, String), OperationError> {
        let Some(reference) = text(value, "$ref") else { return Ok((value, pointer)) };
        let target_pointer = reference.trim_start_matches('#');
        let target = self.document.pointer(target_pointer);
        let target = target.ok_or_else(|| OperationError::Reference(reference.to_owned()))?;
        Ok((target, target_pointer.to_owned()))
    }
}

impl ResponseDefinition {
    /// Serialises a value as a body of this response, and returns its media type: JSON, or the first media type where
    /// that is another. Text is then sent as it is.
    #[must_use]
    pub fn body(&self, value: &Value) -> (Bytes, HeaderValue) {
        let not_json = self.media_types.first().filter(|name| *name != negotiate::JSON);
        match (not_json.and_then(|name| HeaderValue::from_str(name).ok()), value) {
            (Some(name), Value::String(text)) => (Bytes::from(text.clone()), name),
            (Some(name), value) => (serialise(value), name),
            (None, value) => (serialise(value), JSON_CONTENT_TYPE),
        }
    }
}

impl Operation {
    /// The media types of its successful response.
    #[must_use]
    pub fn media_types(&self) -> &[String] {
        self.responses.get(&self.success_status()).map_or(&[], |response| &response.media_types)
    }

    /// The lowest status from 200 to 299.
    #[must_use]
    pub fn success_status(&self) -> u16 {
        self.responses.keys().copied().find(|status| (200..300).contains(status)).unwrap_or(200)
    }
}

fn evidence_of(parent: &Value) -> Result<Evidence, OperationError> {
    if parent.get("x-source").is_none() {
        return Err(OperationError::Missing("`x-source`: name the page that documents it"));
    }
    let evidence = text(parent, "x-evidence");
    let evidence = evidence.ok_or(OperationError::Missing("`x-evidence`: write documented, observed or inferred"))?;
    Ok(evidence.parse()?)
}

/// Reads `security`: an empty list means no authentication, `{}` among the choices means optional.
fn authentication(operation: &Value) -> Result<Authentication, OperationError> {
    let Some(security) = operation.get("security") else { return Ok(Authentication::Required) };
    let choices = security.as_array().ok_or(OperationError::Security)?;
    Ok(match choices.iter().any(|choice| choice.as_object().is_some_and(serde_json::Map::is_empty)) {
        _ if choices.is_empty() => Authentication::Ignored,
        true => Authentication::Optional,
        false => Authentication::Required,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn parent(pointer: &str) -> String {
    pointer.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned())
}
