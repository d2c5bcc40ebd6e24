//! `operations`: lists the operations of the API.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use serde_json::json;

use super::args::InputArgs;
use super::error::CliError;
use super::output::{styled_table, terminal_columns};
use super::style::{ColorMode, DIM, HEADING, INFO, NAME, PLAIN, color_mode, styled};
use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::contract::{Contract, Operation, fidelity};
use contract_files::yaml::nearest;

/// The narrowest column of statuses in a line with everything else.
const STATUSES_COLUMNS_MIN: usize = 24;

#[derive(Clone, Debug, Args)]
pub(super) struct OperationsArgs {
    /// Only operations of this tag, or with this text in their id, path or method
    #[arg(value_name = "TAG|TEXT")]
    filter: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a Markdown table with the evidence for each operation and status
    #[arg(long, conflicts_with_all = ["json", "filter"])]
    markdown: bool,
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &OperationsArgs) -> Result<(), CliError> {
    let contract = bootstrap::load_contract(&Settings { schemas: args.input.schemas.clone(), ..Settings::default() })?;
    let mut out = std::io::stdout().lock();
    let operations = select(&contract, args.filter.as_deref())?;
    if args.json {
        let list: Vec<_> = operations
            .iter()
            .map(|o| {
                let statuses: serde_json::Map<String, serde_json::Value> = o
                    .responses
                    .iter()
                    .map(|(status, response)| (status.to_string(), response.evidence.as_str().into()))
                    .collect();
                json!({
                    "operation": o.id,
                    "method": o.method.as_str(),
                    "path": o.path,
                    "tag": o.tag,
                    "summary": o.summary,
                    "evidence": o.evidence.as_str(),
                    "statuses": statuses,
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&list).map_err(std::io::Error::other)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    if args.markdown {
        write!(out, "{}", fidelity::table(&contract))?;
        return Ok(());
    }
    let color_mode = color_mode(&out);
    write!(out, "{}", list(&operations, color_mode, terminal_columns()))?;
    Ok(())
}

/// The operations that a filter selects.
///
/// # Errors
/// There are none.
fn select<'c>(contract: &'c Contract, filter: Option<&str>) -> Result<Vec<&'c Operation>, CliError> {
    let Some(filter) = filter else { return Ok(contract.operations.iter().collect()) };
    let text = filter.to_lowercase();
    let of_tag = |operation: &&Operation| operation.tag.to_lowercase() == text;
    let with_text = |operation: &&Operation| {
        let parts = [operation.id.as_str(), &operation.path, &operation.tag, operation.method.as_str()];
        parts.iter().any(|part| part.to_lowercase().contains(&text))
    };
    let mut found: Vec<&Operation> = contract.operations.iter().filter(of_tag).collect();
    if found.is_empty() {
        found = contract.operations.iter().filter(with_text).collect();
    }
    if found.is_empty() {
        let mut tags: Vec<&str> = contract.operations.iter().map(|operation| operation.tag.as_str()).collect();
        tags.sort_unstable();
        tags.dedup();
        let hint = match nearest(&text, tags.iter().copied()) {
            Some(tag) => format!("did you mean `{tag}`?"),
            None => format!("tags are: {}", tags.join(", ")),
        };
        return Err(CliError::Usage(format!("no operation has the tag or text `{filter}`; {hint}")));
    }
    Ok(found)
}

/// The operations under their tags: one line each, or two where the terminal is too narrow.
fn list(operations: &[&Operation], color_mode: ColorMode, columns: Option<usize>) -> String {
    let mut text = String::new();
    // The paths of a tag are not always together in the contract.
    let mut by_tag = operations.to_vec();
    by_tag.sort_by_key(|operation| operations.iter().position(|first| first.tag == operation.tag));
    for group in by_tag.chunk_by(|a, b| a.tag == b.tag) {
        let tag = group.first().map_or("", |operation| operation.tag.as_str());
        let separator = if text.is_empty() { "" } else { "\n" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{separator}{}", styled(color_mode, HEADING, tag));
        let row = |operation: &&Operation| {
            let statuses: Vec<String> = operation.responses.keys().map(u16::to_string).collect();
            let (method, evidence) = (operation.method.to_string(), operation.evidence.to_string());
            vec![format!("  {method:<6}"), operation.path.clone(), operation.id.clone(), evidence, statuses.join(" ")]
        };
        let rows: Vec<Vec<String>> = group.iter().map(row).collect();
        let width = |row: &Vec<String>| row[..4].iter().map(|cell| cell.chars().count() + 2).sum::<usize>();
        let width = rows.iter().map(width).max().unwrap_or(0);
        if columns.is_none_or(|columns| width + STATUSES_COLUMNS_MIN <= columns) {
            text.push_str(&styled_table(&rows, &[INFO, PLAIN, NAME, DIM, DIM], color_mode, columns));
            continue;
        }
        for row in rows {
            let _ = writeln!(text, "{}  {}", styled(color_mode, INFO, &row[0]), row[1]);
            let details = vec![vec![" ".repeat(8), row[2].clone(), row[3..].join("  ")]];
            text.push_str(&styled_table(&details, &[PLAIN, NAME, DIM], color_mode, columns));
        }
    }
    text
}
