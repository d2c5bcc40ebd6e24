//! The README and the book under `docs/`: every block is executed, or says why not, and the generated parts are
//! current. `docs/src/contributing/overview.md` describes the blocks.

mod blocks;
mod console;
mod generated;

use std::fs;
use std::path::{Path, PathBuf};

/// The README, the rules for contributors, and every page of the book.
pub fn pages() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md")];
    find(Path::new("docs/src"), &mut found);
    found.sort();
    assert!(found.len() > 25, "only {} pages", found.len());
    found
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string("README.md").unwrap().lines().count();
    assert!(lines <= 250, "README.md has {lines} lines; details belong into docs/src");
}

#[test]
fn the_documented_rust_version_is_the_oldest_supported_one() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    for page in ["README.md", "CONTRIBUTING.md", "docs/src/quick-start.md"] {
        assert!(fs::read_to_string(page).unwrap().contains(version), "{page} does not name Rust {version}");
    }
}

#[test]
fn the_summary_lists_every_page() {
    let summary = fs::read_to_string("docs/src/SUMMARY.md").unwrap();
    for page in pages() {
        let Ok(page) = page.strip_prefix("docs/src") else { continue };
        let link = format!("]({})", page.display());
        assert!(page == Path::new("SUMMARY.md") || summary.contains(&link), "{} is not listed", page.display());
    }
}

#[test]
fn every_wire_fault_is_documented() {
    let page = fs::read_to_string("docs/src/reference/faults.md").unwrap();
    let schema = fs::read_to_string("schemas/admin/openapi.yaml").unwrap();
    for (name, _) in leadconduit_mock::scenario_file::WireFault::ALL {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is missing on the page");
        assert!(schema.contains(&format!("- {name}\n")), "{name} is missing in the control API's document");
    }
}

#[test]
fn every_built_in_scenario_is_documented() {
    let page = fs::read_to_string("docs/src/reference/scenarios.md").unwrap();
    for leadconduit_mock::internals::BuiltIn { path: name, .. } in leadconduit_mock::internals::BUILT_IN_SCENARIOS {
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("| `{stem}` |")), "{stem} is missing");
    }
}
