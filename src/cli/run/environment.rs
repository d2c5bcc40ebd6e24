//! The environment of the command.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

use crate::app::bootstrap::LoadedApp;
use crate::config::settings::Settings;
use crate::leadconduit::state::World;

/// The environment variables that the command gets in addition to those of this process. A variable without a value is
/// removed, so that the command never uses one that was meant for another server.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    url: String,
    variables: Vec<(&'static str, Option<String>)>,
}

impl Environment {
    /// The variables for a server on this address.
    pub(super) fn new(settings: &Settings, app: &LoadedApp, address: SocketAddr) -> Self {
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", reachable(address));
        let world = app.pipeline.state.world();
        let token = settings.admin_token.as_ref().map(|token| token.as_str().to_owned());
        let variables = vec![
            ("LEADCONDUIT_URL", Some(url.clone())),
            ("LEADCONDUIT_API_KEY", app.scenario.default_key().map(str::to_owned)),
            ("LEADCONDUIT_SUPERUSER_API_KEY", superuser_key(&world)),
            ("LEADCONDUIT_MOCK_URL", Some(url.clone())),
            // The control commands need the token, which may have been given as a flag.
            ("LEADCONDUIT_MOCK_ADMIN_TOKEN", token.filter(|token| !token.is_empty())),
        ];
        Self { url, variables }
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

/// The first key of a superuser, in the order of keys.
fn superuser_key(world: &World) -> Option<String> {
    let is_superuser = |key: &&str| world.caller(key).is_some_and(|caller| caller.is_superuser());
    world.keys().map(|(key, _)| key).filter(is_superuser).min().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

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
