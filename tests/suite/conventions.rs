//! Conventions of the source tree, as tests.

use std::path::Path;

use leadconduit_mock::internals::{BUILT_IN_SCENARIOS, BuiltIn};

/// Every Rust file below a folder.
pub fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_scenario_file_is_built_in() {
    let mut listed: Vec<&str> = BUILT_IN_SCENARIOS.iter().map(|file| file.path).collect();
    let mut found: Vec<String> = std::fs::read_dir("scenarios")
        .unwrap()
        .map(|entry| format!("scenarios/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    listed.sort_unstable();
    found.sort_unstable();
    assert_eq!(listed, found);
    for BuiltIn { path: name, text, .. } in BUILT_IN_SCENARIOS {
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        assert!(text.contains(&format!("name: {stem}\n")), "the scenario in {name} has another name");
    }
}

#[test]
fn fenced_libraries_are_used_in_one_module_only() {
    let rows: &[(&str, &[&str])] = &[
        ("jsonschema::", &["src/contract/"]),
        ("serde_yaml::", &[]),
        ("hyper::", &["src/server/"]),
        ("flate2::", &["src/http/content_coding.rs"]),
        ("quick_junit::", &["src/recording/report/junit.rs"]),
        ("tokio::", &["src/server/", "src/app/", "src/cli/", "src/leadconduit/delivery/", "src/support/event_bus.rs"]),
        ("Timestamp::now", &["src/support/clock.rs"]),
        ("Instant::now", &["src/support/clock.rs"]),
    ];
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    assert!(files.len() > 40);
    for (word, modules) in rows {
        for file in &files {
            let name = file.to_str().unwrap();
            let text = std::fs::read_to_string(file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| line.contains(word));
            // The tests of the generator compare it with the JSON Schema validator.
            let tests = name == "src/generate/tests.rs";
            assert!(!code || tests || modules.iter().any(|module| name.starts_with(module)), "{name} uses {word}");
        }
    }
}

#[test]
fn source_files_have_at_most_500_lines() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", file.display());
    }
}

#[test]
fn every_dependency_has_a_comment() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let mut previous = "";
    let mut in_dependencies = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]") && !line.contains("build-");
        } else if in_dependencies && line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with("# "), "{line} has no sentence above it");
        }
        previous = line;
    }
}
