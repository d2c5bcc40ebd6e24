//! Reads and bundles the YAML files of a contract folder.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::bundle::{self, PointerDiagnostic};
use crate::pointer::escape;
use crate::yaml::{Diagnostic, Source, io_reason};

/// An error in a JSON Schema.
#[derive(Clone, Debug)]
pub struct SchemaError {
    /// An RFC 6901 pointer, relative to the schema.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Reads and bundles the contract in `folder`.
///
/// `is_pattern` checks regular expressions, and `schema_errors` JSON Schemas. The build script accepts all of them,
/// because the tests check them.
///
/// # Errors
///
/// Returns all errors, not only the first: files that cannot be read or parsed, else invalid patterns and references.
pub fn read(
    folder: &Path,
    is_pattern: impl Fn(&str) -> bool,
    schema_errors: impl Fn(&Value) -> Vec<SchemaError>,
) -> Result<Value, Vec<Diagnostic>> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    read_folder(folder, folder, &mut sources, &mut diagnostics);
    let mut files = BTreeMap::new();
    for (name, source) in &sources {
        match source.parse_json() {
            Ok(value) => {
                for (pointer, pattern) in patterns(&value, "") {
                    if !is_pattern(pattern) {
                        let message = format!("`{pattern}` is not a valid regular expression");
                        diagnostics.push(source.at_pointer(&pointer, message));
                    }
                }
                for (pointer, schema) in schemas(name, &value) {
                    for error in schema_errors(schema) {
                        let mut diagnostic = source.at_pointer(&format!("{pointer}{}", error.pointer), error.message);
                        diagnostic.hint = error.hint;
                        diagnostics.push(diagnostic);
                    }
                }
                files.insert(name.clone(), value);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    bundle::bundle(&files)
        .map_err(|errors| errors.into_iter().map(|error| resolve_position(folder, &sources, error)).collect())
}

/// Returns the JSON Schemas of a file with their pointers: the models, and the values of `schema` elsewhere.
fn schemas<'v>(file: &str, value: &'v Value) -> Vec<(String, &'v Value)> {
    let is_model_file = file.starts_with("models/");
    if !is_model_file && !["paths/", "parameters/", "responses.yaml"].iter().any(|prefix| file.starts_with(prefix)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        let Value::Object(object) = value else { continue };
        for (name, value) in object {
            let pointer = format!("{at}/{}", escape(name));
            if is_model_file || (name == "schema" && value.is_object()) {
                found.push((pointer, value));
            } else if !matches!(name.as_str(), "example" | "examples") {
                open.push((pointer, value));
            }
        }
    }
    found
}

/// Returns every `pattern` in a file with its pointer.
fn patterns<'v>(value: &'v Value, at: &str) -> Vec<(String, &'v str)> {
    match value {
        Value::Object(object) => {
            let own = object.get("pattern").and_then(Value::as_str).map(|pattern| (format!("{at}/pattern"), pattern));
            let inner = object.iter().flat_map(|(name, value)| patterns(value, &format!("{at}/{}", escape(name))));
            own.into_iter().chain(inner).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| patterns(value, &format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Converts the pointer of a bundling error to line and column.
fn resolve_position(folder: &Path, sources: &BTreeMap<String, Source>, error: PointerDiagnostic) -> Diagnostic {
    let mut diagnostic = match sources.get(&error.file) {
        Some(source) => source.at_pointer(&error.pointer, error.message),
        None => Diagnostic::of_file(&folder.join(&error.file), error.message),
    };
    diagnostic.hint = error.hint;
    diagnostic
}

fn read_folder(root: &Path, folder: &Path, sources: &mut BTreeMap<String, Source>, diagnostics: &mut Vec<Diagnostic>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(Diagnostic::of_file(folder, format!("cannot be read: {}", io_reason(&error))));
            return;
        }
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            read_folder(root, &path, sources, diagnostics);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let name =
                relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            match Source::read(&path) {
                Ok(source) => {
                    sources.insert(name, source);
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
    }
}
