//! `report`: coverage and violations, from running servers and saved reports; and the reports that `serve` writes.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use http::{Method, StatusCode};
use serde_json::Value;

use super::args::{is_port_more_specific, local_url, parse_url};
use super::client::{self, ControlRequest};
use super::error::{CliError, print_error};
use super::output::{check_writable, save};
use super::sandbox_check::AddressedSandbox;
use super::style::{ColorMode, color_mode};
use super::tls::TlsDirArgs;
use crate::config::limits::{REPORT_BYTES_MAX, REPORT_TIMEOUT};
use crate::recording::report::{
    self, FailOn, Format, OperationSelection, PassCriteria, Percentage, Report, ReportVerdict, UnknownOperation,
};
use contract_files::yaml::io_reason;

/// A value of `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailCondition {
    /// A request broke the contract
    Violations,
    /// A request matched no operation
    Unmatched,
    /// A query parameter or body field is undocumented, or a lead's parameter is not collected by its flow
    Undocumented,
    /// No requests were made: the test suite never called the mock
    Nothing,
    /// None of these
    Never,
}

impl FailCondition {
    fn condition(self) -> Option<FailOn> {
        match self {
            Self::Violations => Some(FailOn::Violations),
            Self::Unmatched => Some(FailOn::Unmatched),
            Self::Undocumented => Some(FailOn::Undocumented),
            Self::Nothing => Some(FailOn::Nothing),
            Self::Never => None,
        }
    }
}

/// The criteria that a run must meet.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct CriteriaArgs {
    /// Exit with 1 if there was one of these [default: never; of `run`: violations, unmatched, nothing]
    ///
    /// Repeat it, or separate values by commas. Each of them except `never` includes `nothing`.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', env = "LEADCONDUIT_MOCK_FAIL_ON")]
    fail_on: Vec<FailCondition>,
    /// The conditions if none are given.
    #[arg(skip)]
    default_fail_on: Vec<FailOn>,
    /// Exit with 1 if coverage is below this percentage
    #[arg(long, value_name = "PERCENT", env = "LEADCONDUIT_MOCK_FAIL_UNDER")]
    fail_under: Option<Percentage>,
    /// Limit reports to these operations: ids separated by commas, or `called`
    ///
    /// Coverage, undocumented names and violations of other operations do not count.
    #[arg(long, value_name = "IDS|called", env = "LEADCONDUIT_MOCK_OPERATIONS")]
    operations: Option<OperationSelection>,
}

impl CriteriaArgs {
    /// Sets the conditions if none are given.
    pub(super) fn set_default(&mut self, fail_on: &[FailOn]) {
        self.default_fail_on = fail_on.to_vec();
    }

    pub(super) fn criteria(&self) -> PassCriteria {
        let mut fail_on: Vec<FailOn> = self.fail_on.iter().filter_map(|one| one.condition()).collect();
        if self.fail_on.is_empty() {
            fail_on.clone_from(&self.default_fail_on);
        }
        // Without requests, no other condition can occur, so that a test suite that never called the mock would pass.
        if !fail_on.is_empty() && !fail_on.contains(&FailOn::Nothing) {
            fail_on.push(FailOn::Nothing);
        }
        PassCriteria { fail_on, fail_under: self.fail_under }
    }

