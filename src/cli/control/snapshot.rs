//! `snapshot`: saves the state of a sandbox, and restores it.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::target::{Printed, TargetArgs, segment, text_of};
use crate::cli::error::CliError;
use crate::cli::output::table;

const PATH: &str = "/__admin/snapshots";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct SnapshotArgs {
    #[command(subcommand)]
    action: SnapshotAction,
}

#[derive(Clone, Debug, Subcommand)]
enum SnapshotAction {
    /// Save the state of a sandbox under a name
    Save {
        /// The name of the snapshot
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Restore a saved state
    Restore {
        /// The name of the snapshot
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// List the snapshots of a sandbox
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Remove a snapshot
    Remove {
        /// The name of the snapshot
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        target: TargetArgs,
    },
}

pub(in crate::cli) fn run(args: &SnapshotArgs) -> Result<(), CliError> {
    match &args.action {
        SnapshotAction::Save { name, target } => {
            target.note_new_sandbox();
            let (response, snapshot) = target.send(Method::POST, &format!("{PATH}/{}", segment(name)), None)?;
            let sandbox = target.sandbox_of(&response);
            let scenario = text_of(&snapshot, "scenario");
            let text = format!("sandbox {sandbox} was saved as {name} (scenario {scenario})\n");
            target.print(&Printed { text, json: snapshot })
        }
        SnapshotAction::Restore { name, target } => {
            target.require_sandbox()?;
            let (response, sandbox) = target.send(Method::POST, &format!("{PATH}/{}/restore", segment(name)), None)?;
            let scenario = text_of(&sandbox, "scenario");
            let text =
                format!("sandbox {} was restored from {name} (scenario {scenario})\n", target.sandbox_of(&response));
            target.print(&Printed { text, json: sandbox })
        }
        SnapshotAction::List { target } => {
            target.require_sandbox()?;
            let (response, list) = target.send(Method::GET, PATH, None)?;
            let rows: Vec<Vec<String>> = list["snapshots"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| vec![text_of(one, "name"), text_of(one, "scenario"), text_of(one, "now")])
                .collect();
            let text = if rows.is_empty() {
                format!("sandbox {} has no snapshots\n", target.sandbox_of(&response))
            } else {
                table(&rows)
            };
            target.print(&Printed { text, json: list })
        }
        SnapshotAction::Remove { name, target } => {
            target.require_sandbox()?;
            target.send(Method::DELETE, &format!("{PATH}/{}", segment(name)), None)?;
            let text = format!("snapshot {name} was removed\n");
            target.print(&Printed { text, json: json!({"removed": name}) })
        }
    }
}
