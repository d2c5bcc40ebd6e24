//! One operation of the contract, read from the bundle into what the pipeline needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::evidence::Evidence;
use super::negotiate;
use super::schema::{Check, Schemas};
use crate::http::message::JSON;
use crate::support::document::serialise;
use contract_files::bundle;
use contract_files::pointer::escape;

/// One method and path.
#[derive(Debug)]
pub struct Operation {
    /// Its place in [`super::Contract::operations`].
    pub index: usize,
    /// The `operationId`.
    pub id: String,
    /// The method.
    pub method: Method,
    /// The path pattern, with `{name}` for what varies.
    pub path: String,
    /// One line on what it does.
    pub summary: String,
    /// The group it belongs to.
    pub tag: String,
    /// How it is known.
    pub evidence: Evidence,
    /// What can stand in the path and the query.
    pub parameters: Vec<Parameter>,
    /// What the body must be, when there may be one.
    pub body: Option<Body>,
    /// The documented replies by status.
    pub replies: BTreeMap<u16, ResponseRule>,
    /// Whether the contract itself asks for a generated reply, with no behaviour of its own.
    pub generated: bool,
    /// Whether it asks who is calling.
    pub credentials: Credentials,
    /// Whether only the vendor's staff may call it.
    pub superuser: bool,
    /// Whether accounts without a paid plan may not call it.
    pub closed_to_free_accounts: bool,
    /// Which part of LeadConduit answers it.
    pub handler: Handler,
    /// The file it comes from.
    pub file: String,
    /// Its id as a header's value.
    pub id_header: HeaderValue,
    /// Its evidence as a header's value.
    pub evidence_header: HeaderValue,
}

/// Whether an operation asks who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// A known key must be sent.
    Needed,
    /// A known key may be sent; without one something else, such as a token in the path, must open the door.
    Optional,
    /// Nobody is asked.
    Ignored,
}

/// Which part of LeadConduit answers an operation. Each has its own way with media types and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// The management API: JSON, and errors as `{"error": ...}`.
    Api,
    /// The lead handler, which takes what partners send: forms, JSON, XML and queries, with errors as plain text.
    Lead,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// What the text of a parameter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Text, repeated.
    List,
    /// Not one parameter but all that have no entry of their own, by their own names.
    Rest,
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it must be there.
    pub required: bool,
    /// What its text stands for.
    pub kind: Kind,
    /// Its schema.
    pub check: Check,
}

/// What a request's body must be.
#[derive(Debug)]
pub struct Body {
    /// Whether there must be one.
    pub required: bool,
    /// Its schema.
    pub check: Check,
}

/// One documented reply.
#[derive(Debug)]
pub struct ResponseRule {
    /// How it is known.
    pub evidence: Evidence,
    /// The value of `X-Mock-Evidence`.
    pub evidence_header: HeaderValue,
    /// The media types of its body, none when it has no body.
    pub media_types: Vec<String>,
    /// The schema of its body as JSON.
    pub check: Option<Check>,
    /// The place in the bundle of the schema of its first media type, for generating.
    pub schema_pointer: Option<String>,
    /// Headers that it must carry.
    pub required_headers: Vec<String>,
}

const METHODS: [&str; 7] = ["get", "post", "put", "delete", "patch", "head", "options"];

/// Every operation of the bundle, in its order. The errors name the file.
pub(super) fn read_all(document: &Value, schemas: &Arc<Schemas>) -> Result<Vec<Operation>, Vec<String>> {
    let mut operations: Vec<Operation> = Vec::new();
    let mut errors = Vec::new();
    let empty = serde_json::Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    for (path, item) in paths {
        let file = item.get(bundle::FILE).and_then(Value::as_str).unwrap_or(bundle::ROOT);
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let reader = Reader { document, schemas, file, at: format!("/paths/{}/{method}", escape(path)) };
            match reader.operation(operations.len(), path, method, item, operation) {
                Ok(operation) => {
                    if operations.iter().any(|other| other.id == operation.id) {
                        errors.push(format!("{file}: operationId `{}` is used twice", operation.id));
                    }
                    operations.push(operation);
                }
                Err(error) => errors.push(format!("{file}: {} {path}: {error}", method.to_uppercase())),
            }
        }
    }
    if operations.is_empty() && errors.is_empty() {
        errors.push(format!("{}: no operation under `paths`", bundle::ROOT));
    }
    if errors.is_empty() { Ok(operations) } else { Err(errors) }
}

