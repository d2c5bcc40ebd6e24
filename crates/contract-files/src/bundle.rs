//! Bundles the files of a contract into one OpenAPI document.
//!
//! A `$ref` in the files is `FILE#/Name` or `#/Name`. It becomes `#/components/<kind>/Name`. The folder or file
//! determines the kind: `models/` contains schemas; `parameters/`, `examples/` and `responses.yaml` contain the
//! components that they are named after. A path item's `$ref` is replaced by the path item.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pointer::{escape, unescape};

/// The root file of a contract.
pub const ROOT: &str = "openapi.yaml";

/// Extension of path items: the file that defines the path item. Printed documents omit it.
pub const FILE: &str = "x-file";

/// Extension of the bundle: the standard collections that every account has, from `standard/`. Printed documents omit
/// it.
pub const STANDARD: &str = "x-standard";

/// The supported values of `format`. Others are rejected, because the validator would ignore them.
pub const FORMATS: [&str; 9] =
    ["date", "date-time", "email", "hostname", "ipv4", "time", "uri", "uri-reference", "uuid"];

/// An error in the contract's files whose position is a pointer. [`crate::files::read`] converts it to a
/// [`crate::yaml::Diagnostic`] with line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerDiagnostic {
    /// The file, relative to the contract folder.
    pub file: String,
    /// RFC 6901 pointer into that file.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Bundles files (path relative to the contract folder, content) into one document.
///
/// # Errors
///
/// The root file is missing, a reference does not resolve, a name is defined twice, or a `format` is unknown.
pub fn bundle(files: &BTreeMap<String, Value>) -> Result<Value, Vec<PointerDiagnostic>> {
    let Some(root) = files.get(ROOT) else {
        return Err(vec![PointerDiagnostic {
            file: ROOT.to_owned(),
            pointer: String::new(),
            message: "the file is missing".to_owned(),
            hint: Some("a contract folder contains openapi.yaml, paths/ and models/".to_owned()),
        }]);
    };
    let mut bundler = Bundler { files, owners: BTreeMap::new(), errors: Vec::new() };
    let mut document = bundler.rewrite(root, ROOT, "");
    let mut components: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut standard = Map::new();
    for (file, content) in files {
        if let Some(name) = file.strip_prefix("standard/").and_then(|name| name.strip_suffix(".yaml")) {
            standard.insert(name.to_owned(), content.clone());
        }
        let Some(kind) = kind_of(file) else { continue };
        let Some(entries) = content.as_object() else {
            bundler.report(file, "", "must be a map of names to definitions");
            continue;
        };
        for (name, value) in entries {
            let pointer = format!("/{}", escape(name));
            if let Some(other) = bundler.owners.insert((kind, name.clone()), file.clone()) {
                bundler.report(file, &pointer, &format!("`{name}` is already defined in {other}"));
            }
            let value = bundler.rewrite(value, file, &pointer);
            components.entry(kind).or_default().insert(name.clone(), value);
        }
    }
    if let Some(document) = document.as_object_mut() {
        let merged = document.entry("components").or_insert_with(|| Value::Object(Map::new()));
        if let Some(merged) = merged.as_object_mut() {
            merged.extend(components.into_iter().map(|(kind, entries)| (kind.to_owned(), Value::Object(entries))));
        }
    }
    if let Some(document) = document.as_object_mut().filter(|_| !standard.is_empty()) {
        document.insert(STANDARD.to_owned(), Value::Object(standard));
    }
    inherit_sources(&mut document);
    if bundler.errors.is_empty() { Ok(document) } else { Err(bundler.errors) }
}

/// Copies the `x-source` of operations to their responses that have none.
fn inherit_sources(document: &mut Value) {
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    let operations = items.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations {
        let Some(source) = operation.get("x-source").cloned() else { continue };
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            if !response.contains_key("$ref") {
                response.entry("x-source").or_insert_with(|| source.clone());
            }
        }
    }
}

/// Returns the document without the components that its paths do not refer to.
pub fn reachable_only(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(document) = document.as_object_mut() {
        document.shift_remove(STANDARD);
    }
    let mut pending: Vec<String> = Vec::new();
    collect_refs(document.get("paths").unwrap_or(&Value::Null), &mut pending);
    let mut reached = std::collections::BTreeSet::new();
    while let Some(pointer) = pending.pop() {
        if reached.insert(pointer.clone())
            && let Some(target) = document.pointer(pointer.trim_start_matches('#'))
        {
            collect_refs(target, &mut pending);
        }
    }
    for item in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        if let Some(item) = item.as_object_mut() {
            item.shift_remove(FILE);
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        for (kind, entries) in components.iter_mut().filter(|(kind, _)| *kind != "securitySchemes") {
            if let Some(entries) = entries.as_object_mut() {
                entries.retain(|name, _| reached.contains(&format!("#/components/{kind}/{}", escape(name))));
            }
        }
        components.retain(|_, entries| entries.as_object().is_some_and(|entries| !entries.is_empty()));
    }
    document
}

