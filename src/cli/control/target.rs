//! The server and the sandbox that a command addresses, and how its response is printed.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::cli::args::ServerArgs;
use crate::cli::client::{self, ClientResponse, ControlRequest, RequestBody, text_field};
use crate::cli::error::CliError;
use crate::cli::sandbox_check::AddressedSandbox;
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, CONTROL_TIMEOUT, REPORT_BYTES_MAX};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::http::headers;
use crate::support::percent::RESERVED;
use contract_files::yaml::Source;

/// The server, the sandbox and the output format.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct TargetArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The sandbox [default: the one in the URL, else `default`]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token with which the server was started
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Print the response of the control API as JSON
    #[arg(long)]
    json: bool,
}

/// A response as text and as JSON.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    /// Complete lines.
    pub(super) text: String,
    /// The response of the server.
    pub(super) json: Value,
}

impl TargetArgs {
    /// Fails when the sandbox does not exist, for a command that uses what is in it.
    ///
    /// # Errors
    /// The sandbox does not exist.
    pub(super) fn require_sandbox(&self) -> Result<(), CliError> {
        self.addressed(&self.server.url()).require()
    }

    /// Says that a command creates the sandbox.
    pub(super) fn note_new_sandbox(&self) {
        self.addressed(&self.server.url()).note_creation();
    }

    fn addressed<'a>(&'a self, url: &'a str) -> AddressedSandbox<'a> {
        let token = client::token(self.admin_token.as_deref());
        AddressedSandbox { url, name: self.sandbox.as_deref(), token, tls_dir: self.server.tls_dir() }
    }

    /// Sends a request and returns the response with its parsed body. The error is the server's, if it rejects the
    /// request.
    ///
    /// # Errors
    /// The server cannot be reached, or rejects the request.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(ClientResponse, Value), CliError> {
        self.accepted(self.request(method, path, body.map(RequestBody::Json), CLIENT_RESPONSE_BYTES_MAX)?)
    }

    /// The same for a response that can hold bodies of recorded requests.
    ///
    /// # Errors
    /// See [`Self::send`].
    pub(super) fn send_for_bodies(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(ClientResponse, Value), CliError> {
        self.accepted(self.request(method, path, body.map(RequestBody::Json), REPORT_BYTES_MAX)?)
    }

    /// A response with its parsed body, unless it rejects the request.
    fn accepted(&self, response: ClientResponse) -> Result<(ClientResponse, Value), CliError> {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status.is_success() {
            return Ok((response, body));
        }
        Err(self.rejection(response.status, &body))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<RequestBody>,
        bytes_max: usize,
    ) -> Result<ClientResponse, CliError> {
        self.call(method, path, body, CONTROL_TIMEOUT, bytes_max)
    }

    /// Sends a request and returns the response, whatever its status.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<RequestBody>,
        timeout: Duration,
        bytes_max: usize,
    ) -> Result<ClientResponse, CliError> {
        let url = self.server.url();
        let token = client::token(self.admin_token.as_deref());
        let (sandbox, tls_dir) = (self.sandbox.as_deref(), self.server.tls_dir());
        let request = ControlRequest { method, path, sandbox, token, body, timeout, bytes_max, tls_dir };
        client::send(&url, &request).map_err(|error| error.at(&url))
    }

    /// The error for a response that rejects the request.
    pub(super) fn rejection(&self, status: StatusCode, body: &Value) -> CliError {
        client::rejection(&self.server.url(), status, body)
    }

    /// The error for a response that is not one of the control API.
    pub(super) fn unexpected_response(&self, status: StatusCode) -> CliError {
        client::unexpected_response(&self.server.url(), status)
    }

    /// The sandbox that the server used. A server with `--no-mock-headers` does not return it.
    pub(super) fn sandbox_of(&self, response: &ClientResponse) -> String {
        let header = response.headers.get(headers::SANDBOX).and_then(|value| value.to_str().ok());
        header.or(self.sandbox.as_deref()).unwrap_or(DEFAULT_SANDBOX).to_owned()
    }

    /// Prints a response in the selected format.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(super) fn print(&self, printed: &Printed) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        if self.json {
            let text = serde_json::to_string_pretty(&printed.json).map_err(std::io::Error::other)?;
            writeln!(out, "{text}")?;
        } else {
            out.write_all(printed.text.as_bytes())?;
        }
        out.flush()?;
        Ok(())
    }
}

/// A name as a segment of a path.
pub(super) fn segment(name: &str) -> impl std::fmt::Display {
    utf8_percent_encode(name, RESERVED)
}

/// A string of a JSON body, without control characters; empty if it is absent.
pub(super) fn text_of(body: &Value, name: &str) -> String {
    text_field(body, name).unwrap_or_default()
}

/// Standard input as a source.
///
/// # Errors
/// It cannot be read, or is too long.
pub(super) fn read_input() -> Result<Source, CliError> {
    let mut text = String::new();
    let length = std::io::stdin().lock().take(CLIENT_RESPONSE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    if length > CLIENT_RESPONSE_BYTES_MAX {
        return Err(CliError::File(format!("standard input: has more than {CLIENT_RESPONSE_BYTES_MAX} bytes")));
    }
    Ok(Source::new("standard input", text))
}
