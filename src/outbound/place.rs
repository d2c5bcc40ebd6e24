//! Where calls may go.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, PathAndQuery};

use super::CallError;

/// The addresses of `localhost`, which are not looked up: no name server has a say in them.
pub(super) const LOCAL: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether an address is on this machine.
pub(super) fn is_here(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// A host that may be called besides this machine, on one port or on all: `HOST` or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: Host,
    port: Option<u16>,
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
pub(super) enum Host {
    /// By number.
    Address(IpAddr),
    /// This machine.
    Local,
    /// By a name, in small letters, to be looked up.
    Name(String),
}

impl Host {
    fn read(host: &str) -> Option<Self> {
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

/// Where a call goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
    /// Host and port as they were written, which is what the other side is told.
    pub(super) authority: String,
    pub(super) path: PathAndQuery,
}

impl Target {
    pub(super) fn read(url: &str) -> Result<Self, CallError> {
        let shown: String = url.chars().filter(|c| !c.is_control()).take(200).collect();
        let unusable = |why: &str| CallError::Unusable(format!("{shown} cannot be called: {why}"));
        let uri: Uri = address(url).parse().map_err(|_| unusable("it is no URL; write http://HOST:PORT/PATH"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(unusable("https is not spoken; let the recipient listen on http")),
            _ => return Err(unusable("only http is spoken; write http://HOST:PORT/PATH")),
        }
        let authority = uri.authority().ok_or_else(|| unusable("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(unusable("user names in URLs are not sent; leave them out"));
        }
        let host = Host::read(authority.host()).ok_or_else(|| unusable("it names no host"))?;
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let port = match (authority.port(), authority.port_u16()) {
            (Some(_), None | Some(0)) => return Err(unusable("that is no port")),
            (_, port) => port.unwrap_or(80),
        };
        Ok(Self { host, port, authority: authority.as_str().to_owned(), path })
    }

    pub(super) fn name(&self) -> String {
        self.host.to_string()
    }

    /// Whether it was allowed at start, whatever its addresses are; an error when its address is known and neither on
    /// this machine nor allowed.
    pub(super) fn admit(&self, allowed: &[Place]) -> Result<bool, CallError> {
        let fits = |place: &&Place| place.host == self.host && place.port.is_none_or(|port| port == self.port);
        match &self.host {
            _ if allowed.iter().any(|place| fits(&place)) => Ok(true),
            Host::Address(ip) if !is_here(*ip) => Err(self.forbidden("")),
            _ => Ok(false),
        }
    }

    /// The addresses of a name that was not allowed, if every one of them is on this machine.
    pub(super) fn all_here(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, CallError> {
        match found.iter().find(|address| !is_here(address.ip())) {
            Some(strange) => Err(self.forbidden(&format!(" ({})", strange.ip()))),
            None => Ok(found),
        }
    }

    fn forbidden(&self, more: &str) -> CallError {
        let (name, port) = (self.name(), self.port);
        CallError::Forbidden(format!(
            "{name}{more} is not called, because it is not on this machine; allow it with --deliver-allow {name}:{port}"
        ))
    }
}

/// An address with what people write and no request line may hold escaped, as browsers do.
pub(crate) fn address(url: &str) -> String {
    let mut escaped = String::with_capacity(url.len());
    for c in url.trim().chars() {
        if c.is_ascii_graphic() && !"\"<>`{}|\\^".contains(c) {
            escaped.push(c);
        } else if !"\t\r\n".contains(c) {
            let mut bytes = [0; 4];
            escaped.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    escaped
}