/// Returns the document without descriptions and examples: the small part that routing and validation need.
#[must_use]
pub fn bare(document: &Value) -> Value {
    let sections = ["paths", "components"].into_iter();
    Value::Object(
        sections
            .filter_map(|section| Some((section.to_owned(), strip(document.get(section)?, section == "paths"))))
            .collect(),
    )
}

/// Removes documentation. `is_name_map` is true if the keys of the object are names, such as those of properties, which
/// are all kept.
fn strip(value: &Value, is_name_map: bool) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| is_name_map || !is_documentation(key));
            let kept = kept.map(|(key, value)| {
                // Loading a contract checks only that a source exists; `true` is enough for that.
                let value = if key == "x-source" && !is_name_map {
                    true.into()
                } else {
                    strip(value, has_names(key) && !is_name_map)
                };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| strip(item, false)).collect()),
        other => other.clone(),
    }
}

/// True if the value of the keyword maps names to definitions.
fn has_names(key: &str) -> bool {
    matches!(key, "properties" | "schemas" | "responses" | "parameters" | "headers" | "content")
}

/// True for keywords that neither routing nor validation needs.
fn is_documentation(key: &str) -> bool {
    matches!(key, "description" | "example" | "examples" | "links")
}

fn collect_refs(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get("$ref") {
                found.push(target.clone());
            }
            object.values().for_each(|value| collect_refs(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_refs(value, found)),
        _ => {}
    }
}

/// Returns the kind of component that a file contains; `None` for files that are inlined.
fn kind_of(file: &str) -> Option<&'static str> {
    match file.split_once('/').map_or(file, |(folder, _)| folder) {
        "models" => Some("schemas"),
        "parameters" => Some("parameters"),
        "examples" => Some("examples"),
        "responses.yaml" => Some("responses"),
        _ => None,
    }
}

struct Bundler<'a> {
    files: &'a BTreeMap<String, Value>,
    /// The file that defines a component, by kind and name.
    owners: BTreeMap<(&'static str, String), String>,
    errors: Vec<PointerDiagnostic>,
}

impl Bundler<'_> {
    fn report(&mut self, file: &str, pointer: &str, message: &str) {
        self.errors.push(PointerDiagnostic {
            file: file.to_owned(),
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            hint: None,
        });
    }

    fn rewrite(&mut self, value: &Value, file: &str, pointer: &str) -> Value {
        match value {
            Value::Object(object) => {
                // Any object with a string `$ref` is a reference; no example of a contract has a property of that name.
                if let Some(Value::String(reference)) = object.get("$ref") {
                    return self.resolve(object, reference, file, pointer);
                }
                // The keys under `properties` are names, and a property can be named `value` or `format`.
                let is_name_map = pointer.rsplit('/').next() == Some("properties");
                if !is_name_map {
                    self.check_format(object, file, pointer);
                }
                let entries = object.iter().map(|(key, value)| {
                    let pointer = format!("{pointer}/{}", escape(key));
                    // Samples are data and contain no references.
                    let is_sample = matches!(key.as_str(), "example" | "value" | "default")
                        || (key == "examples" && value.is_array());
                    (
                        key.clone(),
                        if is_sample && !is_name_map { value.clone() } else { self.rewrite(value, file, &pointer) },
                    )
                });
                Value::Object(entries.collect())
            }
            Value::Array(items) => {
                let items =
                    items.iter().enumerate().map(|(at, value)| self.rewrite(value, file, &format!("{pointer}/{at}")));
                Value::Array(items.collect())
            }
            other => other.clone(),
        }
    }

    fn check_format(&mut self, object: &Map<String, Value>, file: &str, pointer: &str) {
        let Some(Value::String(format)) = object.get("format") else { return };
        if !FORMATS.contains(&format.as_str()) {
            let hint = crate::yaml::nearest(format, FORMATS).map(|near| format!("did you mean `{near}`?"));
            self.errors.push(PointerDiagnostic {
                file: file.to_owned(),
                pointer: format!("{pointer}/format"),
                message: format!("unknown format `{format}`"),
                hint: hint.or_else(|| Some(format!("write one of: {}", FORMATS.join(", ")))),
            });
        }
    }

    fn resolve(&mut self, object: &Map<String, Value>, reference: &str, file: &str, pointer: &str) -> Value {
        let here = format!("{pointer}/$ref");
        if reference.starts_with("#/components/") {
            return Value::Object(object.clone());
        }
        let Some((path, name)) = reference.split_once("#/") else {
            self.report(file, &here, &format!("`{reference}` is not a reference: write FILE#/Name or #/Name"));
            return Value::Null;
        };
        let target = if path.is_empty() { file.to_owned() } else { join(file, path) };
        let Some(content) = self.files.get(&target) else {
            self.report(file, &here, &format!("`{reference}` refers to {target}, which does not exist"));
            return Value::Null;
        };
        let name = unescape(name);
        let Some(found) = content.get(&name) else {
            let known = content.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
            let hint = crate::yaml::nearest(&name, known).map(|near| format!("did you mean `{near}`?"));
            self.errors.push(PointerDiagnostic {
                file: file.to_owned(),
                pointer: here,
                message: format!("`{reference}` does not resolve: {target} has no `{name}`"),
                hint,
            });
            return Value::Null;
        };
        match kind_of(&target) {
            Some(kind) => {
                let mut rewritten = object.clone();
                rewritten.insert("$ref".to_owned(), format!("#/components/{kind}/{}", escape(&name)).into());
                Value::Object(rewritten)
            }
            None => {
                let mut found = self.rewrite(&found.clone(), &target, &format!("/{}", escape(&name)));
                if let Some(found) = found.as_object_mut() {
                    found.insert(FILE.to_owned(), target.into());
                }
                found
            }
        }
    }
}

