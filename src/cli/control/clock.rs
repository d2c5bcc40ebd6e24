//! `clock`: shows and changes the clock of a sandbox.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::target::{Printed, TargetArgs, text_of};
use crate::cli::error::CliError;
use crate::support::clock::{Clock, format_ms};

const PATH: &str = "/__admin/clock";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ClockArgs {
    #[command(subcommand)]
    action: ClockAction,
}

#[derive(Clone, Debug, Subcommand)]
enum ClockAction {
    /// Show the clock
    Show {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Stop the clock, at the current time or at another one
    Freeze {
        /// An RFC 3339 time such as 2026-01-15T09:00:00Z [default: the current time of the clock]
        #[arg(value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Move the clock forward
    Advance {
        /// A number of milliseconds, or text such as 2s, 90s or 1h30m
        #[arg(value_name = "DURATION")]
        by: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Let a frozen clock run again
    Resume {
        #[command(flatten)]
        target: TargetArgs,
    },
}

pub(in crate::cli) fn run(args: &ClockArgs) -> Result<(), CliError> {
    let (target, change) = match &args.action {
        ClockAction::Show { target } => (target, None),
        ClockAction::Freeze { at, target } => {
            if let Some(at) = at {
                check_time(at)?;
            }
            (target, Some(json!({"freeze": at.as_ref().map_or_else(|| true.into(), |at| Value::from(at.as_str()))})))
        }
        ClockAction::Advance { by, target } => {
            // The control API takes numbers for milliseconds; a text would need a unit.
            let by = by.parse::<u64>().map_or_else(|_| Value::from(by.as_str()), Value::from);
            (target, Some(json!({"advance": by})))
        }
        ClockAction::Resume { target } => (target, Some(json!({"resume": true}))),
    };
    let method = if change.is_some() { Method::PUT } else { Method::GET };
    if change.is_some() {
        target.note_new_sandbox();
    } else {
        target.require_sandbox()?;
    }
    let (response, clock) = target.send(method, PATH, change)?;
    let text = format!("sandbox {}: {}\n", target.sandbox_of(&response), describe(&clock));
    target.print(&Printed { text, json: clock })
}

/// Checks a time on the command line, so that the message is about the command line instead of the control API.
fn check_time(text: &str) -> Result<(), CliError> {
    if matches!(text.parse(), Ok(Clock::Frozen(_))) {
        return Ok(());
    }
    let message = format!(
        "`{text}` is not a time from 1970 to 9999-12-30T22:00:00Z; write one such as 2026-01-15T09:00:00Z, or none to \
         freeze the clock at its current time"
    );
    Err(CliError::Usage(message))
}

/// `2026-01-15T09:00:00.000Z, frozen`.
pub(super) fn describe(clock: &Value) -> String {
    let state = match (text_of(clock, "mode").as_str(), clock["offset_ms"].as_i64().unwrap_or(0)) {
        ("frozen", _) => "frozen".to_owned(),
        (_, 0) => "the time of the system".to_owned(),
        (_, offset) if offset < 0 => format!("{} behind the time of the system", format_ms(offset.unsigned_abs())),
        (_, offset) => format!("{} ahead of the time of the system", format_ms(offset.unsigned_abs())),
    };
    format!("{}, {state}", text_of(clock, "now"))
}
