//! What a client trusts: the public roots, and the generated authority beside them.

use std::collections::HashSet;
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
use crate::config::limits::PEM_BYTES_MAX;

/// Characters in a line of a PEM file.
const PEM_COLUMNS: usize = 64;

/// The certificate of the authority in a folder, if there is one, the public roots, and further certificates, in PEM
/// format. The authority is first, for programs that read one certificate only.
///
/// # Errors
/// The file of the authority cannot be read or is not valid.
pub fn bundle_pem(directory: &Path, further: &UserRoots) -> Result<String, AuthorityError> {
    let own = read_ca_certificate(directory)?;
    let mut text = String::new();
    let mut listed = HashSet::new();
    for certificate in own.iter().chain(TLS_SERVER_ROOT_CERTS).chain(&further.0) {
        if !listed.insert(certificate) {
            continue;
        }
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
pub fn write_bundle(directory: &Path, further: &UserRoots) -> Result<PathBuf, AuthorityError> {
    AuthorityFolder::new(directory).write_bundle(&bundle_pem(directory, further)?)
}

/// Certificates that the user trusts.
#[derive(Clone, Debug, Default)]
pub struct UserRoots(Vec<CertificateDer<'static>>);

impl UserRoots {
    /// Reads the file that a variable names, unless this program has written it in this folder: the bundle would keep
    /// what it has had once.
    ///
    /// # Errors
    /// The file cannot be read, is too large, or has no certificate.
    pub fn read(directory: &Path, variable: &'static str, file: &Path) -> Result<Self, TlsError> {
        let folder = AuthorityFolder::new(directory);
        let found = std::fs::canonicalize(file).ok();
        let is_own = |own: PathBuf| found.is_some() && std::fs::canonicalize(own).ok() == found;
        if is_own(folder.bundle_file()) || is_own(folder.certificate_file()) {
            return Ok(Self::default());
        }
        Ok(Self(read_roots(variable, file)?))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The certificates in the file that a variable names.
fn read_roots(variable: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |reason: String| TlsError::Roots { variable, path: path.to_path_buf(), reason };
    // A pipe would be waited for.
    let is_usable = |found: std::fs::Metadata| found.is_file() && found.len() <= PEM_BYTES_MAX;
    if std::fs::metadata(path).is_ok_and(|found| !is_usable(found)) {
        return Err(failed(format!("is not a regular file of at most {PEM_BYTES_MAX} bytes")));
    }
    read_certificates(path).map_err(|error| {
        failed(match error {
            TlsError::Unreadable { error, .. } => format!("cannot be read: {}", io_reason(&error)),
            _ => "has no certificate in PEM format".to_owned(),
        })
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
        roots.add_parsable_certificates(read_roots("SSL_CERT_FILE", bundle)?);
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Versions)?;
    Ok(builder.with_root_certificates(Arc::new(roots)).with_no_client_auth())
}
