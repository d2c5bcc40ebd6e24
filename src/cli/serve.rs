//! `serve`: loads contract and scenarios, prints a banner, serves until SIGINT or SIGTERM, writes reports.

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use clap::builder::{BoolishValueParser, RangedU64ValueParser};
use clap::{Args, CommandFactory as _, value_parser};

use super::Cli;
use super::args::{InputArgs, parse_host};
use super::banner::print_banner;
use super::error::CliError;
use super::log::{self, LogFormat};
use super::report::{CriteriaArgs, ReportFile, require_passed, usage as report_usage};
use super::signals::{shutdown_then_exit_signal, stdin_closed};
use super::suggest;
use super::tls::TlsArgs;
use crate::app::bootstrap::{self, LoadedApp, StartError};
use crate::app::watch::Watcher;
use crate::config::allowed_host::AllowedHost;
use crate::config::intercept::{InterceptSettings, OtherHosts};
use crate::config::limits::{CONNECTIONS_MAX, DELIVER_RETRIES_MAX, DELIVER_TIMEOUT_MS_MAX, Limits};
use crate::config::settings::{
    AdminToken, CorsPolicy, DEFAULT_PORT, DEFAULT_SCENARIO, DeliverySettings, MockHeaders, RequestMode, Settings,
};
use crate::leadconduit::delivery::HttpClient;
use crate::recording::report::{self, FailOn, PassCriteria, Report, ReportVerdict};
use crate::sandbox::app_state::AppState;
use crate::support::clock::{Clock, InvalidDuration, parse_ms};

#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A duration is a number of milliseconds, or text such as 2s, 90s or 1h30m.\nEvery flag has an environment variable: --port is LEADCONDUIT_MOCK_PORT."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub(super) struct ServeArgs {
    /// The address to listen on
    ///
    /// An IP address, or a name that resolves to one, such as localhost.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", env = "LEADCONDUIT_MOCK_HOST", value_parser = parse_host)]
    host: IpAddr,
    /// The port to listen on; 0 picks a free one [default: 4010]
    #[arg(long, value_name = "PORT", env = "LEADCONDUIT_MOCK_PORT")]
    port: Option<u16>,
    /// The initial scenario; `leadconduit-mock scenarios` lists them
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SCENARIO, env = "LEADCONDUIT_MOCK_SCENARIO")]
    scenario: String,
    #[command(flatten)]
    input: InputArgs,
    /// The seed of generated values [default: the scenario's, or 1]
    #[arg(long, value_name = "NUMBER", env = "LEADCONDUIT_MOCK_SEED")]
    seed: Option<u64>,
    /// `real`, or a time at which the clock is frozen [default: the scenario's, or real]
    ///
    /// The time is an RFC 3339 time such as 2026-01-15T09:00:00Z.
    #[arg(long, value_name = "real|TIME", env = "LEADCONDUIT_MOCK_CLOCK")]
    clock: Option<Clock>,
    /// How requests that violate the contract are handled
    #[arg(long, value_name = "MODE", default_value = "strict", env = "LEADCONDUIT_MOCK_REQUESTS")]
    requests: RequestMode,
    /// Validate every response against the contract before it is sent
    #[arg(long, env = "LEADCONDUIT_MOCK_CHECK_REPLIES", value_parser = BoolishValueParser::new())]
    check_replies: bool,
    /// Let only pages of this origin read responses of LeadConduit's API [default: any origin]
    ///
    /// Repeat it, or separate values by commas.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', env = "LEADCONDUIT_MOCK_CORS_ORIGIN", value_parser = parse_origin)]
    cors_origin: Vec<String>,
    /// Let pages of this origin use the control API too; repeat it, or separate values by commas [default: only the server's own pages]
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', env = "LEADCONDUIT_MOCK_CONTROL_ORIGIN", value_parser = parse_origin)]
    control_origin: Vec<String>,
    /// Omit the X-Mock-* headers
    #[arg(long, env = "LEADCONDUIT_MOCK_NO_MOCK_HEADERS", value_parser = BoolishValueParser::new())]
    no_mock_headers: bool,
    /// Disable the trigger domains of leads (e-mail addresses @failure.example and others)
    #[arg(long, env = "LEADCONDUIT_MOCK_NO_TRIGGERS", value_parser = BoolishValueParser::new())]
    no_triggers: bool,
    #[command(flatten)]
    tls: TlsArgs,
    /// Be an HTTPS proxy that answers for LeadConduit's hosts; implies --tls
    ///
    /// CONNECT to app.leadconduit.com, next.leadconduit.com, app.leadconduit-staging.com and app.suppressionlist.com is
    /// answered by the mock. Beyond loopback it needs --admin-token, which is then the password of the proxy.
    #[arg(long, env = "LEADCONDUIT_MOCK_INTERCEPT", value_parser = BoolishValueParser::new())]
    intercept: bool,
    /// What --intercept does with other hosts
    #[arg(
        long,
        value_name = "MODE",
        default_value = "refuse",
        requires = "intercept",
        env = "LEADCONDUIT_MOCK_INTERCEPT_OTHERS"
    )]
    intercept_others: OtherHosts,
    /// Reload changed files of --scenarios while the server runs; state is kept
    #[arg(long, requires = "scenarios", env = "LEADCONDUIT_MOCK_WATCH", value_parser = BoolishValueParser::new())]
    watch: bool,
    /// Bearer token for the control API
    ///
    /// Without it, the control API is served on loopback addresses only.
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<AdminToken>,
    /// The format of the log
    ///
    /// `LEADCONDUIT_MOCK_LOG=warn` omits the lines about requests.
    #[arg(long, value_name = "FORMAT", default_value = "human", env = "LEADCONDUIT_MOCK_LOG_FORMAT")]
    log_format: LogFormat,
    /// Write a report to this file when the server stops
    ///
    /// The extension selects the format: .json, .xml (for CI), .html or .txt. Repeat it, or separate values by
    /// commas.
    #[arg(long, value_name = "FILE", value_delimiter = ',', env = "LEADCONDUIT_MOCK_REPORT")]
    report: Vec<ReportFile>,
    /// Stop when standard input ends, as after a signal
    ///
    /// For programs that start the server: it ends with them, also when they crash.
    #[arg(long, hide = true, env = "LEADCONDUIT_MOCK_STOP_WITH_STDIN", value_parser = BoolishValueParser::new())]
    stop_with_stdin: bool,
    #[command(flatten)]
    criteria: CriteriaArgs,
    #[command(flatten, next_help_heading = "Deliveries")]
    delivery: DeliveryArgs,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitArgs,
}

