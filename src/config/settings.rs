//! Settings of a server. Flags and environment variables become one valid [`Settings`] at start; nothing reads them later.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use subtle::ConstantTimeEq as _;

use crate::config::allowed_host::AllowedHost;
use crate::config::intercept::InterceptSettings;
use crate::config::limits::Limits;
use crate::config::tls::TlsSettings;
use crate::support::clock::Clock;

/// The sandbox of requests that do not name one.
pub const DEFAULT_SANDBOX: &str = "default";

/// The settings of a server. The defaults are those of the command line.
///
/// ```
/// use leadconduit_mock::{AdminToken, RequestMode, Settings};
///
/// let settings = Settings { admin_token: Some(AdminToken::from("s3cret")), ..Settings::default() };
/// assert_eq!((settings.port, settings.scenario.as_str()), (4010, "healthy"));
/// assert_eq!(settings.requests, RequestMode::Strict);
/// assert_eq!(settings.limits.journal_entries_max, 10_000);
/// assert!(!format!("{settings:?}").contains("s3cret"));
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The IP address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 selects a free one.
    pub port: u16,
    /// The initial scenario of every sandbox.
    pub scenario: String,
    /// A scenario file, or a folder of them, in addition to the built-in scenarios.
    pub scenarios: Option<PathBuf>,
    /// A folder with a contract that replaces the built-in one.
    pub schemas: Option<PathBuf>,
    /// The seed; without it, the scenario's seed or 1.
    pub seed: Option<u64>,
    /// The clock; without it, the scenario's clock or real time.
    pub clock: Option<Clock>,
    /// How requests that violate the contract are handled.
    pub requests: RequestMode,
    /// Whether every response is validated against the contract before it is sent.
    pub check_replies: bool,
    /// The origins whose pages may read responses of LeadConduit's API. They get no access to the control API.
    pub cors: CorsPolicy,
    /// The origins whose pages may use the control API, and read its responses.
    pub control_origins: Vec<String>,
    /// Whether responses have `X-Mock-*` headers.
    pub mock_headers: MockHeaders,
    /// Whether the trigger domains (e-mail addresses `@failure.example` and others) force the outcome of a lead.
    pub triggers: bool,
    /// HTTPS, on the same port as HTTP; without it, HTTP only.
    pub tls: Option<TlsSettings>,
    /// The HTTPS proxy for clients with LeadConduit's hosts built in; it needs `tls`. Without it, the server is not a proxy.
    pub intercept: Option<InterceptSettings>,
    /// Bearer token for the control API. Without it, the control API is served on loopback addresses only.
    pub admin_token: Option<AdminToken>,
    /// Whether changed files of `scenarios` are reloaded while the server runs.
    pub watch: bool,
    /// Outbound calls.
    pub delivery: DeliverySettings,
    /// Limits.
    pub limits: Limits,
}

/// Outbound calls: deliveries to recipients and the firehose.
#[derive(Clone, Debug, Default)]
pub struct DeliverySettings {
    /// Whether leads are delivered to their recipients over HTTP. Otherwise deliveries are simulated.
    pub is_enabled: bool,
    /// Hosts that outbound calls can reach besides this machine.
    pub allowed_hosts: Vec<AllowedHost>,
    /// The URL of an S3-compatible server that stores the files of the firehose; without it, none are written.
    pub firehose_url: Option<String>,
}

/// How requests that violate the contract are handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum RequestMode {
    /// Rejected with LeadConduit's error.
    #[default]
    Strict,
    /// Served; `X-Mock-Violations` lists the violations.
    Warn,
    /// Served without validation.
    Off,
}

/// The bearer token of the control API. Its `Debug` output hides it, and it is compared in constant time.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token as text, without surrounding space; empty when there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.trim()
    }

    /// Whether `given` is the token. The time depends on the lengths only, so that it does not reveal the token.
    #[must_use]
    pub fn matches(&self, given: &[u8]) -> bool {
        self.as_str().as_bytes().ct_eq(given).into()
    }
}

impl<T: Into<String>> From<T> for AdminToken {
    fn from(token: T) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The origins whose pages may read responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CorsPolicy {
    /// Any origin.
    #[default]
    Any,
    /// These origins.
    Only(Vec<String>),
}

/// Whether responses have `X-Mock-*` headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MockHeaders {
    /// Sent with every response.
    #[default]
    Shown,
    /// Omitted, so that responses look exactly like LeadConduit's.
    Hidden,
}

/// The default port.
pub const DEFAULT_PORT: u16 = 4010;

/// The default scenario.
pub const DEFAULT_SCENARIO: &str = "healthy";

/// The seed when neither settings nor scenario have one.
pub const DEFAULT_SEED: u64 = 1;

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: DEFAULT_PORT,
            scenario: DEFAULT_SCENARIO.to_owned(),
            scenarios: None,
            schemas: None,
            seed: None,
            clock: None,
            requests: RequestMode::default(),
            check_replies: false,
            cors: CorsPolicy::default(),
            control_origins: Vec::new(),
            mock_headers: MockHeaders::default(),
            triggers: true,
            tls: None,
            intercept: None,
            admin_token: None,
            watch: false,
            delivery: DeliverySettings::default(),
            limits: Limits::default(),
        }
    }
}
