//! `serve`: load, say what there is, listen, stop.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum as _, value_parser};

use super::log::{self, LogFormat};
use super::report::{ReportFile, TermsArgs, judge};
use super::{Failure, InputArgs, table};
use crate::app::bootstrap;
use crate::app::bootstrap::{Loaded, StartError};
use crate::app::watch::Watcher;
use crate::config::allowed_host::Place;
use crate::config::settings::{
    CorsPolicy, DELIVER_RETRIES_MAX, DELIVER_TIMEOUT_MS_MAX, Delivery, Limits, MockHeaders, RequestMode, SCENARIO,
    Settings, TlsFiles,
};
use crate::control::Access;
use crate::http::message::Request;
use crate::leadconduit::delivery::Outbound;
use crate::leadconduit::operations::Trigger;
use crate::leadconduit::state::{Collection, World};
use crate::recording::report::{self, Verdict};
use crate::sandbox::app_state::AppState;
use crate::support::clock::{Clock, uptime};
use crate::support::document::{items, text};

/// What is said at start when deliveries are on.
const DELIVERIES: &str = "steps with a url on this machine are called";

/// The flags of `serve`.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct ServeArgs {
    /// The address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1", env = "LEADCONDUIT_MOCK_HOST")]
    host: IpAddr,
    /// The port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = crate::config::settings::PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
    /// The scenario to start in; `leadconduit-mock scenarios` lists them
    #[arg(long, value_name = "NAME", default_value = crate::config::settings::SCENARIO, env = "LEADCONDUIT_MOCK_SCENARIO")]
    scenario: String,
    #[command(flatten)]
    input: InputArgs,
    /// The seed of everything that is made up [default: the scenario's, or 1]
    #[arg(long, value_name = "NUMBER", env = "LEADCONDUIT_MOCK_SEED")]
    seed: Option<u64>,
    /// `real`, or an RFC 3339 time at which the clock stands still [default: the scenario's, or real]
    #[arg(long, value_name = "real|TIME", env = "LEADCONDUIT_MOCK_CLOCK")]
    clock: Option<Clock>,
    /// What happens to requests that break the contract
    #[arg(long, value_name = "MODE", default_value = "strict", env = "LEADCONDUIT_MOCK_REQUESTS")]
    requests: RequestMode,
    /// Check every reply against the contract before it is sent
    #[arg(long, env = "LEADCONDUIT_MOCK_CHECK_REPLIES", value_parser = BoolishValueParser::new())]
    check_replies: bool,
    /// Let pages of this origin only read replies; repeat it, or separate by commas [default: any origin]
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', env = "LEADCONDUIT_MOCK_CORS_ORIGIN", value_parser = origin)]
    cors_origin: Vec<String>,
    /// Leave out the X-Mock-* headers
    #[arg(long, env = "LEADCONDUIT_MOCK_NO_MOCK_HEADERS", value_parser = BoolishValueParser::new())]
    no_mock_headers: bool,
    /// Take a lead's e-mail address at a domain such as failure.example for an address like any other
    #[arg(long, env = "LEADCONDUIT_MOCK_NO_TRIGGERS", value_parser = BoolishValueParser::new())]
    no_triggers: bool,
    /// Serve HTTPS with the certificate chain in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "LEADCONDUIT_MOCK_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "LEADCONDUIT_MOCK_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Read changed files of --scenarios again while the server runs; state is kept
    #[arg(long, requires = "scenarios", env = "LEADCONDUIT_MOCK_WATCH", value_parser = BoolishValueParser::new())]
    watch: bool,
    /// Let only calls with this bearer token use the control API; without it, only a server on loopback has one
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// How the lines of the log look; `LEADCONDUIT_MOCK_LOG=warn` leaves out those about requests
    #[arg(long, value_name = "FORMAT", default_value = "human", env = "LEADCONDUIT_MOCK_LOG_FORMAT")]
    log_format: LogFormat,
    /// Write a report to this file when the server stops; .json, .xml (for CI), .html or .txt; repeat it, or separate by commas
    #[arg(long, value_name = "FILE", value_delimiter = ',', env = "LEADCONDUIT_MOCK_REPORT")]
    report: Vec<ReportFile>,
    #[command(flatten)]
    terms: TermsArgs,
    #[command(flatten, next_help_heading = "Deliveries")]
    delivery: DeliveryArgs,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitArgs,
}

