//! `sandbox`: lists and ends sandboxes.

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::clock;
use super::target::{Printed, TargetArgs, segment, text_of};
use crate::cli::error::CliError;
use crate::cli::output::table;
use crate::config::settings::DEFAULT_SANDBOX;

const PATH: &str = "/__admin/sandboxes";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct SandboxArgs {
    #[command(subcommand)]
    action: SandboxAction,
}

#[derive(Clone, Debug, Subcommand)]
enum SandboxAction {
    /// List the sandboxes
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// End a sandbox: its state, faults and recorded requests are removed
    End {
        /// The name of the sandbox; `default` starts again
        #[arg(required_unless_present = "all", conflicts_with = "all", value_parser = NonEmptyStringValueParser::new())]
        name: Option<String>,
        /// End all sandboxes
        #[arg(long, env = "LEADCONDUIT_MOCK_ALL", value_parser = BoolishValueParser::new())]
        all: bool,
        #[command(flatten)]
        target: TargetArgs,
    },
}

pub(in crate::cli) fn run(args: &SandboxArgs) -> Result<(), CliError> {
    match &args.action {
        SandboxAction::List { target } => {
            let (_, list) = target.send(Method::GET, PATH, None)?;
            let header = ["sandbox", "scenario", "requests", "faults", "clock"].map(str::to_owned).to_vec();
            let rows = list["sandboxes"].as_array().into_iter().flatten().map(row);
            let text = table(&std::iter::once(header).chain(rows).collect::<Vec<_>>());
            target.print(&Printed { text, json: list })
        }
        SandboxAction::End { name: Some(name), target, .. } => {
            target.send(Method::DELETE, &format!("{PATH}/{}", segment(name)), None)?;
            let done = if name == DEFAULT_SANDBOX { "was restarted" } else { "was ended" };
            target.print(&Printed { text: format!("sandbox {name} {done}\n"), json: json!({"ended": name}) })
        }
        SandboxAction::End { name: None, target, .. } => {
            target.send(Method::DELETE, PATH, None)?;
            let text = "all sandboxes were ended; `default` was restarted\n".to_owned();
            target.print(&Printed { text, json: json!({"ended": "*"}) })
        }
    }
}

fn row(sandbox: &Value) -> Vec<String> {
    let number = |name: &str| sandbox[name].as_u64().unwrap_or(0).to_string();
    vec![
        text_of(sandbox, "name"),
        text_of(sandbox, "scenario"),
        number("requests"),
        number("faults"),
        clock::describe(&sandbox["clock"]),
    ]
}
