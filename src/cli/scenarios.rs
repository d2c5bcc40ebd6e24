//! `scenarios`: lists the available scenarios.

use std::io::Write as _;

use clap::Args;

use super::args::InputArgs;
use super::error::CliError;
use super::output::table;
use crate::app::bootstrap;
use crate::config::settings::Settings;

#[derive(Clone, Debug, Args)]
pub(super) struct ScenariosArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &ScenariosArgs) -> Result<(), CliError> {
    let input = args.input.clone();
    let settings = Settings { schemas: input.schemas, scenarios: input.scenarios, ..Settings::default() };
    let contract = bootstrap::load_contract(&settings)?;
    let (library, _) = bootstrap::load_library(&settings, &contract)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let text = serde_json::to_string_pretty(&library.list()).map_err(std::io::Error::other)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = library
        .list()
        .into_iter()
        .map(|scenario| vec![scenario.name, scenario.description.replace('\n', " ")])
        .collect();
    write!(out, "{}", table(&rows))?;
    Ok(())
}
