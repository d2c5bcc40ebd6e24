//! The dependencies between modules, checked from the `use` declarations and paths in the source.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::conventions::rust_files;

/// Every module with the modules that it may use. `lib.rs` has a table in the same order.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "app",
            "server",
            "pipeline",
            "control",
            "sandbox",
            "recording",
            "scenario",
            "leadconduit",
            "generate",
            "contract",
            "config",
            "http",
            "support",
        ],
    ),
    (
        "app",
        &[
            "server",
            "pipeline",
            "sandbox",
            "recording",
            "scenario",
            "leadconduit",
            "contract",
            "config",
            "http",
            "support",
        ],
    ),
    ("server", &["config", "http", "support"]),
    (
        "pipeline",
        &[
            "control",
            "sandbox",
            "recording",
            "scenario",
            "leadconduit",
            "generate",
            "contract",
            "config",
            "http",
            "support",
        ],
    ),
    ("control", &["sandbox", "recording", "scenario", "leadconduit", "contract", "config", "http", "support"]),
    ("sandbox", &["recording", "scenario", "leadconduit", "contract", "config", "http", "support"]),
    ("recording", &["scenario", "leadconduit", "contract", "config", "http", "support"]),
    ("scenario", &["leadconduit", "generate", "contract", "config", "http", "support"]),
    ("leadconduit", &["contract", "config", "http", "support"]),
    ("generate", &["support"]),
    ("contract", &["config", "http", "support"]),
    ("config", &["support"]),
    ("http", &["support"]),
    ("support", &[]),
];

/// The same for the modules of the simulated service.
const ALLOWED_IN_LEADCONDUIT: &[(&str, &[&str])] = &[
    (
        "operations",
        &[
            "leads",
            "context",
            "outbound_log",
            "response",
            "api_error",
            "live_flow",
            "flow_model",
            "state",
            "timeframe",
            "rules",
            "values",
        ],
    ),
    (
        "leads",
        &[
            "services",
            "context",
            "outbound_log",
            "delivery",
            "response",
            "lead_report",
            "api_error",
            "live_flow",
            "flow_model",
            "state",
            "timeframe",
            "types",
            "values",
        ],
    ),
    ("services", &["context", "response", "api_error", "state"]),
    ("context", &["changelog", "outbound_log", "response", "api_error", "live_flow", "flow_model", "state"]),
    ("changelog", &["state"]),
    ("outbound_log", &["delivery", "response", "api_error", "state"]),
    ("delivery", &["types", "values"]),
    ("response", &["lead_report", "api_error"]),
    ("lead_report", &[]),
    ("api_error", &["state"]),
    ("live_flow", &["state"]),
    ("flow_model", &["state", "timeframe", "rules", "templates", "values"]),
    ("state", &[]),
    ("rules", &["timeframe", "templates", "types", "values"]),
    ("timeframe", &[]),
    ("templates", &["types", "values"]),
    ("types", &["values"]),
    ("values", &[]),
];

/// The path of a file's module: `src/a/b.rs` and `src/a/b/mod.rs` are both `["a", "b"]`.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        parts.pop();
    }
    parts
}

/// The code of a file without comments and without its `#[cfg(test)]` module.
fn code_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Every path in the code that begins with `crate` or `super`, made absolute. Of a braced group, one path per member.
fn paths_in(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let is_identifier = |c: char| c.is_alphanumeric() || c == '_';
    for (start, word) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|c| is_identifier(c) || c == '$') || code[..start].ends_with("super::") {
            continue;
        }
        let mut base: Vec<String> = if word == "crate::" { Vec::new() } else { module.to_vec() };
        let mut rest = &code[start..];
        rest = rest.strip_prefix("crate::").unwrap_or(rest);
        while let Some(outer) = rest.strip_prefix("super::") {
            base.pop();
            rest = outer;
        }
        follow(rest, &base, &mut found);
    }
    found
}

fn follow(rest: &str, base: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(group) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut member = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    follow(member.trim(), base, found);
                    member.clear();
                    continue;
                }
                _ => {}
            }
            member.push(c);
        }
        return follow(member.trim(), base, found);
    }
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return;
    }
    let path: Vec<String> = base.iter().cloned().chain([name.clone()]).collect();
    match rest[name.len()..].strip_prefix("::") {
        Some(more) if !more.starts_with('<') => follow(more, &path, found),
        _ => found.push(path),
    }
}

/// Every dependency between two modules below `prefix`, with a file that has it.
fn dependencies(prefix: &[&str]) -> BTreeMap<(String, String), PathBuf> {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let depth = prefix.len();
    let mut found = BTreeMap::new();
    for file in files {
        let module = module_of(&file);
        let is_test = module.iter().any(|part| part == "tests");
        let inside = |path: &[String]| path.len() > depth && path.iter().zip(prefix).all(|(a, b)| a == b);
        if is_test || !inside(&module) {
            continue;
        }
        for path in paths_in(&code_of(&file), &module) {
            if inside(&path) && path[depth] != module[depth] {
                found.entry((module[depth].clone(), path[depth].clone())).or_insert_with(|| file.clone());
            }
        }
    }
    found
}

/// Compares the source with the table: every dependency is allowed, and every allowed dependency is used.
fn check(prefix: &[&str], allowed: &[(&str, &[&str])]) {
    let found = dependencies(prefix);
    let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    let mut expected = Vec::new();
    for (at, (name, uses)) in allowed.iter().enumerate() {
        for used in *uses {
            let below = names.iter().position(|other| other == used).unwrap();
            // Only `server` is beside the layers above it.
            assert!(below > at, "{used} is above {name}: the table must be ordered");
            expected.push((*name, *used));
        }
    }
    for ((from, to), file) in &found {
        let listed = expected.contains(&(from.as_str(), to.as_str()));
        let is_item = !names.contains(&to.as_str());
        assert!(listed || is_item, "{} uses `{to}`, which `{from}` must not use", file.display());
    }
    for (from, to) in expected {
        let used = found.contains_key(&(from.to_owned(), to.to_owned()));
        assert!(used, "`{from}` does not use `{to}` any more: remove it from the table");
    }
}

#[test]
fn modules_use_only_what_the_table_allows() {
    check(&[], ALLOWED);
    check(&["leadconduit"], ALLOWED_IN_LEADCONDUIT);
}

#[test]
fn every_module_is_in_the_table_and_on_the_map() {
    let lib = std::fs::read_to_string("src/lib.rs").unwrap();
    let declared: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    let mut listed: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(declared, listed);
    for name in declared {
        let row = format!("//! | `{name}` |");
        assert!(lib.lines().any(|line| line.starts_with(&row)), "{name} is missing from the map in lib.rs");
    }
}

#[test]
fn paths_are_extracted_from_every_form_of_use() {
    let module = ["a".to_owned(), "b".to_owned()];
    let code = "use crate::{c::{D, e::F}, g};\nuse super::h::I;\nlet x = crate::j::k();\nuse super::super::l::{M};";
    let found: Vec<String> = paths_in(code, &module).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["c::D", "c::e::F", "g", "j::k", "a::h::I", "l::M"]);
}
