//! The `leadconduit-mock` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    leadconduit_mock::run()
}
