//! Flags that several subcommands share.

use std::path::PathBuf;

use clap::Args;

use crate::config::settings::DEFAULT_PORT;

/// Contract and scenarios to load.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct InputArgs {
    /// A folder of scenario files, in addition to the built-in scenarios
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCENARIOS")]
    pub(super) scenarios: Option<PathBuf>,
    /// A folder with a contract (openapi.yaml, paths/, models/) that replaces the built-in one
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_SCHEMAS")]
    pub(super) schemas: Option<PathBuf>,
}

/// The running server to call.
#[derive(Clone, Debug, Args)]
pub(super) struct ServerArgs {
    /// The server's URL, http only [default: 127.0.0.1 with --port]
    #[arg(long, env = "LEADCONDUIT_MOCK_URL")]
    url: Option<String>,
    /// The port on 127.0.0.1, without --url
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
}

impl ServerArgs {
    /// The server's URL.
    pub(super) fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| local_url(self.port))
    }
}

/// The URL of a server on this machine.
pub(super) fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
