//! The files of the generated authority. Each appears whole or not at all; the private key first, so that a certificate
//! always has its key. A lock keeps two processes from creating them at the same time.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use tempfile::NamedTempFile;

use super::error::AuthorityError;
use crate::config::limits::{CA_LOCK_ATTEMPTS_MAX, CA_LOCK_PAUSE, PEM_BYTES_MAX};

/// The certificate, which all programs may read.
pub const CERTIFICATE: &str = "ca.pem";
/// The private key, which only its owner may read.
const KEY: &str = "ca-key.pem";
/// An empty file that is locked while the others are written.
const LOCK: &str = "ca.lock";
/// The public roots and the certificate of the authority, for programs that read all roots from one file.
const BUNDLE: &str = "ca-bundle.pem";

/// The folder of an authority.
#[derive(Clone, Debug)]
pub(super) struct AuthorityFolder(PathBuf);

impl AuthorityFolder {
    pub(super) fn new(directory: &Path) -> Self {
        // Messages and `ca path` show where the files are, wherever the reader is.
        Self(std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf()))
    }

    pub(super) fn certificate_file(&self) -> PathBuf {
        self.0.join(CERTIFICATE)
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.0.join(KEY)
    }

    #[cfg(feature = "cli")]
    pub(super) fn bundle_file(&self) -> PathBuf {
        self.0.join(BUNDLE)
    }

    /// The content of the certificate's file; `None` if there is none.
    pub(super) fn read_certificate(&self) -> Result<Option<Vec<u8>>, AuthorityError> {
        read(&self.certificate_file())
    }

    /// The private key; `None` if there is none.
    pub(super) fn read_key(&self) -> Result<Option<KeyPair>, AuthorityError> {
        let path = self.key_file();
        let Some(pem) = read(&path)? else { return Ok(None) };
        warn_if_readable(&path);
        // The error is not shown: it could quote the file.
        let key = std::str::from_utf8(&pem).ok().and_then(|pem| KeyPair::from_pem(pem).ok());
        let reason = "it is not a private key in PEM format".to_owned();
        key.map(Some).ok_or(AuthorityError::Damaged { path, reason })
    }

    /// Creates a private key and its file. The lock must be held.
    pub(super) fn create_key(&self) -> Result<KeyPair, AuthorityError> {
        let key = KeyPair::generate()?;
        self.write(&self.key_file(), key.serialize_pem().as_bytes(), 0o600)?;
        Ok(key)
    }

    /// Writes the certificate. The lock must be held.
    pub(super) fn write_certificate(&self, pem: &str) -> Result<(), AuthorityError> {
        self.write(&self.certificate_file(), pem.as_bytes(), 0o644)
    }

    /// Writes the bundle, unless it has this content, and returns its file.
    pub(super) fn write_bundle(&self, pem: &str) -> Result<PathBuf, AuthorityError> {
        let path = self.0.join(BUNDLE);
        if read(&path)?.as_deref() != Some(pem.as_bytes()) {
            self.write(&path, pem.as_bytes(), 0o644)?;
        }
        Ok(path)
    }

    /// Creates the folder, for its owner only, and waits for the lock. It is held until the file is dropped.
    pub(super) fn lock(&self) -> Result<File, AuthorityError> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        created.map_err(|error| AuthorityError::Io { path: self.0.clone(), action: "created", error })?;
        let path = self.0.join(LOCK);
        let failed = |error| AuthorityError::Io { path: path.clone(), action: "locked", error };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        for _ in 0..CA_LOCK_ATTEMPTS_MAX {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(CA_LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(AuthorityError::Locked { path })
    }

    /// Writes a file beside its place and moves it there.
    fn write(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), AuthorityError> {
        let write = || {
            // Only its owner can read it until the mode is set.
            let mut file = NamedTempFile::new_in(&self.0)?;
            file.write_all(content)?;
            file.as_file().set_permissions(Permissions::from_mode(mode))?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|error| AuthorityError::Io { path: path.to_path_buf(), action: "written", error })
    }
}

/// Logs a warning when other users can read a private key.
pub(super) fn warn_if_readable(path: &Path) {
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        tracing::warn!("{0}: other users can read the private key; run: chmod 600 {0}", path.display());
    }
}

/// The content of a file; `None` if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, AuthorityError> {
    let failed = |error| AuthorityError::Io { path: path.to_path_buf(), action: "read", error };
    // A pipe would be waited for.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Err(AuthorityError::Damaged {
            path: path.to_path_buf(),
            reason: "it is not a regular file".to_owned(),
        });
    }
    match File::open(path) {
        Ok(file) => {
            let mut content = Vec::new();
            file.take(PEM_BYTES_MAX).read_to_end(&mut content).map_err(failed)?;
            Ok(Some(content))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
