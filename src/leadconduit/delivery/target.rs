//! Where a call goes, and whether it may.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use http::uri::PathAndQuery;

use super::CallError;
use crate::config::allowed_host::{Host, Place};

/// The addresses of `localhost`, which are not looked up: no name server has a say in them.
pub(super) const LOCAL: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether an address is on this machine.
pub(super) fn is_here(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
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