    /// Checks that the conditions fit together.
    ///
    /// # Errors
    /// [`CliError::Usage`] if `never` is among other conditions.
    pub(super) fn check(&self) -> Result<(), CliError> {
        if self.fail_on.len() > 1 && self.fail_on.contains(&FailCondition::Never) {
            let message = "--fail-on: `never` cannot be combined with other conditions; remove it, or them";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(())
    }

    /// Whether `--fail-on violations` was given.
    pub(super) fn fails_on_violations(&self) -> bool {
        self.fail_on.contains(&FailCondition::Violations)
    }

    /// The operations to which reports are limited.
    pub(super) fn selection(&self) -> Option<&OperationSelection> {
        self.operations.as_ref()
    }

    /// Limits a report to the selected operations.
    ///
    /// # Errors
    /// [`CliError::Usage`] if the report has no such operation.
    pub(super) fn limit(&self, report: &mut Report) -> Result<(), CliError> {
        match &self.operations {
            Some(selection) => report.select(selection).map_err(|error| usage(&error)),
            None => Ok(()),
        }
    }
}

/// The running servers whose reports are merged.
#[derive(Clone, Debug)]
struct ServerListArgs {
    /// The servers that were given.
    urls: Vec<String>,
    /// The server if nothing else was given.
    default_url: String,
    /// The folder of the generated authority, which https servers may use.
    tls_dir: TlsDirArgs,
}

/// The flags of [`ServerListArgs`].
#[derive(Clone, Debug, Args)]
struct ServerListFlags {
    /// A server's URL, http or https; repeat it, or separate values by commas, to merge reports
    #[arg(long, value_delimiter = ',', env = "LEADCONDUIT_MOCK_URL", value_parser = parse_url)]
    url: Vec<String>,
    /// The port on 127.0.0.1, without --url and files
    #[arg(long, value_name = "PORT", default_value_t = crate::config::settings::DEFAULT_PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
    #[command(flatten)]
    tls_dir: TlsDirArgs,
}

impl Args for ServerListArgs {
    fn augment_args(command: Command) -> Command {
        ServerListFlags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        ServerListFlags::augment_args_for_update(command)
    }
}

impl FromArgMatches for ServerListArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = ServerListFlags::from_arg_matches(matches)?;
        let mut urls = flags.url;
        urls.retain(|url| !url.is_empty());
        let from_variable = matches.value_source("url") == Some(ValueSource::EnvVariable);
        if is_port_more_specific(matches) {
            urls.clear();
        }
        // Files on the command line are more specific than a variable, such as the one that `run` sets.
        let default_url = urls.first().filter(|_| from_variable).cloned().unwrap_or_else(|| local_url(flags.port));
        if from_variable && matches.contains_id("files") {
            urls.clear();
        }
        Ok(Self { urls, default_url, tls_dir: flags.tls_dir })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct ReportArgs {
    /// Reports that were saved as JSON; with files, servers are called only for --url
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    servers: ServerListArgs,
    /// This sandbox only [default: the one in the URL, else all, including removed ones]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token with which the server was started
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// The output format [default: by the extension of --output, else text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file, completely or not at all, instead of standard output
    #[arg(long, value_name = "FILE", env = "LEADCONDUIT_MOCK_OUTPUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    criteria: CriteriaArgs,
}

pub(super) fn run(args: &ReportArgs) -> Result<(), CliError> {
    args.criteria.check()?;
    if let Some(output) = &args.output {
        check_writable(output)?;
    }
    let mut reports = Vec::new();
    for file in &args.files {
        reports.push(read_file(file)?);
    }
    let servers = &args.servers;
    let is_default = servers.urls.is_empty() && args.files.is_empty();
    let urls = if is_default { vec![servers.default_url.clone()] } else { servers.urls.clone() };
    for url in &urls {
        reports.push(fetch(args, url)?);
    }
    let mut report = report::merge(reports);
    args.criteria.limit(&mut report)?;
    let verdict = ReportVerdict::new(&report, &args.criteria.criteria());
    let format = args.format.or_else(|| format_of(args.output.as_deref()?)).unwrap_or(Format::Text);
    match &args.output {
        Some(file) => save(file, &render(&report, &verdict, format, ColorMode::Plain)?)?,
        None => {
            let mut out = std::io::stdout().lock();
            let color_mode = color_mode(&out);
            out.write_all(render(&report, &verdict, format, color_mode)?.as_bytes())?;
            out.flush()?;
        }
    }
    // The text on standard output includes the reasons.
    let has_shown_reasons = format == Format::Text && args.output.is_none();
    require_passed(&verdict, has_shown_reasons)
}

/// Turns a verdict into the result of the subcommand, and prints the reasons unless the output has shown them.
///
/// # Errors
/// [`CliError::Reported`] if the criteria are not met.
pub(super) fn require_passed(verdict: &ReportVerdict, has_shown_reasons: bool) -> Result<(), CliError> {
    if verdict.passed() {
        return Ok(());
    }
    if !has_shown_reasons {
        verdict.failures.iter().for_each(|failure| print_error(failure));
    }
    Err(CliError::Reported)
}

/// An error in the value of `--operations`.
pub(super) fn usage(error: &UnknownOperation) -> CliError {
    CliError::Usage(format!("--operations: {error}"))
}

fn render(report: &Report, verdict: &ReportVerdict, format: Format, color_mode: ColorMode) -> Result<String, CliError> {
    format.write(report, verdict, color_mode).map_err(|error| CliError::Io(std::io::Error::other(error)))
}

fn read_file(file: &Path) -> Result<Report, CliError> {
    let fail = |why: String| CliError::File(format!("{}: {why}", file.display()));
    let read_error = |error: std::io::Error| fail(format!("cannot be read: {}", io_reason(&error)));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(read_error)?;
    opened.take(REPORT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(read_error)?;
    if text.len() > REPORT_BYTES_MAX {
        return Err(fail(format!("is larger than {REPORT_BYTES_MAX} bytes, so it cannot be a report")));
    }
    Report::parse(file, &text).map_err(|diagnostic| CliError::File(diagnostic.to_string()))
}

fn fetch(args: &ReportArgs, url: &str) -> Result<Report, CliError> {
    let token = client::token(args.admin_token.as_deref());
    let is_single_sandbox = args.sandbox.is_some() || url.contains("/__sandbox/");
    AddressedSandbox { url, name: args.sandbox.as_deref(), token, tls_dir: &args.servers.tls_dir }.require()?;
    let request = ControlRequest {
        method: Method::GET,
        path: if is_single_sandbox { "/__admin/coverage" } else { "/__admin/coverage?sandbox=*" },
        sandbox: args.sandbox.as_deref(),
        token,
        body: None,
        timeout: REPORT_TIMEOUT,
        bytes_max: REPORT_BYTES_MAX,
        tls_dir: &args.servers.tls_dir,
    };
    let response = client::send(url, &request).map_err(|error| error.at(url))?;
    let unexpected_response = || client::unexpected_response(url, response.status);
    if response.status != StatusCode::OK {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        return Err(client::rejection(url, response.status, &body));
    }
    let body = std::str::from_utf8(&response.body).map_err(|_| unexpected_response())?;
    Report::parse(Path::new(url), body).map_err(|_| unexpected_response())
}

/// The format for the extension of a file.
fn format_of(file: &Path) -> Option<Format> {
    Format::of_extension(file.extension()?.to_str()?)
}

/// A report that `serve` writes when it stops, in the format for its extension.
#[derive(Clone, Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    format: Format,
}

/// The extension of a report's file does not name a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the extension selects the format; use .json, .xml (JUnit), .html or .txt")]
pub(super) struct UnknownReportExtension;

impl std::str::FromStr for ReportFile {
    type Err = UnknownReportExtension;

    fn from_str(text: &str) -> Result<Self, UnknownReportExtension> {
        let path = PathBuf::from(text);
        let format = format_of(&path).ok_or(UnknownReportExtension)?;
        Ok(Self { path, format })
    }
}

impl ReportFile {
    /// Checks at start that the file can be written.
    pub(super) fn check_writable(&self) -> Result<(), CliError> {
        check_writable(&self.path)
    }

    pub(super) fn save(&self, report: &Report, verdict: &ReportVerdict) -> Result<(), CliError> {
        save(&self.path, &render(report, verdict, self.format, ColorMode::Plain)?)
    }
}
