//! `scenarios`: lists the available scenarios.

use std::io::Write as _;

use clap::Args;

use super::args::InputArgs;
use super::error::CliError;
use super::output::{styled_table, terminal_columns};
use super::style::{NAME, PLAIN, color_mode};
use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::scenario::library::ScenarioSummary;
use contract_files::yaml::nearest;

#[derive(Clone, Debug, Args)]
pub(super) struct ScenariosArgs {
    /// Only scenarios with this text in their name
    #[arg(value_name = "TEXT")]
    filter: Option<String>,
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
    let scenarios = select(library.list(), args.filter.as_deref())?;
    if args.json {
        let text = serde_json::to_string_pretty(&scenarios).map_err(std::io::Error::other)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> =
        scenarios.into_iter().map(|scenario| vec![scenario.name, scenario.description.replace('\n', " ")]).collect();
    let color_mode = color_mode(&out);
    write!(out, "{}", styled_table(&rows, &[NAME, PLAIN], color_mode, terminal_columns()))?;
    Ok(())
}

/// The scenarios that a filter selects.
///
/// # Errors
/// There are none.
fn select(all: Vec<ScenarioSummary>, filter: Option<&str>) -> Result<Vec<ScenarioSummary>, CliError> {
    let Some(filter) = filter else { return Ok(all) };
    let text = filter.to_lowercase();
    let (found, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.name.to_lowercase().contains(&text));
    if found.is_empty() {
        let names: Vec<&str> = others.iter().map(|scenario| scenario.name.as_str()).collect();
        let hint = match nearest(&text, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("scenarios are: {}", names.join(", ")),
        };
        return Err(CliError::Usage(format!("no scenario has the text `{filter}` in its name; {hint}")));
    }
    Ok(found)
}
