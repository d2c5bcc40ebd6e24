//! Settings of HTTPS: where certificates come from, and for which hosts they are valid.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::config::allowed_host::Host;
use crate::config::service_hosts::SUPPRESSIONLIST;
use crate::support::shell_word::shell_word;

/// The hosts of the real service, which many clients have built in: LeadConduit in production, its preview and its
/// staging environment, and the list service.
pub const VENDOR_HOSTS: [&str; 4] =
    ["app.leadconduit.com", "next.leadconduit.com", "app.leadconduit-staging.com", SUPPRESSIONLIST.host];

/// HTTPS, on the same port as HTTP.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The certificate of the server.
    pub certificate: TlsCertificate,
    /// A PEM file of certificate authorities. Clients must present a certificate that one of them has signed.
    pub client_ca: Option<PathBuf>,
}

/// Where the certificate of a server comes from.
#[derive(Clone, Debug)]
pub enum TlsCertificate {
    /// Files.
    Files(TlsFiles),
    /// The generated certificate authority, which is created on first use.
    Generated {
        /// The folder of the authority.
        directory: PathBuf,
        /// Hosts for which the certificate is valid, besides LeadConduit's and this machine.
        hosts: Vec<TlsHost>,
    },
}

impl TlsCertificate {
    /// How clients trust the certificate, for messages.
    pub(crate) fn trust_hint(&self) -> String {
        match self {
            Self::Files(files) => {
                format!(
                    "let it trust your own certificate in {}, or the authority that has signed it",
                    files.cert.display()
                )
            }
            Self::Generated { directory, .. } => {
                format!("`{}` shows how it trusts the generated authority", trust_command(directory))
            }
        }
    }
}

/// The command that shows how clients trust the authority in a folder. Without the folder, it would create another one.
pub(crate) fn trust_command(directory: &Path) -> String {
    // The reader may be in another folder.
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
    format!("leadconduit-mock ca env --tls-dir {}", shell_word(&directory.display().to_string()))
}

/// PEM files for HTTPS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A host for which a certificate is valid: a name without wildcards, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TlsHost {
    /// A DNS name in lower case.
    Name(String),
    /// An IP address.
    Ip(IpAddr),
}

/// A text that is not a host for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the name or the IP address of one host, without scheme, port or wildcard, such as leadconduit-mock")]
pub struct InvalidTlsHost;

impl FromStr for TlsHost {
    type Err = InvalidTlsHost;

    fn from_str(text: &str) -> Result<Self, InvalidTlsHost> {
        match Host::parse(text.trim()).ok_or(InvalidTlsHost)? {
            Host::Ip(ip) => Ok(Self::Ip(ip)),
            Host::Localhost => Ok(Self::Name(text.trim().trim_end_matches('.').to_ascii_lowercase())),
            Host::Domain(name) => Ok(Self::Name(name)),
        }
        .and_then(|host| if host.is_well_formed() { Ok(host) } else { Err(InvalidTlsHost) })
    }
}

impl TlsHost {
    /// Whether every label of a name is one that certificates can hold.
    fn is_well_formed(&self) -> bool {
        let Self::Name(name) = self else { return true };
        name.split('.').all(|label| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-'))
    }

    /// The hosts of every generated certificate: LeadConduit's, and this machine.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let names = VENDOR_HOSTS.into_iter().chain(["localhost"]).map(|name| Self::Name(name.to_owned()));
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        names.chain(addresses.map(Self::Ip)).collect()
    }
}

impl fmt::Display for TlsHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        for (text, shown) in [
            ("Mock.Example.", "mock.example"),
            ("leadconduit-mock", "leadconduit-mock"),
            ("[::1]", "::1"),
            ("192.0.2.7", "192.0.2.7"),
            ("api.localhost", "api.localhost"),
        ] {
            assert_eq!(text.parse::<TlsHost>().unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "*.example.com", "https://x", "x:443", "a..b", "-a.example", "a b", &"a".repeat(64)] {
            assert_eq!(text.parse::<TlsHost>(), Err(InvalidTlsHost), "{text}");
        }
    }
}
