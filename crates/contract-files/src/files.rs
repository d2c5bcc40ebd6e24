//! A contract's folder on disk: every YAML file of it, read and bundled. Shared with the build script.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::bundle::{self, Mistake};
use crate::pointer::escape;
use crate::yaml::{Diagnostic, Source};

/// Reads and bundles the contract in `folder`. Every mistake is reported, not only the first.
///
/// `is_pattern` says whether a regular expression is one; the build script, which leaves that to the tests, takes all.
pub fn read(folder: &Path, is_pattern: impl Fn(&str) -> bool) -> Result<Value, Vec<Diagnostic>> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    gather(folder, folder, &mut sources, &mut diagnostics);
    let mut files = BTreeMap::new();
    for (name, source) in &sources {
        match source.parse_json() {
            Ok(value) => {
                for (pointer, pattern) in patterns(&value, "") {
                    if !is_pattern(pattern) {
                        let message = format!("`{pattern}` is no regular expression");
                        diagnostics.push(source.at_pointer(&pointer, message));
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
        .map_err(|mistakes| mistakes.into_iter().map(|mistake| diagnose(folder, &sources, mistake)).collect())
}

/// Every `pattern` in a file, with its pointer.
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

fn diagnose(folder: &Path, sources: &BTreeMap<String, Source>, mistake: Mistake) -> Diagnostic {
    let mut diagnostic = match sources.get(&mistake.file) {
        Some(source) => source.at_pointer(&mistake.pointer, mistake.message),
        None => Diagnostic::of_file(&folder.join(&mistake.file), mistake.message),
    };
    diagnostic.hint = mistake.hint;
    diagnostic
}

fn gather(root: &Path, folder: &Path, sources: &mut BTreeMap<String, Source>, diagnostics: &mut Vec<Diagnostic>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(Diagnostic::of_file(folder, format!("cannot be read: {error}")));
            return;
        }
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            gather(root, &path, sources, diagnostics);
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
