//! What there is to cover: every operation of a contract with its statuses, query parameters and the fields of its body,
//! each with how it is known.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::operation::Place;
use crate::contract::{Contract, Evidence, Operation};
use contract_files::pointer::{escape, unescape};

/// How deep a body is described; schemas may refer to themselves.
const DEPTH_MAX: usize = 16;

/// How many fields of one body are described.
const FIELDS_MAX: usize = 1000;

/// Everything that a contract offers.
#[derive(Debug)]
pub struct Map {
    /// The operations, each at its place in the contract.
    pub subjects: Vec<Subject>,
}

/// What there is to cover of one operation.
#[derive(Debug)]
pub struct Subject {
    /// The `operationId`.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path pattern.
    pub path: String,
    /// How it is known.
    pub evidence: Evidence,
    /// The documented statuses.
    pub statuses: BTreeMap<u16, Evidence>,
    /// The query parameters.
    pub parameters: BTreeMap<String, Evidence>,
    /// The fields of the body that a client may send, by pointer (`*` for items, and for names that are left open).
    pub fields: BTreeMap<String, Evidence>,
    body: Node,
}

/// What a part of a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A field that clients send, as it is called in [`Subject::fields`].
    Field,
    /// A field that only the server sets; or what stands where everything may stand.
    Open,
    /// Nothing that any documentation names.
    No,
}

/// A body's schema, reduced to names.
#[derive(Debug, Default)]
struct Node {
    /// `None` when only the server sets it.
    evidence: Option<Evidence>,
    below: BTreeMap<String, Node>,
}

impl Map {
    /// What a contract offers. This walks the schemas of all bodies, so it is done when somebody first asks.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        Self { subjects: contract.operations.iter().map(|operation| Subject::new(contract, operation)).collect() }
    }
}

/// Whether a client can bring a status about on its own. What is wrong with LeadConduit itself takes a scenario, so it is
/// shown but left out of the count.
#[must_use]
pub fn is_in_reach(status: u16) -> bool {
    status < 500
}

impl Subject {
    fn new(contract: &Contract, operation: &Operation) -> Self {
        let document = contract.document();
        let at = format!("/paths/{}/{}", escape(&operation.path), operation.method.as_str().to_lowercase());
        let mut walk = Walk { document, left: FIELDS_MAX, open: Vec::new() };
        let mut body = Node { evidence: Some(operation.evidence), ..Node::default() };
        if let Some(schema) = document.pointer(&format!("{at}/requestBody/content/application~1json/schema")) {
            walk.describe(&mut body, schema, operation.evidence, 0);
        }
        let mut fields = BTreeMap::new();
        list(&body, "", &mut fields);
        let described = |name: &str| parameter(document, &at, name);
        let own = |parameter: &Value| evidence_of(parameter).unwrap_or(operation.evidence);
        let query = operation.parameters.iter().filter(|parameter| parameter.place == Place::Query);
        Self {
            id: operation.id.clone(),
            method: operation.method.to_string(),
            path: operation.path.clone(),
            evidence: operation.evidence,
            statuses: operation.replies.iter().map(|(status, rule)| (*status, rule.evidence)).collect(),
            parameters: query
                .map(|one| (one.name.clone(), described(&one.name).map_or(operation.evidence, own)))
                .collect(),
            fields,
            body,
        }
    }

    /// What is known of a part that was sent, and how the documentation calls it.
    #[must_use]
    pub fn field(&self, pointer: &str) -> (Known, String) {
        let (mut node, mut name) = (&self.body, String::new());
        for token in pointer.split('/').skip(1) {
            let plain = unescape(token);
            let (found, called) = match node.below.get(&plain) {
                Some(found) => (found, plain.as_str()),
                None if node.below.is_empty() => return (Known::Open, name),
                None => match node.below.get("*") {
                    Some(found) => (found, "*"),
                    // Only the topmost name is told: what is below it is as unknown as it is.
                    None => return (Known::No, format!("{name}/{token}")),
                },
            };
            name = format!("{name}/{}", escape(called));
            node = found;
        }
        (if node.evidence.is_some() { Known::Field } else { Known::Open }, name)
    }
}

/// The description of a query parameter of the operation at a place in the document.
fn parameter<'d>(document: &'d Value, at: &str, name: &str) -> Option<&'d Value> {
    let item = at.rsplit_once('/').map_or("", |(item, _)| item);
    let lists = [at, item].map(|holder| document.pointer(&format!("{holder}/parameters")).and_then(Value::as_array));
    let all = lists.into_iter().flatten().flatten().map(|one| follow(document, one).unwrap_or(one));
    all.filter(|one| one.get("in").and_then(Value::as_str) == Some("query"))
        .find(|one| one.get("name").and_then(Value::as_str) == Some(name))
}

fn evidence_of(value: &Value) -> Option<Evidence> {
    value.get("x-evidence")?.as_str()?.parse().ok()
}

/// What a `$ref` leads to; `None` when there is none.
fn follow<'d>(document: &'d Value, value: &Value) -> Option<&'d Value> {
    document.pointer(value.get("$ref")?.as_str()?.trim_start_matches('#'))
}

struct Walk<'d> {
    document: &'d Value,
    /// How many fields may still be added.
    left: usize,
    /// The references that are being followed: one that leads back to itself ends there.
    open: Vec<&'d str>,
}

