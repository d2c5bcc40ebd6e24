//! Hosts that outbound calls can reach besides this machine.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;

/// A host, on one port or on all: `HOST` or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

/// A text that is not a host with or without a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a host, with or without a port, such as recipient or recipient:8080")]
pub struct InvalidHost;

impl FromStr for AllowedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let text = text.trim();
        if let Ok(ip) = text.parse() {
            return Ok(Self { host: Host::Ip(ip), port: None });
        }
        let authority: Authority = text.parse().map_err(|_| InvalidHost)?;
        let has_port = authority.as_str().rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let port = authority.port_u16();
        if authority.as_str().contains('@') || has_port && port.is_none_or(|port| port == 0) {
            return Err(InvalidHost);
        }
        Ok(Self { host: Host::parse(authority.host()).ok_or(InvalidHost)?, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Ip(IpAddr),
    /// `localhost` and names below it.
    Localhost,
    /// In lower case, to be resolved with DNS.
    Domain(String),
}

impl Host {
    pub(crate) fn parse(host: &str) -> Option<Self> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse() {
            return Some(Self::Ip(ip));
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.len() <= 253
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_name.then_some(if is_local { Self::Localhost } else { Self::Domain(name) })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Localhost => f.write_str("localhost"),
            Self::Domain(name) => f.write_str(name),
        }
    }
}
