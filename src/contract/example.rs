//! Examples that the contract gives: named replies, and values of headers.
//!
//! They stand in the whole document only, which is read when something first asks for them.

use serde_json::Value;

use super::{Contract, Operation};

/// The name of an example that stands alone, in the place where named ones could stand.
const UNNAMED: &str = "example";

/// How many references in a row are followed; more are a circle.
const HOPS_MAX: usize = 8;

/// A named example of a reply.
#[derive(Clone, Copy, Debug)]
pub struct Example<'c> {
    /// The reply's status.
    pub status: u16,
    /// Its name. One status has a name once; several statuses may share it.
    pub name: &'c str,
    /// The body.
    pub value: &'c Value,
}

impl Contract {
    /// The named examples of an operation's replies, in the order of the document.
    #[must_use]
    pub fn examples(&self, operation: &Operation) -> Vec<Example<'_>> {
        let replies = self.responses(operation).and_then(Value::as_object);
        let mut examples = Vec::new();
        for (status, reply) in replies.into_iter().flatten() {
            let Ok(status) = status.parse() else { continue };
            // A reply has one media type: the first, as everywhere.
            let media = self.follow(reply).and_then(|reply| reply.get("content")?.as_object()?.values().next());
            let Some(media) = media else { continue };
            let named = media.get("examples").and_then(Value::as_object);
            for (name, example) in named.into_iter().flatten() {
                if let Some(value) = self.follow(example).and_then(|example| example.get("value")) {
                    examples.push(Example { status, name, value });
                }
            }
            if let Some(value) = media.get("example") {
                examples.push(Example { status, name: UNNAMED, value });
            }
        }
        examples
    }

    /// The value that the contract shows for a header of a reply: its example, or the only one that it can have.
    #[must_use]
    pub fn header_example(&self, operation: &Operation, status: u16, name: &str) -> Option<String> {
        let reply = self.follow(self.responses(operation)?.get(status.to_string())?)?;
        let header = self.follow(reply.get("headers")?.get(name)?)?;
        let named = || self.follow(header.get("examples")?.as_object()?.values().next()?)?.get("value");
        let of_schema = || {
            let schema = self.follow(header.get("schema")?)?;
            ["const", "example", "default"]
                .into_iter()
                .find_map(|key| schema.get(key))
                .or_else(|| schema.get("examples")?.get(0))
        };
        match header.get("example").or_else(named).or_else(of_schema)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }

    fn responses(&self, operation: &Operation) -> Option<&Value> {
        let method = operation.method.as_str().to_ascii_lowercase();
        self.document().get("paths")?.get(&operation.path)?.get(method)?.get("responses")
    }

    /// What a value stands for: itself, or what its reference leads to.
    fn follow<'c>(&'c self, mut value: &'c Value) -> Option<&'c Value> {
        for _ in 0..HOPS_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
            value = self.document().pointer(reference.strip_prefix('#')?)?;
        }
        None
    }
}
