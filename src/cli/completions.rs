//! `completions`: for the shell, from the command line's own definition.

use std::io::Write as _;

use clap::{Args, Command};
use clap_complete::Shell;

use super::Failure;

/// The flags of `completions`.
#[derive(Clone, Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "leadconduit-mock", &mut text);
    std::io::stdout().lock().write_all(&text)?;
    Ok(())
}
