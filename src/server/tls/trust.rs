//! What a client trusts: the public roots, and the generated authority beside them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::authority::read_ca_certificate;
use super::authority_folder::AuthorityFolder;
use super::error::AuthorityError;

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
