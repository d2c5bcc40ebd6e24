//! Examples of a scenario: requests and the responses that they must get.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scalars::{self, JsonDocument};
#[cfg(test)]
use super::schema;
use crate::http::wire_fault::WireFault;

/// An example: one request and its response, or several steps in the same world.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a map such as { name: TEXT, request: { method: GET, path: /user }, reply: { status: 200 } }"
)]
pub struct ScenarioExample {
    /// What the example shows.
    pub name: String,
    /// The request of an example with one step.
    pub request: Option<ExampleRequest>,
    /// The expected response of an example with one step.
    pub reply: Option<ExpectedResponse>,
    /// The steps of an example, in order.
    #[serde(default)]
    pub steps: Vec<ExampleStep>,
}

/// One request and its expected response.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a map such as { request: { method: GET, path: /user }, reply: { status: 200 } }"
)]
pub struct ExampleStep {
    /// The request.
    pub request: ExampleRequest,
    /// The expected response.
    pub reply: ExpectedResponse,
}

/// A request of an example.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { method: GET, path: /user }")]
pub struct ExampleRequest {
    /// The method.
    #[serde(deserialize_with = "scalars::method")]
    #[cfg_attr(test, schemars(with = "schema::Method"))]
    pub method: http::Method,
    /// Path and query.
    #[serde(deserialize_with = "scalars::uri")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub path: http::Uri,
    /// The API key. The default is the first key of the world; an empty text sends none.
    pub key: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, sent as JSON. With another `Content-Type` under `headers`, a text is sent as it is: a form, or XML.
    pub body: Option<JsonDocument>,
}

/// What is expected of a response.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { status: 200 }")]
pub struct ExpectedResponse {
    /// The status.
    #[serde(deserialize_with = "scalars::status")]
    pub status: u16,
    /// Headers and their values; `null` if the header must be absent.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The body.
    #[serde(default)]
    pub body: ExpectedBody,
    /// The fault that breaks the connection.
    #[serde(default, deserialize_with = "scalars::fault")]
    pub fault: Option<WireFault>,
    /// The bounds of the delay.
    pub delay_ms: Option<ExpectedRange>,
}

/// Bounds of a duration.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { min: 100, max: 200 }")]
pub struct ExpectedRange {
    /// The lower bound, inclusive.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub min: Option<u64>,
    /// The upper bound, inclusive.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub max: Option<u64>,
}

/// Conditions on a body. All given conditions must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { includes: { name: Jane } }")]
pub struct ExpectedBody {
    /// The number of items or properties.
    pub length: Option<usize>,
    /// The exact body.
    pub equals: Option<JsonDocument>,
    /// Values that the body must include: objects may have more properties, lists more items, in any order.
    pub includes: Option<JsonDocument>,
    /// The exact values at RFC 6901 pointers.
    #[serde(default)]
    pub at: BTreeMap<String, JsonDocument>,
}
