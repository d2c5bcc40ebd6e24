//! Flags of `leads`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{BoolishValueParser, RangedU64ValueParser};

use super::writer::Format;
use crate::cli::args::{InputArgs, parse_url};
use crate::cli::tls::TlsDirArgs;
use crate::config::limits::{LEADS_CONCURRENCY_MAX, LEADS_MAX};
use crate::config::settings::{DEFAULT_SCENARIO, DEFAULT_SEED};
use crate::support::clock::Clock;

/// The documented API key of Jane Doe in the built-in scenarios.
pub(in crate::cli) const DEFAULT_KEY: &str = "2f1d5f29915b866c7a2fa5de29613104";

/// The default of `--clock`. It is fixed, so that the same seed generates the same bytes on any day.
const DEFAULT_CLOCK: &str = "2026-01-15T09:00:00Z";

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    leadconduit-mock leads --flow 64b8f0f5e4b0c3a1d5e6f7ab --count 3\n  \
    leadconduit-mock leads --flow 64b8f0f5e4b0c3a1d5e6f7ab --count 500 --submit --set state=TX")]
pub(in crate::cli) struct LeadsArgs {
    /// The flow whose fields the leads have; without it, all flows are listed
    #[arg(long, value_name = "ID", env = "LEADCONDUIT_MOCK_FLOW")]
    pub(super) flow: Option<String>,
    /// The number of leads; 1000000 at most
    #[arg(long, value_name = "NUMBER", default_value_t = 10, env = "LEADCONDUIT_MOCK_COUNT",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=LEADS_MAX))]
    pub(super) count: u64,
    /// The seed: the same seed generates the same leads
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_SEED, env = "LEADCONDUIT_MOCK_SEED")]
    pub(super) seed: u64,
    /// The time to which ages and dates are relative: an RFC 3339 time, or `real`
    #[arg(long, value_name = "real|TIME", default_value = DEFAULT_CLOCK, env = "LEADCONDUIT_MOCK_CLOCK")]
    pub(super) clock: Clock,
    /// Set a field to the same value in every lead; repeat it for more fields
    #[arg(long, value_name = "FIELD=VALUE", env = "LEADCONDUIT_MOCK_SET", value_parser = parse_fixed_value)]
    pub(super) set: Vec<(String, String)>,
    /// The output format [default: by the extension of --output, else csv]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Write to this file, completely or not at all, instead of standard output
    #[arg(long, value_name = "FILE", env = "LEADCONDUIT_MOCK_OUTPUT")]
    pub(super) output: Option<PathBuf>,
    /// The scenario that has the flow, when no server is called
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SCENARIO, env = "LEADCONDUIT_MOCK_SCENARIO")]
    pub(super) scenario: String,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten, next_help_heading = "A running server")]
    pub(super) server: LeadsServerArgs,
}

/// The server that has the flow and receives the leads.
#[derive(Clone, Debug, Args)]
pub(super) struct LeadsServerArgs {
    /// Submit the leads to a running server instead of writing them
    #[arg(long, env = "LEADCONDUIT_MOCK_SUBMIT", value_parser = BoolishValueParser::new())]
    pub(super) submit: bool,
    /// The source that submits: the id of its entity, or its short id [default: the only source of the flow]
    #[arg(long, value_name = "ID", env = "LEADCONDUIT_MOCK_SOURCE")]
    pub(super) source: Option<String>,
    /// The number of concurrent submissions; 64 at most
    #[arg(long, value_name = "NUMBER", default_value_t = 4, env = "LEADCONDUIT_MOCK_CONCURRENCY",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=LEADS_CONCURRENCY_MAX))]
    pub(super) concurrency: usize,
    /// The server's URL, http or https: the flow is read from there
    #[arg(long, env = "LEADCONDUIT_MOCK_URL", value_parser = parse_url)]
    pub(super) url: Option<String>,
    /// The port on 127.0.0.1, without --url [default with --submit: 4010]
    #[arg(long, value_name = "PORT", env = "LEADCONDUIT_MOCK_PORT")]
    pub(super) port: Option<u16>,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    /// The sandbox [default: the one in the URL, else `default`]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    pub(super) sandbox: Option<String>,
    /// The API key with which the flow is read
    #[arg(long, value_name = "KEY", default_value = DEFAULT_KEY, env = "LEADCONDUIT_MOCK_KEY", hide_env_values = true)]
    pub(super) key: String,
}

/// A text is not a field with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the field's id, `=` and the value, such as state=TX")]
struct InvalidFixedValue;

fn parse_fixed_value(text: &str) -> Result<(String, String), InvalidFixedValue> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err(InvalidFixedValue),
    }
}
