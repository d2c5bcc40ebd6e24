//! What a server is started with: flags and environment become one valid [`Settings`], with every limit in one place.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::config::allowed_host::Place;
use crate::support::clock::Clock;

/// The sandbox of requests that name none.
pub const DEFAULT_SANDBOX: &str = "default";

/// Everything a server is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// The scenario that sandboxes start in.
    pub scenario: String,
    /// A folder of scenario files besides the built-in ones.
    pub scenarios: Option<PathBuf>,
    /// A folder with another contract in place of the built-in one.
    pub schemas: Option<PathBuf>,
    /// The seed; the scenario's own or 1 when absent.
    pub seed: Option<u64>,
    /// The clock; the scenario's own or the machine's when absent.
    pub clock: Option<Clock>,
    /// What happens to requests that break the contract.
    pub requests: RequestMode,
    /// Whether every reply is checked against the contract before it is sent.
    pub check_replies: bool,
    /// Which web pages may read replies.
    pub cors: CorsPolicy,
    /// Whether replies carry `X-Mock-*` headers.
    pub mock_headers: MockHeaders,
    /// Whether values of a lead may make something happen.
    pub triggers: bool,
    /// Certificate chain and key for HTTPS.
    pub tls: Option<TlsFiles>,
    /// What a control call must bring as its bearer token; without one the control API serves loopback only.
    pub admin_token: Option<String>,
    /// Whether changed scenario files are read again while the server runs.
    pub watch: bool,
    /// What leaves this process.
    pub delivery: Delivery,
    /// Every limit.
    pub limits: Limits,
}

/// What leaves this process, and where it may go.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Whether leads are really delivered to their recipients.
    pub is_on: bool,
    /// Where calls may go besides this machine.
    pub allowed: Vec<Place>,
    /// The server that takes the firehose's files, such as a stand-in for Amazon S3; none are written when absent.
    pub firehose_url: Option<String>,
}

/// What happens to requests that break the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RequestMode {
    /// They are refused with LeadConduit's error.
    #[default]
    Strict,
    /// They are served, and the reply lists what is wrong.
    Warn,
    /// They are served, and nothing is checked.
    Off,
}

/// Which web pages may read replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CorsPolicy {
    /// Pages of any origin.
    #[default]
    Any,
    /// Pages of these origins.
    Only(Vec<String>),
}

/// Whether replies carry `X-Mock-*` headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MockHeaders {
    /// They do.
    #[default]
    Shown,
    /// They look exactly like LeadConduit's.
    Hidden,
}

/// Certificate chain and key for HTTPS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// PEM file with the certificate chain.
    pub cert: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// The limit of every buffer, count and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body that is read.
    pub body_bytes_max: usize,
    /// The largest body of a control call that is read: a whole world may be put back.
    pub control_bytes_max: usize,
    /// The largest request line with its headers.
    pub head_bytes_max: usize,
    /// How long a client may take to send a request's head.
    pub head_wait_ms_max: u64,
    /// How long a client may take to send a request's body.
    pub body_wait_ms_max: u64,
    /// How many connections are served at once; further ones wait to be accepted.
    pub connections_max: usize,
    /// How long running requests get to finish when the server stops.
    pub drain_ms_max: u64,
    /// How many sandboxes there are at once; the least recently used goes first.
    pub sandboxes_max: usize,
    /// How long a sandbox may go unused before it ends.
    pub sandbox_idle_ms_max: u64,
    /// How long a connection hangs at most when a fault lets it.
    pub hang_ms_max: u64,
    /// How large `X-Mock-Violations` may be.
    pub violations_bytes_max: usize,
    /// How many exchanges the journal of one sandbox holds; the oldest go first, and 0 keeps none.
    pub journal_entries_max: usize,
    /// How many bytes the journal of one sandbox holds.
    pub journal_bytes_max: usize,
    /// How many bytes the journals of all sandboxes hold together. Each may hold its even share of it all the same.
    pub journal_total_bytes_max: usize,
    /// How much of a body the journal keeps.
    pub journal_body_bytes_max: usize,
    /// How long one attempt of a delivery may take, its answer included.
    pub deliver_timeout_ms: u64,
    /// How often a delivery is attempted again.
    pub deliver_retries: u32,
    /// How many deliveries run at once; further ones wait for as long as an attempt may take.
    pub deliver_calls_max: usize,
    /// How much of the answer to a delivery is read; larger ones are errors.
    pub deliver_body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            control_bytes_max: 32 * 1024 * 1024,
            head_bytes_max: 64 * 1024,
            head_wait_ms_max: 30_000,
            body_wait_ms_max: 30_000,
            connections_max: 10_000,
            drain_ms_max: 10_000,
            sandboxes_max: 10_000,
            sandbox_idle_ms_max: 60 * 60 * 1000,
            hang_ms_max: 5 * 60 * 1000,
            violations_bytes_max: 4 * 1024,
            journal_entries_max: 10_000,
            journal_bytes_max: 32 * 1024 * 1024,
            journal_total_bytes_max: 256 * 1024 * 1024,
            journal_body_bytes_max: 64 * 1024,
            deliver_timeout_ms: 10_000,
            deliver_retries: 2,
            deliver_calls_max: 32,
            deliver_body_bytes_max: 1024 * 1024,
        }
    }
}

/// How long an attempt of a delivery may be allowed to take.
pub const DELIVER_TIMEOUT_MS_MAX: u64 = 60_000;

/// How many further attempts of a delivery may be allowed.
pub const DELIVER_RETRIES_MAX: u32 = 5;

/// The port when none is named.
pub const PORT: u16 = 4010;

/// The scenario when none is named.
pub const SCENARIO: &str = "healthy";

/// The seed when nothing names one.
pub const SEED: u64 = 1;

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: PORT,
            scenario: SCENARIO.to_owned(),
            scenarios: None,
            schemas: None,
            seed: None,
            clock: None,
            requests: RequestMode::default(),
            check_replies: false,
            cors: CorsPolicy::default(),
            mock_headers: MockHeaders::default(),
            triggers: true,
            tls: None,
            admin_token: None,
            watch: false,
            delivery: Delivery::default(),
            limits: Limits::default(),
        }
    }
}
