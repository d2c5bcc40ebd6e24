//! HTTPS: certificates, keys and the handshake.
//!
//! | module | holds |
//! |---|---|
//! | `authority` | the generated certificate authority, and the certificates that it signs |
//! | `authority_folder` | its files |
//! | `handshake` | why a handshake has failed |
//! | `trust` | what a client trusts: the public roots and the generated authority |
//! | `error` | why certificates and keys cannot be used |

mod authority;
mod authority_folder;
mod error;
mod handshake;
#[cfg(test)]
mod tests;
#[cfg(feature = "cli")]
mod trust;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

pub use authority::Authority;
#[cfg(feature = "cli")]
pub use authority_folder::CERTIFICATE as CA_CERTIFICATE;
pub use error::{AuthorityError, TlsError};
#[cfg(feature = "cli")]
pub use trust::{UserRoots, bundle_pem, client_config, write_bundle};

use crate::config::limits::Limits;
use crate::config::tls::{TlsCertificate, TlsFiles, TlsHost, TlsSettings};
use error::missing_item;

/// The protocols that the server offers, in the order of its preference.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Performs TLS handshakes on accepted connections.
#[derive(Clone)]
pub struct TlsAcceptor {
    acceptor: tokio_rustls::TlsAcceptor,
    requires_client_certificate: bool,
    /// How clients trust the certificate.
    trust: String,
}

impl TlsAcceptor {
    /// Reads certificate and key, or lets the generated authority sign a certificate, which is valid for `address` too if
    /// that is on this machine.
    ///
    /// # Errors
    /// Certificate, key or authority cannot be read or used.
    pub fn new(settings: &TlsSettings, address: IpAddr) -> Result<Self, TlsError> {
        let certificate = match &settings.certificate {
            TlsCertificate::Files(files) => read_certificate(files)?,
            TlsCertificate::Generated { directory, hosts } => {
                let mut names = TlsHost::built_in();
                names.extend(hosts.iter().cloned().chain(address.is_loopback().then_some(TlsHost::Ip(address))));
                Authority::open_or_create(directory, hosts)?.issue(&names)?
            }
        };
        let config = server_config(certificate, settings.client_ca.as_deref())?;
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let trust = settings.certificate.trust_hint();
        Ok(Self { acceptor, requires_client_certificate: settings.client_ca.is_some(), trust })
    }

    /// Whether clients must present a certificate.
    pub(super) fn requires_client_certificate(&self) -> bool {
        self.requires_client_certificate
    }

    /// Logs why the handshake with a client has failed.
    pub(super) fn log_failure(&self, peer: SocketAddr, error: &io::Error) {
        match handshake::explain(error, &self.trust) {
            Some(explanation) => tracing::warn!("{peer}: {explanation}"),
            None => tracing::debug!("{peer}: the TLS handshake failed: {error}"),
        }
    }

    /// Performs the handshake within the timeout for a request head.
    pub(super) async fn accept<S>(&self, socket: S, limits: Limits) -> io::Result<TlsStream<S>>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let wait = Duration::from_millis(limits.head_wait_ms_max);
        tokio::time::timeout(wait, self.acceptor.accept(socket))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// Whether both sides have agreed on HTTP/2.
pub(super) fn is_http2<S>(socket: &TlsStream<S>) -> bool {
    socket.get_ref().1.alpn_protocol() == Some(ALPN[0])
}

/// A configuration with which every host gets the same certificate. With `client_ca`, clients must present a certificate
/// that one of the authorities in this file has signed.
fn server_config(certificate: Arc<CertifiedKey>, client_ca: Option<&Path>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let unusable = |error| TlsError::Certificate { path: path.to_path_buf(), error };
            let mut roots = RootCertStore::empty();
            for certificate in read_certificates(path)? {
                roots.add(certificate).map_err(unusable)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let failed = |error| TlsError::ClientAuthority { path: path.to_path_buf(), error };
            builder.with_client_cert_verifier(verifier.map_err(failed)?)
        }
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(certificate));
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Reads a certificate chain and its key.
fn read_certificate(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(&files.cert)?;
    let key = read(&files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| match error {
        pem::Error::NoItemsFound => missing_item(&files.key, "private key", &key),
        error => TlsError::File { path: files.key.clone(), error },
    })?;
    authority_folder::warn_if_readable(&files.key);
    let certificate = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert: files.cert.clone(), key: files.key.clone() },
        error => TlsError::Certificate { path: files.cert.clone(), error },
    })?;
    Ok(Arc::new(certificate))
}

/// The certificates in a file; at least one.
fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let content = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    let certificates = certificates.map_err(|error| TlsError::File { path: path.to_path_buf(), error })?;
    if certificates.is_empty() { Err(missing_item(path, "certificate", &content)) } else { Ok(certificates) }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_path_buf(), error })
}
