//! The target of an outbound call, and whether it may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use http::uri::PathAndQuery;

use super::message::{OutboundError, Refusal};
use crate::config::allowed_host::{AllowedHost, Host};
use crate::support::own_address::is_own_interface;
use crate::support::redaction::Redactor;

/// The addresses of `localhost`, which is not resolved, so that a name server cannot change them.
pub(super) const LOCALHOST_ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// The beginning of the paths of the control API.
const CONTROL_PATH: &str = "__admin";

/// How many layers of percent-encoding are removed from a path. One with more is rejected.
const ENCODINGS_MAX: usize = 4;

/// Longest part of a URL that an error message shows, in characters.
const SHOWN_URL_CHARS_MAX: usize = 200;

/// Whether an address is on this machine. IPv6 forms of IPv4 addresses count too.
pub(super) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether a connection to `address` can reach the server that listens on `own`. In doubt it can.
pub(super) fn is_same_listener(address: SocketAddr, own: SocketAddr) -> bool {
    let (ip, own_ip) = (address.ip().to_canonical(), own.ip().to_canonical());
    address.port() == own.port()
        && (ip == own_ip || ip.is_loopback() || ip.is_unspecified() || own_ip.is_unspecified() && is_own_interface(ip))
}

/// The parts of a URL.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
    /// Host and port as in the URL: the value of `Host`.
    pub(super) authority: String,
    pub(super) path: PathAndQuery,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, OutboundError> {
        Self::parse_url(url).map_err(|why| {
            let redacted = Redactor::default().absolute_url(url);
            let shown: String = redacted.chars().filter(|c| !c.is_control()).take(SHOWN_URL_CHARS_MAX).collect();
            OutboundError::Invalid(format!("{shown} cannot be called: {why}"))
        })
    }

    pub(super) fn parse_url(url: &str) -> Result<Self, Refusal> {
        let uri: Uri = escape_url(url).parse().map_err(|_| Refusal::Url)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(Refusal::Https),
            _ => return Err(Refusal::Scheme),
        }
        let authority = uri.authority().ok_or(Refusal::NoHost)?;
        if authority.as_str().contains('@') {
            return Err(Refusal::UserName);
        }
        let host = Host::parse(authority.host()).ok_or(Refusal::HostName)?;
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        // `Authority::port` ignores a port that is not valid.
        let port = authority.as_str().get(authority.host().len()..).and_then(|rest| rest.strip_prefix(':'));
        let port = match (port.filter(|port| !port.is_empty()), authority.port_u16()) {
            (Some(_), None | Some(0)) => return Err(Refusal::Port),
            (_, port) => port.unwrap_or(80),
        };
        Ok(Self { host, port, authority: authority.as_str().to_owned(), path })
    }

    pub(super) fn name(&self) -> String {
        self.host.to_string()
    }

    /// `true` when the host was allowed at start, `false` when its addresses have to be on this machine. An error when
    /// the host is an address that is neither allowed nor on this machine.
    pub(super) fn check_allowed(&self, allowed: &[AllowedHost]) -> Result<bool, OutboundError> {
        let matches = |other: &AllowedHost| other.host == self.host && other.port.is_none_or(|port| port == self.port);
        match &self.host {
            _ if allowed.iter().any(matches) => Ok(true),
            Host::Ip(ip) if !is_loopback(*ip) => Err(self.forbidden("")),
            _ => Ok(false),
        }
    }

    /// Why the target is not called, unless its host is certain to be allowed or on this machine. A name that is not
    /// allowed counts as elsewhere.
    pub(super) fn refusal(&self, allowed: &[AllowedHost]) -> Option<Refusal> {
        match self.check_allowed(allowed) {
            Ok(true) => None,
            Ok(false) if !matches!(self.host, Host::Domain(_)) => None,
            _ if allowed.iter().any(|other| other.host == self.host) => {
                Some(Refusal::HostPort { host: self.name(), port: self.port })
            }
            _ => Some(Refusal::Host(self.name())),
        }
    }

    /// The addresses of a name that was not allowed, if all of them are on this machine.
    pub(super) fn require_loopback(&self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OutboundError> {
        match addresses.iter().find(|address| !is_loopback(address.ip())) {
            Some(remote) => Err(self.forbidden(&format!(" ({})", remote.ip()))),
            None => Ok(addresses),
        }
    }

    /// The control API is no recipient. Only the mock itself has its paths, so that a path that contains them in any
    /// spelling is rejected, also one that the server would not recognise.
    pub(super) fn require_no_control_path(&self) -> Result<(), OutboundError> {
        let mut path = self.path.path().to_owned();
        for _ in 0..ENCODINGS_MAX {
            path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
        }
        if path.contains('%') || path.to_ascii_lowercase().contains(CONTROL_PATH) {
            return Err(OutboundError::Forbidden(format!(
                "{} is the control API of this mock, which deliveries and firehose files may not reach; write another \
                 URL",
                self.authority
            )));
        }
        Ok(())
    }

    fn forbidden(&self, address: &str) -> OutboundError {
        let (name, port) = (self.name(), self.port);
        OutboundError::Forbidden(format!(
            "{name}{address} is not called, because it is not on this machine; allow it with --deliver-allow \
             {name}:{port}"
        ))
    }
}

/// Escapes the characters of a URL that are not valid in a request line, as browsers do.
pub(crate) fn escape_url(url: &str) -> String {
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
