//! Examples: requests and the replies that prove a scenario.

use std::collections::BTreeMap;

use serde::Deserialize;

#[cfg(test)]
use super::schema;
use super::{Document, scalars};
use crate::http::message::WireFault;

/// A proof: one request and its reply, or several in a row on the same world.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExamplePart {
    /// What it shows.
    pub name: String,
    /// The request of an example with one step.
    pub request: Option<RequestPart>,
    /// The reply of an example with one step.
    pub reply: Option<ResponsePart>,
    /// Requests and replies in a row.
    #[serde(default)]
    pub steps: Vec<StepPart>,
}

/// One request and its reply.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StepPart {
    /// What is sent.
    pub request: RequestPart,
    /// What must come back.
    pub reply: ResponsePart,
}

/// A request.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestPart {
    /// The method.
    #[serde(deserialize_with = "scalars::method")]
    #[cfg_attr(test, schemars(with = "schema::Method"))]
    pub method: http::Method,
    /// Path and query.
    #[serde(deserialize_with = "scalars::uri")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub path: http::Uri,
    /// The API key; the world's first one when absent; none at all when empty.
    pub key: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A body, sent as JSON.
    pub body: Option<Document>,
}

/// What a reply must be.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResponsePart {
    /// The status.
    pub status: u16,
    /// Headers with their values; null when the header must be absent.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The body.
    #[serde(default)]
    pub body: BodyPart,
    /// How the connection breaks.
    #[serde(default, deserialize_with = "scalars::fault")]
    pub fault: Option<WireFault>,
    /// How long it takes.
    pub delay_ms: Option<RangePart>,
}

/// Bounds of a number.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RangePart {
    /// It is this or more.
    pub min: Option<u64>,
    /// It is this or less.
    pub max: Option<u64>,
}

/// What a body must be. All that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BodyPart {
    /// How many items or properties it has.
    pub length: Option<usize>,
    /// What it is, exactly.
    pub equals: Option<Document>,
    /// What it has at least: objects may have more properties, lists must hold each item somewhere.
    pub includes: Option<Document>,
    /// What stands at RFC 6901 pointers.
    #[serde(default)]
    pub at: BTreeMap<String, Document>,
}
