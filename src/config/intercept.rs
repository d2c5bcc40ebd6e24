//! Settings of the HTTPS proxy (`--intercept`), and the targets of `CONNECT` requests.

use std::fmt;

use http::Uri;

use crate::config::allowed_host::Host;
use crate::config::tls::VENDOR_HOSTS;

/// The ports of the vendor's hosts that the proxy intercepts: https, and http for clients that tunnel that too.
pub(crate) const INTERCEPTED_PORTS: [u16; 2] = [443, 80];

/// The longest text of a target that a message shows, in characters. A host name has 253 at most.
const SHOWN_CHARS_MAX: usize = 260;

/// The HTTPS proxy: `CONNECT` to the vendor's hosts is answered by the mock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterceptSettings {
    /// What happens to `CONNECT` to other hosts.
    pub other_hosts: OtherHosts,
}

/// What the HTTPS proxy does with hosts that it does not intercept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum OtherHosts {
    /// Refuse them, so that no request leaves this machine
    #[default]
    Refuse,
    /// Connect to them, but never to this machine itself
    Tunnel,
}

/// Whether a host, without its port, is one that the proxy intercepts.
pub(crate) fn is_intercepted_host(host: &str) -> bool {
    Host::parse(host).is_some_and(|host| is_vendor(&host))
}

fn is_vendor(host: &Host) -> bool {
    matches!(host, Host::Domain(name) if VENDOR_HOSTS.contains(&name.as_str()))
}

/// The target of a `CONNECT` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTarget {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// Where a `CONNECT` request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectRoute {
    /// The mock answers on behalf of the host.
    Intercept(ConnectTarget),
    /// Bytes are copied to the host and back.
    Tunnel(ConnectTarget),
}

/// A target of a `CONNECT` request that is not a host and a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a target of CONNECT; write a host and a port from 1 to 65535, such as app.leadconduit.com:443")]
pub struct InvalidConnectTarget(String);

impl ConnectTarget {
    /// Parses a request target in authority form (RFC 9112, section 3.2.3).
    ///
    /// # Errors
    /// The target has another form, no valid port, or a user name.
    pub(crate) fn parse(target: &Uri) -> Result<Self, InvalidConnectTarget> {
        let invalid =
            || InvalidConnectTarget(without_user(&target.to_string()).chars().take(SHOWN_CHARS_MAX).collect());
        let authority = target.authority().filter(|_| target.scheme().is_none()).ok_or_else(invalid)?;
        // `Authority::port_u16` ignores a port that is not valid.
        let port = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
        let port = port.filter(|port| port.bytes().all(|digit| digit.is_ascii_digit()));
        let port = port.and_then(|port| port.parse().ok()).filter(|port| *port > 0).ok_or_else(invalid)?;
        Ok(Self { host: Host::parse(authority.host()).ok_or_else(invalid)?, port })
    }

    /// Whether the host is one of the vendor's.
    pub(crate) fn is_vendor(&self) -> bool {
        is_vendor(&self.host)
    }

    /// Whether the host is this machine by its name.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Localhost => true,
            Host::Ip(ip) => ip.to_canonical().is_loopback(),
            Host::Domain(_) => false,
        }
    }

    /// Whether the mock answers on behalf of the host.
    pub(crate) fn is_intercepted(&self) -> bool {
        self.is_vendor() && INTERCEPTED_PORTS.contains(&self.port)
    }
}

/// A target for messages: what stands before the last `@` may be a password.
fn without_user(target: &str) -> String {
    target.rsplit_once('@').map_or_else(|| target.to_owned(), |(_, host)| format!("[redacted]@{host}"))
}

impl fmt::Display for ConnectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(target: &str) -> Result<ConnectTarget, InvalidConnectTarget> {
        ConnectTarget::parse(&target.parse().unwrap())
    }

    #[test]
    fn targets_are_a_host_and_a_port() {
        for (target, shown, is_intercepted) in [
            ("app.leadconduit.com:443", "app.leadconduit.com:443", true),
            ("App.LeadConduit.COM:443", "app.leadconduit.com:443", true),
            ("app.leadconduit.com.:443", "app.leadconduit.com:443", true),
            ("app.leadconduit.com:80", "app.leadconduit.com:80", true),
            ("next.leadconduit.com:443", "next.leadconduit.com:443", true),
            ("app.leadconduit-staging.com:443", "app.leadconduit-staging.com:443", true),
            ("app.suppressionlist.com:443", "app.suppressionlist.com:443", true),
            ("app.leadconduit.com:8443", "app.leadconduit.com:8443", false),
            ("app.leadconduit.com.evil.example:443", "app.leadconduit.com.evil.example:443", false),
            ("evilapp.leadconduit.com:443", "evilapp.leadconduit.com:443", false),
            ("leadconduit.com:443", "leadconduit.com:443", false),
            ("127.0.0.1:443", "127.0.0.1:443", false),
            ("[::1]:443", "[::1]:443", false),
            ("localhost:443", "localhost:443", false),
        ] {
            let parsed = parse(target).unwrap();
            assert_eq!((parsed.to_string().as_str(), parsed.is_intercepted()), (shown, is_intercepted), "{target}");
        }
    }

    #[test]
    fn other_targets_are_rejected_with_what_to_write() {
        for target in [
            "app.leadconduit.com",
            "app.leadconduit.com:",
            "app.leadconduit.com:0",
            "app.leadconduit.com:65536",
            "user@app.leadconduit.com:443",
            "app.leadconduit.com:443@evil.example:443",
            "app.leadconduit.com@evil.example:443",
            "https://app.leadconduit.com:443/",
            "http://app.leadconduit.com:443",
            "/app.leadconduit.com:443",
            "*",
            "..:443",
        ] {
            let error = parse(target).unwrap_err().to_string();
            assert!(error.contains("such as app.leadconduit.com:443"), "{target}: {error}");
        }
        for target in ["user:s3cret@app.leadconduit.com:443", "https://user:s3cret@app.leadconduit.com/"] {
            let error = parse(target).unwrap_err().to_string();
            assert!(error.starts_with("`[redacted]@app.leadconduit.com") && !error.contains("s3cret"), "{error}");
        }
        let long = parse(&format!("{}:443", "a".repeat(5000))).unwrap_err().to_string();
        assert!(long.len() < 400, "{long}");
    }

    #[test]
    fn hosts_are_compared_without_case_and_trailing_dot() {
        for host in ["app.leadconduit.com", "APP.leadconduit.com", "app.leadconduit.com."] {
            assert!(is_intercepted_host(host), "{host}");
        }
        for host in ["", "localhost", "127.0.0.1", "leadconduit.com", "app.leadconduit.com.evil.example", "[::1]"] {
            assert!(!is_intercepted_host(host), "{host}");
        }
    }
}
