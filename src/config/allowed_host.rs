//! Hosts that deliveries may reach besides this machine.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;

/// A host that may be called besides this machine, on one port or on all: `HOST` or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a host, with or without its port, such as recipient or recipient:8080".to_owned();
        let text = text.trim();
        if let Ok(ip) = text.parse() {
            return Ok(Self { host: Host::Address(ip), port: None });
        }
        let authority: Authority = text.parse().map_err(|_| wrong())?;
        let has_port = authority.as_str().rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let port = authority.port_u16();
        if authority.as_str().contains('@') || has_port && port.is_none_or(|port| port == 0) {
            return Err(wrong());
        }
        Ok(Self { host: Host::read(authority.host()).ok_or_else(wrong)?, port })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A host as an address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// By number.
    Address(IpAddr),
    /// This machine.
    Local,
    /// By a name, in small letters, to be looked up.
    Name(String),
}

impl Host {
    pub(crate) fn read(host: &str) -> Option<Self> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse() {
            return Some(Self::Address(ip));
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.len() <= 253
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_name.then_some(if is_local { Self::Local } else { Self::Name(name) })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Address(ip) => write!(f, "{ip}"),
            Self::Local => f.write_str("localhost"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
