//! The command line: one file for each subcommand.
//!
//! A new subcommand is a file with its flags (`FooArgs`) and `run`, a variant of `Command` and a line in [`run`]. Every
//! flag has an environment variable (a test checks it). Exit codes: 0 success, 1 a check, report or submission failed,
//! 2 wrong usage, 3 bad file, 4 cannot listen.

mod args;
mod banner;
mod ca;
mod check;
mod client;
mod completions;
mod connector;
mod control;
mod error;
mod health;
mod help;
mod leads;
mod log;
mod log_record;
mod openapi;
mod operations;
mod output;
mod report;
mod run;
mod sandbox_check;
mod scenarios;
mod serve;
mod signals;
mod style;
mod suggest;
mod tail;
mod tls;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "leadconduit-mock",
    version,
    about = "A mock server for ActiveProspect's LeadConduit API, for development, tests and CI",
    long_about = "A mock server for ActiveProspect's LeadConduit API: it keeps state, validates requests against the \
                  documented contract, and simulates faults.\n\n\
                  Without a subcommand it serves the scenario `healthy` on http://127.0.0.1:4010.",
    after_help = "`leadconduit-mock serve --help` lists all options of the server.\n\
                  Every flag has an environment variable: --port is LEADCONDUIT_MOCK_PORT.\n\
                  Exit codes: 0 success, 1 the check, the report or a submission failed, 2 wrong usage, 3 bad file, \
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
    /// Serve the API (the default without a subcommand)
    Serve(Box<serve::ServeArgs>),
    /// Start a server on a free port, run a command with its URL in the environment, and report
    Run(Box<run::RunArgs>),
    /// Validate scenario files and a contract, and run the examples in the scenarios
    Check(check::CheckArgs),
    /// List the operations of the API
    Operations(operations::OperationsArgs),
    /// List the available scenarios
    Scenarios(scenarios::ScenariosArgs),
    /// Print the contract as one OpenAPI 3.1 document
    Openapi(openapi::OpenapiArgs),
    /// Check whether a running server is ready
    Health(health::HealthArgs),
    /// Change the scenario of a running server
    Use(control::UseArgs),
    /// Reset a running server to the start of its scenario
    Reset(control::ResetArgs),
    /// Add, list and remove faults of a running server
    Fault(control::FaultArgs),
    /// Show, freeze, advance and resume the clock of a running server
    Clock(control::ClockArgs),
    /// Save and restore the state of a running server
    Snapshot(control::SnapshotArgs),
    /// List and end the sandboxes of a running server
    Sandbox(control::SandboxArgs),
    /// List the requests that a running server has recorded
    Requests(control::RequestsArgs),
    /// Explain the response to a request, without sending it to the API
    Explain(control::ExplainArgs),
    /// Verify expectations about the recorded requests of a running server
    Verify(control::VerifyArgs),
    /// Follow the requests and changes of a running server, one line each
    Tail(tail::TailArgs),
    /// Show coverage and violations, from running servers and saved reports
    Report(Box<report::ReportArgs>),
    /// Generate test leads for a flow, and print them or submit them to a running server
    Leads(Box<leads::LeadsArgs>),
    /// Show the generated certificate authority of HTTPS, and how clients trust it
    Ca(ca::CaArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
}

/// The definition of the command line, with the order of options that `--help` shows.
#[must_use]
pub fn definition() -> clap::Command {
    help::arrange(Cli::command())
}

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(code) = run::guard::run_if_requested() {
        return code;
    }
    if !has_random_numbers() {
        let message = "the system has no random numbers: getrandom is not available, and /dev/urandom cannot be read; mount \
                       /dev, or allow getrandom in the sandbox's rules";
        error::print_error(message);
        return ExitCode::FAILURE;
    }
    // Starts the clock that measures the startup time.
    let _ = crate::support::clock::uptime();
    let command = definition();
    let parsed = command.clone().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(mut error) => match suggest::explain(&error, &command, &arguments()) {
            Some(message) => {
                error::print_error(&message);
                return ExitCode::from(2);
            }
            // Prints the error, or the help that was asked for.
            None => {
                suggest::remove_far_suggestion(&mut error);
                error.exit();
            }
        },
    };
    let result = match cli.command {
        Some(Command::Run(args)) => {
            return run::run(&args).unwrap_or_else(|error| {
                error.print();
                ExitCode::from(error.exit_code())
            });
        }
        None => serve::run(&cli.serve),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Operations(args)) => operations::run(&args),
        Some(Command::Scenarios(args)) => scenarios::run(&args),
        Some(Command::Openapi(args)) => openapi::run(&args),
        Some(Command::Health(args)) => health::run(&args),
        Some(Command::Use(args)) => control::run_use(&args),
        Some(Command::Reset(args)) => control::run_reset(&args),
        Some(Command::Fault(args)) => control::run_fault(&args),
        Some(Command::Clock(args)) => control::run_clock(&args),
        Some(Command::Snapshot(args)) => control::run_snapshot(&args),
        Some(Command::Sandbox(args)) => control::run_sandbox(&args),
        Some(Command::Requests(args)) => control::run_requests(&args),
        Some(Command::Explain(args)) => control::run_explain(&args),
        Some(Command::Verify(args)) => control::run_verify(&args),
        Some(Command::Tail(args)) => tail::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Leads(args)) => leads::run(&args),
        Some(Command::Ca(args)) => ca::run(&args),
        Some(Command::Completions(args)) => completions::run(&args, Cli::command()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            ExitCode::from(error.exit_code())
        }
    }
}

/// Whether hash maps get random keys. The standard library panics without them, and has no other way to ask.
fn has_random_numbers() -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let made = std::panic::catch_unwind(std::hash::RandomState::new);
    std::panic::set_hook(hook);
    made.is_ok()
}

/// The arguments of this process as far as they are UTF-8, for messages.
fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
        definition().debug_assert();
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        fn check(command: &clap::Command) {
            for flag in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
                let long = flag.get_long().unwrap_or_default();
                if matches!(long, "help" | "version" | "json" | "markdown" | "format") {
                    continue;
                }
                let expected = format!("LEADCONDUIT_MOCK_{}", long.to_uppercase().replace('-', "_"));
                let found = flag.get_env().map(|env| env.to_string_lossy().into_owned());
                assert_eq!(found.as_deref(), Some(expected.as_str()), "--{long} of {}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
