//! HTTPS: certificate, key and handshake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::config::limits::Limits;
use crate::config::settings::TlsFiles;

/// Performs TLS handshakes on accepted connections.
#[derive(Clone)]
pub struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// The file and why it cannot be used.
    pub fn new(files: &TlsFiles) -> Result<Self, String> {
        let describe = |path: &std::path::Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
            .and_then(Iterator::collect)
            .map_err(|error| describe(&files.cert, &error))?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| describe(&files.key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| describe(&files.cert, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, socket: TcpStream, limits: Limits) -> io::Result<TlsStream<TcpStream>> {
        let wait = Duration::from_millis(limits.head_wait_ms_max);
        tokio::time::timeout(wait, self.0.accept(socket)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
