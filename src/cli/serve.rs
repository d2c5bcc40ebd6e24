//! `serve`: loads contract and scenarios, prints a banner, serves until SIGINT or SIGTERM, writes reports.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory as _, ValueEnum as _, value_parser};

use super::Cli;
use super::args::{InputArgs, parse_host};
use super::error::CliError;
use super::log::{self, LogFormat};
use super::output::styled_table;
use super::report::{CriteriaArgs, ReportFile, require_passed, usage as report_usage};
use super::signals::{shutdown_then_exit_signal, stdin_closed};
use super::style::{ColorMode, DIM, HEADING, INFO, PLAIN, WARNING, color_mode, message, styled};
use super::suggest;
use crate::app::bootstrap::{self, LoadedApp, StartError};
use crate::app::watch::Watcher;
use crate::config::allowed_host::AllowedHost;
use crate::config::limits::{CONNECTIONS_MAX, DELIVER_RETRIES_MAX, DELIVER_TIMEOUT_MS_MAX, Limits};
use crate::config::settings::{
    AdminToken, CorsPolicy, DEFAULT_PORT, DEFAULT_SCENARIO, DeliverySettings, MockHeaders, RequestMode, Settings,
    TlsFiles,
};
use crate::control::Access;
use crate::leadconduit::delivery::HttpClient;
use crate::leadconduit::operations::Trigger;
use crate::leadconduit::state::{Collection, World};
use crate::recording::report::{self, ReportVerdict};
use crate::sandbox::app_state::AppState;
use crate::support::clock::{Clock, InvalidDuration, parse_ms, uptime};
use crate::support::document::{items, text};

/// The text of the banner when deliveries are enabled.
const DELIVERIES: &str = "steps with a url on this machine are called";

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
    /// The port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
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
    /// Serve HTTPS with the certificate chain in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "LEADCONDUIT_MOCK_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "LEADCONDUIT_MOCK_TLS_KEY")]
    tls_key: Option<PathBuf>,
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
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_max, env = "LEADCONDUIT_MOCK_CONNECTIONS_MAX")]
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
    /// How long one request can compute; one that takes longer gets a 503 problem
    #[arg(long, value_name = "MS", default_value_t = Limits::default().compute_ms_max, env = "LEADCONDUIT_MOCK_COMPUTE_MS_MAX")]
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
    fn settings(&self) -> Settings {
        let limits = self.limits;
        Settings {
            host: self.host,
            port: self.port,
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
            tls: self.tls_cert.clone().zip(self.tls_key.clone()).map(|(cert, key)| TlsFiles { cert, key }),
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
                connections_max: limits.connections_max.clamp(1, CONNECTIONS_MAX),
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
        }
    }
}

