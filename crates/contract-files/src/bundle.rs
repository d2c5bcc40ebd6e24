//! Many files in, one OpenAPI document out. Shared with the build script, which bundles the built-in contract.
//!
//! A `$ref` in the files is `FILE#/Name` or `#/Name`. It becomes `#/components/<kind>/Name`, where the folder or
//! file says the kind: `models/` are schemas, `parameters/`, `examples/` and `responses.yaml` are what
//! they are called. A path item's `$ref` is replaced by the path item.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pointer::{escape, unescape};

/// The file that everything starts from.
pub const ROOT: &str = "openapi.yaml";

/// On a path item, the file that it came from. It is left out of what is printed.
pub const FILE: &str = "x-file";

/// In the bundle, what LeadConduit brings along for every account, from `standard/`. It is left out of what is printed.
pub const STANDARD: &str = "x-standard";

/// The values of `format` that are checked. Another one is a mistake: it would silently check nothing.
pub const FORMATS: [&str; 9] =
    ["date", "date-time", "email", "hostname", "ipv4", "time", "uri", "uri-reference", "uuid"];

/// A mistake in the contract's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, relative to the contract's folder.
    pub file: String,
    /// RFC 6901 pointer into that file.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Bundles the files (path relative to the contract's folder, content) into one document.
pub fn bundle(files: &BTreeMap<String, Value>) -> Result<Value, Vec<Mistake>> {
    let Some(root) = files.get(ROOT) else {
        return Err(vec![Mistake {
            file: ROOT.to_owned(),
            pointer: String::new(),
            message: "the contract has no such file".to_owned(),
            hint: Some("a contract's folder holds openapi.yaml, paths/ and models/".to_owned()),
        }]);
    };
    let mut bundler = Bundler { files, owners: BTreeMap::new(), mistakes: Vec::new() };
    let mut document = bundler.rewrite(root, ROOT, "");
    let mut components: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut standard = Map::new();
    for (file, content) in files {
        if let Some(name) = file.strip_prefix("standard/").and_then(|name| name.strip_suffix(".yaml")) {
            standard.insert(name.to_owned(), content.clone());
        }
        let Some(kind) = kind_of(file) else { continue };
        let Some(entries) = content.as_object() else {
            bundler.mistake(file, "", "must be a map of names");
            continue;
        };
        for (name, value) in entries {
            let pointer = format!("/{}", escape(name));
            if let Some(other) = bundler.owners.insert((kind, name.clone()), file.clone()) {
                bundler.mistake(file, &pointer, &format!("`{name}` is defined in {other} too"));
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
    if bundler.mistakes.is_empty() { Ok(document) } else { Err(bundler.mistakes) }
}

/// A reply that names no source of its own is known from its operation's.
fn inherit_sources(document: &mut Value) {
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    let operations = items.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations {
        let Some(source) = operation.get("x-source").cloned() else { continue };
        let replies = operation.get_mut("responses").and_then(Value::as_object_mut);
        for reply in replies.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            if !reply.contains_key("$ref") {
                reply.entry("x-source").or_insert_with(|| source.clone());
            }
        }
    }
}

/// The document without the components that nothing in its paths leads to.
pub fn reachable_only(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(document) = document.as_object_mut() {
        document.shift_remove(STANDARD);
    }
    let mut wanted: Vec<String> = Vec::new();
    collect_refs(document.get("paths").unwrap_or(&Value::Null), &mut wanted);
    let mut seen = std::collections::BTreeSet::new();
    while let Some(pointer) = wanted.pop() {
        if seen.insert(pointer.clone())
            && let Some(target) = document.pointer(pointer.trim_start_matches('#'))
        {
            collect_refs(target, &mut wanted);
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
                entries.retain(|name, _| seen.contains(&format!("#/components/{kind}/{}", escape(name))));
            }
        }
        components.retain(|_, entries| entries.as_object().is_some_and(|entries| !entries.is_empty()));
    }
    document
}

/// The document without what only people read: what routing and checking need, a small part of the whole.
#[must_use]
pub fn bare(document: &Value) -> Value {
    let parts = ["paths", "components"].into_iter();
    Value::Object(
        parts.filter_map(|part| Some((part.to_owned(), strip(document.get(part)?, part == "paths")))).collect(),
    )
}

/// `names` says that the keys of an object are names, such as those of properties, and must all stay.
fn strip(value: &Value, names: bool) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| names || !is_for_people(key));
            let kept = kept.map(|(key, value)| {
                // That there is a source is checked when a contract is loaded; which one it is, people ask.
                let value =
                    if key == "x-source" && !names { true.into() } else { strip(value, is_names(key) && !names) };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| strip(item, false)).collect()),
        other => other.clone(),
    }
}