/// Outbound calls.
#[derive(Clone, Debug, Args)]
struct DeliveryArgs {
    /// Deliver leads to their recipients over HTTP
    ///
    /// Recipients on this machine and on hosts of --deliver-allow are called.
    #[arg(long, env = "LEADCONDUIT_MOCK_DELIVER", value_parser = BoolishValueParser::new())]
    deliver: bool,
    /// Allow deliveries to this host [default: this machine only]
    ///
    /// Repeat it, or separate values by commas.
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', env = "LEADCONDUIT_MOCK_DELIVER_ALLOW")]
    deliver_allow: Vec<AllowedHost>,
    /// Timeout for one attempt of a delivery; 60s at most
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().deliver_timeout_ms,
          env = "LEADCONDUIT_MOCK_DELIVER_TIMEOUT_MS", value_parser = parse_deliver_timeout)]
    deliver_timeout_ms: u64,
    /// Retries of a failed delivery; 5 at most
    ///
    /// A delivery is retried when the recipient cannot be reached, times out or is busy.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().deliver_retries,
          env = "LEADCONDUIT_MOCK_DELIVER_RETRIES", value_parser = value_parser!(u32).range(..=i64::from(DELIVER_RETRIES_MAX)))]
    deliver_retries: u32,
    /// Store the events of flows with a firehose on this S3-compatible server
    ///
    /// Only http is supported.
    #[arg(long, value_name = "URL", env = "LEADCONDUIT_MOCK_FIREHOSE_URL")]
    firehose_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "the flags have the names of the limits, which end with their unit and bound"
)]
struct LimitArgs {
    /// The largest request body
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body_bytes_max, env = "LEADCONDUIT_MOCK_BODY_BYTES_MAX")]
    body_bytes_max: usize,
    /// The largest request body of the control API
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().control_bytes_max, env = "LEADCONDUIT_MOCK_CONTROL_BYTES_MAX")]
    control_bytes_max: usize,
    /// The largest request head (request line and headers); 8192 at least
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().head_bytes_max, env = "LEADCONDUIT_MOCK_HEAD_BYTES_MAX")]
    head_bytes_max: usize,
    /// Timeout for reading a request head
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().head_wait_ms_max, env = "LEADCONDUIT_MOCK_HEAD_WAIT_MS_MAX", value_parser = parse_ms)]
    head_wait_ms_max: u64,
    /// Timeout for reading a request body
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().body_wait_ms_max, env = "LEADCONDUIT_MOCK_BODY_WAIT_MS_MAX", value_parser = parse_ms)]
    body_wait_ms_max: u64,
    /// The number of concurrent connections
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_max, env = "LEADCONDUIT_MOCK_CONNECTIONS_MAX",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=CONNECTIONS_MAX as u64))]
    connections_max: usize,
    /// How long running requests can continue after the server begins to stop
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().drain_ms_max, env = "LEADCONDUIT_MOCK_DRAIN_MS_MAX", value_parser = parse_ms)]
    drain_ms_max: u64,
    /// The number of sandboxes; the least recently used one is removed first
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().sandboxes_max, env = "LEADCONDUIT_MOCK_SANDBOXES_MAX")]
    sandboxes_max: usize,
    /// The number of sandboxes that only requests without a known API key have used
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().sandboxes_unauthenticated_max, env = "LEADCONDUIT_MOCK_SANDBOXES_UNAUTHENTICATED_MAX")]
    sandboxes_unauthenticated_max: usize,
    /// How long a sandbox can stay unused before it is removed
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().sandbox_idle_ms_max, env = "LEADCONDUIT_MOCK_SANDBOX_IDLE_MS_MAX", value_parser = parse_ms)]
    sandbox_idle_ms_max: u64,
    /// How long the fault HANG keeps a connection open
    #[arg(long, value_name = "DURATION", default_value_t = Limits::default().hang_ms_max, env = "LEADCONDUIT_MOCK_HANG_MS_MAX", value_parser = parse_ms)]
    hang_ms_max: u64,
    /// The number of exchanges in the journal of one sandbox; 0 disables the journal
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().journal_entries_max, env = "LEADCONDUIT_MOCK_JOURNAL_ENTRIES_MAX")]
    journal_entries_max: usize,
    /// The size of the journal of one sandbox
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_BYTES_MAX")]
    journal_bytes_max: usize,
    /// The size of the journals of all sandboxes together
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_total_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_TOTAL_BYTES_MAX")]
    journal_total_bytes_max: usize,
    /// How much of each body is recorded in the journal
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_body_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_BODY_BYTES_MAX")]
    journal_body_bytes_max: usize,
    /// The size of the documents that were written, in all sandboxes together
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().document_total_bytes_max, env = "LEADCONDUIT_MOCK_DOCUMENT_TOTAL_BYTES_MAX")]
    document_total_bytes_max: usize,
    /// The size of the events of all sandboxes together; the oldest are removed first
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().event_total_bytes_max, env = "LEADCONDUIT_MOCK_EVENT_TOTAL_BYTES_MAX")]
    event_total_bytes_max: usize,
    /// How much processor time one request can use; one that needs more gets a 503 problem
    #[arg(long, value_name = "MS", default_value_t = Limits::default().compute_ms_max, env = "LEADCONDUIT_MOCK_COMPUTE_MS_MAX",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    compute_ms_max: u64,
}

