//! Output of subcommands: tables, and files that are written completely or not at all.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anstyle::Style;
use contract_files::yaml::wrap;

use super::error::CliError;
use super::style::{ColorMode, PLAIN, styled};

/// Aligned columns, separated by two spaces; each is as wide as its widest cell.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    styled_table(rows, &[], ColorMode::Plain, None)
}

/// The columns of the terminal that standard output is; `None` if it is not a terminal, where lines have any length.
pub(super) fn terminal_columns() -> Option<usize> {
    let (columns, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns.0).max(COLUMNS_MIN))
}

/// Narrower terminals get lines of this length.
const COLUMNS_MIN: usize = 40;

/// A column narrower than this continues below the row instead.
const WRAPPED_COLUMNS_MIN: usize = 24;

/// Aligned columns in the styles of their columns. The text of the last column is wrapped at `columns`.
pub(super) fn styled_table(
    rows: &[Vec<String>],
    styles: &[Style],
    color_mode: ColorMode,
    columns: Option<usize>,
) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let start: usize = widths.iter().take(count.saturating_sub(1)).map(|width| width + 2).sum();
    let left = columns.map(|columns| columns.saturating_sub(start));
    let style = |column: usize| styles.get(column).copied().unwrap_or(PLAIN);
    let mut text = String::new();
    for row in rows {
        let Some((last, cells)) = row.split_last() else { continue };
        let (indent, lines) = match (left, columns) {
            (Some(left), Some(columns)) if left < WRAPPED_COLUMNS_MIN => (4, wrap(last, columns.saturating_sub(4))),
            (Some(left), _) => (start, wrap(last, left)),
            _ => (start, vec![last.clone()]),
        };
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            // Writing to a string does not fail.
            let _ = write!(line, "{:<width$}  ", styled(color_mode, style(column), cell), width = *width);
        }
        let is_below = indent != start && !cells.is_empty();
        for (index, part) in lines.iter().enumerate() {
            if index > 0 || is_below {
                text.push_str(line.trim_end());
                text.push('\n');
                line = " ".repeat(indent);
            }
            let _ = write!(line, "{}", styled(color_mode, style(count.saturating_sub(1)), part));
        }
        text.push_str(line.trim_end());
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
        if !folder.is_dir() {
            let (file, folder) = (target.display(), folder.display());
            return Err(CliError::File(format!(
                "{file}: cannot be written: there is no folder {folder}; create it, or choose another file"
            )));
        }
        let file = tempfile::Builder::new()
            .prefix(".leadconduit-mock-")
            .permissions(permissions)
            .tempfile_in(folder)
            // The error names the temporary file, which says nothing to users.
            .map_err(|error| write_error(target, &error.kind().into()))?;
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
    CliError::File(format!("{}: cannot be written: {}", file.display(), contract_files::yaml::io_reason(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_wrapped() {
        let rows = [vec!["a".to_owned(), "one two three four five six seven".to_owned()], vec!["bbb".to_owned()]];
        assert_eq!(table(&rows), "a    one two three four five six seven\nbbb\n");
        let wrapped = styled_table(&rows, &[], ColorMode::Plain, Some(30));
        assert_eq!(wrapped, "a    one two three four five\n     six seven\nbbb\n");
        let narrow = styled_table(&rows, &[], ColorMode::Plain, Some(28));
        assert_eq!(narrow, "a\n    one two three four five\n    six seven\nbbb\n");
    }
}
