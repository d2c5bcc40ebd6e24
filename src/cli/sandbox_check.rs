//! Whether the sandbox that a command addresses exists. Any call creates it, so that a typo would look like a sandbox
//! without requests.

use http::{Method, StatusCode};
use serde_json::Value;

use super::client::{self, ControlRequest};
use super::error::{CliError, print_note};
use super::tls::TlsDirArgs;
use crate::config::limits::{CONTROL_TIMEOUT, REPORT_BYTES_MAX};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::sandbox::selector::is_valid_name;
use contract_files::yaml::nearest;

/// How many sandboxes an error lists.
const LISTED_MAX: usize = 10;

/// The base path of a sandbox.
const BASE_PATH: &str = "/__sandbox/";

/// The sandbox of a command: its server, and its name on the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddressedSandbox<'a> {
    /// The URL of the server, which can select a sandbox.
    pub(super) url: &'a str,
    /// The value of `--sandbox`, which takes precedence.
    pub(super) name: Option<&'a str>,
    /// The token of the control API.
    pub(super) token: Option<&'a str>,
    /// The folder of the generated authority.
    pub(super) tls_dir: &'a TlsDirArgs,
}

/// A sandbox that does not exist.
#[derive(Debug)]
struct MissingSandbox<'a> {
    name: &'a str,
    server: &'a str,
    /// The sandboxes that exist.
    known: Vec<String>,
}

impl<'a> AddressedSandbox<'a> {
    /// Fails when the sandbox does not exist. A server that does not say so is left to the call itself.
    ///
    /// # Errors
    /// The sandbox does not exist; the error names the nearest one.
    pub(super) fn require(self) -> Result<(), CliError> {
        self.find_missing().map_or(Ok(()), |missing| Err(CliError::Usage(missing.to_string())))
    }

    /// Says on standard error that a command creates the sandbox.
    pub(super) fn note_creation(self) {
        if let Some(note) = self.creation_note() {
            print_note(&note);
        }
    }

    /// What to say when a command creates the sandbox; `None` when it exists.
    pub(super) fn creation_note(self) -> Option<String> {
        self.find_missing().map(|missing| format!("sandbox `{}` did not exist; it is created", missing.name))
    }

    fn find_missing(self) -> Option<MissingSandbox<'a>> {
        let (server, in_url) = match self.url.split_once(BASE_PATH) {
            Some((server, rest)) => (server, Some(rest.split('/').next().unwrap_or(rest))),
            None => (self.url, None),
        };
        // An invalid name is rejected by the call itself.
        let name = self.name.or(in_url).filter(|name| is_valid_name(name) && *name != DEFAULT_SANDBOX)?;
        let request = ControlRequest {
            method: Method::GET,
            path: "/__admin/sandboxes",
            sandbox: None,
            token: self.token,
            body: None,
            timeout: CONTROL_TIMEOUT,
            bytes_max: REPORT_BYTES_MAX,
            tls_dir: self.tls_dir,
        };
        let response = client::send(server, &request).ok().filter(|response| response.status == StatusCode::OK)?;
        let list: Value = serde_json::from_slice(&response.body).ok()?;
        let names = list["sandboxes"].as_array()?.iter().filter_map(|one| client::text_field(one, "name"));
        let known: Vec<String> = names.collect();
        (!known.iter().any(|known| known == name)).then_some(MissingSandbox { name, server, known })
    }
}

impl std::fmt::Display for MissingSandbox<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, server, known } = self;
        write!(f, "sandbox `{name}` does not exist on {server}; ")?;
        match nearest(name, known.iter().map(String::as_str)) {
            Some(nearest) => write!(f, "did you mean `{nearest}`?")?,
            None => {
                let listed: Vec<&str> = known.iter().take(LISTED_MAX).map(String::as_str).collect();
                write!(f, "these exist: {}", listed.join(", "))?;
                if known.len() > LISTED_MAX {
                    write!(f, " and {} more", known.len() - LISTED_MAX)?;
                }
            }
        }
        f.write_str(" (the first request that names a sandbox creates it)")
    }
}
