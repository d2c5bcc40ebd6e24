//! What a client trusts: the public roots, and the generated authority beside them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract_files::yaml::io_reason;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::authority::read_ca_certificate;
use super::authority_folder::AuthorityFolder;
use super::error::{AuthorityError, TlsError};
use super::{provider, read_certificates};

/// Characters in a line of a PEM file.
const PEM_COLUMNS: usize = 64;

/// The public roots and, if there is one, the certificate of the authority in a folder, in PEM format.
///
/// # Errors
/// The file of the authority cannot be read or is not valid.
pub fn bundle_pem(directory: &Path) -> Result<String, AuthorityError> {
    let own = read_ca_certificate(directory)?;
    let mut text = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS.iter().chain(&own) {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(PEM_COLUMNS));
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    Ok(text)
}

/// Writes the bundle beside the authority, and returns its file.
///
/// # Errors
/// The folder cannot be read or written.
pub fn write_bundle(directory: &Path) -> Result<PathBuf, AuthorityError> {
    AuthorityFolder::new(directory).write_bundle(&bundle_pem(directory)?)
}

/// The certificates in the file of `SSL_CERT_FILE`.
fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    read_certificates(path).map_err(|error| {
        let reason = match error {
            TlsError::Unreadable { error, .. } => format!("cannot be read: {}", io_reason(&error)),
            _ => "has no certificate in PEM format".to_owned(),
        };
        TlsError::Roots { path: path.to_path_buf(), reason }
    })
}

/// The configuration of a client that trusts the authority in `directory` if there is one, the authorities in `bundle`,
/// and the public roots, which take a moment to read, if `has_public_roots`.
///
/// # Errors
/// A file cannot be read or is not valid.
pub fn client_config(
    has_public_roots: bool,
    directory: Option<&Path>,
    bundle: Option<&Path>,
) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    if has_public_roots {
        roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    if let Some(certificate) = directory.map(read_ca_certificate).transpose()?.flatten() {
        roots.add(certificate).map_err(AuthorityError::Unusable)?;
    }
    if let Some(bundle) = bundle {
        // Bundles of the system can hold certificates that rustls does not accept as roots.
        roots.add_parsable_certificates(read_roots(bundle)?);
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Versions)?;
    Ok(builder.with_root_certificates(Arc::new(roots)).with_no_client_auth())
}