/// A text is not the timeout of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum InvalidTimeout {
    #[error(transparent)]
    Duration(#[from] InvalidDuration),
    #[error("write a duration from 1 to {DELIVER_TIMEOUT_MS_MAX} (milliseconds), such as 500 or 10s")]
    Range,
}

/// The timeout of a delivery, in milliseconds.
fn parse_deliver_timeout(text: &str) -> Result<u64, InvalidTimeout> {
    let ms = parse_ms(text)?;
    if (1..=DELIVER_TIMEOUT_MS_MAX).contains(&ms) { Ok(ms) } else { Err(InvalidTimeout::Range) }
}

/// A text is not the origin of a web page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum InvalidOrigin {
    #[error("write scheme, host and port only, such as http://localhost:3000")]
    Malformed,
    #[error("`*` is not supported; write each origin, such as http://localhost:3000, or leave the option out")]
    Any,
}

fn parse_origin(text: &str) -> Result<String, InvalidOrigin> {
    if text == "*" {
        return Err(InvalidOrigin::Any);
    }
    let uri: Option<http::Uri> = text.parse().ok();
    let is_origin = uri.is_some_and(|uri| uri.scheme().is_some() && uri.authority().is_some() && uri.path() == "/");
    if is_origin && !text.ends_with('/') { Ok(text.to_owned()) } else { Err(InvalidOrigin::Malformed) }
}

