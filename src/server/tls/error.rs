//! Why certificates and keys cannot be used.

use std::path::{Path, PathBuf};

use contract_files::yaml::io_reason;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem;

use crate::config::tls::TlsHost;

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
    #[error("{}: cannot be read: {}", path.display(), io_reason(error))]
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
    /// The file of roots that a variable names cannot be used.
    #[error("{}: {reason}; {variable} names this file: write a PEM file of certificates, or unset it", path.display())]
    Roots {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
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
    /// The certificate authorities of clients cannot be used.
    #[error("{}: clients cannot be verified with it: {error}", path.display())]
    ClientAuthority {
        /// The file of the authorities.
        path: PathBuf,
        /// The error of the TLS library.
        #[source]
        error: rustls::server::VerifierBuilderError,
    },
    /// The generated authority cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The TLS library does not support its own default versions.
    #[error(transparent)]
    Versions(rustls::Error),
}

/// Why a PEM file has no certificate or no usable private key, and what to write instead.
pub(super) fn missing_item(path: &Path, expected: &'static str, content: &[u8]) -> TlsError {
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

/// Why the generated certificate authority cannot be created or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file or the folder cannot be read or written.
    #[error("{}: cannot be {action}: {}; choose another folder with --tls-dir", path.display(), io_reason(error))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// Another process holds the lock of the folder.
    #[error("{}: another process has held the lock for too long; end it, or choose another folder with --tls-dir", path.display())]
    Locked {
        /// The file with the lock.
        path: PathBuf,
    },
    /// A file is not what this program has written.
    #[error("{}: is damaged: {reason}; {}", path.display(), start_again(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate is there without its private key.
    #[error("{}: the private key of {} is missing; put it back, or {}", key.display(), certificate.display(), start_again(certificate))]
    NoKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The missing file.
        key: PathBuf,
    },
    /// The private key belongs to another certificate.
    #[error("{}: does not belong to the private key in {}; {}", certificate.display(), key.display(), start_again(certificate))]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the private key.
        key: PathBuf,
    },
    /// The certificate was made by another program.
    #[error(
        "{}: was not generated by leadconduit-mock: {reason}; use a certificate of your own with --tls-cert and --tls-key, \
         or choose another folder with --tls-dir", path.display()
    )]
    Foreign {
        /// The file of the certificate.
        path: PathBuf,
        /// How it differs.
        reason: &'static str,
    },
    /// The certificate is valid only later.
    #[error("{}: is not valid before {from}; correct the clock of this machine, or {}", path.display(), start_again(path))]
    NotYetValid {
        /// The file of the certificate.
        path: PathBuf,
        /// The start of its validity.
        from: String,
    },
    /// The authority was created for other hosts.
    #[error("{}: the authority was created without the host {host}; {}", path.display(), start_again(path))]
    HostNotPermitted {
        /// The file of the certificate.
        path: PathBuf,
        /// The host.
        host: TlsHost,
    },
    /// A certificate cannot be generated.
    #[error("a certificate cannot be generated: {0}")]
    Generate(#[from] rcgen::Error),
    /// The TLS library rejects a generated certificate.
    #[error("a generated certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// How to get a new authority in place of the one in a folder.
fn start_again(path: &Path) -> String {
    let folder = path.parent().unwrap_or(path);
    format!(
        "to get a new authority, which clients must trust again, remove ca.pem and ca-key.pem from {}, or choose another \
         folder with --tls-dir",
        folder.display()
    )
}