struct Reader<'a> {
    document: &'a Value,
    schemas: &'a Arc<Schemas>,
    file: &'a str,
    at: String,
}

impl Reader<'_> {
    fn operation(
        &self,
        index: usize,
        path: &str,
        method: &str,
        item: &Value,
        operation: &Value,
    ) -> Result<Operation, String> {
        let id = text(operation, "operationId").ok_or("has no `operationId`")?;
        let evidence = evidence_of(operation)?;
        let mut parameters = self.parameters(item, &parent(&self.at))?;
        parameters.extend(self.parameters(operation, &self.at)?);
        for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            if !parameters.iter().any(|p| p.place == Place::Path && p.name == name) {
                return Err(format!("`{{{name}}}` stands in the path but is no parameter of {id}"));
            }
        }
        let header =
            |value: &str| HeaderValue::from_str(value).map_err(|_| format!("`{value}` cannot stand in a header"));
        Ok(Operation {
            index,
            id: id.to_owned(),
            method: method.to_uppercase().parse().map_err(|_| "is no method".to_owned())?,
            path: path.to_owned(),
            summary: text(operation, "summary").unwrap_or_default().to_owned(),
            tag: operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned(),
            evidence,
            parameters,
            body: self.body(operation)?,
            replies: self.replies(operation)?,
            generated: text(operation, "x-behaviour") == Some("generated"),
            credentials: credentials(operation)?,
            superuser: operation.get("x-superuser") == Some(&Value::Bool(true)),
            closed_to_free_accounts: match text(operation, "x-free-accounts") {
                Some("refused") => true,
                None => false,
                Some(other) => return Err(format!("`x-free-accounts` is `{other}`; write `refused`, or leave it out")),
            },
            handler: match text(operation, "x-handler") {
                Some("lead") => Handler::Lead,
                None => Handler::Api,
                Some(other) => return Err(format!("`x-handler` is `{other}`; write `lead`, or leave it out")),
            },
            file: self.file.to_owned(),
            id_header: header(id)?,
            evidence_header: header(evidence.as_str())?,
        })
    }

    fn parameters(&self, holder: &Value, at: &str) -> Result<Vec<Parameter>, String> {
        let list = holder.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut parameters = Vec::new();
        for (index, parameter) in list.iter().enumerate() {
            let (parameter, at) = self.follow(parameter, format!("{at}/parameters/{index}"))?;
            let name = text(parameter, "name").ok_or("a parameter has no `name`")?;
            let place = match text(parameter, "in") {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                other => return Err(format!("parameter `{name}` stands in {other:?}: only path and query are served")),
            };
            let schema = parameter.get("schema").ok_or_else(|| format!("parameter `{name}` has no `schema`"))?;
            let (resolved, _) = self.follow(schema, String::new())?;
            parameters.push(Parameter {
                name: name.to_owned(),
                place,
                required: parameter.get("required") == Some(&Value::Bool(true)),
                kind: match text(resolved, "type") {
                    Some("integer") => Kind::Integer,
                    Some("number") => Kind::Number,
                    Some("boolean") => Kind::Boolean,
                    Some("array") => Kind::List,
                    Some("object") => Kind::Rest,
                    _ => Kind::Text,
                },
                check: Check::new(self.schemas, format!("{at}/schema")),
            });
        }
        Ok(parameters)
    }

    fn body(&self, operation: &Value) -> Result<Option<Body>, String> {
        let Some(body) = operation.get("requestBody") else { return Ok(None) };
        body.pointer("/content/application~1json/schema").ok_or("`requestBody` has no JSON schema")?;
        Ok(Some(Body {
            required: body.get("required") == Some(&Value::Bool(true)),
            check: Check::new(self.schemas, format!("{}/requestBody/content/application~1json/schema", self.at)),
        }))
    }

    fn replies(&self, operation: &Value) -> Result<BTreeMap<u16, ResponseRule>, String> {
        let mut replies = BTreeMap::new();
        let responses = operation.get("responses").and_then(Value::as_object).ok_or("has no `responses`")?;
        for (status, response) in responses {
            let code: u16 = status.parse().map_err(|_| format!("`{status}` is no status"))?;
            let (response, at) = self.follow(response, format!("{}/responses/{status}", self.at))?;
            let evidence = evidence_of(response).map_err(|error| format!("reply {status} {error}"))?;
            let content = response.get("content").and_then(Value::as_object);
            let schema = |name: &str| {
                content?.get(name)?.get("schema")?;
                Some(format!("{at}/content/{}/schema", escape(name)))
            };
            let first = content.and_then(|content| content.keys().next());
            let headers = response.get("headers").and_then(Value::as_object);
            replies.insert(
                code,
                ResponseRule {
                    evidence,
                    evidence_header: HeaderValue::from_static(evidence.as_str()),
                    media_types: content.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
                    check: schema(negotiate::JSON).map(|pointer| Check::new(self.schemas, pointer)),
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
        if !replies.keys().any(|status| (200..300).contains(status)) {
            return Err("has no successful reply".to_owned());
        }
        Ok(replies)
    }

    /// What a `$ref` leads to, and where that stands.
    fn follow<'v>(&'v self, value: &'v Value, at: String) -> Result<(&'v Value, String), String> {
        let Some(reference) = text(value, "$ref") else { return Ok((value, at)) };
        let pointer = reference.trim_start_matches('#');
        let found = self.document.pointer(pointer).ok_or_else(|| format!("`{reference}` leads nowhere"))?;
        Ok((found, pointer.to_owned()))
    }
}

impl ResponseRule {
    /// A value as the body of such a reply, and what the body is: JSON, or the text itself where the first media type
    /// is another.
    #[must_use]
    pub fn body(&self, value: &Value) -> (Bytes, HeaderValue) {
        let other = self.media_types.first().filter(|name| *name != negotiate::JSON);
        match (other.and_then(|name| HeaderValue::from_str(name).ok()), value) {
            (Some(name), Value::String(text)) => (Bytes::from(text.clone()), name),
            (Some(name), value) => (serialise(value), name),
            (None, value) => (serialise(value), JSON),
        }
    }
}

impl Operation {
    /// The media types of what it answers when it does its work.
    #[must_use]
    pub fn media_types(&self) -> &[String] {
        self.replies.get(&self.success()).map_or(&[], |reply| &reply.media_types)
    }

    /// Its first successful status.
    #[must_use]
    pub fn success(&self) -> u16 {
        self.replies.keys().copied().find(|status| (200..300).contains(status)).unwrap_or(200)
    }
}

fn evidence_of(holder: &Value) -> Result<Evidence, String> {
    if holder.get("x-source").is_none() {
        return Err("has no `x-source`: name the page it is known from".to_owned());
    }
    text(holder, "x-evidence").ok_or("has no `x-evidence`: write documented, observed or inferred")?.parse()
}

/// What `security` says: nothing is asked of anybody (`[]`), a key may be sent (`{}` among the choices), or must be.
fn credentials(operation: &Value) -> Result<Credentials, String> {
    let Some(security) = operation.get("security") else { return Ok(Credentials::Needed) };
    let choices = security.as_array().ok_or("`security` must be a list")?;
    Ok(match choices.iter().any(|choice| choice.as_object().is_some_and(serde_json::Map::is_empty)) {
        _ if choices.is_empty() => Credentials::Ignored,
        true => Credentials::Optional,
        false => Credentials::Needed,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn parent(at: &str) -> String {
    at.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned())
}