fn is_names(key: &str) -> bool {
    matches!(key, "properties" | "schemas" | "responses" | "parameters" | "headers" | "content")
}

fn is_for_people(key: &str) -> bool {
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

/// Which kind of component a file holds; `None` for files that are inlined.
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
    owners: BTreeMap<(&'static str, String), String>,
    mistakes: Vec<Mistake>,
}

impl Bundler<'_> {
    fn mistake(&mut self, file: &str, pointer: &str, message: &str) {
        self.mistakes.push(Mistake {
            file: file.to_owned(),
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            hint: None,
        });
    }

    fn rewrite(&mut self, value: &Value, file: &str, pointer: &str) -> Value {
        match value {
            Value::Object(object) => {
                // A name that is an example's property may be `$ref` only by an accident that no file has.
                if let Some(Value::String(reference)) = object.get("$ref") {
                    return self.follow(object, reference, file, pointer);
                }
                // Under `properties` stand names, and a property may well be called `value` or `format`.
                let names = pointer.rsplit('/').next() == Some("properties");
                if !names {
                    self.check_format(object, file, pointer);
                }
                let entries = object.iter().map(|(key, value)| {
                    let pointer = format!("{pointer}/{}", escape(key));
                    // Samples are data: nothing in them refers to anything.
                    let sample = matches!(key.as_str(), "example" | "value" | "default")
                        || (key == "examples" && value.is_array());
                    (key.clone(), if sample && !names { value.clone() } else { self.rewrite(value, file, &pointer) })
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
            self.mistakes.push(Mistake {
                file: file.to_owned(),
                pointer: format!("{pointer}/format"),
                message: format!("unknown format `{format}`"),
                hint: hint.or_else(|| Some(format!("write one of: {}", FORMATS.join(", ")))),
            });
        }
    }

    fn follow(&mut self, object: &Map<String, Value>, reference: &str, file: &str, pointer: &str) -> Value {
        let here = format!("{pointer}/$ref");
        if reference.starts_with("#/components/") {
            return Value::Object(object.clone());
        }
        let Some((path, name)) = reference.split_once("#/") else {
            self.mistake(file, &here, &format!("`{reference}` is not FILE#/Name"));
            return Value::Null;
        };
        let target = if path.is_empty() { file.to_owned() } else { join(file, path) };
        let Some(content) = self.files.get(&target) else {
            self.mistake(file, &here, &format!("`{reference}` leads to {target}, which does not exist"));
            return Value::Null;
        };
        let name = unescape(name);
        let Some(found) = content.get(&name) else {
            let known = content.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
            let hint = crate::yaml::nearest(&name, known).map(|near| format!("did you mean `{near}`?"));
            self.mistakes.push(Mistake {
                file: file.to_owned(),
                pointer: here,
                message: format!("`{reference}` leads nowhere: {target} has no `{name}`"),
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

/// `../models/a.yaml` seen from `paths/b.yaml` is `models/a.yaml`.
fn join(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
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
            ("models/m.yaml", json!({"Thing": {"$ref": "#/Other"}, "Other": {"type": "string"}, "Lost": {}})),
        ]);
        let document = bundle(&files).unwrap();
        assert_eq!(document["paths"]["/a"]["get"]["schema"]["$ref"], "#/components/schemas/Thing");
        assert_eq!(document["components"]["schemas"]["Thing"]["$ref"], "#/components/schemas/Other");
        let public = reachable_only(&document);
        let names: Vec<&String> = public["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["Thing", "Other"]);
    }

    #[test]
    fn a_property_may_be_called_value_and_a_sample_refers_to_nothing() {
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
        let mistakes = bundle(&files).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].hint.as_deref(), Some("did you mean `date-time`?"));
    }

    #[test]
    fn the_bare_document_loses_words_and_no_rule() {
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
        let mistakes = bundle(&files).unwrap_err();
        insta::assert_debug_snapshot!(mistakes);
    }

    #[test]
    fn a_name_may_be_defined_once() {
        let files = files(&[
            (ROOT, json!({})),
            ("models/a.yaml", json!({"Thing": {}})),
            ("models/b.yaml", json!({"Thing": {}})),
        ]);
        let mistakes = bundle(&files).unwrap_err();
        assert_eq!(mistakes[0].message, "`Thing` is defined in models/a.yaml too");
    }
}
