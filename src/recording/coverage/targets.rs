//! What the contract offers to be covered: every operation with its statuses, query parameters and body fields, each with
//! its evidence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::operation::{ParameterLocation, ParameterType};
use crate::contract::{Contract, Evidence, Operation};
use contract_files::pointer::{escape, unescape};

/// The deepest level of a body: schemas can refer to themselves.
const DEPTH_MAX: usize = 16;

/// The most fields of one body.
const FIELDS_MAX: usize = 1000;

/// The coverage targets of a contract.
#[derive(Debug)]
pub struct CoverageTargets {
    /// The operations, in the order of the contract.
    pub operations: Vec<OperationTargets>,
}

/// The coverage targets of one operation.
#[derive(Debug)]
pub struct OperationTargets {
    /// The `operationId`.
    pub id: String,
    /// The HTTP method.
    pub method: String,
    /// The path pattern.
    pub path: String,
    /// The evidence for the operation.
    pub evidence: Evidence,
    /// The documented statuses.
    pub statuses: BTreeMap<u16, Evidence>,
    /// The query parameters.
    pub parameters: BTreeMap<String, Evidence>,
    /// Whether the query can have any other parameter: those of a lead.
    pub takes_any_parameter: bool,
    /// The body fields that a client may send, by pointer (`*` for list items and for arbitrary names).
    pub fields: BTreeMap<String, Evidence>,
    body: SchemaNode,
}

/// How a field that was sent relates to the documented ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldMatch {
    /// One of [`OperationTargets::fields`].
    Documented,
    /// Read-only, or below a field whose content the schema leaves open.
    Unconstrained,
    /// In no documentation.
    Undocumented,
}

/// The schema of a body, reduced to field names.
#[derive(Debug, Default)]
struct SchemaNode {
    /// `None` for a read-only field.
    evidence: Option<Evidence>,
    children: BTreeMap<String, SchemaNode>,
}

impl CoverageTargets {
    /// Collects the targets of a contract. It walks the schemas of all bodies, so callers do it once and on demand.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        let operations = contract.operations.iter().map(|operation| OperationTargets::new(contract, operation));
        Self { operations: operations.collect() }
    }
}

/// Whether a client can cause a status on its own. Statuses from 500 on need a scenario, so reports show them but do not
/// count them.
#[must_use]
pub fn is_client_reachable(status: u16) -> bool {
    status < 500
}

impl OperationTargets {
    fn new(contract: &Contract, operation: &Operation) -> Self {
        let document = contract.document();
        let at = format!("/paths/{}/{}", escape(&operation.path), operation.method.as_str().to_lowercase());
        let mut walker = SchemaWalker { document, remaining: FIELDS_MAX, open_refs: Vec::new() };
        let mut body = SchemaNode { evidence: Some(operation.evidence), ..SchemaNode::default() };
        if let Some(schema) = document.pointer(&format!("{at}/requestBody/content/application~1json/schema")) {
            walker.collect(&mut body, schema, operation.evidence, 0);
        }
        let mut fields = BTreeMap::new();
        list_fields(&body, "", &mut fields);
        let description = |name: &str| query_parameter(document, &at, name);
        let own = |parameter: &Value| evidence_of(parameter).unwrap_or(operation.evidence);
        let query = operation
            .parameters
            .iter()
            .filter(|one| one.location == ParameterLocation::Query && one.value_type != ParameterType::Rest);
        Self {
            id: operation.id.clone(),
            method: operation.method.to_string(),
            path: operation.path.clone(),
            evidence: operation.evidence,
            statuses: operation.responses.iter().map(|(status, rule)| (*status, rule.evidence)).collect(),
            parameters: query
                .map(|one| (one.name.clone(), description(&one.name).map_or(operation.evidence, own)))
                .collect(),
            takes_any_parameter: operation.parameters.iter().any(|one| one.value_type == ParameterType::Rest),
            fields,
            body,
        }
    }

    /// Classifies a field that was sent; returns the pointer of the target that covers it. Of an undocumented field, the
    /// pointer ends at the first undocumented name.
    #[must_use]
    pub fn match_field(&self, pointer: &str) -> (FieldMatch, String) {
        let (mut node, mut name) = (&self.body, String::new());
        for token in pointer.split('/').skip(1) {
            let plain = unescape(token);
            let (next, matched) = match node.children.get(&plain) {
                Some(child) => (child, plain.as_str()),
                None if node.children.is_empty() => return (FieldMatch::Unconstrained, name),
                None => match node.children.get("*") {
                    Some(child) => (child, "*"),
                    None => return (FieldMatch::Undocumented, format!("{name}/{token}")),
                },
            };
            name = format!("{name}/{}", escape(matched));
            node = next;
        }
        (if node.evidence.is_some() { FieldMatch::Documented } else { FieldMatch::Unconstrained }, name)
    }
}

/// The description of a query parameter; `at` is the pointer to the operation.
fn query_parameter<'d>(document: &'d Value, at: &str, name: &str) -> Option<&'d Value> {
    let item = at.rsplit_once('/').map_or("", |(item, _)| item);
    let lists = [at, item].map(|holder| document.pointer(&format!("{holder}/parameters")).and_then(Value::as_array));
    let all = lists.into_iter().flatten().flatten().map(|one| resolve_ref(document, one).unwrap_or(one));
    all.filter(|one| one.get("in").and_then(Value::as_str) == Some("query"))
        .find(|one| one.get("name").and_then(Value::as_str) == Some(name))
}

