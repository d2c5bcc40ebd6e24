//! The command line: one file a subcommand. Exit codes: 0 good, 1 the check, the report or a submission failed, 2 wrong
//! usage, 3 bad file, 4 cannot listen.

mod check;
mod client;
mod completions;
mod control;
mod health;
mod leads;
mod line;
mod log;
mod openapi;
mod operations;
mod report;
mod scenarios;
mod serve;
mod tail;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::app::bootstrap::StartError;

/// The mock's command line.
#[derive(Debug, Parser)]
#[command(
    name = "leadconduit-mock",
    version,
    about = "A stand-in for ActiveProspect's LeadConduit API, for development, tests and CI",
    long_about = "A stand-in for ActiveProspect's LeadConduit API: it keeps state, checks what clients send against \
                  the documented contract, and can break on purpose.\n\n\
                  Without a subcommand it serves the scenario `healthy` on http://127.0.0.1:4010.",
    after_help = "Every flag can be given as an environment variable too: --port is LEADCONDUIT_MOCK_PORT.\n\
                  Exit codes: 0 good, 1 the check, the report or a submission failed, 2 wrong usage, 3 bad file, \
                  4 cannot listen.",
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (what happens without a subcommand)
    Serve(Box<serve::ServeArgs>),
    /// Check scenario files and a contract, and play the examples in them
    Check(check::CheckArgs),
    /// List the operations that are served
    Operations(operations::OperationsArgs),
    /// List the scenarios to choose from
    Scenarios(scenarios::ScenariosArgs),
    /// Print the contract as one OpenAPI 3.1 document
    Openapi(openapi::OpenapiArgs),
    /// Ask a running server whether it is ready
    Health(health::HealthArgs),
    /// Let a running server play another scenario
    Use(control::UseArgs),
    /// Let a running server start anew in the scenario it plays
    Reset(control::ResetArgs),
    /// Watch what happens in a running server, one line a request
    Tail(tail::TailArgs),
    /// Show what has been exercised and what was wrong: of running servers, and of saved reports
    Report(Box<report::ReportArgs>),
    /// Make believable test leads for a flow, to print them or to submit them to a running server
    Leads(Box<leads::LeadsArgs>),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
}

/// Where contract and scenarios come from.
#[derive(Clone, Debug, Default, Args)]
struct InputArgs {
    /// A folder of scenario files besides the built-in ones
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCENARIOS")]
    scenarios: Option<std::path::PathBuf>,
    /// A folder with a contract (openapi.yaml, paths/, models/) in place of the built-in one
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCHEMAS")]
    schemas: Option<std::path::PathBuf>,
}

/// What a subcommand ended with.
#[derive(Debug)]
enum Failure {
    /// The check or the report failed; what is wrong has been said.
    Check,
    /// Something could not be loaded or bound.
    Start(StartError),
    /// A running server is not ready, refuses, or cannot be reached.
    Server(String),
    /// A file cannot be read or written.
    Input(String),
    /// What was asked for does not exist.
    Usage(String),
    /// Standard output is gone, or the runtime could not be made.
    Io(std::io::Error),
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Check | Self::Server(_) | Self::Io(_) => 1,
            Self::Start(StartError::Bind { .. }) => 4,
            Self::Usage(_) => 2,
            Self::Start(_) | Self::Input(_) => 3,
        }
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    // The time that a start takes is counted from here.
    let _ = crate::support::clock::uptime();
    let cli = Cli::parse();
    let result = match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Operations(args)) => operations::run(&args),
        Some(Command::Scenarios(args)) => scenarios::run(&args),
        Some(Command::Openapi(args)) => openapi::run(&args),
        Some(Command::Health(args)) => health::run(&args),
        Some(Command::Use(args)) => control::run_use(&args),
        Some(Command::Reset(args)) => control::run_reset(&args),
        Some(Command::Tail(args)) => tail::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Leads(args)) => leads::run(&args),
        Some(Command::Completions(args)) => completions::run(&args, &mut Cli::command()),
    };
    let Err(failure) = result else { return ExitCode::SUCCESS };
    match &failure {
        // A reader that went away (`| head`) is no failure.
        Failure::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Check => {}
        Failure::Start(error) => complain(&error_text(error)),
        Failure::Server(message) | Failure::Input(message) | Failure::Usage(message) => complain(message),
        Failure::Io(error) => complain(&error.to_string()),
    }
    ExitCode::from(failure.exit_code())
}

fn error_text(error: &StartError) -> String {
    match error {
        StartError::Bind { address, error } if error.kind() == std::io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program does; stop it, or choose another port with --port (0 picks a free one)"
        ),
        other => other.to_string(),
    }
}

/// A line on standard error. Nothing is done when even that is gone.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}

/// Resolves when the process is asked to stop, by either of the usual signals.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Columns of text, as wide as their widest entry.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_environment_twin() {
        for command in Cli::command().get_subcommands() {
            for flag in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
                let long = flag.get_long().unwrap_or_default();
                if matches!(long, "help" | "version" | "json" | "markdown" | "format") {
                    continue;
                }
                let twin = format!("LEADCONDUIT_MOCK_{}", long.to_uppercase().replace('-', "_"));
                let found = flag.get_env().map(|env| env.to_string_lossy().into_owned());
                assert_eq!(found.as_deref(), Some(twin.as_str()), "--{long} of {}", command.get_name());
            }
        }
    }
}
