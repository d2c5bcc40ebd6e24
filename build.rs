//! Bundles the built-in contract into one JSON document and converts the built-in scenarios to JSON, so that the server
//! parses no YAML at start. Writes the numbering plans of phone numbers, so that the server contains no parser of them.

#![allow(
    clippy::print_stderr,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a build script prints instructions for cargo on standard output and fails with a message"
)]

use std::path::Path;

use contract_files::{bundle, files, yaml};
use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use serde_json::{Value, json};

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
    let read = |file: &str| match yaml::Source::read(&schemas.join(file)).and_then(|source| source.parse_json()) {
        Ok(document) => document,
        Err(diagnostic) => {
            eprintln!("{diagnostic}");
            std::process::exit(1);
        }
    };
    let admin: Value = read("admin/openapi.yaml");
    let suppressionlist: Value = read("services/suppressionlist.yaml");
    let bare = bundle::bare(&document);
    let standard = document.as_object_mut().and_then(|document| document.remove(bundle::STANDARD)).unwrap_or_default();
    for (name, document) in [
        ("contract.json", &document),
        ("contract-bare.json", &bare),
        ("standard.json", &standard),
        ("admin-openapi.json", &admin),
        ("suppressionlist-openapi.json", &suppressionlist),
    ] {
        let json = serde_json::to_vec(document).expect("JSON is always written");
        std::fs::write(Path::new(&out).join(name), json).expect("the build folder is writable");
    }
    scenarios(&Path::new(&root).join("scenarios"), &Path::new(&out).join("scenarios"));
    std::fs::write(Path::new(&out).join("numbering-plans.tsv"), numbering_plans())
        .expect("the build folder is writable");
}

/// One line for each calling code: the code, a tab, and its regions as JSON, the main one first.
fn numbering_plans() -> String {
    let mut lines = String::new();
    for code in 1..1000_u16 {
        let Some(regions) = DATABASE.by_code(&code) else { continue };
        let regions: Vec<Value> = regions.into_iter().map(region).collect();
        for part in [code.to_string().as_str(), "\t", Value::from(regions).to_string().as_str(), "\n"] {
            lines.push_str(part);
        }
    }
    lines
}

/// The numbering plan of a region, with what `phone/plan.rs` needs.
fn region(metadata: &Metadata) -> Value {
    // The metadata has line breaks in long patterns.
    let pattern = |text: &str| text.split_whitespace().collect::<String>();
    let kinds = metadata.descriptors();
    let [mobile, others @ ..] = [
        kinds.mobile(),
        kinds.premium_rate(),
        kinds.toll_free(),
        kinds.shared_cost(),
        kinds.voip(),
        kinds.personal_number(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
        kinds.fixed_line(),
    ];
    let others: Vec<&Descriptor> = others.into_iter().flatten().collect();
    let of_kind = |kind: &Descriptor| {
        json!([pattern(kind.national_number().as_str()), kind.possible_length(), kind.possible_local_length()])
    };
    let international = metadata.international_formats();
    let formats = if international.is_empty() { metadata.formats() } else { international };
    let formats = formats.iter().map(|format| {
        let leading = format.leading_digits().last().map(|leading| pattern(leading.as_str()));
        json!([pattern(format.pattern().as_str()), leading, format.format()])
    });
    let prefix = metadata.national_prefix_for_parsing().map(|prefix| pattern(prefix.as_str()));
    json!({
        "id": metadata.id(),
        "leading": metadata.leading_digits().map(|leading| pattern(leading.as_str())),
        "prefix": prefix.or_else(|| metadata.national_prefix().map(str::to_owned)),
        "rule": metadata.national_prefix_transform_rule(),
        "general": pattern(kinds.general().national_number().as_str()),
        "kinds": others.iter().copied().chain(mobile).map(of_kind).collect::<Vec<_>>(),
        // Mobile numbers are the last kind.
        "mobile": mobile.map(|_| others.len()),
        "formats": formats.collect::<Vec<_>>(),
    })
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
        let head = json!({"name": part("name"), "description": part("description"), "extends": part("extends")});
        std::fs::write(out.join(format!("{name}.json")), scenario.to_string()).expect("the build folder is writable");
        std::fs::write(out.join(format!("{name}.head.json")), head.to_string()).expect("the build folder is writable");
    }
}
