//! `run`: starts a server on a free port, runs a command with its address in the environment, and turns the command's
//! exit code, the report and the expectations into one exit code.
//!
//! Standard input and output belong to the command. `run` itself prints to standard error only.

mod command;
mod environment;
mod expectations;
mod github;
pub(super) mod guard;
mod members;
mod outcome;
mod proxy;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::sync::oneshot;

use self::command::{CommandEnd, RunningCommand};
use self::environment::Environment;
use self::expectations::{ExpectationFile, FileVerification};
use self::guard::Guard;
use self::outcome::Outcome;
use super::client::ArgumentError;
use super::error::CliError;
use super::log;
use super::serve::{self, ServeArgs};
use super::signals::SignalQueue;
use super::style::{DIM, color_mode, message, styled};
use crate::app::bootstrap::{self, LoadedApp, StartError};
use crate::app::watch::Watcher;
use crate::config::settings::{DEFAULT_SANDBOX, Settings};
use crate::control::Access;
use crate::recording::report::{self, FailOn, Report, ReportVerdict};
use crate::sandbox::selector::is_valid_name;
use crate::support::clock::{InvalidDuration, parse_ms};

/// The log shows warnings and errors only, because the output of the command is on the same terminal.
const LOG_FILTER: &str = "warn";

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The command gets LEADCONDUIT_URL (the base URL), LEADCONDUIT_API_KEY, LEADCONDUIT_SUPERUSER_API_KEY and \
LEADCONDUIT_MOCK_URL, which `leadconduit-mock use`, `fault`, `verify` and others read.\n\n\
Without --fail-on, `run` fails on violations, on unmatched requests and on nothing.\n\n\
Exit codes: the command's if it is not 0, else 1 if the report or an expectation failed, else 0. 124 the command took \
too long, 126 it cannot be executed, 127 it was not found, 128+N it was ended by signal N. Before the command starts: 2 \
wrong usage, 3 bad file, 4 cannot listen.\n\n\
SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on; a second SIGINT or SIGTERM kills the command. The report is written \
in either case.\n\
A duration is a number of milliseconds, or text such as 2s, 90s or 1h30m.")]
pub(crate) struct RunArgs {
    /// End the command after this time: SIGTERM, 5 s later SIGKILL; the exit code is 124
    #[arg(long, value_name = "DURATION", env = "LEADCONDUIT_MOCK_TIMEOUT", value_parser = parse_timeout, help_heading = "Command")]
    timeout: Option<u64>,
    /// Expectations (JSON or YAML) about the requests in one sandbox, verified after the command
    #[arg(long, value_name = "FILE", env = "LEADCONDUIT_MOCK_EXPECT", help_heading = "Command")]
    expect: Option<PathBuf>,
    /// The sandbox of --expect
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SANDBOX, env = "LEADCONDUIT_MOCK_SANDBOX", value_parser = parse_sandbox, help_heading = "Command")]
    sandbox: String,
    #[command(flatten)]
    serve: ServeArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND", help_heading = "Command")]
    command: Vec<OsString>,
}

