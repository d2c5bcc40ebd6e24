//! `completions`: prints shell completions, generated from the definition of the command line. Names of scenarios and
//! operations are completed too.

use std::io::Write as _;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;

use super::args::InputArgs;
use super::error::CliError;
use crate::app::bootstrap;
use crate::config::settings::Settings;

#[derive(Clone, Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
    #[command(flatten)]
    input: InputArgs,
}

pub(super) fn run(args: &CompletionsArgs, command: Command) -> Result<(), CliError> {
    let input = args.input.clone();
    let settings = Settings { schemas: input.schemas, scenarios: input.scenarios, ..Settings::default() };
    let contract = bootstrap::load_contract(&settings)?;
    let (library, _) = bootstrap::load_library(&settings, &contract)?;
    let names = Names {
        scenarios: library.list().into_iter().map(|scenario| scenario.name).collect(),
        operations: contract.operations.iter().map(|operation| operation.id.clone()).collect(),
    };
    let mut command = names.add_to(command);
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "leadconduit-mock", &mut text);
    if args.shell == Shell::Bash {
        text = repair_bash(&String::from_utf8_lossy(&text)).into_bytes();
    }
    std::io::stdout().lock().write_all(&text)?;
    Ok(())
}

/// The script of Bash with one spelling of the command's name. `clap_complete` 4.6 escapes the hyphen of a name
/// differently where it finds the subcommand and where it uses it, so that nothing would be completed.
fn repair_bash(script: &str) -> String {
    script.replace("leadconduit__subcmd__mock", "leadconduit__mock")
}

/// The names that complete arguments.
struct Names {
    scenarios: Vec<String>,
    operations: Vec<String>,
}

impl Names {
    /// Makes the names the values of the arguments that take them. The result only serves to generate completions: on
    /// the command line, scenarios of other folders and other servers are valid too.
    fn add_to(&self, command: Command) -> Command {
        let command = command.mut_args(|argument| {
            // `use --scenario` is a positional argument with the same id.
            let values = match argument.get_id().as_str() {
                "scenario" => self.scenarios.clone(),
                "operation" => self.operations.clone(),
                "operations" => self.operations.iter().cloned().chain(["called".to_owned()]).collect(),
                _ => return argument,
            };
            argument.value_parser(PossibleValuesParser::new(values))
        });
        command.mut_subcommands(|subcommand| self.add_to(subcommand))
    }
}
