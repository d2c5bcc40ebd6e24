//! Calls that are built from the examples of parameters and bodies in the contract.

use base64::Engine as _;
use http::HeaderValue;
use leadconduit_mock::internals::{Backend, Body, Contract, Operation, Request};
use serde_json::Value;

use crate::support::{JANE, SUPERUSER};

/// A parameter as the contract describes it.
pub struct Parameter<'c> {
    pub name: &'c str,
    pub location: &'c str,
    pub required: bool,
    pub example: Option<&'c Value>,
}

/// A call of an operation. Tests change and send it.
#[derive(Clone)]
pub struct Call<'c> {
    pub operation: &'c Operation,
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub key: &'static str,
}

/// Resolves a reference.
pub fn follow<'c>(contract: &'c Contract, mut value: &'c Value) -> &'c Value {
    while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        value = contract.document().pointer(reference.trim_start_matches('#')).expect(reference);
    }
    value
}

/// The operation object in the document.
pub fn described<'c>(contract: &'c Contract, operation: &Operation) -> &'c Value {
    &contract.document()["paths"][&operation.path][operation.method.as_str().to_ascii_lowercase()]
}

/// The schema of the JSON body.
pub fn body_schema<'c>(contract: &'c Contract, operation: &Operation) -> Option<&'c Value> {
    follow(contract, described(contract, operation).get("requestBody")?).pointer("/content/application~1json/schema")
}

/// Its parameters.
pub fn parameters<'c>(contract: &'c Contract, operation: &Operation) -> Vec<Parameter<'c>> {
    let own = described(contract, operation)["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let item = &contract.document()["paths"][&operation.path];
    let shared = item["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |parameter: &'c Value| {
        let parameter = follow(contract, parameter);
        let schema = follow(contract, &parameter["schema"]);
        let named = || parameter.get("examples")?.as_object()?.values().next().map(|e| &follow(contract, e)["value"]);
        let of_schema =
            || schema.get("example").or_else(|| schema.get("examples")?.get(0)).or_else(|| schema.get("default"));
        Parameter {
            name: parameter["name"].as_str().unwrap(),
            location: parameter["in"].as_str().unwrap(),
            required: parameter["required"] == true,
            example: parameter.get("example").or_else(named).or_else(of_schema),
        }
    };
    shared.iter().chain(own).map(read).collect()
}

/// The text of a value in a query.
pub fn in_query(name: &str, value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(|item| (name.to_owned(), text(item))).collect(),
        value => vec![(name.to_owned(), text(value))],
    }
}

/// Whether the default of another parameter makes this one required; a schema cannot express that.
fn is_needed(operation: &Operation, parameter: &str) -> bool {
    operation.id == "test_firehose" && ["access_key_id", "secret_access_key"].contains(&parameter)
}

/// An operation whose response has the path parameters of another one, according to a link in the contract; with the
/// pointers to them.
pub fn leading_to<'c>(contract: &'c Contract, operation: &Operation) -> Option<(&'c Operation, Vec<(String, String)>)> {
    contract.operations.iter().find_map(|first| {
        let responses = described(contract, first)["responses"].as_object()?;
        let links = responses.values().filter_map(|response| follow(contract, response)["links"].as_object()).flatten();
        let link = links.map(|(_, link)| link).find(|link| link["operationId"] == operation.id.as_str())?;
        let pointer = |value: &Value| value.as_str().and_then(|v| v.strip_prefix("$response.body#")).map(str::to_owned);
        let pointers = link["parameters"].as_object()?.iter();
        Some((first, pointers.filter_map(|(name, value)| Some((name.clone(), pointer(value)?))).collect()))
    })
}

impl<'c> Call<'c> {
    /// The call from the contract's examples, with the required parameters only.
    pub fn of(contract: &'c Contract, operation: &'c Operation) -> Self {
        let key = if operation.requires_superuser || operation.id == "repair_connection" { SUPERUSER } else { JANE };
        let mut call = Self { operation, path: Vec::new(), query: Vec::new(), body: None, key };
        for parameter in parameters(contract, operation) {
            let example =
                || parameter.example.unwrap_or_else(|| panic!("{}: {} has no example", operation.id, parameter.name));
            match parameter.location {
                "path" => call.path.extend(in_query(parameter.name, example())),
                "query" if parameter.required || is_needed(operation, parameter.name) => {
                    call.query.extend(in_query(parameter.name, example()));
                }
                _ => {}
            }
        }
        call.body = Self::bodies(contract, operation).into_iter().next();
        call
    }

    /// The JSON examples of the body.
    pub fn bodies(contract: &'c Contract, operation: &Operation) -> Vec<Value> {
        let Some(body) = described(contract, operation).get("requestBody") else { return Vec::new() };
        let Some(media) = follow(contract, body).pointer("/content/application~1json") else { return Vec::new() };
        let named =
            media["examples"].as_object().into_iter().flatten().map(|(_, e)| follow(contract, e)["value"].clone());
        let bodies: Vec<Value> = named.chain(media.get("example").cloned()).collect();
        let required = follow(contract, body)["required"] == true;
        assert!(!required || !bodies.is_empty(), "{} shows no body", operation.id);
        bodies
    }

    pub fn request(&self) -> Request {
        let mut path = self.operation.path.clone();
        for (name, value) in &self.path {
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            path = path.replace(&format!("{{{name}}}"), &encoded.replace('+', "%20"));
        }
        if !self.query.is_empty() {
            let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
            path = format!("{path}?{query}");
        }
        let mut request = Request::new(self.operation.method.clone(), path.parse().expect(&path));
        if self.operation.backend == Backend::Management {
            let credentials = base64::engine::general_purpose::STANDARD.encode(format!("API:{}", self.key));
            request.headers.insert("authorization", HeaderValue::from_str(&format!("Basic {credentials}")).unwrap());
        }
        if let Some(body) = &self.body {
            request.headers.insert("content-type", HeaderValue::from_static("application/json"));
            request.body = Body::Complete(body.to_string().into());
        }
        request
    }
}
