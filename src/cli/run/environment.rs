//! The environment of the command.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::bootstrap::LoadedApp;
use crate::cli::ca::trust_variables;
use crate::cli::error::CliError;
use crate::config::settings::Settings;
use crate::config::tls::TlsCertificate;
use crate::leadconduit::state::World;

/// The hosts that are never reached through the proxy. Not `[::1]`: httpx stops with an error.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The environment variables that the command gets in addition to those of this process. A variable without a value is
/// removed, so that the command never uses one that was meant for another server.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    url: String,
    variables: Vec<(&'static str, Option<OsString>)>,
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
        if settings.intercept.is_some() {
            variables.extend(proxy_variables(address, token.as_deref()));
        }
        if let Some(TlsCertificate::Generated { directory, .. }) = settings.tls.as_ref().map(|tls| &tls.certificate) {
            let trust = trust_variables(directory)?;
            variables.extend(trust.into_iter().map(|(name, path)| (name, Some(path.into_os_string()))));
        }
        Ok(Self { url, variables })
    }

    /// The URL of the server.
    pub(super) fn url(&self) -> &str {
        &self.url
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

/// The address at which this machine reaches a server: one that listens on all addresses has no address of its own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The variables with which clients find the proxy, in the spellings that they read. This machine is reached directly, so
/// that `LEADCONDUIT_URL` is too.
fn proxy_variables(address: SocketAddr, token: Option<&str>) -> Vec<(&'static str, Option<OsString>)> {
    let credentials = token
        .filter(|token| !token.is_empty())
        .map(|token| format!("proxy:{}@", utf8_percent_encode(token, NON_ALPHANUMERIC)));
    let proxy = format!("http://{}{address}", credentials.unwrap_or_default());
    let excluded = no_proxy(["NO_PROXY", "no_proxy"].into_iter().filter_map(|name| std::env::var(name).ok()));
    let mut variables = vec![
        ("HTTPS_PROXY", proxy.clone()),
        ("https_proxy", proxy),
        ("NO_PROXY", excluded.clone()),
        ("NODE_USE_ENV_PROXY", "1".to_owned()),
    ];
    // Where both exist, many clients prefer the lower-case one.
    if std::env::var_os("no_proxy").is_some() {
        variables.push(("no_proxy", excluded));
    }
    variables.into_iter().map(|(name, value)| (name, Some(value.into()))).collect()
}

/// The hosts that are reached without the proxy: those of the environment, and this machine.
fn no_proxy(given: impl Iterator<Item = String>) -> String {
    let mut hosts: Vec<String> = Vec::new();
    let given: Vec<String> = given.collect();
    for host in given.iter().flat_map(|list| list.split(',')).chain(LOOPBACK_HOSTS).map(str::trim) {
        if !host.is_empty() && !hosts.iter().any(|listed| listed == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts.join(",")
}

/// The first key of a superuser, in the order of keys.
fn superuser_key(world: &World) -> Option<String> {
    let is_superuser = |key: &&str| world.caller(key).is_some_and(|caller| caller.is_superuser());
    world.keys().map(|(key, _)| key).filter(is_superuser).min().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_hosts_are_kept_and_this_machine_is_added() {
        let of = |given: &[&str]| no_proxy(given.iter().map(|&list| list.to_owned()));
        assert_eq!(of(&[]), "localhost,127.0.0.1,::1");
        assert_eq!(of(&["internal.example, 127.0.0.1,"]), "internal.example,127.0.0.1,localhost,::1");
        assert_eq!(of(&["a,b", "b,c"]), "a,b,c,localhost,127.0.0.1,::1");
    }

    #[test]
    fn a_token_is_the_password_in_the_url_of_the_proxy() {
        let address = "127.0.0.1:4010".parse().unwrap();
        let proxy = |token| proxy_variables(address, token)[0].1.clone().unwrap();
        assert_eq!(proxy(None), "http://127.0.0.1:4010");
        assert_eq!(proxy(Some("")), "http://127.0.0.1:4010");
        assert_eq!(proxy(Some("s3c@ret")), "http://proxy:s3c%40ret@127.0.0.1:4010");
    }

    #[test]
    fn servers_on_all_addresses_are_reached_on_loopback() {
        for (address, expected) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("192.0.2.7:1", "192.0.2.7:1"),
        ] {
            assert_eq!(reachable(address.parse().unwrap()).to_string(), expected);
        }
    }
}