/// What leaves this process.
#[derive(Clone, Debug, Args)]
struct DeliveryArgs {
    /// Really deliver leads to their recipients: on this machine, and where --deliver-allow lets them go
    #[arg(long, env = "LEADCONDUIT_MOCK_DELIVER", value_parser = BoolishValueParser::new())]
    deliver: bool,
    /// Let deliveries go to this host too; repeat it, or separate by commas [default: this machine only]
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', env = "LEADCONDUIT_MOCK_DELIVER_ALLOW")]
    deliver_allow: Vec<Place>,
    /// How long one attempt of a delivery may take; 60000 at most
    #[arg(long, value_name = "MS", default_value_t = Limits::default().deliver_timeout_ms,
          env = "LEADCONDUIT_MOCK_DELIVER_TIMEOUT_MS", value_parser = value_parser!(u64).range(1..=DELIVER_TIMEOUT_MS_MAX))]
    deliver_timeout_ms: u64,
    /// How often a delivery is attempted again when the recipient cannot be reached, is too slow or busy; 5 at most
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().deliver_retries,
          env = "LEADCONDUIT_MOCK_DELIVER_RETRIES", value_parser = value_parser!(u32).range(..=i64::from(DELIVER_RETRIES_MAX)))]
    deliver_retries: u32,
    /// Write the events of flows with a firehose to this server, a stand-in for Amazon S3, http only
    #[arg(long, value_name = "URL", env = "LEADCONDUIT_MOCK_FIREHOSE_URL")]
    firehose_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
#[expect(clippy::struct_field_names, reason = "flags are named as the limits are, and units and bounds come last")]
struct LimitArgs {
    /// The largest request body that is read
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body_bytes_max, env = "LEADCONDUIT_MOCK_BODY_BYTES_MAX")]
    body_bytes_max: usize,
    /// The largest body of a control call that is read
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().control_bytes_max, env = "LEADCONDUIT_MOCK_CONTROL_BYTES_MAX")]
    control_bytes_max: usize,
    /// The largest request head (request line and headers) that is read; 8192 at least
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().head_bytes_max, env = "LEADCONDUIT_MOCK_HEAD_BYTES_MAX")]
    head_bytes_max: usize,
    /// How long a client may take to send a request's head
    #[arg(long, value_name = "MS", default_value_t = Limits::default().head_wait_ms_max, env = "LEADCONDUIT_MOCK_HEAD_WAIT_MS_MAX")]
    head_wait_ms_max: u64,
    /// How long a client may take to send a request's body
    #[arg(long, value_name = "MS", default_value_t = Limits::default().body_wait_ms_max, env = "LEADCONDUIT_MOCK_BODY_WAIT_MS_MAX")]
    body_wait_ms_max: u64,
    /// How many connections are served at once
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_max, env = "LEADCONDUIT_MOCK_CONNECTIONS_MAX")]
    connections_max: usize,
    /// How long running requests get to finish when the server stops
    #[arg(long, value_name = "MS", default_value_t = Limits::default().drain_ms_max, env = "LEADCONDUIT_MOCK_DRAIN_MS_MAX")]
    drain_ms_max: u64,
    /// How many sandboxes there are at once; the least recently used goes first
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().sandboxes_max, env = "LEADCONDUIT_MOCK_SANDBOXES_MAX")]
    sandboxes_max: usize,
    /// How long a sandbox may go unused before it ends
    #[arg(long, value_name = "MS", default_value_t = Limits::default().sandbox_idle_ms_max, env = "LEADCONDUIT_MOCK_SANDBOX_IDLE_MS_MAX")]
    sandbox_idle_ms_max: u64,
    /// How long a connection hangs at most when a fault lets it
    #[arg(long, value_name = "MS", default_value_t = Limits::default().hang_ms_max, env = "LEADCONDUIT_MOCK_HANG_MS_MAX")]
    hang_ms_max: u64,
    /// How many exchanges the journal of one sandbox holds; 0 keeps none
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().journal_entries_max, env = "LEADCONDUIT_MOCK_JOURNAL_ENTRIES_MAX")]
    journal_entries_max: usize,
    /// How many bytes the journal of one sandbox holds
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_BYTES_MAX")]
    journal_bytes_max: usize,
    /// How many bytes the journals of all sandboxes hold together
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_total_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_TOTAL_BYTES_MAX")]
    journal_total_bytes_max: usize,
    /// How much of a body the journal keeps
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().journal_body_bytes_max, env = "LEADCONDUIT_MOCK_JOURNAL_BODY_BYTES_MAX")]
    journal_body_bytes_max: usize,
}

