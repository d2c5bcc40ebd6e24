//! Bundles the built-in contract into one JSON document, so that a start parses no YAML for it.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the modules are the crate's own; not all of them is used here"
)]
#![allow(
    clippy::print_stderr,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "this is how a build script speaks and fails"
)]

use std::path::Path;

#[path = "src/contract/bundle.rs"]
mod bundle;
#[path = "src/contract/files.rs"]
mod files;
#[path = "src/pointer.rs"]
mod pointer;
#[path = "src/yaml.rs"]
mod yaml;

fn main() {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=src/contract/bundle.rs");
    println!("cargo::rerun-if-changed=src/contract/files.rs");
    println!("cargo::rerun-if-changed=src/pointer.rs");
    println!("cargo::rerun-if-changed=src/yaml.rs");
    let schemas = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("schemas");
    let mut document = match files::read(&schemas, |_| true) {
        Ok(document) => document,
        Err(diagnoses) => {
            for diagnosis in diagnoses {
                eprintln!("{diagnosis}\n");
            }
            std::process::exit(1);
        }
    };
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let admin = match yaml::Source::read(&schemas.join("admin/openapi.yaml")).and_then(|source| source.parse_json()) {
        Ok(admin) => admin,
        Err(diagnosis) => {
            eprintln!("{diagnosis}");
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
}