pub(super) fn run(args: &ServeArgs) -> Result<(), CliError> {
    let _log = log::start(args.log_format);
    let settings = args.settings();
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
    let state = Arc::clone(&app.pipeline.state);
    if let Some(selection) = args.criteria.selection() {
        let ids = state.contract.operations.iter().map(|operation| operation.id.as_str());
        selection.check(&ids).map_err(|error| report_usage(&error))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = logged_shutdown_signal(args.stop_with_stdin)?;
        let (listener, acceptor) = bootstrap::bind(&settings).await?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let address = listener.local_addr()?;
        app.pipeline.policy.outbound.set_own_address(address);
        let url = format!("{scheme}://{address}");
        let watcher = Watcher::start(&settings, &app.pipeline.state)?;
        print_banner(&app, &settings, &url, args.log_format);
        for warning in suggest::unused_variables(&Cli::command(), std::env::vars_os()) {
            tracing::warn!("{warning}");
        }
        let mut out = std::io::stdout();
        writeln!(out, "listening on {url}")?;
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
    let mut report = report::build(state.coverage_targets(), &state.sandboxes.counts(), &state.library().list(), "*");
    args.criteria.limit(&mut report)?;
    let verdict = ReportVerdict::new(&report, &criteria);
    // An error of one file does not prevent the others.
    let saved: Vec<Result<(), CliError>> = args.report.iter().map(|file| file.save(&report, &verdict)).collect();
    let result = require_passed(&verdict, false);
    saved.into_iter().collect::<Result<(), CliError>>()?;
    result
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

/// Prints the banner, or logs a few lines in its place if the log is JSON.
fn print_banner(app: &LoadedApp, settings: &Settings, url: &str, format: LogFormat) {
    if format == LogFormat::Human {
        let mut out = std::io::stderr();
        let _ = write!(out, "{}", banner(app, settings, url, color_mode(&out)));
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!("leadconduit-mock {version} serves the scenario {} on {url}", app.scenario.name);
    if app.pipeline.policy.access.is_closed() {
        tracing::warn!("{}", control_line(&app.pipeline.policy.access, settings, &app.scenario.name, url).trim());
    }
    if settings.delivery.is_enabled {
        tracing::info!("deliveries: {DELIVERIES}");
    }
    for warning in &app.warnings {
        tracing::warn!("{warning}");
    }
}

/// The first screen: the settings, API keys, and commands to paste.
fn banner(app: &LoadedApp, settings: &Settings, url: &str, color_mode: ColorMode) -> String {
    let state = &app.pipeline.state;
    let contract = &state.contract;
    let world = state.world();
    let heading = |text: &str| styled(color_mode, HEADING, text.to_owned());
    let label = |text: &str| styled(color_mode, DIM, text.to_owned());
    let title = styled(color_mode, HEADING, "leadconduit-mock");
    let mut text = format!("{title} {}, ready in {} ms\n\n", env!("CARGO_PKG_VERSION"), uptime().as_millis());
    let scenarios = state.library().list().len();
    let requests = settings.requests.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    let settings_rows = [
        row("contract", format!("{} operations, {} schemas", contract.operations.len(), contract.count_schemas())),
        row("scenario", format!("{} (of {scenarios}; `leadconduit-mock scenarios` lists them)", app.scenario.name)),
        row("settings", format!("seed {}, clock {}, requests {requests}", app.seed, app.clock)),
    ];
    text.push_str(&styled_table(&settings_rows, &[DIM, PLAIN], color_mode, None));
    let _ = writeln!(text, "\n  {}", heading("Keys (HTTP Basic; any user name, the key is the password):"));
    let first = app.scenario.default_key();
    text.push_str(&styled_table(&key_rows(&world, first), &[INFO, PLAIN], color_mode, None));
    if settings.triggers {
        let _ = writeln!(text, "\n  {}", heading("Magic e-mail domains of leads (--no-triggers disables them):"));
        let rows = Trigger::ALL.iter().map(|(domain, _, what)| row(&format!("  @{domain}"), (*what).to_owned()));
        text.push_str(&styled_table(&rows.collect::<Vec<_>>(), &[INFO, PLAIN], color_mode, None));
    }
    if settings.delivery.is_enabled {
        let _ = writeln!(text, "\n  {} {DELIVERIES}", label("Deliveries:"));
    }
    let key = first.unwrap_or("KEY");
    let _ = writeln!(text, "\n  {}  curl -i -u API:{key} {url}/connections", label("Try:"));
    if let Some(path) = submission_path(&world) {
        let _ = writeln!(text, "  {} curl -i -d email=joe@example.com -d state=TX {url}{path}", label("Lead:"));
    }
    let control = control_line(&app.pipeline.policy.access, settings, &app.scenario.name, url);
    let _ = match control.strip_prefix("  Use:") {
        Some(rest) => writeln!(text, "  {}{rest}\n", label("Use:")),
        None => writeln!(text, "{}\n", styled(color_mode, WARNING, control)),
    };
    for warning in &app.warnings {
        let _ = writeln!(text, "{}\n", message(color_mode, "warning", &warning.to_string()));
    }
    text
}

/// A command that uses the control API; or, if the control API is closed, how to open it.
fn control_line(access: &Access, settings: &Settings, current: &str, url: &str) -> String {
    if access.is_closed() {
        let host = settings.host;
        return format!(
            "  The control API is closed: {host} can be reached by others. Open it with --admin-token TOKEN, or in a \
             container with --env LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN."
        );
    }
    // The token itself is never shown.
    let token = if access.requires_token() { "-H 'Authorization: Bearer TOKEN' " } else { "" };
    let other = if current == DEFAULT_SCENARIO { "sso-outage" } else { DEFAULT_SCENARIO };
    format!("  Use:  curl -X PUT {token}{url}/__admin/scenario -d '{{\"name\":\"{other}\"}}'")
}

/// The path to submit leads to the first enabled source of the first enabled flow.
fn submission_path(world: &World) -> Option<String> {
    let flows = world.accounts().flat_map(|(_, account)| account.all(Collection::Flows).values());
    let mut enabled = flows.filter(|flow| flow.flag("enabled"));
    enabled.find_map(|flow| {
        let source =
            items(flow.value(), "sources").iter().find(|source| source.get("enabled") != Some(&false.into()))?;
        Some(format!("/flows/{}/sources/{}/submit", flow.text("id")?, text(&source["entity"], "id")))
    })
}

/// A row for every API key and its owner; `first` is at the top.
fn key_rows(world: &World, first: Option<&str>) -> Vec<Vec<String>> {
    let row = |key: &str| {
        let caller = world.caller(key)?;
        let account = world.account(&caller.account)?;
        let user = account.get(Collection::Users, &caller.user)?;
        let mut owner = format!("{} {}", text(user.value(), "first_name"), text(user.value(), "last_name"));
        if account.document().text("api_key") == Some(key) {
            owner = format!("the account's own key, as {owner}");
        }
        let role = match (caller.is_superuser(), caller.is_user_admin()) {
            (true, _) => ", superuser",
            (false, true) => ", user admin",
            (false, false) => "",
        };
        let account = text(account.document().value(), "name").to_owned();
        Some(vec![format!("  {key}"), format!("{owner} ({account}{role})")])
    };
    let mut keys: Vec<&str> = world.keys().map(|(key, _)| key).collect();
    keys.sort_by_key(|key| Some(*key) != first);
    keys.into_iter().filter_map(row).collect()
}