fn origin(text: &str) -> Result<String, String> {
    let uri: Option<http::Uri> = text.parse().ok();
    let whole = uri.is_some_and(|uri| uri.scheme().is_some() && uri.authority().is_some() && uri.path() == "/");
    if whole && !text.ends_with('/') {
        Ok(text.to_owned())
    } else {
        Err("write scheme, host and port only, such as http://localhost:3000".to_owned())
    }
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
            mock_headers: if self.no_mock_headers { MockHeaders::Hidden } else { MockHeaders::Shown },
            triggers: !self.no_triggers,
            tls: self.tls_cert.clone().zip(self.tls_key.clone()).map(|(cert, key)| TlsFiles { cert, key }),
            admin_token: self.admin_token.clone(),
            watch: self.watch,
            delivery: Delivery {
                is_on: self.delivery.deliver,
                allowed: self.delivery.deliver_allow.clone(),
                // An empty variable is how a compose file says that there is none.
                firehose_url: self.delivery.firehose_url.clone().filter(|url| !url.trim().is_empty()),
            },
            limits: Limits {
                body_bytes_max: limits.body_bytes_max,
                control_bytes_max: limits.control_bytes_max,
                head_bytes_max: limits.head_bytes_max,
                head_wait_ms_max: limits.head_wait_ms_max,
                body_wait_ms_max: limits.body_wait_ms_max,
                // The semaphore that counts them has a bound of its own.
                connections_max: limits.connections_max.clamp(1, 1_000_000),
                drain_ms_max: limits.drain_ms_max,
                sandboxes_max: limits.sandboxes_max,
                sandbox_idle_ms_max: limits.sandbox_idle_ms_max,
                hang_ms_max: limits.hang_ms_max,
                journal_entries_max: limits.journal_entries_max,
                journal_bytes_max: limits.journal_bytes_max,
                journal_total_bytes_max: limits.journal_total_bytes_max,
                journal_body_bytes_max: limits.journal_body_bytes_max,
                deliver_timeout_ms: self.delivery.deliver_timeout_ms,
                deliver_retries: self.delivery.deliver_retries,
                ..Limits::default()
            },
        }
    }
}

pub(super) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let _log = log::start(args.log_format);
    let settings = args.settings();
    args.report.iter().try_for_each(ReportFile::check)?;
    if let Some(url) = &settings.delivery.firehose_url {
        let place = Outbound::new(&settings).check(url);
        place.map_err(|error| Failure::Usage(format!("--firehose-url: {error}")))?;
    }
    let loaded = bootstrap::load(&settings)?;
    let stage = Arc::clone(&loaded.pipeline.stage);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let (listener, acceptor) = bootstrap::bind(&settings).await?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let watcher = Watcher::start(&settings, &loaded.pipeline.stage)?;
        introduce(&loaded, &settings, &url, args.log_format);
        let mut out = std::io::stdout();
        writeln!(out, "listening on {url}")?;
        out.flush()?;
        let answer = Arc::new(move |request: &Request| loaded.pipeline.answer(request));
        crate::server::serve(listener, acceptor, answer, settings.limits, stop).await;
        drop(watcher);
        Ok::<(), Failure>(())
    })?;
    // A request that still waits for a recipient is not waited for.
    runtime.shutdown_background();
    end(args, &stage)
}

/// The reports, once nothing more can happen, and whether the run was good enough.
fn end(args: &ServeArgs, stage: &AppState) -> Result<(), Failure> {
    let terms = args.terms.terms();
    if args.report.is_empty() && terms == report::Terms::default() {
        return Ok(());
    }
    let document = report::build(stage.map(), &stage.sandboxes.tally(), &stage.library().list(), "*");
    let verdict = Verdict::of(&document, &terms);
    // One file that cannot be written must not cost the others.
    let saved: Vec<Result<(), Failure>> = args.report.iter().map(|file| file.save(&document, &verdict)).collect();
    let judged = judge(&verdict, false);
    saved.into_iter().collect::<Result<(), Failure>>()?;
    judged
}

/// Resolves when the process is asked to stop.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let unheard = |error| StartError::Behaviour(vec![format!("signals cannot be listened to: {error}")]);
    let asked = super::asked_to_stop().map_err(unheard)?;
    Ok(async move {
        asked.await;
        tracing::info!("stopping: running requests may finish");
    })
}

