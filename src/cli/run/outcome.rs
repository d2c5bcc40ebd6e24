//! The outcome of a run: the command's end, the report's verdict and the expectations, as text and exit code.

use std::fmt::Write as _;

use super::command::{CommandEnd, exit_code_of};
use super::expectations::FileVerification;
use crate::cli::error::CliError;
use crate::cli::style::{ColorMode, ERROR, HEADING, SUCCESS, styled};
use crate::config::limits::RUN_KILL_AFTER;
use crate::recording::report::{Report, ReportVerdict};
use crate::support::clock::format_ms;

/// As `timeout` exits when the time is up.
const TIMED_OUT: i32 = 124;

/// The parts of the outcome.
pub(super) struct Outcome<'v> {
    /// The command without its arguments.
    pub(super) program: String,
    /// How the command ended.
    pub(super) end: CommandEnd,
    /// The verdict on the report, the expectations included.
    pub(super) verdict: &'v ReportVerdict,
    /// The result of the expectations.
    pub(super) verification: Option<FileVerification>,
    /// Why a report was not written.
    pub(super) unsaved: Option<CliError>,
}

impl Outcome<'_> {
    /// Whether the command ran, so that there is something to report.
    pub(super) fn has_report(&self) -> bool {
        !matches!(self.end, CommandEnd::NotStarted(_))
    }

    /// The command's exit code if it is not 0, else 1 if a check failed, else that of a report that was not written.
    pub(super) fn exit_code(&self) -> i32 {
        let command = match &self.end {
            CommandEnd::Exited(status) => exit_code_of(*status),
            CommandEnd::TimedOut(_) => TIMED_OUT,
            CommandEnd::Killed { by } => super::command::SIGNAL_EXIT_CODE + by,
            CommandEnd::NotStarted(failure) => failure.exit_code(),
        };
        match (command, self.verdict.passed(), &self.unsaved) {
            (0, false, _) => 1,
            (0, true, Some(error)) => error.exit_code().into(),
            (code, _, _) => code,
        }
    }

    /// Why the run failed; empty when it passed.
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.command_failure().into_iter().collect();
        reasons.extend(self.unsaved.iter().map(|error| format!("a report was not written: {error}")));
        if self.has_report() {
            reasons.extend(self.verdict.failures.iter().cloned());
        }
        reasons
    }

    /// How the command failed, if it did.
    fn command_failure(&self) -> Option<String> {
        let program = &self.program;
        Some(match &self.end {
            CommandEnd::Exited(status) => match (status.code(), exit_code_of(*status)) {
                (Some(0), _) => return None,
                (Some(code), _) => format!("the command `{program}` exited with {code}"),
                (None, code) => {
                    format!("the command `{program}` was ended by signal {}", code - super::command::SIGNAL_EXIT_CODE)
                }
            },
            CommandEnd::TimedOut(ms) => {
                format!("the command `{program}` did not end within {} and was ended (--timeout)", format_ms(*ms))
            }
            CommandEnd::Killed { by } => format!("the command `{program}` was killed after a second signal ({by})"),
            CommandEnd::NotStarted(failure) => failure.to_string(),
        })
    }

    /// Writes the expectations and the outcome.
    pub(super) fn write(&self, report: &Report, out: &mut String, mode: ColorMode) {
        // Writing to a string does not fail.
        if let Some(verification) = self.verification.as_ref().filter(|_| self.has_report()) {
            let path = verification.path.display();
            let _ = writeln!(out, "\n{}", styled(mode, HEADING, format_args!("Expectations of {path}")));
            for line in verification.result.to_string().lines() {
                let _ = writeln!(out, "{}{line}", if line.is_empty() { "" } else { "  " });
            }
            if verification.result.exchanges == 0 && !verification.result.passed && report.exchanges > 0 {
                let (sandbox, others) = (&verification.sandbox, verification.others.join(", "));
                let _ = writeln!(
                    out,
                    "  No request was sent to the sandbox `{sandbox}`, which --expect is about. Requests were sent to: {others}. \
                     Write\n  --sandbox NAME, or in the command: leadconduit-mock verify FILE --sandbox NAME"
                );
            }
        }
        let reasons = self.reasons();
        out.push('\n');
        match reasons.as_slice() {
            [] => {
                let _ = writeln!(out, "leadconduit-mock: {}", styled(mode, SUCCESS, "passed"));
            }
            [only] => {
                let _ = writeln!(out, "leadconduit-mock: {}: {only}", styled(mode, ERROR, "failed"));
            }
            all => {
                let _ = writeln!(out, "leadconduit-mock: {}", styled(mode, ERROR, "failed"));
                for reason in all {
                    let _ = writeln!(out, "  {reason}");
                }
            }
        }
        if self.has_report() && report.exchanges == 0 && !self.verdict.passed() {
            out.push_str("  the client must send its requests to the URL in the variable LEADCONDUIT_URL\n");
        }
    }
}

/// How long the command gets to end by itself, for the help.
const _: () = assert!(RUN_KILL_AFTER.as_secs() == 5, "the help of --timeout says 5 s");