/// Resolves a relative path: `../models/a.yaml` in `paths/b.yaml` is `models/a.yaml`.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn files(entries: &[(&str, Value)]) -> BTreeMap<String, Value> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn references_become_components_and_path_items_are_inlined() {
        let files = files(&[
            (ROOT, json!({"paths": {"/a": {"$ref": "paths/a.yaml#/a"}}})),
            ("paths/a.yaml", json!({"a": {"get": {"schema": {"$ref": "../models/m.yaml#/Thing"}}}})),
            ("models/m.yaml", json!({"Thing": {"$ref": "#/Other"}, "Other": {"type": "string"}, "Unused": {}})),
        ]);
        let document = bundle(&files).unwrap();
        assert_eq!(document["paths"]["/a"]["get"]["schema"]["$ref"], "#/components/schemas/Thing");
        assert_eq!(document["components"]["schemas"]["Thing"]["$ref"], "#/components/schemas/Other");
        let public = reachable_only(&document);
        let names: Vec<&String> = public["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["Thing", "Other"]);
    }

    #[test]
    fn properties_can_be_named_value_and_samples_are_not_resolved() {
        let files = files(&[
            (ROOT, json!({})),
            (
                "models/m.yaml",
                json!({
                    "A": {"properties": {"value": {"$ref": "#/B"}, "format": {"type": "string"}}, "example": {"$ref": "x"}},
                    "B": {"type": "string", "format": "date-tme"},
                }),
            ),
        ]);
        let errors = bundle(&files).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean `date-time`?"));
    }

    #[test]
    fn bare_removes_documentation_and_keeps_constraints() {
        let document = json!({
            "info": {"title": "T"},
            "paths": {"/description": {"get": {
                "description": "d", "summary": "s", "x-source": ["page"],
                "responses": {"200": {"description": "d", "content": {"application/json": {"examples": {"a": {}}, "schema": {
                    "type": "object", "description": "d",
                    "properties": {"description": {"type": "string", "examples": ["e"]}, "properties": {"enum": ["description"]}},
                }}}}},
            }}},
            "components": {"schemas": {"example": {"minLength": 1}}, "examples": {"e": {}}},
        });
        assert_eq!(
            bare(&document),
            json!({
                "paths": {"/description": {"get": {
                    "summary": "s", "x-source": true,
                    "responses": {"200": {"content": {"application/json": {"schema": {
                        "type": "object",
                        "properties": {"description": {"type": "string"}, "properties": {"enum": ["description"]}},
                    }}}}},
                }}},
                "components": {"schemas": {"example": {"minLength": 1}}},
            })
        );
    }

    #[test]
    fn broken_references_name_the_file_and_the_nearest_name() {
        let files = files(&[
            (ROOT, json!({"paths": {"/a": {"$ref": "paths/a.yaml#/a"}}})),
            ("paths/a.yaml", json!({"a": {"x": {"$ref": "../models/m.yaml#/Thingy"}, "y": {"$ref": "no.yaml#/Z"}}})),
            ("models/m.yaml", json!({"Thing": {}})),
        ]);
        let errors = bundle(&files).unwrap_err();
        insta::assert_debug_snapshot!(errors);
    }

    #[test]
    fn names_that_are_defined_twice_are_rejected() {
        let files = files(&[
            (ROOT, json!({})),
            ("models/a.yaml", json!({"Thing": {}})),
            ("models/b.yaml", json!({"Thing": {}})),
        ]);
        let errors = bundle(&files).unwrap_err();
        assert_eq!(errors[0].message, "`Thing` is already defined in models/a.yaml");
    }
}
