//! The environment of the command.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::Command;

use super::proxy;
use crate::app::bootstrap::LoadedApp;
use crate::cli::ca::trust_variables;
use crate::cli::error::CliError;
use crate::config::settings::Settings;
use crate::config::tls::TlsCertificate;
use crate::leadconduit::state::World;
use crate::support::own_address::reachable;

/// The environment variables that the command gets in addition to those of this process. A variable without a value is
/// removed, so that the command never uses one that was meant for another server.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    url: String,
    variables: Vec<(&'static str, Option<OsString>)>,
    warning: Option<String>,
}

impl Environment {
    /// The variables for a server on this address. With `--tls`, the API has the https URL, and the command trusts the
    /// generated authority; the control commands use the http URL, which needs no trust. With `--intercept`, the command
    /// also uses the proxy, for clients that do not read the URL; it stays the one without TLS.
    ///
    /// # Errors
    /// The folder of the authority cannot be read or written.
    pub(super) fn new(settings: &Settings, app: &LoadedApp, address: SocketAddr) -> Result<Self, CliError> {
        let address = reachable(address);
        let control_url = format!("http://{address}");
        let is_secure = settings.tls.is_some() && settings.intercept.is_none();
        let url = if is_secure { format!("https://{address}") } else { control_url.clone() };
        let world = app.pipeline.state.world();
        let token = settings.admin_token.as_ref().map(|token| token.as_str().to_owned());
        let token = token.filter(|token| !token.is_empty());
        let mut variables: Vec<(&'static str, Option<OsString>)> = [
            ("LEADCONDUIT_URL", Some(url.clone())),
            ("LEADCONDUIT_API_KEY", app.scenario.default_key().map(str::to_owned)),
            ("LEADCONDUIT_SUPERUSER_API_KEY", superuser_key(&world)),
            ("LEADCONDUIT_MOCK_URL", Some(control_url)),
            // The control commands need the token, which may have been given as a flag.
            ("LEADCONDUIT_MOCK_ADMIN_TOKEN", token.clone()),
        ]
        .map(|(name, value)| (name, value.map(OsString::from)))
        .into();
        let mut warning = None;
        if settings.intercept.is_some() {
            let excluded = proxy::NoProxy::new(proxy::inherited_no_proxy(), address.ip());
            warning = excluded.warning();
            let proxy = proxy::variables(address, token.as_deref(), &excluded);
            variables.extend(proxy.into_iter().map(|(name, value)| (name, Some(value.into()))));
        }
        if let Some(TlsCertificate::Generated { directory, .. }) = settings.tls.as_ref().map(|tls| &tls.certificate) {
            let trust = trust_variables(directory)?;
            variables.extend(trust.into_iter().map(|(name, path)| (name, Some(path.into_os_string()))));
        }
        Ok(Self { url, variables, warning })
    }

    /// The URL of the server.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What the user must know about the variables.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Sets the variables.
    pub(super) fn apply(&self, command: &mut Command) {
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// The first key of a superuser, in the order of keys.
fn superuser_key(world: &World) -> Option<String> {
    let is_superuser = |key: &&str| world.caller(key).is_some_and(|caller| caller.is_superuser());
    world.keys().map(|(key, _)| key).filter(is_superuser).min().map(str::to_owned)
}
