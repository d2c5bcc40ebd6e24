//! `check`: validates scenario files and a contract, and runs the examples of the scenarios.

use std::io::{StdoutLock, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::error::CliError;
use super::output::count_noun;
use super::style::{ERROR, SUCCESS, color_mode, message, styled};
use crate::app::bootstrap::{self, StartError};
use crate::config::settings::Settings;
use crate::contract::Contract;
use crate::scenario::{Library, Scenario, examples};
use contract_files::yaml::Diagnostic;

#[derive(Clone, Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files, or folders of them [default: the built-in scenarios]
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// A folder with a contract to validate, which the scenarios then use
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCHEMAS")]
    schemas: Option<PathBuf>,
    /// Fail on warnings too, such as a misspelt property of an account
    #[arg(long, env = "LEADCONDUIT_MOCK_STRICT", value_parser = BoolishValueParser::new())]
    strict: bool,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let color_mode = color_mode(&out);
    let ok = styled(color_mode, SUCCESS, "ok");
    let settings = Settings { schemas: args.schemas.clone(), ..Settings::default() };
    let contract = bootstrap::load_contract(&settings).map_err(CliError::Checked)?;
    if let Some(folder) = &args.schemas {
        let table = crate::leadconduit::operations::HandlerTable::for_contract(&contract);
        table.map_err(|errors| CliError::Checked(StartError::Operations(errors)))?;
        writeln!(
            out,
            "{ok}    {} ({} operations, {} schemas)",
            folder.display(),
            contract.operations.len(),
            contract.count_schemas()
        )?;
    }
    let mut library = Library::built_in(Arc::clone(&contract)).map_err(StartError::Scenarios)?;
    let mut error_count = 0;
    let mut names: Vec<String> = Vec::new();
    if args.paths.is_empty() {
        names = library.list().into_iter().map(|scenario| scenario.name).collect();
    } else {
        match library.read_for_check(&args.paths) {
            Ok(read) => names = read,
            Err(diagnostics) => error_count += print_diagnostics(&mut out, &diagnostics)?,
        }
    }
    let library = Arc::new(library);
    let (mut example_count, mut warning_count) = (0, 0);
    for name in &names {
        match library.get_with_warnings(name) {
            Ok((scenario, warnings)) => {
                warning_count += warnings.len();
                for warning in warnings {
                    writeln!(out, "{}\n", message(color_mode, "warning", &warning.to_string()))?;
                }
                let failures = run_examples(&settings, &contract, &library, &Arc::new(scenario.clone()));
                example_count += scenario.examples.len();
                if failures.is_empty() {
                    let count = count_noun(scenario.examples.len(), "example");
                    writeln!(out, "{ok}    {} ({count})", scenario.source.name.display())?;
                }
                error_count += print_diagnostics(&mut out, &failures)?;
            }
            Err(diagnostics) => error_count += print_diagnostics(&mut out, &diagnostics)?,
        }
    }
    if error_count > 0 {
        writeln!(out, "{}", styled(color_mode, ERROR, count_noun(error_count, "error")))?;
        return Err(CliError::Reported);
    }
    let verdict = match warning_count {
        0 => "all good".to_owned(),
        count => format!("no errors, {}", count_noun(count, "warning")),
    };
    writeln!(out, "{}, {}: {verdict}", count_noun(names.len(), "scenario"), count_noun(example_count, "example"))?;
    if args.strict && warning_count > 0 { Err(CliError::Reported) } else { Ok(()) }
}

fn print_diagnostics(out: &mut StdoutLock<'_>, diagnostics: &[Diagnostic]) -> std::io::Result<usize> {
    let color_mode = color_mode(out);
    for diagnostic in diagnostics {
        writeln!(out, "{}\n", message(color_mode, "error", &diagnostic.to_string()))?;
    }
    Ok(diagnostics.len())
}

/// Runs the examples of a scenario, each in a world of its own. Every response is validated against the contract.
fn run_examples(
    settings: &Settings,
    contract: &Arc<Contract>,
    library: &Arc<Library>,
    scenario: &Arc<Scenario>,
) -> Vec<Diagnostic> {
    let settings = Settings { check_replies: true, ..settings.clone() };
    // An invalid world is reported once, not for every example.
    if let Err(error) = bootstrap::build_pipeline(&settings, contract, library, scenario) {
        return vec![Diagnostic::of_file(&scenario.source.name, error.to_string())];
    }
    examples::run(scenario, || {
        let pipeline = bootstrap::build_pipeline(&settings, contract, library, scenario);
        move |request| match &pipeline {
            Ok(pipeline) => pipeline.handle(&request),
            Err(error) => crate::contract::problem::Problem::internal(&error.to_string()).into_response(),
        }
    })
}
