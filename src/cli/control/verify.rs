//! `verify`: expectations of a file, against the requests that a running server has recorded.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use serde_json::Value;

use super::target::{Printed, TargetArgs, read_input, text_of};
use crate::cli::client::RequestBody;
use crate::cli::error::CliError;
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, CONTROL_TIMEOUT};
use crate::support::clock::parse_ms;
use contract_files::yaml::{Diagnostic, Source};

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The expectations as JSON or YAML; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Wait so long for requests that are still missing
    #[arg(long, value_name = "DURATION", env = "LEADCONDUIT_MOCK_WAIT", value_parser = parse_ms)]
    wait: Option<u64>,
    #[command(flatten)]
    target: TargetArgs,
}

/// The name of the body in the server's diagnostics.
const BODY: &str = "body:";

pub(in crate::cli) fn run(args: &VerifyArgs) -> Result<(), CliError> {
    let fail = |diagnostic: Diagnostic| CliError::File(diagnostic.to_string());
    let source = if args.file.as_os_str() == "-" { read_input()? } else { Source::read(&args.file).map_err(fail)? };
    // With a wait, the first request of a client can still create it.
    if args.wait.is_none() {
        args.target.require_sandbox()?;
    }
    let name = source.name.display().to_string();
    let query = args.wait.map(|ms| format!("&wait={ms}")).unwrap_or_default();
    // The text as it is, so that the positions in the server's diagnostics are those of the file.
    let text = RequestBody::Text(source.text.to_string());
    let timeout = CONTROL_TIMEOUT + Duration::from_millis(args.wait.unwrap_or(0));
    let path = format!("/__admin/verify?format=json{query}");
    let response = args.target.call(Method::POST, &path, Some(text), timeout, CLIENT_RESPONSE_BYTES_MAX)?;
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == StatusCode::BAD_REQUEST && body["diagnostics"].is_array() {
        let diagnostics = body["diagnostics"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let renamed = diagnostics.map(|text| match text.strip_prefix(BODY) {
            Some(rest) => format!("{name}:{rest}"),
            None => text.to_owned(),
        });
        return Err(CliError::File(renamed.collect::<Vec<_>>().join("\n\n")));
    }
    if response.status != StatusCode::OK {
        return Err(args.target.rejection(response.status, &body));
    }
    let passed = body["passed"].as_bool().ok_or_else(|| args.target.unexpected_response(response.status))?;
    args.target.print(&Printed { text: text_of(&body, "text"), json: body })?;
    if passed { Ok(()) } else { Err(CliError::Reported) }
}
