//! `check`: are the files good, and do their examples hold?

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Failure;
use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::contract::Contract;
use crate::scenario::{Library, Scenario, examples};
use contract_files::yaml::Diagnostic;

/// The flags of `check`.
#[derive(Clone, Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files, or folders of them; the built-in scenarios when none are named
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Check this contract too, and the scenarios against it
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCHEMAS")]
    schemas: Option<PathBuf>,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let settings = Settings { schemas: args.schemas.clone(), ..Settings::default() };
    let contract = bootstrap::contract(&settings)?;
    if let Some(folder) = &args.schemas {
        crate::leadconduit::operations::Behaviours::for_contract(&contract)
            .map_err(bootstrap::StartError::Behaviour)?;
        writeln!(
            out,
            "ok    {} ({} operations, {} schemas)",
            folder.display(),
            contract.operations.len(),
            contract.schema_count()
        )?;
    }
    let mut library = Library::built_in(Arc::clone(&contract)).map_err(bootstrap::StartError::Scenarios)?;
    let mut mistakes = 0;
    let mut names: Vec<String> = Vec::new();
    if args.paths.is_empty() {
        names = library.list().into_iter().map(|listed| listed.name).collect();
    } else {
        match library.read_for_check(&args.paths) {
            Ok(read) => names = read,
            Err(diagnostics) => mistakes += report(&mut out, &diagnostics)?,
        }
    }
    let library = Arc::new(library);
    let mut played = 0;
    for name in &names {
        match library.get_with_warnings(name) {
            Ok((scenario, warnings)) => {
                for warning in warnings {
                    writeln!(out, "warning: {warning}\n")?;
                }
                let failures = play(&settings, &contract, &library, &Arc::new(scenario.clone()));
                played += scenario.examples.len();
                if failures.is_empty() {
                    let count = counted(scenario.examples.len(), "example");
                    writeln!(out, "ok    {} ({count})", scenario.source.name.display())?;
                }
                mistakes += report(&mut out, &failures)?;
            }
            Err(diagnostics) => mistakes += report(&mut out, &diagnostics)?,
        }
    }
    if mistakes > 0 {
        writeln!(out, "{}", counted(mistakes, "mistake"))?;
        return Err(Failure::Check);
    }
    writeln!(out, "{}, {}: all good", counted(names.len(), "scenario"), counted(played, "example"))?;
    Ok(())
}

/// `1 example`, `2 examples`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn report(out: &mut impl std::io::Write, diagnostics: &[Diagnostic]) -> std::io::Result<usize> {
    for diagnostic in diagnostics {
        writeln!(out, "error: {diagnostic}\n")?;
    }
    Ok(diagnostics.len())
}

/// Plays the examples of a scenario. Each starts on a world of its own; every reply is checked against the contract.
fn play(
    settings: &Settings,
    contract: &Arc<Contract>,
    library: &Arc<Library>,
    scenario: &Arc<Scenario>,
) -> Vec<Diagnostic> {
    let settings = Settings { check_replies: true, ..settings.clone() };
    // A world that cannot be made is found once, before any example is played on it.
    if let Err(error) = bootstrap::pipeline(&settings, contract, library, scenario) {
        return vec![Diagnostic::of_file(&scenario.source.name, error.to_string())];
    }
    examples::play(scenario, || {
        let pipeline = bootstrap::pipeline(&settings, contract, library, scenario);
        move |request| match &pipeline {
            Ok(pipeline) => pipeline.answer(&request),
            Err(error) => crate::contract::problem::Problem::internal(&error.to_string()).into_response(),
        }
    })
}
