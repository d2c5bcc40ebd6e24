//! The command: parse, run, print the error, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    leadconduit_mock::cli::run()
}
