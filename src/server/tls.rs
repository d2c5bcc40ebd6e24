//! HTTPS: certificate, key and handshake.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::config::limits::Limits;
use crate::config::settings::TlsFiles;

/// Why a PEM file has no certificate or no usable private key, and what to write instead.
fn missing_item(expected: &str, content: &[u8]) -> String {
    let has = |label: &str| content.windows(label.len()).any(|window| window == label.as_bytes());
    let found = if has("BEGIN ENCRYPTED PRIVATE KEY") {
        "the private key is encrypted; decrypt it: openssl pkey -in FILE -out NEW_FILE"
    } else if expected == "certificate" && has("PRIVATE KEY-----") {
        "it is a private key; write it as --tls-key, and the certificate as --tls-cert"
    } else if expected == "private key" && has("BEGIN CERTIFICATE-----") {
        "it is a certificate; write it as --tls-cert, and the private key as --tls-key"
    } else {
        "it is not in PEM format, which begins with -----BEGIN"
    };
    format!("has no {expected}: {found}")
}

/// Performs TLS handshakes on accepted connections.
#[derive(Clone)]
pub struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// The file and why it cannot be used.
    pub fn new(files: &TlsFiles) -> Result<Self, String> {
        let describe = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| describe(path, &format!("cannot be read: {error}")));
        let (cert, key) = (read(&files.cert)?, read(&files.key)?);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&cert)
            .collect::<Result<_, _>>()
            .map_err(|error| describe(&files.cert, &error))?;
        if chain.is_empty() {
            return Err(describe(&files.cert, &missing_item("certificate", &cert)));
        }
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| match error {
            pem::Error::NoItemsFound => describe(&files.key, &missing_item("private key", &key)),
            error => describe(&files.key, &error),
        })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    let key = files.key.display();
                    describe(&files.cert, &format!("the private key in {key} does not belong to this certificate"))
                }
                error => describe(&files.cert, &error),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, socket: TcpStream, limits: Limits) -> io::Result<TlsStream<TcpStream>> {
        let wait = Duration::from_millis(limits.head_wait_ms_max);
        tokio::time::timeout(wait, self.0.accept(socket)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
