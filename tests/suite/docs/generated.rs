//! The parts of pages that are written from the code. `UPDATE_DOCS=1` updates them.

mod command_line;
mod control_api;
mod evidence;
mod scenario_language;
mod service;
mod settings;

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::blocks::BINARY;
use crate::support::Mock;

/// A page below `docs/src`, the name of the part, and its text.
type Part = (&'static str, &'static str, String);

fn parts() -> Vec<Part> {
    let contract = print_json(&["openapi", "--format", "json"]);
    let mock = Mock::healthy();
    let control = mock.get("/__admin/admin-openapi.json").json();
    vec![
        ("reference/command-line.md", "commands", command_line::commands()),
        ("reference/control-api.md", "calls", control_api::calls(&control)),
        ("reference/events.md", "metrics", control_api::metrics(&mock.get("/__admin/metrics").text)),
        ("reference/evidence.md", "counts", evidence::counts(&contract)),
        ("reference/evidence.md", "operations", evidence::operations(&contract)),
        ("reference/field-types.md", "types", service::field_types(&mock.get("/types").json())),
        ("reference/limits.md", "settings", settings::limits()),
        ("reference/operations.md", "operations", service::operations()),
        ("reference/problems.md", "problems", service::problems()),
        ("reference/scenario-language.md", "keys", scenario_language::keys()),
        ("reference/services.md", "certificates", service::certificates()),
        ("reference/triggers.md", "triggers", service::triggers()),
    ]
}

/// What a command of the binary prints.
fn print_json(arguments: &[&str]) -> Value {
    let output = Command::new(BINARY).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Text for a cell of a table: one line, without bars.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').replace('|', "\\|").replace('<', "&lt;")
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |");
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}|{}\n{rows}", line(&head), "---|".repeat(head.len()))
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
