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

/// Performs TLS handshakes on accepted connections.
#[derive(Clone)]
pub struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// Certificate or key cannot be read or used.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let in_file = |path: &Path| {
            let path = path.to_path_buf();
            move |error| TlsError::File { path, error }
        };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(&files.cert).and_then(Iterator::collect).map_err(in_file(&files.cert))?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(in_file(&files.key))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Certificate { path: files.cert.clone(), error })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, socket: TcpStream, limits: Limits) -> io::Result<TlsStream<TcpStream>> {
        let wait = Duration::from_millis(limits.head_wait_ms_max);
        tokio::time::timeout(wait, self.0.accept(socket)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