fn evidence_of(value: &Value) -> Option<Evidence> {
    value.get("x-evidence")?.as_str()?.parse().ok()
}

/// The target of a `$ref`; `None` without one.
fn resolve_ref<'d>(document: &'d Value, value: &Value) -> Option<&'d Value> {
    document.pointer(value.get("$ref")?.as_str()?.trim_start_matches('#'))
}

struct SchemaWalker<'d> {
    document: &'d Value,
    /// How many fields may still be added.
    remaining: usize,
    /// The references that are being followed, to stop at cycles.
    open_refs: Vec<&'d str>,
}

impl<'d> SchemaWalker<'d> {
    /// Adds the fields of a schema to a node.
    fn collect(&mut self, node: &mut SchemaNode, schema: &'d Value, evidence: Evidence, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(name) = schema.get("$ref").and_then(Value::as_str)
            && !self.open_refs.contains(&name)
            && let Some(target) = resolve_ref(self.document, schema)
        {
            self.open_refs.push(name);
            self.collect(node, target, evidence, depth + 1);
            self.open_refs.pop();
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
        // `if` is left out: it only selects between `then` and `else`.
        for key in ["allOf", "anyOf", "oneOf", "dependentSchemas"] {
            for inner in members(schema.get(key)) {
                self.collect(node, inner, evidence, depth + 1);
            }
        }
        for inner in ["then", "else"].iter().filter_map(|key| schema.get(key)) {
            self.collect(node, inner, evidence, depth + 1);
        }
    }

    fn add(&mut self, node: &mut SchemaNode, name: &str, schema: &'d Value, evidence: Evidence, depth: usize) {
        let target = resolve_ref(self.document, schema);
        let own = evidence_of(schema).or_else(|| target.and_then(evidence_of)).unwrap_or(evidence);
        let is_read_only =
            [Some(schema), target].into_iter().flatten().any(|one| one.get("readOnly") == Some(&Value::Bool(true)));
        if !node.children.contains_key(name) {
            if self.remaining == 0 {
                return;
            }
            self.remaining -= 1;
        }
        let next = node.children.entry(name.to_owned()).or_default();
        if is_read_only {
            return;
        }
        next.evidence = Some(next.evidence.map_or(own, |known| known.min(own)));
        self.collect(next, schema, own, depth + 1);
    }
}

/// The schemas in a list or an object.
fn members(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(object)) => object.values().collect(),
        _ => Vec::new(),
    }
}

fn list_fields(node: &SchemaNode, at: &str, fields: &mut BTreeMap<String, Evidence>) {
    for (name, next) in &node.children {
        if let Some(evidence) = next.evidence {
            let at = format!("{at}/{}", escape(name));
            fields.insert(at.clone(), evidence);
            list_fields(next, &at, fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn targets(document: &Value) -> OperationTargets {
        let mut walker = SchemaWalker { document, remaining: FIELDS_MAX, open_refs: Vec::new() };
        let mut body = SchemaNode { evidence: Some(Evidence::Documented), ..SchemaNode::default() };
        walker.collect(&mut body, &document["body"], Evidence::Documented, 0);
        let mut fields = BTreeMap::new();
        list_fields(&body, "", &mut fields);
        OperationTargets {
            id: String::new(),
            method: String::new(),
            path: String::new(),
            evidence: Evidence::Documented,
            statuses: BTreeMap::new(),
            parameters: BTreeMap::new(),
            takes_any_parameter: false,
            fields,
            body,
        }
    }

    #[test]
    fn fields_are_collected_from_every_schema_keyword() {
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
        let targets = targets(&document);
        let found: Vec<(&str, &str)> =
            targets.fields.iter().map(|(at, evidence)| (at.as_str(), evidence.as_str())).collect();
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
        for (sent, kind, target) in [
            ("/a~1b", FieldMatch::Documented, "/a~1b"),
            ("/list/*/x", FieldMatch::Documented, "/list/*/x"),
            ("/map/any name", FieldMatch::Documented, "/map/*"),
            ("/id", FieldMatch::Unconstrained, "/id"),
            ("/free/form", FieldMatch::Unconstrained, "/free"),
            ("/tree/next/label", FieldMatch::Unconstrained, "/tree/next"),
            ("/list/*/y/z", FieldMatch::Undocumented, "/list/*/y"),
            ("/never", FieldMatch::Undocumented, "/never"),
        ] {
            assert_eq!(targets.match_field(sent), (kind, target.to_owned()), "{sent}");
        }
    }

    #[test]
    fn every_request_body_of_the_contract_has_fields() {
        let contract = Contract::built_in().unwrap();
        let targets = CoverageTargets::new(&contract);
        for (target, operation) in targets.operations.iter().zip(&contract.operations) {
            // A lead can have any fields.
            let is_lead = matches!(&*target.id, "submit_lead" | "ping_lead");
            assert_eq!(target.fields.is_empty(), operation.body.is_none() || is_lead, "{}", target.id);
            let is_client_chosen =
                ["create_flow", "update_flow", "create_field", "update_field"].contains(&&*target.id);
            assert_eq!(target.fields.contains_key("/id"), is_client_chosen, "{}: the server sets other ids", target.id);
        }
        let create = targets.operations.iter().find(|target| target.id == "create_credential").unwrap();
        assert_eq!(create.fields.get("/password"), Some(&Evidence::Documented));
        let list = targets.operations.iter().find(|target| target.id == "list_connections").unwrap();
        assert_eq!(list.parameters.keys().collect::<Vec<_>>(), ["relationship_type"]);
    }
}
