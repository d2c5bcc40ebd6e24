//! The packages for Node and Python.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Whether a file is generated from the current document can be known without Node and Python: it names the document's hash.
#[test]
fn types_of_the_packages_are_generated_from_the_current_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read(root.join("schemas/admin/openapi.yaml")).unwrap();
    let hash = Sha256::digest(&document).iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    for (file, command) in [
        ("clients/node/src/control-api.ts", "npm run types"),
        ("clients/python/src/leadconduit_mock/control_api.py", "python scripts/generate_types.py"),
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let head: String = text.lines().take(6).collect::<Vec<_>>().join("\n");
        assert!(
            head.contains(&format!("SHA-256 of that file: {hash}")),
            "{file} is from another schemas/admin/openapi.yaml: run `{command}` there",
        );
    }
}
