//! The corpus of the fuzz targets, findings included.

#[path = "../../fuzz/src/harness.rs"]
mod harness;

use std::path::Path;

use harness::{TARGETS, corpus};

#[test]
fn every_input_of_the_corpus_is_handled() {
    for (name, target) in TARGETS {
        let files = corpus(Path::new("fuzz/corpus"), name);
        assert!(files.len() >= 3, "{name} has {} inputs", files.len());
        for file in files {
            target(&std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_target_is_built() {
    let manifest = std::fs::read_to_string("fuzz/Cargo.toml").unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        let target = std::fs::read_to_string(format!("fuzz/targets/{name}.rs")).unwrap();
        assert!(target.contains(&format!("leadconduit_mock_fuzz::{name}(data)")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
