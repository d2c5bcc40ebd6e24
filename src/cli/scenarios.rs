//! `scenarios`: what there is to choose from, one line each.

use std::io::Write as _;

use clap::Args;

use super::{Failure, InputArgs, table};
use crate::app::bootstrap;
use crate::config::settings::Settings;

/// The flags of `scenarios`.
#[derive(Clone, Debug, Args)]
pub(super) struct ScenariosArgs {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &ScenariosArgs) -> Result<(), Failure> {
    let input = args.input.clone();
    let settings = Settings { schemas: input.schemas, scenarios: input.scenarios, ..Settings::default() };
    let contract = bootstrap::contract(&settings)?;
    let (library, _) = bootstrap::library(&settings, &contract)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let text = serde_json::to_string_pretty(&library.list()).map_err(std::io::Error::other)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> =
        library.list().into_iter().map(|listed| vec![listed.name, listed.description.replace('\n', " ")]).collect();
    write!(out, "{}", table(&rows))?;
    Ok(())
}
