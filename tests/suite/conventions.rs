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
        ("quick_junit::", &["src/recording/report/junit.rs", "src/recording/verify/junit.rs"]),
        (
            "uppsala::",
            &[
                "src/recording/journal/pattern/xml.rs",
                "src/leadconduit/delivery/modules/custom/xml.rs",
                "src/leadconduit/delivery/modules/custom/soap/",
            ],
        ),
        ("scraper::", &["src/leadconduit/delivery/modules/custom/html.rs"]),
        (
            "tokio::",
            &[
                "src/server/",
                "src/app/",
                "src/cli/",
                "src/leadconduit/delivery/",
                "src/support/event_bus.rs",
                "src/support/change_signal.rs",
                "src/support/compute_pool.rs",
            ],
        ),
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

/// Types that are no errors: they have no variants to match, no source and no place for a location.
const UNTYPED_ERRORS: [&str; 7] = ["String", "&str", "&'static str", "Box<str>", "Cow<'static, str>", "Arc<str>", "()"];

/// The error types of all `Result<_, E>` in some code, and those of `type Err` and `type Error`.
fn error_types(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, word) in code.match_indices("Result<") {
        let (mut depth, mut arguments) = (0, vec![String::new()]);
        for c in code[start + word.len()..].replace("->", "  ").chars() {
            match c {
                '>' if depth == 0 => break,
                ',' if depth == 0 => {
                    arguments.push(String::new());
                    continue;
                }
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            arguments.last_mut().unwrap().push(c);
        }
        found.extend(arguments.into_iter().nth(1));
    }
    for word in ["type Err = ", "type Error = "] {
        found.extend(code.split(word).skip(1).filter_map(|rest| rest.split(';').next()).map(str::to_owned));
    }
    found.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn is_untyped(error: &str) -> bool {
    let inner = error.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>'));
    UNTYPED_ERRORS.contains(&inner.unwrap_or(error))
}

#[test]
fn errors_are_types() {
    let mut files = vec![Path::new("build.rs").to_path_buf()];
    rust_files(Path::new("src"), &mut files);
    rust_files(Path::new("crates"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let untyped: Vec<String> = error_types(&code.join("\n")).into_iter().filter(|one| is_untyped(one)).collect();
        assert!(untyped.is_empty(), "{} has errors of type {untyped:?}: derive thiserror::Error", file.display());
    }
}

#[test]
fn error_types_are_extracted_from_every_form_of_result() {
    let code = "fn a() -> Result<(u8, Vec<u8>), String> {}\nfn b() -> std::result::Result<\n    A<B, C>,\n    Vec<String>,\n> {}\n\
                fn c() -> io::Result<()> {}\ntype Err = &'static str;\nfn d(f: fn(&str) -> Result<u8, D>) {}\n\
                fn e() -> Result<Box<dyn Fn(u8) -> u8>, E> {}";
    let found = error_types(code);
    assert_eq!(found, ["String", "Vec<String>", "D", "E", "&'static str"]);
    assert_eq!(found.iter().filter(|error| is_untyped(error)).count(), 3);
}
