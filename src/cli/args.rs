//! Flags that several subcommands share.

use std::convert::Infallible;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::tls::TlsDirArgs;
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
#[derive(Clone, Debug)]
pub(super) struct ServerArgs {
    url: Option<String>,
    port: u16,
    tls_dir: TlsDirArgs,
}

/// The flags of [`ServerArgs`].
#[derive(Clone, Debug, Args)]
struct ServerFlags {
    /// The server's URL, http or https [default: http, 127.0.0.1 with --port]
    #[arg(long, env = "LEADCONDUIT_MOCK_URL", value_parser = parse_url)]
    url: Option<String>,
    /// The port on 127.0.0.1, without --url
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
    #[command(flatten)]
    tls_dir: TlsDirArgs,
}

impl Args for ServerArgs {
    fn augment_args(command: Command) -> Command {
        ServerFlags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        ServerFlags::augment_args_for_update(command)
    }
}

impl FromArgMatches for ServerArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let ServerFlags { url, port, tls_dir } = ServerFlags::from_arg_matches(matches)?;
        // Compose files set an empty variable for no value.
        let url = url.filter(|url| !url.is_empty() && !is_port_more_specific(matches));
        Ok(Self { url, port, tls_dir })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Whether the port was given on the command line and the URL comes from a variable, such as the one that `run` sets.
pub(super) fn is_port_more_specific(matches: &ArgMatches) -> bool {
    matches.value_source("port") == Some(ValueSource::CommandLine)
        && matches.value_source("url") == Some(ValueSource::EnvVariable)
}

impl ServerArgs {
    /// The server's URL.
    pub(super) fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| local_url(self.port))
    }

    /// The folder of the generated authority, which an https server may use.
    pub(super) fn tls_dir(&self) -> &TlsDirArgs {
        &self.tls_dir
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

/// Why a text is not an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    /// Host and port in one text.
    #[error("write the port separately: --host {host} --port {port}")]
    WithPort {
        /// The part before the colon.
        host: String,
        /// The part behind the colon.
        port: u16,
    },
    /// Neither an address nor a name that resolves to one.
    #[error(
        "it is neither an IP address nor a known host name; write 127.0.0.1 for this machine only, or 0.0.0.0 for all \
         networks"
    )]
    Unknown,
}

/// The address to listen on: an IP address, or a name that resolves to one. IPv4 is preferred, because the URL that is
/// printed is easier to read.
pub(super) fn parse_host(text: &str) -> Result<IpAddr, HostError> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse() {
        return Ok(address);
    }
    if let Some((host, Ok(port))) = bare.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
        return Err(HostError::WithPort { host: host.to_owned(), port });
    }
    let found: Vec<IpAddr> = match (bare, 0).to_socket_addrs() {
        Ok(addresses) => addresses.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    };
    let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
    address.copied().ok_or(HostError::Unknown)
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
        let message = parse_host("localhost:80").unwrap_err().to_string();
        assert_eq!(message, "write the port separately: --host localhost --port 80");
        assert_eq!(parse_host("no such host"), Err(HostError::Unknown));
    }
}