impl ServeArgs {
    /// Sets the port if none is given.
    pub(super) fn default_port(&mut self, port: u16) {
        self.port.get_or_insert(port);
    }

    /// Sets the conditions of failure if none are given. Violations are not found when requests are not validated.
    pub(super) fn default_fail_on(&mut self, conditions: &[FailOn]) {
        let finds = |one: &FailOn| *one != FailOn::Violations || self.requests != RequestMode::Off;
        let conditions: Vec<FailOn> = conditions.iter().copied().filter(finds).collect();
        self.criteria.set_default(&conditions);
    }

    pub(super) fn log_format(&self) -> LogFormat {
        self.log_format
    }

    pub(super) fn criteria(&self) -> PassCriteria {
        self.criteria.criteria()
    }

    /// Writes the reports. An error of one file does not prevent the others.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub(super) fn save_reports(&self, report: &Report, verdict: &ReportVerdict) -> Result<(), CliError> {
        let saved: Vec<Result<(), CliError>> = self.report.iter().map(|file| file.save(report, verdict)).collect();
        saved.into_iter().collect()
    }

    /// # Errors
    /// Flags of HTTPS that do not fit together.
    fn settings(&self) -> Result<Settings, CliError> {
        let limits = self.limits;
        Ok(Settings {
            host: self.host,
            port: self.port.unwrap_or(DEFAULT_PORT),
            scenario: self.scenario.clone(),
            scenarios: self.input.scenarios.clone(),
            schemas: self.input.schemas.clone(),
            seed: self.seed,
            clock: self.clock,
            requests: self.requests,
            check_replies: self.check_replies,
            cors: if self.cors_origin.is_empty() {
                CorsPolicy::Any
            } else {
                CorsPolicy::Only(self.cors_origin.clone())
            },
            control_origins: self.control_origin.clone(),
            mock_headers: if self.no_mock_headers { MockHeaders::Hidden } else { MockHeaders::Shown },
            triggers: !self.no_triggers,
            tls: self.tls.settings(self.intercept)?,
            intercept: self.intercept.then_some(InterceptSettings { other_hosts: self.intercept_others }),
            admin_token: self.admin_token.clone(),
            watch: self.watch,
            delivery: DeliverySettings {
                is_enabled: self.delivery.deliver,
                allowed_hosts: self.delivery.deliver_allow.clone(),
                // Compose files set an empty variable for no value.
                firehose_url: self.delivery.firehose_url.clone().filter(|url| !url.trim().is_empty()),
            },
            limits: Limits {
                body_bytes_max: limits.body_bytes_max,
                control_bytes_max: limits.control_bytes_max,
                head_bytes_max: limits.head_bytes_max,
                head_wait_ms_max: limits.head_wait_ms_max,
                body_wait_ms_max: limits.body_wait_ms_max,
                connections_max: limits.connections_max,
                drain_ms_max: limits.drain_ms_max,
                sandboxes_max: limits.sandboxes_max,
                sandboxes_unauthenticated_max: limits.sandboxes_unauthenticated_max,
                sandbox_idle_ms_max: limits.sandbox_idle_ms_max,
                hang_ms_max: limits.hang_ms_max,
                journal_entries_max: limits.journal_entries_max,
                journal_bytes_max: limits.journal_bytes_max,
                journal_total_bytes_max: limits.journal_total_bytes_max,
                journal_body_bytes_max: limits.journal_body_bytes_max,
                document_total_bytes_max: limits.document_total_bytes_max,
                event_total_bytes_max: limits.event_total_bytes_max,
                compute_ms_max: limits.compute_ms_max,
                deliver_timeout_ms: self.delivery.deliver_timeout_ms,
                deliver_retries: self.delivery.deliver_retries,
                ..Limits::default()
            },
        })
    }
}

