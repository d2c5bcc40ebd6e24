//! Examples in the contract: named responses, and header values.
//!
//! Only the full document has them; it is parsed on first use.

use serde_json::Value;

use super::{Contract, Operation};

/// The name of a single `example`, where `examples` could name several.
const UNNAMED: &str = "example";

/// How many references in a row are followed; longer chains are taken for a cycle.
const HOPS_MAX: usize = 8;

/// A named example of a response.
#[derive(Clone, Copy, Debug)]
pub struct Example<'c> {
    /// The status of the response.
    pub status: u16,
    /// The name, unique within a status.
    pub name: &'c str,
    /// The body of the response.
    pub value: &'c Value,
}

impl Contract {
    /// The examples of an operation's responses, in document order.
    #[must_use]
    pub fn examples(&self, operation: &Operation) -> Vec<Example<'_>> {
        let responses = self.responses(operation).and_then(Value::as_object);
        let mut examples = Vec::new();
        for (status, response) in responses.into_iter().flatten() {
            let Ok(status) = status.parse() else { continue };
            // The first media type is the one that the mock sends.
            let media =
                self.follow(response).and_then(|response| response.get("content")?.as_object()?.values().next());
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

    /// The value that the contract gives for a response header: its example, else the `const` or `default` of its
    /// schema. `None` when it gives none.
    #[must_use]
    pub fn header_example(&self, operation: &Operation, status: u16, name: &str) -> Option<String> {
        let response = self.follow(self.responses(operation)?.get(status.to_string())?)?;
        let header = self.follow(response.get("headers")?.get(name)?)?;
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

    /// Resolves `$ref`. `None` when a target is missing or the chain is too long.
    fn follow<'c>(&'c self, mut value: &'c Value) -> Option<&'c Value> {
        for _ in 0..HOPS_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
            value = self.document().pointer(reference.strip_prefix('#')?)?;
        }
        None
    }
}