impl<'d> Walk<'d> {
    /// Adds what a schema says to a node.
    fn describe(&mut self, node: &mut Node, schema: &'d Value, evidence: Evidence, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(name) = schema.get("$ref").and_then(Value::as_str)
            && !self.open.contains(&name)
            && let Some(target) = follow(self.document, schema)
        {
            self.open.push(name);
            self.describe(node, target, evidence, depth + 1);
            self.open.pop();
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            self.add(node, name, property, evidence, depth);
        }
        for (key, name) in [("items", "*"), ("additionalProperties", "*")] {
            if let Some(inner) = schema.get(key).filter(|inner| inner.is_object()) {
                self.add(node, name, inner, evidence, depth);
            }
        }
        for key in ["prefixItems", "patternProperties"] {
            for inner in members(schema.get(key)) {
                self.add(node, "*", inner, evidence, depth);
            }
        }
        // Whether `if` holds decides between the others; it names nothing of its own.
        for key in ["allOf", "anyOf", "oneOf", "dependentSchemas"] {
            for inner in members(schema.get(key)) {
                self.describe(node, inner, evidence, depth + 1);
            }
        }
        for inner in ["then", "else"].iter().filter_map(|key| schema.get(key)) {
            self.describe(node, inner, evidence, depth + 1);
        }
    }

    fn add(&mut self, node: &mut Node, name: &str, schema: &'d Value, evidence: Evidence, depth: usize) {
        let target = follow(self.document, schema);
        let own = evidence_of(schema).or_else(|| target.and_then(evidence_of)).unwrap_or(evidence);
        let is_read_only =
            [Some(schema), target].into_iter().flatten().any(|one| one.get("readOnly") == Some(&Value::Bool(true)));
        if !node.below.contains_key(name) {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
        }
        let next = node.below.entry(name.to_owned()).or_default();
        if is_read_only {
            return;
        }
        next.evidence = Some(next.evidence.map_or(own, |known| known.min(own)));
        self.describe(next, schema, own, depth + 1);
    }
}

/// The values of a list or an object of schemas.
fn members(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(object)) => object.values().collect(),
        _ => Vec::new(),
    }
}

fn list(node: &Node, at: &str, fields: &mut BTreeMap<String, Evidence>) {
    for (name, next) in &node.below {
        if let Some(evidence) = next.evidence {
            let at = format!("{at}/{}", escape(name));
            fields.insert(at.clone(), evidence);
            list(next, &at, fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subject(document: &Value) -> Subject {
        let mut walk = Walk { document, left: FIELDS_MAX, open: Vec::new() };
        let mut body = Node { evidence: Some(Evidence::Documented), ..Node::default() };
        walk.describe(&mut body, &document["body"], Evidence::Documented, 0);
        let mut fields = BTreeMap::new();
        list(&body, "", &mut fields);
        Subject {
            id: String::new(),
            method: String::new(),
            path: String::new(),
            evidence: Evidence::Documented,
            statuses: BTreeMap::new(),
            parameters: BTreeMap::new(),
            fields,
            body,
        }
    }

    #[test]
    fn fields_are_found_wherever_a_schema_names_them() {
        let document = json!({
            "node": {"properties": {"next": {"$ref": "#/node"}, "label": {"x-evidence": "inferred"}}},
            "id": {"type": "string", "readOnly": true},
            "body": {
                "allOf": [{"properties": {"a/b": {"type": "string"}, "id": {"$ref": "#/id"}}}],
                "anyOf": [{"properties": {"tree": {"$ref": "#/node"}}}],
                "if": {"properties": {"never": {}}},
                "then": {"properties": {"list": {"items": {"properties": {"x": {}}}}}},
                "properties": {"free": {"type": "object"}, "map": {"additionalProperties": {"type": "string"}}},
            },
        });
        let subject = subject(&document);
        let found: Vec<(&str, &str)> =
            subject.fields.iter().map(|(at, evidence)| (at.as_str(), evidence.as_str())).collect();
        let expected = [
            ("/a~1b", "documented"),
            ("/free", "documented"),
            ("/list", "documented"),
            ("/list/*", "documented"),
            ("/list/*/x", "documented"),
            ("/map", "documented"),
            ("/map/*", "documented"),
            ("/tree", "documented"),
            ("/tree/label", "inferred"),
            ("/tree/next", "documented"),
        ];
        assert_eq!(found, expected);
        for (sent, known, called) in [
            ("/a~1b", Known::Field, "/a~1b"),
            ("/list/*/x", Known::Field, "/list/*/x"),
            ("/map/any name", Known::Field, "/map/*"),
            ("/id", Known::Open, "/id"),
            ("/free/form", Known::Open, "/free"),
            ("/tree/next/label", Known::Open, "/tree/next"),
            ("/list/*/y/z", Known::No, "/list/*/y"),
            ("/never", Known::No, "/never"),
        ] {
            assert_eq!(subject.field(sent), (known, called.to_owned()), "{sent}");
        }
    }

    #[test]
    fn every_body_of_the_contract_has_fields() {
        let contract = Contract::built_in().unwrap();
        let map = Map::new(&contract);
        for (subject, operation) in map.subjects.iter().zip(&contract.operations) {
            // A lead may have any fields.
            let is_lead = matches!(&*subject.id, "submit_lead" | "ping_lead");
            assert_eq!(subject.fields.is_empty(), operation.body.is_none() || is_lead, "{}", subject.id);
            let chosen = ["create_flow", "update_flow", "create_field", "update_field"].contains(&&*subject.id);
            assert_eq!(subject.fields.contains_key("/id"), chosen, "{}: other ids are the server's", subject.id);
        }
        let create = map.subjects.iter().find(|subject| subject.id == "create_credential").unwrap();
        assert_eq!(create.fields.get("/password"), Some(&Evidence::Documented));
        let list = map.subjects.iter().find(|subject| subject.id == "list_connections").unwrap();
        assert_eq!(list.parameters.keys().collect::<Vec<_>>(), ["relationship_type"]);
    }
}
