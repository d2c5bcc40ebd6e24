//! `completions`: prints shell completions, generated from the definition of the command line.

use std::io::Write as _;

use clap::{Args, Command};
use clap_complete::Shell;

use super::error::CliError;

#[derive(Clone, Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut Command) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "leadconduit-mock", &mut text);
    std::io::stdout().lock().write_all(&text)?;
    Ok(())
}
