//! Flags that several subcommands share.

use std::convert::Infallible;
use std::net::{IpAddr, ToSocketAddrs as _};
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
    #[arg(long, env = "LEADCONDUIT_MOCK_URL", value_parser = parse_url)]
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

/// The URL of a server as users write it. Without a scheme, http is assumed; a number is a port on this machine.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a value parser; the client reports malformed URLs")]
pub(super) fn parse_url(text: &str) -> Result<String, Infallible> {
    let text = text.trim();
    let port = text.strip_prefix(':').unwrap_or(text);
    Ok(match port.parse::<u16>() {
        Ok(port) => local_url(port),
        Err(_) if text.is_empty() || text.contains("://") => text.to_owned(),
        Err(_) => format!("http://{text}"),
    })
}

/// The address to listen on: an IP address, or a name that resolves to one. IPv4 is preferred, because the URL that is
/// printed is easier to read.
pub(super) fn parse_host(text: &str) -> Result<IpAddr, String> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse() {
        return Ok(address);
    }
    if let Some((host, port)) = bare.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()) {
        return Err(format!("write the port separately: --host {host} --port {port}"));
    }
    let found: Vec<IpAddr> = match (bare, 0).to_socket_addrs() {
        Ok(addresses) => addresses.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    };
    let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
    address.copied().ok_or_else(|| {
        "it is neither an IP address nor a known host name; write 127.0.0.1 for this machine only, or 0.0.0.0 for all \
         networks"
            .to_owned()
    })
}

/// The URL of a server on this machine.
pub(super) fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_can_be_abbreviated() {
        let rows = [
            ("127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("localhost:4010/", "http://localhost:4010/"),
            ("localhost/__sandbox/a", "http://localhost/__sandbox/a"),
            ("4011", "http://127.0.0.1:4011"),
            (":4011", "http://127.0.0.1:4011"),
            ("https://x", "https://x"),
            ("", ""),
        ];
        for (text, url) in rows {
            assert_eq!(parse_url(text).unwrap(), url, "{text}");
        }
    }

    #[test]
    fn hosts_are_addresses_or_names() {
        assert_eq!(parse_host("localhost"), Ok(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(parse_host("0.0.0.0"), Ok(IpAddr::from([0, 0, 0, 0])));
        assert_eq!(parse_host("[::1]"), Ok("::1".parse().unwrap()));
        assert_eq!(parse_host("localhost:80").unwrap_err(), "write the port separately: --host localhost --port 80");
        assert!(parse_host("no such host").unwrap_err().contains("write 127.0.0.1"));
    }
}