/// Checks the flags and loads contract and scenarios.
///
/// # Errors
/// Flags that do not fit together, a report that cannot be written, or files that are not valid.
pub(super) fn load(args: &ServeArgs) -> Result<(Settings, LoadedApp), CliError> {
    let settings = args.settings()?;
    args.criteria.check()?;
    args.report.iter().try_for_each(ReportFile::check_writable)?;
    if settings.requests == RequestMode::Off && args.criteria.fails_on_violations() {
        let message = "--fail-on violations finds nothing with --requests off; write --requests warn, which serves invalid \
                       requests too";
        return Err(CliError::Usage(message.to_owned()));
    }
    if let Some(url) = &settings.delivery.firehose_url {
        let target = HttpClient::new(&settings).check(url);
        target.map_err(|error| CliError::Usage(format!("--firehose-url: {error}")))?;
    }
    let app = bootstrap::load(&settings)?;
    if let Some(selection) = args.criteria.selection() {
        let ids = app.pipeline.state.contract.operations.iter().map(|operation| operation.id.as_str());
        selection.check(&ids).map_err(|error| report_usage(&error))?;
    }
    Ok((settings, app))
}

pub(super) fn run(args: &ServeArgs) -> Result<(), CliError> {
    let _log = log::start(args.log_format, "info");
    let (settings, app) = load(args)?;
    let state = Arc::clone(&app.pipeline.state);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = logged_shutdown_signal(args.stop_with_stdin)?;
        let (listener, acceptor) = bootstrap::bind(&settings).await?;
        let address = listener.local_addr()?;
        app.pipeline.policy.outbound.set_own_address(address);
        let url = format!("http://{address}");
        let https_url = acceptor.is_some().then(|| format!("https://{address}"));
        let watcher = Watcher::start(&settings, &app.pipeline.state)?;
        print_banner(&app, &settings, address, https_url.as_deref(), args.log_format);
        for warning in suggest::unused_variables(&Cli::command(), std::env::vars_os()) {
            tracing::warn!("{warning}");
        }
        let mut out = std::io::stdout();
        // Programs that start the server read the first line.
        let lines: Vec<String> =
            [Some(url), https_url].iter().flatten().map(|url| format!("listening on {url}\n")).collect();
        out.write_all(lines.concat().as_bytes())?;
        out.flush()?;
        crate::server::serve(listener, acceptor, app.pipeline, settings.limits, shutdown).await;
        drop(watcher);
        Ok::<(), CliError>(())
    })?;
    // Does not wait for long computations.
    runtime.shutdown_background();
    write_reports(args, &state)
}

/// Writes the reports after the last request, and checks the criteria.
fn write_reports(args: &ServeArgs, state: &AppState) -> Result<(), CliError> {
    let criteria = args.criteria.criteria();
    if args.report.is_empty() && criteria == report::PassCriteria::default() {
        return Ok(());
    }
    let report = build_report(args, state)?;
    let verdict = ReportVerdict::new(&report, &criteria);
    let saved = args.save_reports(&report, &verdict);
    let result = require_passed(&verdict, false);
    saved?;
    result
}

/// The report of all sandboxes, limited to the operations that the flags select.
///
/// # Errors
/// A selected operation does not exist.
pub(super) fn build_report(args: &ServeArgs, state: &AppState) -> Result<Report, CliError> {
    let mut report = report::build(state.coverage_targets(), &state.sandboxes.counts(), &state.library().list(), "*");
    args.criteria.limit(&mut report)?;
    Ok(report)
}

/// Resolves on SIGINT or SIGTERM, or when standard input ends if that stops the server, and logs it.
fn logged_shutdown_signal(stop_with_stdin: bool) -> Result<impl Future<Output = ()>, StartError> {
    let signal = shutdown_then_exit_signal().map_err(StartError::Signals)?;
    let closed = if stop_with_stdin { Some(stdin_closed().map_err(StartError::Signals)?) } else { None };
    Ok(async move {
        match closed {
            Some(closed) => tokio::select! {
                () = signal => {}
                () = closed => tracing::info!("standard input has ended"),
            },
            None => signal.await,
        }
        tracing::info!("stopping: running requests may finish; a second signal ends the process at once");
    })
}
