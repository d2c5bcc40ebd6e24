//! The parts of pages that are written from the code. `UPDATE_DOCS=1` updates them.

use std::fs;

use leadconduit_mock::internals::{Contract, Trigger, fidelity_table};

/// Page, name of the part, and its text.
fn parts() -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("reference/operations.md", "operations", fidelity_table(&Contract::built_in().unwrap())),
        ("reference/triggers.md", "triggers", triggers()),
    ]
}

fn triggers() -> String {
    let rows: Vec<String> = Trigger::ALL.iter().map(|(domain, _, what)| format!("| `{domain}` | {what} |\n")).collect();
    format!("| domain | what happens |\n|---|---|\n{}", rows.concat())
}

#[test]
fn generated_parts_are_current() {
    let mut failures = Vec::new();
    for (page, name, expected) in parts() {
        let path = format!("docs/src/{page}");
        let text = fs::read_to_string(&path).unwrap();
        let begin = format!("<!-- generated: {name} -->\n");
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{path} has no {begin}"));
        let (found, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{path} has no end of {name}"));
        // Markdown needs an empty line between the comment and what follows.
        let expected = format!("\n{}\n\n", expected.trim());
        if found == expected {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, format!("{before}{begin}{expected}<!-- end -->{after}")).unwrap();
        } else {
            let differ = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            failures.push(format!("{path}: {name} differs: {differ:?}"));
        }
    }
    let hint = "UPDATE_DOCS=1 cargo test --test suite -- docs::generated";
    assert!(failures.is_empty(), "{}\nwrite them with `{hint}`", failures.join("\n"));
}
