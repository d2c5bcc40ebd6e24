//! `openapi`: prints the contract as a single document, for other tools.

use std::io::Write as _;

use clap::{Args, ValueEnum};

use super::args::InputArgs;
use super::error::CliError;
use crate::app::bootstrap;
use crate::config::settings::Settings;

#[derive(Clone, Debug, Args)]
pub(super) struct OpenapiArgs {
    /// The output format
    #[arg(long, default_value = "json")]
    format: Format,
    #[command(flatten)]
    input: InputArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

pub(super) fn run(args: &OpenapiArgs) -> Result<(), CliError> {
    let contract = bootstrap::load_contract(&Settings { schemas: args.input.schemas.clone(), ..Settings::default() })?;
    let document = contract.public_document();
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&document).map_err(std::io::Error::other)?,
        Format::Yaml => contract_files::yaml::to_yaml(&document).map_err(std::io::Error::other)?,
    };
    writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
    Ok(())
}
