//! The fidelity table: for each operation, which statuses are documented, observed or inferred.

use std::fmt::Write as _;

use super::{Contract, Evidence, Operation};

/// The table in Markdown, grouped by tag, in contract order. Documented statuses are plain, observed ones have `°`,
/// inferred ones `?`.
#[must_use]
pub fn table(contract: &Contract) -> String {
    let mut tags: Vec<&str> = Vec::new();
    for operation in &contract.operations {
        if !tags.contains(&operation.tag.as_str()) {
            tags.push(&operation.tag);
        }
    }
    let mut text = String::from("| operation | | known | statuses |\n|---|---|---|---|\n");
    for tag in tags {
        let _ = writeln!(text, "| **{tag}** | | | |");
        for operation in contract.operations.iter().filter(|operation| operation.tag == tag) {
            text.push_str(&row(operation));
        }
    }
    text
}

fn row(operation: &Operation) -> String {
    let statuses: Vec<String> =
        operation.responses.iter().map(|(status, response)| format!("{status}{}", mark(response.evidence))).collect();
    format!(
        "| `{}` | {} {} | {} | {} |\n",
        operation.id,
        operation.method,
        operation.path,
        operation.evidence,
        statuses.join(" ")
    )
}

fn mark(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "",
        Evidence::Observed => "°",
        Evidence::Inferred => "?",
    }
}
