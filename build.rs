//! Bundles the built-in contract into one JSON document and converts the built-in scenarios to JSON, so that the server
//! parses no YAML at start.

#![allow(
    clippy::print_stderr,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a build script prints instructions for cargo on standard output and fails with a message"
)]

use std::path::Path;

use contract_files::{bundle, files, yaml};

fn main() {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=scenarios");
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let schemas = Path::new(&root).join("schemas");
    let mut document = match files::read(&schemas, |_| true, |_| Vec::new()) {
        Ok(document) => document,
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                eprintln!("{diagnostic}\n");
            }
            std::process::exit(1);
        }
    };
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let admin = match yaml::Source::read(&schemas.join("admin/openapi.yaml")).and_then(|source| source.parse_json()) {
        Ok(admin) => admin,
        Err(diagnostic) => {
            eprintln!("{diagnostic}");
            std::process::exit(1);
        }
    };
    let bare = bundle::bare(&document);
    let standard = document.as_object_mut().and_then(|document| document.remove(bundle::STANDARD)).unwrap_or_default();
    for (name, document) in [
        ("contract.json", &document),
        ("contract-bare.json", &bare),
        ("standard.json", &standard),
        ("admin-openapi.json", &admin),
    ] {
        let json = serde_json::to_vec(document).expect("JSON is always written");
        std::fs::write(Path::new(&out).join(name), json).expect("the build folder is writable");
    }
    scenarios(&Path::new(&root).join("scenarios"), &Path::new(&out).join("scenarios"));
}

/// Writes each scenario as JSON, and its name, description and parent for lists. The tests check that it is valid.
fn scenarios(folder: &Path, out: &Path) {
    std::fs::create_dir_all(out).expect("the build folder is writable");
    for entry in std::fs::read_dir(folder).expect("the scenarios can be read") {
        let path = entry.expect("the scenarios can be read").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".yaml")) else { continue };
        let scenario = match yaml::Source::read(&path).and_then(|source| source.parse_json()) {
            Ok(scenario) => scenario,
            Err(diagnostic) => {
                eprintln!("{diagnostic}");
                std::process::exit(1);
            }
        };
        let part = |key: &str| scenario.get(key).cloned().unwrap_or_default();
        let head =
            serde_json::json!({"name": part("name"), "description": part("description"), "extends": part("extends")});
        std::fs::write(out.join(format!("{name}.json")), scenario.to_string()).expect("the build folder is writable");
        std::fs::write(out.join(format!("{name}.head.json")), head.to_string()).expect("the build folder is writable");
    }
}
