//! Output of subcommands: tables, and files that are written completely or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::CliError;

/// Aligned columns, separated by two spaces; each is as wide as its widest cell.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `1 example`, `2 examples`.
pub(super) fn count_noun(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A temporary file in the folder of its target, so that it replaces the target in a single step.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    file: tempfile::NamedTempFile,
    target: PathBuf,
}

impl TemporaryFile {
    /// Creates the temporary file for a target. Returns `None` when the target is not a regular file, such as a pipe,
    /// and must be written directly.
    ///
    /// # Errors
    /// The target is a folder, or its folder is not writable.
    pub(super) fn create(target: &Path) -> Result<Option<Self>, CliError> {
        use std::os::unix::fs::PermissionsExt as _;
        // A symbolic link stays; the file that it points to is replaced.
        let resolved = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        match std::fs::metadata(&resolved) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(write_error(target, &io::ErrorKind::IsADirectory.into()));
            }
            Ok(metadata) if !metadata.is_file() => return Ok(None),
            _ => {}
        }
        let folder = resolved.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Readable for all: in CI, another user often reads the file.
        let permissions = std::fs::Permissions::from_mode(0o644);
        let file = tempfile::Builder::new()
            .prefix(".leadconduit-mock-")
            .permissions(permissions)
            .tempfile_in(folder)
            .map_err(|error| write_error(target, &error))?;
        Ok(Some(Self { file, target: resolved }))
    }

    /// The open file.
    pub(super) fn as_file_mut(&mut self) -> &mut std::fs::File {
        self.file.as_file_mut()
    }

    /// Replaces the target.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub(super) fn persist(self) -> io::Result<()> {
        self.file.persist(self.target).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Checks early that a file can be written.
///
/// # Errors
/// See [`TemporaryFile::create`].
pub(super) fn check_writable(file: &Path) -> Result<(), CliError> {
    TemporaryFile::create(file).map(drop)
}

/// Writes a file completely or not at all.
///
/// # Errors
/// The file cannot be written.
pub(super) fn save(file: &Path, text: &str) -> Result<(), CliError> {
    let fail = |error: io::Error| write_error(file, &error);
    let Some(mut temporary) = TemporaryFile::create(file)? else { return std::fs::write(file, text).map_err(fail) };
    temporary.as_file_mut().write_all(text.as_bytes()).map_err(fail)?;
    temporary.persist().map_err(fail)
}

/// The error for a file that cannot be written.
pub(super) fn write_error(file: &Path, error: &io::Error) -> CliError {
    CliError::File(format!("{}: cannot be written: {error}", file.display()))
}
