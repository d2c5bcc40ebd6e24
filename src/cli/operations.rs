//! `operations`: lists the operations of the API.

use std::io::Write as _;

use clap::Args;
use serde_json::json;

use super::args::InputArgs;
use super::error::CliError;
use super::output::table;
use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::contract::fidelity;

#[derive(Clone, Debug, Args)]
pub(super) struct OperationsArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a Markdown table with the evidence for each operation and status
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &OperationsArgs) -> Result<(), CliError> {
    let contract = bootstrap::load_contract(&Settings { schemas: args.input.schemas.clone(), ..Settings::default() })?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let list: Vec<_> = contract
            .operations
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
    let rows: Vec<Vec<String>> = contract
        .operations
        .iter()
        .map(|o| {
            let statuses: Vec<String> = o.responses.keys().map(u16::to_string).collect();
            vec![o.method.to_string(), o.path.clone(), o.id.clone(), o.evidence.to_string(), statuses.join(" ")]
        })
        .collect();
    write!(out, "{}", table(&rows))?;
    Ok(())
}
