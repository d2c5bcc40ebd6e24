//! Errors of subcommands and their exit codes.

use std::io::{self, Write as _};

use super::style::{color_mode, message as message_text};
use crate::app::bootstrap::StartError;

/// Why a subcommand failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A check, report or submission failed, and the reasons have been printed.
    #[error("failed, as printed above")]
    Reported,
    /// Contract, scenarios or certificate cannot be loaded, or the address cannot be bound.
    #[error("{}", describe(.0))]
    Start(#[from] StartError),
    /// `check` cannot load the contract that it checks.
    #[error("{}", describe(.0))]
    Checked(StartError),
    /// A running server is not ready, rejects the request, or cannot be reached.
    #[error("{0}")]
    Server(String),
    /// A file cannot be read or written.
    #[error("{0}")]
    File(String),
    /// The arguments name something that does not exist, or do not fit together.
    #[error("{0}")]
    Usage(String),
    /// Standard output is closed, or the runtime cannot be created.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl CliError {
    /// Exit codes: 1 failed, 2 wrong usage, 3 bad file, 4 cannot listen. A failure of the system that no file or flag
    /// causes, such as signal handlers that cannot be installed, is 1.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Reported | Self::Checked(_) | Self::Server(_) | Self::Io(_) => 1,
            Self::Start(error) if error.is_of_system() => 1,
            Self::Start(StartError::Bind { .. }) => 4,
            Self::Usage(_) => 2,
            Self::Start(_) | Self::File(_) => 3,
        }
    }

    /// Whether standard output was closed by its reader, as in `leadconduit-mock openapi | head`.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Prints the error, unless its reasons have been printed already.
    pub(super) fn print(&self) {
        if !matches!(self, Self::Reported) {
            print_error(&self.to_string());
        }
    }
}

fn describe(error: &StartError) -> String {
    match error {
        StartError::Bind { address, error } if error.kind() == io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program does; stop it, or choose another port with --port (0 picks a free one)"
        ),
        other => other.to_string(),
    }
}

/// Prints a line to standard error. Does nothing if that is closed.
pub(super) fn print_error(message: &str) {
    let mut out = io::stderr();
    let _ = writeln!(out, "{}", message_text(color_mode(&out), "error", message));
}

/// Prints a note about what a command does to standard error. Does nothing if that is closed.
pub(super) fn print_note(note: &str) {
    let mut out = io::stderr();
    let _ = writeln!(out, "{}", message_text(color_mode(&out), "note", note));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_distinguish_failures_of_files_address_and_system() {
        let refused = || io::Error::other("refused");
        let address = ([127, 0, 0, 1], 4010).into();
        for (error, expected) in [
            (StartError::Signals(refused()), 1),
            (StartError::Runtime(refused()), 1),
            (StartError::ThreadEnded, 1),
            (StartError::Watch { path: "scenarios".into(), error: refused() }, 1),
            (StartError::Scenarios(Vec::new()), 3),
            (StartError::Operations(Vec::new()), 3),
            (StartError::Bind { address, error: refused() }, 4),
        ] {
            let message = error.to_string();
            assert_eq!(CliError::Start(error).exit_code(), expected, "{message}");
        }
        assert_eq!(CliError::Checked(StartError::Scenarios(Vec::new())).exit_code(), 1, "`check` has one code");
    }
}