/// The first screen. A log of JSON has a line in its place.
fn introduce(loaded: &Loaded, settings: &Settings, url: &str, format: LogFormat) {
    if format == LogFormat::Human {
        let _ = write!(std::io::stderr(), "{}", introduction(loaded, settings, url));
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!("leadconduit-mock {version} serves the scenario {} on {url}", loaded.scenario.name);
    if loaded.pipeline.policy.access.is_closed() {
        tracing::warn!("{}", control_line(&loaded.pipeline.policy.access, settings, &loaded.scenario.name, url).trim());
    }
    if settings.delivery.is_on {
        tracing::info!("deliveries: {DELIVERIES}");
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
}

/// What a newcomer needs on the first screen: what there is, keys to try, a line to paste.
fn introduction(loaded: &Loaded, settings: &Settings, url: &str) -> String {
    let stage = &loaded.pipeline.stage;
    let contract = &stage.contract;
    let world = stage.world();
    let mut text = format!("leadconduit-mock {}, ready in {} ms\n\n", env!("CARGO_PKG_VERSION"), uptime().as_millis());
    let scenarios = stage.library().list().len();
    let requests = settings.requests.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    text.push_str(&table(&[
        row("contract", format!("{} operations, {} schemas", contract.operations.len(), contract.schema_count())),
        row("scenario", format!("{} (of {scenarios}; `leadconduit-mock scenarios` lists them)", loaded.scenario.name)),
        row("settings", format!("seed {}, clock {}, requests {requests}", loaded.seed, loaded.clock)),
    ]));
    text.push_str("\n  Keys (HTTP Basic; any user name, the key is the password):\n");
    let first = loaded.scenario.first_key();
    text.push_str(&table(&keys(&world, first)));
    if settings.triggers {
        text.push_str("\n  What a lead's e-mail address can bring about (--no-triggers ends that):\n");
        let rows = Trigger::ALL.iter().map(|(domain, _, what)| row(&format!("  @{domain}"), (*what).to_owned()));
        text.push_str(&table(&rows.collect::<Vec<_>>()));
    }
    if settings.delivery.is_on {
        let _ = writeln!(text, "\n  Deliveries: {DELIVERIES}");
    }
    let key = first.unwrap_or("KEY");
    let _ = writeln!(text, "\n  Try:  curl -i -u API:{key} {url}/connections");
    if let Some(door) = door(&world) {
        let _ = writeln!(text, "  Lead: curl -i -d email=joe@example.com -d state=TX {url}{door}");
    }
    let _ = writeln!(text, "{}\n", control_line(&loaded.pipeline.policy.access, settings, &loaded.scenario.name, url));
    for warning in &loaded.warnings {
        let _ = writeln!(text, "warning: {warning}\n");
    }
    text
}

/// How the control API is used; or that it is closed, and how to open it.
fn control_line(access: &Access, settings: &Settings, played: &str, url: &str) -> String {
    if access.is_closed() {
        let host = settings.host;
        return format!(
            "  The control API is closed: {host} can be reached by others. Open it with --admin-token TOKEN."
        );
    }
    // The token itself is never shown.
    let token = if access.wants_token() { "-H 'Authorization: Bearer TOKEN' " } else { "" };
    let other = if played == SCENARIO { "sso-outage" } else { SCENARIO };
    format!("  Play: curl -X PUT {token}{url}/__admin/scenario -d '{{\"name\":\"{other}\"}}'")
}

/// Where a lead can be submitted: the first source of the first flow that takes leads.
fn door(world: &World) -> Option<String> {
    let flows = world.accounts().flat_map(|(_, account)| account.all(Collection::Flows).values());
    let mut open = flows.filter(|flow| flow.flag("enabled"));
    open.find_map(|flow| {
        let source =
            items(flow.value(), "sources").iter().find(|source| source.get("enabled") != Some(&false.into()))?;
        Some(format!("/flows/{}/sources/{}/submit", flow.text("id")?, text(&source["entity"], "id")))
    })
}

/// Every key and whose it is, the one to try first at the top.
fn keys(world: &World, first: Option<&str>) -> Vec<Vec<String>> {
    let row = |key: &str| {
        let caller = world.caller(key)?;
        let account = world.account(&caller.account)?;
        let user = account.get(Collection::Users, &caller.user)?;
        let mut who = format!("{} {}", text(user.value(), "first_name"), text(user.value(), "last_name"));
        if account.document().text("api_key") == Some(key) {
            who = format!("the account's own key, as {who}");
        }
        let right = match (caller.is_superuser(), caller.is_user_admin()) {
            (true, _) => ", superuser",
            (false, true) => ", user admin",
            (false, false) => "",
        };
        let account = text(account.document().value(), "name").to_owned();
        Some(vec![format!("  {key}"), format!("{who} ({account}{right})")])
    };
    let mut keys: Vec<&str> = world.keys().map(|(key, _)| key).collect();
    keys.sort_by_key(|key| Some(*key) != first);
    keys.into_iter().filter_map(row).collect()
}