/// A value of `--timeout`.
#[derive(Debug, thiserror::Error)]
enum InvalidTimeout {
    /// Not a duration.
    #[error(transparent)]
    Duration(#[from] InvalidDuration),
    /// The command would be ended before it begins.
    #[error("it must be longer than 0; leave --timeout out to wait as long as the command takes")]
    Zero,
}

/// A value of `--sandbox`.
fn parse_sandbox(text: &str) -> Result<String, ArgumentError> {
    if is_valid_name(text) { Ok(text.to_owned()) } else { Err(ArgumentError::Sandbox) }
}

fn parse_timeout(text: &str) -> Result<u64, InvalidTimeout> {
    let ms = parse_ms(text)?;
    if ms == 0 { Err(InvalidTimeout::Zero) } else { Ok(ms) }
}

/// Runs the command. The exit code is in the result unless the server could not start.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, CliError> {
    let mut serve_args = args.serve.clone();
    serve_args.default_port(0);
    serve_args.default_fail_on(&[FailOn::Violations, FailOn::Unmatched, FailOn::Nothing]);
    let log = log::start(serve_args.log_format(), LOG_FILTER);
    let mut signals = SignalQueue::start().map_err(StartError::Signals)?;
    // Before the scenarios are loaded, so that it is ready when the command starts.
    let guard = Guard::start()?;
    let (settings, app) = serve::load(&serve_args)?;
    require_usable_proxy(&settings)?;
    let expectations =
        args.expect.as_deref().map(|file| ExpectationFile::read(file, &app.pipeline.state.contract)).transpose()?;
    let state = Arc::clone(&app.pipeline.state);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let end = runtime.block_on(serve_during_command(args, &settings, app, guard, &mut signals))?;
    // From here on, a signal ends this process at once.
    drop(signals);
    // Does not wait for long computations.
    runtime.shutdown_background();
    let mut report = serve::build_report(&serve_args, &state)?;
    let verification = expectations.map(|file| file.verify(&state, &args.sandbox));
    report.expectations = verification.iter().flat_map(FileVerification::reports).collect();
    let verdict = ReportVerdict::new(&report, &serve_args.criteria());
    let saved = serve_args.save_reports(&report, &verdict);
    drop(log);
    let unsaved = saved.err();
    let outcome = Outcome { program: program_name(&args.command), end, verdict: &verdict, verification, unsaved };
    print_report(&report, &outcome)?;
    github::annotate(&report, &outcome);
    Ok(exit_code(outcome.exit_code()))
}

/// Beyond loopback, the proxy is closed without a token: every request of the command would fail.
fn require_usable_proxy(settings: &Settings) -> Result<(), CliError> {
    if settings.intercept.is_none() || !Access::new(settings).is_closed() {
        return Ok(());
    }
    let host = settings.host;
    Err(CliError::Usage(format!(
        "--intercept on {host} needs a token, because other machines reach the proxy there: add --admin-token TOKEN, which \
         the command gets as the password of the proxy, or leave --host {host} out"
    )))
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Serves until the command has ended.
async fn serve_during_command(
    args: &RunArgs,
    settings: &Settings,
    app: LoadedApp,
    guard: Guard,
    signals: &mut SignalQueue,
) -> Result<CommandEnd, CliError> {
    let (listener, acceptor) = bootstrap::bind(settings).await?;
    let address = listener.local_addr()?;
    app.pipeline.policy.outbound.set_own_address(address);
    let watcher = Watcher::start(settings, &app.pipeline.state)?;
    let environment = Environment::new(settings, &app, address)?;
    print_start(&app, &environment);
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_signal = async move {
        let _ = stopped.await;
    };
    let server = crate::server::serve(listener, acceptor, app.pipeline, settings.limits, stop_signal);
    let server = tokio::spawn(server);
    let end = match RunningCommand::start(&args.command, &environment, guard)? {
        Ok(command) => command.wait(args.timeout, signals).await?,
        Err(error) => CommandEnd::NotStarted(error),
    };
    // After SIGKILL by a second signal, nothing is waited for.
    if !matches!(end, CommandEnd::Killed { .. }) {
        drop(stop);
        let _ = server.await;
    }
    drop(watcher);
    Ok(end)
}

/// The line before the command's output, and warnings about scenario files and the environment.
fn print_start(app: &LoadedApp, environment: &Environment) {
    let mut out = std::io::stderr();
    let mode = color_mode(&out);
    for warning in &app.warnings {
        let _ = writeln!(out, "{}\n", message(mode, "warning", &warning.to_string()));
    }
    if let Some(warning) = environment.warning() {
        let _ = writeln!(out, "{}", message(mode, "warning", warning));
    }
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("leadconduit-mock {version}: scenario {} on {}", app.scenario.name, environment.url());
    let _ = writeln!(out, "{}", styled(mode, DIM, line));
}

/// The report, the expectations and the outcome, on standard error. The report leaves out what was not called, which
/// would hide the output of the command.
fn print_report(report: &Report, outcome: &Outcome<'_>) -> Result<(), CliError> {
    let mut out = std::io::stderr().lock();
    let mode = color_mode(&out);
    let mut text = String::new();
    if outcome.has_report() {
        text.push('\n');
        text.push_str(&report::brief_text(report, outcome.verdict, mode));
    }
    outcome.write(report, &mut text, mode);
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// The command without its arguments, which can hold secrets.
fn program_name(command: &[OsString]) -> String {
    command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default()
}
