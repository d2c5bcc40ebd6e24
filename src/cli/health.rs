//! `health`: whether a running server is ready. A container image can use it as health check without curl.

use std::io::Write as _;

use clap::Args;
use http::{Method, StatusCode};

use super::args::ServerArgs;
use super::client::{self, ClientError, ControlRequest};
use super::error::CliError;
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, HEALTH_TIMEOUT};

#[derive(Clone, Debug, Args)]
pub(super) struct HealthArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &HealthArgs) -> Result<(), CliError> {
    let url = args.server.url();
    let request = ControlRequest {
        method: Method::GET,
        path: "/__admin/health",
        sandbox: None,
        token: None,
        body: None,
        timeout: HEALTH_TIMEOUT,
        bytes_max: CLIENT_RESPONSE_BYTES_MAX,
        tls_dir: args.server.tls_dir(),
    };
    let not_ready = |reason: String| CliError::Server(format!("{url} is not ready: {reason}"));
    let response = client::send(&url, &request).map_err(|error| match error {
        ClientError::Argument(_) | ClientError::Io(_) | ClientError::Trust(_) => error.at(&url),
        other => not_ready(other.with_hint(&url)),
    })?;
    if response.status != StatusCode::OK {
        return Err(not_ready(format!("the status is {}", response.status.as_u16())));
    }
    writeln!(std::io::stdout().lock(), "{url} is ready")?;
    Ok(())
}
