//! HTTPS: certificate, key and handshake.

use std::io;
use std::path::{Path, PathBuf};
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

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or has no certificate or key.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the PEM parser.
        #[source]
        error: pem::Error,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {}", path.display(), contract_files::yaml::io_reason(error))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// A file has no certificate, or no usable private key.
    #[error("{}: has no {expected}: {hint}", path.display())]
    MissingItem {
        /// The file.
        path: PathBuf,
        /// What the file must have.
        expected: &'static str,
        /// What it has, and what to write instead.
        hint: &'static str,
    },
    /// The private key belongs to another certificate.
    #[error("{}: the private key in {} does not belong to this certificate", cert.display(), key.display())]
    Mismatch {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the private key.
        key: PathBuf,
    },
    /// Certificate and key are not valid, or do not belong together.
    #[error("{}: {error}", path.display())]
    Certificate {
        /// The file of the certificate.
        path: PathBuf,
        /// The error of the TLS library.
        #[source]
        error: rustls::Error,
    },
    /// The TLS library does not support its own default versions.
    #[error(transparent)]
    Versions(rustls::Error),
}

/// Why a PEM file has no certificate or no usable private key, and what to write instead.
fn missing_item(path: &Path, expected: &'static str, content: &[u8]) -> TlsError {
    let has = |label: &str| content.windows(label.len()).any(|window| window == label.as_bytes());
    let hint = if has("BEGIN ENCRYPTED PRIVATE KEY") {
        "the private key is encrypted; decrypt it: openssl pkey -in FILE -out NEW_FILE"
    } else if expected == "certificate" && has("PRIVATE KEY-----") {
        "it is a private key; write it as --tls-key, and the certificate as --tls-cert"
    } else if expected == "private key" && has("BEGIN CERTIFICATE-----") {
        "it is a certificate; write it as --tls-cert, and the private key as --tls-key"
    } else {
        "it is not in PEM format, which begins with -----BEGIN"
    };
    TlsError::MissingItem { path: path.to_path_buf(), expected, hint }
}

/// Performs TLS handshakes on accepted connections.
#[derive(Clone)]
pub struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// Certificate or key cannot be read or used.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_path_buf(), error });
        let in_file = |path: &Path, error| TlsError::File { path: path.to_path_buf(), error };
        let (cert, key) = (read(&files.cert)?, read(&files.key)?);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&cert)
            .collect::<Result<_, _>>()
            .map_err(|error| in_file(&files.cert, error))?;
        if chain.is_empty() {
            return Err(missing_item(&files.cert, "certificate", &cert));
        }
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| match error {
            pem::Error::NoItemsFound => missing_item(&files.key, "private key", &key),
            error => in_file(&files.key, error),
        })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    TlsError::Mismatch { cert: files.cert.clone(), key: files.key.clone() }
                }
                error => TlsError::Certificate { path: files.cert.clone(), error },
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, socket: TcpStream, limits: Limits) -> io::Result<TlsStream<TcpStream>> {
        let wait = Duration::from_millis(limits.head_wait_ms_max);
        tokio::time::timeout(wait, self.0.accept(socket)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
